from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analytics.health.domain.model import RulModel, predict
from analytics.health.domain.rows import rows_of
from analytics.health.schemas import AGE, HealthError, UnitHistory
from tests.analytics.health.histories import CONFIG, SIGNALS, worn

NEW = [worn(seed, until=until) for seed, until in ((100, 5), (101, 20), (102, 39), (103, None))]


def test_contributions_and_base_make_the_prediction(model: RulModel) -> None:
    for unit, prediction in zip(NEW, predict(model, NEW), strict=True):
        assert list(prediction.contributions) == [*CONFIG.signals, AGE]
        assert prediction.base + sum(prediction.contributions.values()) == pytest.approx(prediction.raw, abs=1e-9)
        rows = rows_of(unit, model.config)
        says = [float(member.predict(member.features(rows)[-1:])[0]) for member in model.members]
        assert prediction.raw == pytest.approx(np.mean(says), abs=1e-3)


def test_a_prediction_lies_in_its_interval_and_within_the_cap(model: RulModel) -> None:
    for prediction in predict(model, NEW):
        assert 0.0 <= prediction.low <= prediction.value <= prediction.high <= CONFIG.cap
        assert prediction.value == min(max(prediction.raw, 0.0), CONFIG.cap)
        assert prediction.coverage == 0.9


def test_units_are_named_and_dated(model: RulModel) -> None:
    assert [(each.unit, each.cycle) for each in predict(model, NEW[:3])] == [
        ("unit 100", 5),
        ("unit 101", 20),
        ("unit 102", 39),
    ]
    assert predict(model, []) == []


def test_wear_is_seen(model: RulModel) -> None:
    young, old = predict(model, [NEW[1], NEW[3]])
    assert young.value > 30.0
    assert old.value < 8.0
    assert old.high - old.low < young.high - young.low + 5.0


def test_the_worn_signal_drives_and_says_why(model: RulModel) -> None:
    drivers = predict(model, [NEW[3]])[0].drivers
    assert [each.signal for each in drivers if each.signal == "plate"] == []
    assert drivers[0].signal == "heat"
    assert drivers[0].direction == "shortens"
    assert drivers[0].cycles < -5.0
    assert drivers[0].deviation is not None
    assert drivers[0].deviation > 1.0
    sizes = [abs(each.cycles) for each in drivers]
    assert sizes == sorted(sizes, reverse=True)


def test_a_unit_is_predicted_alike_alone_and_among_others(model: RulModel) -> None:
    assert [predict(model, [unit])[0] for unit in NEW] == predict(model, NEW)


def test_the_order_of_the_columns_does_not_matter(model: RulModel) -> None:
    unit = NEW[2]
    order = [3, 1, 0, 2]
    shuffled = replace(unit, signals=tuple(SIGNALS[each] for each in order), values=unit.values[:, order])
    assert predict(model, [shuffled]) == predict(model, [unit])


def test_unknown_values_are_lived_with(model: RulModel) -> None:
    values = NEW[3].values.copy()
    values[:, 1] = np.nan
    (prediction,) = predict(model, [replace(NEW[3], values=values)])
    assert np.isfinite(prediction.raw)
    assert all(each.deviation is None for each in prediction.drivers if each.signal == "heat")


def test_a_unit_in_its_first_cycle_is_predicted(model: RulModel) -> None:
    (prediction,) = predict(model, [worn(104, until=1)])
    assert prediction.value > 25.0


def test_a_missing_signal_is_named(model: RulModel) -> None:
    bare = UnitHistory("9", ("level", "noise"), np.array([1]), np.zeros((1, 2)))
    with pytest.raises(HealthError, match=r"Unit 9 has no heat, plate\."):
        predict(model, [bare])
