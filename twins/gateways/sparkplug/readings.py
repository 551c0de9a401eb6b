"""From the metrics of edge nodes to columns of readings; what is no number is set aside one by one.

The key of a metric is ``<group>/<node>/<metric>``, that of a device's ``<group>/<node>/<device>/<metric>``. Values
that are null, or that the node marks as transient (not to be stored), are no readings.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np

from twins.gateways.sparkplug.domain import BD_SEQ, Birth, Data
from twins.gateways.sparkplug.wire import Kind, Metric
from twins.gateways.topics import EdgeNode
from twins.telemetry.salvage import LONGEST_KEY, as_text, keepable
from twins.telemetry.schemas import NO_TIME, Aside, Message, Quality

_CONTROLS = ("Node Control/", "Device Control/")
_SIGNED = {Kind.INT8: 8, Kind.INT16: 16, Kind.INT32: 32, Kind.INT64: 64}
_NUMBERS = frozenset((Kind.UNKNOWN, *range(Kind.INT8, Kind.BOOLEAN + 1)))
_LATEST_MS = 253_402_300_799_999
"""The end of the year 9999."""
_QUALITIES = {192: Quality.GOOD, 500: Quality.BAD, 0: Quality.BAD}
_FIXES = {
    "sparkplug.not_a_number": "Send the quantity as a number; texts, times, data sets and templates are no readings.",
    "sparkplug.unknown_alias": "Have the edge node answer Node Control/Rebirth, so that its birth says what it means.",
    "sparkplug.alias_changed": "Keep the alias of a metric from one birth to the next.",
    "reading.no_time": "Set the clock of the edge node; times are milliseconds since 1970.",
    "reading.no_key": f"Shorten the names: group, node, device and metric have {LONGEST_KEY} characters together.",
}


def key_of(node: EdgeNode, device: str, metric: str) -> str:
    """The gateway's key for a metric."""
    return "/".join((*node, device, metric) if device else (*node, metric))


def keys_of(node: EdgeNode, device: str, birth: Birth) -> list[str]:
    """The keys of all metrics of a birth."""
    return [key_of(node, device, name) for name in birth.kinds if not is_control(name)]


class Columns:
    """Readings of several payloads of one edge node, on their way into one message."""

    def __init__(self, node: EdgeNode) -> None:
        self._node = node
        self._keys: dict[str, int] = {}
        self._rows: list[tuple[int, int, float, int]] = []
        self._asides: dict[tuple[str, str], tuple[str, list[int], list[float], str]] = {}
        self._name = blake2b(digest_size=20)

    @property
    def size(self) -> int:
        """How many readings there are, with those set aside."""
        return len(self._rows) + sum(len(at) for _, at, _, _ in self._asides.values())

    def add(self, data: Data, *, arrival_ms: int) -> None:
        """Add the values of a payload.

        Args:
            data: The payload, and what its aliases mean.
            arrival_ms: The instant of values that have none.
        """
        for metric in data.payload.metrics:
            if metric.is_null or metric.is_transient or metric.value is None:
                continue
            name, fault = _name_of(metric, data)
            if not is_control(name):
                at = data.payload.at if metric.at is None else metric.at
                self._take(data, metric, name, fault, arrival_ms if at is None else at)

    def message(self) -> Message:
        """All of it; the name of the batch follows from what is in it, so that the same is stored once."""
        columns = list(zip(*self._rows, strict=True)) or [(), (), (), ()]
        return Message(
            batch=f"s{self._name.hexdigest()}",
            keys=list(self._keys),
            key=np.array(columns[0], np.int64),
            at=np.array(columns[1], np.int64),
            value=np.array(columns[2], np.float64),
            quality=np.array(columns[3], np.int16),
            broken=tuple(_asides(self._asides.items())),
        )

    def _take(self, data: Data, metric: Metric, name: str, fault: str, at: int) -> None:
        key = keepable(key_of(self._node, data.device, name))
        kind = metric.kind or (data.birth.kinds.get(name, 0) if data.birth else 0)
        number = _number(metric, kind)
        self._name.update(f"{key}\0{at}\0{metric.value!r}\0".encode())
        micros = at * 1000 if at <= _LATEST_MS else NO_TIME
        if not fault:
            fault = _fault(key, number, micros)
        if fault or number is None:
            said = f"its type is {word_of(kind)}, which is no number" if fault == "sparkplug.not_a_number" else ""
            self._set_aside(key, fault, said, micros, float("nan") if number is None else number, metric.value)
        else:
            quality = _quality(metric.quality, is_sure=data.is_sure)
            self._rows.append((self._keys.setdefault(key, len(self._keys)), micros, number, quality))

    def _set_aside(self, key: str, code: str, said: str, at: int, value: float, sent: object) -> None:
        excerpt = as_text(sent.hex() if isinstance(sent, bytes) else sent)
        _, times, values, _ = self._asides.setdefault((key[:LONGEST_KEY], code), (said, [], [], excerpt))
        times.append(at)
        values.append(value)


_MESSAGES = {
    "sparkplug.unknown_alias": "no birth that we know says what its alias means",
    "sparkplug.alias_changed": "its alias meant another metric before the birth that came after it",
    "reading.no_time": "its time cannot be read",
    "reading.no_key": "its key is too long",
}


def _asides(
    found: Iterable[tuple[tuple[str, str], tuple[str, list[int], list[float], str]]],
) -> Iterable[Aside]:
    for (key, code), (said, at, value, excerpt) in found:
        message = said or _MESSAGES[code]
        yield Aside(key, code, message, _FIXES[code], np.array(at, np.int64), np.array(value, np.float64), excerpt)


def _name_of(metric: Metric, data: Data) -> tuple[str, str]:
    """The name of a metric, and the fault when it is not known."""
    if metric.name:
        return metric.name, ""
    known = data.birth.names.get(metric.alias or 0) if data.birth and metric.alias is not None else None
    before = data.former.names.get(metric.alias or 0) if data.former and metric.alias is not None else None
    if known is None and before is None:
        return f"alias {metric.alias}", "sparkplug.unknown_alias"
    if known is not None and before is not None and known != before:
        return f"alias {metric.alias}", "sparkplug.alias_changed"
    return known or before or "", ""


def _fault(key: str, number: float | None, micros: int) -> str:
    if len(key) > LONGEST_KEY:
        return "reading.no_key"
    if number is None:
        return "sparkplug.not_a_number"
    return "reading.no_time" if micros == NO_TIME else ""


def _number(metric: Metric, kind: int) -> float | None:
    """The value as a number: whole numbers by their sign, true and false as 1 and 0."""
    value = metric.value
    if kind not in _NUMBERS or isinstance(value, str | bytes) or value is None:
        return None
    bits = _SIGNED.get(Kind(kind))
    if bits is None or not isinstance(value, int):
        return float(value)
    value %= 2**bits
    return float(value - 2**bits if value >= 2 ** (bits - 1) else value)


def _quality(said: int | None, *, is_sure: bool) -> int:
    own = Quality.GOOD if said is None else _QUALITIES.get(said, Quality.UNCERTAIN)
    return int(max(own, Quality.GOOD if is_sure else Quality.UNCERTAIN))


def is_control(name: str) -> bool:
    """Whether a metric is the protocol's own, and no reading."""
    return name == BD_SEQ or name.startswith(_CONTROLS)


def word_of(kind: int) -> str:
    """What a data type is called."""
    return Kind(kind).name.lower().replace("_", " ") if kind in tuple(Kind) else f"number {kind}, an array or unknown"
