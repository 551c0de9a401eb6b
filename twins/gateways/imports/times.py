"""Times as files have them, to microseconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from twins.gateways.imports.schemas import TimeFormat
from twins.telemetry.schemas import Ints

Mask = NDArray[np.bool_]

_PER_MICRO = {
    TimeFormat.SECONDS: 1_000_000.0, TimeFormat.MILLISECONDS: 1000.0, TimeFormat.MICROSECONDS: 1.0,
    TimeFormat.NANOSECONDS: 0.001,
}  # fmt: skip
_DATE = {
    TimeFormat.ISO: r"(?P<y>\d{4})[-/.]?(?P<m>\d{1,2})[-/.]?(?P<d>\d{1,2})",
    TimeFormat.DAY_FIRST: r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4})",
    TimeFormat.MONTH_FIRST: r"(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})[-/.](?P<y>\d{4})",
}
_CLOCK = (
    r"(?:[T ,]+(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?P<zone>Z|UTC|[+-]\d{2}:?(?:\d{2})?)?)?"
)
_PATTERNS = {order: re.compile(date + _CLOCK, re.ASCII) for order, date in _DATE.items()}
_STRICT_ISO = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?$"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# What datetime can hold: the years 1 to 9999.
_FIRST_US, _END_US = -62_135_596_800_000_000, 253_402_300_800_000_000
_NOON = 12


def instants_of(column: pa.Array, order: TimeFormat, zone: str, of_day: pa.Array | None = None) -> tuple[Ints, Mask]:
    """The instants of a column, and which of them could be read.

    Args:
        column: Times, or dates when there is a column of times of the day.
        order: How they are written; a column of Parquet's own type of time needs none.
        zone: Where times without an offset are from. Of an hour that comes twice the first one is meant.
        of_day: Times of the day.
    """
    if pa.types.is_timestamp(column.type):
        return _typed(column, zone)
    if of_day is not None:
        column = pc.binary_join_element_wise(_text(column), _text(of_day), " ")
    if order in _PER_MICRO:
        return _counted(column, order)
    text = pc.utf8_trim_whitespace(_text(column))
    is_strict = order is TimeFormat.ISO and pc.all(pc.match_substring_regex(text, _STRICT_ISO)).as_py()
    if is_strict and text.null_count == 0:
        try:
            return _typed(text.cast(pa.timestamp("us")), zone)
        except pa.ArrowInvalid:  # a day that no month has: one by one
            pass
    return _one_by_one(text, order, ZoneInfo(zone))


def _text(column: pa.Array) -> pa.Array:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _typed(column: pa.Array, zone: str) -> tuple[Ints, Mask]:
    if column.type.tz is None:
        column = pc.assume_timezone(column, zone, ambiguous="earliest", nonexistent="earliest")
    micros = column.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64())
    at = np.asarray(micros.fill_null(0).to_numpy(zero_copy_only=False), np.int64)
    is_read = ~np.asarray(column.is_null().to_numpy(zero_copy_only=False)) & (at >= _FIRST_US) & (at < _END_US)
    return at, is_read


def _counted(column: pa.Array, order: TimeFormat) -> tuple[Ints, Mask]:
    """Numbers since 1970. Whole ones are multiplied as such: a float has too few digits for nanoseconds."""
    if pa.types.is_string(column.type):
        text = pc.utf8_trim_whitespace(column)
        is_number = pc.match_substring_regex(text, r"^-?\d{1,18}(\.\d{1,9})?$")
        column = pc.if_else(is_number, text, pa.scalar(None, pa.string()))
        try:
            column = column.cast(pa.int64())
        except pa.ArrowInvalid:
            column = column.cast(pa.float64())
    is_read = ~np.asarray(column.is_null().to_numpy(zero_copy_only=False))
    value = column.fill_null(0).to_numpy(zero_copy_only=False)
    factor = _PER_MICRO[order]
    with np.errstate(over="ignore", invalid="ignore"):
        estimate = value.astype(np.float64) * factor
        is_read &= (estimate >= _FIRST_US) & (estimate < _END_US)
        safe = np.where(is_read, value, 0)
        if safe.dtype == np.int64:
            at = safe * int(factor) if factor >= 1 else safe // int(1 / factor)
        else:
            at = np.rint(safe.astype(np.float64) * factor).astype(np.int64)
    return np.asarray(at, np.int64), is_read


def _one_by_one(text: pa.Array, order: TimeFormat, zone: ZoneInfo) -> tuple[Ints, Mask]:
    at = np.zeros(len(text), np.int64)
    is_read = np.zeros(len(text), np.bool_)
    for place, written in enumerate(text.to_pylist()):
        found = _PATTERNS[order].fullmatch(written) if written else None
        if found is None:
            continue
        try:
            at[place] = (_moment(found, zone) - _EPOCH) // _MICROSECOND
        except (ValueError, OverflowError):
            continue
        is_read[place] = True
    return at, is_read


def _moment(found: re.Match[str], zone: ZoneInfo) -> datetime:
    part = found.groupdict()
    hour = int(part["H"] or 0)
    if part["half"]:
        if not 1 <= hour <= _NOON:
            raise ValueError("a clock of twelve hours")
        hour = hour % _NOON + (_NOON if part["half"][0] in "Pp" else 0)
    micro = int((part["f"] or "").ljust(6, "0")[:6])
    local = datetime(
        int(part["y"]), int(part["m"]), int(part["d"]), hour, int(part["M"] or 0), int(part["S"] or 0), micro,
        tzinfo=_offset(part["zone"]) or zone,
    )  # fmt: skip
    return local.astimezone(UTC)


def _offset(written: str | None) -> tzinfo | None:
    if not written:
        return None
    return datetime.strptime("+0000" if written in ("Z", "UTC") else _long(written), "%z").tzinfo


def _long(written: str) -> str:
    digits = written.replace(":", "")
    return digits if len(digits) > 3 else f"{digits}00"
