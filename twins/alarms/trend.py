"""The values around an alarm as a small drawing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from twins.alarms.models import Alarm as AlarmRow
from twins.catalog.schemas import Alarm
from twins.telemetry.instants import micros
from twins.telemetry.selectors import series

WIDTH, HEIGHT = 640, 160
BEFORE, AFTER = timedelta(minutes=30), timedelta(minutes=15)
MOST = 600
_MOST_READ = 100_000


@dataclass(frozen=True, slots=True)
class Trend:
    """A drawing of `WIDTH` by `HEIGHT`.

    Attributes:
        start: The moment of its left edge.
        end: That of its right one.
        low: The least value drawn.
        high: The greatest.
        points: The line, as SVG has it.
        limit: How far down the limit lies, None without one.
        active: How far to the right the alarm became active, None when that is not in it.
    """

    start: datetime
    end: datetime
    low: float
    high: float
    points: str
    limit: float | None
    active: float | None


def trend_of(row: AlarmRow, rule: Alarm | None, *, now: datetime) -> Trend | None:
    """The values of an alarm's signal around the instant at which it was last active; None when there are none."""
    if not row.signal:
        return None
    middle = row.activated_at or now
    start, end = middle - BEFORE, min(now, middle + AFTER)
    found = series(row.asset, row.signal, start, end, _MOST_READ)
    if found.at.size < 2:
        return None
    limit = None if rule is None else next((each for each in (rule.above, rule.below) if each is not None), None)
    bounds = [float(found.value.min()), float(found.value.max()), *([] if limit is None else [float(limit)])]
    low, high = min(bounds), max(bounds)
    span, height = micros(end) - micros(start), (high - low) or 1.0
    step = max(1, found.at.size // MOST)
    across = (found.at[::step] - micros(start)) / span * WIDTH
    down = HEIGHT - (found.value[::step] - low) / height * HEIGHT
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across.tolist(), down.tolist(), strict=True))
    at = None if row.activated_at is None else (micros(row.activated_at) - micros(start)) / span * WIDTH
    return Trend(
        start, end, low, high, points, None if limit is None else HEIGHT - (float(limit) - low) / height * HEIGHT, at
    )
