"""A history as a file, made piece of time by piece of time, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from tenants.scope.context import required_tenant, scope
from twins.history.formats import PARQUET, columns_of
from twins.history.schemas import HistoryQuestion, Wanted
from twins.telemetry import query
from twins.telemetry.query import Histories, Mark, Shape
from twins.telemetry.query_signals import KnownSignal, known_signals

MOST_ROWS = 20_000_000
"""Readings of one file."""


class File(StrEnum):
    """A kind of file; its value is how its name ends."""

    CSV = "csv"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        """What it is in HTTP."""
        return "text/csv; charset=utf-8" if self is File.CSV else PARQUET


@dataclass(frozen=True, slots=True)
class Pieces:
    """How a file is made.

    Attributes:
        most: Readings that it may have.
        tell: Told of the readings of each piece.
    """

    most: int = MOST_ROWS
    tell: Callable[[int], None] | None = None


def pieces_of(asked: HistoryQuestion, file: File, how: Pieces = Pieces()) -> Iterator[bytes]:
    """The bytes of the file that is asked for: what can be refused is refused now, the rest is read when it is wanted.

    Raises:
        UnknownSignalError: A signal is not there, or out of reach.
        HistorySpanError: The time is empty or out of bounds.
        HistoryTooLargeError: There are more buckets or readings than one file holds.
    """
    signals = known_signals(asked.places)
    if asked.wanted is Wanted.BUCKETS:
        found = query.buckets(signals, asked.start, asked.end, length_us=asked.length_us, zone=asked.zone)
        return _file(file, Shape.BUCKETS, iter([found]))
    query.check_number(signals, asked.start, asked.end, how.most)
    return _file(file, Shape.READINGS, _pages(required_tenant("a file"), signals, asked, how.tell))


def _file(file: File, shape: Shape, found: Iterator[Histories]) -> Iterator[bytes]:
    from twins.history import tables  # noqa: PLC0415 (half a second, and most never ask for it)

    return tables.csv_pieces(found) if file is File.CSV else tables.parquet_pieces(shape, found)


def _pages(
    tenant: UUID, signals: list[KnownSignal], asked: HistoryQuestion, tell: Callable[[int], None] | None
) -> Iterator[Histories]:
    after: Mark | None = None
    while True:
        with scope(tenant):
            page = query.page_of_readings(signals, asked.start, asked.end, most=asked.limit, after=after)
        yield page
        if tell is not None:
            tell(sum(len(next(iter(columns_of(each).values()))) for each in page.signals))
        if page.after is None:
            return
        after = page.after
