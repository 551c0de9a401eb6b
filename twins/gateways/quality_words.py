"""Figures of data quality as people read them, and what to do about a gateway's clock."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from twins.telemetry.quality_figures import Seen
from twins.telemetry.quality_gateways import ClockFault
from twins.telemetry.quality_units import Drift
from twins.telemetry.schemas import Quality

_UNITS = ((86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"), (1_000, "ms"))


class ClockWords(NamedTuple):
    """What is wrong with a clock and how to mend it."""

    fault: Any
    fix: Any


CLOCK_WORDS = {
    ClockFault.ZONE_AHEAD: ClockWords(
        gettext_lazy("Its instants are ahead by whole quarters of an hour: it sends local time as UTC"),
        gettext_lazy("Have it send UTC, or its instants with their offset. What lies in the future is set aside."),
    ),
    ClockFault.ZONE_BEHIND: ClockWords(
        gettext_lazy("Its instants are behind by whole quarters of an hour: it seems to send local time as UTC"),
        gettext_lazy("Have it send UTC, or its instants with their offset."),
    ),
    ClockFault.AHEAD: ClockWords(
        gettext_lazy("Its clock is ahead of ours"),
        gettext_lazy("Set it by a time server (NTP). What lies more than five minutes in the future is set aside."),
    ),
    ClockFault.SLOW: ClockWords(
        gettext_lazy("Everything comes late by about as much"),
        gettext_lazy("Set its clock by a time server (NTP), and look at how long it holds readings back."),
    ),
}


def length_words(microseconds: int) -> str:
    """A length of time in its two largest units."""
    sign, rest = "−" if microseconds < 0 else "", abs(microseconds)
    parts: list[str] = []
    for size, unit in _UNITS:
        count, left = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
            rest = left
        if len(parts) == 2:
            break
    return sign + " ".join(part for part in parts if part) if parts else "0 s"


def share_words(share: float) -> str:
    """A share in percent; rounded down, so that 100 % is all."""
    percent = int(share * 100_000) / 1_000
    digits = 0 if percent == int(percent) else 1 if percent >= 0.1 else 3
    scale = 10**digits
    return f"{number_format(int(percent * scale) / scale, digits)} %"


def drift_words(drift: Drift | None) -> str:
    """What has become of the values, in words."""
    if drift is None:
        return ""
    if drift.change is not None:
        return _("like a change of unit: %(change)s") % {"change": drift.change.name}
    moved = number_format(round(drift.moved, 1), 1)
    return _("its median has moved by %(moved)s of its former ranges") % {"moved": moved}


def shares(seen: Seen) -> list[tuple[Quality, int, str]]:
    """The qualities that there are: each with its number of readings and its share."""
    return [
        (one, int(seen.by_quality[one]), share_words(seen.by_quality[one] / seen.came))
        for one in Quality
        if seen.by_quality[one]
    ]
