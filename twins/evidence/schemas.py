"""Types that cross the boundary of evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from tenants.kernel.errors import Finding
from twins.evidence.domain.documents import NamedAsset
from twins.evidence.domain.items import EventKind, Events, Flights
from twins.evidence.domain.states import Cause, State

FLIGHTS = "flights"
"""The figure that counts flights; all others are named after indicators."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What a source says happened to an asset.

    Attributes:
        source: Who says so, such as the name of a maintenance system.
        reference: The source's own name for the event, never used for another.
    """

    asset: UUID
    kind: str
    at: datetime
    source: str
    reference: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """An event that was recorded."""

    id: UUID
    asset: UUID
    kind: EventKind
    at: datetime
    received_at: datetime
    source: str
    reference: str
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All that is known of the assets of a twin.

    Attributes:
        assets: By name; the columns number them in this order.
        flights: Their flights, whenever they were.
        events: Their events, whenever they were.
        said: The same events one by one, in the order of the columns.
    """

    assets: tuple[NamedAsset, ...]
    flights: Flights
    events: Events
    said: tuple[KnownEvent, ...]


@dataclass(frozen=True, slots=True)
class SealedSegment:
    """The evidence of one asset for ``[start, end)`` as it was sealed.

    Attributes:
        document: An entry of ``evidence`` in a rate document with ``asset``, ``name``, ``start``, ``end`` and ``rule``;
            where it rests on batches that sites sealed, ``relies_on`` names their record.
        digest: SHA-256 of its canonical JSON, 64 hexadecimal digits.
        watermark: The count of commits of readings that it is sure to have seen.
    """

    twin: UUID
    asset: UUID
    start: datetime
    end: datetime
    revision: int
    document: dict[str, Any]
    digest: str
    watermark: int
    sealed_at: datetime

    @property
    def site_records(self) -> list[str]:
        """The digests of the site records that it relies on."""
        names: list[str] = self.document.get("relies_on", {}).get("site_record", [])
        return names


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span in one state for one cause."""

    start: datetime
    end: datetime
    state: State
    cause: Cause


@dataclass(frozen=True, slots=True)
class Figure:
    """What an indicator of an asset came to over a span.

    Attributes:
        key: The key of the indicator, or ``FLIGHTS``.
        unit: UCUM code.
        value: Exact.
    """

    key: str
    unit: str
    value: Fraction


@dataclass(frozen=True, slots=True)
class AssetStates:
    """What is known of one asset over a span.

    Attributes:
        rule: By what its readings became states, as its document names it.
        stretches: Without a hole, neighbours differ.
        figures: What its indicators came to: flights count when they landed after the start and up to the end.
        events: Those within the span, and the last one before it.
        findings: What does not fit together within the span.
        document: The evidence as it would be sealed now.
        digest: Of that document.
        sealed: The newest revision that was sealed for exactly this span.
    """

    asset: UUID
    name: str
    rule: dict[str, Any]
    stretches: tuple[Stretch, ...]
    figures: tuple[Figure, ...]
    events: tuple[KnownEvent, ...]
    findings: tuple[Finding, ...]
    document: dict[str, Any]
    digest: str
    sealed: SealedSegment | None = None

    def figure(self, key: str) -> Fraction:
        """What one of its indicators came to; nothing when it has no such indicator."""
        return next((one.value for one in self.figures if one.key == key), Fraction(0))

    @property
    def is_current(self) -> bool:
        """Whether what was sealed is what is known now."""
        return self.sealed is not None and self.sealed.digest == self.digest
