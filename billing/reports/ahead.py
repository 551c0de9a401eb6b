"""What is planned for the assets that a report is about: times in which they will not count, as far as claimed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from billing.outcomes.selectors import planned_ahead
from billing.reports.models import Report

MOST = 50
"""Spans that are told, the next."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """One span that is planned; ``assets`` names those of the contract, ``is_approved`` says whether it is agreed."""

    category: str
    assets: str
    start: datetime
    end: datetime
    is_approved: bool


def ahead_of(row: Report, assets: Mapping[str, str], *, now: datetime) -> tuple[Ahead, ...]:
    """What was planned at a moment, as it was known then, the next first.

    Args:
        row: The report.
        assets: The names of the contract's assets by their id.
        now: The moment.
    """
    return tuple(
        Ahead(
            category=claim.category,
            assets=", ".join(assets[each] for each in claim.document["assets"] if each in assets),
            start=claim.start,
            end=claim.end,
            is_approved=is_approved,
        )
        for claim, is_approved in planned_ahead(row.statement.contract_id, assets, now=now, most=MOST)
    )
