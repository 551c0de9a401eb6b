"""What an asset type may do to what it inherits: narrow it, never widen it.

A bound moves inwards, a list of what is allowed gets shorter, a list of what is promised gets longer, and what a value
means (its type, its unit) stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tenants.kernel.errors import Finding
from twins.catalog.parts import Part
from twins.catalog.schemas import (
    Command,
    Component,
    Constraint,
    Derived,
    FailureMode,
    Maintenance,
    Parameter,
    Port,
    Property,
    Relationship,
    Signal,
)

Problem = tuple[str, str]
"""The field below the element, and what is wrong with it."""


def widened(place: str, parent: str, inherited: Any, own: Any) -> tuple[Finding, ...]:
    """Where an element of a type says more than the element of the same key that its parent hands down.

    Args:
        place: The element, such as ``signals/t24``.
        parent: The type that hands it down, as ``key@version``.
        inherited: The parent's element.
        own: What the type makes of it, with everything it does not mention taken from ``inherited``.
    """
    if place.startswith("states/"):  # a type that is more special may know it more closely
        return ()
    rule = _RULES.get(type(inherited), _text)
    return tuple(
        Finding(
            "type.wider_than_parent",
            f"{place}/{field}".rstrip("/"),
            f"{place} {problem} of {parent}.",
            f"Narrow it, or give it another key than the one inherited from {parent}.",
        )
        for field, problem in rule(inherited, own)
    )


def _property(inherited: Property, own: Property) -> Iterator[Problem]:
    yield from _same(inherited, own, ("type", "unit"))
    yield from _bounds("minimum", inherited.minimum, own.minimum, lambda mine, theirs: mine >= theirs)
    yield from _bounds("maximum", inherited.maximum, own.maximum, lambda mine, theirs: mine <= theirs)
    if inherited.choices and not own.choices:
        yield "choices", "allows any text, unlike that"
    elif inherited.choices:
        yield from _subset("choices", own.choices, inherited.choices)
    if inherited.required and not own.required:
        yield "required", "is optional, unlike that"
    yield from _nested(inherited, own)


def _nested(inherited: Property, own: Property) -> Iterator[Problem]:
    """What is inside an object, a map or an array: fields may be added, never taken away."""
    if inherited.format is not None:
        yield from _same(inherited, own, ("format",))
    for key, theirs in inherited.fields.items():
        if key not in own.fields:
            yield f"fields/{key}", f"has no {key}, unlike that"
        else:
            yield from _below(f"fields/{key}", _property(theirs, own.fields[key]))
    if inherited.of is not None and own.of is not None:
        yield from _below("of", _property(inherited.of, own.of))
    elif inherited.of is not None:
        yield "of", "does not say what it holds, unlike that"


def _below(field: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    for inner, problem in problems:
        yield f"{field}/{inner}".rstrip("/"), problem


def _signal(inherited: Signal, own: Signal) -> Iterator[Problem]:
    yield from _same(inherited, own, ("unit",))
    yield from _bounds("range", inherited.range, own.range, _inside)
    yield from _bounds("rate", inherited.rate, own.rate, lambda mine, theirs: mine <= theirs)
    if inherited.quality:
        for field in ("stuck", "spike", "stale"):
            theirs, mine = getattr(inherited.quality, field), getattr(own.quality, field, None)
            yield from _bounds(f"quality/{field}", theirs, mine, lambda mine, theirs: mine <= theirs)


def _derived(inherited: Derived, own: Derived) -> Iterator[Problem]:
    yield from _same(inherited, own, ("unit",))  # its formula may be a better one


def _port(inherited: Port, own: Port) -> Iterator[Problem]:
    yield from _subset("accepts", own.accepts, inherited.accepts)
    yield from _bounds("max", inherited.max, own.max, lambda mine, theirs: mine <= theirs)


def _component(inherited: Component, own: Component) -> Iterator[Problem]:
    yield from _same(inherited, own, ("type",))
    yield from _bounds("count", inherited.count, own.count, _inside)


def _failure_mode(inherited: FailureMode, own: FailureMode) -> Iterator[Problem]:
    yield from _subset("signals", inherited.signals, own.signals)
    yield from _subset("effects", inherited.effects, own.effects)


def _maintenance(inherited: Maintenance, own: Maintenance) -> Iterator[Problem]:
    yield from _subset("restores", inherited.restores, own.restores)
    if inherited.shutdown and not own.shutdown:
        yield "shutdown", "keeps the asset in service, unlike that"


def _relationship(inherited: Relationship, own: Relationship) -> Iterator[Problem]:
    """Whether a target is a narrower one is for the catalogue to say (`catalog.domain.sections`)."""
    if inherited.targets and not own.targets:
        yield "targets", "leads to any type, unlike that"
    yield from _bounds("min", inherited.min, own.min, lambda mine, theirs: mine >= theirs)
    yield from _bounds("max", inherited.max, own.max, lambda mine, theirs: mine <= theirs)
    for key, theirs in inherited.properties.items():
        if key not in own.properties:
            yield f"properties/{key}", f"has no {key}, unlike that"
        else:
            yield from _below(f"properties/{key}", _property(theirs, own.properties[key]))


def _constraint(inherited: Constraint, own: Constraint) -> Iterator[Problem]:
    if inherited.severity == "error" and own.severity == "hint":
        yield "severity", "is only a hint, unlike that"
    if inherited.holds != own.holds:
        yield "holds", "demands something else than that"


_RISKS = ("low", "medium", "high")


def _command(inherited: Command, own: Command) -> Iterator[Problem]:
    """A stricter command is a narrower one: fewer may give it, and less may be said with it."""
    yield from _bounds(
        "risk", inherited.risk, own.risk, lambda mine, theirs: _RISKS.index(mine) >= _RISKS.index(theirs)
    )
    if inherited.roles and not own.roles:
        yield "roles", "may be given by anybody, unlike that"
    elif inherited.roles:
        yield from _subset("roles", own.roles, inherited.roles)
    if inherited.confirm and not own.confirm:
        yield "confirm", "needs nobody to agree, unlike that"
    for key, theirs in inherited.parameters.items():
        if key not in own.parameters:
            yield f"parameters/{key}", f"has no {key}, unlike that"
        else:
            yield from _below(f"parameters/{key}", _parameter(theirs, own.parameters[key]))


def _parameter(inherited: Parameter, own: Parameter) -> Iterator[Problem]:
    yield from _same(inherited, own, ("type", "unit"))
    yield from _bounds("range", inherited.range, own.range, _inside)
    if inherited.choices and not own.choices:
        yield "choices", "allows any text, unlike that"
    elif inherited.choices:
        yield from _subset("choices", own.choices, inherited.choices)


def _text(inherited: str, own: str) -> Iterator[Problem]:
    if inherited != own:
        yield "", "means something else than that"


_RULES: dict[type, Callable[[Any, Any], Iterator[Problem]]] = {
    Property: _property,
    Signal: _signal,
    Derived: _derived,
    Port: _port,
    Relationship: _relationship,
    Constraint: _constraint,
    Command: _command,
    Component: _component,
    FailureMode: _failure_mode,
    Maintenance: _maintenance,
}


def _same(inherited: Part, own: Part, fields: Iterable[str]) -> Iterator[Problem]:
    for field in fields:
        theirs, mine = getattr(inherited, field), getattr(own, field)
        if theirs != mine:
            yield field, f"has the {field} {mine!r} instead of the {theirs!r}"


def _bounds(field: str, theirs: Any, mine: Any, holds: Callable[[Any, Any], bool]) -> Iterator[Problem]:
    if theirs is not None and (mine is None or not holds(mine, theirs)):
        yield field, f"has a wider {field} than that"


def _inside(mine: tuple[Any, Any], theirs: tuple[Any, Any]) -> bool:
    return bool(theirs[0] <= mine[0] and mine[1] <= theirs[1])


def _subset(field: str, smaller: Iterable[str], larger: Iterable[str]) -> Iterator[Problem]:
    if excess := sorted(set(smaller) - set(larger)):
        yield field, f"disagrees about {', '.join(excess)} with the {field}"
