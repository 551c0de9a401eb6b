"""What the keys of a gateway mean: the bindings of the published twins, worked out once for many messages."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import numpy as np

from tenants.kernel.errors import OutturnError
from twins.composer.domain.expressions import read_expression, values_of
from twins.language.typed import Formula
from twins.language.units import conversion
from twins.telemetry.schemas import Bindings, BoundSignal, Floats, Ints, Place, RuleTable


class StoredSignal(NamedTuple):
    """A signal as its readings are stored.

    Attributes:
        id: Its number.
        unit: UCUM code that its stored values have for ever, whatever later types say.
    """

    id: int
    unit: str


def bindings_of(
    tenant: UUID, gateway: UUID, bound: Iterable[BoundSignal], stored: Mapping[tuple[UUID, str], StoredSignal]
) -> Bindings:
    """What each key of one gateway becomes.

    A binding whose units do not convert into the unit in which the signal is stored is left out, and so is one whose
    expression means nothing. Publishing a twin refuses such a binding, so it can only come from a type that later
    changed what its signal measures.

    Args:
        tenant: Whose gateway it is.
        gateway: Its id.
        bound: Bindings of published twins, also those of other gateways.
        stored: The signals by asset and key.
    """
    by_key: dict[str, list[_Target]] = {}
    for one in bound:
        if one.gateway == gateway:
            for target in _targets(one, stored[one.asset, one.key]):
                by_key.setdefault(one.sent_key, []).append(target)
    targets = [target for of_key in by_key.values() for target in of_key]
    count = np.array([len(of_key) for of_key in by_key.values()], np.int64)
    formulas = dict.fromkeys(one.formula for one in targets if one.formula is not None)
    numbers = {formula: number for number, formula in enumerate(formulas)}
    return Bindings(
        index={key: number for number, key in enumerate(by_key)},
        start=np.cumsum(count) - count,
        count=count,
        signal=np.array([target.stored.id for target in targets], np.int64),
        factor=np.array([target.factor for target in targets], np.float64),
        offset=np.array([target.offset for target in targets], np.float64),
        low=np.array([target.low for target in targets], np.float64),
        high=np.array([target.high for target in targets], np.float64),
        formula=np.array([numbers[one.formula] if one.formula else -1 for one in targets], np.int64),
        formulas=tuple(formulas),
        names=[f"{target.bound.asset_name} {target.bound.key}".strip() for target in targets],
        units=[target.stored.unit for target in targets],
        places={
            target.stored.id: Place(tenant, target.bound.twin, target.bound.asset, target.bound.key)
            for target in targets
        },
        rules=RuleTable.of({target.stored.id: target.bound.rules for target in targets}),
    )


class _Target(NamedTuple):
    bound: BoundSignal
    stored: StoredSignal
    factor: float
    offset: float
    low: float
    high: float
    formula: Formula | None


def _targets(bound: BoundSignal, stored: StoredSignal) -> Iterator[_Target]:
    formula, unit = None, bound.sent_unit or bound.unit
    try:
        if bound.expression is not None:
            formula, unit = read_expression(bound.expression, bound.sent_unit, bound.unit)
        factor, offset = _line(bound.scale, bound.offset, unit, stored.unit)
        low, high = declared_range(bound, stored.unit)
    except OutturnError:
        return
    yield _Target(bound, stored, factor, offset, low, high, formula)


def in_units(bindings: Bindings, places: Ints, sent: Floats) -> Floats:
    """What was sent, in the units of signals: infinite where that is too much, NaN where an expression gives nothing.

    Args:
        bindings: Of the gateway.
        places: The place of each value's signal in ``bindings``, shape ``(n,)``.
        sent: Finite values, shape ``(n,)``.
    """
    value = sent
    if bindings.formulas:
        value, number = sent.copy(), bindings.formula[places]
        for one in np.unique(number[number >= 0]).tolist():
            own = number == one
            value[own] = values_of(bindings.formulas[one], sent[own])
    with np.errstate(over="ignore"):
        return value * bindings.factor[places] + bindings.offset[places]


def declared_range(bound: BoundSignal, unit: str) -> tuple[float, float]:
    """The credible range of a signal in a unit: all finite numbers where its type gives none.

    Raises:
        OutturnError: The unit of the type does not convert into this one.
    """
    return _ends(bound.range, bound.unit, unit)


@lru_cache(maxsize=4096)
def _line(scale: Decimal | None, offset: Decimal | None, sent_unit: str, unit: str) -> tuple[float, float]:
    """Factor and offset from what is sent to what is stored: exact until here, rounded once."""
    sent = conversion(sent_unit, unit)
    return (
        float(sent.factor * Fraction(1 if scale is None else scale)),
        float(sent.factor * Fraction(offset or 0) + sent.offset),
    )


@lru_cache(maxsize=4096)
def _ends(declared: tuple[Decimal, Decimal] | None, declared_unit: str, unit: str) -> tuple[float, float]:
    if declared is None:
        return -sys.float_info.max, sys.float_info.max
    to_unit = conversion(declared_unit, unit)
    ends = [float(to_unit.factor * Fraction(end) + to_unit.offset) for end in declared]
    return min(ends), max(ends)
