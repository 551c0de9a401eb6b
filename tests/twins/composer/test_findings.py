"""Findings told to who has others: by the places where they differ, and equal afterwards."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from twins.composer.domain.findings import mark_of, told_to
from twins.composer.schemas import TwinFinding

FINDINGS = st.lists(
    st.builds(TwinFinding, st.sampled_from("xy"), st.sampled_from("abcd"), st.sampled_from("mn"), st.just("f")),
    max_size=8,
).map(tuple)
ONE, OTHER = TwinFinding("x", "a", "m", "f"), TwinFinding("x", "b", "m", "f")


@given(FINDINGS, FINDINGS)
def test_what_differs_leads_from_the_ones_to_the_others(
    before: tuple[TwinFinding, ...], now: tuple[TwinFinding, ...]
) -> None:
    told = told_to(mark_of(before), now, before)
    assert (told.findings, told.since, told.mark) == (None, mark_of(before), mark_of(now))
    assert told.at is not None
    kept = [each for each in before if each.place not in told.at]
    assert Counter([*kept, *(each for found in told.at.values() for each in found)]) == Counter(now)


@given(FINDINGS)
def test_the_order_of_findings_is_not_part_of_their_mark(findings: tuple[TwinFinding, ...]) -> None:
    assert mark_of(findings) == mark_of(tuple(reversed(findings)))


def test_who_has_none_or_unknown_ones_is_told_all() -> None:
    for known in (None, "", "of something else"):
        told = told_to(known, (ONE,), (OTHER,))
        assert (told.findings, told.at, told.since) == ((ONE,), None, None)


def test_only_places_that_differ_are_told() -> None:
    assert told_to(mark_of((ONE, OTHER)), (ONE,), (ONE, OTHER)).at == {"b": ()}
    assert told_to(mark_of((ONE,)), (ONE,)).at == {}
