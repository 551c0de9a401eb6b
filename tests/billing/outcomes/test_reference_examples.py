"""Every document of the reference data, to the digit: OUTTURN_DATA names the folder with ``sla/rate`` in it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.billing.outcomes.documents import rated

DATA = os.environ.get("OUTTURN_DATA")
FILES = sorted((Path(DATA) / "sla" / "rate").glob("*.json")) if DATA else []

pytestmark = pytest.mark.data


def test_there_are_examples() -> None:
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_example(file: Path) -> None:
    example: dict[str, Any] = json.loads(file.read_text())
    answer = rated(example["document"])
    found = {**answer["clauses"][0], **{name: answer[name] for name in ("fee_minor", "total_minor")}}
    found["amounts"] = [clause["amount_minor"] for clause in answer["clauses"]]
    assert {name: found[name] for name in example["expect"]} == example["expect"]
