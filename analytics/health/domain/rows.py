"""The columns of a unit's history that a model reads, and what they are to learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.features.domain.windows import Floats, Ints
from analytics.health.schemas import HealthError, RulConfig, UnitHistory


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One unit, one row a cycle: cycles ``(n,)``, settings ``(n, s)`` and signals ``(n, k)`` in the model's order."""

    cycles: Ints
    settings: Floats
    values: Floats


def rows_of(history: UnitHistory, config: RulConfig) -> Rows:
    """Pick a model's columns out of a history.

    Raises:
        HealthError: A column is not there.
    """
    place = {key: number for number, key in enumerate(history.signals)}
    if missing := [key for key in (*config.settings, *config.signals) if key not in place]:
        message = f"Unit {history.unit} has no {', '.join(missing)}."
        fix = "Record what the model reads, NaN where it is unknown, or train a model without it."
        raise HealthError(message, place=history.unit, fix=fix)
    settings, values = (history.values[:, [place[key] for key in keys]] for keys in (config.settings, config.signals))
    return Rows(history.cycles, settings, values)


def remaining_life(cycles: Ints, cap: float) -> Floats:
    """Cycles left until the last, which is the failure: 0 there, and no more than the cap, shape ``(n,)``."""
    life: Floats = np.minimum((cycles[-1] - cycles).astype(np.float64), cap)
    return life
