"""What an asset type may do to what it inherits: narrow it, never widen it.

A bound moves inwards, a list of what is allowed gets shorter, a list of what is promised gets longer, and what a value
means (its type, its unit) stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tenants.kernel.errors import Finding
from twins.catalog.schemas import Component, Derived, FailureMode, Maintenance, Part, Port, Property, Signal

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


def _text(inherited: str, own: str) -> Iterator[Problem]:
    if inherited != own:
        yield "", "means something else than that"


_RULES: dict[type, Callable[[Any, Any], Iterator[Problem]]] = {
    Property: _property,
    Signal: _signal,
    Derived: _derived,
    Port: _port,
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
