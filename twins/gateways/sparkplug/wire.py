"""Payloads of Sparkplug B as bytes: the fields of its Protocol Buffers messages, by the numbers of the specification.

Only what is read here is described; the rest (meta data, data sets, templates) is skipped or stays bytes. Source of the
numbers: Sparkplug Specification 3.0.0, chapter 6.4, "Payload representation".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from twins.telemetry.errors import BrokenMessageError

MOST_METRICS = 20_000
"""Of one payload."""


class Kind(IntEnum):
    """The data types of metrics; the numbers above are arrays."""

    UNKNOWN = 0
    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATE_TIME = 13
    TEXT = 14
    UUID = 15
    DATA_SET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a payload.

    Attributes:
        name: Empty where the alias stands for it.
        alias: A number that a birth ties to a name.
        at: Milliseconds since 1970.
        kind: A `Kind` or a number beyond; 0 where the birth is to tell.
        value: As it is on the wire, signed numbers as unsigned; None where there is none.
        quality: The property ``Quality``: 192 good, 500 stale, 0 bad.
    """

    name: str = ""
    alias: int | None = None
    at: int | None = None
    kind: int = 0
    value: int | float | str | bytes | None = None
    quality: int | None = None
    is_historical: bool = False
    is_transient: bool = False
    is_null: bool = False


@dataclass(frozen=True, slots=True)
class Payload:
    """What a message holds.

    Attributes:
        at: Milliseconds since 1970.
        seq: Its number from 0 to 255; a death of a node has none.
    """

    at: int | None = None
    seq: int | None = None
    metrics: Sequence[Metric] = field(default_factory=tuple)


_FILE = "outturn/sparkplug_b.proto"
_U32, _U64, _F32, _F64, _BOOL, _TEXT, _BYTES = "UINT32", "UINT64", "FLOAT", "DOUBLE", "BOOL", "STRING", "BYTES"
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "PropertyValue": {
        "type": (1, _U32), "is_null": (2, _BOOL), "int_value": (3, _U32), "long_value": (4, _U64),
    },
    "PropertySet": {"keys": (1, "STRING*"), "values": (2, "PropertyValue*")},
    "Metric": {
        "name": (1, _TEXT), "alias": (2, _U64), "timestamp": (3, _U64), "datatype": (4, _U32),
        "is_historical": (5, _BOOL), "is_transient": (6, _BOOL), "is_null": (7, _BOOL),
        "properties": (9, "PropertySet"),
        "int_value": (10, _U32), "long_value": (11, _U64), "float_value": (12, _F32), "double_value": (13, _F64),
        "boolean_value": (14, _BOOL), "string_value": (15, _TEXT), "bytes_value": (16, _BYTES),
        "dataset_value": (17, _BYTES), "template_value": (18, _BYTES), "extension_value": (19, _BYTES),
    },
    "Payload": {
        "timestamp": (1, _U64), "metrics": (2, "Metric*"), "seq": (3, _U64), "uuid": (4, _TEXT), "body": (5, _BYTES),
    },
}  # fmt: skip
"""By message and field: its number and its type; a star marks what may be repeated."""
_VALUES = tuple(name for name in _MESSAGES["Metric"] if name.endswith("_value"))


def _make() -> Any:
    proto = descriptor_pb2.FileDescriptorProto(name=_FILE, package="outturn.sparkplug", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    for message, fields in _MESSAGES.items():
        made = proto.message_type.add(name=message)
        for name, (number, type_) in fields.items():
            plain = type_.rstrip("*")
            label = kinds.LABEL_REPEATED if type_.endswith("*") else kinds.LABEL_OPTIONAL
            one = made.field.add(name=name, number=number, label=label)
            if plain in _MESSAGES:
                one.type, one.type_name = kinds.TYPE_MESSAGE, f".outturn.sparkplug.{plain}"
            else:
                one.type = kinds.Type.Value(f"TYPE_{plain}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(proto)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("outturn.sparkplug.Payload"))


_Wire = _make()


def parse(body: bytes) -> Payload:
    """Read a payload.

    Raises:
        BrokenMessageError: It is none, or has too many metrics.
    """
    try:
        wire = _Wire.FromString(body)
        if len(wire.metrics) > MOST_METRICS:
            raise BrokenMessageError(
                f"the payload has more than {MOST_METRICS} metrics", fix="Spread them over several devices."
            )
        return Payload(
            at=wire.timestamp if wire.HasField("timestamp") else None,
            seq=wire.seq % 256 if wire.HasField("seq") else None,
            metrics=[_metric(one) for one in wire.metrics],
        )
    except (DecodeError, UnicodeDecodeError) as error:
        raise BrokenMessageError("the message is no payload of Sparkplug B", fix="Send Sparkplug B, 3.0.") from error


def encode(payload: Payload) -> bytes:
    """A payload as bytes; a value goes into the field that its kind has."""
    wire = _Wire()
    if payload.at is not None:
        wire.timestamp = payload.at
    if payload.seq is not None:
        wire.seq = payload.seq
    for metric in payload.metrics:
        _put(wire.metrics.add(), metric)
    encoded: bytes = wire.SerializeToString()
    return encoded


def rebirth(now_ms: int) -> bytes:
    """The command that asks an edge node to be born anew."""
    metric = Metric("Node Control/Rebirth", at=now_ms, kind=Kind.BOOLEAN, value=True)
    return encode(Payload(at=now_ms, metrics=[metric]))


def _metric(wire: Any) -> Metric:
    value = next((getattr(wire, name) for name in _VALUES if wire.HasField(name)), None)
    return Metric(
        name=_text(wire.name),
        alias=wire.alias if wire.HasField("alias") else None,
        at=wire.timestamp if wire.HasField("timestamp") else None,
        kind=wire.datatype,
        value=value,
        quality=_quality(wire.properties.keys, wire.properties.values) if wire.HasField("properties") else None,
        is_historical=wire.is_historical,
        is_transient=wire.is_transient,
        is_null=wire.is_null,
    )


def _text(written: str | bytes) -> str:
    """A text; the library gives bytes for one that is not UTF-8."""
    return written if isinstance(written, str) else written.decode("utf-8", "replace")


def _quality(names: Iterable[str], values: Iterable[Any]) -> int | None:
    for name, value in zip(names, values, strict=False):
        if name == "Quality" and value.HasField("int_value"):
            return int(value.int_value)
    return None


_FIELD_OF_KIND = {
    **dict.fromkeys((1, 2, 3, 5, 6, 7), "int_value"), **dict.fromkeys((4, 8, 13), "long_value"), 9: "float_value",
    10: "double_value", 11: "boolean_value", **dict.fromkeys((12, 14, 15), "string_value"), 16: "dataset_value",
    19: "template_value",
}  # fmt: skip
_FIELD_OF_TYPE = {
    bool: "boolean_value", int: "long_value", float: "double_value", str: "string_value", bytes: "bytes_value",
    type(None): "bytes_value",
}  # fmt: skip
"""For a metric whose kind only its birth tells."""
_BITS: dict[int, int] = {Kind.INT8: 32, Kind.INT16: 32, Kind.INT32: 32, Kind.INT64: 64}


def _put(wire: Any, metric: Metric) -> None:
    field_name = _FIELD_OF_KIND.get(metric.kind) or _FIELD_OF_TYPE[type(metric.value)]
    said = {
        "name": metric.name or None, "alias": metric.alias, "timestamp": metric.at, "datatype": metric.kind or None,
        "is_historical": metric.is_historical or None, "is_transient": metric.is_transient or None,
        "is_null": metric.is_null or None, field_name: _as_sent(metric),
    }  # fmt: skip
    for name, value in said.items():
        if value is not None:
            setattr(wire, name, value)
    if metric.quality is not None:
        wire.properties.keys.append("Quality")
        wire.properties.values.add(type=Kind.INT32, int_value=metric.quality)


def _as_sent(metric: Metric) -> int | float | str | bytes | None:
    bits = _BITS.get(metric.kind)
    return metric.value % 2**bits if bits and isinstance(metric.value, int) else metric.value
