from __future__ import annotations

import numpy as np
import pytest

from twins.catalog.library import built_in_types
from twins.gateways.schemas import SENSOR_KEYS, SETTING_KEYS, FlightHistory
from twins.gateways.simulated import LONGEST_HISTORY, SimulatedFleetError, flights

CONSTANT = {"t2", "p2", "p15", "epr", "farb", "nf_dmd", "pcnfr_dmd"}


@pytest.fixture(scope="module")
def fleet() -> list[FlightHistory]:
    return [history for seed in range(3) for history in flights(seed, range(1, 101))]


def test_a_history_has_the_shape_of_the_published_ones() -> None:
    (history,) = flights(7, [42])
    n = history.cycles.size
    assert history.unit == 42
    assert history.cycles.tolist() == list(range(1, n + 1))
    assert history.cycles.dtype == np.int64
    assert (history.settings.shape, history.sensors.shape) == ((n, 3), (n, 21))


def test_the_seed_and_the_number_make_the_history() -> None:
    alone, among_others = flights(7, [3])[0], flights(7, range(1, 6))[2]
    for column in ("cycles", "settings", "sensors"):
        np.testing.assert_array_equal(getattr(alone, column), getattr(among_others, column))
    assert not np.array_equal(alone.sensors[:100], flights(8, [3])[0].sensors[:100])
    assert not np.array_equal(alone.sensors[:100], flights(7, [4])[0].sensors[:100])


def test_the_same_seed_gives_the_same_figures_on_every_machine() -> None:
    first = flights(1, [1])[0]
    assert first.cycles.size == 241
    assert first.settings[0].tolist() == [0.0021, -0.0006, 100.0]
    assert first.sensors[-1].tolist() == [
        *(
            518.67,
            643.06,
            1599.18,
            1409.36,
            14.62,
            21.61,
            552.09,
            2388.23,
            9053.56,
            1.3,
            47.8,
            520.09,
            2388.22,
            8115.92,
        ),
        *(8.4802, 0.03, 394.0, 2388.0, 100.0, 38.57, 23.2069),
    ]


def test_lives_are_those_of_a_fleet(fleet: list[FlightHistory]) -> None:
    lives = np.array([history.cycles.size for history in fleet])
    assert lives.min() >= 118
    assert lives.max() < LONGEST_HISTORY
    assert 190 < np.median(lives) < 230
    assert np.quantile(lives, 0.9) - np.quantile(lives, 0.1) > 100


def test_every_value_is_in_the_range_of_its_type(fleet: list[FlightHistory]) -> None:
    signals = built_in_types()["turbofan-engine@1"].signals
    values = np.vstack([np.column_stack([history.settings, history.sensors]) for history in fleet])
    for column, key in enumerate((*SETTING_KEYS, *SENSOR_KEYS)):
        bounds = signals[key].range
        assert bounds is not None
        assert float(bounds[0]) < values[:, column].min()
        assert values[:, column].max() < float(bounds[1])


def test_what_is_constant_at_sea_level_stays_constant(fleet: list[FlightHistory]) -> None:
    sensors = np.vstack([history.sensors for history in fleet])
    assert {key for column, key in enumerate(SENSOR_KEYS) if np.ptp(sensors[:, column]) == 0.0} == CONSTANT


def test_the_signals_of_the_failure_mode_are_those_that_move(fleet: list[FlightHistory]) -> None:
    moving = built_in_types()["turbofan-engine@1"].failure_modes["hpc_degradation"].signals
    change = np.array([history.sensors[-10:].mean(axis=0) - history.sensors[:10].mean(axis=0) for history in fleet])
    spread = np.array([history.sensors[:30].std(axis=0) for history in fleet]).mean(axis=0)
    moved = np.abs(change).mean(axis=0) > 2.0 * spread
    assert {key for key, has_moved in zip(SENSOR_KEYS, moved, strict=True) if has_moved} == set(moving)


def test_wear_speeds_up_towards_the_failure(fleet: list[FlightHistory]) -> None:
    column = SENSOR_KEYS.index("t50")
    thirds = [[part.mean() for part in np.array_split(history.sensors[:, column], 3)] for history in fleet]
    early, late = np.diff(np.array(thirds), axis=1).T
    assert (late > early).mean() > 0.95
    assert (late > 0).all()


def test_core_speed_tells_lost_efficiency_from_lost_flow(fleet: list[FlightHistory]) -> None:
    column = SENSOR_KEYS.index("nc")
    change = [history.sensors[-5:, column].mean() - history.sensors[:20, column].mean() for history in fleet]
    assert min(change) < 30.0
    assert max(change) > 70.0


def test_the_settings_are_sea_level_at_full_throttle(fleet: list[FlightHistory]) -> None:
    settings = np.vstack([history.settings for history in fleet])
    assert np.abs(settings[:, 0]).max() <= 0.008
    assert np.abs(settings[:, 1]).max() <= 0.0012
    assert set(settings[:, 2]) == {100.0}


def test_values_have_the_published_decimals(fleet: list[FlightHistory]) -> None:
    sensors = fleet[0].sensors
    for key, decimals in (("t24", 2), ("bpr", 4), ("htbleed", 0), ("w32", 4)):
        values = sensors[:, SENSOR_KEYS.index(key)]
        np.testing.assert_array_equal(values, values.round(decimals))


def test_no_engines_are_no_histories() -> None:
    assert flights(0, []) == []


@pytest.mark.parametrize(("seed", "units", "place"), [(-1, [1], "seed"), (0, [0], "units"), (0, [1, -2], "units")])
def test_what_cannot_be_simulated_is_refused(seed: int, units: list[int], place: str) -> None:
    with pytest.raises(SimulatedFleetError) as caught:
        flights(seed, units)
    assert (caught.value.code, caught.value.place) == ("simulated.fleet", place)
