"""Parquet, read by a process of its own with a bound on its memory: what a file says of itself cannot be believed.

``python -m twins.gateways.imports.parquet_files PATH ORDERS`` writes the wanted columns as a stream of Arrow's; a file
that would unpack to more than the process may hold, or breaks the library, ends that process and no other.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

MOST_MEMORY = 1536 * 1024 * 1024
"""Bytes of address space of the process that reads."""
_LONGEST_FOOTER = 16 * 1024 * 1024
_MOST_SECONDS_OF_A_LOOK = 20
_PROJECT = Path(__file__).resolve().parents[3]
_REFUSED, _ROWS = b"refused", b"rows"


def main(path: str, orders: str) -> int:
    """Write columns of a file to the standard output, as a stream of Arrow's.

    Args:
        path: The file.
        orders: ``{"columns": names or null for all, "size": rows at a time, "start": rows to leave out,
            "most": rows in all or null}`` as JSON.
    """
    wanted = json.loads(orders)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    if wanted["most"] is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS_OF_A_LOOK, _MOST_SECONDS_OF_A_LOOK))
    try:
        _write(path, wanted)
    except (pa.ArrowException, OSError, MemoryError, ValueError) as error:
        print(f"{type(error).__name__}: {error}"[:300], file=sys.stderr)
        return 1
    return 0


def _write(path: str, wanted: dict[str, Any]) -> None:
    _check_footer(Path(path))
    file = pq.ParquetFile(
        path, pre_buffer=False, buffer_size=1 << 16, thrift_string_size_limit=1 << 20,
        thrift_container_size_limit=1 << 20,
    )  # fmt: skip
    names = Counter(file.schema_arrow.names)
    is_flat = {field.name: _target(field.type) is not None and names[field.name] == 1 for field in file.schema_arrow}
    flat, refused = [name for name in is_flat if is_flat[name]], [name for name in is_flat if not is_flat[name]]
    columns = flat if wanted["columns"] is None else [name for name in wanted["columns"] if name in flat]
    fields = [pa.field(name, _target(file.schema_arrow.field(name).type)) for name in columns]
    schema = pa.schema(fields, {_REFUSED: json.dumps(refused), _ROWS: str(file.metadata.num_rows)})
    left = wanted["most"]
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as out:
        for batch in _batches(file, columns, wanted["size"], wanted["start"]):
            taken = batch if left is None else batch.slice(0, left)
            arrays = [_as(taken.column(field.name), field.type) for field in fields]
            out.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            if left is not None:
                left -= taken.num_rows
                if left <= 0:
                    return


def _batches(file: pq.ParquetFile, columns: Sequence[str], size: int, start: int) -> Iterator[pa.RecordBatch]:
    """The rows from the `start`-th on; groups of rows before it are not even read."""
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if start >= rows:
            start -= rows
            continue
        for batch in file.iter_batches(size, row_groups=[group], columns=columns, use_threads=False):
            if start >= batch.num_rows:
                start -= batch.num_rows
                continue
            yield batch.slice(start)
            start = 0


def _check_footer(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(-min(8, path.stat().st_size), os.SEEK_END)
        tail = file.read(8)
    if tail[4:] != b"PAR1" or int.from_bytes(tail[:4], "little") > _LONGEST_FOOTER:
        raise ValueError("it is no Parquet file, is encrypted, or says too much of itself")


def _target(kind: pa.DataType) -> pa.DataType | None:
    """What a column is handed on as, None when it cannot hold readings."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    for are, target in _TARGETS:
        if any(is_one(kind) for is_one in are):
            return target
    return None


_TARGETS = (
    ((pa.types.is_date,), pa.timestamp("us")),
    ((pa.types.is_integer,), pa.int64()),
    ((pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean), pa.float64()),
    ((pa.types.is_string, pa.types.is_large_string), pa.string()),
)


def _as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    return pc.cast(column, kind, safe=False)


@contextmanager
def reading(
    path: Path, *, columns: Sequence[str] | None, size: int, start: int = 0, most: int | None = None
) -> Iterator[Iterator[pa.RecordBatch]]:
    """The columns of a file, read by a process of its own, which ends with the block.

    Args:
        path: The file.
        columns: Their names, None for all that can hold readings.
        size: At most so many rows at a time.
        start: Rows to leave out.
        most: Rows in all.

    Raises:
        ValueError: It cannot be read; the message says why.
    """
    orders = json.dumps({"columns": columns, "size": size, "start": start, "most": most})
    with subprocess.Popen(  # noqa: S603 (our own program; the path is ours too)
        [sys.executable, "-m", __name__, str(path), orders], cwd=_PROJECT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", ""), "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1",
             "ARROW_IO_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(_PROJECT)},
    ) as process:  # fmt: skip
        try:
            yield _received(process)
        finally:
            process.kill()


def _received(process: subprocess.Popen[bytes]) -> Iterator[pa.RecordBatch]:
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        with pa.ipc.open_stream(process.stdout) as stream:
            yield from stream
            yield pa.RecordBatch.from_arrays(
                [pa.array([], field.type) for field in stream.schema], schema=stream.schema
            )
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(_reason(process)) from error
    if process.wait() != 0:
        raise ValueError(_reason(process))


def _reason(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr is not None
    said = process.stderr.read(10_000).decode("utf-8", "replace").strip().splitlines()
    if process.wait() < 0 or not said:
        return "reading it took too long, or more memory than there is for it"
    return said[-1][:300]


def refused_of(batch: pa.RecordBatch) -> tuple[str, ...]:
    """The columns that cannot hold readings."""
    return tuple(json.loads((batch.schema.metadata or {}).get(_REFUSED, b"[]")))


def rows_of(batch: pa.RecordBatch) -> int:
    """How many rows the file says that it has."""
    return int((batch.schema.metadata or {}).get(_ROWS, b"0"))


def numbered(first: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The numbers of rows."""
    return np.arange(first, first + count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
