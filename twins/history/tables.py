"""A history as a table: Arrow record batches, and the files made of them, a piece of time at a time."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from pyarrow import parquet

from tenants.kernel.cells import as_cells
from tenants.kernel.sinks import EmptiedSink
from twins.history.formats import columns_of
from twins.telemetry.query import Histories, Shape

_INSTANT = pa.timestamp("us", tz="UTC")
_WORDS = pa.dictionary(pa.int32(), pa.string())
_PLACE = [("asset", _WORDS), ("asset_name", _WORDS), ("signal", _WORDS), ("unit", _WORDS)]
_READINGS = [("at", _INSTANT), ("value", pa.float64()), ("quality", pa.int16())]
_BUCKETS = [
    ("start", _INSTANT), ("end", _INSTANT), ("count", pa.int64()), ("min", pa.float64()), ("avg", pa.float64()),
    ("max", pa.float64()), ("last", pa.float64()), ("sum", pa.float64()), ("doubtful", pa.int64()),
]  # fmt: skip


def schema_of(shape: Shape) -> pa.Schema:
    """The columns of a table of that shape."""
    return pa.schema([*_PLACE, *(_BUCKETS if shape is Shape.BUCKETS else _READINGS)])


def batches(histories: Histories) -> Iterator[pa.RecordBatch]:
    """One record batch a signal, its rows in the order of time."""
    schema = schema_of(histories.shape)
    for each in histories.signals:
        columns = columns_of(each)
        size = len(next(iter(columns.values())))
        signal = each.signal
        place = [_repeated(word, size) for word in (str(signal.asset), signal.asset_name, signal.key, signal.unit)]
        data = [_array(schema.field(name).type, values) for name, values in columns.items()]
        yield pa.record_batch([*place, *data], schema=schema)


def _repeated(word: str, size: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(size, np.int32)), pa.array([word]))


def _array(kind: pa.DataType, values: np.ndarray[Any, Any]) -> pa.Array:
    if kind == _INSTANT:
        return pa.array(values).cast(_INSTANT)
    return pa.array(values, from_pandas=True)  # NaN is null: there is no figure


def stream(histories: Histories) -> bytes:
    """The histories as one Arrow IPC stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema_of(histories.shape)) as writer:
        for batch in batches(histories):
            writer.write_batch(batch)
    return sink.getvalue()


def csv_pieces(pieces: Iterable[Histories]) -> Iterator[bytes]:
    """A CSV file, piece by piece; its first line names the columns."""
    is_first = True
    for histories in pieces:
        for batch in batches(histories):
            if not (is_first or batch.num_rows):
                continue
            sink = io.BytesIO()
            options = arrow_csv.WriteOptions(include_header=is_first, quoting_style="needed")
            arrow_csv.write_csv(_plain(batch), sink, options)
            is_first = False
            yield sink.getvalue()


def _plain(batch: pa.RecordBatch) -> pa.Table:
    """The words as they are, made harmless to spreadsheets, and instants as ISO 8601 in UTC."""
    table = pa.Table.from_batches([batch])
    for index, field in enumerate(table.schema):
        if field.type == _WORDS:
            words = as_cells(batch.column(index).dictionary.to_pylist())
            column = pa.DictionaryArray.from_arrays(batch.column(index).indices, pa.array(words)).cast(pa.string())
            table = table.set_column(index, field.name, column)
        elif field.type == _INSTANT:
            text = pa.compute.strftime(table.column(index), format="%Y-%m-%dT%H:%M:%SZ")
            table = table.set_column(index, field.name, text)
    return table


def parquet_pieces(shape: Shape, pieces: Iterable[Histories]) -> Iterator[bytes]:
    """A Parquet file, piece by piece: each signal of each piece of time is a row group."""
    sink = EmptiedSink()
    with parquet.ParquetWriter(sink, schema_of(shape), compression="zstd") as writer:
        for histories in pieces:
            for batch in batches(histories):
                if batch.num_rows:
                    writer.write_batch(batch)
            if sink.size:
                yield sink.taken()
    yield sink.taken()
