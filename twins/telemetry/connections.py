"""Connections of the ingest role, which writes past row-level security and may do little else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from psycopg import AsyncConnection, Connection
from psycopg.conninfo import make_conninfo

from twins.telemetry.binary import Array, ArrayDumper

_CONNECT_SECONDS = 5


async def connect_ingest(*, statement_seconds: int) -> AsyncConnection[Any]:
    """A connection in autocommit mode.

    Args:
        statement_seconds: How long a statement may take.

    Raises:
        psycopg.OperationalError: There is no database to connect to.
    """
    connection = await AsyncConnection.connect(_address(statement_seconds), autocommit=True)
    connection.adapters.register_dumper(Array, ArrayDumper)
    return connection


@contextmanager
def open_ingest(*, statement_seconds: int) -> Iterator[Connection[Any]]:
    """The same, for work that may wait for the database.

    Args:
        statement_seconds: How long a statement may take.

    Raises:
        psycopg.OperationalError: There is no database to connect to.
    """
    with Connection.connect(_address(statement_seconds), autocommit=True) as connection:
        connection.adapters.register_dumper(Array, ArrayDumper)
        yield connection


def _address(statement_seconds: int) -> str:
    known: dict[str, Any] = settings.INGEST_DATABASE
    options: dict[str, Any] = {name: value for name, value in known["OPTIONS"].items() if name != "options"}
    session = f"{known['OPTIONS'].get('options', '')} -c statement_timeout={statement_seconds * 1000} -c TimeZone=UTC"
    return make_conninfo(
        dbname=known["NAME"], user=known["USER"], password=known["PASSWORD"] or None, host=known["HOST"] or None,
        port=known["PORT"] or None, connect_timeout=_CONNECT_SECONDS, application_name="outturn-ingest",
        options=session, **options,
    )  # fmt: skip
