"""Moves of an organisation, each in its audit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tenants.kernel.clock import utc_now
from tenants.lifecycle.domain import Mover, MoverError, NoSuchMoveError, State
from tenants.lifecycle.services import PAYMENT_DUE, TRIAL_OVER, end_due_states, end_state, move_tenant
from tenants.limits.services import change_plan
from tenants.people.services import create_organisation
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db
NOW = utc_now()


def entries(tenant: Tenant) -> list[dict[str, str]]:
    with scope(tenant.id):
        rows = AuditEntry.objects.filter(action="organisation.moved").order_by("id")
        return [{"by": row.by, **row.details} for row in rows]


def test_a_trial_ends_by_itself_and_two_weeks_later_the_organisation_is_suspended() -> None:
    tenant = create_organisation(name="Pumps", owner=None, now=NOW)
    assert (tenant.state, tenant.state_until) == ("trial", NOW + timedelta(days=30))
    for days, state, until in ((29, "trial", 30), (30, "past_due", 44), (43, "past_due", 44), (44, "suspended", None)):
        with scope(tenant.id):
            end_state(tenant=tenant.id, now=NOW + timedelta(days=days))
        tenant.refresh_from_db()
        assert tenant.state == state
        assert tenant.state_until == (until and NOW + timedelta(days=until))
    told = [(each["from"], each["to"], each["as"], each["reason"]) for each in entries(tenant)]
    assert told == [("trial", "past_due", "system", TRIAL_OVER), ("past_due", "suspended", "system", PAYMENT_DUE)]


def test_what_is_over_ends_once(tenant: Tenant, stranger: Tenant) -> None:
    Tenant.objects.filter(id=tenant.id).update(state="trial", state_until=utc_now() - timedelta(minutes=1))
    Tenant.objects.filter(id=stranger.id).update(state="trial", state_until=utc_now() + timedelta(days=1))
    assert [end_due_states(now=utc_now()) for _ in range(2)] == [1, 0]
    assert dict(Tenant.objects.values_list("slug", "state")) == {"meridian": "past_due", "stranger": "trial"}
    assert len(entries(tenant)) == 1


@pytest.mark.parametrize("is_over", [False, True])
def test_taking_a_plan_ends_the_trial(is_over: bool) -> None:
    tenant = create_organisation(name="Pumps", owner=None, now=NOW)
    with scope(tenant.id):
        if is_over:
            end_state(tenant=tenant.id, now=NOW + timedelta(days=30))
        change_plan(plan="team", by="owner@pumps.example", now=NOW)
    tenant.refresh_from_db()
    assert (tenant.state, tenant.state_until, tenant.plan) == ("active", None, "team")


def test_what_is_not_paid_stays_due_whatever_plan_is_taken(tenant: Tenant) -> None:
    with scope(tenant.id):
        move_tenant(to=State.PAST_DUE, mover=Mover.OPERATOR, by="op", reason="invoice 7 is open", now=NOW)
        change_plan(plan="team", by="owner", now=NOW)
    tenant.refresh_from_db()
    assert (tenant.state, tenant.plan) == ("past_due", "team")


def test_a_move_that_is_refused_changes_nothing(tenant: Tenant) -> None:
    with scope(tenant.id):
        with pytest.raises(MoverError):
            move_tenant(to=State.PAST_DUE, mover=Mover.OWNER, by="owner", reason="", now=NOW)
        with pytest.raises(NoSuchMoveError):
            move_tenant(to=State.CLOSED, mover=Mover.OPERATOR, by="op", reason="", now=NOW)
    tenant.refresh_from_db()
    assert tenant.state == "active"
    assert entries(tenant) == []
