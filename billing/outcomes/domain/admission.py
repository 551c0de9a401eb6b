"""Which evidence is rated: what was known at ``as_of`` and had come in before the correction window closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from billing.outcomes.domain.document import (
    RECEIVED,
    AssetEvidence,
    CounterReading,
    ExclusionClaim,
    RateDocument,
    RateReport,
    StateReport,
)
from tenants.kernel.calendars import Span

Reason = Literal[
    "received after as_of", "received after the correction window", "not approved", "approved after as_of", "withdrawn"
]

_Evidence = TypeVar("_Evidence", StateReport, CounterReading, RateReport)


@dataclass(frozen=True, slots=True)
class Unrated:
    """Evidence or an exclusion that is recorded and was not rated.

    Attributes:
        asset: Whose it is; all of them, with commas, for an exclusion.
        kind: ``state``, ``counter``, ``rate`` or ``exclusion``.
        start: First instant it speaks of.
        end: First instant after; a counter reading speaks of one instant only.
        content: What it says.
        known: When it was received, approved or withdrawn; None for never.
        reason: Why it does not count.
    """

    asset: str
    kind: str
    start: int
    end: int
    content: str
    known: int | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Admitted:
    """What is rated of a document.

    Attributes:
        evidence: By asset, without what came too late.
        claims: The spans excluded, by asset and category.
        unrated: Everything left out, sorted, each once.
    """

    evidence: Mapping[str, AssetEvidence]
    claims: Mapping[str, Mapping[str, list[Span]]]
    unrated: tuple[Unrated, ...]


def admit(document: RateDocument) -> Admitted:
    """Part a document into what is rated and what is only recorded; the limits themselves are still in time."""
    unrated: set[Unrated] = set()
    evidence = {
        asset: replace(
            known,
            states=_in_time(asset, known.states, document, unrated),
            counters=_in_time(asset, known.counters, document, unrated),
            rates=_in_time(asset, known.rates, document, unrated),
            measures={name: _in_time(asset, some, document, unrated) for name, some in known.measures.items()},
            conditions={
                name: _in_time(asset, some, document, unrated, of=name) for name, some in known.conditions.items()
            },
        )
        for asset, known in document.evidence.items()
    }
    claims: dict[str, dict[str, list[Span]]] = {asset: {} for asset in evidence}
    for claim in document.exclusions:
        reason = _refusal(claim, document.as_of)
        if reason is not None:
            unrated.add(_refused(claim, reason))
            continue
        for asset in claim.assets:
            claims[asset].setdefault(claim.category, []).append((claim.start, claim.end))
    return Admitted(evidence, claims, tuple(sorted(unrated, key=_order)))


def _in_time(
    asset: str, evidence: tuple[_Evidence, ...], document: RateDocument, unrated: set[Unrated], *, of: str = ""
) -> tuple[_Evidence, ...]:
    closing = document.period[1] + document.contract.correction_window
    limit = min(document.as_of, closing)
    received: list[Any] = list(map(RECEIVED, evidence))
    try:
        if max(received, default=limit) <= limit:  # as is usual
            return evidence
    except TypeError:
        pass  # of one of them nobody says when it was received
    for item, at in zip(evidence, received, strict=True):
        if at is not None and at > limit:
            unrated.add(_late(asset, item, closing, of))
    return tuple(item for item, at in zip(evidence, received, strict=True) if at is None or at <= limit)


def _late(asset: str, item: StateReport | CounterReading | RateReport, closing: int, of: str) -> Unrated:
    is_closed = item.received is not None and item.received > closing
    reason: Reason = "received after the correction window" if is_closed else "received after as_of"
    if isinstance(item, StateReport):
        content = f"{of} {item.state}" if of else item.state
        return Unrated(asset, "state", item.start, item.end, content, item.received, reason)
    if isinstance(item, CounterReading):
        return Unrated(asset, "counter", item.at, item.at, f"{item.id} at {item.value}", item.received, reason)
    return Unrated(asset, "rate", item.start, item.end, str(item.value), item.received, reason)


def _refusal(claim: ExclusionClaim, as_of: int) -> Reason | None:
    """Why a claim does not count; a withdrawal counts, as an approval does, from the moment it is known."""
    if claim.withdrawn is not None and claim.withdrawn <= as_of:
        return "withdrawn"
    if claim.approved is None:
        return "not approved"
    return "approved after as_of" if claim.approved > as_of else None


def _refused(claim: ExclusionClaim, reason: Reason) -> Unrated:
    assets = ", ".join(sorted(claim.assets))
    known = claim.withdrawn if reason == "withdrawn" else claim.approved
    return Unrated(assets, "exclusion", claim.start, claim.end, claim.category, known, reason)


def _order(item: Unrated) -> tuple[str, str, int, int, str, int]:
    return (item.asset, item.kind, item.start, item.end, item.content, -1 if item.known is None else item.known)
