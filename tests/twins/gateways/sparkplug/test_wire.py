"""Payloads of Sparkplug B: bytes written out by hand after the field numbers of the specification."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.gateways.sparkplug.wire import Kind, Metric, Payload, encode, parse, rebirth
from twins.telemetry.errors import BrokenMessageError


def tag(number: int, wire_type: int) -> bytes:
    """A key of Protocol Buffers: the field's number, and how its value is written."""
    return varint(number << 3 | wire_type)


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value % 128 | 128)
        value //= 128
    return bytes((*out, value))


def block(number: int, content: bytes) -> bytes:
    return tag(number, 2) + varint(len(content)) + content


BIRTH = (
    b"\x08\x80\xf8\xa5\xf9\xc1\x32"  # 1: timestamp 1735689600000
    b"\x12\x0b\x0a\x05bdSeq\x20\x08\x58\x03"  # 2: a metric: 1 name, 4 datatype UInt64, 11 long 3
    b"\x12\x12\x0a\x03t24\x10\x05\x20\x09\x65\x00\x20\x20\x44\x28\x00\x30\x00"  # 2 alias 5, 4 Float, 12 float 640.5
    b"\x18\x00"  # 3: seq 0
)


def test_a_birth_is_read_from_its_bytes() -> None:
    payload = parse(BIRTH)
    assert (payload.at, payload.seq) == (1_735_689_600_000, 0)
    assert list(payload.metrics) == [
        Metric("bdSeq", kind=Kind.UINT64, value=3), Metric("t24", alias=5, kind=Kind.FLOAT, value=640.5),
    ]  # fmt: skip


VALUES = {
    "int": (tag(10, 0) + varint(4294967295), 4294967295),
    "long": (tag(11, 0) + varint(2**64 - 1), 2**64 - 1),
    "float": (tag(12, 5) + struct.pack("<f", 1.5), 1.5),
    "double": (tag(13, 1) + struct.pack("<d", 0.1), 0.1),
    "boolean": (tag(14, 0) + b"\x01", True),
    "string": (block(15, "°C".encode()), "°C"),
    "bytes": (block(16, b"\xff\x00"), b"\xff\x00"),
    "data set": (block(17, b"\x08\x01"), b"\x08\x01"),
    "template": (block(18, b""), b""),
}


@pytest.mark.parametrize("name", VALUES)
def test_each_field_of_a_value_is_read(name: str) -> None:
    written, value = VALUES[name]
    (metric,) = parse(block(2, tag(2, 0) + varint(300) + written)).metrics
    assert (metric.alias, metric.value) == (300, value)


def test_flags_properties_and_what_is_unknown() -> None:
    quality = block(9, block(1, b"Quality") + block(2, tag(1, 0) + varint(3) + tag(3, 0) + varint(500)))
    metadata, unknown = block(8, block(8, b"any")), block(77, b"later")
    flags = b"".join(tag(number, 0) + b"\x01" for number in (5, 6, 7))
    body = tag(3, 0) + varint(255) + block(2, block(1, b"m") + tag(3, 0) + varint(7) + flags + quality + metadata)
    payload = parse(body + unknown)
    expected = Metric("m", at=7, quality=500, is_historical=True, is_transient=True, is_null=True)
    assert (payload.seq, list(payload.metrics)) == (255, [expected])


def test_a_request_to_be_born_anew_is_written() -> None:
    metric = block(1, b"Node Control/Rebirth") + tag(3, 0) + varint(9) + tag(4, 0) + varint(11) + tag(14, 0) + b"\x01"
    assert rebirth(9) == tag(1, 0) + varint(9) + block(2, metric)


@pytest.mark.parametrize("body", [b"\xff", b"\x12\x7f", b"\x12\x02\x0a\x09", b"no payload"])
def test_what_is_no_payload_is_refused(body: bytes) -> None:
    with pytest.raises(BrokenMessageError):
        parse(body)


def test_a_name_that_is_no_text_harms_no_other() -> None:
    body = block(2, block(1, b"\xff") + tag(10, 0) + b"\x01") + block(2, block(1, b"m") + tag(10, 0) + b"\x02")
    assert [(one.name, one.value) for one in parse(body).metrics] == [("\ufffd", 1), ("m", 2)]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(BrokenMessageError):
        assert all(isinstance(one.name, str) for one in parse(body).metrics)


@given(
    st.sampled_from([Kind.INT8, Kind.INT16, Kind.INT32, Kind.INT64, Kind.UINT32, Kind.UINT64]),
    st.integers(-128, 127),
)
def test_what_is_written_is_read(kind: Kind, value: int) -> None:
    value = abs(value) if kind in (Kind.UINT32, Kind.UINT64) else value
    (metric,) = parse(encode(Payload(at=1, seq=2, metrics=[Metric("m", kind=kind, value=value)]))).metrics
    bits = 64 if kind in (Kind.INT64, Kind.UINT64) else 32
    assert metric == Metric("m", kind=kind, value=value % 2**bits)
