"""Batches keep every reading with its instant and quality, as the platform itself reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.gateways.edge import bodies
from twins.gateways.field.samples import Sample, SampleQuality
from twins.telemetry.decode import decode
from twins.telemetry.schemas import SAID

samples = st.lists(
    st.builds(
        Sample, st.sampled_from(["a", "b/c", "ü"]),
        st.integers(0, 40).map(lambda one: 1_735_689_600_000_000 + one * 500),
        st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(SampleQuality),
    ),
    min_size=1, max_size=30,
)  # fmt: skip
_NUMBERS = {word: int(quality) for word, quality in SAID.items()}


def read(body: bytes) -> list[tuple[Any, ...]]:
    """The readings of a body, as the platform understands it."""
    message = decode(body)
    assert not message.broken
    keys = [message.keys[number] for number in message.key.tolist()]
    columns = (message.at.tolist(), message.value.tolist(), message.quality.tolist())
    return sorted(zip(keys, *columns, strict=True))


def as_read(sent: list[Sample]) -> list[tuple[Any, ...]]:
    return sorted((one.key, one.at, one.value, _NUMBERS[one.quality.value]) for one in sent)


@given(samples)
def test_the_platform_reads_what_was_taken(sent: list[Sample]) -> None:
    body = bodies.encoded("n", sent)
    assert read(body) == as_read(sent)
    assert bodies.unpacked(bodies.packed(body)) == body


@given(st.lists(samples, min_size=1, max_size=4))
def test_what_is_joined_says_the_same(parts: list[list[Sample]]) -> None:
    documents = [bodies.document_in(bodies.encoded("n", part)) for part in parts]
    body = bodies.joined("j", documents)
    assert decode(body).batch == "j"
    assert read(body) == as_read([one for part in parts for one in part])


def test_tables_are_joined_to_a_table_and_other_bodies_to_none() -> None:
    tables = [[Sample("a", 1000, 1.0)], [Sample("a", 2000, 2.0), Sample("b", 2000, 3.0)]]
    documents = [bodies.document_in(bodies.encoded("n", table)) for table in tables]
    assert bodies.joined("j", documents) == b'{"batch":"j","at":[1,2],"columns":{"a":[1.0,2.0],"b":[null,3.0]}}'
    documents.append(bodies.document_in(bodies.encoded("n", [Sample("a", 3001, 4.0, SampleQuality.BAD)])))
    instants = [row["at"] for row in json.loads(bodies.joined("j", documents))["readings"]]
    assert instants == [
        "1970-01-01T00:00:00.001000Z",
        *["1970-01-01T00:00:00.002000Z"] * 2,
        "1970-01-01T00:00:00.003001Z",
    ]
    for broken in (b"7", b"{}", b'{"at": []}', b"no JSON"):
        with pytest.raises(ValueError, match=r"batch|Expecting"):
            bodies.document_in(broken)


@given(samples)
def test_halves_are_the_whole(sent: list[Sample]) -> None:
    found = bodies.halves(bodies.encoded("n", sent), ("na", "nb"))
    if len(sent) == 1:
        assert found is None
        return
    assert found is not None
    (first, few), (second, many) = found
    assert few + many == len(sent)
    assert sorted(read(first) + read(second)) == as_read(sent)
    assert (decode(first).batch, decode(second).batch) == ("na", "nb")


@given(samples)
def test_thinning_keeps_every_second_reading_of_each_key(sent: list[Sample]) -> None:
    body, count = bodies.thinned(bodies.encoded("n", sent), "n~")
    assert len(read(body)) == count == sum((sum(one.key == key for one in sent) + 1) // 2 for key in ("a", "b/c", "ü"))


def test_thinning_keeps_the_first() -> None:
    table = bodies.encoded("n", [Sample("a", 1000 * at, float(at)) for at in range(5)])
    assert bodies.thinned(table, "t") == (b'{"batch":"t","at":[0,2,4],"columns":{"a":[0.0,2.0,4.0]}}', 3)
    rows = bodies.encoded("n", [Sample("a", 1001, 1.0, SampleQuality.BAD), Sample("a", 1002, 2.0)])
    expected = b'{"batch":"t","readings":[{"key":"a","at":"1970-01-01T00:00:00.001001Z","value":1.0,"quality":"bad"}]}'
    assert bodies.thinned(rows, "t") == (expected, 1)
