"""Instants as gateways write them: ISO 8601 with an offset, or whole milliseconds since 1970."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from twins.telemetry.schemas import Ints

Written = int | str

LONGEST_TEXT = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# What datetime can hold: the years 1 to 9999.
_FIRST_MS, _END_MS = -62_135_596_800_000, 253_402_300_800_000

# Texts of these lengths and this shape are read all at once.
_SHAPES = {
    len(shape): np.frombuffer(shape, np.uint8)
    for shape in (b"0000-00-00T00:00:00Z", b"0000-00-00T00:00:00.000Z", b"0000-00-00T00:00:00.000000Z")
}
_ZERO = ord("0")
_FEW = 16


def instants(written: Sequence[Written]) -> Ints | None:
    """All of them in microseconds since 1970, or None when one needs to be looked at by itself."""
    if not written:
        return np.empty(0, np.int64)
    if isinstance(written[0], str):
        if len(written) > 1 and written.count(written[0]) == len(written):  # a snapshot
            one = _from_texts(written[:1])
            return None if one is None else np.repeat(one, len(written))
        return _from_texts(written)
    try:
        milliseconds = np.array(written)
    except (ValueError, OverflowError):
        return None
    if milliseconds.dtype != np.int64 or milliseconds.min() < _FIRST_MS or milliseconds.max() >= _END_MS:
        return None
    return np.asarray(milliseconds * 1000, np.int64)


def instant(written: object) -> int:
    """One of them in microseconds since 1970.

    Raises:
        ValueError: It is neither text with an offset nor whole milliseconds.
    """
    if isinstance(written, bool) or not isinstance(written, int | str):
        raise ValueError(f"{written!r} is no time")
    if isinstance(written, int):
        if not _FIRST_MS <= written < _END_MS:
            raise ValueError(f"{written} is not within the years 1 to 9999")
        return written * 1000
    moment = datetime.fromisoformat(written[:LONGEST_TEXT])
    if moment.tzinfo is None:
        raise ValueError(f"{written!r} has no offset")
    return micros(moment)


def micros(moment: datetime) -> int:
    """An aware moment in microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(instant_us: int) -> datetime:
    """The moment, in UTC, of an instant in microseconds since 1970."""
    return _EPOCH + instant_us * _MICROSECOND


def _one_by_one(written: Sequence[Written]) -> Ints | None:
    """The same for so few that arrays would take longer."""
    try:
        return np.array([instant(one) for one in written], np.int64)
    except ValueError:
        return None


def _from_texts(written: Sequence[Written]) -> Ints | None:
    if len(written) <= _FEW:
        return _one_by_one(written)
    try:
        text = "".join(written).encode()  # type: ignore[arg-type] # a number among them raises
        lengths = set(map(len, written))  # type: ignore[arg-type]
    except TypeError:
        return None
    shape = _SHAPES.get(lengths.pop())
    if lengths or shape is None or len(text) != shape.size * len(written):
        return None
    letters = np.frombuffer(text, np.uint8).reshape(len(written), shape.size)
    is_digit = shape == _ZERO
    if (letters[:, ~is_digit] != shape[~is_digit]).any() or (letters[:, is_digit] - np.uint8(_ZERO) > 9).any():
        return None
    try:
        # Its own reader takes shorter forms too, in zones it then forgets; none of them has this shape.
        read = letters[:, :-1].copy().view(f"S{shape.size - 1}").ravel().astype("datetime64[us]").astype(np.int64)
    except ValueError:
        return None
    return read if read.min() >= _FIRST_MS * 1000 else None
