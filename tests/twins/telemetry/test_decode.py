"""Messages in all three forms, whole and broken: what is sound is kept, the rest has a reason."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twins.telemetry.sample import codes
from twins.telemetry.decode import LARGEST_BODY, MOST_READINGS, decode
from twins.telemetry.errors import BrokenMessageError
from twins.telemetry.instants import instant
from twins.telemetry.schemas import NO_TIME, Message

T0, T1 = "2026-11-20T12:00:00Z", "2026-11-20T12:00:05Z"
AT0, AT1 = instant(T0), instant(T1)


def decoded(body: object) -> Message:
    return decode(json.dumps(body).encode())


def rows(message: Message) -> list[tuple[str, int, float, int]]:
    columns = (message.key.tolist(), message.at.tolist(), message.value.tolist(), message.quality.tolist())
    return [(message.keys[key], at, value, quality) for key, at, value, quality in zip(*columns, strict=True)]


def test_rows() -> None:
    message = decoded(
        {
            "batch": "b-1",
            "readings": [
                {"key": "a", "at": T0, "value": 1},
                {"key": "b", "at": T1, "value": 2.5, "quality": "uncertain"},
                {"key": "a", "at": T1, "value": -3},
            ],
        }
    )
    assert message.batch == "b-1"
    assert rows(message) == [("a", AT0, 1.0, 0), ("b", AT1, 2.5, 1), ("a", AT1, -3.0, 0)]
    assert message.broken == ()


def test_one_column() -> None:
    message = decoded({"batch": "b", "key": "a", "at": [T0, T1], "value": [1, 2], "quality": ["good", "bad"]})
    assert rows(message) == [("a", AT0, 1.0, 0), ("a", AT1, 2.0, 2)]
    assert rows(decoded({"batch": "b", "key": "a", "at": [1000], "value": [7]})) == [("a", 1_000_000, 7.0, 0)]


def test_a_table_leaves_out_what_was_not_read() -> None:
    message = decoded({"batch": "b", "at": [T0, T1], "columns": {"a": [1, None], "b": [3, 4]}})
    assert rows(message) == [("a", AT0, 1.0, 0), ("b", AT0, 3.0, 0), ("b", AT1, 4.0, 0)]
    assert message.broken == ()


@pytest.mark.parametrize("body", [{"readings": []}, {"key": "a", "at": [], "value": []}, {"at": [], "columns": {}}])
def test_a_batch_may_be_empty(body: dict[str, Any]) -> None:
    assert rows(decoded({"batch": "b", **body})) == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("12", "reading.not_a_number"),
        (True, "reading.not_a_number"),
        (False, "reading.not_a_number"),
        (None, "reading.not_a_number"),
        ([], "reading.not_a_number"),
        ({}, "reading.not_a_number"),
    ],
)
def test_a_value_that_is_no_number(value: object, code: str) -> None:
    good = {"key": "a", "at": T1, "value": 5}
    message = decoded({"batch": "b", "readings": [{"key": "a", "at": T0, "value": value}, good]})
    assert rows(message) == [("a", AT1, 5.0, 0)]
    assert codes(message.broken) == [("a", code, 1)]
    assert message.broken[0].at.tolist() == [AT0]
    assert math.isnan(message.broken[0].value[0])
    assert message.broken[0].excerpt == (value if isinstance(value, str) else json.dumps(value))
    table = decoded({"batch": "b", "at": [T0, T1], "columns": {"a": [value, 5]}})
    assert rows(table) == [("a", AT1, 5.0, 0)]
    assert codes(table.broken) == ([] if value is None else [("a", code, 1)])


@pytest.mark.parametrize("written", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400, "9" * 5000])
def test_a_number_that_is_not_finite_is_kept_apart_and_the_rest_read(written: str) -> None:
    body = (
        f'{{"batch": "b", "readings": [{{"key": "a", "at": 0, "value": {written}}}, {{"key":"a","at":1,"value":2}}]}}'
    )
    message = decode(body.encode())
    assert [row[1] for row in rows(message)] == [0, 1000]
    assert not math.isfinite(message.value[0])
    assert message.value[1] == 2.0


@pytest.mark.parametrize("at", ["now", "2026-11-20T12:00:00", 1.5, None, True, {}, 2**80, "9" * 100])
def test_a_time_that_cannot_be_read(at: object) -> None:
    message = decoded(
        {"batch": "b", "readings": [{"key": "a", "at": at, "value": 1}, {"key": "a", "at": T0, "value": 2}]}
    )
    assert rows(message) == [("a", AT0, 2.0, 0)]
    assert codes(message.broken) == [("a", "reading.no_time", 1)]
    assert message.broken[0].at.tolist() == [NO_TIME]
    assert message.broken[0].value.tolist() == [1.0]


def test_each_kind_of_broken_reading_has_its_reason() -> None:
    broken = [
        7, None, {}, {"key": "", "at": T0, "value": 1}, {"key": "x" * 257, "at": T0, "value": 1},
        {"key": 3, "at": T0, "value": 1}, {"key": "a", "at": T0, "value": 1, "quality": "fine"},
        {"key": "a", "at": T0, "value": 1, "quality": []}, {"key": "a", "value": 1}, {"key": "a", "at": T0},
    ]  # fmt: skip
    message = decoded({"batch": "b", "readings": [*broken, {"key": "a", "at": T0, "value": 1}]})
    assert rows(message) == [("a", AT0, 1.0, 0)]
    assert codes(message.broken) == [
        ("", "reading.not_a_reading", 2),
        ("", "reading.no_key", 3),
        ("x" * 256, "reading.no_key", 1),
        ("a", "reading.unknown_quality", 2),
        ("a", "reading.no_time", 1),
        ("a", "reading.not_a_number", 1),
    ]
    assert all(aside.message and aside.fix for aside in message.broken)


def test_a_column_of_another_length_is_set_aside_and_the_others_kept() -> None:
    message = decoded({"batch": "b", "at": [T0, T1], "columns": {"a": [1], "b": [1, 2], "c": 5, "d": [1, 2, 3]}})
    assert rows(message) == [("b", AT0, 1.0, 0), ("b", AT1, 2.0, 0)]
    assert codes(message.broken) == [("a", "reading.length", 1), ("c", "reading.length", 1), ("d", "reading.length", 1)]


def test_what_postgresql_cannot_keep_is_replaced() -> None:
    message = decode(b'{"batch": "b", "readings": [{"key": "a\\u0000\\ud800", "at": 0, "value": 1}]}')
    assert message.keys == ["a\ufffd?"]  # a lone surrogate takes the slow way


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"7", b"null", b"\xff\xfe", b'{"batch": "b"}', b'{"batch": "b", "readings": {}}',
        b'{"batch": "b", "at": [0], "columns": []}', b'{"batch": "b", "key": "a", "at": [0], "value": [1, 2]}',
        b'{"batch": "b", "key": "a", "at": [0], "value": [1], "quality": ["good", "good"]}',
        b'{"batch": "b", "key": "a", "at": [0], "value": 1}', b"[" * 100_000, b'{"readings":' * 50_000,
    ],
)  # fmt: skip
def test_a_message_of_which_nothing_can_be_kept(body: bytes) -> None:
    with pytest.raises(BrokenMessageError) as caught:
        decode(body)
    assert caught.value.code == "message.broken"
    assert caught.value.fix


@pytest.mark.parametrize("batch", [None, "", "x" * 65, "two words", "ü", 7, "a\u0000b", "line\n"])
def test_a_batch_needs_a_name(batch: object) -> None:
    with pytest.raises(BrokenMessageError, match="the batch has no name"):
        decoded({"batch": batch, "readings": [{"key": "a", "at": T0, "value": 1}]})


def test_a_batch_has_a_largest_size() -> None:
    readings = [{"key": "a", "at": at, "value": 1} for at in range(MOST_READINGS)]
    assert decoded({"batch": "b", "readings": readings}).at.size == MOST_READINGS
    with pytest.raises(BrokenMessageError, match="more than 20000 readings"):
        decoded({"batch": "b", "readings": [*readings, {"key": "a", "at": T0, "value": "x"}]})
    with pytest.raises(BrokenMessageError, match="more than 4194304 bytes"):
        decode(b" " * (LARGEST_BODY + 1))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ROW = st.fixed_dictionaries({}, optional={"key": JSON, "at": JSON, "value": JSON, "quality": JSON})


@given(st.lists(ROW | JSON, max_size=6))
def test_every_reading_is_either_read_or_set_aside(readings: list[Any]) -> None:
    message = decoded({"batch": "b", "readings": readings})
    assert message.at.size + sum(aside.at.size for aside in message.broken) == len(readings)


@given(JSON)
def test_any_json_is_read_or_refused(body: Any) -> None:
    try:
        decoded(body)
    except BrokenMessageError:
        return


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with pytest.raises(BrokenMessageError):
        decode(body)
