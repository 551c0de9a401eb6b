"""The plan says how long readings can be kept; a smaller one takes hold after a month in which people are told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core import mail

from tenants.custody.grace import days_of_readings, grace_under_way, look_at_plan, looked_at
from tenants.custody.models import RetentionPolicy
from tenants.custody.retaining import RetentionBeyondPlanError, drop_past, next_drops, set_policy
from tenants.custody.schemas import Grace
from tenants.limits.services import change_plan
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.world import a_fleet, agreement, at, published
from tests.conftest import Cast
from tests.tenants.custody.conftest import BY, NOW
from tests.tenants.custody.test_retaining import kept_for, readings

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
DAY = timedelta(days=1)
MONTH = 30 * DAY
FEW = at("2026-11-10")
"""When Meridian takes the trial's 90 days: it has flown since 1 July, for 132 days."""


def on_plan(tenant: Tenant, plan: str, now: datetime) -> None:
    with scope(tenant.id):
        change_plan(plan=plan, by=BY, now=now, agreed=True)


def flown(tenant: Tenant) -> list[datetime]:
    Tenant.objects.filter(id=tenant.id).update(plan="business")
    with scope(tenant.id):
        a_fleet("2026-07-01", "2026-11-09")
        look_at_plan(now=FEW)
    return readings(tenant)


def grace(tenant: Tenant, now: datetime) -> Grace | None:
    with scope(tenant.id):
        return grace_under_way(now=now)


def actions(tenant: Tenant) -> list[str]:
    with scope(tenant.id):
        found = AuditEntry.objects.filter(action__startswith="retention.").order_by("id")
        return [entry.action for entry in found]


def test_a_smaller_plan_cuts_nothing_for_a_month_and_then_what_is_beyond_it(cast: Cast) -> None:
    flown(cast.stranger)
    mine = flown(cast.meridian)
    assert len(mail.outbox) == 0
    on_plan(cast.meridian, "trial", FEW)
    assert grace(cast.meridian, FEW) == Grace(90, FEW + MONTH)
    (told,) = mail.outbox
    assert (told.to, told.subject) == (["owner@meridian.example"], "Meridian Engines: old readings will go")
    assert "keeps readings for 90 days. Older ones are kept until 2026-12-10 00:00 UTC" in told.body
    last = FEW + MONTH - timedelta(seconds=1)
    assert drop_past(cast.meridian.id, now=last)["readings"] == 0
    with scope(cast.meridian.id):
        drop = next_drops(now=last)[0]
    cut = FEW + MONTH + DAY - 90 * DAY
    assert (drop.days, drop.at, drop.dropped) == (1_100, FEW + MONTH, sum(each < cut for each in mine))
    assert drop_past(cast.meridian.id, now=FEW + MONTH)["readings"] == sum(each < cut - DAY for each in mine)
    assert readings(cast.meridian) == [each for each in mine if each >= cut - DAY]
    assert readings(cast.stranger) == mine
    assert grace(cast.meridian, FEW + MONTH) is None
    assert (len(mail.outbox), actions(cast.meridian)) == (1, ["retention.grace_begun", "retention.grace_ended"])


def test_a_larger_plan_before_it_ends_cancels_it(cast: Cast) -> None:
    mine = flown(cast.meridian)
    on_plan(cast.meridian, "trial", FEW)
    on_plan(cast.meridian, "business", FEW + 29 * DAY)
    assert grace(cast.meridian, FEW + 29 * DAY) is None
    assert drop_past(cast.meridian.id, now=FEW + MONTH)["readings"] == 0
    assert readings(cast.meridian) == mine
    assert actions(cast.meridian) == ["retention.grace_begun", "retention.grace_ended"]


def test_a_plan_between_keeps_the_day_and_a_still_smaller_one_begins_a_month_anew(cast: Cast) -> None:
    with scope(cast.meridian.id):
        a_fleet("2025-09-01", "2025-09-03")
    flown(cast.meridian)
    on_plan(cast.meridian, "team", FEW)
    assert grace(cast.meridian, FEW) == Grace(400, FEW + MONTH)
    on_plan(cast.meridian, "trial", FEW + 10 * DAY)
    assert grace(cast.meridian, FEW + 10 * DAY) == Grace(90, FEW + 40 * DAY)
    on_plan(cast.meridian, "team", FEW + 20 * DAY)
    assert grace(cast.meridian, FEW + 20 * DAY) == Grace(400, FEW + 40 * DAY)
    assert len(mail.outbox) == 2


def test_what_nobody_would_miss_needs_no_grace(cast: Cast) -> None:
    flown(cast.meridian)
    on_plan(cast.meridian, "team", FEW)  # 400 days: nothing is that old
    kept_for(cast.meridian, readings=60)
    on_plan(cast.meridian, "trial", FEW)  # the organisation keeps less than 90 days itself
    with scope(cast.meridian.id):
        assert RetentionPolicy.objects.get().allowed_days == 90
    assert (grace(cast.meridian, FEW), mail.outbox, actions(cast.meridian)) == (None, [], ["retention.changed"])


def test_an_organisation_whose_plan_was_never_looked_at_gets_its_month_too(cast: Cast) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(plan="trial")
    with scope(cast.meridian.id):
        a_fleet("2026-07-01", "2026-11-09")
        row = looked_at(now=FEW)
        assert (days_of_readings(row, FEW), days_of_readings(row, FEW + MONTH)) == (None, 90)
        assert not RetentionPolicy.objects.exists()  # looking changes nothing
    assert drop_past(cast.meridian.id, now=FEW)["jobs"] == 0
    assert grace(cast.meridian, FEW) == Grace(90, FEW + MONTH)
    assert len(mail.outbox) == 1
    drop_past(cast.meridian.id, now=FEW + DAY)
    assert len(mail.outbox) == 1


def test_money_is_held_beyond_the_plan_too(cast: Cast) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(plan="business")
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-07-01", "2026-11-09")
        published(agreement(fleet, effective={"from": "2026-07-01", "to": None}))
    mine = readings(cast.meridian)
    on_plan(cast.meridian, "trial", FEW)
    assert drop_past(cast.meridian.id, now=FEW + MONTH)["readings"] == 0
    assert readings(cast.meridian) == mine


def test_a_policy_beyond_the_plan_is_refused_and_one_that_was_there_stays(cast: Cast) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(plan="business")
    kept_for(cast.meridian, readings=1_000)
    on_plan(cast.meridian, "team", FEW)
    with scope(cast.meridian.id):
        set_policy(days={"readings": 1_000, "jobs": 30}, by=BY, now=FEW)
        with pytest.raises(RetentionBeyondPlanError) as error:
            set_policy(days={"readings": 401}, by=BY, now=FEW)
        assert days_of_readings(looked_at(now=NOW), NOW) == 400
        assert RetentionPolicy.objects.get().readings == 1_000
    refused = error.value
    assert (refused.status, refused.code, refused.place) == (409, "retention.beyond_plan", "readings")
    assert refused.message == "The plan Team keeps readings for up to 400 days."
    assert "An owner, an administrator or finance can choose a larger plan" in refused.fix
