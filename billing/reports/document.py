"""The report as a PDF: PDF/A-3 and PDF/UA-1, with the proof attached.

The same bytes for the same report in the same language and look; what is attached is the same in every language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, gettext

from billing.contracts.shown import span_shown
from billing.reports.ahead import Ahead
from billing.reports.charts import PRINT_STYLE, amounts, percentages, timeline, trends
from billing.reports.schemas import Content, Timeline
from billing.reports.sentences import clause_sentence, sentences_of
from tenants.edge.printing import Letterhead, printed
from tenants.kernel.calendars import epoch_ms, time_zone


def pdf_of(
    content: Content, *, ahead: Sequence[Ahead], bundle: bytes, sealed_at: datetime, letterhead: Letterhead
) -> bytes:  # fmt: skip
    """The document.

    Args:
        content: What it says.
        ahead: What was planned when the report was made.
        bundle: The proof bundle, attached as ``report.json``.
        sealed_at: The moment that stands in the file as its date.
        letterhead: How the organisation looks that sends it.
    """
    return printed(_template(), _data(content, ahead), at=sealed_at, letterhead=letterhead, attached={"bundle": bundle})


def timeline_svgs(content: Content, *, style: str = "") -> list[str]:
    """The pictures of the period, one for each timeline."""
    return [timeline(one.rows, content.days, of=one.title, style=style) for one in content.timelines]


def comparison_svg(content: Content, *, style: str = "") -> str:
    """The picture of what could have been, on the first clause; nothing where nothing is compared."""
    rows = [(one.name, one.drawn) for one in content.comparisons if one.drawn is not None]
    target = content.clauses[0].target if content.clauses else None
    return percentages(rows, target, style=style) if rows else ""


def trends_svg(content: Content, *, style: str = "") -> str:
    """The picture of what the clauses reached in the last periods; nothing without a history."""
    if content.history is None:
        return ""
    targets = {clause.title: clause.target for clause in content.clauses}
    clauses = []
    for place, name in enumerate(content.history.clauses):
        clauses.append((name, [month.drawn[place] for month in content.history.months], targets.get(name)))
    return trends([month.short for month in content.history.months], clauses, style=style)


def amounts_svg(content: Content, *, style: str = "") -> str:
    """The picture of what the last periods came to; nothing without a history, or in several currencies."""
    months = () if content.history is None else content.history.months
    if len({month.currency for month in months}) != 1:
        return ""
    shorts, fees = [month.short for month in months], [month.fee_minor for month in months]
    return amounts(shorts, fees, [month.total_minor for month in months], style=style)


def _data(content: Content, ahead: Sequence[Ahead]) -> dict[str, Any]:
    data = asdict(replace(content, timelines=(), days=()))
    for told, clause in zip(data["clauses"], content.clauses, strict=True):
        told["sentence"] = clause_sentence(clause)
    pictures = timeline_svgs(content, style=PRINT_STYLE)
    return data | {
        "language": get_language() or "en",
        "say": sentences_of(content),
        "timelines": [_timeline(*pair) for pair in zip(content.timelines, pictures, strict=True)],
        "comparison_svg": comparison_svg(content, style=PRINT_STYLE),
        "trends_svg": trends_svg(content, style=PRINT_STYLE),
        "amounts_svg": amounts_svg(content, style=PRINT_STYLE),
        "ahead": [_planned(one, time_zone(content.zone)) for one in ahead],
    }


def _planned(one: Ahead, zone: ZoneInfo) -> dict[str, str]:
    """What is planned by what is printed of it."""
    return {
        "category": one.category,
        "assets": one.assets,
        "span": span_shown(epoch_ms(one.start), epoch_ms(one.end), zone),
        "state": gettext("Approved") if one.is_approved else gettext("Proposed"),
    }


def _timeline(told: Timeline, picture: str) -> dict[str, Any]:
    """A timeline by what is printed of it."""
    rows = [
        {**asdict(row), "digests": [short for short, _ in row.shorts]} for row in told.outages
    ]  # fmt: skip
    return {"title": told.title, "svg": picture, "counts": told.counts, "outages": rows}


@cache
def _template() -> bytes:
    return files("billing.reports").joinpath("report.typ").read_bytes()
