"""The baseline of readings: a bare binary COPY of 500,000 rows in one transaction into a logged, unindexed table.

Source of the form: PostgreSQL documentation, "COPY: Binary Format".
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.stage import owner_connection
from twins.telemetry import binary

KINDS = (binary.UUID, binary.INT8, binary.INSTANT, binary.FLOAT8, binary.INT8, binary.INT2)
COLUMNS = (
    "tenant_id uuid NOT NULL, signal bigint NOT NULL, at timestamptz NOT NULL, value float8 NOT NULL, "
    "commit bigint NOT NULL, quality smallint NOT NULL"
)
_HEADER, _TRAILER = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff"


def bare_copy(database: str, rows: int) -> float:
    """COPY so many rows of readings; rows a second."""
    number = np.arange(rows, dtype=np.int64)
    data = encoded(
        [
            np.frombuffer(bytes(range(16)) * rows, "V16"),
            number % 10_000,
            1_760_000_000_000_000 + number // 10_000 * 5_000_000,
            number * 0.01,
            number,
            np.zeros(rows, np.int16),
        ]
    )
    with owner_connection(database) as connection:
        connection.execute("DROP TABLE IF EXISTS bare")
        connection.execute(f"CREATE TABLE bare ({COLUMNS})")
        begun = time.perf_counter()
        with connection.cursor() as cursor, cursor.copy("COPY bare FROM STDIN (FORMAT binary)") as copy:
            for place in range(0, len(data), 1 << 20):
                copy.write(data[place : place + (1 << 20)])
        seconds = time.perf_counter() - begun
        connection.execute("DROP TABLE bare")
    return rows / seconds


def encoded(columns: list[NDArray[Any]]) -> bytes:
    """Rows as COPY reads them in its binary form.

    Args:
        columns: Tenant, signal, instant (microseconds since 1970), value, commit, quality; ``(n,)`` each, no nulls.
    """
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for number, kind in enumerate(KINDS):
        fields += [(f"length{number}", ">i4"), (f"value{number}", kind[0])]
    rows = np.empty(columns[0].size, np.dtype(fields))
    rows["fields"] = len(KINDS)
    for number, (kind, values) in enumerate(zip(KINDS, columns, strict=True)):
        rows[f"length{number}"] = kind[1]
        rows[f"value{number}"] = values - binary.EPOCH_US if kind is binary.INSTANT else values
    return _HEADER + rows.tobytes() + _TRAILER
