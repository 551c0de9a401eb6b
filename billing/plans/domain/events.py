"""Usage events as they are sent: CloudEvents 1.0, read strictly into what is metered.

Nothing is guessed: an event without a time, with a number that could be two, or of another version is refused with its
place and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from tenants.kernel.canonical import digest
from tenants.kernel.errors import Finding

VERSION = "1.0"
AHEAD = timedelta(minutes=5)
"""How far before ours the clock of a sender may be."""
BACK = timedelta(days=366)
"""How old an event may be: every bill looks back further than this, so that what is taken is charged."""
LONGEST = 255
DIGITS, PLACES = 18, 9
"""How many digits a value may have before and behind its point."""

_HEADER = "ce-"
_NAME = re.compile(r"[a-z0-9]{1,64}")
_JSON = re.compile(r"application/([a-z0-9.+-]+\+)?json(\s*;.*)?", re.IGNORECASE)
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_TEXTS = ("id", "source", "type", "subject", "time")


@dataclass(frozen=True, slots=True)
class Usage:
    """One event, read.

    Attributes:
        source: With `id`, what tells it apart from all others for ever.
        type: What was used; it names a meter.
        subject: Who used it: the organisation's id, or its name in addresses.
        at: When, in UTC; finer than a microsecond is cut off.
        value: How much, or None where the event says which (`item`).
        item: Which one, for a meter that counts different ones.
    """

    source: str
    id: str
    type: str
    subject: str
    at: datetime
    value: Decimal | None = None
    item: str = ""

    def digest_for(self, account: object) -> str:
        """What two events of one identity must agree in: type, whose it is, when, and how much or which.

        The same moment in another offset, or the same number with other zeros, is no other content.
        """
        value = None if self.value is None else plain(self.value)
        told = {"type": self.type, "account": str(account), "at": self.at.isoformat(), "value": value}
        return digest(told | {"item": self.item})


def read_event(given: Any, now: datetime) -> Usage | list[Finding]:
    """One event in the JSON form of CloudEvents; else what is wrong with it.

    Args:
        given: What was sent; numbers with a point are `Decimal`.
        now: The moment, which tells what lies too far ahead or back.
    """
    if not isinstance(given, Mapping):
        return [_refusal("event", "", "This is no CloudEvent.", "Send a JSON object with specversion, id, source, …")]
    faults = [*_named(given), *_texts(given)]
    value, item, wrong = _data(given)
    faults += wrong
    at, late = _time(given.get("time"), now)
    faults += late
    if faults or at is None:
        return faults
    source, event_id, kind, subject = (given[name] for name in ("source", "id", "type", "subject"))
    return Usage(source, event_id, kind, subject, at, value, item)


def read_headers(headers: Mapping[str, str], body: Any) -> dict[str, Any]:
    """An event in binary mode: attributes in headers that begin with ``ce-``, percent-encoded, and data as the body."""
    found = {name.lower(): value for name, value in headers.items()}
    told: dict[str, Any] = {
        name.removeprefix(_HEADER): unquote(value) for name, value in found.items() if name.startswith(_HEADER)
    }
    return told | {"datacontenttype": found.get("content-type", ""), "data": body}


def is_binary(headers: Mapping[str, str]) -> bool:
    """Whether a request carries an event in binary mode."""
    return any(name.lower() == f"{_HEADER}specversion" for name in headers)


def plain(value: Decimal) -> str:
    """A number without exponent and without zeros that say nothing."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"


def _refusal(name: str, place: str, message: str, fix: str) -> Finding:
    return Finding(f"usage.{name}", place, message, fix)


def _named(given: Mapping[str, Any]) -> Sequence[Finding]:
    """What is wrong with the names of attributes, the version and the form of the data."""
    faults = [
        _refusal("attribute", name[:80], f"“{name[:80]}” is no name of an attribute.",
                 "Write names of CloudEvents in small letters and digits.")
        for name in given if name != "data_base64" and not _NAME.fullmatch(name)
    ]  # fmt: skip
    if given.get("specversion") != VERSION:
        fix = 'Send "specversion": "1.0".'
        faults.append(_refusal("specversion", "specversion", "Only CloudEvents 1.0 are read.", fix))
    kind = given.get("datacontenttype", "application/json")
    if "data_base64" in given or not (isinstance(kind, str) and _JSON.fullmatch(kind)):
        fix = "Send the data as JSON in `data`, with the datacontenttype application/json or none."
        faults.append(_refusal("data_form", "datacontenttype", "The data is no JSON.", fix))
    return faults


def _texts(given: Mapping[str, Any]) -> Sequence[Finding]:
    """What is wrong with the attributes that have to be there."""
    faults = []
    for name in _TEXTS:
        text = given.get(name)
        if not isinstance(text, str) or not text.strip():
            fix = {
                "id": "Send an id that is unique in its source, and the same when you send it again.",
                "source": "Send a URI reference of what has measured it.", "type": "Send the type of the meter.",
                "subject": "Send the id of the organisation, or its name in addresses.",
                "time": "Send when it was used, such as 2026-11-20T10:00:00Z; it is never guessed.",
            }[name]  # fmt: skip
            faults.append(_refusal("missing", name, f"`{name}` is missing.", fix))
        elif len(text) > LONGEST:
            fix = f"Send at most {LONGEST} characters."
            faults.append(_refusal("too_long", name, f"`{name}` has {len(text):,} characters.", fix))
    return faults


def _data(given: Mapping[str, Any]) -> tuple[Decimal | None, str, Sequence[Finding]]:
    """How much (`value`) or which (`item`): exactly one of both."""
    data = given.get("data")
    fix = 'Send "data": {"value": "12.5"}, or {"item": "…"} for a meter that counts different ones.'
    if not isinstance(data, Mapping) or ("value" in data) == ("item" in data):
        return None, "", [_refusal("data", "data", "The data says neither how much nor which, or both.", fix)]
    if "item" in data:
        item = data["item"]
        if isinstance(item, str) and 0 < len(item) <= LONGEST:
            return None, item, []
        fix = f"Send a text of 1 to {LONGEST} characters."
        return None, "", [_refusal("item", "data/item", "This does not name one.", fix)]
    value = _number(data["value"])
    if value is None:
        fix = f"Send a decimal number of at most {DIGITS} digits before and {PLACES} behind the point, best as a text."
        return None, "", [_refusal("value", "data/value", "This is no number that can be metered exactly.", fix)]
    return value, "", []


def _number(given: Any) -> Decimal | None:
    if isinstance(given, bool) or not isinstance(given, (str, int, Decimal)):
        return None
    text = given if isinstance(given, str) else format(given, "f") if isinstance(given, Decimal) else str(given)
    if len(text) > 2 * (DIGITS + PLACES) or not _NUMBER.fullmatch(text):
        return None
    whole, _, rest = text.lstrip("-").partition(".")
    return Decimal(text) if len(whole) <= DIGITS and len(rest.rstrip("0")) <= PLACES else None


def _time(given: Any, now: datetime) -> tuple[datetime | None, Sequence[Finding]]:
    if not isinstance(given, str) or not given.strip():
        return None, []  # said to be missing
    at = read_moment(given)
    if at is None:
        fix = "Send it after RFC 3339 with its offset, such as 2026-11-20T10:00:00Z."
        return None, [_refusal("time", "time", f"“{given[:40]}” is no moment.", fix)]
    if at > now + AHEAD:
        fix = "Set the clock of the sender right; usage is sent when it has happened."
        return None, [_refusal("too_far_ahead", "time", f"{given} lies in the future.", fix)]
    if at < now - BACK:
        fix = f"Bills look back {BACK.days} days; agree with the organisation how what is older is settled."
        return None, [_refusal("too_old", "time", f"{given} is too long ago to be charged.", fix)]
    return at, []


def read_moment(text: str) -> datetime | None:
    """A moment after RFC 3339 in UTC, or None for what is none.

    A leap second, which only the last second of a month in UTC can have after it, is the last microsecond before the
    next day: it stays in the day and so in the month it belongs to.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    *wall, fraction, zulu, sign, hours, minutes = found.groups()
    year, month, day, hour, minute, second = (int(part) for part in wall)
    offset = 0 if zulu else int(f"{sign}{int(hours) * 60 + int(minutes)}")
    if not zulu and (int(hours) > 23 or int(minutes) > 59):
        return None
    micros = int((fraction or "0").ljust(6, "0")[:6])
    is_leap = second == 60
    try:
        local = datetime(year, month, day, hour, minute, 59 if is_leap else second, 999_999 if is_leap else micros,
                         tzinfo=timezone(timedelta(minutes=offset)))  # fmt: skip
        at = local.astimezone(UTC)
        is_last = (at + timedelta(microseconds=1)).day == 1 and (at.hour, at.minute) == (23, 59)
    except (ValueError, OverflowError):
        return None
    return at if is_last or not is_leap else None
