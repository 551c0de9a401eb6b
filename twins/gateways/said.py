"""What a gateway says of itself in headers: ``X-Gateway-Version``, ``X-Backlog``, ``X-Sent-At``, ``X-Replayed``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from twins.telemetry.instants import micros
from twins.telemetry.salvage import as_text
from twins.telemetry.schemas import NO_TIME, Said

LONGEST_VERSION = 60
_MOST_DIGITS = 15


def said_in(headers: Mapping[str, str]) -> Said:
    """What headers say; what cannot be read is left aside, for it is a figure to look at and nothing more.

    ``User-Agent`` stands in for a missing version, ``Date`` (whole seconds) for a missing ``X-Sent-At``, which is ISO
    8601 with an offset, or milliseconds since 1970. ``X-Replayed: 1`` says that the batch was kept through an outage.
    """
    version = headers.get("x-gateway-version") or headers.get("user-agent", "")
    return Said(
        version=as_text(version.strip())[:LONGEST_VERSION],
        backlog=_number(headers.get("x-backlog", "")),
        sent_at=_instant(headers.get("x-sent-at", ""), headers.get("date", "")),
        replayed=headers.get("x-replayed", "").strip() == "1",
    )


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None


def _instant(sent_at: str, date: str) -> int:
    if (milliseconds := _number(sent_at)) is not None:
        return milliseconds * 1000
    try:
        told = datetime.fromisoformat(sent_at.strip()) if sent_at else parsedate_to_datetime(date) if date else None
        return micros(told) if told is not None and told.utcoffset() is not None else NO_TIME
    except (ValueError, TypeError, OverflowError):
        return NO_TIME
