"""What is past its time goes: rows of one tenant in batches, months that nobody keeps as whole tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from billing.reports.services import settle_period
from tenants.custody.partitions import drop_partitions
from tenants.custody.retaining import RetentionError, drop_past, next_drops, set_policy
from tenants.jobs.models import Job
from tenants.jobs.services import cancel_job, start_job
from tenants.record.models import AuditEntry
from tenants.record.monitoring import verify_log
from tenants.record.services import record_audit, seal_head
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.world import a_fleet, agreement, at, published
from tests.conftest import Cast
from tests.readings import stored_readings
from tests.tenants.custody.conftest import BY, NOW, Reporting
from twins.evidence.models import EvidenceSegment

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
DAY = timedelta(days=1)


def partitions() -> list[str]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT relid::regclass::text FROM pg_partition_tree('twins_chunk') WHERE isleaf ORDER BY 1")
        return [row[0] for row in cursor.fetchall() if "2026" in row[0]]


def flown(tenant: Tenant, first: str, last: str) -> int:
    with scope(tenant.id):
        a_fleet(first, last)
        return len(stored_readings())


def kept_for(tenant: Tenant, **days: int | None) -> None:
    with scope(tenant.id):
        set_policy(days=days, by=BY, now=NOW)


def readings(tenant: Tenant) -> list[datetime]:
    with scope(tenant.id):
        return [each.at for each in stored_readings()]


def test_a_month_goes_as_a_table_only_when_nobody_keeps_it(cast: Cast) -> None:
    flown(cast.meridian, "2026-09-28", "2026-11-02")
    flown(cast.stranger, "2026-10-30", "2026-11-02")
    assert {"twins_chunk_standard_202609", "twins_chunk_standard_202610"} <= set(partitions())
    kept_for(cast.meridian, readings=30)
    dropped = drop_partitions(now=NOW)  # and empty ones of other tests
    assert "twins_chunk_standard_202609" in dropped
    assert "twins_chunk_standard_202610" not in dropped
    assert readings(cast.meridian)[0] >= at("2026-10-01")
    before = readings(cast.stranger)
    kept_for(cast.stranger, readings=60)
    assert drop_partitions(now=NOW) == []
    assert drop_partitions(now=at("2027-01-01")) == ["twins_chunk_standard_202610"]
    assert readings(cast.stranger) == [each for each in before if each >= at("2026-11-01")]


def test_rows_go_in_batches_and_others_stay(cast: Cast) -> None:
    flown(cast.meridian, "2026-11-10", "2026-11-24")
    flown(cast.stranger, "2026-11-10", "2026-11-12")
    theirs, mine = readings(cast.stranger), readings(cast.meridian)
    assert drop_past(cast.meridian.id, now=NOW)["set_aside"] == 0
    assert readings(cast.meridian) == mine  # as long as the plan allows, until the tenant says otherwise
    kept_for(cast.meridian, readings=30)
    gone = drop_past(cast.meridian.id, now=NOW)
    left = [each for each in mine if each >= NOW - 30 * DAY]
    assert 0 < len(left) < len(mine)
    assert (gone["readings"], readings(cast.meridian)) == (len(mine) - len(left), left)
    assert readings(cast.stranger) == theirs


def test_sealed_evidence_outlives_its_readings(cast: Cast) -> None:
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-10-29", "2026-12-01")
        contract = published(agreement(fleet, effective={"from": "2026-11-01", "to": "2026-12-01"}))
        settle_period(contract=contract.id, start=at("2026-11-01"), end=at("2026-12-01"), by=BY, now=NOW)
        sealed = list(EvidenceSegment.objects.values_list("digest", flat=True))
    kept_for(cast.meridian, readings=30)
    drop_past(cast.meridian.id, now=NOW + 365 * DAY)
    with scope(cast.meridian.id):
        assert stored_readings() == []
        assert list(EvidenceSegment.objects.values_list("digest", flat=True)) == sealed
    assert len(sealed) == 1


def test_the_page_says_what_goes_next(cast: Cast) -> None:
    with scope(cast.meridian.id):
        for days in (300, 299, 100):
            job = start_job(kind="health.train", params={}, by=BY, now=NOW - days * DAY)
            cancel_job(job=job.id, now=NOW - days * DAY)
        start_job(kind="health.train", params={}, by=BY, now=NOW - 400 * DAY)
        (jobs,) = [drop for drop in next_drops(now=NOW) if drop.kept == "jobs"]
        assert (jobs.days, jobs.rows, jobs.at, jobs.dropped) == (365, 3, NOW + 65 * DAY, 1)
        (readings_,) = [drop for drop in next_drops(now=NOW) if drop.kept == "readings"]
        assert (readings_.days, readings_.at) == (3_700, None)
    assert drop_past(cast.meridian.id, now=NOW + 66 * DAY)["jobs"] == 1
    with scope(cast.meridian.id):
        assert Job.objects.count() == 3


def test_audit_entries_go_and_the_log_still_verifies(cast: Cast) -> None:
    old = NOW - 800 * DAY
    with scope(cast.meridian.id):
        record_audit(action="twin.edited", subject="twin/1", by=BY, now=old)
        seal_head(now=old)
    kept_for(cast.meridian, audit=730)
    assert drop_past(cast.meridian.id, now=NOW)["audit"] == 1
    with scope(cast.meridian.id):
        assert [entry.action for entry in AuditEntry.objects.all()] == ["retention.changed"]
        seal_head(now=NOW)
    assert verify_log(Reporting(cast.meridian.id), {})["faults"] == []


@pytest.mark.parametrize(
    ("kept", "days"), [("readings", 29), ("audit", 364), ("jobs", 0), ("answers", None), ("set_aside", 36_501)]
)
def test_what_is_not_possible_is_refused(cast: Cast, kept: str, days: int | None) -> None:
    with scope(cast.meridian.id), pytest.raises(RetentionError) as error:
        set_policy(days={kept: days}, by=BY, now=datetime(2026, 12, 1, tzinfo=UTC))
    assert (error.value.status, error.value.place) == (422, kept)
