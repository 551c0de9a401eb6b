"""One member of a model: what it learns from its units, what it says of others, and why.

Gradient boosting over trees (Chen and Guestrin, *XGBoost*, KDD 2016) on trailing means and trends of the signals and of
health indices. Contributions are exact Shapley values of the trees (Lundberg et al., *From local explanations to global
understanding with explainable AI for trees*, Nature Machine Intelligence 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xgboost
from numpy.typing import NDArray

from analytics.features.domain.matrix import Statistic, feature_matrix, features_of
from analytics.features.domain.standard import Standard, fit_standard
from analytics.features.domain.windows import Floats
from analytics.health.domain.indices import NAMES, Indices, fit_indices
from analytics.health.domain.rows import Rows, remaining_life
from analytics.health.schemas import HealthError, RulConfig

SMOOTH = Statistic("mean", 20)
SIGNAL_STATISTICS = (SMOOTH, Statistic("trend"))
INDEX_STATISTICS = (Statistic("mean", 5), Statistic("mean", 20), Statistic("trend", 50), Statistic("trend"))

AGE_LABEL = "number of cycles in service"

GoOn = Callable[[], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """Why a member says what it says of ``u`` units, of ``k`` signals, in cycles.

    Attributes:
        base: What it says when it knows nothing.
        own: Contributions of the signals' own features, shape ``(u, k, len(SIGNAL_STATISTICS))``.
        shared: Contributions of the signals through the indices, shape ``(u, k)``.
        age: Contribution of the number of cycles in service, shape ``(u,)``.
        deviations: Of the signals' own features from the training set's median, in spreads, shaped like ``own``.
        age_deviation: Of the number of cycles, shape ``(u,)``.
    """

    base: float
    own: Floats
    shared: Floats
    age: Floats
    deviations: Floats
    age_deviation: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A fitted member.

    Attributes:
        standard: What is normal for each signal.
        indices: The health indices.
        centre: Median of each feature in the training set.
        spread: Half the width of its middle 68 % in the training set, shaped like ``centre``; never 0.
        booster: The trees.
    """

    standard: Standard
    indices: Indices
    centre: Floats
    spread: Floats
    booster: xgboost.Booster

    def features(self, rows: Rows) -> Floats:
        """Features at every cycle of a unit: the signals', the indices', the age."""
        return _features(self.indices, self.standard.apply(rows.settings, rows.values), rows)

    def predict(self, features: Floats) -> Floats:
        """Remaining life, not limited, for each row of features, shape ``(n,)``."""
        return np.asarray(self.booster.predict(xgboost.DMatrix(features, nthread=1)), dtype=np.float64)

    def explain(self, last: Floats) -> Reasons:
        """Why the member says what it says of units, from the features at their last cycles ``(u, features)``."""
        told = np.asarray(self.booster.predict(xgboost.DMatrix(last, nthread=1), pred_contribs=True), dtype=np.float64)
        units, signals = len(last), len(self.indices.weights)
        of_signals = signals * len(SIGNAL_STATISTICS)
        by_statistic = (units, len(SIGNAL_STATISTICS), signals)
        through = told[:, of_signals:-2].reshape(units, len(INDEX_STATISTICS), len(NAMES)).sum(axis=1)
        smooth = last[:, :signals]  # SMOOTH is the first statistic of the signals
        deviations = (last - self.centre) / self.spread
        return Reasons(
            base=float(told[0, -1]),
            own=told[:, :of_signals].reshape(by_statistic).transpose(0, 2, 1),
            shared=np.einsum("um,ukm->uk", through, self.indices.shares(smooth)),
            age=told[:, -2],
            deviations=deviations[:, :of_signals].reshape(by_statistic).transpose(0, 2, 1),
            age_deviation=deviations[:, -1],
        )


def feature_labels(signals: Sequence[str]) -> list[str]:
    """What an engineer calls the columns of `Member.features`, in their order."""
    columns = (*features_of(signals, SIGNAL_STATISTICS), *features_of(NAMES, INDEX_STATISTICS))
    return [*(feature.label for feature in columns), AGE_LABEL]


def fit_member(units: Sequence[Rows], config: RulConfig, *, seed: int, go_on: GoOn) -> Member:
    """Learn from units that have failed.

    Args:
        units: Histories that end in the failure.
        config: How to learn.
        seed: For the sampling of rows and features and for the clustering of settings.
        go_on: Asked after each tree; on False the member is left unfinished.

    Raises:
        HealthError: No signal changes.
    """
    standard = fit_standard(
        np.vstack([rows.settings for rows in units]), np.vstack([rows.values for rows in units]), seed=seed
    )
    if not standard.moving.any():
        fix = "Give signals that are measured, not constants."
        raise HealthError("No signal changes in the histories.", place="signals", fix=fix)
    scores = [standard.apply(rows.settings, rows.values) for rows in units]
    kept = [_kept(len(rows.cycles), config.stride) for rows in units]
    smooth = [feature_matrix(each, rows.cycles, [SMOOTH]) for each, rows in zip(scores, units, strict=True)]
    life = [remaining_life(rows.cycles, config.cap)[rare] for rows, rare in zip(units, kept, strict=True)]
    indices = fit_indices(_picked(scores, kept), _picked(smooth, kept), life)
    features = [_features(indices, each, rows) for each, rows in zip(scores, units, strict=True)]
    table = np.vstack(_picked(features, kept))
    booster = _boost(table, np.concatenate(life), config, seed=seed, go_on=go_on)
    return Member(standard, indices, *_centre_and_spread(table), booster)


def _features(indices: Indices, scores: Floats, rows: Rows) -> Floats:
    of_signals = feature_matrix(scores, rows.cycles, SIGNAL_STATISTICS)
    of_indices = feature_matrix(indices.apply(scores), rows.cycles, INDEX_STATISTICS)
    return np.column_stack([of_signals, of_indices, rows.cycles.astype(np.float64)])


def _kept(count: int, stride: int) -> NDArray[np.intp]:
    """Every so manieth row, counted from the last."""
    return np.arange((count - 1) % stride, count, stride)


def _picked(tables: Sequence[Floats], kept: Sequence[NDArray[np.intp]]) -> list[Floats]:
    return [table[rows] for table, rows in zip(tables, kept, strict=True)]


def _centre_and_spread(table: Floats) -> tuple[Floats, Floats]:
    """Median and half the distance between the 16 % and 84 % quantiles of each feature.

    For normal values that is the standard deviation; trends over the first few cycles would blow that one up.
    """
    known = np.where(np.isfinite(table).any(axis=0), table, 0.0)
    lower, centre, upper = np.nanquantile(known, (0.1587, 0.5, 0.8413), axis=0)
    spread = (upper - lower) / 2
    return centre, np.where(spread > 0.0, spread, 1.0)


class _Rounds(xgboost.callback.TrainingCallback):
    def __init__(self, go_on: GoOn) -> None:
        super().__init__()
        self._go_on = go_on

    def after_iteration(self, model: xgboost.Booster, epoch: int, evals_log: object) -> bool:
        """Whether to stop."""
        return not self._go_on()


def _boost(table: Floats, life: Floats, config: RulConfig, *, seed: int, go_on: GoOn) -> xgboost.Booster:
    # one thread: the same data and seed give the same trees everywhere; members are trained side by side
    parameters = config.model_dump(
        include={"max_depth", "learning_rate", "subsample", "colsample_bytree", "min_child_weight", "max_bin"}
    )
    parameters |= {"objective": "reg:squarederror", "tree_method": "hist", "nthread": 1, "seed": seed}
    return xgboost.train(parameters, xgboost.DMatrix(table, life, nthread=1), config.rounds, callbacks=[_Rounds(go_on)])
