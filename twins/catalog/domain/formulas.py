"""The formulas of a type: of derived signals and states; conditions of alarms, commands, constraints, indicators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from tenants.kernel.errors import Finding
from twins.catalog.schemas import STATES, TIMES, AssetType, Signal
from twins.language.certain import divisions_by_zero
from twins.language.checking import check
from twins.language.graph import depth, in_order
from twins.language.parsing import parse
from twins.language.tree import FormulaError, Problem, Span, Tree, names
from twins.language.typed import Formula, Known, Role, Sort, Vocabulary

MOST_BEHIND = 16
"""How many derived signals and states may stand behind one another."""
_SECOND = 1_000_000
_USUAL_PATIENCE_US = 600 * _SECOND
_LEAST_PATIENCE_US = 10 * _SECOND
_MISSED = 5
"""So many readings may be missing before the last one no longer holds."""


class Placed(NamedTuple):
    """A formula that is a part of a text, and how many characters of it stand before."""

    text: str
    before: int = 0


@dataclass(frozen=True, slots=True)
class TypeFormulas:
    """The checked formulas of a type.

    Attributes:
        vocabulary: Every name that its formulas may speak of.
        derived: Those of its derived signals by key, each after what it needs.
        states: Those of its states by key.
        conditions: Those of its alarms, commands, constraints and indicators by their places
            (``constraints/head/holds``, ``indicators/availability``).
        findings: What is wrong with them; what is wrong is in none of the above.
    """

    vocabulary: Vocabulary
    derived: Mapping[str, Formula]
    states: Mapping[str, Formula]
    conditions: Mapping[str, Formula]
    findings: tuple[Finding, ...]


def formulas_of(of: AssetType) -> TypeFormulas:
    """Check the formulas of a type.

    Args:
        of: The type with what it inherits.
    """
    places, trees, findings = _read(of)
    needs = {name: names(tree) for name, tree in trees.items()}
    order, circles = in_order(needs)
    findings += [finding for circle in circles for finding in _circle(circle, places)]
    known: dict[str, Known] = {**_given(of), **_broken(of)}
    checked: dict[str, Formula] = {}
    deep = depth(needs, order)
    for name in order:
        if deep[name] > MOST_BEHIND:
            findings.append(_too_deep(places[name]))
            continue
        unit = of.derived[name].unit if name in of.derived else None
        formula = _checked(places[name], Placed(_text(of, name)), known, findings, unit=unit)
        if formula is None:
            continue
        checked[name] = formula
        if unit is None:
            known[name] = Known(Role.STATE, Sort.TRUTH, formula=formula)
    conditions = {
        place: _checked(place, placed, known if place.split("/")[0] != "constraints" else _facts(known), findings)
        for place, placed in _conditions(of).items()
    }
    return TypeFormulas(
        known,
        {name: one for name, one in checked.items() if name in of.derived},
        {name: one for name, one in checked.items() if name not in of.derived},
        {place: one for place, one in conditions.items() if one is not None},
        tuple(findings),
    )


def _checked(
    place: str, placed: Placed, known: Vocabulary, findings: list[Finding], *, unit: str | None = None
) -> Formula | None:
    """A formula, a condition when it has no unit; None when it means nothing, which the findings are told."""
    try:
        formula = check(placed.text, known, unit=unit, sort=Sort.TRUTH if unit is None else None)
    except FormulaError as error:
        findings += findings_at(place, error.problems, placed.before)
        return None
    findings += findings_at(place, divisions_by_zero(formula, known), placed.before)
    return formula


def findings_at(place: str, problems: Iterable[Problem], before: int) -> list[Finding]:
    """What is wrong with a formula that stands at a place, behind so many characters of the text that is there."""
    return [replace(one, span=Span(one.span.start + before, one.span.end + before)).finding(place) for one in problems]


def condition_in(indicator: str) -> Placed | None:
    """The condition of an indicator that counts time; None of one that counts something else."""
    start = next((start for start in TIMES if indicator.startswith(start)), None)
    return None if start is None else Placed(indicator.removeprefix(start), len(start))


def signal_patience_us(signal: Signal) -> int:
    """How long a reading of a measured signal holds when no other follows, in microseconds.

    Five times as long as readings are expected to be apart, ten minutes where the type does not say it.
    """
    if signal.rate is None:
        return _USUAL_PATIENCE_US
    return max(round(signal.rate.total_seconds() * _MISSED * _SECOND), _LEAST_PATIENCE_US)


def patience_us(of: AssetType) -> dict[str, int]:
    """How long a reading of each signal holds when no other follows, in microseconds; of derived ones too.

    A derived signal holds as long as the most patient of what it needs, unless it says itself how long.
    """
    found = {key: signal_patience_us(part) for key, part in of.signals.items()}
    for key, formula in formulas_of(of).derived.items():
        own = of.derived[key].patience
        found[key] = (
            max((found[name] for name in formula.signals), default=_USUAL_PATIENCE_US)
            if own is None
            else round(own.total_seconds() * _SECOND)
        )
    return found


def _read(of: AssetType) -> tuple[dict[str, str], dict[str, Tree], list[Finding]]:
    """The place and the tree of each formula, and what cannot be read."""
    places = {key: f"derived/{key}/formula" for key in of.derived}
    places |= {key: f"states/{key}" for key in of.states}
    trees, findings = {}, []
    for name, place in places.items():
        try:
            trees[name] = parse(_text(of, name))
        except FormulaError as error:
            findings += [problem.finding(place) for problem in error.problems]
    return places, trees, findings


def _text(of: AssetType, name: str) -> str:
    return of.derived[name].formula if name in of.derived else of.states[name]  # type: ignore[index]


def _given(of: AssetType) -> dict[str, Known]:
    known: dict[str, Known] = {}
    for key, part in of.properties.items():
        if part.type in {"object", "map", "array"}:  # what has an inside is no value to calculate with
            continue
        sort = {"text": Sort.TEXT, "boolean": Sort.TRUTH}.get(part.type, Sort.NUMBER)
        known[key] = Known(Role.PROPERTY, sort, part.unit or "1")
    for key, signal in of.signals.items():
        every = signal.rate.total_seconds() if signal.rate is not None else None
        known[key] = Known(Role.SIGNAL, Sort.NUMBER, signal.unit, every)
    return known


def _broken(of: AssetType) -> dict[str, Known]:
    """What each derived signal and state is, so that what is wrong with one is not said again of those that need it."""
    derived = {key: Known(Role.SIGNAL, Sort.NUMBER, part.unit) for key, part in of.derived.items()}
    return {**derived, **{key: Known(Role.STATE, Sort.TRUTH) for key in of.states}}


def _circle(circle: tuple[str, ...], places: Mapping[str, str]) -> Iterator[Finding]:
    message = f"{' needs '.join(circle)}: none of them can be worked out first."
    for name in circle[:-1]:
        yield Finding("formula.loop", places[name], message, "Take one of them out of the circle.")


def _too_deep(place: str) -> Finding:
    message = f"More than {MOST_BEHIND} formulas stand behind one another here."
    return Finding("formula.too_deep", place, message, "Put some of them together into one.")


def constraints_of(of: AssetType) -> dict[str, Formula]:
    """The checked constraints of a type, by key; one that means nothing is left out.

    Args:
        of: The type with what it inherits.
    """
    known = _facts(_given(of))
    findings: list[Finding] = []
    found = {
        key: _checked(f"constraints/{key}/holds", Placed(constraint.holds), known, findings)
        for key, constraint in of.constraints.items()
    }
    return {key: one for key, one in found.items() if one is not None}


def _conditions(of: AssetType) -> dict[str, Placed]:
    """What stands beside the derived signals and the states, by place; nothing needs it in turn."""
    found = {f"alarms/{key}/when": alarm.when for key, alarm in of.alarms.items()}
    found |= {f"alarms/{key}/suppressed_when": alarm.suppressed_when for key, alarm in of.alarms.items()}
    found |= {f"commands/{key}/when": command.when for key, command in of.commands.items()}
    found |= {f"constraints/{key}/holds": constraint.holds for key, constraint in of.constraints.items()}
    placed = {place: Placed(text) for place, text in found.items() if text is not None}
    return placed | {f"indicators/{key}": one for key, one in _counted_times(of)}


def _counted_times(of: AssetType) -> Iterator[tuple[str, Placed]]:
    """The conditions of indicators; a state by itself that no formula tells is one that people tell."""
    for key, text in of.indicators.items():
        placed = condition_in(text)
        if placed is None:
            continue
        state = placed.text.removeprefix("not ")
        if state in of.states or state not in STATES:
            yield key, placed


def _facts(known: Vocabulary) -> Vocabulary:
    """What a constraint may speak of: what an asset is for good, not what is measured of it."""
    return {name: one for name, one in known.items() if one.role is Role.PROPERTY}
