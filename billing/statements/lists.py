"""What lists of statements, invoices and reports have in common: their period, outcome and total, and the filters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, Func, JSONField, Max, Min
from django.utils.translation import gettext_lazy as _

from billing.contracts.figures import percent_short
from billing.contracts.shown import statement_shown
from billing.statements.models import Statement
from billing.statements.reached import Reached, reached, summary, told_first
from tenants.edge.formats import month_shown
from tenants.edge.lists import MOST_CHOICES, Column, Filter, Rows
from tenants.kernel.calendars import time_zone
from tenants.kernel.money import Money

_EASTERNMOST = timedelta(hours=14)
"""Where the clocks are this far ahead a month begins so long before it does in UTC."""


def with_figures(rows: Rows, statement: str = "") -> Rows:
    """Rows with the `zone` that a statement's period is told in, its `clauses`, and their `remedies` in that order.

    Taken out of the documents by the database: a page of them would be megabytes.

    Args:
        rows: Statements, or what belongs to one.
        statement: The path to the statement, with ``__`` at its end.
    """
    terms = f"{statement}contract_version__document__terms"
    found: Rows = rows.annotate(
        zone=F(f"{terms}__time_zone"),
        clauses=F(f"{statement}document__clauses"),
        remedies=Func(
            F(f"{terms}__clauses"), template="jsonb_path_query_array(%(expressions)s, '$[*].remedies')",
            output_field=JSONField(),
        ),
    )  # fmt: skip
    return found


def name_shown(row: Any, statement: Statement) -> str:
    """What a statement is called, from its row or from that of what belongs to it."""
    return _named(statement, row.zone)


def name_of(statement: Statement) -> str:
    """What a statement is called, in the language of the page."""
    return _named(statement, statement.contract_version.document["terms"]["time_zone"])


def _named(row: Statement, zone: str) -> str:
    return statement_shown(row.period_start, row.period_end, time_zone(zone), row.version)


def reached_of(row: Any) -> tuple[Reached, ...]:
    """What each clause came to, of a row with figures."""
    return reached(row.clauses, row.remedies)


def outcome_columns() -> tuple[Column, Column]:
    """What was reached, of rows with figures, in words; the file has beside it the percent of the clause told first."""

    def percent(row: Any) -> Decimal | None:
        first = told_first(reached_of(row))
        return None if first is None or first.percent is None else Decimal(percent_short(first.percent))

    return (
        Column("outcome", _("Outcome"), value=lambda row: summary(reached_of(row))),
        Column("percent", _("Outcome"), kind="number", unit="%", value=percent, is_shown=False),
    )


def total_column(statement: str = "") -> tuple[Column, Column]:
    """The total of a statement, and its currency for the file."""

    def money(row: Any) -> Money:
        found = getattr(row, statement) if statement else row
        return Money(found.total_minor, found.currency)

    return (
        Column("total", _("Total"), kind="money", value=money, sort="" if statement else "total_minor"),
        Column("currency", _("Currency"), value=lambda row: money(row).currency, is_shown=False),
    )


def period_filter(start: str, customer: UUID | None = None) -> Filter:
    """A choice of a year, or of a month.

    Args:
        start: The path to the start of the period.
        customer: The end customer whose people ask: they are not told how long others are customers.
    """

    def choices() -> list[tuple[str, str]]:
        found = Statement.objects.filter(contract__customer=customer) if customer else Statement.objects
        ends = found.aggregate(first=Min("period_start"), last=Max("period_start"))
        if ends["first"] is None:
            return []
        return _periods(*((ends[side] + _EASTERNMOST).date().replace(day=1) for side in ("first", "last")))

    def apply(rows: Rows, value: str) -> Rows:
        first, after = _span(value)
        return rows.filter(**{f"{start}__gte": first - _EASTERNMOST, f"{start}__lt": after - _EASTERNMOST})

    return Filter("period", _("Period"), choices, apply)


def _periods(first: date, last: date) -> list[tuple[str, str]]:
    """The years and months from one month to another, the latest first; only the years when there are many."""
    years = [(f"{year}", f"{year}") for year in range(last.year, first.year - 1, -1)]
    both = [*years, *((f"{month:%Y-%m}", month_shown(month)) for month in _months(first, last))]
    return both if len(both) <= MOST_CHOICES else years


def _months(first: date, last: date) -> Iterator[date]:
    while last >= first:
        yield last
        last = (last - timedelta(days=1)).replace(day=1)


def _span(value: str) -> tuple[datetime, datetime]:
    """From the first instant of a year or month to that of the next, in UTC."""
    year, month = int(value[:4]), int(value[5:] or 0)
    months = 12 * year + max(month, 1) - 1
    after = months + (1 if month else 12)
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC), datetime(after // 12, after % 12 + 1, 1, tzinfo=UTC)
