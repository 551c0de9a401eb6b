"""How figures are written for people: never rounded up, never without the exact value beside a shortened one."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo


def percent_text(ratio: Fraction) -> str:
    """A ratio in percent with six digits, rounded down, so that what is shown never claims more than was reached."""
    return _six_digits(100 * ratio)


def exact_text(number: Fraction) -> str:
    """A number as a decimal where it is a short one, else six digits rounded down beside the fraction."""
    numerator, denominator = number.as_integer_ratio()
    if denominator == 1:
        return str(numerator)
    shown = _six_digits(number)
    if 1_000_000 % denominator == 0:
        return shown.rstrip("0")
    return f"{shown} ({number})"


@lru_cache(maxsize=4096)  # what runs evenly rises by the same again and again
def told_text(exact: str) -> str:
    """A number that is kept as text, see `exact_text`."""
    return exact_text(Fraction(exact))


@lru_cache(maxsize=4096)
def seconds_text(milliseconds: int) -> str:
    """A length in seconds, with three digits after the point where it is not whole."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole}.{rest:03d} s" if rest else f"{whole} s"


@lru_cache(maxsize=4096)  # one segment ends where the next starts, and many reports are received together
def moment_text(instant: int, zone: ZoneInfo) -> str:
    """An instant on the clocks of a zone, with its offset."""
    seconds, rest = divmod(instant, 1000)
    text = datetime.fromtimestamp(seconds, zone).isoformat()
    return f"{text[:19]}.{rest:03d}{text[19:]}" if rest else text


@lru_cache(maxsize=4096)  # what happens to many assets at once happens to them from the same moment to the same
def span_text(start: int, end: int, zone: ZoneInfo) -> str:
    """A span of time on the clocks of a zone."""
    return f"{moment_text(start, zone)} to {moment_text(end, zone)}"


def _six_digits(number: Fraction) -> str:
    numerator, denominator = number.as_integer_ratio()
    millionths = numerator * 1_000_000 // denominator
    whole, part = divmod(abs(millionths), 1_000_000)
    return f"{'-' if millionths < 0 else ''}{whole}.{part:06d}"
