"""Contracts of which some evidence comes in late, and what a sweep makes of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from billing.contracts.models import Contract
from billing.reports.restating import RESTATE_LATE, follow_late, restate_unattended
from billing.reports.services import settle_period
from billing.statements.models import Statement
from tenants.jobs.models import Job, JobState
from tenants.scope.context import required_tenant
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY as OWNER
from tests.billing.world import NOVEMBER, Fleet, a_fleet, agreement, at, fly_daily, published
from tests.twins.evidence.fleet import fly
from twins.telemetry.compaction import compact

SEALED, LATE, SWEEP = at("2026-12-06"), at("2026-12-10T12:00"), at("2026-12-10T13:00")
HOUR = timedelta(hours=1)
MISSED = "2026-11-14", "2026-11-20"
"""Days of which nothing is heard until late."""


def a_gappy_fleet(name: str = "Northwind fleet") -> Fleet:
    """An engine of which a week of November is missing."""
    fleet = a_fleet("2026-10-29", "2026-11-13", name=name)
    fly_daily(fleet, "2026-11-21", "2026-12-01")
    return fleet


def of(fleet: Fleet, **changes: Any) -> Contract:
    """A contract about an engine that settles by itself five days after a month; with `grace=None` people settle."""
    rules = [{"category": "planned", "allowance": None}]
    clause = a_clause(id="uptime", assets=fleet.ids, remedies=[AWS_TIERS], exclusions=rules)
    clause |= {name: changes.pop(name) for name in ("minimum_coverage",) if name in changes}
    outer = {"grace": "P5D", "title": "By itself"} | changes
    return published(agreement(fleet, clause, **{name: value for name, value in outer.items() if value is not None}))


def seal(contract: Contract, now: datetime = SEALED) -> Statement:
    return settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=OWNER, now=now).statement


def sealed(**changes: Any) -> tuple[Fleet, Statement]:
    """A contract settled for November, and one look at it after that."""
    fleet = a_gappy_fleet()
    statement = seal(of(fleet, **changes))
    assert follow_late(now=SEALED + HOUR) == 0
    return fleet, statement


def fly_late(
    fleet: Fleet, first: str = MISSED[0], last: str = MISSED[1], *, received: datetime = LATE, value: float = 1.0
) -> None:
    """Flights of some days come in at once, at 20:00 as all do."""
    days = [at(f"{first}T20:00") + timedelta(days=day) for day in range((at(last) - at(first)).days + 1)]
    flights = [(engine, day) for engine in fleet.engines for day in days]
    fly(flights, received=received, keys=["t24"], value=value)
    compact(required_tenant("readings"), wait=True)


def started() -> list[dict[str, Any]]:
    return list(Job.objects.filter(kind=RESTATE_LATE).order_by("created_at").values_list("params", flat=True))


def run_jobs(now: datetime) -> None:
    """What waits is done, as a worker does it."""
    for job in Job.objects.filter(kind=RESTATE_LATE, state=JobState.QUEUED):
        restate_unattended(statement=UUID(job.params["statement"]), now=now)
        Job.objects.filter(id=job.id).update(state=JobState.DONE)


def versions() -> list[tuple[int, str]]:
    rows = Statement.objects.filter(period_start=NOVEMBER[0]).order_by("version")
    return [(row.version, row.sealed_by) for row in rows]
