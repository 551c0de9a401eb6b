"""PostgreSQL's binary forms, made and read with numpy: rows for COPY, arrays for parameters.

Source: PostgreSQL documentation, "COPY: Binary Format", and the receive functions of the types: integers and floats are
big-endian, a timestamptz counts microseconds since 2000-01-01T00:00:00Z.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, PyFormat
from psycopg.pq import Format

EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970."""

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"

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


class RowEncoder:
    """Writes rows as COPY reads them in its binary format, into memory that it uses again and again.

    Args:
        kinds: The types of the columns.
    """

    def __init__(self, kinds: Sequence[Type]) -> None:
        self._kinds = kinds
        fields: list[tuple[str, str]] = [("fields", ">i2")]
        for number, kind in enumerate(kinds):
            fields += [(f"length{number}", ">i4"), (f"value{number}", kind[0])]
        self._empty = np.zeros(1, np.dtype(fields))
        self._empty["fields"] = len(kinds)
        for number, kind in enumerate(kinds):
            self._empty[f"length{number}"] = kind[1]
        self._rows = self._empty

    def encode(self, columns: Sequence[NDArray[Any]]) -> list[memoryview]:
        """The parts of what COPY reads; they hold until the next call.

        Args:
            columns: One for each type, all of shape ``(n,)`` and without nulls; instants in microseconds since 1970.
        """
        size = columns[0].size
        if size > self._rows.size:
            self._rows = np.tile(self._empty, size)
        rows = self._rows[:size]
        for number, (kind, values) in enumerate(zip(self._kinds, columns, strict=True)):
            rows[f"value{number}"] = values - EPOCH_US if kind is INSTANT else values
        return [memoryview(_HEADER), memoryview(rows.view(np.uint8).data), memoryview(_TRAILER)]


def read_rows(data: bytes, kinds: Mapping[str, Type]) -> Mapping[str, NDArray[Any]]:
    """The columns of what COPY wrote in its binary format: rows of those types, without nulls.

    Instants come in microseconds since 1970.
    """
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in kinds.items():
        fields += [(f"length of {name}", ">i4"), (name, kind[0])]
    rows = np.frombuffer(data, np.dtype(fields), offset=len(_HEADER), count=_count(data, np.dtype(fields).itemsize))
    columns = {name: rows[name].astype(kind[0][1:]) for name, kind in kinds.items()}
    return {name: columns[name] + EPOCH_US if kind is INSTANT else columns[name] for name, kind in kinds.items()}


def _count(data: bytes, size: int) -> int:
    return (len(data) - len(_HEADER) - len(_TRAILER)) // size


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
