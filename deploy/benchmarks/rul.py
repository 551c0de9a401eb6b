"""Remaining useful life on the official test engines of C-MAPSS, or on simulated engines when no data is named.

Protocol "cap": one prediction for each test engine after its last flight, with truth and prediction counted up to 125
flights. The configuration is the product's own default; nothing is chosen on the test engines.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from analytics.health.domain.model import RulModel, predict
from analytics.health.domain.quality import phm08_score
from analytics.health.domain.training import train
from analytics.health.schemas import RulConfig, UnitHistory
from deploy.benchmarks import Limits, Progress
from twins.gateways.cmapss import SUBSETS, read_histories, read_running
from twins.gateways.schemas import SENSOR_KEYS, SETTING_KEYS, FlightHistory
from twins.gateways.simulated import flights

DATA = "data/cmapss"

_SHORTEST = 20
_TARGETS: dict[str, dict[str, Limits]] = {
    "FD001": {"rmse": {"at_most": 11.5, "ambition": 10.6}, "score": {"at_most": 200.0, "ambition": 170.0}},
    "FD002": {"rmse": {"at_most": 10.8, "ambition": 9.8}, "score": {"at_most": 520.0, "ambition": 450.0}},
    "FD003": {"rmse": {"at_most": 10.5, "ambition": 9.5}, "score": {"at_most": 210.0, "ambition": 180.0}},
}
_COVERAGE: dict[str, Limits] = {"coverage90": {"at_least": 0.87, "at_most": 0.93}}

Running = list[tuple[FlightHistory, int]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subset of the published engines."""
    parser.add_argument("--subset", choices=SUBSETS, default="FD001", help="which of the published sets of engines")


def run(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Train on the histories that ran to failure and predict for the engines that run, once for each seed.

    Raises:
        CmapssMissingError: A file is not in the folder.
        CmapssFileError: A file is broken.
    """
    progress(0.0, "Reading the engines")
    history, running = _engines(options)
    config = RulConfig(signals=SENSOR_KEYS, settings=SETTING_KEYS, rounds=20 if options.toy else 300)
    units = [_unit(flown) for flown in history]
    measured = []
    for seed in range(options.seeds):

        def report(share: float, message: str, seed: int = seed) -> None:
            progress((seed + share) / options.seeds, f"Seed {seed + 1} of {options.seeds}: {message}")

        measured.append(_measure(units, running, config, seed, report))
    figures = {name: float(np.mean([each[name] for each in measured])) for name in measured[0]}
    published = options.data is not None and not options.toy
    return {
        **figures,
        "spread": {name: float(np.std([each[name] for each in measured])) for name in measured[0]},
        "protocol": "cap",
        "subset": options.subset if published else "simulated",
        "engines": {"trained_on": len(history), "predicted": len(running)},
        "seeds": options.seeds,
        "targets": {**_TARGETS.get(options.subset, {}), **_COVERAGE} if published else {},
    }


def _engines(options: argparse.Namespace) -> tuple[list[FlightHistory], Running]:
    if options.data is not None and not options.toy:
        return read_histories(options.data, options.subset), read_running(options.data, options.subset)
    trained, predicted = (20, 10) if options.toy else (100, 100)
    chance = np.random.default_rng(0)
    running = []
    for flown in flights(1, range(1, predicted + 1)):
        seen = int(chance.integers(_SHORTEST, len(flown.cycles)))
        cut = FlightHistory(flown.unit, flown.cycles[:seen], flown.settings[:seen], flown.sensors[:seen])
        running.append((cut, len(flown.cycles) - seen))
    return flights(0, range(1, trained + 1)), running


def _measure(
    units: Sequence[UnitHistory], running: Running, config: RulConfig, seed: int, progress: Progress
) -> dict[str, float]:
    started = time.perf_counter()
    model = train(units, config, progress=progress, seed=seed)
    trained = time.perf_counter()
    figures = _figures(model, running)
    predicted = time.perf_counter()
    return {**figures, "fit_s": trained - started, "predict_per_s": len(running) / (predicted - trained)}


def _figures(model: RulModel, running: Running) -> dict[str, float]:
    predictions = predict(model, [_unit(flown) for flown, _ in running])
    value, low, high = np.array([(each.value, each.low, each.high) for each in predictions]).T
    truth = np.minimum(np.array([left for _, left in running], dtype=np.float64), model.config.cap)
    apart = value - truth
    return {
        "rmse": float(np.sqrt(np.mean(apart * apart))),
        "score": float(phm08_score(apart).sum()),
        "coverage90": float(np.mean((low <= truth) & (truth <= high))),
        "interval_width": float(np.mean(high - low)),
        "gaussian_width": float(2 * 1.645 * np.std(apart)),
    }


def _unit(flown: FlightHistory) -> UnitHistory:
    values = np.hstack([flown.settings, flown.sensors])
    return UnitHistory(str(flown.unit), (*SETTING_KEYS, *SENSOR_KEYS), flown.cycles, values)
