"""Warnings: on every page from one query, and once by mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from tenants.customers.services import create_customer
from tenants.limits import selectors, services
from tenants.limits.domain.plans import Meter
from tenants.limits.tasks import measure, watch
from tenants.limits.usage import add_usage
from tenants.limits.watching import renew_warnings, warn_owners
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from twins.composer.models import Twin
from twins.composer.services import create_twin

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BY = "owner@meridian.example"


@pytest.fixture
def told(settings: Any, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Any:
    """Warn the owners of a tenant at a moment, and hand back what was mailed."""

    def warn(tenant: Tenant, now: datetime) -> list[mail.EmailMessage]:
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True), scope(tenant.id):
            warn_owners(now=now)
        return list(mail.outbox)

    return warn


def test_creations_tell_at_once(tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with scope(tenant.id):
        for number in range(7):
            create_twin(name=f"Twin {number}", now=NOW)
        assert selectors.warnings(now=NOW) == []
        create_twin(name="Twin 7", now=NOW)
        with django_assert_num_queries(1):
            (warned,) = selectors.warnings(now=NOW)
        assert (warned.message, warned.standing.state) == ("Twins: 80 % are used (8 of 10).", "warning")
        for number in (8, 9):
            create_twin(name=f"Twin {number}", now=NOW)
        assert [one.message for one in selectors.warnings(now=NOW)] == ["Twins: all are used (10 of 10)."]


def test_they_go_when_there_is_room_again(tenant: Tenant) -> None:
    with scope(tenant.id):
        for number in range(8):
            create_twin(name=f"Twin {number}", now=NOW)
        services.change_plan(plan="team", by=BY, now=NOW)
        assert selectors.warnings(now=NOW) == []
        services.raise_limit(meter=Meter.TWINS, value=8, until=None, reason="", by="support", now=NOW)
        assert len(selectors.warnings(now=NOW)) == 1
        Twin.objects.earliest("id").delete()
        Twin.objects.earliest("id").delete()
        renew_warnings(now=NOW)
        assert selectors.warnings(now=NOW) == []


def test_what_is_metered_is_no_longer_told_when_its_window_is_over(tenant: Tenant) -> None:
    with scope(tenant.id):
        add_usage(meter=Meter.READINGS_PER_DAY, amount=5_000_000, now=NOW)
        add_usage(meter=Meter.JOB_MINUTES, amount=500 * 60, now=NOW)
        renew_warnings(now=NOW)
        assert [one.message for one in selectors.warnings(now=NOW)] == [
            "Readings per day: all are used (5,000,000 of 5,000,000).",
            "Job minutes per month: 83 % are used (500 of 600).",
        ]
        tomorrow = NOW + timedelta(days=1)
        assert [one.standing.meter for one in selectors.warnings(now=tomorrow)] == [Meter.JOB_MINUTES]


def test_owners_are_mailed_once_in_a_window_and_again_when_it_is_worse(cast: Cast, told: Any) -> None:
    tenant = cast.meridian
    with scope(tenant.id):
        add_usage(meter=Meter.READINGS_PER_DAY, amount=4_000_000, now=NOW)
    Tenant.objects.filter(id=tenant.id).update(brand={"mail_sender": "Meridian Care", "reply_to": "a@b.example"})
    (message,) = told(tenant, NOW)
    assert message.to == ["owner@meridian.example"]
    assert (message.from_email, message.reply_to) == ("Meridian Care <no-reply@localhost>", ["a@b.example"])
    assert message.subject == "Meridian Engines is near a limit on Outturn"
    assert "- Readings per day: 4,000,000 of 5,000,000 (80 %), free again at 2026-11-22 00:00 UTC" in message.body
    assert "/t/meridian/admin/usage/" in message.body
    assert told(tenant, NOW + timedelta(minutes=15)) == []
    with scope(tenant.id):
        add_usage(meter=Meter.READINGS_PER_DAY, amount=1_000_000, now=NOW)
    (message,) = told(tenant, NOW + timedelta(minutes=30))
    assert "5,000,000 of 5,000,000 (100 %)" in message.body
    assert told(tenant, NOW + timedelta(minutes=45)) == []
    assert told(tenant, NOW + timedelta(days=1)) == []  # a new day, of which nothing is used
    with scope(tenant.id):
        add_usage(meter=Meter.READINGS_PER_DAY, amount=4_500_000, now=NOW + timedelta(days=1))
    assert len(told(tenant, NOW + timedelta(days=1))) == 1


def test_what_comes_and_goes_is_told_once_in_thirty_days(cast: Cast, told: Any) -> None:
    tenant = cast.meridian
    with scope(tenant.id):
        for number in range(8):
            create_twin(name=f"Twin {number}", now=NOW)
    assert len(told(tenant, NOW)) == 1
    with scope(tenant.id):
        Twin.objects.earliest("id").delete()
    assert told(tenant, NOW + timedelta(hours=1)) == []
    with scope(tenant.id):
        create_twin(name="Twin 9", now=NOW)
    assert told(tenant, NOW + timedelta(hours=2)) == []
    assert len(told(tenant, NOW + timedelta(days=31))) == 1


def test_the_share_of_a_customer_is_told_by_its_name(cast: Cast, told: Any) -> None:
    tenant = cast.meridian
    with scope(tenant.id):
        services.set_share(customer=cast.northwind, meter="seats", value=1, by=BY, now=NOW)
    (message,) = told(tenant, NOW)
    assert "- Seats of Northwind Air: 1 of 1 (100 %)" in message.body
    with scope(tenant.id):
        assert selectors.warnings(now=NOW) == []  # no limit of the organisation's own
        services.set_share(customer=cast.northwind, meter="seats", value=None, by=BY, now=NOW)
    assert told(tenant, NOW + timedelta(days=40)) == []


def test_nobody_is_mailed_for_nothing(cast: Cast, told: Any) -> None:
    assert told(cast.meridian, NOW) == []


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_tasks_of_a_tenant(tenant: Tenant) -> None:
    with scope(tenant.id):
        create_customer(name="Northwind Air", now=NOW)
    watch(str(tenant.id))
    measure(str(tenant.id))
    with scope(tenant.id):
        stored = selectors.standing(Meter.STORAGE, now=datetime.now(UTC)).used
        assert 50 < stored < 5_000
        add_usage(meter=Meter.READINGS_PER_DAY, amount=1_000, now=datetime.now(UTC))
    measure(str(tenant.id))
    with scope(tenant.id):
        assert selectors.standing(Meter.STORAGE, now=datetime.now(UTC)).used - stored == 130_000
