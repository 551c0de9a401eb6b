"""Months of an account: calendar months on its clocks, and how far a running one has come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo


def month_of(moment: datetime, zone: ZoneInfo) -> str:
    """The month that a moment is in, such as ``2026-09``."""
    return f"{moment.astimezone(zone):%Y-%m}"


def following(month: str) -> str:
    """The month after another."""
    year, number = (int(part) for part in month.split("-"))
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def months_from(first: str) -> Iterator[str]:
    """A month and all after it."""
    while True:
        yield first
        first = following(first)


def forecast(counted: Fraction, start: datetime, end: datetime, now: datetime, *, grows: bool) -> Fraction | None:
    """What a meter comes to at the end of a period if it goes on as it did; None while a day has not passed.

    Args:
        counted: What was counted so far.
        start: From when on it was counted.
        end: The first moment after the period.
        now: The moment.
        grows: Whether it adds up; a level stays where it is.
    """
    if not grows:
        return counted
    passed = now - start
    if passed.total_seconds() < 86_400:
        return None
    return counted * Fraction((end - start).total_seconds()) / Fraction(passed.total_seconds())
