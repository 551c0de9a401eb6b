from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from twins.language.graph import depth, in_order

NAMES = "abcdefg"


def test_each_comes_after_what_it_needs() -> None:
    needs = {"c": {"b", "x"}, "b": {"a"}, "a": set()}
    assert in_order(needs) == (["a", "b", "c"], [])
    assert depth(needs, ["a", "b", "c"]) == {"a": 1, "b": 2, "c": 3}


def test_circles_are_told_and_what_needs_them_is_left_out() -> None:
    needs = {"b": {"c"}, "c": {"a"}, "a": {"b"}, "d": {"a"}, "e": set(), "f": {"f"}}
    assert in_order(needs) == (["e"], [("a", "b", "c", "a"), ("f", "f")])


@given(st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES))))
def test_in_any_graph(needs: dict[str, set[str]]) -> None:
    order, circles = in_order(needs)
    for place, name in enumerate(order):
        assert (needs[name] & needs.keys()) <= set(order[:place])
    for circle in circles:
        assert circle[0] == circle[-1] == min(circle)
        for one, other in pairwise(circle):
            assert other in needs[one]
    assert len(order) == len(needs) or circles
