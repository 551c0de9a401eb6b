"""What is seen of keys that nothing reads yet."""

from __future__ import annotations

from dataclasses import dataclass

GLIMPSED = 32
"""Readings that are kept of a key that nothing reads: as many as a small chart shows."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What was sent of a key that nothing reads: enough to tell what it is.

    Attributes:
        newest: The newest readings, at most `GLIMPSED`, each instant before its value, in the order of time.
        count: How many were sent.
        low: The smallest value of them all.
        high: The largest.
    """

    newest: tuple[tuple[int, float], ...]
    count: int
    low: float
    high: float

    def and_then(self, other: Glimpse) -> Glimpse:
        """Both together."""
        newest = (*self.newest, *other.newest)
        if other.newest[0] < self.newest[-1]:  # seldom: mostly the other came later
            newest = tuple(sorted(newest))
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Glimpse(newest[-GLIMPSED:], self.count + other.count, low, high)
