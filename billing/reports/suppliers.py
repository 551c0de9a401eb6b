"""What one supplier has for one of its customers: contracts, the newest reports, and what is open; in its scope.

The number of queries is the same however much there is, and each list is cut off where its own page goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Min, Sum

from billing.contracts.offers import contracts_seen_by
from billing.contracts.selectors import offered
from billing.contracts.shown import statement_shown
from billing.disputes.selectors import disputes_listed, living, state_of
from billing.invoices.models import Invoice
from billing.outcomes.selectors import undecided
from billing.payments.selectors import still_open
from billing.reports.selectors import reports
from billing.statements.reached import Reached, reached
from tenants.kernel.calendars import time_zone
from tenants.scope.actors import Actor

MOST = 50
"""Of each kind that is told."""
MOST_REPORTS = 5


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report in a list: what it is about, what was reached, the total in minor units, and when it was made."""

    id: UUID
    contract: str
    name: str
    clauses: tuple[Reached, ...]
    total: int
    currency: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class ToSign:
    """A version of a contract that waits for the customer, and from when on it would hold."""

    contract: UUID
    title: str
    version: int
    starts: datetime


@dataclass(frozen=True, slots=True)
class ToObject:
    """Claims under a contract that nobody decided about: how many, and until when one may object to the first."""

    contract: UUID
    title: str
    number: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Disputed:
    """A dispute that is not over; `is_ours` when the customer is to answer, else the supplier is."""

    id: UUID
    contract: str
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Unpaid:
    """The open invoices of one currency: how many, what is open of them in minor units, when the first is due."""

    currency: str
    number: int
    minor: int
    due_on: date


@dataclass(frozen=True, slots=True)
class Summary:
    """What one supplier has for a customer."""

    contracts: tuple[tuple[UUID, str], ...]
    reports: tuple[NewReport, ...]
    to_sign: tuple[ToSign, ...]
    to_object: tuple[ToObject, ...]
    disputes: tuple[Disputed, ...]
    unpaid: tuple[Unpaid, ...]

    @property
    def newest(self) -> datetime | None:
        """When the newest report was made."""
        return self.reports[0].made_at if self.reports else None

    @property
    def is_nothing_open(self) -> bool:
        """Whether nothing waits for anybody."""
        return not (self.to_sign or self.to_object or self.disputes or self.unpaid)


def summary_for(actor: Actor, *, now: datetime) -> Summary:
    """What the supplier in scope has for the customer whose person acts; in eight queries."""
    customer = actor.customer
    if customer is None:
        raise ValueError("a summary is for a customer's people")
    titles = contracts_seen_by(actor).order_by("title", "id").values_list("id", "title")
    living_ones = living(disputes_listed(customer))[:MOST]
    return Summary(
        contracts=tuple(titles[:MOST]),
        reports=_newest_reports(customer),
        to_sign=_to_sign(customer),
        to_object=_to_object(customer, now),
        disputes=tuple(Disputed(row.id, row.contract.title, state_of(row) == "offered") for row in living_ones),
        unpaid=tuple(_unpaid(customer)),
    )


def _newest_reports(customer: UUID) -> tuple[NewReport, ...]:
    rows: Iterable[Any] = (
        reports(customer).defer("bundle", "pdf", "statement__document").order_by("-made_at", "-id")
        .annotate(clauses=F("statement__document__clauses"))[:MOST_REPORTS]
    )  # fmt: skip
    return tuple(_new_report(row) for row in rows)


def _new_report(row: Any) -> NewReport:
    statement, terms = row.statement, row.statement.contract_version.document["terms"]
    zone = time_zone(terms["time_zone"])
    name = statement_shown(statement.period_start, statement.period_end, zone, statement.version)
    clauses = reached(row.clauses, [clause["remedies"] for clause in terms["clauses"]])
    return NewReport(
        row.id, statement.contract.title, name, clauses, statement.total_minor, statement.currency, row.made_at
    )


def _to_sign(customer: UUID) -> tuple[ToSign, ...]:
    rows = offered().filter(contract__customer=customer).order_by("effective_from", "id")
    found = rows.values_list("contract_id", "contract__title", "version", "effective_from")[:MOST]
    return tuple(ToSign(*row) for row in found)


def _to_object(customer: UUID, now: datetime) -> tuple[ToObject, ...]:
    rows = undecided(now).filter(contract__customer=customer).order_by()
    counted = rows.values("contract_id", "contract__title").annotate(number=Count("id"), until=Min("objection_until"))
    found = counted.order_by(F("until").asc(nulls_last=True), "contract__title")
    return tuple(
        ToObject(row["contract_id"], row["contract__title"], row["number"], row["until"]) for row in found[:MOST]
    )


def _unpaid(customer: UUID) -> Iterable[Unpaid]:
    """One for each currency, for nothing is added over currencies."""
    rows = still_open(Invoice.objects.filter(customer=customer)).order_by().values("currency")
    for row in rows.annotate(number=Count("id"), sum=Sum("left"), first=Min("due_on")).order_by("currency"):
        yield Unpaid(row["currency"], row["number"], row["sum"], row["first"])
