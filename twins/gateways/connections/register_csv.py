"""Register maps as people keep them: a table that is pasted from a spreadsheet or a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from tenants.kernel.errors import Finding
from twins.gateways.field.documents import refuse

COLUMNS = ("key", "unit", "table", "address", "type", "bit", "word_order", "byte_order", "every_ms")
_NUMBERS = frozenset(("unit", "address", "bit", "every_ms"))
_SEPARATORS = ("\t", ";", ",")


def registers_from(text: str) -> list[dict[str, Any]]:
    """The points of a pasted table; tabs, semicolons or commas between its cells, with or without a line of headings.

    Raises:
        FieldSettingsError: A cell cannot be read; `place` names its line and column.
    """
    separator = next((each for each in _SEPARATORS if each in text), ",")
    rows = [
        row for row in csv.reader(io.StringIO(text.strip()), delimiter=separator) if any(cell.strip() for cell in row)
    ]
    columns: Sequence[str] = COLUMNS
    if rows and "address" in (heads := [cell.strip().lower() for cell in rows[0]]):
        columns, rows = heads, rows[1:]
    findings: list[Finding] = []
    points = [_point(number, row, columns, findings) for number, row in enumerate(rows)]
    refuse([*_unknown(columns), *findings])
    return points


def _unknown(columns: Sequence[str]) -> Iterator[Finding]:
    for column in columns:
        if column not in COLUMNS:
            yield Finding(
                "modbus.column", column, f"“{column[:40]}” is no column of a register map",
                f"Name the columns {', '.join(COLUMNS)}.",
            )  # fmt: skip


def _point(number: int, row: Sequence[str], columns: Sequence[str], findings: list[Finding]) -> dict[str, Any]:
    point: dict[str, Any] = {}
    for column, cell in zip(columns, (each.strip() for each in row), strict=False):
        if not cell:
            continue
        if column not in _NUMBERS:
            point[column] = cell if column == "key" else cell.lower()
            continue
        try:
            point[column] = int(cell)
        except ValueError:
            findings.append(Finding(
                "modbus.cell", f"points/{number}/{column}", f"“{cell[:40]}” is no whole number",
                "Correct this cell.",
            ))  # fmt: skip
    return point


def table_of(points: Sequence[dict[str, Any]]) -> str:
    """The same points as a table with headings."""
    told = io.StringIO()
    writer = csv.DictWriter(told, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in point.items()} for point in points)
    return told.getvalue()
