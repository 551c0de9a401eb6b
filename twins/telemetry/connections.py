"""Connections of the ingest role, which writes past row-level security and may do little else."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from psycopg import AsyncConnection
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
    known: dict[str, Any] = settings.INGEST_DATABASE
    options: dict[str, Any] = {name: value for name, value in known["OPTIONS"].items() if name != "options"}
    session = f"{known['OPTIONS'].get('options', '')} -c statement_timeout={statement_seconds * 1000} -c TimeZone=UTC"
    connection = await AsyncConnection.connect(
        make_conninfo(
            dbname=known["NAME"], user=known["USER"], password=known["PASSWORD"] or None, host=known["HOST"] or None,
            port=known["PORT"] or None, connect_timeout=_CONNECT_SECONDS, application_name="outturn-ingest",
            options=session, **options,
        ),
        autocommit=True,
    )  # fmt: skip
    connection.adapters.register_dumper(Array, ArrayDumper)
    return connection
