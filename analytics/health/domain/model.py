"""A model of remaining useful life: members that vote, a band for their error, and predictions with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import JsonValue

from analytics.features.domain.windows import Floats
from analytics.health.domain.band import Band
from analytics.health.domain.beyond import Beyond
from analytics.health.domain.member import AGE_LABEL, SIGNAL_STATISTICS, Member, Reasons
from analytics.health.domain.rows import rows_of
from analytics.health.schemas import AGE, Driver, Prediction, RulConfig, UnitHistory


@dataclass(frozen=True, slots=True, eq=False)
class RulModel:
    """A fitted model of remaining useful life.

    Attributes:
        config: How it was made.
        members: One for each fold, trained on the units of the other folds; the model says their mean.
        band: The prediction interval.
        beyond: What lies beyond the cap.
        training: The training set, the seed and the measured quality: JSON.
    """

    config: RulConfig
    members: tuple[Member, ...]
    band: Band
    beyond: Beyond
    training: dict[str, JsonValue]


def predict(model: RulModel, units: Sequence[UnitHistory]) -> list[Prediction]:
    """Predict the remaining useful life of units after their last cycles, in their order.

    Raises:
        HealthError: A unit lacks a signal the model reads.
    """
    if not units:
        return []
    rows = [rows_of(unit, model.config) for unit in units]
    told = [member.explain(np.stack([member.features(each)[-1] for each in rows])) for member in model.members]
    reasons = _mean_reasons(told)
    return [_prediction(model, unit, number, reasons) for number, unit in enumerate(units)]


def _mean_reasons(told: Sequence[Reasons]) -> Reasons:
    return Reasons(
        base=float(np.mean([each.base for each in told])),
        own=np.mean([each.own for each in told], axis=0),
        shared=np.mean([each.shared for each in told], axis=0),
        age=np.mean([each.age for each in told], axis=0),
        deviations=np.mean([each.deviations for each in told], axis=0),
        age_deviation=np.mean([each.age_deviation for each in told], axis=0),
    )


def _prediction(model: RulModel, unit: UnitHistory, number: int, reasons: Reasons) -> Prediction:
    config = model.config
    of_signals = reasons.own[number].sum(axis=1) + reasons.shared[number]
    contributions = dict(zip((*config.signals, AGE), (*of_signals.tolist(), float(reasons.age[number])), strict=True))
    raw = reasons.base + sum(contributions.values())
    value = min(max(raw, 0.0), config.cap)
    low, high = model.band.around(np.array([value]))
    beyond_share, beyond_mean = model.beyond.at(value)
    return Prediction(
        unit=unit.unit,
        cycle=int(unit.cycles[-1]),
        value=value,
        low=float(low[0]),
        high=float(high[0]),
        coverage=config.coverage,
        cap=config.cap,
        beyond_share=beyond_share,
        beyond_mean=beyond_mean,
        raw=raw,
        base=reasons.base,
        contributions=contributions,
        drivers=_drivers(contributions, reasons.own[number], reasons.deviations[number], reasons.age_deviation[number]),
    )


def _drivers(
    contributions: dict[str, float], own: Floats, deviations: Floats, age_deviation: float
) -> tuple[Driver, ...]:
    telling = np.abs(own).argmax(axis=1)
    drivers = []
    for number, (source, cycles) in enumerate(contributions.items()):
        direction: Literal["shortens", "lengthens"] = "shortens" if cycles < 0 else "lengthens"
        if source == AGE:
            feature, deviation = AGE_LABEL, age_deviation
        else:
            feature = SIGNAL_STATISTICS[telling[number]].label
            deviation = float(deviations[number, telling[number]])
        known = float(deviation) if np.isfinite(deviation) else None
        drivers.append(Driver(source, cycles, direction, feature, known))
    return tuple(sorted((each for each in drivers if each.cycles), key=lambda each: -abs(each.cycles)))
