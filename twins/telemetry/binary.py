"""Columns as parameters in PostgreSQL's binary form of arrays, made with numpy.

Source: the receive functions of PostgreSQL's types: integers and floats are big-endian, a timestamptz counts
microseconds since 2000-01-01T00:00:00Z.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, PyFormat
from psycopg.pq import Format

EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970."""

Type = tuple[str, int, int, int]
"""How numpy writes it, its bytes, its oid, the oid of arrays of it."""
INT2: Type = (">i2", 2, 21, 1005)
INT4: Type = (">i4", 4, 23, 1007)
INT8: Type = (">i8", 8, 20, 1016)
FLOAT8: Type = (">f8", 8, 701, 1022)
INSTANT: Type = (">i8", 8, 1184, 1185)
UUID: Type = ("V16", 16, 2950, 2951)


def uuids(values: Sequence[Any]) -> NDArray[Any]:
    """UUIDs as a column."""
    return np.frombuffer(b"".join(value.bytes for value in values), "V16")


class Array:
    """A column as a parameter: a PostgreSQL array without nulls.

    Args:
        kind: The type of its elements.
        values: Shape ``(n,)``; instants in microseconds since 1970.
    """

    def __init__(self, kind: Type, values: NDArray[Any]) -> None:
        self.kind = kind
        self.values = values

    def __bytes__(self) -> bytes:
        """One dimension from 1, no nulls, each element after its length."""
        written, size, oid, _ = self.kind
        if not self.values.size:
            return np.array([0, 0, oid], ">i4").tobytes()
        head = np.array([1, 0, oid, self.values.size, 1], ">i4").tobytes()
        elements = np.empty(self.values.size, np.dtype([("length", ">i4"), ("value", written)]))
        elements["length"] = size
        elements["value"] = self.values - EPOCH_US if self.kind is INSTANT else self.values
        return head + elements.tobytes()


class ArrayDumper(Dumper):
    """Tells psycopg how to send an ``Array``."""

    format = Format.BINARY

    def __init__(self, cls: type, context: Any = None) -> None:
        super().__init__(cls, context)
        self.oid = 0

    def dump(self, obj: Array) -> Buffer:
        """Its bytes."""
        return bytes(obj)

    def get_key(self, obj: Array, _: PyFormat) -> Any:
        """One dumper for each element type."""
        return (Array, obj.kind)

    def upgrade(self, obj: Array, _: PyFormat) -> ArrayDumper:
        """The dumper for this element type."""
        dumper = ArrayDumper(Array)
        dumper.oid = obj.kind[3]
        return dumper
