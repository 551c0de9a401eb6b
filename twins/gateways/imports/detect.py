"""Guesses how a file is to be read; a person sees the guess, and what it comes to, before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from tenants.kernel.errors import Finding
from twins.gateways.imports import csv_files
from twins.gateways.imports.convert import numbers_of
from twins.gateways.imports.schemas import LATEST_HEADER, Head, TimeFormat
from twins.gateways.imports.times import instants_of
from twins.telemetry.salvage import LONGEST_KEY

_DELIMITERS = (";", "\t", "|", ",")
_LOOKED_AT = 200
_MOSTLY = 0.6
_KEY_NAMES = re.compile(r"key|tag|name|signal|sensor|variable|metric|point|channel|item", re.IGNORECASE)
_COMMA = re.compile(r"^[+-]?\d+,\d+$")
_POINT = re.compile(r"^[+-]?\d*\.\d+$")
_NUMBERED = {
    (9, 10): TimeFormat.SECONDS, (12, 13): TimeFormat.MILLISECONDS, (15, 16): TimeFormat.MICROSECONDS,
    (18, 19): TimeFormat.NANOSECONDS,
}  # fmt: skip

Guess = dict[str, object]


def csv_guess(path: Path) -> Guess:
    """The delimiter, decimal sign, encoding and line of names of a CSV file."""
    begun = csv_files.sample(path)
    encoding = "utf-8"
    try:
        begun.decode()
    except UnicodeDecodeError as error:
        if error.start < len(begun) - 4:  # not the last letter, cut in two
            encoding = "windows-1252"
    lines = begun.decode(encoding, "replace").removeprefix("\ufeff").splitlines()[:_LOOKED_AT]
    delimiter = max(_DELIMITERS, key=lambda each: _steadiness(lines, each))
    rows = list(csv_files.cells(lines, delimiter))
    widths = [len(row) for row in rows if any(row)]
    width = max(widths, key=widths.count, default=1)
    first = next((number for number, row in enumerate(rows, 1) if len(row) == width and any(row)), 1)
    cells = [cell.strip() for row in rows[first:] for cell in row]
    is_comma = delimiter != "," and sum(map(bool, map(_COMMA.match, cells))) > sum(map(bool, map(_POINT.match, cells)))
    header = first if rows and not any(map(_is_number, rows[first - 1])) else 0
    return {
        "delimiter": delimiter, "decimal": "," if is_comma else ".", "encoding": encoding,
        "header": min(header, LATEST_HEADER),
    }  # fmt: skip


def mapping_guess(head: Head, known: Mapping[str, object], *, zone: str) -> tuple[Guess, list[Finding]]:
    """Which columns are what, in the form of `FileMapping`, and what a person should look at.

    Args:
        head: The columns and first rows.
        known: What has been guessed of the file's writing.
        zone: Where times are from that do not say it.
    """
    guess: Guess = {**known, "zone": zone}
    findings: list[Finding] = []
    time, order, findings_of_time = _time(head)
    findings += findings_of_time
    decimal = str(known.get("decimal", "."))
    guess |= {"time": time, "time_format": order.value, "time_of_day": _time_of_day(head, time)}
    others = [name for name in head.names if name not in (time, guess["time_of_day"])]
    numeric = [name for name in others if _are_numbers(head.chunk.columns[name], decimal)]
    texts = [name for name in others if name not in numeric]
    named = [name for name in texts if _KEY_NAMES.search(name)] or (texts if len(others) == 2 else [])
    if named and numeric and len(numeric) <= len(texts) + 1:
        return guess | {"shape": "long", "key": named[0], "value": _best_value(numeric)}, findings
    chosen = numeric or [name for name in others if any(head.chunk.columns[name].to_pylist())]
    guess |= {"shape": "wide", "columns": {name: name.strip()[:LONGEST_KEY] for name in chosen if name.strip()}}
    findings += [
        Finding("import.column_left_out", name, f"no numbers stand in the column {name}", "Give it a key to take it.")
        for name in texts
    ]
    return guess, findings


def _steadiness(lines: Sequence[str], delimiter: str) -> tuple[int, int]:
    """How many rows have the same number of columns, of those with more than one; and how many columns."""
    widths = [len(row) for row in csv_files.cells([line for line in lines if line.strip()], delimiter)]
    several = [width for width in widths if width > 1]
    width = max(several, key=several.count, default=1)
    return several.count(width), width


def _is_number(cell: str) -> bool:
    return bool(re.match(r"^\s*[+-]?[\d.,]+([eE][+-]?\d+)?\s*$", cell))


def _time(head: Head) -> tuple[str, TimeFormat, list[Finding]]:
    """The column of times and how they are written."""
    for name in head.names:
        if head.kinds[name] == "time":
            return name, TimeFormat.ISO, []
    for name in sorted(head.names, key=lambda name: not re.search(r"time|date|zeit|datum", name, re.IGNORECASE)):
        column = head.chunk.columns[name]
        for order in _orders(_texts(column)):
            if _share(instants_of(column, order, "UTC")[1], column) >= _MOSTLY:
                return name, order, _ambiguity(name, _texts(column), order)
    finding = Finding("import.no_time", "time", "no column of times was found", "Choose the column and its format.")
    return head.names[0], TimeFormat.ISO, [finding]


def _orders(texts: Sequence[str]) -> Iterable[TimeFormat]:
    """What a column could be, the likeliest first."""
    if texts and all(text.lstrip("-").replace(".", "", 1).isdigit() for text in texts):
        digits = max(len(text.lstrip("-").partition(".")[0]) for text in texts)
        return [order for lengths, order in _NUMBERED.items() if digits in lengths]
    found = [re.match(r"^(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}", text) for text in texts]
    if any(one and int(one[2]) > 12 for one in found):
        return (TimeFormat.MONTH_FIRST,)
    return (TimeFormat.ISO, TimeFormat.DAY_FIRST)


def _ambiguity(name: str, texts: Sequence[str], order: TimeFormat) -> list[Finding]:
    """Days and months that could be taken for each other."""
    found = [re.match(r"^(\d{1,2})/(\d{1,2})/\d{4}", text) for text in texts]
    is_told = any(one and int(one[1]) > 12 for one in found)
    if order is not TimeFormat.DAY_FIRST or not any(found) or is_told:
        return []
    return [
        Finding(
            "import.day_or_month", name, f"in {texts[0]} the day and the month could be either",
            "Choose whether the day or the month comes first.",
        )
    ]  # fmt: skip


def _time_of_day(head: Head, time: str) -> str:
    """The column of times of the day, when the dates stand alone."""
    if any(":" in text for text in _texts(head.chunk.columns[time])) or head.kinds[time] == "time":
        return ""
    clock: Callable[[str], object] = re.compile(r"^\d{1,2}:\d{2}").match
    found = (name for name in head.names if name != time and head.kinds[name] == "text")
    return next((name for name in found if all(map(clock, _texts(head.chunk.columns[name]) or ["-"]))), "")


def _are_numbers(column: pa.Array, decimal: str) -> bool:
    return _share(numbers_of(column, decimal)[1], column) >= _MOSTLY


def _best_value(numeric: Sequence[str]) -> str:
    return next((name for name in numeric if re.search(r"val|wert|reading", name, re.IGNORECASE)), numeric[0])


def _share(is_read: object, column: pa.Array) -> float:
    """How many of those that are there could be read."""
    there = len([each for each in column.to_pylist() if each not in (None, "")])
    return 0.0 if not there else float(getattr(is_read, "sum")()) / there  # noqa: B009


def _texts(column: pa.Array) -> list[str]:
    return [str(each).strip() for each in column.to_pylist() if each not in (None, "")]
