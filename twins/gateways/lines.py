"""InfluxDB line protocol: ``measurement[,tag=value...] field=value[,field=value...] [time]``, one point in a line.

The key of a reading is ``measurement[,tag=value...].field`` with the tags in the order of their names. A comma, space
or equals sign that is part of a name (in a measurement a comma or a space) has a backslash before it, whether or not
the sender wrote one. Integers (``i``, ``u``), floats and booleans (as 0 and 1) are readings; texts are set aside. A
point without a time was measured when it arrived. A line that cannot be read is set aside, and the rest is kept.

Lines come again and again with the same names: what the names of a line come to is worked out once and remembered, and
numbers are read many at a time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from twins.gateways.errors import MessageTooLargeError
from twins.telemetry.errors import BrokenMessageError
from twins.telemetry.salvage import Salvage
from twins.telemetry.schemas import NO_TIME, Aside, Floats, Ints, Message

MOST_LINES = 20_000
MOST_POINTS = 60_000
"""Values of one body; a sender that is told 413 sends it in halves."""
PRECISIONS = {
    "ns": (1, 1000), "n": (1, 1000), "us": (1, 1), "u": (1, 1), "µ": (1, 1), "ms": (1000, 1), "s": (1_000_000, 1),
    "m": (60_000_000, 1), "h": (3_600_000_000, 1),
}  # fmt: skip
"""By the name that a sender gives its unit of time: what a microsecond is to it, as factor and divisor."""
UNREADABLE = "line.unreadable"

_FIX = "Send `measurement,tag=value field=1.5 time`, one point in a line."
# What datetime can hold: the years 1 to 9999.
_FIRST_US, _END_US = -62_135_596_800_000_000, 253_402_300_800_000_000
_MOST_SHAPES, _MOST_SHAPE_KEYS = 50_000, 200_000
_MOST_TAGS = 1000
_MOST_JOINS = 1000
"""Texts of one body that may go on in further lines."""
_LONGEST_TEXT_LINES = 100

_NAME = r"(?:[^,= \\]|\\[,= ]?)++"
_LINE = re.compile(
    rf" *+((?:[^, \\]|\\[,= ]?)++)((?:,{_NAME}={_NAME})*+) ++"
    rf'({_NAME}=(?:"(?:[^"\\]|\\.)*+"|[^," ]++)(?:,{_NAME}=(?:"(?:[^"\\]|\\.)*+"|[^," ]++))*+)'
    r"(?: ++(-?[0-9]++))? *+\r?",
    re.DOTALL,
)
_FIELD = re.compile(rf'({_NAME})=("(?:[^"\\]|\\.)*+"|[^," ]++)', re.DOTALL)
_TAG = re.compile(rf"({_NAME})=({_NAME})")
_NUMBER = r"[+-]?+(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+"
_NUMBERS = re.compile(rf"(?:(?:{_NUMBER}|-?[0-9]++[iu])(?:,|\Z))*+")
_ONE_NUMBER = re.compile(rf"{_NUMBER}|-?[0-9]++[iu]")
_SUFFIXES = str.maketrans("", "", "iu")
_ESCAPED = re.compile(r"\\([,= ])")
_TO_ESCAPE = {" ": r"\ ", ",": r"\,"}
_WORDS = dict.fromkeys(("t", "T", "true", "True", "TRUE"), "1") | dict.fromkeys(
    ("f", "F", "false", "False", "FALSE"), "0"
)
_NOT_FINITE = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"})
_TAG_LETTERS = str.maketrans(_TO_ESCAPE | {"=": r"\="})
_MEASUREMENT_LETTERS = str.maketrans(_TO_ESCAPE)

_Shape = tuple[str, ...]
_Time = TypeVar("_Time", int, Ints)
_shapes: dict[_Shape, list[str]] = {}
_shape_keys = 0


@dataclass(slots=True)
class _Points:
    """What has been read of the lines so far.

    Attributes:
        keys: Of each value.
        values: As they are written, integers with their letter.
        counts: The number of values of each line that has any.
        times: The time of each of those lines, as it is written.
        arrived: Those of these lines that have no time.
    """

    keys: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    salvage: Salvage = field(default_factory=Salvage)


def decode_lines(body: bytes, *, precision: str, now_us: int) -> Message:
    """The readings of a body, and what of it could not be read.

    The batch is named by a digest of the body, so that one that is sent again is stored once. Points without a time
    that are sent again are other points: with one of them in it, the name holds the moment of arrival too.

    Args:
        body: Lines, unpacked.
        precision: One of ``PRECISIONS``.
        now_us: The moment of arrival, in microseconds since 1970.

    Raises:
        BrokenMessageError: No line can be read.
        MessageTooLargeError: There are too many lines or values.
    """
    if body.count(b"\n") > MOST_LINES:
        raise _too_many(f"{MOST_LINES} lines")
    text = _decoded(body)
    points = _read(text, precision, is_strict=False)
    columns = _columns(points, precision, now_us)
    if columns is None:
        points = _read(text, precision, is_strict=True)
        columns = _columns(points, precision, now_us)
        assert columns is not None  # each value and time has been looked at
    broken = points.salvage.broken()
    if not points.counts and broken and all(aside.code == UNREADABLE for aside in broken):
        raise BrokenMessageError("none of the lines can be read as InfluxDB line protocol", fix=_FIX)
    at, value = columns
    return Message(
        batch=_name(body, precision, now_us if points.arrived else None),
        keys=points.keys,
        key=np.arange(at.size),
        at=at,
        value=value,
        quality=np.zeros(at.size, np.int16),
        broken=broken,
    )


def unread_lines(asides: Sequence[Aside]) -> tuple[int, str]:
    """How many lines of a batch could not be read, and how the first of them begins."""
    found = next((aside for aside in asides if aside.code == UNREADABLE), None)
    return (0, "") if found is None else (int(found.at.size), found.excerpt)


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("utf-8", "surrogateescape")  # the lines concerned are set aside


def _name(body: bytes, precision: str, now_us: int | None) -> str:
    digest = hashlib.blake2b(body, digest_size=20, person=precision.encode()).hexdigest()
    return digest if now_us is None else f"{digest}-{now_us:x}"


def _too_many(what: str) -> MessageTooLargeError:
    return MessageTooLargeError(f"the body has more than {what}", place="body", fix="Send it in several batches.")


def _read(text: str, precision: str, *, is_strict: bool) -> _Points:
    """Go through the lines; those that are like earlier ones are read by what is known of them, unless it is strict."""
    points = _Points()
    is_plain = not (is_strict or '"' in text or "\\" in text) and text.isascii()
    lines = text.split("\n")
    joins, read_to = _MOST_JOINS, 0
    for number, line in enumerate(lines, 1):
        if number <= read_to or (not is_strict and _read_as_known(points, line, is_plain=is_plain)):
            continue
        whole = line
        if joins and line.count('"') % 2:
            whole, read_to = _whole(lines, number)
            joins -= 1
        if whole.count("=") + len(points.values) > MOST_POINTS + _MOST_TAGS:
            raise _too_many(f"{MOST_POINTS} values")
        _read_slowly(points, whole, number, precision)
    if len(points.values) > MOST_POINTS:
        raise _too_many(f"{MOST_POINTS} values")
    return points


def _read_as_known(points: _Points, line: str, *, is_plain: bool) -> bool:
    """Read a line whose names came before; whether it is one."""
    if not is_plain and ('"' in line or "\\" in line or not line.isascii()):
        return False
    try:
        head, fields, time = line.split(" ")
        parts = fields.replace(",", "=").split("=")
        names = parts[::2]
        points.keys.extend(_shapes[(head, *names)])
    except (ValueError, KeyError):
        return False
    points.values.extend(parts[1::2])
    points.counts.append(len(names))
    points.times.append(time)
    return True


def _whole(lines: Sequence[str], number: int) -> tuple[str, int]:
    """A line with those that a text in it goes on in, and the number of the last of them.

    A text that does not end makes an unreadable line of its first one only.
    """
    line = lines[number - 1]
    if not _LINE.fullmatch(line):
        for end in range(number + 1, min(number + _LONGEST_TEXT_LINES, len(lines)) + 1):
            if '"' in lines[end - 1]:
                whole = "\n".join(lines[number - 1 : end])
                return (whole, end) if _LINE.fullmatch(whole) else (line, number)
    return line, number


def _read_slowly(points: _Points, line: str, number: int, precision: str) -> None:
    """One line, looked at piece by piece; when all of it is plain, what its names come to is remembered."""
    if not line.strip(" \r") or line.startswith("#"):
        return
    found = _LINE.fullmatch(line)
    if found is None or _has_stray_bytes(line) or not _is_time(found[4], precision):
        points.salvage.set_aside("", UNREADABLE, excerpt=f"line {number}: {line}")
        return
    prefix = _prefix(found[1], found[2])
    pairs = _FIELD.findall(found[3])
    keys = [f"{prefix}.{_escaped(name, _TAG_LETTERS)}" for name, _ in pairs]
    before = len(points.keys)
    at = NO_TIME if found[4] is None else _micros(int(found[4]), precision)
    for key, (_, written) in zip(keys, pairs, strict=True):
        value = _WORDS.get(written, written)
        if code := _fault(value):
            points.salvage.set_aside(key, code, at=at, excerpt=written)
        else:
            points.keys.append(key)
            points.values.append(value)
    if count := len(points.keys) - before:
        if found[4] is None:
            points.arrived.append(len(points.counts))
        points.counts.append(count)
        points.times.append(found[4] or "0")
    if "\\" not in line and '"' not in line and line.isascii():
        _remember((found[1] + found[2], *(name for name, _ in pairs)), keys)


def _remember(shape: _Shape, keys: list[str]) -> None:
    global _shape_keys  # noqa: PLW0603 (one memory for the process)
    if len(_shapes) >= _MOST_SHAPES or _shape_keys >= _MOST_SHAPE_KEYS:
        _shapes.clear()
        _shape_keys = 0
    if shape not in _shapes:
        _shapes[shape] = keys
        _shape_keys += len(keys)


def _fault(value: str) -> str:
    """Why a value is no reading; nothing when it is one."""
    if _ONE_NUMBER.fullmatch(value):
        return ""
    if value.startswith('"'):
        return "reading.text"
    return "reading.not_finite" if value.lower() in _NOT_FINITE else "reading.not_a_number"


def _prefix(measurement: str, tags: str) -> str:
    """The part of the key before the field: the same however the sender orders its tags and escapes its letters."""
    pairs = sorted((_escaped(name, _TAG_LETTERS), _escaped(value, _TAG_LETTERS)) for name, value in _TAG.findall(tags))
    return ",".join([_escaped(measurement, _MEASUREMENT_LETTERS), *(f"{name}={value}" for name, value in pairs)])


def _escaped(name: str, letters: dict[int, str]) -> str:
    return _ESCAPED.sub(r"\1", name).translate(letters)


def _has_stray_bytes(line: str) -> bool:
    """Whether it is no UTF-8, or holds what no database keeps."""
    return "\x00" in line or any("\ud800" <= letter <= "\udfff" for letter in line)


def _micros(time: _Time, precision: str) -> _Time:
    factor, divisor = PRECISIONS[precision]
    return time * factor // divisor


def _is_time(written: str | None, precision: str) -> bool:
    # No time of that many digits is within the years; and reading ever more digits takes ever more time.
    return written is None or (len(written) <= 20 and _FIRST_US <= _micros(int(written), precision) < _END_US)


def _columns(points: _Points, precision: str, now_us: int) -> tuple[Ints, Floats] | None:
    """Times and values, or None when something was taken for a number or a time that is none."""
    written = ",".join(points.values)
    if len(points.values) != len(points.keys) or not _NUMBERS.fullmatch(written) or "_" in "".join(points.times):
        return None
    value = np.array(list(map(float, written.translate(_SUFFIXES).split(","))) if written else [], np.float64)
    try:
        times = np.array(list(map(int, points.times)), np.int64)
    except (ValueError, OverflowError):
        return None
    ends = (int(times.min()), int(times.max())) if times.size else ()
    if not all(_FIRST_US <= _micros(end, precision) < _END_US for end in ends):
        return None
    at = _micros(times, precision)
    at[points.arrived] = now_us
    return np.repeat(at, points.counts), value
