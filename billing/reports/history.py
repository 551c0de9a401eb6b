"""How the periods of a contract went, up to that of a report: from the newest version of each statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from billing.contracts.shown import NOTHING, money_shown, period_shown
from billing.reports.schemas import History, Month
from billing.statements.models import Statement
from billing.statements.reached import percent_drawn, percent_or_word
from billing.statements.selectors import newest_versions
from tenants.edge.formats import short_month_shown
from tenants.kernel.calendars import time_zone

MOST = 12
"""Periods that are told."""


def history_of(statement: Statement) -> History | None:
    """The last periods up to that of a statement, in one query; None for the first one, which has no history.

    Args:
        statement: Of any version; its period is told in the newest.
    """
    found = newest_versions(statement.contract_id, statement.period_start, MOST)
    if len(found) < 2:
        return None
    clauses = tuple(dict.fromkeys(clause["id"] for row in found for clause in row.told["clauses"]))
    return History(tuple(name[:1].upper() + name[1:] for name in clauses), tuple(_month(row, clauses) for row in found))


def _month(row: Any, clauses: Iterable[str]) -> Month:
    told: Mapping[str, Any] = row.told
    zone = time_zone(told["zone"])
    reached = {clause["id"]: clause for clause in told["clauses"]}
    fee, credit, earlier = (
        sum(line["minor"] for line in told["lines"] if line["kind"] == kind) for kind in ("fee", "clause", "adjustment")
    )
    return Month(
        name=period_shown(row.period_start, row.period_end, zone),
        short=short_month_shown(row.period_start.astimezone(zone)),
        version=row.version,
        percents=tuple(percent_or_word(reached[name]) if name in reached else NOTHING for name in clauses),
        drawn=tuple(percent_drawn(reached[name]) if name in reached else None for name in clauses),
        fee=money_shown(fee, row.currency),
        credit=money_shown(credit, row.currency) if credit else NOTHING,
        earlier=money_shown(earlier, row.currency) if earlier else NOTHING,
        total=money_shown(row.total_minor, row.currency),
        fee_minor=fee,
        total_minor=row.total_minor,
        currency=row.currency,
    )
