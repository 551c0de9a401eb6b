from __future__ import annotations

from billing.contracts.domain import ExclusionRule
from billing.outcomes.domain.exclusions import consume


def test_a_moment_counts_once_for_the_category_that_comes_first() -> None:
    rules = (ExclusionRule("planned", None), ExclusionRule("weather", None))
    uses, left = consume(rules, {"weather": [(40, 100)], "planned": [(0, 60)]}, [(0, 200)])
    assert [(use.category, use.claimed, use.used) for use in uses] == [
        ("planned", 60, ((0, 60),)),
        ("weather", 40, ((60, 100),)),
    ]
    assert left == [(100, 200)]


def test_an_allowance_is_consumed_in_the_order_of_time() -> None:
    uses, left = consume((ExclusionRule("planned", 25),), {"planned": [(50, 70), (10, 20), (0, 5)]}, [(0, 100)])
    assert uses[0].used == ((0, 5), (10, 20), (50, 60))
    assert (uses[0].claimed, left) == (35, [(5, 10), (20, 50), (60, 100)])


def test_only_service_time_uses_up_an_allowance() -> None:
    uses, left = consume((ExclusionRule("planned", 10),), {"planned": [(0, 30)]}, [(20, 50)])
    assert (uses[0].used, left) == (((20, 30),), [(30, 50)])


def test_what_a_spent_allowance_leaves_falls_to_the_next_category() -> None:
    rules = (ExclusionRule("planned", 10), ExclusionRule("weather", 5))
    uses, left = consume(rules, {"planned": [(0, 30)], "weather": [(0, 30)]}, [(0, 100)])
    assert [use.used for use in uses] == [((0, 10),), ((10, 15),)]
    assert left == [(15, 100)]


def test_no_allowance_at_all_and_categories_the_clause_does_not_know() -> None:
    uses, left = consume((ExclusionRule("planned", 0),), {"planned": [(0, 30)], "other": [(0, 100)]}, [(0, 100)])
    assert (uses[0].claimed, uses[0].used, left) == (30, (), [(0, 100)])
