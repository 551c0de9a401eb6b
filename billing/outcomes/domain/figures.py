"""How figures are written for people: never rounded up, never without the exact value beside a shortened one."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import floor
from zoneinfo import ZoneInfo

from tenants.kernel.calendars import from_epoch_ms


def percent_text(ratio: Fraction) -> str:
    """A ratio in percent with six digits, rounded down, so that what is shown never claims more than was reached."""
    return _six_digits(100 * ratio)


def exact_text(number: Fraction) -> str:
    """A number as a decimal where it is a short one, else six digits rounded down beside the fraction."""
    shown = _six_digits(number)
    if Fraction(shown) == number:
        return shown.rstrip("0").rstrip(".")
    return f"{shown} ({number})"


def seconds_text(milliseconds: int) -> str:
    """A length in seconds, with three digits after the point where it is not whole."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole}.{rest:03d} s" if rest else f"{whole} s"


@lru_cache(maxsize=4096)  # one segment ends where the next starts, and many reports are received together
def moment_text(instant: int, zone: ZoneInfo) -> str:
    """An instant on the clocks of a zone, with its offset."""
    return from_epoch_ms(instant).astimezone(zone).isoformat(timespec="milliseconds" if instant % 1000 else "seconds")


def _six_digits(number: Fraction) -> str:
    millionths = floor(number * 1_000_000)
    return f"{millionths // 1_000_000}.{millionths % 1_000_000:06d}"
