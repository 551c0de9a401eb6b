"""What can be kept of a message in which something is not as it should be, and what has to be set aside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from twins.telemetry.errors import BrokenMessageError
from twins.telemetry.instants import instant
from twins.telemetry.schemas import NO_TIME, SAID, Aside, Message

LONGEST_EXCERPT = 200
LONGEST_KEY = 256

_QUALITY = {word: int(quality) for word, quality in SAID.items()}
_FORMS = (
    'Send {"batch", "readings": [{"key", "at", "value"}]}, {"batch", "key", "at": [], "value": []} '
    'or {"batch", "at": [], "columns": {key: []}}.'
)
_REASONS = {
    "reading.not_a_reading": ("it is not an object with key, at and value", _FORMS),
    "reading.no_key": (f"its key is not a text of 1 to {LONGEST_KEY} characters", "Name the quantity in `key`."),
    "reading.no_time": (
        "its time cannot be read",
        "Send ISO 8601 with an offset, such as 2026-11-20T12:00:00Z, or whole milliseconds since 1970.",
    ),
    "reading.not_a_number": (
        "its value is not a number",
        "Send a JSON number; texts, true, false and null are no readings.",
    ),
    "reading.not_finite": (
        "its value is not a finite number",
        "Send nothing where there is no value.",
    ),
    "reading.text": ("its value is a text", "Send a number; texts are no readings."),
    "line.unreadable": (
        "the line cannot be read as InfluxDB line protocol",
        "Send `measurement,tag=value field=1.5 time`, with commas, spaces and equals signs in names escaped by a \\.",
    ),
    "reading.unknown_quality": ("its quality is none that we know", "Send good, uncertain or bad, or leave it out."),
    "reading.length": (
        "its column is not as long as the column of times",
        "Send one value for each time, null where there is none.",
    ),
}


def salvaged(body: bytes) -> Message:
    """The sound readings of a message, and the others by key and reason.

    Raises:
        BrokenMessageError: It is not JSON, or in none of the forms.
    """
    try:
        # Unlike the fast way this one takes NaN, Infinity and numbers of any length, which are set aside one by one.
        wire = json.loads(body, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BrokenMessageError(f"the message is not JSON: {reason}", fix=_FORMS) from error
    if not isinstance(wire, dict):
        raise BrokenMessageError("the message is not a JSON object", fix=_FORMS)
    salvage = Salvage()
    if isinstance(wire.get("readings"), list):
        _rows(salvage, wire["readings"])
    elif isinstance(wire.get("at"), list) and isinstance(wire.get("columns"), dict):
        _table(salvage, wire["at"], wire["columns"])
    elif isinstance(wire.get("at"), list) and _fits(wire):
        quality = wire.get("quality") or ["good"] * len(wire["at"])
        for at, value, word in zip(wire["at"], wire["value"], quality, strict=True):
            salvage.take(wire.get("key"), at, value, word)
    else:
        raise BrokenMessageError(
            "the message is in none of the three forms, or its columns are of different lengths", fix=_FORMS
        )
    batch = wire.get("batch")
    return salvage.message(batch if isinstance(batch, str) else "")


def as_text(value: object) -> str:
    """A short text of a JSON value that PostgreSQL can keep."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    return keepable(text[:LONGEST_EXCERPT])


def keepable(text: str) -> str:
    """The text without what PostgreSQL cannot keep: NUL and lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _fits(wire: dict[str, Any]) -> bool:
    value, quality = wire.get("value"), wire.get("quality")
    lengths = {len(wire["at"]), len(value) if isinstance(value, list) else -1}
    if quality is not None:
        lengths.add(len(quality) if isinstance(quality, list) else -1)
    return len(lengths) == 1


def _rows(salvage: Salvage, rows: Iterable[Any]) -> None:
    for row in rows:
        if isinstance(row, dict):
            salvage.take(row.get("key"), row.get("at"), row.get("value"), row.get("quality", "good"))
        else:
            salvage.set_aside("", "reading.not_a_reading", excerpt=row)


def _table(salvage: Salvage, at: Sequence[Any], columns: dict[str, Any]) -> None:
    for key, column in columns.items():
        if not isinstance(column, list) or len(column) != len(at):
            salvage.set_aside(key, "reading.length", excerpt=column)
            continue
        for when, value in zip(at, column, strict=True):
            if value is not None:
                salvage.take(key, when, value, "good")


class Salvage:
    """Readings one by one: the sound ones, and the others by key and reason."""

    def __init__(self) -> None:
        self._keys: dict[str, int] = {}
        self._rows: list[tuple[int, int, float, int]] = []
        self._asides: dict[tuple[str, str], tuple[list[int], list[float], str]] = {}

    def take(self, key: object, at: object, value: object, quality: object) -> None:
        """Keep a reading, or set it aside for the first thing that is wrong with it."""
        if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY:
            return self.set_aside(key if isinstance(key, str) else "", "reading.no_key", excerpt=key)
        number = _number(value)
        try:
            when = instant(at)
        except (ValueError, OverflowError):
            return self.set_aside(key, "reading.no_time", value=number, excerpt=at)
        if number is None:
            return self.set_aside(key, "reading.not_a_number", at=when, excerpt=value)
        if not isinstance(quality, str) or quality not in _QUALITY:
            return self.set_aside(key, "reading.unknown_quality", at=when, value=number, excerpt=quality)
        self._rows.append((self._keys.setdefault(keepable(key), len(self._keys)), when, number, _QUALITY[quality]))
        return None

    def set_aside(
        self, key: str, code: str, *, at: int = NO_TIME, value: float | None = None, excerpt: object = None
    ) -> None:
        """Note a reading that cannot be kept."""
        times, values, _ = self._asides.setdefault((keepable(key[:LONGEST_KEY]), code), ([], [], as_text(excerpt)))
        times.append(at)
        values.append(float("nan") if value is None else value)

    def broken(self) -> tuple[Aside, ...]:
        """What cannot be kept."""
        return tuple(_aside(key, code, *what) for (key, code), what in self._asides.items())

    def message(self, batch: str) -> Message:
        """All of it, as columns."""
        columns = list(zip(*self._rows, strict=True)) or [(), (), (), ()]
        return Message(
            batch=batch,
            keys=list(self._keys),
            key=np.array(columns[0], np.int64),
            at=np.array(columns[1], np.int64),
            value=np.array(columns[2], np.float64),
            quality=np.array(columns[3], np.int16),
            broken=self.broken(),
        )


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= 20 else float(digits)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _aside(key: str, code: str, at: list[int], value: list[float], excerpt: str) -> Aside:
    message, fix = _REASONS[code]
    return Aside(key, code, message, fix, np.array(at, np.int64), np.array(value, np.float64), excerpt)
