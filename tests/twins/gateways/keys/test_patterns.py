"""Binding by a pattern: what each signal gets, and why one gets nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.gateways.keys.domain.offers import OfferedKey, WantedSignal
from twins.gateways.keys.domain.patterns import PatternError, State, read_pattern, rows
from twins.gateways.keys.domain.units import guess_unit

GATEWAY = "00000000-0000-7000-8000-000000000001"


def signal(name: str, key: str = "flow", *, bound: str = "", unit: str = "m3/h") -> WantedSignal:
    return WantedSignal(name, name, "pump", key, unit=unit, bound=(GATEWAY, bound) if bound else None)


def made(pattern: str, *signals: WantedSignal, keys: tuple[str, ...] = (), **readers: str) -> list[tuple[str, str]]:
    offered = [OfferedKey(GATEWAY, key, None, guess_unit(key)) for key in keys]
    return [(row.key, row.state.value) for row in rows(read_pattern(pattern), signals, offered, readers)]


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("{asset}/{signal}", "Pump 007/flow"),
        ("PLANT1.{asset}.{signal}", "PLANT1.Pump 007.flow"),
        ("{number}/{signal}", "007/flow"),
        ("{type}-{number:2}:{signal}", "pump-07:flow"),
        ("{number:5}", "00007"),
    ],
)
def test_what_placeholders_stand_for(pattern: str, key: str) -> None:
    assert read_pattern(pattern).key_of(signal("Pump 007")) == key


@pytest.mark.parametrize(
    ("pattern", "code", "place"),
    [
        ("{asset}/{signals}", "pattern.unknown_name", "pattern:8-17"),
        ("{asset}/{number:x}", "pattern.unknown_name", "pattern:8-18"),
        ("{asset}/{signal", "pattern.brace", "pattern:8-9"),
        ("plant/flow", "pattern.same_key", "pattern:0-10"),
        ("", "pattern.same_key", "pattern:0-0"),
        ("{}", "pattern.unknown_name", "pattern:0-2"),
    ],
)
def test_a_pattern_that_cannot_be_read_is_told_at_its_place(pattern: str, code: str, place: str) -> None:
    with pytest.raises(PatternError) as caught:
        read_pattern(pattern)
    assert [(one.code, one.place) for one in caught.value.findings] == [(code, place)]


def test_a_hundred_are_bound_at_once() -> None:
    pumps = [signal(f"Pump {number}") for number in range(1, 101)]
    keys = tuple(f"PUMP_{number:03}.FLOW" for number in range(1, 101))
    assert made("{asset}/{signal}", *pumps, keys=keys) == [(key, "alike") for key in keys]


def test_every_state_is_told() -> None:
    found = made(
        "{asset}/{signal}", signal("A 1"), signal("A 2"), signal("A 3"), signal("A 4", bound="x"), signal("A 5"),
        signal("A 6"), signal("A 7" + "x" * 250), keys=("A 1/flow", "a_2.FLOW", "A-5/flow", "A.5.flow", "A 6/flow"),
        **{"A 6/flow": "other/place"},
    )  # fmt: skip
    assert [state for _, state in found] == ["fits", "alike", "unsent", "bound", "ambiguous", "taken", "too_long"]
    assert [key for key, _ in found[:4]] == ["A 1/flow", "a_2.FLOW", "A 3/flow", "x"]
    assert made("{number}/{signal}", signal("Mixer")) == [("", "no_number")]
    assert made("{asset}", signal("P 1"), signal("P 1", "speed")) == [("P 1", "twice")] * 2


def test_the_unit_of_a_key_comes_along() -> None:
    (row,) = rows(
        read_pattern("{asset}_gpm"), [signal("P 1")], [OfferedKey(GATEWAY, "P 1_gpm", None, guess_unit("P 1_gpm"))], {}
    )
    assert (row.state, row.unit) == (State.FITS, "[gal_us]/min")


@given(st.text(max_size=20), st.lists(st.text("aP1_/. ", min_size=1, max_size=8), max_size=5, unique=True))
def test_no_key_is_given_twice(pattern: str, names: list[str]) -> None:
    try:
        read = read_pattern(pattern + "{asset}")
    except PatternError:
        return  # told of in tests of its own
    found = rows(read, [signal(name) for name in names], [OfferedKey(GATEWAY, name) for name in names], {})
    given_out = [row.key for row in found if row.state in {State.FITS, State.ALIKE, State.UNSENT}]
    assert len(given_out) == len(set(given_out))
    assert len(found) == len(names)
