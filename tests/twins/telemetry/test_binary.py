"""PostgreSQL reads what we write in its binary form of arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import psycopg
import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from twins.telemetry import binary
from twins.telemetry.binary import Array, ArrayDumper, uuids
from twins.telemetry.instants import moment

ROWS = st.lists(
    st.tuples(
        st.uuids(),
        st.integers(-(2**63), 2**63 - 1),
        st.integers(-60_000_000_000_000_000, 250_000_000_000_000_000),
        st.floats(),
        st.integers(-(2**31), 2**31 - 1),
        st.integers(-(2**15), 2**15 - 1),
    ),
    max_size=5,
)
KINDS = (binary.UUID, binary.INT8, binary.INSTANT, binary.FLOAT8, binary.INT4, binary.INT2)


@pytest.fixture(scope="module")
def server() -> Iterator[psycopg.Connection[Any]]:
    owner = settings.DATABASES["owner"]
    with psycopg.connect(
        dbname="postgres", user=owner["USER"], password=owner["PASSWORD"], host=owner["HOST"], autocommit=True,
        options="-c TimeZone=UTC",
    ) as connection:  # fmt: skip
        connection.adapters.register_dumper(Array, ArrayDumper)
        yield connection


def columns_of(rows: list[tuple[Any, ...]]) -> list[NDArray[Any]]:
    values = list(zip(*rows, strict=True)) or [()] * len(KINDS)
    numbers = zip(KINDS[1:], values[1:], strict=True)
    return [uuids(values[0]), *(np.array(column, kind[0][1:]) for kind, column in numbers)]


def expected(rows: list[tuple[Any, ...]]) -> str:
    return repr([(row[0], row[1], moment(row[2]).replace(tzinfo=None), *row[3:]) for row in rows])


def stored(rows: list[Any]) -> str:
    return repr([(UUID(int=row[0].int), row[1], row[2].replace(tzinfo=None), *row[3:]) for row in rows])


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ROWS)
def test_arrays_are_parameters(server: psycopg.Connection[Any], rows: list[tuple[Any, ...]]) -> None:
    parameters = [Array(kind, values) for kind, values in zip(KINDS, columns_of(rows), strict=True)]
    assert stored(server.execute("SELECT * FROM unnest(%s, %s, %s, %s, %s, %s)", parameters).fetchall()) == expected(
        rows
    )


def test_ids_of_nobody() -> None:
    assert uuids([]).size == 0
    one = uuid4()
    assert bytes(uuids([one, one])[1]) == one.bytes
