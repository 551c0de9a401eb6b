"""Statements to read, and what is open: adjustments not charged yet."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from billing.contracts.periods import period_text
from billing.contracts.registry import SettledPeriod
from billing.contracts.selectors import holding_from
from billing.outcomes.models import OutcomeRun
from billing.statements.models import Adjustment, ChargedAdjustment, Statement
from tenants.kernel.calendars import time_zone
from tenants.kernel.errors import NotFoundError


class StatementNotFoundError(NotFoundError):
    """The tenant has no such statement."""

    code = "statement.not_found"


def statements() -> QuerySet[Statement]:
    """The statements, the latest period first, the newest version first."""
    return Statement.objects.select_related("contract__customer", "contract_version", "run")


def statement(statement_id: UUID) -> Statement:
    """One statement.

    Raises:
        StatementNotFoundError: There is none.
    """
    found = statements().filter(id=statement_id).first()
    if found is None:
        raise StatementNotFoundError(
            "There is no such statement.", place="statement", fix="Choose one from the list of statements."
        )
    return found


def statements_listed() -> QuerySet[Statement]:
    """The statements with their contract and customer, without the documents that they rest on."""
    return Statement.objects.select_related("contract__customer").defer("document", "contract__draft")


def statements_by_digest(contract: UUID, digests: Collection[str]) -> QuerySet[Statement]:
    """The statements of a contract with these digests; no query for none."""
    return statements_of(contract).filter(digest__in=digests)


def statement_of(run: UUID) -> Statement | None:
    """The statement that was made of a run."""
    return statements().filter(run_id=run).first()


def statements_of(contract: UUID) -> QuerySet[Statement]:
    """The statements of a contract."""
    return statements().filter(contract_id=contract)


def newest_version(contract: UUID, start: datetime) -> Statement | None:
    """The newest version of the statement for the period that starts then."""
    return statements_of(contract).filter(period_start=start).order_by("-version").first()


def newest_versions(contract: UUID, until: datetime, most: int) -> list[Any]:
    """The newest version of each of the last periods that start by a moment, the first period first.

    Each has what is ``told`` of its document, taken out by the database: ``clauses``, ``lines`` and the ``zone``.
    """
    rows = statements_of(contract).select_related(None).defer("document").filter(period_start__lte=until)
    told = JSONObject(
        clauses="document__clauses", lines="document__lines", zone="document__period__time_zone"
    )  # fmt: skip
    newest = rows.annotate(told=told).order_by("-period_start", "-version").distinct("period_start")
    return list(newest[:most])[::-1]


def first_version(contract: UUID, start: datetime, end: datetime) -> Statement | None:
    """The first statement of a period."""
    return statements_of(contract).filter(period_start=start, period_end=end, version=1).first()


def version_before(row: Statement) -> Statement | None:
    """The version that a statement takes the place of; None for a first one, without a query."""
    if row.version == 1:
        return None
    return statements_of(row.contract_id).filter(period_start=row.period_start, version=row.version - 1).first()


def versions_of(row: Statement) -> list[Statement]:
    """All versions of a statement, the first first."""
    return list(statements_of(row.contract_id).filter(period_start=row.period_start).order_by("version"))


def adjustments_of(row: Statement) -> QuerySet[Adjustment]:
    """What a version comes to more than the one it replaces."""
    return Adjustment.objects.filter(statement=row).select_related("statement", "replaced").order_by("id")


def open_adjustments(contract: UUID, before: datetime, currency: str) -> list[Adjustment]:
    """The adjustments in a currency, of periods that ended by a moment, that are charged nowhere yet."""
    found = _open().filter(
        statement__contract_id=contract, statement__period_end__lte=before, statement__currency=currency
    )
    return list(found.prefetch_related("statement", "replaced").order_by("id"))  # there are none as a rule


def left_open(contract: UUID) -> list[Statement]:
    """The versions whose differences are charged nowhere yet, and that no statement will carry; the first first."""
    found = statements_of(contract).filter(Exists(_open().filter(statement=OuterRef("id"))))
    return [row for row in found.order_by("period_start", "version") if not is_followed(row)]


def _open() -> QuerySet[Adjustment]:
    return Adjustment.objects.filter(~Exists(ChargedAdjustment.objects.filter(adjustment=OuterRef("id"))))


def charged_in(adjustment: UUID) -> Statement | None:
    """The statement in which an adjustment stands as a line."""
    found = ChargedAdjustment.objects.filter(adjustment_id=adjustment).select_related("statement").first()
    return None if found is None else found.statement


def overlapping(contract: UUID, start: datetime, end: datetime) -> Statement | None:
    """The newest statement of a period that has some time in common with ``[start, end)``."""
    found = Statement.objects.filter(contract_id=contract, period_start__lt=end, period_end__gt=start)
    return found.first()


def last_sealed(contract: UUID) -> datetime | None:
    """When the last statement of a contract was sealed, whatever its period; None without any."""
    found: datetime | None = Statement.objects.filter(contract_id=contract).aggregate(at=Max("sealed_at"))["at"]
    return found


def name_of(row: Statement) -> str:
    """What a statement is called: its period and version."""
    return statement_name(row, row.contract_version.document["terms"]["time_zone"])


def statement_name(row: Statement, zone: str) -> str:
    """What a statement is called, on the clocks of the zone of its contract."""
    return f"{period_text(row.period_start, row.period_end, time_zone(zone))}, version {row.version}"


def is_followed(row: Statement) -> bool:
    """Whether a statement can come that carries what a version of this one comes to more.

    The contract holds at some time after all that is sealed, in the same currency: amounts of two do not add up.
    """
    sealed = Statement.objects.filter(contract_id=row.contract_id).aggregate(end=Max("period_end"))["end"]
    return any(
        version.document["terms"]["currency"] == row.currency for version in holding_from(row.contract_id, sealed)
    )


def settled_periods(contract: UUID, start: datetime, end: datetime | None, sealed_by: datetime) -> list[SettledPeriod]:
    """The settled periods of a contract that end after ``start`` and begin before ``end``, the first first.

    Of each period the newest version that was sealed by a moment; credits of before they were kept are the run's.
    """
    found = statements_of(contract).filter(period_end__gt=start, sealed_at__lte=sealed_by)
    if end is not None:
        found = found.filter(period_start__lt=end)
    newest = found.order_by("period_start", "-version").distinct("period_start")
    rows = list(newest.select_related("contract_version").defer("document", "contract_version__document"))
    granted = _granted({row.run_id for row in rows if row.credits_minor is None})
    return [
        SettledPeriod(
            row.period_start, row.period_end, row.contract_version.version, row.digest, row.currency,
            granted[row.run_id] if row.credits_minor is None else row.credits_minor,
        )
        for row in rows
    ]  # fmt: skip


def _granted(runs: Collection[UUID]) -> dict[UUID, int]:
    """What some runs credit after caps, minor units."""
    found = OutcomeRun.objects.filter(id__in=runs) if runs else ()
    return {run.id: run.document["outcome"]["workings"]["caps"]["granted"] for run in found}
