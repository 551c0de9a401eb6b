from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twins.language.formulas import VOCABULARY, flows, readings
from tests.twins.language.reference import Sample, Signal, value_at
from twins.language.checking import check
from twins.language.evaluation import UNUSABLE, Samples, evaluate
from twins.language.printing import printed
from twins.language.tree import Tree
from twins.language.typed import Known, Role, Sort
from twins.language.units import conversion

SECOND = 1_000_000
PATIENCE_S = 60
Rows = list[tuple[int, float]]


def samples(rows: Rows, *, patience_s: int = PATIENCE_S, rank: list[int] | None = None) -> Samples:
    at = np.array([second * SECOND for second, _ in rows], np.int64)
    value = np.array([value for _, value in rows], np.float64)
    return Samples(at, value, patience_s * SECOND, None if rank is None else np.array(rank, np.int16))


def values(text: str, at: list[int] | None = None, **signals: Rows) -> list[Any]:
    """The values of a formula; None is what is not known."""
    formula = check(text, VOCABULARY)
    when = None if at is None else np.array(at, np.int64) * SECOND
    found = evaluate(formula, {name: samples(rows) for name, rows in signals.items()}, {"rated_flow": 10.0}, when)
    return [None if math.isnan(one) else one for one in found.value.tolist()]


@settings(max_examples=150, deadline=None)
@given(flows, readings, readings)
def test_it_gives_what_the_slow_reference_gives(tree: Tree, flow: Rows, other_flow: Rows) -> None:
    formula = check(printed(tree), VOCABULARY, unit="m3/h")
    found = evaluate(formula, {"flow": samples(flow), "other_flow": samples(other_flow)})
    signals = {
        "flow": Signal([Sample(*row) for row in flow], "m3/h", PATIENCE_S),
        "other_flow": Signal([Sample(*row) for row in other_flow], "l/s", PATIENCE_S),
    }
    largest = max([abs(one) for one in found.value.tolist() if not math.isnan(one)], default=0.0)
    for at, value in zip(found.at.tolist(), found.value.tolist(), strict=True):
        expected = value_at(tree, signals, at / SECOND)
        if math.isnan(value) or expected is None:
            assert (math.isnan(value), expected is None) == (True, True), (printed(tree), at)
        else:
            assert value == pytest.approx(expected * 3600, rel=1e-9, abs=1e-6 + 1e-9 * largest), printed(tree)


@settings(max_examples=80, deadline=None)
@given(flows, readings, readings, st.sampled_from(["l/s", "m3/d", "l/min"]))
def test_the_same_formula_in_other_units_gives_the_same_quantity(
    tree: Tree, flow: Rows, other_flow: Rows, unit: str
) -> None:
    text = printed(tree)
    given_ = {"flow": samples(flow), "other_flow": samples(other_flow)}
    one = evaluate(check(text, VOCABULARY, unit="m3/h"), given_)
    elsewhere = {**VOCABULARY, "flow": Known(Role.SIGNAL, unit=unit)}
    way = conversion("m3/h", unit)
    there = Samples(given_["flow"].at, way.apply(given_["flow"].value), given_["flow"].patience_us)
    two = evaluate(check(text, elsewhere, unit=unit), {**given_, "flow": there})
    back = conversion(unit, "m3/h").apply(two.value)
    both = ~np.isnan(one.value) & ~np.isnan(back)
    scale = 1.0 + np.nanmax(np.abs(np.append(one.value, 0.0)))
    assert np.allclose(one.value[both], back[both], rtol=1e-7, atol=1e-7 * scale)


@given(st.permutations(range(6)))
def test_it_does_not_matter_what_was_read_long_before(order: list[int]) -> None:
    """Bit by bit: what is worked out anew later, from fewer readings, is what it was."""
    rows = [(100 * number, 0.1 * (place + 1)) for number, place in enumerate(order)]
    text = "avg(flow, 250 s) + integral(flow, 150 s) / 1 s + sum(flow, 300 s) + rate(flow, 200 s) * 1 s"
    long_ago = [(-1000 + number, 1e9 / 7 * number) for number in range(50)]
    assert values(text, [500], flow=rows) == values(text, [500], flow=[*long_ago, *rows])


def test_a_reading_holds_for_so_long_and_no_longer() -> None:
    assert values("flow", [-1, 0, 60, 61], flow=[(0, 5.0)]) == [None, 5.0, 5.0, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 / (ratio - 1)", [None]), ("0 * (1 / (ratio - 1))", [None]), ("log(ratio - 1)", [None]),
        ("sqrt(ratio - 2)", [None]), ("exp(1000 * ratio)", [None]), ("pow(ratio - 2, 0.5)", [None]),
        ("ratio / 0 > 1", [None]), ("ratio / 0 > 1 and ratio > 5", [0.0]), ("ratio / 0 > 1 or ratio = 1", [1.0]),
        ("not ratio / 0 > 1", [None]), ("if ratio / 0 > 1 then 1 else 2", [None]),
        ("if ratio = 1 then 3 else ratio / 0", [3.0]), ("clamp(ratio, 2, 1)", [None]), ("round(2.5 * ratio)", [2.0]),
        ("round(ratio, 0)", [None]), ("max(ratio, ratio / 0)", [None]), ("ratio != 1", [0.0]),
        ("min(flow, 1 min)", [None]), ("count(flow, 1 min)", [0.0]), ("false or not false", [1.0]),
    ],
)  # fmt: skip
def test_what_is_not_known_stays_not_known(text: str, expected: list[Any]) -> None:
    assert values(text, [0], ratio=[(0, 1.0)], flow=[]) == expected


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("other_flow, 46.8 m3/h", 46.8), ("46.8 m3/h, other_flow", 46.8), ("-46.8 m3/h, -other_flow", -46.8),
        ("other_flow, 46.79 m3/h", None), ("0 m3/h, 0 l/s", 0.0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("flow", [-100.0, 100.0])
def test_limits_that_meet_in_different_units_are_in_order(limits: str, expected: float | None, flow: float) -> None:
    (found,) = values(f"clamp(flow, {limits})", [0], flow=[(0, flow)], other_flow=[(0, 13.0)])
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-12))


def test_texts_and_truths_of_properties() -> None:
    formula = check('mode = "eco" and not is_spare', VOCABULARY, sort=Sort.TRUTH)
    at = np.array([0], np.int64)
    cases: list[tuple[dict[str, float | str | bool], float]] = [
        ({"mode": "eco", "is_spare": False}, 1.0),
        ({"mode": "full", "is_spare": False}, 0.0),
        ({"mode": "full"}, 0.0),
    ]
    for properties, expected in cases:
        assert evaluate(formula, {}, properties, at).value.tolist() == [expected]
    assert np.isnan(evaluate(formula, {}, {"is_spare": False}, at).value).all()


def test_a_value_is_as_doubtful_as_the_worst_reading_it_came_of() -> None:
    signals = {
        "flow": samples([(0, 1.0), (10, 2.0), (20, 3.0)], rank=[0, 2, UNUSABLE]),
        "ratio": samples([(0, 1.0)], rank=[1]),
    }
    assert evaluate(check("flow * ratio", VOCABULARY), signals).rank.tolist() == [1, 2, UNUSABLE]
    windowed = evaluate(check("sum(flow, 1 min)", VOCABULARY), signals)
    assert windowed.value.tolist() == [1.0, 3.0, 3.0]  # what is of no use is left out of a window
    assert windowed.rank.tolist() == [0, 2, 2]


def test_states_are_worked_out_where_they_stand() -> None:
    running = check("speed > 50 {rpm}", VOCABULARY, sort=Sort.TRUTH)
    known = {**VOCABULARY, "running": Known(Role.STATE, Sort.TRUTH, formula=running)}
    formula = check("running and flow < 0.1 * rated_flow", known, sort=Sort.TRUTH)
    assert formula.signals == {"speed", "flow"}
    assert formula.properties == {"rated_flow"}
    assert formula.names == {"running", "flow", "rated_flow"}
    found = evaluate(
        formula, {"speed": samples([(0, 60.0), (5, 40.0)]), "flow": samples([(0, 0.5)])}, {"rated_flow": 10.0}
    )
    assert found.value.tolist() == [1.0, 0.0]


def test_a_hundred_thousand_instants_are_worked_out_at_once() -> None:
    rows = 100_000
    at = np.arange(rows, dtype=np.int64) * SECOND
    signal = Samples(at, np.sin(at / 1e8), 10 * SECOND)
    formula = check("avg(flow, 1 min) + flow * 2 > 0 m3/h and rate(flow) < 1 m3/h/s", VOCABULARY)
    assert evaluate(formula, {"flow": signal}).value.size == rows


def test_reach_is_how_far_back_anything_can_matter() -> None:
    patience = {"flow": 5, "ratio": 7}
    for text, reach_s in (
        ("flow", 5e-6), ("avg(flow, 1 min)", 60.000005), ("avg(flow * ratio, 1 min)", 60.000007),
        ("delta(avg(flow, 1 min), 1 h)", 3660.000005), ("rated_flow", 0.0),
        ("integral(flow, 1 min)", 60.00001), ("rate(flow)", 3600.000005),
    ):  # fmt: skip
        assert check(text, VOCABULARY).reach_us(patience) == round(reach_s * 1e6), text
