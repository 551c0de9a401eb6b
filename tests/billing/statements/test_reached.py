"""The outcome of a statement as lists tell it: at a glance, and never as settled what is not."""

from __future__ import annotations

from fractions import Fraction

import pytest
from django.utils.translation import override

from billing.outcomes.domain.figures import percent_text
from billing.statements.reached import percent_drawn, percent_or_word, reached, summary, target_of, told_first
from tests.billing.outcomes.documents import AWS_TIERS, Json

STEPS = {"kind": "steps", "below": "95", "above": None, "credit": "1", "bonus": None, "per": "1", "step": "full"}
BONUS = {"kind": "steps", "below": None, "above": "99.99", "credit": None, "bonus": "1", "per": "1", "step": "full"}


def clause(name: str, ratio: str | None, *, is_settled: bool = True) -> Json:
    """A clause as a statement has it."""
    return {
        "id": name,
        "status": "settled" if is_settled else "indeterminate",
        "ratio": ratio,
        "percent": None if ratio is None else percent_text(Fraction(ratio)),
    }


UPTIME, COLD, FREE = [AWS_TIERS], [BONUS, STEPS], [BONUS]


@pytest.mark.parametrize(
    ("clauses", "remedies", "told", "in_german"),
    [
        ([], [], "–", "–"),
        ([clause("uptime", "863/864")], [UPTIME], "99.88 %", "99,88 %"),
        ([clause("uptime", "1/3", is_settled=False)], [UPTIME], "indeterminate", "nicht bestimmbar"),
        ([clause("uptime", None, is_settled=False)], [FREE], "indeterminate", "nicht bestimmbar"),
        (
            [clause("uptime", "863/864"), clause("cold", "17/18"), clause("free", "1/2")], [UPTIME, COLD, FREE],
            "Cold 94.44 %, 0 of 2 kept", "Cold 94,44 %, 0 von 2 eingehalten",
        ),
        (
            [clause("uptime", "1"), clause("cold", "17/18")], [UPTIME, COLD],
            "Cold 94.44 %, 1 of 2 kept", "Cold 94,44 %, 1 von 2 eingehalten",
        ),
        (
            [clause("uptime", "1"), clause("cold", "1/3", is_settled=False)], [UPTIME, COLD],
            "Cold indeterminate, 1 of 2 kept", "Cold nicht bestimmbar, 1 von 2 eingehalten",
        ),
        (
            [clause("cold", "1/3", is_settled=False), clause("uptime", "863/864")], [COLD, UPTIME],
            "Uptime 99.88 %, 0 of 2 kept", "Uptime 99,88 %, 0 von 2 eingehalten",
        ),
        (
            [clause("uptime", "1"), clause("cold", "19/20"), clause("free", "1/2")], [UPTIME, COLD, FREE],
            "2 of 2 kept", "2 von 2 eingehalten",
        ),
        ([clause("a", "1/2"), clause("b", "1/3")], [FREE, FREE], "A 50.00 %", "A 50,00 %"),
    ],
)  # fmt: skip
def test_the_outcome_at_a_glance(clauses: list[Json], remedies: list[list[Json]], told: str, in_german: str) -> None:
    found = reached(clauses, remedies)
    assert summary(found) == told
    with override("de"):
        assert summary(found) == in_german


def test_a_guarantee_is_missed_by_the_exact_outcome_not_by_the_one_that_is_shown() -> None:
    (below, at) = reached([clause("a", "998999999/1000000000"), clause("b", "999/1000")], [UPTIME, UPTIME])
    assert (below.percent, below.is_kept, below.lacking) == ("99.899999", False, Fraction(1, 10_000_000))
    assert (at.percent, at.is_kept, at.lacking) == ("99.900000", True, Fraction(0))
    assert told_first([at, below]) == below
    assert told_first([]) is None


def test_the_target_is_the_highest_threshold_that_costs_the_supplier() -> None:
    assert target_of([AWS_TIERS, STEPS]) == "99.9"
    assert target_of([STEPS]) == "95"
    assert target_of([BONUS]) is None
    assert target_of([]) is None


def test_what_is_not_settled_is_neither_told_nor_drawn_as_a_figure() -> None:
    open_, done = clause("a", "1/3", is_settled=False), clause("a", "1/3")
    assert [percent_or_word(each) for each in (open_, done)] == ["indeterminate", "33.33"]
    assert [percent_drawn(each) for each in (open_, done)] == [None, "33.333333"]
