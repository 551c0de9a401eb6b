"""What somebody asks a history for, and the forms in which it is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from twins.telemetry.query import Mark

MOST_TEXT = 1000
"""Letters of a note."""


class Wanted(StrEnum):
    """How a history is to be told; `DRAWING` leaves the choice between points and buckets to us."""

    DRAWING = "drawing"
    POINTS = "points"
    BUCKETS = "buckets"
    READINGS = "readings"


@dataclass(frozen=True, slots=True)
class HistoryQuestion:
    """What is asked.

    Attributes:
        places: Asset and key of each signal.
        start: First instant.
        end: First instant after.
        number: At most so many points or buckets a signal.
        length_us: Length of a bucket; None for what `number` needs.
        zone: Whose calendar buckets of whole days keep; None for UTC.
        limit: At most so many readings in all.
        after: What a page of readings goes on after.
    """

    places: tuple[tuple[UUID, str], ...]
    start: datetime
    end: datetime
    wanted: Wanted = Wanted.DRAWING
    number: int = 500
    length_us: int | None = None
    zone: ZoneInfo | None = None
    limit: int = 10_000
    after: Mark | None = None


@dataclass(frozen=True, slots=True)
class AnnotationTerms:
    """What is noted: at an instant, or over ``[start, end)``; of one asset's signal, of an asset, or of the twin."""

    text: str
    start: datetime
    end: datetime | None = None
    asset: UUID | None = None
    key: str = ""
