"""Where the bars of predictions and their drivers stand, in whole pixels of an SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LOW_FLIGHTS = 30
"""Assets with less remaining life than this are counted and marked."""

WIDTH_PX, DRIVER_PX = 200, 240


@dataclass(frozen=True, slots=True)
class LifeBar:
    """A prediction on a line from 0 to the largest of its table: interval, value, and the mark of few flights."""

    width: int
    left: int
    length: int
    value: int
    mark: int
    tone: str


@dataclass(frozen=True, slots=True)
class DriverBar:
    """A contribution, to the left of the middle where it shortens the life."""

    width: int
    middle: int
    left: int
    length: int
    tone: str


def life_bar(value: float, low: float, high: float, *, longest: float) -> LifeBar:
    """The bar of a prediction; ``longest`` is where the line ends, in flights."""
    scale = WIDTH_PX / max(longest, 1.0)
    left, right = round(low * scale), round(high * scale)
    tone = "bad" if value < LOW_FLIGHTS else "good"
    return LifeBar(WIDTH_PX, left, max(right - left, 2), round(value * scale), round(LOW_FLIGHTS * scale), tone)


def driver_bars(drivers: Sequence[dict[str, Any]]) -> list[DriverBar]:
    """The bars of drivers on one scale."""
    most = max((abs(each["flights"]) for each in drivers), default=1.0) or 1.0
    middle = DRIVER_PX // 2
    bars = []
    for each in drivers:
        length = max(round(abs(each["flights"]) / most * (middle - 2)), 1)
        shortens = each["flights"] < 0
        bars.append(
            DriverBar(DRIVER_PX, middle, middle - length if shortens else middle, length, "bad" if shortens else "good")
        )
    return bars
