"""The page of the plan and its usage, and the same over the REST API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tenants.customers.services import create_customer
from tenants.kernel.clock import utc_now
from tenants.limits import selectors, services
from tenants.limits.domain.plans import Meter
from tenants.limits.schemas import WHOLE
from tenants.limits.usage import add_usage, set_usage
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from twins.composer.services import create_twin

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]
USAGE, PLANS, SHARES = (f"/t/meridian/admin/usage/{path}" for path in ("", "plans/", "shares/"))


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


class TestPage:
    def test_each_limit_with_numbers_state_and_when_it_is_free_again(self, cast: Cast, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            for number in range(8):
                create_twin(name=f"Twin {number}", now=utc_now())
            add_usage(meter=Meter.READINGS_PER_DAY, amount=5_000_000, now=utc_now())
            set_usage(meter=Meter.STORAGE, day=utc_now().date(), amounts={WHOLE: 1_500_000_000}, measured=True)
        response = sign_in(cast.viewer).get(USAGE)
        page = text(response)
        assert response.status_code == 200
        for told in ("Trial", "5,000,000", "Used up", "Warning", "80 %", "30", "1.5 GB", "5 GB", "When one is removed"):
            assert told in page, told
        assert page.count('data-status="warning"') == 1
        assert page.count('data-status="exhausted"') == 1
        assert "Change plan" not in page  # a viewer may not

    def test_queries_do_not_grow(self, cast: Cast, sign_in: SignIn) -> None:
        client, made = sign_in(cast.owner), []
        with scope(cast.meridian.id):
            services.change_plan(plan="business", by="owner", now=utc_now())
        for number in range(2):
            with scope(cast.meridian.id):
                for each in range(1 + 29 * number):
                    customer = create_customer(name=f"Customer {number} {each}", now=utc_now()).id
                    for meter in (Meter.READINGS_PER_DAY, Meter.SEATS, Meter.GATEWAYS):
                        services.set_share(customer=customer, meter=meter, value=100, by="owner", now=utc_now())
            with CaptureQueriesContext(connection) as queries:
                assert client.get(USAGE).status_code == 200
            made.append(len(queries))
        assert made[0] == made[1]

    def test_who_may_see_and_change(self, cast: Cast, sign_in: SignIn) -> None:
        told = {
            name: [sign_in(getattr(cast, name)).get(path).status_code for path in (USAGE, PLANS)]
            for name in ("owner", "engineer", "viewer", "reader", "outsider")
        }
        assert told == {
            "owner": [200, 200], "engineer": [200, 403], "viewer": [200, 403], "reader": [403, 403],
            "outsider": [404, 404],
        }  # fmt: skip
        assert sign_in(cast.engineer).post(SHARES, {}).status_code == 403
        assert sign_in(cast.engineer).post(PLANS, {"plan": "team"}).status_code == 403

    def test_a_share_is_set_and_taken_back(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        form = {"customer": str(cast.northwind), "meter": "readings_per_day", "value": "1000"}
        assert client.post(SHARES, form, follow=True).redirect_chain == [(USAGE, 302)]
        page = text(client.get(USAGE))
        assert "Northwind Air" in page
        assert "1,000" in page
        client.post(SHARES, {**form, "value": ""})
        with scope(cast.meridian.id):
            assert selectors.usage(now=utc_now()).shares == []

    @pytest.mark.parametrize(
        ("wrong", "status", "told"),
        [
            ({"value": "-1"}, 400, "greater than or equal to 0"),
            ({"value": "many"}, 400, "whole number"),
            ({"value": "99999999999999999999"}, 400, "less than or equal"),
            ({"value": "5000001"}, 422, "more than the 5,000,000 readings a day of the whole organisation"),
            ({"meter": "twins"}, 400, "Select a valid choice"),
            ({"meter": "spoons"}, 400, "Select a valid choice"),
            ({"customer": "01a1fcca-0729-7323-99eb-dbf6bcf85d82"}, 400, "Select a valid choice"),
            ({"customer": ""}, 400, "required"),
        ],
    )
    def test_shares_that_make_no_sense(
        self, cast: Cast, sign_in: SignIn, wrong: dict[str, str], status: int, told: str
    ) -> None:
        form = {"customer": str(cast.northwind), "meter": "readings_per_day", "value": "1000", **wrong}
        response = sign_in(cast.owner).post(SHARES, form)
        assert (response.status_code, told in text(response)) == (status, True)
        with scope(cast.meridian.id):
            assert selectors.usage(now=utc_now()).shares == []

    def test_without_customers(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.outsider)
        assert "There are no customers yet" in text(client.get("/t/stranger/admin/usage/"))


class TestChange:
    def test_a_larger_plan_at_once(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        page = text(client.get(PLANS))
        assert page.count("Change to ") == 2
        assert "This is your plan." in page
        done = client.post(PLANS, {"plan": "team"}, follow=True)
        assert "You are on the plan Team from now on." in text(done)
        with scope(cast.meridian.id):
            assert selectors.allowance(now=utc_now()).plan.key == "team"

    def test_one_without_room_says_what_to_remove(self, cast: Cast, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            services.change_plan(plan="business", by="owner", now=utc_now())
            for number in range(52):
                create_twin(name=f"Twin {number}", now=utc_now())
        client = sign_in(cast.owner)
        page = text(client.get(PLANS))
        assert "You have 52 twins; the plan allows 50. Remove 2 first." in page
        assert "You would no longer have: Single sign-on, Addresses of your own (custom domain)." in page
        assert "Change to Team" not in page
        refused = client.post(PLANS, {"plan": "team"})
        assert (refused.status_code, "Team has no room for what you have." in text(refused)) == (409, True)

    @pytest.mark.parametrize(("plan", "status"), [("enterprise", 409), ("trial", 302), ("platinum", 422), ("", 400)])
    def test_what_cannot_be_chosen(self, cast: Cast, sign_in: SignIn, plan: str, status: int) -> None:
        assert sign_in(cast.owner).post(PLANS, {"plan": plan}).status_code == status
        with scope(cast.meridian.id):
            assert selectors.allowance(now=utc_now()).plan.key == "trial"


class TestApi:
    def test_usage(self, cast: Cast, with_key: WithKey) -> None:
        with scope(cast.meridian.id):
            add_usage(meter=Meter.JOB_MINUTES, amount=61, now=utc_now())
            services.set_share(customer=cast.northwind, meter="seats", value=2, by="owner", now=utc_now())
        told = with_key(cast.meridian, Role.VIEWER).get("/api/v1/usage/").json()
        assert (told["plan"], told["time_zone"]) == ("trial", "UTC")
        limits = {one["meter"]: one for one in told["limits"]}
        assert list(limits) == [meter.value for meter in Meter]
        assert limits["seats"] == {
            "meter": "seats", "name": "Seats", "kind": "count", "limit": 10, "used": 4, "percent": 40, "state": "ok",
            "resets_at": None,
            "raised_by": "An owner, an administrator or finance can choose a larger plan under Admin › Plan and usage.",
        }  # fmt: skip
        assert (limits["job_minutes"]["used"], limits["job_minutes"]["percent"]) == (2, 0)
        assert limits["readings_per_day"]["resets_at"].endswith("T00:00:00Z")
        (share,) = told["customers"]
        assert (share["customer"], share["customer_name"], share["used"], share["limit"]) == (
            str(cast.northwind), "Northwind Air", 1, 2,
        )  # fmt: skip
        assert [(one["meter"], len(one["days"])) for one in told["history"]] == [
            ("readings_per_day", 30), ("requests_per_day", 30), ("job_minutes", 30),
        ]  # fmt: skip
        assert told["history"][2]["days"][-1]["used"] == 2

    def test_the_plan_and_its_change(self, cast: Cast, with_key: WithKey) -> None:
        client = with_key(cast.meridian, Role.OWNER)
        before = client.get("/api/v1/plan/").json()
        assert (before["key"], before["limits"]["twins"], before["burst"], before["raised"]) == (
            "trial",
            10,
            100_000,
            {},
        )
        assert client.put("/api/v1/plan/", {"plan": "team"}).json()["key"] == "team"
        assert client.get("/api/v1/plan/").json()["limits"]["twins"] == 50

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"plan": "platinum"}, 400, "request.invalid"),
            ({}, 400, "request.invalid"),
            ({"plan": "enterprise"}, 409, "plan.by_agreement"),
        ],
    )
    def test_plans_that_cannot_be(
        self, cast: Cast, with_key: WithKey, body: dict[str, str], status: int, code: str
    ) -> None:
        answer = with_key(cast.meridian, Role.OWNER).put("/api/v1/plan/", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    @pytest.mark.parametrize(
        ("wrong", "status", "code"),
        [
            ({"value": -1}, 400, "request.invalid"),
            ({"meter": "twins"}, 400, "request.invalid"),
            ({"meter": "seats", "value": 11}, 422, "limit.share"),
            ({"customer": "01a1fcca-0729-7323-99eb-dbf6bcf85d82"}, 404, "request.not_found"),
        ],
    )
    def test_shares_that_cannot_be(
        self, cast: Cast, with_key: WithKey, wrong: dict[str, Any], status: int, code: str
    ) -> None:
        body = {"customer": str(cast.northwind), "meter": "readings_per_day", "value": 5, **wrong}
        answer = with_key(cast.meridian, Role.OWNER).put("/api/v1/usage/shares/", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_who_may_change(self, cast: Cast, with_key: WithKey) -> None:
        viewer = with_key(cast.meridian, Role.VIEWER)
        assert viewer.put("/api/v1/plan/", {"plan": "team"}).status_code == 403
        assert viewer.put("/api/v1/usage/shares/", {}).status_code == 403
        finance = with_key(cast.meridian, Role.FINANCE)
        body = {"customer": str(cast.northwind), "meter": "seats", "value": 1}
        told = finance.put("/api/v1/usage/shares/", body)
        assert (told.status_code, told.json()["customers"][0]["state"]) == (200, "exhausted")

    def test_creating_beyond_a_limit(self, cast: Cast, with_key: WithKey) -> None:
        with scope(cast.meridian.id):
            services.raise_limit(
                meter=Meter.GATEWAYS, value=1, until=None, reason="", by="support", now=utc_now()
            )  # fmt: skip
        client = with_key(cast.meridian, Role.ENGINEER)
        made = client.post("/api/v1/gateways/", {"name": "hangar", "customer": str(cast.northwind)})
        assert (made.status_code, made.json()["customer"]) == (201, str(cast.northwind))
        refused = client.post("/api/v1/gateways/", {"name": "apron"})
        assert (refused.status_code, refused.json()["code"], refused.json()["limit"], refused.json()["used"]) == (
            409, "limit.reached", "gateways", 1,
        )  # fmt: skip
