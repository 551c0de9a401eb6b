"""Coming by single sign-on, at a real provider."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from tenants.people.models import Membership, User
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.signon.models import Identity, SignOn
from tests.conftest import Cast
from tests.tenants.signon.conftest import (
    RULES,
    SECRET,
    Connect,
    Provider,
    at_provider,
    come,
    local,
    refused,
)  # fmt: skip

pytestmark = pytest.mark.django_db


def audit(tenant: Tenant, action: str) -> list[AuditEntry]:
    with scope(tenant.id):
        return list(AuditEntry.objects.filter(action=action).order_by("id"))


def role(tenant: Tenant, email: str) -> str | None:
    return Membership.objects.filter(tenant=tenant, user__email=email).values_list("role", flat=True).first()


class TestWayThere:
    def test_code_flow_with_state_nonce_and_pkce(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        response = Client().get("/sso/meridian/", {"login_hint": "ada@meridian.example"})
        assert response.status_code == 302
        asked = parse_qs(urlsplit(response["Location"]).query)
        assert response["Location"].startswith(f"{provider.issuer}/identity/o/authorize?")
        names = ("response_type", "client_id", "redirect_uri", "scope", "login_hint")
        assert {name: asked[name] for name in names} == {
            "response_type": ["code"], "client_id": ["outturn"], "scope": ["openid email profile"],
            "redirect_uri": ["http://localhost:8000/sso/meridian/callback/"], "login_hint": ["ada@meridian.example"],
        }  # fmt: skip
        assert asked["code_challenge_method"] == ["S256"]
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", asked["code_challenge"][0])
        assert len(asked["state"][0]) == len(asked["nonce"][0]) == 48

    def test_each_attempt_has_its_own_secrets(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        client = Client()
        locations = [client.get("/sso/meridian/")["Location"] for _ in range(2)]
        for name in ("state", "nonce", "code_challenge"):
            assert len({parse_qs(urlsplit(each).query)[name][0] for each in locations}) == 2

    @pytest.mark.parametrize("slug", ["meridian", "stranger", "nowhere"])
    def test_where_there_is_none_nothing_is_told(
        self, cast: Cast, provider: Provider, connect: Connect, slug: str
    ) -> None:
        connect(cast.meridian, provider.issuer, is_enabled=False)
        for path, code in ((f"/sso/{slug}/", "sign_on.off"), (f"/sso/{slug}/callback/?state=x", "sign_on.state")):
            response = Client().get(path)
            assert (response.status_code, refused(response)) == (403, code)
            assert not any(word in response.content.decode() for word in ("Meridian", "Stranger", f"/sso/{slug}/"))


class TestComing:
    def test_a_new_person_becomes_a_member(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        client = Client()
        response = come(client, "ada@meridian.example", wanted="/t/meridian/?tab=2")
        assert (response.status_code, response["Location"]) == (302, "/t/meridian/?tab=2")
        assert client.get("/t/meridian/").status_code == 200
        user = User.objects.get(email="ada@meridian.example")
        assert (user.name, user.has_usable_password()) == ("Ada Byron", False)
        assert role(cast.meridian, user.email) == "viewer"
        assert not EmailAddress.objects.filter(user=user).exists()
        (entry,) = audit(cast.meridian, "sign_on.entered")
        with scope(cast.meridian.id):
            identity = Identity.objects.get()
        assert (entry.by, entry.subject) == ("ada@meridian.example", f"user/{user.id}")
        assert entry.details == {
            "issuer": provider.issuer, "subject": identity.subject, "role": "viewer", "new_account": True,
            "new_member": True,
        }  # fmt: skip

    def test_the_second_time_the_subject_decides(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        come(Client(), "ada@meridian.example")
        User.objects.filter(email="ada@meridian.example").update(email="byron@meridian.example")
        response = come(Client(), "ada@meridian.example")
        assert response.status_code == 302
        assert not User.objects.filter(email="ada@meridian.example").exists()
        assert [entry.details["new_account"] for entry in audit(cast.meridian, "sign_on.entered")] == [True, False]

    def test_a_member_is_found_by_their_address(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer, creates_members=False)
        client = Client()
        assert come(client, "viewer@meridian.example").status_code == 302
        assert client.session["_auth_user_id"] == str(cast.viewer.id)

    def test_claims_may_come_from_userinfo(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer, rules=RULES, default_role="")
        assert come(Client(), "thin@meridian.example").status_code == 302
        assert role(cast.meridian, "thin@meridian.example") == "viewer"

    def test_a_foreign_next_is_not_followed(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        response = come(Client(), "ada@meridian.example", wanted="https://evil.example/")
        assert response["Location"] == "/t/meridian/"

    def test_the_secret_is_sealed(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        with scope(cast.meridian.id):
            assert SECRET.encode() not in bytes(SignOn.objects.get().sealed_secret)

    def test_a_wrong_secret_is_said(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer, client_secret="wrong")
        response = come(Client(), "ada@meridian.example")
        assert (response.status_code, refused(response)) == (403, "sign_on.code")
        assert audit(cast.meridian, "sign_on.refused")[0].details["reason"] == "sign_on.code"


class TestRoles:
    def test_the_first_rule_that_fits(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer, rules=RULES)
        come(Client(), "ada@meridian.example")
        assert role(cast.meridian, "ada@meridian.example") == "engineer"

    def test_a_member_follows_their_groups(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer, rules=RULES)
        Membership.objects.filter(user=cast.viewer).update(role="finance")
        come(Client(), "viewer@meridian.example")
        assert role(cast.meridian, "viewer@meridian.example") == "viewer"

    def test_without_rules_a_member_keeps_their_role(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        Membership.objects.filter(user=cast.viewer).update(role="finance")
        come(Client(), "viewer@meridian.example")
        assert role(cast.meridian, "viewer@meridian.example") == "finance"

    def test_owners_are_never_changed(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer, rules=RULES, default_role="")
        assert come(Client(), "owner@meridian.example").status_code == 302
        assert role(cast.meridian, "owner@meridian.example") == "owner"

    def test_no_role_is_a_refusal(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer, rules=[RULES[0]], default_role="")
        response = come(Client(), "viewer@meridian.example")
        assert (response.status_code, refused(response)) == (403, "sign_on.no_role")


class TestRefusals:
    def test_an_address_of_another_domain(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        client = Client()
        response = come(client, "owner@stranger.example")
        assert (response.status_code, refused(response)) == (403, "sign_on.foreign_domain")
        assert "_auth_user_id" not in client.session
        entry = audit(cast.meridian, "sign_on.refused")[0]
        assert (entry.by, entry.details["reason"]) == ("owner@stranger.example", "sign_on.foreign_domain")

    def test_an_unverified_address(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        assert refused(come(Client(), "vague@meridian.example")) == "sign_on.unverified"
        assert not User.objects.filter(email="vague@meridian.example").exists()

    def test_nobody_new_without_leave(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer, creates_members=False)
        assert refused(come(Client(), "ada@meridian.example")) == "sign_on.not_a_member"
        assert not User.objects.filter(email="ada@meridian.example").exists()

    def test_a_closed_account(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        User.objects.filter(id=cast.viewer.id).update(is_active=False)
        assert refused(come(Client(), "viewer@meridian.example")) == "sign_on.account"


class TestReplays:
    def test_a_used_answer_is_refused(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        client = Client()
        there = client.get("/sso/meridian/")["Location"]
        back = local(at_provider(there, "ada@meridian.example"))
        assert client.get(back).status_code == 302
        assert refused(client.get(back)) == "sign_on.state"

    def test_a_used_code_with_a_new_state(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        client = Client()
        used = parse_qs(urlsplit(at_provider(client.get("/sso/meridian/")["Location"], "ada@meridian.example")).query)
        client.get("/sso/meridian/callback/", {"code": used["code"][0], "state": used["state"][0]})
        state = parse_qs(urlsplit(client.get("/sso/meridian/")["Location"]).query)["state"][0]
        response = client.get("/sso/meridian/callback/", {"code": used["code"][0], "state": state})
        assert refused(response) == "sign_on.code"

    def test_a_code_of_another_attempt_lacks_its_verifier(
        self, cast: Cast, provider: Provider, connect: Connect
    ) -> None:
        connect(cast.meridian, provider.issuer)
        client = Client()
        stolen = parse_qs(
            urlsplit(at_provider(Client().get("/sso/meridian/")["Location"], "ada@meridian.example")).query
        )
        state = parse_qs(urlsplit(client.get("/sso/meridian/")["Location"]).query)["state"][0]
        response = client.get("/sso/meridian/callback/", {"code": stolen["code"][0], "state": state})
        assert refused(response) == "sign_on.code"

    def test_the_state_of_another_browser(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        back = local(at_provider(Client().get("/sso/meridian/")["Location"], "ada@meridian.example"))
        other = Client()
        assert refused(other.get(back)) == "sign_on.state"
        assert "_auth_user_id" not in other.session

    def test_an_answer_for_another_organisation(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        connect(cast.stranger, provider.issuer)
        client = Client()
        back = local(at_provider(client.get("/sso/meridian/")["Location"], "ada@meridian.example"))
        assert refused(client.get(back.replace("/meridian/", "/stranger/"))) == "sign_on.state"

    def test_an_attempt_ends_after_ten_minutes(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        client = Client()
        back = local(at_provider(client.get("/sso/meridian/")["Location"], "ada@meridian.example"))
        session = client.session
        for attempt in session["sign_on_attempts"].values():
            attempt["started"] -= 601
        session.save()
        assert refused(client.get(back)) == "sign_on.late"

    def test_a_forged_answer_is_no_line_in_the_audit(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        assert refused(Client().get("/sso/meridian/callback/", {"code": "x", "state": "é"})) == "sign_on.state"
        assert audit(cast.meridian, "sign_on.refused") == []

    def test_the_provider_may_refuse(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        client = Client()
        state = parse_qs(urlsplit(client.get("/sso/meridian/")["Location"]).query)["state"][0]
        response = client.get("/sso/meridian/callback/", {"error": "access_denied", "state": state})
        assert refused(response) == "sign_on.denied"
        assert "access_denied" in response.content.decode()

    def test_too_many_tries(self, cast: Cast, provider: Provider, connect: Connect, monkeypatch: Any) -> None:
        connect(cast.meridian, provider.issuer)
        monkeypatch.setattr("tenants.signon.pages.TRIES_PER_MINUTE", 0)
        response = Client().get("/sso/meridian/")
        assert (response.status_code, refused(response)) == (429, "sign_on.too_often")


class TestKeys:
    def test_a_new_key_is_fetched_at_once(self, cast: Cast, provider: Provider, connect: Connect) -> None:
        connect(cast.meridian, provider.issuer)
        assert come(Client(), "ada@meridian.example").status_code == 302
        provider.change_key()
        assert come(Client(), "ada@meridian.example").status_code == 302
