"""What becomes of the assets of a type when they are moved to another version of it, item by item."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from twins.catalog.domain.constraints import violations
from twins.catalog.domain.values import misfit
from twins.catalog.parts import Part
from twins.catalog.schemas import AssetType, Component, Derived, Port, Property, Relationship, Signal

Effect = Literal["safe", "needs a value", "breaks"]


class Placed(Protocol):
    """An asset as far as an upgrade concerns it."""

    @property
    def properties(self) -> Mapping[str, Any]:
        """Its values by key."""

    @property
    def signals(self) -> frozenset[str]:
        """The keys of its signals that are bound."""

    @property
    def ports(self) -> Mapping[str, int]:
        """How many links end at each of its ports."""

    @property
    def relations(self) -> Mapping[str, int]:
        """How many links of each kind begin at it."""

    @property
    def parts(self) -> Mapping[str, int]:
        """How many assets are each of its components."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is different.

    Attributes:
        place: In the document, such as ``properties/rated_flow``.
        change: Whether it is new, gone, or another.
        effect: What that does to assets: nothing that anybody must see to, a value is wanted, or something they have
            fits no longer.
        message: What happens, in a sentence.
        assets: Which of the assets it happens to, by their index; all the others are safe.
    """

    place: str
    change: Literal["added", "removed", "changed"]
    effect: Effect
    message: str
    assets: tuple[int, ...] = ()


Happens = tuple[Effect, str, tuple[int, ...]]


def upgrade(old: AssetType, new: AssetType, assets: Sequence[Placed]) -> tuple[Step, ...]:
    """What is different for assets of a type when they become assets of another, in the order of the document.

    Args:
        old: The type that they have, with what it inherits.
        new: The type that they would have, with what it inherits.
        assets: Those of the old type.
    """
    steps = [*_whole(old, new, assets)]
    for section, happens in _SECTIONS.items():
        before, after = getattr(old, section), getattr(new, section)
        for key in dict.fromkeys((*before, *after)):
            if before.get(key) != after.get(key):
                found = happens(key, before.get(key), after.get(key), assets)
                steps.append(_step(f"{section}/{key}", before.get(key), after.get(key), found))
    return (*steps, *_constraints(old, new, assets))


def _step(place: str, before: Any, after: Any, happens: Happens) -> Step:
    change: Literal["added", "removed", "changed"]
    change = "added" if before is None else "removed" if after is None else "changed"
    effect, message, assets = happens
    return Step(place, change, effect, message, assets)


def _whole(old: AssetType, new: AssetType, assets: Sequence[Placed]) -> Iterator[Step]:
    if new.abstract and not old.abstract:
        message = f"{new.ref} is abstract: no asset can be one."
        yield Step("abstract", "changed", "breaks", message, tuple(range(len(assets))))


def _those(assets: Sequence[Placed], concerns: Callable[[Placed], bool]) -> tuple[int, ...]:
    return tuple(index for index, each in enumerate(assets) if concerns(each))


def _property(key: str, before: Property | None, after: Property | None, assets: Sequence[Placed]) -> Happens:
    if after is None:
        having = _those(assets, lambda each: key in each.properties)
        return _either("breaks", f"The property {key} is gone, and its value with it.", having)
    unfit = _those(assets, lambda each: key in each.properties and misfit(after, each.properties[key]) is not None)
    if unfit:
        return "needs a value", f"The value of {key} fits no longer.", unfit
    if after.required and after.default is None:
        lacking = _those(assets, lambda each: key not in each.properties)
        return _either("needs a value", f"A value of {key} is required.", lacking)
    if before is not None and before.unit != after.unit:
        having = _those(assets, lambda each: key in each.properties)
        return _either("needs a value", f"The unit of {key} is {after.unit}, no longer {before.unit}.", having)
    return "safe", f"{key} is {'new and need not be given' if before is None else 'described otherwise'}.", ()


def _signal(key: str, before: Signal | None, after: Signal | None, assets: Sequence[Placed]) -> Happens:
    bound = _those(assets, lambda each: key in each.signals)
    if after is None:
        return _either("breaks", f"The signal {key} is gone; what is bound to it is read no longer.", bound)
    if before is None:
        return "safe", f"The signal {key} is new and can be bound.", ()
    if before.unit != after.unit:
        return _either("breaks", f"{key} is kept in {after.unit}, no longer in {before.unit}.", bound)
    if before.range != after.range:
        return "safe", f"The credible range of {key} is another; readings outside it are marked from then on.", ()
    return "safe", f"{key} is described otherwise.", ()


def _derived(key: str, before: Derived | None, after: Derived | None, assets: Sequence[Placed]) -> Happens:
    every = tuple(range(len(assets)))
    if after is None:
        return "breaks", f"The derived signal {key} is worked out no longer.", every
    if before is None:
        return "safe", f"The derived signal {key} is worked out from then on.", ()
    if before.unit != after.unit:
        return "breaks", f"{key} is kept in {after.unit}, no longer in {before.unit}.", every
    return "safe", f"{key} is worked out otherwise for readings that come from then on.", ()


def _port(key: str, before: Port | None, after: Port | None, assets: Sequence[Placed]) -> Happens:
    linked = _those(assets, lambda each: each.ports.get(key, 0) > 0)
    if after is None:
        return _either("breaks", f"The port {key} is gone, and the links that end there with it.", linked)
    if before is None:
        return "safe", f"The port {key} is new.", ()
    most = after.max
    full = _those(assets, lambda each: most is not None and each.ports.get(key, 0) > most)
    if full:
        return "breaks", f"{key} takes {most} links at most.", full
    if lost := sorted(set(before.accepts) - set(after.accepts)):
        return _either("breaks", f"{key} takes no {', '.join(lost)} any more.", linked)
    return "safe", f"{key} is described otherwise.", ()


def _relationship(
    key: str, before: Relationship | None, after: Relationship | None, assets: Sequence[Placed]
) -> Happens:
    if after is None:
        return "safe", f"Links of the kind {key} are no longer held to anything.", ()
    most, least = after.max, after.min
    many = _those(assets, lambda each: most is not None and each.relations.get(key, 0) > most)
    if many:
        return "breaks", f"There may be {most} links of the kind {key} at most.", many
    few = _those(assets, lambda each: each.relations.get(key, 0) < least)
    if few:
        return "needs a value", f"At least {least} links of the kind {key} are wanted.", few
    if after.targets and (before is None or set(before.targets) - set(after.targets) or not before.targets):
        linked = _those(assets, lambda each: each.relations.get(key, 0) > 0)
        return _either("breaks", f"{key} leads to {', '.join(after.targets)} only.", linked)
    return "safe", f"Links of the kind {key} are described otherwise.", ()


def _component(key: str, before: Component | None, after: Component | None, assets: Sequence[Placed]) -> Happens:
    having = _those(assets, lambda each: each.parts.get(key, 0) > 0)
    if after is None:
        return _either("breaks", f"The component {key} is gone; what is one stands for itself.", having)
    smallest, largest = after.count
    if many := _those(assets, lambda each: each.parts.get(key, 0) > largest):
        return "breaks", f"There may be {largest} of {key} at most.", many
    if before is not None and before.type.partition("@")[0] != after.type.partition("@")[0]:
        return _either("breaks", f"{key} is a {after.type}, no longer a {before.type}.", having)
    if few := _those(assets, lambda each: each.parts.get(key, 0) < smallest):
        return "needs a value", f"At least {smallest} of {key} are wanted.", few
    return "safe", f"{key} is described otherwise.", ()


def _other(what: str, gone: str) -> Callable[[str, Any, Any, Sequence[Placed]], Happens]:
    """Of a section that assets hold nothing of themselves.

    Args:
        what: What one of them is.
        gone: What its loss does, as the rest of a sentence; empty where it does nothing to what was built on it.
    """

    def happens(key: str, before: Part | str | None, after: Part | str | None, assets: Sequence[Placed]) -> Happens:
        if after is None and gone:
            return "breaks", f"The {what} {key} is gone: {gone}.", tuple(range(len(assets)))
        done = "new" if before is None else "gone" if after is None else "another"
        return "safe", f"The {what} {key} is {done}.", ()

    return happens


def _either(effect: Effect, message: str, assets: tuple[int, ...]) -> Happens:
    """The effect where it happens to any asset; it is safe where it happens to none."""
    return (effect if assets else "safe"), message, assets


def _constraints(old: AssetType, new: AssetType, assets: Sequence[Placed]) -> Iterator[Step]:
    broken: dict[str, list[int]] = {}
    for each in violations(new, [asset.properties for asset in assets]):
        broken.setdefault(each.key, []).append(each.index)
    for key in dict.fromkeys((*old.constraints, *new.constraints)):
        before, after = old.constraints.get(key), new.constraints.get(key)
        if before == after:
            continue
        if after is None:
            happens: Happens = "safe", f"The constraint {key} is no longer held.", ()
        elif key in broken and after.severity == "error":
            happens = "needs a value", after.message or f"It must hold that {after.holds}.", tuple(broken[key])
        elif key in broken:
            happens = "safe", f"It should hold that {after.holds}; that it does not is only a hint.", tuple(broken[key])
        else:
            happens = "safe", f"It must hold that {after.holds}, and does of all.", ()
        yield _step(f"constraints/{key}", before, after, happens)


_SECTIONS: dict[str, Callable[[str, Any, Any, Sequence[Placed]], Happens]] = {
    "properties": _property,
    "signals": _signal,
    "derived": _derived,
    "states": _other("state", "what counts it, such as availability, knows it no longer"),
    "ports": _port,
    "relationships": _relationship,
    "components": _component,
    "failure_modes": _other("failure mode", "predictions and plans of it have nothing to speak of"),
    "maintenance": _other("maintenance task", "plans of it have nothing to speak of"),
    "indicators": _other("indicator", "contracts that measure by it have no figure"),
    "alarms": _other("alarm", ""),
    "commands": _other("command", ""),
}
"""What happens to assets by each section, in the order of the document."""
