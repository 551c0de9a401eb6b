"""Windows of metered limits: days and months as the organisation's time zone has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tenants.limits.domain.plans import Kind


@dataclass(frozen=True, slots=True)
class Window:
    """The days over which a limit is counted, half-open, and the moment at which it is free again."""

    first: date
    end: date
    resets_at: datetime


def local_day(now: datetime, zone: str) -> date:
    """The date that it is somewhere."""
    return now.astimezone(_zone(zone)).date()


def day_begins(day: date, zone: str) -> datetime:
    """The first moment of a day somewhere, in UTC; where clocks skip midnight, the moment they do.

    ``fold=0`` is the earlier of two midnights; a midnight that is skipped is taken with the offset from before the
    change, which is the change itself (PEP 495).
    """
    return datetime.combine(day, time.min, tzinfo=_zone(zone)).astimezone(UTC)


def window_of(kind: Kind, now: datetime, zone: str) -> Window | None:
    """The window that a moment is in; None for what has none.

    Args:
        kind: Of the meter.
        now: Aware.
        zone: IANA name; of one that is unknown, UTC is taken, since a limit must not fail for it.
    """
    today = local_day(now, zone)
    if kind is Kind.DAY:
        first, end = today, today + timedelta(days=1)
    elif kind is Kind.MONTH:
        first = today.replace(day=1)
        end = (first + timedelta(days=31)).replace(day=1)
    else:
        return None
    return Window(first, end, day_begins(end, zone))


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")
