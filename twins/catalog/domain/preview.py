"""A formula tried on sample data before it is published, and what may be written in one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tenants.kernel.errors import Finding
from twins.catalog.domain.formulas import Placed, TypeFormulas, condition_in, findings_at, formulas_of
from twins.catalog.domain.naming import title_of
from twins.catalog.domain.sampling import Given, samples_of, values_of
from twins.catalog.schemas import AssetType
from twins.language.certain import divisions_by_zero
from twins.language.checking import check
from twins.language.evaluation import Property as Value
from twins.language.evaluation import Samples, evaluate
from twins.language.functions import POINTWISE, WINDOWED
from twins.language.tree import FormulaError
from twins.language.typed import Formula, Role, Sort, Vocabulary

_SPAN = re.compile(r"^(.*):(\d+)-(\d+)$")
_US = 1_000_000
PLACES = re.compile(
    r"^(derived/[a-z][a-z0-9_]*/formula|states/[a-z]+|constraints/[a-z][a-z0-9_]*/holds"
    r"|alarms/[a-z][a-z0-9_]*/(when|suppressed_when)|commands/[a-z][a-z0-9_]*/when|indicators/[a-z][a-z0-9_]*)$"
)
"""Where a formula can stand in the document of a type."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a formula gives over sample data.

    Attributes:
        findings: What is wrong with it, its place ending in ``:START-END``; then there is nothing else.
        formula: The checked formula.
        samples: The readings that it was tried on, of derived signals too.
        values: The values of the properties that it was tried with.
        at: Seconds from the first reading at which it was worked out.
        results: What it gave; None is not known.
    """

    findings: tuple[Finding, ...]
    formula: Formula | None = None
    samples: tuple[tuple[str, str, Samples], ...] = ()
    values: tuple[tuple[str, str, Value], ...] = ()
    at: tuple[float, ...] = ()
    results: tuple[float | bool | str | None, ...] = ()


def try_formula(of: AssetType, place: str, text: str, given: Given) -> Trial:
    """What a formula gives over sample data, made up from the ranges and rates of the signals where none are given.

    Args:
        of: The type with what it inherits, the formula in it or not.
        place: Where the formula stands or shall stand, such as ``derived/power/formula``.
        text: The formula; of an indicator all of it, such as ``share of time not down``.
        given: Readings and values to try it on, by name.
    """
    formulas = formulas_of(of)
    formula, findings = _formula(of, formulas, place, text)
    if formula is None or findings:
        return Trial(tuple(findings))
    names, properties = _needed(formula, formulas)
    patience = dict.fromkeys((*of.signals, *of.derived), 0)
    reach = max((each.reach_us(patience) for each in (formula, *names.values())), default=0)
    signals = formula.signals.union(*(each.signals for each in names.values()))
    samples = samples_of(of, signals, given, reach_us=reach)
    values = values_of(of, properties, given)
    for name, each in names.items():
        result = evaluate(each, samples, values)
        hold = max((samples[one].patience_us for one in each.signals if one in samples), default=_US)
        samples[name] = Samples(result.at, result.value, hold)
    at = None if formula.signals else np.zeros(1, np.int64)
    result = evaluate(formula, samples, values, at)
    wanted = [name for name in sorted(samples) if name in formula.signals]
    return Trial(
        (),
        formula,
        tuple((name, _unit(of, name), samples[name]) for name in wanted),
        tuple((name, of.properties[name].unit or "1", value) for name, value in values.items()),
        tuple((result.at / _US).tolist()),
        tuple(_plain(each, formula.type.sort) for each in result.value.tolist()),
    )


def _formula(of: AssetType, formulas: TypeFormulas, place: str, text: str) -> tuple[Formula | None, list[Finding]]:
    """The formula as it stands in the type, or by itself where the type does not have it."""
    section, key = place.split("/")[:2]
    known = {"derived": formulas.derived, "states": formulas.states}.get(section)
    own = known.get(key) if known is not None else formulas.conditions.get(place)
    findings = [finding for finding in formulas.findings if finding.place.startswith(f"{place}:")]
    findings += [finding for finding in formulas.findings if finding.place == place]
    placed = (condition_in(text) if section == "indicators" else None) or Placed(text)
    if findings or (own is not None and own.text == placed.text):
        return own, findings
    return _alone(formulas.vocabulary, place, placed, section)


def _alone(known: Vocabulary, place: str, placed: Placed, section: str) -> tuple[Formula | None, list[Finding]]:
    if section == "constraints":
        known = {name: one for name, one in known.items() if one.role is Role.PROPERTY}
    try:
        formula = check(placed.text, known, sort=None if section == "derived" else Sort.TRUTH)
    except FormulaError as error:
        return None, findings_at(place, error.problems, placed.before)
    return formula, findings_at(place, divisions_by_zero(formula, known), placed.before)


def _needed(formula: Formula, formulas: TypeFormulas) -> tuple[dict[str, Formula], frozenset[str]]:
    """The derived signals that a formula stands on, each after what it needs, and all their properties."""
    wanted = set(formula.signals)
    found: dict[str, Formula] = {}
    for name in reversed(list(formulas.derived)):
        if name in wanted:
            found[name] = formulas.derived[name]
            wanted |= found[name].signals
    ordered = dict(reversed(found.items()))
    return ordered, formula.properties.union(*(each.properties for each in ordered.values()))


def _unit(of: AssetType, name: str) -> str:
    return of.signals[name].unit if name in of.signals else of.derived[name].unit


def _plain(value: Any, sort: Sort) -> float | bool | str | None:
    if value is None or isinstance(value, str):
        return value
    if np.isnan(value):
        return None
    return bool(value) if sort is Sort.TRUTH else float(value)


def span_of(finding: Finding) -> tuple[str, int | None, int | None]:
    """The place of a finding without its span, and the characters ``[start, end)`` of the formula that it means."""
    match = _SPAN.match(finding.place)
    return (match[1], int(match[2]), int(match[3])) if match else (finding.place, None, None)


@dataclass(frozen=True, slots=True)
class Word:
    """A name that a formula may speak of.

    Attributes:
        kind: ``property``, ``signal``, ``derived`` or ``state``.
        unit: UCUM code of a number, None for other sorts.
        title: What people call it, in English where the type says it.
    """

    name: str
    kind: str
    sort: str
    unit: str | None
    title: str | None


def words(of: AssetType) -> Iterator[Word]:
    """Every name that the formulas of a type may speak of, signals first."""
    order = {"signal": 0, "derived": 1, "property": 2, "state": 3}
    found = [_word(of, name, known.sort, known.unit) for name, known in formulas_of(of).vocabulary.items()]
    yield from sorted(found, key=lambda word: (order[word.kind], word.name))


def _word(of: AssetType, name: str, sort: Sort, unit: str) -> Word:
    sections: tuple[tuple[str, Any], ...] = (
        ("signal", of.signals), ("derived", of.derived), ("property", of.properties),
    )  # fmt: skip
    kind, part = next(((kind, parts[name]) for kind, parts in sections if name in parts), ("state", None))
    title = title_of(getattr(part, "name", None))
    return Word(name, kind, sort.value, unit if sort is Sort.NUMBER else None, title)


def functions() -> Iterator[tuple[str, str, str, bool]]:
    """Every function: its name, how it is called, what it gives, and whether it looks back in time."""
    for name, function in POINTWISE.items():
        yield name, function.usage, function.meaning, False
    for name, function in WINDOWED.items():
        yield name, function.usage, function.meaning, True
