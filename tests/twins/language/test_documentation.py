"""Every example of docs/language.md, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from twins.language.checking import check
from twins.language.evaluation import Samples, evaluate
from twins.language.functions import POINTWISE, WINDOWED
from twins.language.typed import Known, Role, Sort

SECOND = 1_000_000
TEXT = (Path(__file__).parents[3] / "docs" / "language.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip().strip("`") for cell in line.split("|")[1:-1]] for line in TEXT.splitlines() if line.startswith("| `")
]
NAMES = [row for row in ROWS if len(row) == 3]
EXAMPLES = [row for row in ROWS if len(row) == 4]


def vocabulary() -> dict[str, Known]:
    known = {}
    for name, unit, readings in NAMES:
        role = Role.PROPERTY if readings.startswith("property") else Role.SIGNAL
        known[name] = Known(role, Sort.TEXT) if unit == "text" else Known(role, unit=unit)
    return known


def signals() -> dict[str, Samples]:
    found = {}
    for name, _, readings in NAMES:
        rows = re.findall(r"([0-9.]+) at ([0-9]+) s", readings)
        at = np.array([int(second) * SECOND for _, second in rows], np.int64)
        found[name] = Samples(at, np.array([float(value) for value, _ in rows]), 300 * SECOND)
    return found


@pytest.mark.parametrize("row", EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_an_example_gives_what_it_says(row: list[str]) -> None:
    text, unit, gives, _ = row
    is_truth = unit == "truth"
    formula = check(text, vocabulary(), unit=None if is_truth else unit, sort=Sort.TRUTH if is_truth else None)
    found = evaluate(formula, signals(), {"rated_flow": 50.0, "mode": "eco"}, np.array([240 * SECOND]))
    expected = {"true": 1.0, "false": 0.0, "unknown": float("nan")}.get(gives)
    assert found.value.tolist() == [
        pytest.approx(float(gives) if expected is None else expected, abs=5e-7, nan_ok=True)
    ]


def test_every_function_has_an_example() -> None:
    for name in POINTWISE.keys() | WINDOWED.keys():
        assert any(f"{name}(" in row[0] for row in EXAMPLES), name
    assert len(EXAMPLES) > 35
