"""Which partitions readings need."""

from __future__ import annotations

from tests.twins.telemetry.test_packing import kept
from twins.telemetry import partitions
from twins.telemetry.chunks import Span, start_of
from twins.telemetry.packing import joined

DAY = 86_400_000_000


def test_class_and_month_of_every_reading() -> None:
    standard = kept([(-1, 1.0, 0, 1), (0, 1.0, 0, 1), (30 * DAY, 1.0, 0, 1), (31 * DAY, 1.0, 0, 1)])
    other = kept([(31 * DAY, 1.0, 0, 1)], signal=2**56 + 5)
    assert partitions._wanted(joined([standard, other])) == {(1, -1), (1, 0), (1, 1), (2, 1)}
    assert partitions._wanted(kept([])) == set()
    assert start_of(31 * DAY, Span.MONTH) == 31 * DAY
