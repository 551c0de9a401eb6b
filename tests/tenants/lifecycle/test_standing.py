"""What requests meet in each state of their organisation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.custody.erasing import ask_erasure
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]


def put(cast: Cast, state: str) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(state=state)


def test_past_due_is_read_only_and_says_what_to_do(cast: Cast, sign_in: SignIn, with_key: WithKey) -> None:
    key = with_key(cast.meridian, Role.OWNER)
    put(cast, "past_due")
    engineer, owner = sign_in(cast.engineer), sign_in(cast.owner)
    page = engineer.get("/t/meridian/twins/")
    assert page.status_code == 200
    assert b"can only be read" in page.content
    refused = engineer.post("/t/meridian/twins/new/", {"name": "X"})
    assert refused.status_code == 403
    assert b"organisation.past_due" in refused.content
    told = engineer.post("/t/meridian/api/v1/gateways/", {"name": "X"}, content_type="application/json")
    assert (told.status_code, told.json()["code"]) == (403, "organisation.past_due")
    assert "Plan and usage" in told.json()["fix"]
    assert key.get("/api/v1/gateways/").status_code == 200
    assert key.post("/api/v1/gateways/", {"name": "X"}).json()["code"] == "organisation.past_due"
    assert owner.post("/t/meridian/admin/data/exports/new/", {"subject": ""}).status_code == 302
    assert owner.post("/t/meridian/admin/usage/plans/", {"plan": "business"}).status_code == 302


def test_suspended_leaves_plan_export_and_support_to_those_who_settle(
    cast: Cast, sign_in: SignIn, with_key: WithKey
) -> None:
    key = with_key(cast.meridian, Role.OWNER)
    put(cast, "suspended")
    owner, viewer = sign_in(cast.owner), sign_in(cast.viewer)
    for path in ("usage/", "usage/plans/", "data/", "support/", "notices/"):
        assert owner.get(f"/t/meridian/admin/{path}").status_code == 200, path
    for client, path in ((owner, ""), (viewer, ""), (viewer, "admin/usage/"), (sign_in(cast.reader), "reports/")):
        page = client.get(f"/t/meridian/{path}")
        assert page.status_code == 403
        assert b"Meridian Engines is suspended" in page.content
    assert key.get("/api/v1/gateways/").json()["code"] == "organisation.suspended"


def test_a_closed_one_is_gone_for_all_but_its_owners(cast: Cast, sign_in: SignIn, with_key: WithKey) -> None:
    key = with_key(cast.meridian, Role.OWNER)
    with scope(cast.meridian.id):
        due = ask_erasure(name="Meridian Engines", by="owner@meridian.example", now=utc_now()).due_at
    engineer, owner = sign_in(cast.engineer), sign_in(cast.owner)
    gone, none = engineer.get("/t/meridian/"), engineer.get("/t/nowhere-at-all/")
    assert gone.status_code == none.status_code == 404
    assert b"Meridian" not in gone.content
    assert engineer.get("/t/meridian/api/v1/gateways/").status_code == 404
    assert key.get("/api/v1/gateways/").status_code == 401
    page = owner.get("/t/meridian/")
    assert page.status_code == 403
    assert b"Meridian Engines is closed" in page.content
    assert f"{due:%Y-%m-%dT%H}".encode() in page.content
    assert owner.get("/t/meridian/admin/data/").status_code == 200
    assert owner.post("/t/meridian/admin/data/erase/back/").status_code == 302
    assert owner.get("/t/meridian/").status_code == 200
    assert key.get("/api/v1/gateways/").status_code == 200


def test_an_address_that_is_none_is_404_in_every_state(cast: Cast, sign_in: SignIn) -> None:
    for state in ("past_due", "suspended"):
        put(cast, state)
        assert sign_in(cast.owner).get("/t/meridian/nothing-here/").status_code == 404


def test_the_last_week_of_a_trial_is_told(cast: Cast, sign_in: SignIn) -> None:
    from datetime import timedelta

    for days, is_told in ((8, False), (7, True), (1, True)):
        until = utc_now() + timedelta(days=days) - timedelta(hours=1)
        Tenant.objects.filter(id=cast.meridian.id).update(state="trial", state_until=until)
        page = sign_in(cast.viewer).get("/t/meridian/").content.decode()
        assert (f"The trial ends in {days} day" in page) == is_told
