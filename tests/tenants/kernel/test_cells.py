"""What spreadsheets would run is told as text; numbers stay numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tenants.kernel.cells import as_cell, as_cells


@pytest.mark.parametrize(
    "text", ["=1+1", "+49 40", "-", "-5 °C", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''-"]
)
def test_what_begins_as_a_formula_gets_an_apostrophe(text: str) -> None:
    assert as_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", ["-5", "-5.25", "-5,25", "-1e-3", -5, -5.25, Decimal("-5"), None, True, "", "P-1", "'tis"]
)
def test_numbers_and_other_texts_stay_as_they_are(value: Any) -> None:
    assert as_cell(value) is value


def test_a_row() -> None:
    assert as_cells(("=a", 1, "b")) == ["'=a", 1, "b"]
