"""PostgreSQL reads what we write in its binary forms, and we read what it writes."""

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
from twins.telemetry.binary import Array, ArrayDumper, RowEncoder, read_rows, uuids
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
ENCODER = RowEncoder(KINDS)
TYPES = ("uuid", "int8", "timestamptz", "float8", "int4", "int2")


@pytest.fixture(scope="module")
def server() -> Iterator[psycopg.Connection[Any]]:
    owner = settings.DATABASES["owner"]
    with psycopg.connect(
        dbname="postgres", user=owner["USER"], password=owner["PASSWORD"], host=owner["HOST"], autocommit=True,
        options="-c TimeZone=UTC",
    ) as connection:  # fmt: skip
        connection.adapters.register_dumper(Array, ArrayDumper)
        columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(TYPES))
        connection.execute(f"CREATE TEMP TABLE sample (row serial, {columns})")
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
def test_copy_takes_our_rows(server: psycopg.Connection[Any], rows: list[tuple[Any, ...]]) -> None:
    server.execute("TRUNCATE sample")
    with (
        server.cursor() as cursor,
        cursor.copy("COPY sample (c0, c1, c2, c3, c4, c5) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(b"".join(ENCODER.encode(columns_of(rows))))
    assert stored(server.execute("SELECT c0, c1, c2, c3, c4, c5 FROM sample ORDER BY row").fetchall()) == expected(rows)
    with (
        server.cursor() as cursor,
        cursor.copy("COPY (SELECT c1, c2, c3, c4, c5 FROM sample ORDER BY row) TO STDOUT (FORMAT binary)") as copy,
    ):
        read = read_rows(b"".join(map(bytes, copy)), dict(zip("bcdef", KINDS[1:], strict=True)))
    again = zip(*(read[name].tolist() for name in "bcdef"), strict=True)
    assert repr(list(again)) == repr([row[1:] for row in rows])


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
