"""From the bytes of a message to columns of readings. JSON in one of three forms, every field bounded.

    {"batch": B, "readings": [{"key": K, "at": T, "value": V, "quality": Q}, ...]}
    {"batch": B, "key": K, "at": [T, ...], "value": [V, ...], "quality": [Q, ...]}
    {"batch": B, "at": [T, ...], "columns": {K: [V, ...], ...}}

A time T is ISO 8601 with an offset, or whole milliseconds since 1970. A quality Q is ``good``, ``uncertain`` or ``bad``
and may be left out. In the third form ``null`` stands for a value that was not read. A message of the right types takes
a fast way; any other is looked at piece by piece, and what is sound is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from twins.telemetry.errors import BrokenMessageError
from twins.telemetry.instants import instants
from twins.telemetry.salvage import salvaged
from twins.telemetry.schemas import SAID, Ints, Message

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes of a message, unpacked."""
MOST_READINGS = 20_000

_BATCH = re.compile(r"[!-~]{1,64}")
_Word = Literal["good", "uncertain", "bad"]
_QUALITY = {word: int(quality) for word, quality in SAID.items()}


class _Row(msgspec.Struct, gc=False):
    key: str
    at: int | str
    value: float
    quality: _Word = "good"


class _Wire(msgspec.Struct):
    """All three forms at once; which one it is tells by what is there."""

    batch: str
    readings: list[_Row] | None = None
    key: str | None = None
    at: list[int | str] | None = None
    value: list[float] | None = None
    quality: list[_Word] | None = None
    columns: dict[str, list[float | None]] | None = None


_DECODER = msgspec.json.Decoder(_Wire)


def decode(body: bytes) -> Message:
    """The readings of a message, and what of it could not be read.

    Raises:
        BrokenMessageError: It is not JSON, in none of the three forms, or beyond a bound; nothing of it can be kept.
    """
    if len(body) > LARGEST_BODY:
        raise BrokenMessageError(
            f"the message has more than {LARGEST_BODY} bytes", fix="Send the readings in several batches."
        )
    try:
        message = _columns(_DECODER.decode(body))
    except msgspec.DecodeError:
        message = None
    if message is None:
        message = salvaged(body)
    _check_bounds(message)
    return message


def _check_bounds(message: Message) -> None:
    if not _BATCH.fullmatch(message.batch):
        raise BrokenMessageError(
            "the batch has no name, or one that is not 1 to 64 visible ASCII characters", place="batch",
            fix="Name each batch, and send it again under the same name until it is acknowledged.",
        )  # fmt: skip
    if message.at.size + sum(aside.at.size for aside in message.broken) > MOST_READINGS:
        raise BrokenMessageError(
            f"the batch has more than {MOST_READINGS} readings", fix="Send the readings in several batches."
        )


def _columns(wire: _Wire) -> Message | None:
    """The message, or None when not all of it is sound."""
    if wire.readings is not None:
        return _from_rows(wire.batch, wire.readings)
    at = instants(wire.at or ())
    if wire.at is None or at is None:
        return None
    if wire.columns is not None:
        return _from_table(wire.batch, at, wire.columns)
    return _from_column(wire, at)


def _from_column(wire: _Wire, at: Ints) -> Message | None:
    columns = [column for column in (wire.value, wire.quality) if column is not None]
    if wire.key is None or wire.value is None or any(len(column) != at.size for column in columns):
        return None
    value, quality = np.array(wire.value, np.float64), _qualities(wire.quality or ())
    return _message(wire.batch, [wire.key], np.zeros(at.size, np.int64), at, value, quality)


def _from_rows(batch: str, rows: Sequence[_Row]) -> Message | None:
    at = instants([row.at for row in rows])
    if at is None:
        return None
    words = () if {row.quality for row in rows} <= {"good"} else [row.quality for row in rows]
    value = np.array([row.value for row in rows], np.float64)
    return _message(batch, [row.key for row in rows], np.arange(len(rows)), at, value, _qualities(words))


def _from_table(batch: str, at: Ints, columns: dict[str, list[float | None]]) -> Message | None:
    if any(len(column) != at.size for column in columns.values()):
        return None
    value = np.array(list(columns.values()), np.float64).ravel()  # null becomes NaN
    key = np.repeat(np.arange(len(columns)), at.size)
    times = np.tile(at, len(columns))
    read = ~np.isnan(value)
    if not read.all():
        key, times, value = key[read], times[read], value[read]
    return _message(batch, list(columns), key, times, value, _qualities(()))


def _qualities(words: Sequence[str]) -> NDArray[np.int16]:
    """Their numbers; empty when all are good."""
    if set(words) <= {"good"}:
        return np.empty(0, np.int16)
    return np.array([_QUALITY[word] for word in words], np.int16)


def _message(
    batch: str, keys: list[str], key: Ints, at: Ints, value: NDArray[np.float64], quality: NDArray[np.int16]
) -> Message:
    if quality.size != at.size:
        quality = np.zeros(at.size, np.int16)
    return Message(batch=batch, keys=keys, key=key, at=at, value=value, quality=quality)
