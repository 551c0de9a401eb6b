"""The operators' console."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from tenants.kernel.clock import utc_now
from tenants.lifecycle.models import Notice, SupportAccess
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PATHS = ("", "tenants/tenant/", "tenants/supportaccess/", "tenants/notice/", "tenants/notice/add/")


def test_it_is_not_there_for_others(cast: Cast, newcomer: User, sign_in: SignIn) -> None:
    for path in PATHS:
        nobody = Client().get(f"/operators/{path}", follow=False)
        assert nobody.status_code == 302
        assert Client().get(f"/operators/{path}", follow=True).redirect_chain[-1][0].startswith("/account/login/")
        for user in (cast.owner, newcomer):
            assert sign_in(user).get(f"/operators/{path}", follow=True).status_code == 404, path
            assert sign_in(user).post(f"/operators/{path}", {"title": "X"}, follow=True).status_code == 404, path


def test_a_session_without_the_second_factor_is_no_operators(operator: User) -> None:
    client = Client()
    client.force_login(operator)
    assert client.get("/operators/", follow=True).status_code == 404


def test_operators_from_elsewhere_are_others(operator: User, sign_in: SignIn) -> None:
    with override_settings(OUTTURN_OPERATOR_NETWORKS=["192.0.2.0/24"]):
        assert sign_in(operator).get("/operators/", follow=True).status_code == 404


def test_it_shows_how_organisations_stand(cast: Cast, operator: User, sign_in: SignIn) -> None:
    client = sign_in(operator)
    for path in PATHS:
        page = client.get(f"/operators/{path}")
        assert page.status_code == 200
        assert "unsafe" not in page["Content-Security-Policy"]
        assert " style=" not in page.content.decode()
        assert "<style" not in page.content.decode()
    assert b"Meridian Engines" in client.get("/operators/tenants/tenant/?q=meridian").content
    one = client.get(f"/operators/tenants/tenant/{cast.meridian.id}/change/").content.decode()
    assert "Seats" in one
    assert "owner@meridian.example" not in one
    assert "Northwind" not in one
    assert client.get("/operators/tenants/tenant/add/").status_code == 403
    assert client.post(f"/operators/tenants/tenant/{cast.meridian.id}/delete/").status_code == 403
    assert client.get("/operators/tenants/tenant/not-an-id/change/").status_code == 404


def test_what_it_does_stands_in_the_organisations_audit(cast: Cast, operator: User, sign_in: SignIn) -> None:
    client, path = sign_in(operator), f"/operators/tenants/tenant/{cast.meridian.id}/change/"
    for form in (
        {"move": "Move", "to": "past_due", "reason": "invoice 7 is open"},
        {"plan_set": "Change", "plan": "business"},
        {"limit": "Set", "meter": "seats", "value": "3", "until": "", "reason": "agreed"},
        {"ask": "Ask", "level": "read", "hours": "2", "reason": "a slow page"},
    ):
        assert client.post(path, form).status_code == 302, form
    tenant = Tenant.objects.get(id=cast.meridian.id)
    assert (tenant.state, tenant.plan, tenant.state_reason) == ("past_due", "business", "invoice 7 is open")
    with scope(cast.meridian.id):
        rows = AuditEntry.objects.filter(by="ann@outturn.example (Outturn support)").order_by("id")
        found = list(rows.values_list("action", flat=True))
    assert found == ["organisation.moved", "plan.changed", "limit.raised", "support.asked"]
    access = SupportAccess.objects.get()
    assert client.post(path, {"end": str(access.id)}).status_code == 302
    access.refresh_from_db()
    assert access.ended_at is not None


def test_what_cannot_be_is_refused_and_said(cast: Cast, operator: User, sign_in: SignIn) -> None:
    client, path = sign_in(operator), f"/operators/tenants/tenant/{cast.meridian.id}/change/"
    assert client.post(path, {"move": "Move", "to": "closed", "reason": "because"}).status_code == 200
    assert client.post(path, {"plan_set": "x", "plan": "none"}).status_code == 200
    assert client.post(path, {"ask": "x", "level": "read", "hours": "500", "reason": "a slow page"}).status_code == 200
    assert client.post(path, {"end": "nothing"}).status_code == 302
    assert Tenant.objects.get(id=cast.meridian.id).state == "active"
    assert not SupportAccess.objects.exists()


def test_its_password_and_sign_out_are_those_of_everybody(operator: User, sign_in: SignIn) -> None:
    client = sign_in(operator)
    assert client.get("/operators/password_change/")["Location"] == "/account/password/change/"
    assert client.post("/operators/logout/")["Location"] == "/account/login/"
    assert client.get("/operators/").status_code == 302


def test_writes_need_a_token(operator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    assert client.post("/operators/tenants/notice/add/", {"title": "X"}).status_code == 403


def test_a_notice_is_written_and_shown(cast: Cast, operator: User, sign_in: SignIn) -> None:
    form = {
        "kind": "incident", "severity": "high", "state": "ongoing", "title": "Readings are late", "text": "Soon.",
        "region": "", "organisation": "meridian", "start": "2026-01-01 00:00", "end": "",
    }  # fmt: skip
    client = sign_in(operator)
    for wrong in ({"organisation": "nowhere"}, {"end": "2025-01-01 00:00"}, {"title": ""}, {"start": "soon"}):
        assert client.post("/operators/tenants/notice/add/", form | wrong).status_code == 200
    assert not Notice.objects.exists()
    assert client.post("/operators/tenants/notice/add/", form).status_code == 302
    assert Notice.objects.get().made_by == "ann@outturn.example"
    page = client.get(f"/operators/tenants/notice/{Notice.objects.get().id}/change/").content.decode()
    assert 'value="meridian"' in page
    assert b"Readings are late" in sign_in(cast.viewer).get("/t/meridian/").content
    assert b"Readings are late" not in sign_in(cast.outsider).get("/t/stranger/").content


def test_the_command_says_who_runs_the_installation(db: None) -> None:
    User.objects.create_user("bob@outturn.example")
    out = StringIO()
    call_command("operator", "add", "Bob@outturn.example", stdout=out)
    assert out.getvalue() == "bob@outturn.example (no second factor yet: the console stays shut)\n"
    call_command("operator", "remove", "bob@outturn.example", stdout=(out := StringIO()))
    assert out.getvalue() == ""
    for deed, address in (("remove", "bob@outturn.example"), ("add", "nobody@outturn.example"), ("add", "")):
        with pytest.raises(CommandError):
            call_command("operator", deed, address)


def test_nothing_was_seen_of_a_closed_one(cast: Cast, operator: User, sign_in: SignIn) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(state="closed", closed_at=utc_now())
    page = sign_in(operator).get(f"/operators/tenants/tenant/{cast.meridian.id}/change/")
    assert page.status_code == 200
    assert b"Closed" in page.content
