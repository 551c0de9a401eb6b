"""What a value of an OPC UA server is to us: samples with the server's instant and status, or a trouble."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from asyncua import ua

from twins.gateways.field.opcua_settings import Node, Timestamps
from twins.gateways.field.samples import Sample, SampleQuality, Trouble

MOST_ELEMENTS = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_QUALITIES = (SampleQuality.GOOD, SampleQuality.UNCERTAIN, SampleQuality.BAD, SampleQuality.BAD)
_OVERFLOW = 0x480
"""The bits of a status that say: the server's queue was full, and values before this one are gone."""
_FIX_NUMBER = "Pick a node with a number, a truth value or an array of these."


def has_overflowed(value: ua.DataValue) -> bool:
    """Whether the server dropped values of this node before this one."""
    return value.StatusCode is not None and (value.StatusCode.value & _OVERFLOW) == _OVERFLOW


def status_trouble(point: Node, value: ua.DataValue) -> Trouble | None:
    """The trouble that a value tells of, if its status is bad or it has none."""
    status = value.StatusCode
    if status is not None and status.is_bad():
        return Trouble(
            "opcua.bad_status", f"the server says {status.name} of {point.key}: {status.doc}"[:400],
            "Look after the device behind this node; its next good value arrives by itself.", point.node,
        )  # fmt: skip
    if value.Value is None or value.Value.Value is None:
        return Trouble("opcua.no_value", f"the server has no value of {point.key} yet", "Wait for it.", point.node)
    return None


def samples_of(point: Node, value: ua.DataValue, timestamps: Timestamps, now: int) -> list[Sample]:
    """The samples in a value: one, or one for each element of an array (``key[0]``, ``key[1]``, …).

    Raises:
        ValueError: It is no number; the message says what it is.
    """
    if value.Value is None or value.Value.Value is None:
        return []
    quality = _QUALITIES[(value.StatusCode.value if value.StatusCode is not None else 0) >> 30]
    at = _instant(value, timestamps, now)
    held = value.Value.Value
    if isinstance(held, list):
        if len(held) > MOST_ELEMENTS:
            raise ValueError(f"an array of {len(held)} values")
        return [Sample(f"{point.key}[{place}]", at, _number(each), quality) for place, each in _elements(held)]
    return [Sample(point.key, at, _number(held), quality)]


def _elements(held: list[object], place: str = "") -> Iterator[tuple[str, object]]:
    for number, each in enumerate(held):
        here = f"{place},{number}" if place else str(number)
        if isinstance(each, list):
            yield from _elements(each, here)
        else:
            yield here, each


def _number(held: object) -> float:
    """A number, or 0 and 1 for a truth value.

    Raises:
        ValueError: It is neither, or not finite.
    """
    if not isinstance(held, bool | int | float):
        raise ValueError(f"a {type(held).__name__}, {str(held)[:40]!r}")
    number = float(held)
    if not math.isfinite(number):
        raise ValueError(f"{number}, which is no finite number")
    return number


def not_a_number(point: Node, error: ValueError) -> Trouble:
    """The trouble with a value that is no number."""
    return Trouble("field.not_a_number", f"{point.key} is {error}", _FIX_NUMBER, point.node)


def _instant(value: ua.DataValue, timestamps: Timestamps, now: int) -> int:
    """The instant the server gives; the other of its two when one is missing, ours when both are."""
    given: tuple[datetime | None, datetime | None] = (value.SourceTimestamp, value.ServerTimestamp)
    for moment in given if timestamps is Timestamps.SOURCE else reversed(given):
        if moment is not None:
            at: int = (moment - _EPOCH) // _MICRO
            if at > 0:
                return at
    return now
