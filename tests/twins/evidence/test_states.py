"""Each rule by a case made by hand, then all of them against the rules told slowly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twins.evidence.brute import Known, columns, state_at
from twins.evidence.domain.items import HOUR_MS, Item, Rule, RuleError
from twins.evidence.domain.states import STATES, Cause, stretches

F, FAILED, RETURNED, IN, OUT, RETIRED = (
    Item.FLIGHT, Item.FAILED, Item.RETURNED, Item.SHOP_IN, Item.SHOP_OUT, Item.RETIRED,
)  # fmt: skip
RULE = Rule()
TINY = Rule(flight="PT0.009S", max_gap="PT0.012S")
SPAN = (20, 90)

Told = list[tuple[float, float, str]]


def told(*items: tuple[float, Item], span: tuple[int, int] = (0, 240)) -> Told:
    """Hours from, hours to and cause of one asset."""
    known = [Known(int(at * HOUR_MS), kind) for at, kind in items]
    found = stretches(*columns([known]), RULE, (span[0] * HOUR_MS, span[1] * HOUR_MS), 1)
    return [
        (start / HOUR_MS, end / HOUR_MS, Cause(cause).word)
        for start, end, cause in zip(found.start.tolist(), found.end.tolist(), found.value.tolist(), strict=True)
    ]


def test_nothing_known_is_unknown() -> None:
    assert told() == [(0, 240, "before_first_flight")]


def test_up_from_the_first_flight_while_flights_keep_coming() -> None:
    assert told((6, F), (14, F), (30, F)) == [
        (0, 6, "before_first_flight"),
        (6, 34, "flights"),
        (34, 240, "silence"),
    ]


def test_a_gap_counts_from_the_landing_and_may_last_as_long_as_the_rule_says() -> None:
    assert told((0, F), (52, F))[0] == (0, 56, "flights")
    longer = told((0, F), (52 + 1 / HOUR_MS, F))
    assert longer[0] == (0, 4, "flights")
    assert [cause for *_, cause in longer] == ["flights", "silence", "flights", "silence"]


def test_an_event_ends_a_gap_too() -> None:
    assert told((0, F), (30, IN))[:2] == [(0, 30, "flights"), (30, 240, "shop")]
    assert told((0, F), (60, IN))[:3] == [(0, 4, "flights"), (4, 60, "silence"), (60, 240, "shop")]


def test_never_up_before_the_first_flight() -> None:
    assert told((10, RETURNED), (20, F)) == [
        (0, 20, "before_first_flight"), (20, 24, "flights"), (24, 240, "silence"),
    ]  # fmt: skip
    assert told((10, IN), (20, OUT)) == [
        (0, 10, "before_first_flight"), (10, 20, "shop"), (20, 240, "before_first_flight"),
    ]  # fmt: skip


def test_down_from_the_failure_until_the_return_then_up_on_its_word() -> None:
    assert told((0, F), (2, FAILED), (100, RETURNED)) == [
        (0, 2, "flights"),
        (2, 100, "failed"),
        (100, 240, "returned"),
    ]


def test_down_in_the_shop_then_up_on_the_word_of_shop_out_although_no_flight_follows() -> None:
    assert told((0, F), (10, IN), (130, OUT)) == [(0, 10, "flights"), (10, 130, "shop"), (130, 240, "shop_out")]


def test_flights_speak_again_after_a_visit() -> None:
    assert told((0, F), (10, IN), (20, OUT), (150, F)) == [
        (0, 10, "flights"),
        (10, 20, "shop"),
        (20, 150, "shop_out"),
        (150, 154, "flights"),
        (154, 240, "silence"),
    ]


def test_a_visit_does_not_end_a_failure() -> None:
    assert told((0, F), (4, FAILED), (10, IN), (50, OUT), (60, RETURNED)) == [
        (0, 4, "flights"),
        (4, 10, "failed"),
        (10, 50, "repair"),
        (50, 60, "failed"),
        (60, 240, "returned"),
    ]


def test_a_return_ends_a_visit() -> None:
    assert told((0, F), (4, IN), (50, RETURNED)) == [(0, 4, "flights"), (4, 50, "shop"), (50, 240, "returned")]


def test_shop_out_and_return_are_one_end() -> None:
    assert told((0, F), (4, IN), (50, OUT), (60, RETURNED))[2:] == [(50, 60, "shop_out"), (60, 240, "returned")]
    assert told((0, F), (4, IN), (50, OUT), (50, RETURNED))[1:] == [(4, 50, "shop"), (50, 240, "returned")]


def test_a_take_off_at_the_instant_of_an_event() -> None:
    assert told((0, F), (10, F), (10, FAILED)) == [(0, 10, "flights"), (10, 240, "failed")]
    assert told((0, F), (4, IN), (10, OUT), (10, F)) == [
        (0, 4, "flights"), (4, 10, "shop"), (10, 14, "flights"), (14, 240, "silence"),
    ]  # fmt: skip


def test_a_flight_while_down_is_a_contradiction_until_it_lands() -> None:
    assert told((0, F), (4, FAILED), (20, F), (60, RETURNED)) == [
        (0, 4, "flights"),
        (4, 20, "failed"),
        (20, 24, "contradiction"),
        (24, 60, "failed"),
        (60, 240, "returned"),
    ]
    assert told((0, F), (4, FAILED), (20, F), (22, RETURNED))[2:] == [(20, 22, "contradiction"), (22, 240, "returned")]


@pytest.mark.parametrize("kind", [OUT, RETURNED])
def test_what_ends_an_outage_that_had_not_begun_leaves_the_time_before_it_unknown(kind: Item) -> None:
    word = kind.name.lower()
    assert told((0, F), (30, kind)) == [(0, 4, "flights"), (4, 30, "unexplained"), (30, 240, word)]
    assert told((0, F), (4, IN), (10, OUT), (12, F), (40, kind))[3:] == [
        (12, 16, "flights"), (16, 40, "unexplained"), (40, 240, word),
    ]  # fmt: skip
    assert told((0, F), (4, FAILED), (10, RETURNED), (100, kind))[2:] == [
        (10, 100, "unexplained"), (100, 240, word),
    ]  # fmt: skip


def test_repeated_beginnings_change_nothing() -> None:
    assert told((0, F), (4, FAILED), (9, FAILED), (20, RETURNED)) == told((0, F), (4, FAILED), (20, RETURNED))
    assert told((0, F), (4, IN), (9, IN), (20, OUT)) == told((0, F), (4, IN), (20, OUT))


def test_retirement_ends_service() -> None:
    assert told((0, F), (10, RETIRED), (20, F), (30, RETURNED)) == [(0, 10, "flights"), (10, 240, "retired")]


def test_a_span_shows_what_began_before_it_and_what_ends_after_it() -> None:
    items = ((0, F), (4, FAILED), (100, RETURNED), (110, F), (150, F))
    assert told(*items, span=(10, 20)) == [(10, 20, "failed")]
    assert told(*items, span=(115, 149)) == [(115, 149, "flights")]


def test_assets_do_not_speak_for_each_other() -> None:
    assets = [[Known(0, F)], [], [Known(0, FAILED)]]
    found = stretches(*columns(assets), RULE, (0, 10 * HOUR_MS), 3)
    told = zip(
        found.asset.tolist(), (found.end // HOUR_MS).tolist(), [Cause(one).word for one in found.value], strict=True
    )
    assert list(told) == [
        (0, 4, "flights"), (0, 10, "silence"), (1, 10, "before_first_flight"), (2, 10, "failed"),
    ]  # fmt: skip


@pytest.mark.parametrize("flight", ["PT0S", "PT20M", "PT1H50M", "P1Y", ""])
def test_a_rule_that_cannot_be_reckoned_with(flight: str) -> None:
    with pytest.raises(RuleError) as refused:
        Rule(flight=flight)
    assert refused.value.fix


def test_a_cause_has_a_state() -> None:
    assert {cause.word: cause.state.value for cause in Cause} == {
        "before_first_flight": "unknown", "silence": "unknown", "contradiction": "unknown", "unexplained": "unknown",
        "retired": "unknown", "flights": "up", "shop_out": "up", "returned": "up", "failed": "down", "shop": "down",
        "repair": "down", "holds": "up", "holds_not": "down", "no_reading": "unknown",
    }  # fmt: skip
    assert [state.value for state in STATES] == ["unknown", "up", "down"]


def histories() -> st.SearchStrategy[list[Known]]:
    """Anything that could be known of an asset, whether it makes sense or not."""
    kinds = st.sampled_from([F, F, F, FAILED, RETURNED, IN, OUT, RETIRED])
    items = st.builds(Known, at=st.integers(0, 110), kind=kinds, received=st.just(0))
    return st.lists(items, max_size=14).map(apart)


def apart(items: list[Known]) -> list[Known]:
    """The items without flights that take off in the air; what flights_of makes sure of."""
    kept: list[Known] = []
    landing = -1
    for one in sorted(items):
        if one.kind != F or one.at >= landing:
            kept.append(one)
            landing = one.at + TINY.flight_ms if one.kind == F else landing
    return kept


@given(st.lists(histories(), min_size=1, max_size=3))
def test_every_millisecond_is_covered_once_as_the_rules_say(assets: list[list[Known]]) -> None:
    found = stretches(*columns(assets), TINY, SPAN, len(assets))
    rows = zip(found.asset.tolist(), found.start.tolist(), found.end.tolist(), found.value.tolist(), strict=True)
    told = [(asset, at, Cause(cause)) for asset, start, end, cause in rows for at in range(start, end)]
    assert told == [
        (number, at, Cause[state_at(asset, at, TINY)[1].upper()])
        for number, asset in enumerate(assets)
        for at in range(*SPAN)
    ]
    assert all(cause.state.value == state_at(assets[number], at, TINY)[0] for number, at, cause in told)


@given(st.lists(histories(), min_size=1, max_size=3))
def test_stretches_are_stitched(assets: list[list[Known]]) -> None:
    found = stretches(*columns(assets), TINY, SPAN, len(assets))
    for one in (found, found.states()):
        same = (one.asset[1:] == one.asset[:-1]) & (one.value[1:] == one.value[:-1])
        assert not same.any()
        assert (one.start < one.end).all()


@given(st.data(), histories())
def test_order_and_repetition_do_not_matter(data: st.DataObject, history: list[Known]) -> None:
    events = [one for one in history if one.kind != F]
    again = data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    mixed = data.draw(st.permutations([*history, *again]))
    one, other = (stretches(*columns([known]), TINY, SPAN, 1) for known in (history, mixed))
    assert [column.tolist() for column in (one.start, one.end, one.value)] == [
        column.tolist() for column in (other.start, other.end, other.value)
    ]


@given(histories(), st.integers(SPAN[0] + 1, SPAN[1] - 1))
def test_a_span_may_be_cut_anywhere(history: list[Known], cut: int) -> None:
    evidence = columns([history])
    whole = stretches(*evidence, TINY, SPAN, 1)
    parts = [stretches(*evidence, TINY, span, 1) for span in ((SPAN[0], cut), (cut, SPAN[1]))]
    told = [
        (at, cause)
        for one in parts
        for start, end, cause in zip(one.start.tolist(), one.end.tolist(), one.value.tolist(), strict=True)
        for at in range(start, end)
    ]
    assert told == [
        (at, cause)
        for start, end, cause in zip(whole.start.tolist(), whole.end.tolist(), whole.value.tolist(), strict=True)
        for at in range(start, end)
    ]
