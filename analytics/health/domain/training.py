"""Training: members side by side, each on the units of all folds but its own, and the band over what they missed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import NamedTuple

import numpy as np
import xgboost
from numpy.typing import NDArray
from pydantic import JsonValue

from analytics.features.domain.windows import Floats
from analytics.health.domain.band import Band, OutOfFold, fit_band
from analytics.health.domain.beyond import fit_beyond
from analytics.health.domain.member import Member, fit_member
from analytics.health.domain.model import RulModel
from analytics.health.domain.quality import phm08_score, weighted_mean
from analytics.health.domain.rows import Rows, remaining_life, rows_of
from analytics.health.schemas import HealthError, RulConfig, UnitHistory

Progress = Callable[[float, str], None]
"""Is told how far the work is, from 0 to 1, and what it does; may raise to stop it."""

_LISTEN_S = 0.2
_NEAR = 1.2
"""Quality is measured on cycles with up to so many caps to go: those long before wear shows are easy, and would flatter
the coverage of the interval where it matters."""


class _Result(NamedTuple):
    """A member, and what it says at each cycle of the units it had not seen."""

    member: Member
    predicted: list[Floats]


class _Tally:
    """Trees grown by all members so far, and whether to go on."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.grown = 0
        self.stopped = False

    def go_on(self) -> bool:
        """Count one more tree."""
        with self._lock:
            self.grown += 1
        return not self.stopped


def _silent(share: float, message: str) -> None:
    """For callers who do not listen."""


def train(
    history: Sequence[UnitHistory],
    config: RulConfig,
    *,
    progress: Progress = _silent,
    seed: int = 0,
    workers: int = 2,
) -> RulModel:
    """Train a model of remaining useful life on units that ran to failure.

    The same history, configuration and seed give the same model, whatever the number of workers.

    Args:
        history: At least as many units as there are folds; the last cycle of each is its failure.
        config: What to read, and how to learn.
        progress: Called often, from this thread only; what it raises stops the training and passes through.
        seed: Not negative.
        workers: Members that are trained at the same time, one processor each.

    Raises:
        HealthError: There are too few units, one is named twice or lacks a signal, or no signal changes.
    """
    _check(history, config)
    units = [rows_of(unit, config) for unit in history]
    fold = _folds(len(units), config.folds, seed)
    progress(0.0, "Reading the histories")
    results = _train_members(units, fold, config, progress=progress, seed=seed, workers=workers)
    told = _out_of_fold(units, fold, results, config)
    progress(0.97, "Fitting the prediction interval")
    near = told.near(_NEAR * config.cap, cap=config.cap)
    band = fit_band(near, cap=config.cap, coverage=config.coverage)
    beyond = fit_beyond(told, cap=config.cap)
    training = _training(history, units, near, band, seed)
    model = RulModel(config, tuple(result.member for result in results), band, beyond, training)
    progress(1.0, "Trained")
    return model


def _check(history: Sequence[UnitHistory], config: RulConfig) -> None:
    if len(history) < config.folds:
        message = f"{len(history)} units that ran to failure are too few for {config.folds} folds."
        raise HealthError(message, place="history", fix=f"Give at least {config.folds}, or choose fewer folds.")
    if len({unit.unit for unit in history}) != len(history):
        raise HealthError("A unit is in the history twice.", place="history", fix="Give each unit once.")


def _folds(units: int, folds: int, seed: int) -> NDArray[np.intp]:
    """The fold of each unit: by chance, of sizes that differ by one at most."""
    return np.random.default_rng(seed).permutation(np.arange(units) % folds)


def _train_members(
    units: Sequence[Rows],
    fold: NDArray[np.intp],
    config: RulConfig,
    *,
    progress: Progress,
    seed: int,
    workers: int,
) -> list[_Result]:
    tally = _Tally()
    with ThreadPoolExecutor(workers) as pool:
        tasks = [pool.submit(_train_member, units, fold, each, config, seed, tally) for each in range(config.folds)]
        try:
            _listen(tasks, tally, config, progress)
        except BaseException:
            tally.stopped = True
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [task.result() for task in tasks]


def _listen(tasks: Sequence[Future[_Result]], tally: _Tally, config: RulConfig, progress: Progress) -> None:
    """Pass on how far the members are until all are done."""
    pending = set(tasks)
    while pending:
        done, pending = wait(pending, timeout=_LISTEN_S, return_when=FIRST_COMPLETED)
        for task in done:
            task.result()
        share = tally.grown / (config.folds * config.rounds)
        progress(0.95 * share, f"Learning from the histories: {len(tasks) - len(pending)} of {len(tasks)} members done")


def _train_member(
    units: Sequence[Rows], fold: NDArray[np.intp], number: int, config: RulConfig, seed: int, tally: _Tally
) -> _Result:
    seen, unseen = (
        [units[each] for each in np.flatnonzero(mask).tolist()] for mask in (fold != number, fold == number)
    )
    member = fit_member(seen, config, seed=seed * config.folds + number, go_on=tally.go_on)
    return _Result(member, [member.predict(member.features(rows)) for rows in unseen])


def _out_of_fold(
    units: Sequence[Rows], fold: NDArray[np.intp], results: Sequence[_Result], config: RulConfig
) -> OutOfFold:
    predicted: list[Floats] = [np.empty(0)] * len(units)
    for number, result in enumerate(results):
        for unit, told in zip(np.flatnonzero(fold == number).tolist(), result.predicted, strict=True):
            predicted[unit] = np.clip(told, 0.0, config.cap)
    life = np.concatenate([remaining_life(rows.cycles, np.inf) for rows in units])
    of_row = np.repeat(np.arange(len(units)), [len(rows.cycles) for rows in units])
    return OutOfFold(np.concatenate(predicted), life, of_row, fold[of_row])


def _training(
    history: Sequence[UnitHistory], units: Sequence[Rows], told: OutOfFold, band: Band, seed: int
) -> dict[str, JsonValue]:
    content = hashlib.sha256()
    for rows in units:
        for table in (rows.cycles, rows.settings, rows.values):
            content.update(np.ascontiguousarray(table).tobytes())
    lives = [int(rows.cycles[-1]) for rows in units]
    apart = told.predicted - told.truth
    low, high = band.around(told.predicted)
    inside = (low <= told.truth) & (told.truth <= high)
    return {
        "units": [unit.unit for unit in history],
        "rows": len(told.truth),
        "shortest_life": min(lives),
        "longest_life": max(lives),
        "content_sha256": content.hexdigest(),
        "seed": seed,
        "software": {"xgboost": xgboost.__version__},
        "out_of_fold": {
            "rmse": weighted_mean(apart * apart, told.weight) ** 0.5,
            "score_per_unit": weighted_mean(phm08_score(apart), told.weight),
            "interval_width": weighted_mean(high - low, told.weight),
            "coverage": weighted_mean(inside.astype(np.float64), told.weight),
        },
    }
