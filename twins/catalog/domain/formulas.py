"""The formulas of a type: its derived signals, its states, and the conditions of its alarms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tenants.kernel.errors import Finding
from twins.catalog.schemas import AssetType
from twins.language.checking import check
from twins.language.graph import depth, in_order
from twins.language.parsing import parse
from twins.language.tree import FormulaError, Tree, names
from twins.language.typed import Formula, Known, Role, Sort, Vocabulary

MOST_BEHIND = 16
"""How many derived signals and states may stand behind one another."""
_SECOND = 1_000_000
_USUAL_PATIENCE_US = 600 * _SECOND
_LEAST_PATIENCE_US = 10 * _SECOND
_MISSED = 5
"""So many readings may be missing before the last one no longer holds."""


@dataclass(frozen=True, slots=True)
class TypeFormulas:
    """The checked formulas of a type.

    Attributes:
        vocabulary: Every name that its formulas may speak of.
        derived: Those of its derived signals by key, each after what it needs.
        states: Those of its states by key.
        findings: What is wrong with them; what is wrong is in neither of the above.
    """

    vocabulary: Vocabulary
    derived: Mapping[str, Formula]
    states: Mapping[str, Formula]
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
        try:
            formula = check(_text(of, name), known, unit=unit, sort=Sort.TRUTH if unit is None else None)
        except FormulaError as error:
            findings += [problem.finding(places[name]) for problem in error.problems]
            continue
        checked[name] = formula
        if unit is None:
            known[name] = Known(Role.STATE, Sort.TRUTH, formula=formula)
    return TypeFormulas(
        known,
        {name: one for name, one in checked.items() if name in of.derived},
        {name: one for name, one in checked.items() if name not in of.derived},
        (*findings, *_alarms(of, known)),
    )


def patience_us(of: AssetType) -> dict[str, int]:
    """How long a reading of each signal holds when no other follows, in microseconds; of derived ones too.

    Five times as long as readings are expected to be apart, ten minutes where the type does not say it; a derived
    signal as long as the most patient of what it needs.
    """
    found = {
        key: max(round(part.rate.total_seconds() * _MISSED * _SECOND), _LEAST_PATIENCE_US)
        if part.rate is not None
        else _USUAL_PATIENCE_US
        for key, part in of.signals.items()
    }
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


def _alarms(of: AssetType, known: Vocabulary) -> Iterator[Finding]:
    for key, alarm in of.alarms.items():
        for field, text in (("when", alarm.when), ("suppressed_when", alarm.suppressed_when)):
            if text is None:
                continue
            try:
                check(text, known, sort=Sort.TRUTH)
            except FormulaError as error:
                for problem in error.problems:
                    yield problem.finding(f"alarms/{key}/{field}")
