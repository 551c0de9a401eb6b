"""A change of OUTTURN_SECRET: what was written under the former one still opens, and after `reseal` without it too."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.core.management import CommandError, call_command
from django.http import HttpRequest
from django.test import Client

from tenants.custody.selectors import certificate_named, certificate_token
from tenants.kernel.clock import utc_now
from tenants.kernel.secrets import Token
from tenants.people import invitations as inviting
from tenants.people.models import User
from tenants.people.selectors import person_of
from tenants.record.services import record_audit, seal_head
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.signon.domain import RoleRule
from tenants.signon.models import ScimDigest, SignOn
from tenants.signon.schemas import Settings
from tenants.signon.services import change_sign_on, make_provisioning_token, unsealed_secret
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
FORMER, NEW = "the former secret of this installation", "the new secret of this installation"
NOTHING = {
    "alarm_channels": 0, "connections": 0, "log_keys": 0, "meter_secrets": 0, "payment_secrets": 0,
    "second_factors": 0, "sign_on_secrets": 0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def under(settings: Any) -> Callable[..., None]:
    """Sets the installation's secrets, the newest first."""

    def change(*keys: str) -> None:
        settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS = keys
        settings.SEALING_KEYS = list(keys)

    change(FORMER)
    return change


def reseal() -> dict[str, Any]:
    out = StringIO()
    call_command("reseal", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def connect(tenant: Tenant) -> None:
    with scope(tenant.id):
        wanted = Settings(
            discovery_url="https://login.example.com", client_id="outturn", client_secret="s3cret of the client",
            domains=(f"{tenant.slug}.example",), rules=(RoleRule("groups", "plant", "viewer"),), default_role="",
            creates_members=True, is_enabled=True,
        )  # fmt: skip
        change_sign_on(wanted=wanted, by="owner@meridian.example", now=utc_now())


def begin_log(tenant: Tenant, action: str = "contract.published") -> None:
    with scope(tenant.id):
        record_audit(action=action, subject="contract/7", by="owner@meridian.example", now=utc_now())
        seal_head(now=utc_now())


def client_secret(tenant: Tenant) -> str:
    with scope(tenant.id):
        return unsealed_secret(bytes(SignOn.objects.get().sealed_secret))


def codes(user: User) -> tuple[str, list[str]]:
    """What opens the second factors of a person: the app's secret, the recovery codes."""
    factors = {row.type: row for row in Authenticator.objects.filter(user=user)}
    return decrypt(factors["totp"].data["secret"]), RecoveryCodes(factors["recovery_codes"]).get_unused_codes()


@pytest.fixture
def _written(cast: Cast) -> None:
    for tenant in (cast.meridian, cast.stranger):
        connect(tenant)
        begin_log(tenant)
    TOTP.activate(cast.owner, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(cast.owner)


@pytest.mark.usefixtures("_written")
def test_all_that_is_sealed_opens_without_the_former_secret(cast: Cast, under: Callable[..., None]) -> None:
    before = codes(cast.owner)
    under(NEW, FORMER)
    assert client_secret(cast.meridian) == "s3cret of the client"
    assert codes(cast.owner) == before
    begin_log(cast.meridian, "contract.ended")
    assert reseal() == {
        "moved": {**NOTHING, "log_keys": 2, "second_factors": 2, "sign_on_secrets": 2}, "unreadable": []
    }  # fmt: skip
    under(NEW)
    assert codes(cast.owner) == before
    for tenant in (cast.meridian, cast.stranger):
        assert client_secret(tenant) == "s3cret of the client"
        begin_log(tenant, "contract.restated")


@pytest.mark.usefixtures("_written")
def test_a_second_time_moves_nothing(under: Callable[..., None]) -> None:
    under(NEW, FORMER)
    reseal()
    assert reseal() == {"moved": NOTHING, "unreadable": []}


@pytest.mark.usefixtures("_written")
def test_a_lost_secret_is_told_and_keeps_what_it_sealed(cast: Cast, under: Callable[..., None]) -> None:
    under(NEW)
    connect(cast.stranger)
    out = StringIO()
    with pytest.raises(CommandError, match="open under none"):
        call_command("reseal", stdout=out)
    told = json.loads(out.getvalue())
    assert told["moved"] == NOTHING
    places = [each.partition(":")[0] for each in told["unreadable"]]
    assert places == [
        f"person/{cast.owner.id}", "log_keys of meridian", "sign_on_secrets of meridian", "log_keys of stranger",
    ]  # fmt: skip
    under(NEW, FORMER)
    assert reseal()["moved"] == {**NOTHING, "log_keys": 2, "second_factors": 2, "sign_on_secrets": 1}


def test_nothing_is_sealed_under_a_secret_that_does_not_last(settings: Any) -> None:
    settings.SECRET_IS_EPHEMERAL = True
    with pytest.raises(CommandError, match="OUTTURN_SECRET is not set"):
        call_command("reseal")


def test_a_provisioning_token_moves_at_its_first_use(cast: Cast, under: Callable[..., None]) -> None:
    connect(cast.meridian)
    with scope(cast.meridian.id):
        _, token = make_provisioning_token(by="owner@meridian.example", now=utc_now())
    former = ScimDigest.objects.get().digest
    under(NEW)
    assert provision(token) == 401
    under(NEW, FORMER)
    assert provision(token) == 200
    assert ScimDigest.objects.get().digest != former
    under(NEW)
    assert provision(token) == 200


def provision(token: Token) -> int:
    return Client().get("/scim/v2/Users", headers={"Authorization": f"Bearer {token.text}"}).status_code


def test_an_invitation_moves_when_its_link_is_opened(cast: Cast, under: Callable[..., None]) -> None:
    actor = Actor(
        tenant=cast.meridian.id, slug="meridian", role=Role.OWNER, permissions=PERMISSIONS[Role.OWNER],
        name="owner@meridian.example", user=cast.owner.id,
    )  # fmt: skip
    with scope(cast.meridian.id):
        inviting.invite(email="grace@pumps.example", role=Role.ENGINEER, by=actor, now=utc_now())
    token = str(mail.outbox[-1].body).partition("/invitations/")[2].partition("/")[0]
    under(NEW)
    with pytest.raises(inviting.LinkError):
        inviting.invited(token, now=utc_now())
    under(NEW, FORMER)
    assert inviting.invited(token, now=utc_now()).email == "grace@pumps.example"
    under(NEW)
    assert inviting.invited(token, now=utc_now()).organisation == "Meridian Engines"


def test_the_address_of_a_certificate_of_erasure_goes_on(cast: Cast, under: Callable[..., None]) -> None:
    names = (cast.meridian.id, cast.owner.id)
    token = certificate_token(*names)
    under(NEW, FORMER)
    assert certificate_named(token) == names
    under(NEW)
    assert certificate_named(token) is None


def test_a_session_outlives_the_secret_it_began_under(cast: Cast, under: Callable[..., None]) -> None:
    client = Client()
    client.force_login(cast.owner)
    under(NEW, FORMER)
    assert person_of(client.session) == cast.owner
    request = HttpRequest()
    request.session = client.session
    assert get_user(request) == cast.owner
    under(NEW)
    assert get_user(request) == cast.owner


def test_a_socket_leaves_a_session_as_it_is(cast: Cast, under: Callable[..., None]) -> None:
    client = Client()
    client.force_login(cast.owner)
    for keys, person in (((NEW, FORMER), cast.owner), ((NEW,), None), ((FORMER,), cast.owner)):
        under(*keys)
        session = SessionStore(client.session.session_key)
        before = dict(session.items())
        assert person_of(session) == person
        assert (session.session_key, dict(session.items())) == (client.session.session_key, before)
    assert person_of(SessionStore()) is None
