"""Small fleets that wear out: two signals that follow the wear, one that is noise, one that is constant."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from analytics.health.schemas import RulConfig, UnitHistory

SIGNALS = ("level", "heat", "noise", "plate")
CONFIG = RulConfig(
    signals=("heat", "noise", "plate"),
    settings=("level",),
    cap=40,
    folds=3,
    rounds=30,
    learning_rate=0.15,
    min_child_weight=5,
    stride=2,
)


def worn(seed: int, *, until: int | None = None) -> UnitHistory:
    """A unit from its first cycle to its failure, or to a cycle before it."""
    chance = np.random.default_rng(seed)
    life = int(chance.integers(40, 90))
    cycles = np.arange(1, life + 1)
    wear = (cycles / life) ** 3
    level = np.where(chance.random(life) < 0.5, 0.0, 10.0)
    heat = 500.0 + 20.0 * level + 10.0 * wear + 0.5 * chance.standard_normal(life)
    values = np.column_stack([level, heat, chance.standard_normal(life), np.full(life, 7.0)])
    return UnitHistory(f"unit {seed}", SIGNALS, cycles[:until], values[:until])


def fleet(seeds: Iterable[int]) -> list[UnitHistory]:
    return [worn(seed) for seed in seeds]
