from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.domains import selectors, services
from tenants.domains.models import Domain
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.tenants.domains.nameserver import NameServer
from tests.tenants.domains.test_services import NAME, actions, proven

SignIn = Callable[[User], Client]
ADMIN = "/t/meridian/admin/domains/"


@pytest.fixture
def owner(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.owner)


def only(cast: Cast) -> Domain:
    with scope(cast.meridian.id):
        return selectors.domains().get()


class TestPages:
    def test_from_the_claim_to_the_end(self, cast: Cast, owner: Client, names: NameServer) -> None:
        assert "No domain yet" in owner.get(ADMIN).content.decode()
        made = owner.post(f"{ADMIN}new/", {"name": "Portal.Meridian.Example", "is_web": "on"})
        row = only(cast)
        page = f"{ADMIN}{row.id}/"
        assert made["Location"] == page
        shown = owner.get(page).content.decode()
        for text in (
            f"_outturn-challenge.{NAME}", f"outturn-domain-verification={row.token}", "Nobody has looked yet",
            "Waiting for its record",
        ):  # fmt: skip
            assert text in shown
        answer = owner.post(f"{page}check/", follow=True).content.decode()
        assert "There is no TXT record at" in answer
        names.say(f"_outturn-challenge.{NAME}", "TXT", '"outturn-domain-verification=<b>other</b>"')
        answer = owner.post(f"{page}check/", follow=True).content.decode()
        assert "says something else" in answer
        assert "outturn-domain-verification=&lt;b&gt;other&lt;/b&gt;" in answer
        names.prove(NAME, row.token)
        answer = owner.post(f"{page}check/", follow=True).content.decode()
        assert f"{NAME} is proven." in answer
        assert f'href="http://{NAME}:8000/"' in answer
        assert "leads nowhere yet" in answer
        assert "Proven" in owner.get(ADMIN).content.decode()
        assert owner.post(f"{page}edit/", {"is_mail": "on"})["Location"] == page
        assert (only(cast).is_web, only(cast).is_mail) == (False, True)
        assert owner.post(f"{page}remove/", {"typed": "portal"}).status_code == 400
        assert owner.post(f"{page}remove/", {"typed": NAME})["Location"] == ADMIN
        with scope(cast.meridian.id):
            assert not selectors.domains().exists()
            assert actions() == [
                "domain.added", "domain.check", "domain.check", "domain.proven", "domain.changed", "domain.removed",
            ]  # fmt: skip

    @pytest.mark.parametrize(
        ("form", "message"),
        [
            ({"name": "192.0.2.7", "is_web": "on"}, "192.0.2.7 is an IP address"),
            ({"name": "*.meridian.example", "is_web": "on"}, "A wildcard cannot be proven"),
            ({"name": "x" * 501, "is_web": "on"}, "at most 500"),
            ({"name": NAME}, "used for nothing"),
            ({"name": "", "is_web": "on"}, "required"),
        ],
    )
    def test_what_is_refused_says_why(self, owner: Client, form: dict[str, str], message: str) -> None:
        answer = owner.post(f"{ADMIN}new/", form)
        assert answer.status_code == 400
        assert message in answer.content.decode()

    def test_in_any_script(self, cast: Cast, owner: Client) -> None:
        owner.post(f"{ADMIN}new/", {"name": "münchen.example", "is_mail": "on"})
        assert only(cast).name == "xn--mnchen-3ya.example"
        assert "münchen.example (xn--mnchen-3ya.example)" in owner.get(ADMIN).content.decode()

    def test_without_the_plan(self, cast: Cast, owner: Client) -> None:
        Tenant.objects.filter(id=cast.meridian.id).update(plan="team")
        assert "Your plan has neither" in owner.get(ADMIN).content.decode()
        answer = owner.post(f"{ADMIN}new/", {"name": NAME, "is_web": "on"})
        assert (answer.status_code, "Your plan has no addresses of your own" in answer.content.decode()) == (400, True)

    def test_a_plan_that_has_become_smaller(self, cast: Cast, owner: Client) -> None:
        row = proven(cast.meridian)
        assert f'href="http://{NAME}:8000/"' in owner.get(f"{ADMIN}{row.id}/").content.decode()
        Tenant.objects.filter(id=cast.meridian.id).update(plan="team")
        assert "your pages are not shown here" in owner.get(f"{ADMIN}{row.id}/").content.decode()

    def test_branding_leads_here(self, owner: Client) -> None:
        assert f'href="{ADMIN}"' in owner.get("/t/meridian/admin/branding/").content.decode()

    def test_what_is_not_there(self, owner: Client) -> None:
        for path in ("", "check/", "edit/", "remove/"):
            address = f"{ADMIN}0198a000-0000-7000-8000-000000000000/{path}"
            assert (owner.post if path else owner.get)(address, {"is_mail": "on"}).status_code == 404

    @pytest.mark.parametrize("who", ["engineer", "viewer", "reader"])
    def test_administrators_only(self, cast: Cast, sign_in: SignIn, who: str) -> None:
        client = sign_in(getattr(cast, who))
        assert client.get(ADMIN).status_code == 403
        assert client.post(f"{ADMIN}new/", {"name": NAME, "is_web": "on"}).status_code == 403


class TestApi:
    @pytest.fixture
    def partner(self, tenant: Tenant, with_key: Callable[[Tenant, Role], APIClient]) -> APIClient:
        return with_key(tenant, Role.ADMINISTRATOR)

    def test_the_whole_of_it(self, tenant: Tenant, partner: APIClient, names: NameServer) -> None:
        wanted = {"name": NAME, "is_web": True, "is_mail": False}
        made: Any = partner.post("/api/v1/domains/", wanted)
        assert made.status_code == 201
        row = made.json()
        assert (row["name"], row["state"], row["result"], row["pointing"]) == (NAME, "pending", "unseen", "unseen")
        proof, lead = row["records"]
        assert lead == {"kind": "CNAME", "name": NAME, "text": "localhost"}
        names.say(proof["name"], proof["kind"], f'"{proof["text"]}"')
        checked: Any = partner.post(f"/api/v1/domains/{row['id']}/check/")
        assert (checked.status_code, checked.json()["state"], checked.json()["pointing"]) == (200, "proven", "nowhere")
        changed: Any = partner.put(f"/api/v1/domains/{row['id']}/", {"is_web": False, "is_mail": True})
        assert (changed.json()["is_web"], changed.json()["is_mail"]) == (False, True)
        listed: Any = partner.get("/api/v1/domains/")
        assert [each["id"] for each in listed.json()["results"]] == [row["id"]]
        assert partner.delete(f"/api/v1/domains/{row['id']}/").status_code == 204
        assert partner.get(f"/api/v1/domains/{row['id']}/").status_code == 404

    @pytest.mark.parametrize(
        ("wanted", "status", "code"),
        [
            ({"name": "localhost", "is_web": True, "is_mail": False}, 400, "domain.name"),
            ({"name": NAME, "is_web": False, "is_mail": False}, 400, "domain.no_use"),
            ({"name": NAME, "is_web": True}, 400, "request.invalid"),
            ({"name": "x" * 501, "is_web": True, "is_mail": False}, 400, "request.invalid"),
            ({"name": "there.example", "is_web": True, "is_mail": False}, 409, "domain.already_there"),
        ],
    )
    def test_refusals(self, tenant: Tenant, partner: APIClient, wanted: dict[str, Any], status: int, code: str) -> None:
        proven(tenant, "there.example")
        answer: Any = partner.post("/api/v1/domains/", wanted)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_not_in_the_plan(self, tenant: Tenant, partner: APIClient) -> None:
        Tenant.objects.filter(id=tenant.id).update(plan="team")
        answer: Any = partner.post("/api/v1/domains/", {"name": NAME, "is_web": True, "is_mail": False})
        assert (answer.status_code, answer.json()["code"]) == (403, services.DomainNotInPlanError.code)
