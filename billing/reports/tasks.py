"""Settling and restating as jobs, and what is due by itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from billing.reports.due import settle_unattended, start_due
from billing.reports.restating import follow_late, restate_unattended
from billing.reports.services import Settlement, restate_period, settle_period
from billing.statements.periods import period_of
from tenants.custody.selectors import living_tenants
from tenants.jobs.registry import Reporter
from tenants.jobs.services import start_job
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.context import scope

SETTLE, RESTATE = "billing.settle", "billing.restate"
SWEEP_S = 3600.0
logger = logging.getLogger(__name__)


@shared_task(name="reports.settle_due", ignore_result=True, expires=SWEEP_S)
def settle_due() -> None:
    """Start settling what is due of every tenant."""
    close_old_connections()
    for tenant in living_tenants():
        with scope(tenant):
            start_due(now=utc_now())


@shared_task(name="reports.follow_late", ignore_result=True, expires=SWEEP_S)
def follow_late_evidence() -> None:
    """Look at every tenant for evidence that came in since a statement was sealed."""
    close_old_connections()
    for tenant in living_tenants():
        with scope(tenant):
            follow_late(now=utc_now())


def settle_month(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settle a period of a contract; done twice it gives the same."""
    reporter.progress(0.1, "Sealing evidence and rating it")
    with scope(reporter.tenant):
        contract, (start, end) = UUID(params["contract"]), period_of(params, utc_now())
        return _result(settle_period(contract=contract, start=start, end=end, by=params["by"], now=utc_now()))


def settle_due_month(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settle a period whose grace time is over; done twice it gives the same."""
    reporter.progress(0.1, "Sealing evidence and rating it")
    with scope(reporter.tenant):
        contract, (start, end) = UUID(params["contract"]), period_of(params, utc_now())
        done = settle_unattended(contract=contract, start=start, end=end, now=utc_now())
        return {"waits": True} if done is None else _result(done)


def restate_statement_period(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Restate the period of a statement; done twice it gives the same."""
    reporter.progress(0.1, "Sealing evidence and rating it again")
    with scope(reporter.tenant):
        done = restate_period(statement=UUID(params["statement"]), by=params["by"], now=utc_now())
        return {"changed": False} if done is None else {"changed": True, **_result(done)}


def restate_on_late_evidence(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Restate the period of a statement without a person; done twice it gives the same."""
    reporter.progress(0.1, "Sealing evidence and rating it again")
    with scope(reporter.tenant):
        done = restate_unattended(statement=UUID(params["statement"]), now=utc_now())
        return {"changed": False} if done is None else {"changed": True, **_result(done)}


def follow_decision(statement: UUID, *, by: str, now: datetime) -> None:
    """Have the period of a statement rated again that was disputed; where no job can be had, a person starts one."""
    try:
        start_job(kind=RESTATE, params={"statement": str(statement), "by": by}, by=by, now=now)
    except OutturnError as error:
        logger.warning("the period of statement %s waits to be rated again: %s", statement, error)


def _result(done: Settlement) -> dict[str, Any]:
    return {
        "statement": str(done.statement.id),
        "invoice": None if done.invoice is None else str(done.invoice.id),
        "report": str(done.report.id),
        "total_minor": done.statement.total_minor,
    }
