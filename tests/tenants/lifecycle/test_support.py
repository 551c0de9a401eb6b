"""Support is in an organisation only while it is let in, and everything it does there is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client, override_settings

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.lifecycle.models import SupportAccess
from tenants.lifecycle.operators import remove_operator
from tenants.lifecycle.support import (
    SupportStateError,
    SupportTermsError,
    approve_access,
    ask_access,
    end_access,
    grant_access,
)
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NAME = "ann@outturn.example (Outturn support)"


def let_in(cast: Cast, level: str = "read", hours: int = 2) -> SupportAccess:
    with scope(cast.meridian.id):
        return grant_access(level=level, hours=hours, reason="a slow page", by="owner", now=utc_now())


def told(cast: Cast, action: str) -> list[tuple[str, str]]:
    with scope(cast.meridian.id):
        return list(AuditEntry.objects.filter(action=action).order_by("id").values_list("by", "subject"))


def test_an_operator_is_a_stranger_until_let_in(cast: Cast, operator: User, sign_in: SignIn) -> None:
    client = sign_in(operator)
    assert client.get("/t/meridian/").status_code == 404
    let_in(cast)
    page = client.get("/t/meridian/")
    assert page.status_code == 200
    assert b"You are here as Outturn" in page.content
    assert client.get("/t/stranger/").status_code == 404
    assert told(cast, "support.looked") == [(NAME, "/t/meridian/")]
    with scope(cast.meridian.id):
        assert SupportAccess.objects.get().operator_id == operator.id


def test_nobody_else_comes_in_by_it(cast: Cast, operator: User, sign_in: SignIn) -> None:
    let_in(cast)
    assert sign_in(cast.outsider).get("/t/meridian/").status_code == 404
    with override_settings(OUTTURN_OPERATOR_NETWORKS=["192.0.2.0/24"]):
        assert sign_in(operator).get("/t/meridian/").status_code == 404
    with override_settings(OUTTURN_OPERATOR_NETWORKS=["127.0.0.0/8"]):
        assert sign_in(operator).get("/t/meridian/").status_code == 200
    remove_operator(address=operator.email)
    assert sign_in(operator).get("/t/meridian/").status_code == 404


def test_without_a_second_factor_there_is_no_way_in(cast: Cast, newcomer: User, sign_in: SignIn) -> None:
    let_in(cast)
    assert sign_in(newcomer).get("/t/meridian/").status_code == 404


def test_looking_changes_nothing(cast: Cast, operator: User, sign_in: SignIn) -> None:
    let_in(cast)
    client = sign_in(operator)
    api = client.post("/t/meridian/api/v1/gateways/", {"name": "X"}, content_type="application/json")
    assert api.status_code == 403
    assert client.get("/t/meridian/admin/support/").status_code == 403
    assert client.get("/t/meridian/admin/people/").status_code == 403
    assert client.get("/t/meridian/admin/audit/").status_code == 403
    assert len(told(cast, "support.looked")) == 4  # what was refused is told too


def test_mending_goes_as_far_as_editing(cast: Cast, operator: User, sign_in: SignIn) -> None:
    let_in(cast, level="full")
    client = sign_in(operator)
    made = client.post("/t/meridian/api/v1/gateways/", {"name": "Mended"}, content_type="application/json")
    assert made.status_code == 201
    for path in ("people/", "keys/", "security/", "branding/", "support/", "usage/plans/", "data/"):
        assert client.get(f"/t/meridian/admin/{path}").status_code == 403, path
    assert client.post("/t/meridian/admin/support/grant/", {"level": "full", "hours": 1}).status_code == 403


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_it_ends_at_once(how: str, cast: Cast, operator: User, sign_in: SignIn) -> None:
    access, client = let_in(cast), sign_in(operator)
    assert client.get("/t/meridian/").status_code == 200
    if how == "revoked":
        assert sign_in(cast.owner).post(f"/t/meridian/admin/support/{access.id}/revoke/").status_code == 302
    else:
        SupportAccess.objects.update(expires_at=utc_now())
    assert client.get("/t/meridian/").status_code == 404


def test_what_is_asked_for_holds_once_it_is_approved(cast: Cast, operator: User, sign_in: SignIn) -> None:
    now = utc_now()
    with scope(cast.meridian.id):
        asked = ask_access(
            operator=operator.id, name=operator.email, level="read", hours=3, reason="a slow page", now=now
        )
    client, owner = sign_in(operator), sign_in(cast.owner)
    assert client.get("/t/meridian/").status_code == 404
    page = owner.get("/t/meridian/admin/support/")
    assert b"a slow page" in page.content
    assert b"Waits for you" in page.content
    assert owner.post(f"/t/meridian/admin/support/{asked.id}/approve/").status_code == 302
    assert client.get("/t/meridian/").status_code == 200
    asked.refresh_from_db()
    assert asked.expires_at is not None
    assert asked.granted_at is not None
    assert asked.expires_at - asked.granted_at == timedelta(hours=3)
    assert [len(told(cast, f"support.{each}")) for each in ("asked", "granted")] == [1, 1]
    with scope(cast.meridian.id), pytest.raises(SupportStateError):
        approve_access(access=asked.id, by="owner", now=now)


def test_another_organisations_access_is_not_there(cast: Cast) -> None:
    access = let_in(cast)
    with scope(cast.stranger.id):
        for deed in (approve_access, end_access):
            with pytest.raises(NotFoundError):
                deed(access=access.id, by="outsider", now=utc_now())


@pytest.mark.parametrize(
    ("level", "hours", "reason"),
    [("all", 1, "a reason"), ("read", 0, "a reason"), ("read", 73, "a reason"), ("read", 1, " no  ")],
)
def test_terms_that_make_no_sense(cast: Cast, level: str, hours: int, reason: str) -> None:
    with scope(cast.meridian.id), pytest.raises(SupportTermsError):
        grant_access(level=level, hours=hours, reason=reason, by="owner", now=utc_now())


def test_the_page_grants(cast: Cast, sign_in: SignIn) -> None:
    owner = sign_in(cast.owner)
    bad = owner.post("/t/meridian/admin/support/grant/", {"level": "read", "hours": 100, "reason": "a slow page"})
    assert bad.status_code == 400
    good = owner.post("/t/meridian/admin/support/grant/", {"level": "read", "hours": 4, "reason": "a slow page"})
    assert good.status_code == 302
    assert SupportAccess.objects.get().granted_by == "owner@meridian.example"
