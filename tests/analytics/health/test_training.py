from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from analytics.health.domain.artifact import to_artifact
from analytics.health.domain.model import RulModel, predict
from analytics.health.domain.training import train
from analytics.health.schemas import HealthError, RulConfig, UnitHistory
from tests.analytics.health.histories import CONFIG, SIGNALS, fleet, worn


def test_the_same_seed_gives_the_same_model_on_any_number_of_workers(model: RulModel) -> None:
    again = train(fleet(range(12)), CONFIG, seed=1, workers=1)
    assert to_artifact(again).digest == to_artifact(model).digest


def test_another_seed_gives_another_model(model: RulModel) -> None:
    assert to_artifact(train(fleet(range(12)), CONFIG, seed=2)).digest != to_artifact(model).digest


def test_training_describes_itself(model: RulModel) -> None:
    training = model.training
    assert training["units"] == [f"unit {seed}" for seed in range(12)]
    assert training["seed"] == 1
    lives = [len(unit.cycles) for unit in fleet(range(12))]
    assert (training["shortest_life"], training["longest_life"]) == (min(lives), max(lives))
    assert training["rows"] == sum(min(life, 49) for life in lives), "cycles with up to 1.2 caps of 40 cycles to go"
    assert isinstance(training["content_sha256"], str)
    assert len(training["content_sha256"]) == 64
    assert isinstance(training["out_of_fold"], dict)
    rmse = training["out_of_fold"]["rmse"]
    assert isinstance(rmse, float)
    assert 0.0 < rmse < 8.0
    coverage = training["out_of_fold"]["coverage"]
    assert isinstance(coverage, float)
    assert 0.85 <= coverage <= 1.0


def test_a_changed_value_changes_the_content(model: RulModel) -> None:
    history = fleet(range(12))
    values = history[0].values.copy()
    values[0, 1] += 1e-9
    changed = train([replace(history[0], values=values), *history[1:]], CONFIG, seed=1)
    assert changed.training["content_sha256"] != model.training["content_sha256"]


def test_no_member_has_seen_its_own_fold(model: RulModel) -> None:
    """A unit whose signal is far from all others is told normal only by the members that learnt from it."""
    history = fleet(range(12))
    odd = replace(history[0], values=history[0].values + np.array([0.0, 1e6, 0.0, 0.0]))
    members = train([odd, *history[1:]], CONFIG, seed=1).members
    deviations = [float(member.standard.deviation[0, 0]) for member in members]
    assert sum(deviation < 1e3 for deviation in deviations) == 1


def test_progress_rises_to_the_end_in_the_callers_thread() -> None:
    told: list[tuple[float, str]] = []
    threads = set()

    def listen(share: float, message: str) -> None:
        told.append((share, message))
        threads.add(threading.current_thread())

    train(fleet(range(6)), CONFIG, progress=listen)
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert told[0] == (0.0, "Reading the histories")
    assert (0.95, "Learning from the histories: 3 of 3 members done") in told
    assert told[-1] == (1.0, "Trained")
    assert threads == {threading.current_thread()}


class _CancelledError(Exception):
    pass


def test_cancelling_stops_the_members() -> None:
    def cancel(share: float, message: str) -> None:
        if message.startswith("Learning"):
            raise _CancelledError

    before = threading.active_count()
    with pytest.raises(_CancelledError):
        train(fleet(range(6)), CONFIG.model_copy(update={"rounds": 100_000}), progress=cancel)
    assert threading.active_count() == before


def test_intervals_hold_on_units_never_seen() -> None:
    config = CONFIG.model_copy(update={"folds": 5})
    predictor = train(fleet(range(40)), config)
    chance = np.random.default_rng(0)
    held = []
    for seed in range(1000, 1150):
        life = len(worn(seed).cycles)
        left = int(chance.integers(0, life - 5))
        (told,) = predict(predictor, [worn(seed, until=life - left)])
        held.append(told.low <= min(left, config.cap) <= told.high)
    assert 0.85 <= np.mean(held) <= 0.97


@pytest.mark.parametrize(
    ("history", "message"),
    [
        (fleet(range(2)), "2 units that ran to failure are too few for 3 folds."),
        ([*fleet(range(3)), worn(0)], "A unit is in the history twice."),
        (
            [UnitHistory(str(n), SIGNALS, np.arange(1, 9), np.ones((8, 4))) for n in range(3)],
            "No signal changes in the histories.",
        ),
        ([UnitHistory(str(n), ("level",), np.arange(1, 9), np.ones((8, 1))) for n in range(3)], "Unit 0 has no heat"),
    ],
    ids=["few", "twice", "constant", "missing"],
)
def test_what_cannot_be_learnt_from(history: list[UnitHistory], message: str) -> None:
    with pytest.raises(HealthError, match=message):
        train(history, CONFIG)


def test_a_fleet_without_settings_is_learnt_from() -> None:
    config = RulConfig(signals=("heat",), cap=40, folds=2, rounds=3)
    assert train(fleet(range(4)), config).members[0].standard.conditions.centres.tolist() == [[]]
