"""Signing in, second factors, sessions: what the audit of each organisation is told, and what is kept of secrets."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.test.utils import override_settings

from tenants.edge.context import client_address
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.people.sign_ins import methods_of, tell_organisations
from tenants.people.tasks import tell_refused_sign_in
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
PASSWORD = "uncommon-gearbox-42"
LOGIN = {"login": "owner@meridian.example", "password": PASSWORD}
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests() -> None:
    cache.clear()


@pytest.fixture
def owner(cast: Cast) -> User:
    """Meridian's owner, with a password and a proven address."""
    cast.owner.set_password(PASSWORD)
    cast.owner.save()
    EmailAddress.objects.create(user=cast.owner, email=cast.owner.email, verified=True, primary=True)
    return cast.owner


def told(tenant: Tenant, action: str) -> list[dict[str, Any]]:
    with scope(tenant.id):
        rows = AuditEntry.objects.filter(action=action).values("by", "subject", "details", "address")
        return [dict(row) for row in rows]


def code_of(secret: str) -> str:
    """What an authenticator app shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def with_totp(user: User, client: Client) -> str:
    """Give somebody an authenticator app, as the page does: the secret."""
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/2fa/totp/activate/")
    secret: str = page.context["form"].secret
    client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    cache.clear()
    return secret


def test_a_sign_in_is_told_in_every_organisation_of_the_person(cast: Cast, owner: User, client: Client) -> None:
    add_member(tenant=cast.stranger.id, user=owner.id, role=Role.VIEWER, now=utc_now())
    client.post("/account/login/", LOGIN)
    for tenant in (cast.meridian, cast.stranger):
        assert told(tenant, "sign_in.succeeded") == [
            {
                "by": "owner@meridian.example", "subject": f"person/{owner.id}", "details": {"methods": "password"},
                "address": "127.0.0.1",
            }
        ]  # fmt: skip


def test_a_refused_sign_in_is_told_where_the_person_belongs(cast: Cast, owner: User) -> None:
    at, before = "2026-09-01T12:00:00Z", client_address()
    tell_refused_sign_in("Owner@meridian.example", "password", at, "203.0.113.7", "request-1")
    (entry,) = told(cast.meridian, "sign_in.refused")
    assert (entry["address"], entry["details"]) == ("203.0.113.7", {"method": "password"})
    assert told(cast.stranger, "sign_in.refused") == []
    assert client_address() == before
    tell_refused_sign_in("nobody@meridian.example", "password", at, "203.0.113.7", "request-2")
    assert len(told(cast.meridian, "sign_in.refused")) == 1


def test_only_so_many_organisations_are_told(cast: Cast) -> None:
    user = User.objects.create_user("many@meridian.example")
    for number in range(52):
        tenant = Tenant.objects.create(slug=f"many-{number:02}", name=f"Many {number:02}", created_at=utc_now())
        add_member(tenant=tenant.id, user=user.id, role=Role.VIEWER, now=utc_now())
    tell_organisations(user, action="sign_in.succeeded", now=utc_now())
    entries = [len(told(tenant, "sign_in.succeeded")) for tenant in Tenant.objects.filter(slug__startswith="many-")]
    assert sorted(entries) == [0, 0] + [1] * 50


def test_methods_are_told_once_each() -> None:
    records = [{"method": "password"}, {"method": "mfa", "type": "totp"}, {"method": "mfa", "type": "totp"}, {}]
    assert list(methods_of(records)) == ["password", "totp", "unknown"]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
class TestCodes:
    def test_a_code_is_asked_for_and_works_once(self, cast: Cast, owner: User, client: Client) -> None:
        client.post("/account/login/", LOGIN)
        secret = with_totp(owner, client)
        added = {entry["details"]["factor"] for entry in told(cast.meridian, "factor.added")}
        assert added == {"totp", "recovery_codes"}
        other = Client()
        assert other.post("/account/login/", LOGIN)["Location"] == "/account/2fa/authenticate/"
        assert other.get("/t/meridian/").status_code == 302
        assert b"This code does not fit" in other.post("/account/2fa/authenticate/", {"code": "000000"}).content
        assert told(cast.meridian, "sign_in.refused")[0]["details"] == {"method": "totp"}
        code = code_of(secret)
        assert other.post("/account/2fa/authenticate/", {"code": code})["Location"] == "/"
        assert {"methods": "password, totp"} in [each["details"] for each in told(cast.meridian, "sign_in.succeeded")]
        again = Client()
        again.post("/account/login/", LOGIN)
        assert b"This code does not fit" in again.post("/account/2fa/authenticate/", {"code": code}).content

    def test_a_recovery_code_works_once(self, cast: Cast, owner: User, client: Client) -> None:
        client.post("/account/login/", LOGIN)
        with_totp(owner, client)
        codes = Authenticator.objects.get(user=owner, type="recovery_codes").wrap().get_unused_codes()
        assert len(codes) == 10
        for expected in (302, 200):
            other = Client()
            other.post("/account/login/", LOGIN)
            assert other.post("/account/2fa/authenticate/", {"code": codes[0]}).status_code == expected

    def test_the_secret_is_sealed_at_rest(self, owner: User, client: Client) -> None:
        client.post("/account/login/", LOGIN)
        secret = with_totp(owner, client)
        row = Authenticator.objects.get(user=owner, type="totp")
        assert secret not in str(row.data)
        assert TOTP(row).validate_code(code_of(secret))
        assert "seed" in Authenticator.objects.get(user=owner, type="recovery_codes").data

    def test_switching_it_off_is_told_and_needs_the_password(self, cast: Cast, owner: User, client: Client) -> None:
        client.post("/account/login/", LOGIN)
        with_totp(owner, client)
        fresh = Client()
        fresh.force_login(owner)
        answer = fresh.post("/account/2fa/totp/deactivate/")
        assert answer["Location"].startswith("/account/reauthenticate/")
        client.post("/account/2fa/totp/deactivate/")
        assert not Authenticator.objects.filter(user=owner).exists()
        removed = {entry["details"]["factor"] for entry in told(cast.meridian, "factor.removed")}
        assert removed == {"totp", "recovery_codes"}


class TestSessions:
    def test_all_others_are_signed_out(self, cast: Cast, owner: User) -> None:
        here, there = Client(), Client()
        for each in (here, there):
            each.post("/account/login/", LOGIN)
        assert UserSession.objects.filter(user=owner).count() == 2
        assert here.get("/account/sessions/").content.count(b"127.0.0.1") >= 2
        here.post("/account/sessions/")
        assert (here.get("/t/meridian/").status_code, there.get("/t/meridian/").status_code) == (200, 302)
        assert told(cast.meridian, "sign_in.ended_elsewhere")[0]["details"] == {"sessions": 1}

    def test_one_is_signed_out_by_its_owner_only(self, cast: Cast, owner: User, sign_in: SignIn) -> None:
        here, there = Client(), Client()
        for each in (here, there):
            each.post("/account/login/", LOGIN)
        theirs = UserSession.objects.get(session_key=there.session.session_key)
        assert sign_in(cast.outsider).post(f"/account/sessions/{theirs.pk}/end/").status_code == 404
        here.post(f"/account/sessions/{theirs.pk}/end/")
        assert (here.get("/t/meridian/").status_code, there.get("/t/meridian/").status_code) == (200, 302)
        mine = UserSession.objects.get(user=owner)
        assert here.post(f"/account/sessions/{mine.pk}/end/")["Location"] == "/account/logout/"

    def test_a_new_password_signs_out_the_others(self, cast: Cast, owner: User) -> None:
        here, there = Client(), Client()
        for each in (here, there):
            each.post("/account/login/", LOGIN)
        new = {"oldpassword": PASSWORD, "password1": "another-gearbox-43", "password2": "another-gearbox-43"}
        here.post("/account/password/change/", new)
        assert there.get("/t/meridian/").status_code == 302
        assert len(told(cast.meridian, "password.changed")) == 1


class TestAddresses:
    def test_each_change_is_told(self, cast: Cast, owner: User, client: Client) -> None:
        client.post("/account/login/", LOGIN)
        client.post("/account/reauthenticate/", {"password": PASSWORD})
        client.post("/account/email/", {"action_add": "", "email": "ada@home.example"})
        EmailAddress.objects.filter(email="ada@home.example").update(verified=True)
        client.post("/account/email/", {"action_primary": "", "email": "ada@home.example"})
        client.post("/account/email/", {"action_remove": "", "email": "owner@meridian.example"})
        entries = {
            each: told(cast.meridian, f"person.address_{each}")[0]["details"]
            for each in ("added", "changed", "removed")
        }
        assert entries == {
            "added": {"address": "ada@home.example"},
            "changed": {"from": "owner@meridian.example", "to": "ada@home.example"},
            "removed": {"address": "owner@meridian.example"},
        }

    @pytest.mark.parametrize("deed", ["action_add", "action_primary", "action_remove"])
    def test_a_session_left_open_changes_no_address(self, owner: User, sign_in: SignIn, deed: str) -> None:
        EmailAddress.objects.create(user=owner, email="ada@home.example", verified=True)
        before = list(EmailAddress.objects.order_by("id").values())
        email = "thief@evil.example" if deed == "action_add" else "ada@home.example"
        answer = sign_in(owner).post("/account/email/", {"email": email, deed: ""})
        assert answer["Location"].startswith("/account/reauthenticate/?next=")
        assert list(EmailAddress.objects.order_by("id").values()) == before


class TestThrottling:
    def test_the_page_for_too_many_is_ours(self, client: Client) -> None:
        for _ in range(20):
            client.post("/account/signup/", {})
        refused = client.post("/account/signup/", {})
        assert refused.status_code == 429
        assert b"Too many requests" in refused.content
        assert b"bare-main" in refused.content

    @override_settings(OUTTURN_PROXIES=1)
    def test_addresses_behind_a_proxy_are_counted_apart(self, client: Client) -> None:
        def sign_up(forwarded: str) -> int:
            return client.post("/account/signup/", {}, headers={"X-Forwarded-For": forwarded}).status_code

        statuses = [sign_up(f"spoofed-{number}, 203.0.113.7") for number in range(21)]
        assert (statuses[:20], statuses[20]) == ([200] * 20, 429)
        assert sign_up("203.0.113.8") == 200

    def test_an_address_that_has_an_account_is_not_told_from_another(self, owner: User, client: Client) -> None:
        def sign_up(email: str) -> tuple[int, str]:
            account = {"email": email, "password1": "some-gearbox-42", "password2": "some-gearbox-42"}
            answer = Client().post("/account/signup/", account)
            return answer.status_code, answer["Location"]

        assert sign_up(owner.email) == sign_up("new@meridian.example") == (302, "/account/confirm-email/")
        wrong = [
            Client().post("/account/login/", {"login": email, "password": "wrong"}).content.decode()
            for email in (owner.email, "nobody@meridian.example")
        ]
        assert all("not correct" in page for page in wrong)


class _Counted(PBKDF2PasswordHasher):
    """Counts the passwords that are hashed, which is what a sign-up takes its time for."""

    made: ClassVar[int] = 0

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        type(self).made += 1
        return super().encode(password, salt, iterations=1)


@override_settings(PASSWORD_HASHERS=[f"{__name__}._Counted"])
def test_signing_up_takes_as_long_for_an_address_that_has_an_account(owner: User) -> None:
    for email in (owner.email, "fresh@meridian.example"):
        before = _Counted.made
        form = {"email": email, "password1": "some-gearbox-42", "password2": "some-gearbox-42"}
        assert Client().post("/account/signup/", form).status_code == 302
        assert _Counted.made - before == 1, email


@pytest.mark.parametrize("password", ["short-42", "1234567890", "password123", "owner@meridian.example"])
def test_passwords_that_are_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, User(email="owner@meridian.example"))
