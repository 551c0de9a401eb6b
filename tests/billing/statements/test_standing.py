"""What stands of a clause of which too little is known: what was settled last, under the caps of today."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.outcomes.assembly import rated
from billing.statements.domain import differences, outcome_lines, total
from billing.statements.standing import SettledAmount, Standing, settled_amounts, standing, undecided
from tests.billing.contracts.test_wording import ENGINE, SPARE, a_contract, clause
from tests.billing.outcomes.documents import a_document, a_state, seen

FEE = {"kind": "flat", "minor": 1_000_000}
CREDIT = {"kind": "tiers", "tiers": [{"below": "100", "credit": "15"}]}
DOWN = a_state("2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z")
UNKNOWN = seen(initial=None)


def outcome(engine: Any, spare: Any, *, cap: str | None = None, bonus: str = "0") -> Any:
    """What a clause about each of two assets comes to: 15 % of 10,000.00 below full marks, under one cap."""
    remedies = [CREDIT, {"kind": "steps", "above": "10", "bonus": bonus, "per": "100", "step": "started", "cap": None}]
    two = [
        clause(id=name, assets=[asset], minimum_coverage="98", remedies=remedies)
        for name, asset in (("one", ENGINE), ("two", SPARE))
    ]
    caps = {"period_percent": cap, "year_remaining_minor": None}
    return rated(a_document(*two, fee=FEE, evidence={ENGINE: engine, SPARE: spare}, caps=caps))


def settled(found: Any, version: int = 1) -> dict[str, SettledAmount]:
    lines = [line.as_json() for line in outcome_lines(a_contract(clause(), fee=FEE), found)]
    return settled_amounts(f"v{version}", {"version": version, "lines": lines}, found)


def test_what_was_settled_is_told_with_its_credit() -> None:
    assert settled(outcome(seen(DOWN), seen(), bonus="2")) == {
        "one": SettledAmount(1, "v1", -130_000, 150_000),
        "two": SettledAmount(1, "v1", 20_000, 0),
    }
    assert settled(outcome(seen(DOWN), UNKNOWN)).keys() == {"one"}


def test_what_stood_in_a_version_was_not_settled_by_it() -> None:
    first, second = outcome(seen(DOWN), seen()), outcome(UNKNOWN, seen(DOWN))
    kept = standing(second, settled(first))
    lines = [line.as_json() for line in outcome_lines(a_contract(clause(), fee=FEE), second, kept)]
    assert [(line["clause"], line["minor"], "of" in line) for line in lines] == [
        ("fee", 1_000_000, False), ("one", -150_000, True), ("two", -150_000, False),
    ]  # fmt: skip
    assert settled_amounts("v2", {"version": 2, "lines": lines}, second).keys() == {"two"}


def test_only_what_is_undecided_stands() -> None:
    known = settled(outcome(seen(DOWN), seen(DOWN)))
    assert undecided(outcome(UNKNOWN, seen())) == ["one"]
    assert standing(outcome(UNKNOWN, seen()), known) == {"one": Standing(known["one"], -150_000, 150_000)}
    assert standing(outcome(seen(), seen()), known) == {}
    assert standing(outcome(UNKNOWN, seen()), {}) == {}


def test_a_bonus_stands_too() -> None:
    known = settled(outcome(seen(), seen(), bonus="2"))
    assert standing(outcome(UNKNOWN, seen()), known) == {"one": Standing(known["one"], 20_000, 0)}


def test_what_stands_is_under_the_same_cap() -> None:
    """Each of two clauses had 1,000.00 of a cap of 2,000.00; the one that is known has 1,500.00 of it by itself."""
    first = outcome(seen(DOWN), seen(DOWN), cap="20")
    known = settled(first)
    assert [one.minor for one in known.values()] == [-100_000, -100_000]
    second = outcome(UNKNOWN, seen(DOWN), cap="20")
    kept = standing(second, known)
    assert kept == {"one": Standing(known["one"], -50_000, 50_000)}
    old = [line.as_json() for line in outcome_lines(a_contract(clause(), fee=FEE), first)]
    new = [line.as_json() for line in outcome_lines(a_contract(clause(), fee=FEE), second, kept)]
    assert new[1]["text"] == "one: indeterminate, what version 1 settled stands as far as the caps leave room"
    assert [(each.clause, each.minor) for each in differences(old, new)] == [("one", 50_000), ("two", -50_000)]
    assert total(new) == total(old) == 800_000


@pytest.mark.parametrize(("limit", "left"), [(None, 90), (100, 70), (60, 30), (30, 0), (10, 0)])
def test_the_limit_of_the_year_holds_for_it(limit: int | None, left: int) -> None:
    caps = {"period_limit": None, "year_limit": limit, "granted": 30}
    clauses = [{"id": name, "amount_minor": None} for name in "abc"]
    known = {name: SettledAmount(1, "v1", 5 - credit, credit) for name, credit in zip("abc", (60, 30, 0), strict=True)}
    found = standing({"clauses": clauses, "workings": {"caps": caps}}, known)
    assert sum(one.credit for one in found.values()) == left
    assert found["c"] == Standing(known["c"], 5, 0)
    assert [one.is_limited for one in found.values()] == [left < 90, left < 90, False]


CREDITS = st.lists(st.integers(0, 10**9), max_size=5)
LIMITS = st.one_of(st.none(), st.integers(0, 10**10))


@given(CREDITS, st.integers(0, 10**9), LIMITS, LIMITS)
def test_credits_that_stand_are_never_more_than_was_settled_or_than_caps_leave(
    credits_minor: list[int], granted: int, period: int | None, year: int | None
) -> None:
    known = {str(at): SettledAmount(1, "v1", -one, one) for at, one in enumerate(credits_minor)}
    clauses = [{"id": name, "amount_minor": None} for name in known]
    caps = {"period_limit": period, "year_limit": year, "granted": granted}
    found = standing({"clauses": clauses, "workings": {"caps": caps}}, known)
    stands = sum(one.credit for one in found.values())
    room = min([max(0, limit - granted) for limit in (period, year) if limit is not None], default=sum(credits_minor))
    assert stands == min(sum(credits_minor), room)
    assert all(0 <= one.credit <= one.of.credit and one.minor == -one.credit for one in found.values())
