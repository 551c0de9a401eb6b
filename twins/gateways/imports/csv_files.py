"""CSV, a piece at a time: rows that have another number of columns are told and left out, never the file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from twins.gateways.imports.errors import FileUnreadableError
from twins.gateways.imports.schemas import MOST_COLUMNS, Chunk, Head, Rejected

PIECE = 1 << 20
"""Bytes that are parsed at once; no row may be longer."""
SAMPLE = 1 << 18
"""Bytes of the beginning that are looked at to tell how a file is written."""
LONGEST_WRITTEN = 200
_LONGEST_LINE = 100_000
"""Letters; Python's own reader takes no longer cells."""


def sample(path: Path) -> bytes:
    """The beginning of a file, up to the end of a line when there is one."""
    with path.open("rb") as file:
        begun = file.read(SAMPLE)
    return begun[: begun.rfind(b"\n") + 1] if len(begun) == SAMPLE and b"\n" in begun else begun


def cells(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Lines as cells; of a line that is longer than any list of names nothing is told."""
    return csv.reader((line if len(line) < _LONGEST_LINE else "" for line in lines), delimiter=delimiter)


def head(path: Path, *, delimiter: str, encoding: str, header: int, most: int) -> Head:
    """The columns and the first rows.

    Args:
        path: The file.
        delimiter: Between two columns.
        encoding: Of its letters.
        header: The line with the names, 0 for none.
        most: How many rows.

    Raises:
        FileUnreadableError: There is nothing to be read as columns.
    """
    names = _names(path, delimiter, encoding, header)
    chunk = next(
        chunks(path, names, names, delimiter=delimiter, encoding=encoding, header=header, size=most),
        Chunk(np.empty(0, np.int64), {name: pa.array([], pa.string()) for name in names}),
    )
    return Head(names, dict.fromkeys(names, "text"), chunk)


def chunks(
    path: Path, names: Sequence[str], wanted: Sequence[str], *, delimiter: str, encoding: str, header: int, size: int,
) -> Iterator[Chunk]:  # fmt: skip
    """All rows, `size` at a time; the last ones may be fewer.

    Raises:
        FileUnreadableError: A row is longer than `PIECE`, or the letters are of another encoding.
    """
    broken: list[Rejected] = []

    def refuse(row: pyarrow.csv.InvalidRow) -> str:
        broken.append(Rejected(int(row.number), "", row.text[:LONGEST_WRITTEN], "row.columns"))
        return "skip"

    # Without threads, so that rows have numbers. Bytes, for letters that are wrong concern their own row only.
    kind = pa.binary() if encoding == "utf-8" else pa.string()
    numbered = _Numbered(header + 1, broken)
    try:
        reader = pyarrow.csv.open_csv(
            path,
            pyarrow.csv.ReadOptions(
                use_threads=False, block_size=PIECE, skip_rows=header, column_names=list(names), encoding=encoding
            ),
            pyarrow.csv.ParseOptions(delimiter=delimiter, invalid_row_handler=refuse, ignore_empty_lines=False),
            pyarrow.csv.ConvertOptions(
                include_columns=list(wanted), column_types=dict.fromkeys(wanted, kind), strings_can_be_null=False
            ),
        )
        yield from _cut(reader, numbered, size)
    except (pa.ArrowInvalid, UnicodeError) as error:
        if "Empty CSV file" in str(error):
            return
        raise FileUnreadableError(
            f"the file cannot be read as CSV: {str(error)[:200]}", place="file",
            fix="Choose its delimiter and its encoding; no row may be longer than a megabyte.",
        ) from error  # fmt: skip


def _cut(reader: pyarrow.csv.CSVStreamingReader, numbered: _Numbered, size: int) -> Iterator[Chunk]:
    """The rows in pieces of one size, however the file is parsed."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in reader:
        held.append(batch)
        count += batch.num_rows
        while count >= size:
            table = pa.Table.from_batches(held)
            yield numbered.chunk(table.slice(0, size))
            held = table.slice(size).to_batches()
            count -= size
    rest = pa.Table.from_batches(held, reader.schema)
    last = numbered.chunk(rest, is_last=True)
    if last.size or last.broken:
        yield last


class _Numbered:
    """Gives rows the numbers of their lines: those that were refused have one too."""

    def __init__(self, first: int, broken: list[Rejected]) -> None:
        self._next = first
        self._broken = broken

    def chunk(self, table: pa.Table, *, is_last: bool = False) -> Chunk:
        refused = np.array([one.row for one in self._broken], np.int64)
        numbers = np.arange(self._next, self._next + table.num_rows + refused.size)
        rows = numbers[~np.isin(numbers, refused)][: table.num_rows]
        self._next = int(rows[-1]) + 1 if rows.size else self._next
        own = [one for one in self._broken if is_last or one.row < self._next]
        del self._broken[: len(own)]
        columns = {name: _text(table.column(name).combine_chunks()) for name in table.column_names}
        return Chunk(rows, columns, own)


def _text(column: pa.Array) -> pa.Array:
    """Letters out of bytes; what is no UTF-8 is replaced, and so becomes no number, no time and no key of anybody's."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not pa.types.is_binary(column.type):
        return column
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([each.decode("utf-8", "replace") for each in column.to_pylist()], pa.string())


def _names(path: Path, delimiter: str, encoding: str, header: int) -> tuple[str, ...]:
    """The names of the columns, each of its own: one that comes again has its number behind it."""
    text = sample(path).decode(encoding, "replace").removeprefix("\ufeff")
    line = next(islice(text.splitlines(), max(header - 1, 0), None), "")
    found = next(cells([line], delimiter), [])
    if not any(found) or len(found) > MOST_COLUMNS:
        raise FileUnreadableError(
            f"line {max(header, 1)} has no columns, or more than {MOST_COLUMNS}", place="header",
            fix="Choose the line with the names of the columns, and the delimiter between them.",
        )  # fmt: skip
    names: dict[str, None] = {}
    for number, name in enumerate(found, 1):
        plain = (name.strip() if header else "")[:LONGEST_WRITTEN] or f"column {number}"
        names[plain if plain not in names else f"{plain} ({number})"] = None
    return tuple(names)
