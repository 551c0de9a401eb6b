"""Exclusions in the end customer's portal: they approve them or object in time, and nobody else does it there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from billing.contracts.models import Contract
from billing.outcomes.consents import Consent
from billing.outcomes.deciding import approve_exclusion
from billing.outcomes.models import Exclusion
from billing.outcomes.selectors import decision_of, exclusion, state_of
from billing.outcomes.services import claim_exclusion
from tenants.customers.services import create_customer
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.billing.outcomes.documents import a_clause
from tests.billing.world import SIGNED, Fleet, agreement, at, body, published
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
JSON = "application/json"


@pytest.fixture
def contract(cast: Cast) -> Contract:
    """Northwind's, with 14 days to object."""
    with scope(cast.meridian.id):
        fleet = Fleet(*published_fleet(1))
        clause = a_clause(id="uptime", assets=fleet.ids, exclusions=[{"category": "weather", "allowance": None}])
        return published(agreement(fleet, clause, objection="P14D") | {"customer": str(cast.northwind)})


def claim(cast: Cast, contract: Contract, days_ago: int) -> Exclusion:
    with scope(cast.meridian.id):
        return claim_exclusion(
            contract=contract.id, category="weather", assets=[UUID(next(iter(contract.draft["assets"])))],
            start=at("2026-02-10"), end=at("2026-02-11"), evidence={"notice": "S-1"}, by="planner",
            now=utc_now() - timedelta(days=days_ago),
        )  # fmt: skip


def decide(client: Client, made: Exclusion, decision: str, why: str = "There was no storm.") -> str:
    path = f"/t/meridian/agreed/{made.contract_id}/exclusions/{made.id}/decide/"
    return client.post(path, {"decision": decision, "why": why}, follow=True).content.decode()


@pytest.mark.parametrize(("decision", "approved"), [("approve", True), ("decline", False)])
def test_the_customer_decides_in_time(
    cast: Cast, contract: Contract, sign_in: SignIn, decision: str, approved: bool
) -> None:
    made, client = claim(cast, contract, 3), sign_in(cast.reader)
    page = body(client, f"/t/meridian/agreed/{contract.id}/exclusions/")
    for words in ("approved if you say nothing by", "Approve", "Object", "S-1"):
        assert words in page, words
    assert "Say why" in decide(client, made, decision, "")
    assert "Your decision is in the log" in decide(client, made, decision)
    with scope(cast.meridian.id):
        known = decision_of(exclusion(made.id))
    assert known is not None
    assert (known.approved, known.decided_by) == (approved, "reader@meridian.example")
    assert "The claim was" in decide(client, made, decision)


def test_the_customer_objects_to_what_was_said_in_their_name(cast: Cast, contract: Contract, sign_in: SignIn) -> None:
    made, client = claim(cast, contract, 3), sign_in(cast.reader)
    assert "A claim is withdrawn by the side that made it" in decide(client, made, "object")
    with scope(cast.meridian.id):
        approve_exclusion(
            exclusion=made.id, why="a storm", by="planner", customer=None, now=utc_now(),
            consent=Consent("Jo <Smith>", at("2026-02-12").date(), "by telephone"),
        )  # fmt: skip
    path = f"/t/meridian/agreed/{contract.id}/exclusions/"
    page = body(client, path)
    for words in (
        "recorded by planner",
        ": agreed by Jo &lt;Smith&gt; on 2026-02-12 (by telephone): a storm",
        "Object",
    ):
        assert words in page, words
    assert "Object: we did not agree" not in body(sign_in(cast.owner), path)
    assert "Say why" in decide(client, made, "object", "")
    assert "Your decision is in the log" in decide(client, made, "object", "Nobody of us said so.")
    page = body(client, path)
    assert "withdrawn by reader@meridian.example" in page
    assert "Object: we did not agree" not in page
    with scope(cast.meridian.id):
        assert state_of(exclusion(made.id), utc_now()) == "withdrawn"


def test_an_objection_after_the_time_is_refused(cast: Cast, contract: Contract, sign_in: SignIn) -> None:
    made, client = claim(cast, contract, 15), sign_in(cast.reader)
    page = body(client, f"/t/meridian/agreed/{contract.id}/exclusions/")
    assert "approved by objection time: nobody had objected by" in page
    assert "Object</button>" not in page
    assert "The claim counts as approved since" in decide(client, made, "decline")
    with scope(cast.meridian.id):
        assert decision_of(exclusion(made.id)) is None


def test_the_house_sees_until_when_too(cast: Cast, contract: Contract, sign_in: SignIn) -> None:
    claim(cast, contract, 3)
    claim(cast, contract, 15)
    page = body(sign_in(cast.owner), "/t/meridian/contracts/uptime/exclusions/")
    for words in ("approved if the customer says nothing by", "approved by objection time: nobody had objected by"):
        assert words in page, words
    told = {
        one["state"]: one["objection_until"]
        for one in sign_in(cast.owner).get("/t/meridian/api/v1/exclusions/").json()["results"]
    }
    assert told.keys() == {"proposed", "approved"}
    assert all(told.values())


def test_strangers_and_the_house_decide_nothing_there(cast: Cast, contract: Contract, sign_in: SignIn) -> None:
    made = claim(cast, contract, 3)
    with scope(cast.meridian.id):
        other = create_customer(name="Southwind Air", now=SIGNED).id
    reader = User.objects.create_user("reader@southwind.example")
    add_member(tenant=cast.meridian.id, user=reader.id, role=Role.CUSTOMER, customer=other, now=SIGNED)
    path = f"/t/meridian/agreed/{contract.id}/exclusions/"
    for user, status in ((reader, 404), (cast.owner, 403), (cast.viewer, 403)):
        client = sign_in(user)
        assert client.post(f"{path}{made.id}/decide/", {"decision": "approve", "why": "x"}).status_code == status
    assert "Object</button>" not in body(sign_in(cast.owner), path)
    body(sign_in(reader), path, 404)
    with scope(cast.meridian.id):
        loose = claim_exclusion(
            contract=None, category="strike", assets=[UUID(next(iter(contract.draft["assets"])))],
            start=at("2026-02-10"), end=at("2026-02-11"), evidence={}, by="planner", now=utc_now(),
        )  # fmt: skip
        assert loose.contract_id is None
    answer = sign_in(cast.reader).post(f"{path}{loose.id}/decide/", {"decision": "approve", "why": "x"})
    assert answer.status_code == 404


class TestApi:
    def test_the_customer_decides_over_the_api_too(self, cast: Cast, contract: Contract, sign_in: SignIn) -> None:
        made, told, declined = (claim(cast, contract, days) for days in (3, 4, 5))
        with scope(cast.meridian.id):
            approve_exclusion(
                exclusion=told.id, why="a storm", by="planner", customer=None, now=utc_now(),
                consent=Consent("Jo Smith", at("2026-02-12").date(), "by telephone"),
            )  # fmt: skip
        client, path = sign_in(cast.reader), f"/t/meridian/api/v1/agreed-contracts/{contract.id}/exclusions/"
        listed = client.get(path).json()["results"]
        assert {one["id"]: one["state"] for one in listed} == {
            str(made.id): "proposed", str(told.id): "approved", str(declined.id): "proposed",
        }  # fmt: skip
        assert client.post(f"{path}{made.id}/approve/", {}, JSON).status_code == 400
        states = [
            client.post(f"{path}{one.id}/{step}/", {"why": "we looked"}, JSON).json()["state"]
            for one, step in ((made, "approve"), (told, "object"), (declined, "decline"))
        ]
        assert states == ["approved", "withdrawn", "declined"]
        refused = client.post(f"{path}{made.id}/object/", {"why": "after all"}, JSON)
        assert (refused.status_code, refused.json()["code"]) == (403, "exclusion.other_side")
        with scope(cast.meridian.id):
            known = decision_of(exclusion(made.id))
        assert known is not None
        assert (known.decided_by, known.document["side"]) == ("reader@meridian.example", "customer")

    def test_nobody_else_does(self, cast: Cast, contract: Contract, sign_in: SignIn) -> None:
        made, path = claim(cast, contract, 3), f"/t/meridian/api/v1/agreed-contracts/{contract.id}/exclusions/"
        owner = sign_in(cast.owner)
        assert [one["id"] for one in owner.get(path).json()["results"]] == [str(made.id)]
        for step in ("approve", "decline", "object"):
            assert owner.post(f"{path}{made.id}/{step}/", {"why": "x"}, JSON).status_code == 403
        unknown = sign_in(cast.reader).post(f"{path}{contract.id}/approve/", {"why": "x"}, JSON)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "exclusion.not_found")
