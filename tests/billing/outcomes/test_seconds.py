"""The engine against an evaluator that goes second by second; `bench outcomes` draws many more documents."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.billing.outcomes.documents import Json, rated
from tests.billing.outcomes.drawn import drawn
from tests.billing.outcomes.seconds import mismatch


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_same_as_the_evaluator_that_goes_by_seconds(first: int) -> None:
    told = {seed: mismatch(document, rated(document)) for seed in range(first, first + 50) if (document := drawn(seed))}
    assert {seed: what for seed, what in told.items() if what} == {}


def test_a_number_is_one_document() -> None:
    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_what_is_drawn_has_every_part_of_a_contract() -> None:
    answers = [rated(drawn(seed)) for seed in range(60)]
    clauses = [clause for answer in answers for clause in answer["clauses"]]
    assert {clause["status"] for clause in clauses} == {"settled", "indeterminate"}
    for figure in ("excluded_s", "down_s", "unknown_s", "amount_minor"):
        assert any(clause[figure] for clause in clauses), figure
    assert any(clause["ratio"] not in {None, "0", "1"} for clause in clauses)
    assert any(answer["workings"]["caps"]["forfeited"] for answer in answers)
    assert any(answer["workings"]["unrated"] for answer in answers)
    measured = [asset for answer in answers for clause in answer["workings"]["clauses"] for asset in clause["assets"]]
    assert any(end != counted for asset in measured for _, end, counted in asset["outages"])
    assert any(spent(use) < use["claimed"] for asset in measured for use in asset["exclusions"])


def spent(use: Json) -> int:
    return sum(end - start for start, end in use["used"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"total_minor": 1}, "total_minor is 1, not "),
        ({"clauses": {"down_s": -1}}, "down_s of clause 0 is -1, not "),
        ({"clauses": {"ratio": "1/7"}}, "ratio of clause 0 is 1/7, not "),
    ],
    ids=["total", "seconds", "ratio"],
)
def test_another_answer_is_told(change: Any, told: str) -> None:
    document = drawn(3)
    answer = copy.deepcopy(rated(document))
    answer["clauses"][0] |= change.pop("clauses", {})
    assert (mismatch(document, answer | change) or "").startswith(told)
