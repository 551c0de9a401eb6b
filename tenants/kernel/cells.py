"""Cells of files that spreadsheets open: what they would run as a formula is told as text (CWE-1236)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""What a spreadsheet takes for the beginning of a formula, the wide forms too; apostrophes before it are doubled, so
that taking the first one away gives back what was written."""
_NUMBER = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?")


def as_cell(value: Any) -> Any:
    """A value as a cell of a file: a text that begins as a formula gets an apostrophe, a number such as -5 does not."""
    is_formula = isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return f"'{value}" if is_formula else value


def as_cells(values: Iterable[Any]) -> list[Any]:
    """A row of such cells."""
    return [as_cell(value) for value in values]
