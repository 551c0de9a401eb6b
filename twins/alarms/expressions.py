"""Alarms whose condition is an expression: the truths that the readings of their signals come to, as readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twins.alarms.domain.conditions import Batch, Ints
from twins.catalog.domain.formulas import formulas_of, patience_us
from twins.catalog.schemas import AssetType
from twins.language.checking import check
from twins.language.evaluation import Samples, evaluate
from twins.language.tree import FormulaError
from twins.language.typed import Formula, Sort
from twins.telemetry.instants import moment
from twins.telemetry.schemas import Readings, usable
from twins.telemetry.selectors import readings
from twins.telemetry.series import Series

Properties = Mapping[str, float | str | bool]


@dataclass(frozen=True, slots=True)
class Channel:
    """A signal as it is stored, and the way to the unit of its type: ``factor * stored + offset``."""

    signal: int
    factor: float
    offset: float


@dataclass(frozen=True, slots=True)
class Expression:
    """The condition of one alarm.

    Attributes:
        number: Of the alarm in the plan.
        patience: How long the reading of each signal holds, in microseconds.
        channels: Its signals by key; one that no reading ever came for is not in it.
        reach_us: How far back readings can matter.
    """

    number: int
    formula: Formula
    patience: Mapping[str, int]
    channels: Mapping[str, Channel]
    properties: Properties
    reach_us: int


class Vocabularies:
    """The checked expressions of alarms, each checked once for all assets of a type."""

    def __init__(self) -> None:
        self._patience: dict[str, Mapping[str, int]] = {}
        self._formulas: dict[tuple[str, str], Formula | None] = {}

    def formula(self, of: AssetType, text: str) -> Formula | None:
        """The formula, None when it means nothing for this type."""
        place = (of.ref, text)
        if place not in self._formulas:
            try:
                self._formulas[place] = check(text, formulas_of(of).vocabulary, sort=Sort.TRUTH)
            except FormulaError:
                self._formulas[place] = None
        return self._formulas[place]

    def patience(self, of: AssetType) -> Mapping[str, int]:
        """How long readings of the type's signals hold."""
        if of.ref not in self._patience:
            self._patience[of.ref] = patience_us(of)
        return self._patience[of.ref]

    def expression(
        self, number: int, of: AssetType, text: str, channels: Mapping[str, Channel], properties: Properties
    ) -> Expression | None:
        """The condition of an alarm, None when it means nothing for its asset."""
        formula = self.formula(of, text)
        if formula is None:
            return None
        patience = {name: self.patience(of)[name] for name in formula.signals}
        mine = {name: channels[name] for name in formula.signals if name in channels}
        return Expression(number, formula, patience, mine, properties, formula.reach_us(patience))


def truths(expressions: Sequence[Expression], new: Readings) -> Batch:
    """What the expressions come to at each new reading of their signals: 1, 0, or NaN where it is not known.

    Their signals' readings are read back in one query, so far as they matter.
    """
    at = _new_instants(new)
    found: list[tuple[Expression, Ints]] = []
    for each in expressions:
        instants = [at[one.signal] for one in each.channels.values() if one.signal in at]
        if instants:
            found.append((each, np.unique(np.concatenate(instants))))
    if not found:
        none = np.empty(0, np.int64)
        return Batch(none, none, none.astype(np.float64))
    start = min(int(instants[0]) - each.reach_us for each, instants in found)
    end = max(int(instants[-1]) for _, instants in found) + 1
    wanted = {one.signal for each, _ in found for one in each.channels.values()}
    stored = readings(wanted, moment(start), moment(end))
    columns = [(each.number, instants, _values(each, instants, stored)) for each, instants in found]
    return Batch(
        np.concatenate([np.full(instants.size, number) for number, instants, _ in columns]),
        np.concatenate([instants for _, instants, _ in columns]),
        np.concatenate([values for _, _, values in columns]),
    )


def _new_instants(new: Readings) -> Mapping[int, Ints]:
    signals, starts = np.unique(new.signal, return_index=True)
    ends = np.append(starts[1:], new.signal.size)
    return {
        int(signal): new.at[low:high]
        for signal, low, high in zip(signals.tolist(), starts.tolist(), ends.tolist(), strict=True)
    }


def _values(each: Expression, at: Ints, stored: Mapping[int, Series]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    samples = {}
    for name, channel in each.channels.items():
        series = stored[channel.signal]
        sound = usable(series.quality)
        value = series.value[sound] * channel.factor + channel.offset
        samples[name] = Samples(series.at[sound], value, each.patience[name])
    return evaluate(each.formula, samples, each.properties, at).value.astype(np.float64)
