"""From metrics to readings: numbers of every type, keys, qualities, and what is set aside with its reason."""

from __future__ import annotations

import pytest

from twins.gateways.sparkplug.domain import Birth, Data
from twins.gateways.sparkplug.readings import Columns, keys_of
from twins.gateways.sparkplug.wire import Kind, Metric, Payload
from twins.gateways.topics import EdgeNode
from twins.telemetry.schemas import Message

NODE = EdgeNode("meridian:plant", "line 1")
AT = 1_735_689_600_000


def message(*metrics: Metric, birth: Birth | None = None, former: Birth | None = None, is_sure: bool = True,
            device: str = "", at: int | None = AT) -> Message:  # fmt: skip
    columns = Columns(NODE)
    columns.add(Data(device, Payload(at, 1, metrics), birth, former, is_sure), arrival_ms=7)
    return columns.message()


@pytest.mark.parametrize(
    ("kind", "sent", "value"),
    [
        (Kind.INT8, 0xFFFFFFFF, -1.0),
        (Kind.INT8, 0xFF, -1.0),
        (Kind.INT8, 127, 127.0),
        (Kind.INT16, 0xFFFF8000, -32768.0),
        (Kind.INT32, 0x80000000, -2147483648.0),
        (Kind.INT64, 2**64 - 5, -5.0),
        (Kind.UINT8, 255, 255.0),
        (Kind.UINT16, 65535, 65535.0),
        (Kind.UINT32, 2**32 - 1, 4294967295.0),
        (Kind.UINT64, 2**64 - 1, 18446744073709551615.0),
        (Kind.FLOAT, 1.5, 1.5),
        (Kind.DOUBLE, -0.1, -0.1),
        (Kind.BOOLEAN, True, 1.0),
        (Kind.BOOLEAN, False, 0.0),
        (Kind.UNKNOWN, 2.5, 2.5),
    ],
)
def test_every_type_of_number_is_a_reading(kind: Kind, sent: float, value: float) -> None:
    read = message(Metric("m", kind=kind, value=sent))
    assert (list(read.keys), read.value.tolist(), read.at.tolist()) == (
        ["meridian:plant/line 1/m"], [value], [AT * 1000],
    )  # fmt: skip
    assert not read.broken


@pytest.mark.parametrize(
    ("kind", "sent", "word", "excerpt"),
    [
        (Kind.STRING, "running", "string", "running"),
        (Kind.TEXT, "x" * 999, "text", "x" * 200),
        (Kind.UUID, "0198", "uuid", "0198"),
        (Kind.DATE_TIME, AT, "date time", str(AT)),
        (Kind.DATA_SET, b"\x08\x01", "data set", "0801"),
        (Kind.TEMPLATE, b"\x08", "template", "08"),
        (Kind.BYTES, b"\x00", "bytes", "00"),
        (22, b"\x01", "number 22, an array or unknown", "01"),
    ],
)
def test_what_is_no_number_is_set_aside_and_the_rest_kept(
    kind: int, sent: str | bytes | int, word: str, excerpt: str
) -> None:
    read = message(Metric("odd", kind=kind, value=sent), Metric("m", kind=Kind.DOUBLE, value=1.0))
    (aside,) = read.broken
    assert (aside.key, aside.code, aside.excerpt) == (
        "meridian:plant/line 1/odd", "sparkplug.not_a_number", excerpt,
    )  # fmt: skip
    assert aside.message == f"its type is {word}, which is no number"
    assert read.value.tolist() == [1.0]


def test_aliases_types_and_times_of_a_birth_and_of_the_payload() -> None:
    birth = Birth((("t", 5, Kind.INT16), ("p", None, Kind.DOUBLE)))
    metrics = [Metric(alias=5, value=0xFFFF), Metric("p", at=AT + 5, value=2.0)]
    read = message(*metrics, birth=birth, device="pump")
    assert list(read.keys) == ["meridian:plant/line 1/pump/t", "meridian:plant/line 1/pump/p"]
    assert read.value.tolist() == [-1.0, 2.0]
    assert read.at.tolist() == [AT * 1000, (AT + 5) * 1000]
    assert message(Metric("m", value=1.0), at=None).at.tolist() == [7000]


def test_what_is_no_reading_at_all() -> None:
    read = message(
        Metric("bdSeq", kind=Kind.UINT64, value=1), Metric("Node Control/Rebirth", kind=Kind.BOOLEAN, value=False),
        Metric("n", kind=Kind.DOUBLE, is_null=True), Metric("t", kind=Kind.DOUBLE, value=1.0, is_transient=True),
        Metric("none", kind=Kind.DOUBLE),
    )  # fmt: skip
    assert (read.value.size, read.broken) == (0, ())
    assert keys_of(NODE, "", Birth((("bdSeq", None, 8), ("m", 1, 9)))) == ["meridian:plant/line 1/m"]


def test_aliases_that_nothing_explains() -> None:
    one, other = Birth((("a", 1, 10),)), Birth((("b", 1, 10),))
    unknown = message(Metric(alias=1, value=1.0), Metric(alias=2, value=2.0), birth=one)
    assert [(aside.key, aside.code) for aside in unknown.broken] == [
        ("meridian:plant/line 1/alias 2", "sparkplug.unknown_alias")
    ]
    (changed,) = message(Metric(alias=1, value=1.0), birth=one, former=other).broken
    assert (changed.code, changed.value.tolist(), changed.at.tolist()) == (
        "sparkplug.alias_changed", [1.0], [AT * 1000],
    )  # fmt: skip
    assert list(message(Metric(alias=1, value=1.0), birth=one, former=one).keys) == ["meridian:plant/line 1/a"]


def test_qualities() -> None:
    metrics = [Metric(f"m{said}", value=1.0, quality=said) for said in (None, 192, 0, 500, 64)]
    assert message(*metrics).quality.tolist() == [0, 0, 2, 2, 1]
    assert message(*metrics, is_sure=False).quality.tolist() == [1, 1, 2, 2, 1]


def test_times_and_names_beyond_all_bounds() -> None:
    metrics = [Metric("late", at=2**64 - 1, value=1.0), Metric("x" * 300, value=1.0), Metric("nul\x00", value=2.0)]
    read = message(*metrics)
    assert [aside.code for aside in read.broken] == ["reading.no_time", "reading.no_key"]
    assert list(read.keys) == ["meridian:plant/line 1/nul\ufffd"]


def test_the_same_readings_make_the_same_batch() -> None:
    first, again = (message(Metric("m", value=1.0)).batch for _ in range(2))
    assert first == again
    assert len(first) <= 64
    assert message(Metric("m", value=2.0)).batch != first
    assert message(Metric("m", value=1.0), at=AT + 1).batch != first
