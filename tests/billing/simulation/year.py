"""A year of evidence to simulate with: engines that fly once a day, and visits to the shop."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from typing import Any

from billing.contracts.agreement import AgreementDocument, AgreementTerms
from billing.simulation.domain.measured import MeasuredMonth
from billing.simulation.domain.months import MonthResult, settle_months
from billing.simulation.schemas import unpack
from billing.simulation.services import measure_months, tried_agreement
from tests.billing.world import Fleet, agreement, at, visit

AS_OF = at("2026-12-04")


def drafted(fleet: Fleet, *clauses: dict[str, Any], **changes: Any) -> AgreementDocument:
    """What a draft would be; it is kept nowhere."""
    return tried_agreement(AgreementTerms.read(agreement(fleet, *clauses, **changes)))


def look(agreed: AgreementDocument, *, count: int = 12, as_of: datetime = AS_OF) -> dict[str, Any]:
    """What the job keeps."""
    said: list[float] = []
    kept = measure_months(
        agreement=agreed, count=count, as_of=as_of, scoped=nullcontext, told=lambda share, _: said.append(share)
    )
    assert said == [number / count for number in range(count)]
    return kept


def months_in(kept: dict[str, Any], agreed: AgreementDocument) -> list[MeasuredMonth]:
    """The months of it."""
    return [MeasuredMonth.read(month, agreed.terms.terms()) for month in unpack(kept["measured"])]


def settled(kept: dict[str, Any], agreed: AgreementDocument) -> list[MonthResult]:
    """What they come to."""
    return settle_months(months_in(kept, agreed), agreed.terms.terms())


def visits(fleet: Fleet, *spans: tuple[str, str]) -> None:
    """The first engine is in the shop, told when it is back."""
    for start, end in spans:
        visit(fleet.engines[0], start, end, told=end)
