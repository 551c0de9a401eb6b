"""What goes into a model of remaining useful life and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from tenants.kernel.errors import OutturnError

AGE = "cycles"
"""The source of what the number of cycles in service contributes; no signal may have this key."""


class HealthError(OutturnError):
    """A history that cannot be learnt from or predicted for."""

    code = "health.bad_history"


class ModelError(OutturnError):
    """A stored model that cannot be used."""

    code = "health.bad_model"


@dataclass(frozen=True, slots=True, eq=False)
class UnitHistory:
    """What one unit recorded, one row a cycle, from its first cycle on.

    In a training set the last cycle is the one in which the unit failed.

    Attributes:
        unit: What the caller calls it.
        signals: Keys of the columns.
        cycles: Numbers of the cycles, rising, at least 1, shape ``(n,)``.
        values: Shape ``(n, len(signals))``; NaN where nothing was recorded.

    Raises:
        HealthError: The shapes do not fit, the cycles do not rise, or a value is infinite.
    """

    unit: str
    signals: tuple[str, ...]
    cycles: NDArray[np.int64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if not len(self.cycles) or self.values.shape != (len(self.cycles), len(self.signals)):
            message = f"Unit {self.unit} has {len(self.cycles)} cycles and values of the shape {self.values.shape}."
            fix = f"Give at least one cycle, and for each the {len(self.signals)} signals."
            raise HealthError(message, place=self.unit, fix=fix)
        if self.cycles[0] < 1 or (np.diff(self.cycles) < 1).any():
            fix = "Count cycles from 1 and give each once, in order."
            raise HealthError(f"The cycles of unit {self.unit} do not rise.", place=self.unit, fix=fix)
        if np.isinf(self.values).any():
            fix = "Give NaN where nothing was recorded."
            raise HealthError(f"A value of unit {self.unit} is infinite.", place=self.unit, fix=fix)


class RulConfig(BaseModel):
    """How a model of remaining useful life is made.

    The defaults were chosen by engine-grouped cross-validation on training sets of turbofan engines.

    Attributes:
        signals: Keys of the measured quantities the model reads.
        settings: Keys of the operating settings; where they form clusters, signals are compared within one.
        cap: Remaining life beyond this many cycles is not told apart, as wear does not show so early.
        coverage: Share of the truths that an interval holds.
        folds: Groups of units; each member of the model learns from all groups but one.
        rounds: Trees of each member.
        max_depth: Of a tree.
        learning_rate: Of the boosting.
        subsample: Share of the rows a tree sees.
        colsample_bytree: Share of the features a tree sees.
        min_child_weight: Smallest number of rows in a leaf.
        max_bin: Into how many bins a feature is divided.
        stride: Only every so many cycles are learnt from, as neighbours tell the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    signals: Annotated[tuple[str, ...], Field(min_length=1)]
    settings: tuple[str, ...] = ()
    cap: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 125.0
    coverage: Annotated[float, Field(ge=0.5, lt=1)] = 0.9
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    rounds: Annotated[int, Field(ge=1, le=5000)] = 300
    max_depth: Annotated[int, Field(ge=1, le=12)] = 5
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.06
    subsample: Annotated[float, Field(gt=0, le=1)] = 0.6
    colsample_bytree: Annotated[float, Field(gt=0, le=1)] = 0.3
    min_child_weight: Annotated[float, Field(ge=0)] = 30.0
    max_bin: Annotated[int, Field(ge=2, le=256)] = 64
    stride: Annotated[int, Field(ge=1)] = 3

    @model_validator(mode="after")
    def _keys_are_told_apart(self) -> RulConfig:
        keys = (*self.signals, *self.settings)
        if len(set(keys)) != len(keys) or AGE in keys:
            raise ValueError(f"each signal and setting must be named once, and none may be called {AGE!r}")
        return self


@dataclass(frozen=True, slots=True)
class Driver:
    """How much one signal moves a prediction, and what it shows.

    Attributes:
        signal: Its key, or `AGE`.
        cycles: Its contribution; all contributions of a prediction and its base add up to its raw value.
        direction: Whether the contribution shortens or lengthens the remaining life.
        feature: What was most telling of the signal, such as ``mean of the last 20 cycles``.
        deviation: How far that feature is above the median of the training set, in multiples of the half width of the
            middle 68 % there, which for normal values is the standard deviation; None where it is unknown.
    """

    signal: str
    cycles: float
    direction: Literal["shortens", "lengthens"]
    feature: str
    deviation: float | None

    @property
    def text(self) -> str:
        """One sentence, such as ``ps30 shortens it by 14.2 cycles: its mean of the last 20 cycles is ... above``."""
        effect = f"{self.signal} {self.direction} it by {abs(self.cycles):.1f} cycles"
        if self.deviation is None:
            return f"{effect}: its {self.feature} is unknown"
        side = "above" if self.deviation >= 0 else "below"
        amount = f"{abs(self.deviation):.1f} standard deviations {side} what is usual in the training set"
        return f"{effect}: its {self.feature} is {amount}"


@dataclass(frozen=True, slots=True)
class Prediction:
    """The remaining useful life of one unit after its last cycle, in cycles.

    Attributes:
        unit: Which unit.
        cycle: Its last cycle.
        value: The prediction, from 0 to the model's cap; at the cap it means "at least so many".
        low: Lower limit of the interval, at most the value.
        high: Upper limit of the interval, at least the value.
        coverage: Share of the truths such intervals hold, with remaining life counted up to the cap.
        cap: The model's cap; an interval that reaches it says "at least so many".
        beyond_share: Of the lives that the model spoke of alike out of fold, how many reach the cap.
        beyond_mean: How much longer those last on average, in cycles.
        raw: The prediction before it was limited to 0 and the cap: ``base`` and all contributions.
        base: What the model says when it knows nothing of the unit.
        contributions: Cycles contributed by each signal and by `AGE`.
        drivers: All contributions but those of 0, the largest first.
    """

    unit: str
    cycle: int
    value: float
    low: float
    high: float
    coverage: float
    cap: float
    beyond_share: float
    beyond_mean: float
    raw: float
    base: float
    contributions: dict[str, float]
    drivers: tuple[Driver, ...]


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model version as it is stored.

    Attributes:
        metadata: What it was trained on, how, and how well it does; JSON, with the SHA-256 of the payload.
        payload: The fitted model.
        digest: SHA-256 of the canonical JSON of the metadata: the identity of the version.
    """

    metadata: dict[str, JsonValue]
    payload: bytes
    digest: str
