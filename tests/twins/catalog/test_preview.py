from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.twins.catalog.documents import asset_type
from twins.catalog.domain.preview import try_formula
from twins.catalog.domain.sampling import samples_of, values_of

PUMP = asset_type(
    properties={
        "rated": {"type": "number", "unit": "m3/h", "minimum": "10", "maximum": "30"},
        "least": {"type": "integer", "minimum": "4"},
        "most": {"type": "number", "maximum": "8"},
        "mode": {"type": "text", "choices": ["eco", "full"]},
        "sealed": {"type": "boolean"},
        "given": {"type": "number", "default": "2.5"},
    },
    signals={
        "flow": {"unit": "m3/h", "range": ["10", "50"], "rate": "PT1S"},
        "slow": {"unit": "bar", "rate": "PT1M"},
        "oil": {"unit": "[degF]"},
    },
    derived={
        "share": {"unit": "1", "formula": "flow / rated"},
        "twice": {"unit": "1", "formula": "share * 2"},
    },
)


def test_samples_lie_in_the_range_at_the_rate_and_differ_by_name() -> None:
    found = samples_of(PUMP, frozenset({"flow", "slow", "oil", "share"}), {}, reach_us=0)
    assert list(found) == ["flow", "oil", "slow"]
    flow = found["flow"]
    assert (flow.at[:3].tolist(), flow.at.size) == ([0, 1_000_000, 2_000_000], 240)
    assert 10 <= flow.value.min() < 15
    assert 45 < flow.value.max() <= 50
    assert 62 < found["oil"].value.min() < found["oil"].value.max() < 171  # 290 K to 350 K
    assert found["slow"].at.tolist() == [0, 60_000_000, 120_000_000, 180_000_000]


def test_samples_last_twice_as_long_as_a_formula_looks_back() -> None:
    found = samples_of(PUMP, frozenset({"flow"}), {}, reach_us=3_600_000_000)
    assert (found["flow"].at.size, found["flow"].at[1]) == (240, 30_000_000)


def test_values_of_properties_are_made_up_within_their_bounds() -> None:
    assert values_of(PUMP, frozenset(PUMP.properties), {"most": 1.5}) == {
        "rated": 20.0, "least": 8.0, "most": 1.5, "mode": "eco", "sealed": True, "given": 2.5,
    }  # fmt: skip
    assert values_of(PUMP, frozenset({"most"}), {}) == {"most": 4.0}


def test_a_formula_stands_on_derived_signals() -> None:
    trial = try_formula(PUMP, "derived/more/formula", "twice + 1", {"flow": [10, 20], "rated": 10})
    assert (trial.findings, trial.at, trial.results) == ((), (0.0, 1.0), (3.0, 5.0))
    assert [(name, unit) for name, unit, _ in trial.samples] == [("twice", "1")]


def test_a_constraint_has_one_answer() -> None:
    trial = try_formula(PUMP, "constraints/c/holds", 'rated > 15 m3/h and mode = "eco"', {})
    assert (trial.findings, trial.at, trial.results) == ((), (0.0,), (True,))
    refused = try_formula(PUMP, "constraints/c/holds", "flow > 15 m3/h", {})
    assert [(each.code, each.place) for each in refused.findings] == [
        ("formula.unknown_name", "constraints/c/holds:0-4")
    ]


def test_an_indicator_is_tried_by_its_condition() -> None:
    trial = try_formula(PUMP, "indicators/i", "share of time flow > 15 m3/h", {"flow": [10, 20]})
    assert (trial.findings, trial.at, trial.results) == ((), (0.0, 1.0), (False, True))
    refused = try_formula(PUMP, "indicators/i", "share of time flow > 15 bar and flwo > 1 m3/h", {})
    assert [(each.code, each.place) for each in refused.findings] == [
        ("formula.units", "indicators/i:21-27"),
        ("formula.unknown_name", "indicators/i:32-36"),
    ]
    held = PUMP.model_copy(update={"indicators": {"i": "time flow > 15 m3/h"}})
    assert try_formula(held, "indicators/i", "time flow > 15 m3/h", {"flow": [10, 20]}).results == (False, True)
    (finding,) = try_formula(PUMP, "indicators/i", "increase of flow", {}).findings
    assert finding.place.startswith("indicators/i:")


@pytest.mark.parametrize("text", ["share", "flow > rated", "avg(flow, 1min)", "if flow > rated then 1 else 2", "oil"])
def test_the_same_each_time(text: str) -> None:
    def tried() -> Any:
        trial = try_formula(PUMP, "derived/x/formula", text, {})
        return trial.findings, trial.at, trial.results

    assert tried() == tried()
    assert tried()[0] == ()
    assert any(value is not None for value in tried()[2])


def test_what_a_text_gives_is_a_text() -> None:
    trial = try_formula(PUMP, "derived/x/formula", "mode", {})
    assert trial.results == ("eco",)


def test_what_is_not_known_is_none() -> None:
    trial = try_formula(PUMP, "derived/x/formula", "sqrt(0 - flow / 1 m3/h)", {"flow": [1.0, 2.0]})
    assert trial.results == (None, None)
    assert np.isfinite(trial.at).all()
