"""What is wrong with a twin, against the types of its assets.

No finding keeps a twin from being saved. One of severity ``error`` keeps it from being published, a ``hint`` does not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping
from typing import Any, Literal

from twins.catalog.domain.inheritance import ResolvedType
from twins.catalog.domain.naming import title_of
from twins.catalog.domain.values import misfit
from twins.catalog.schemas import AssetType, Port, Property, Signal
from twins.composer.domain.binding import misfits
from twins.composer.domain.relations import relation_findings
from twins.composer.schemas import Asset, Binding, TwinDocument, TwinFinding

Types = Mapping[str, ResolvedType]
_MOST_NAMED = 4
"""Signals that a hint names."""


def validate(document: TwinDocument, types: Types) -> tuple[TwinFinding, ...]:
    """Everything that is wrong with a twin, in the order of the document: assets, links, bindings.

    Args:
        document: The twin.
        types: The published types with all that they inherit, by ``key@version``.
    """
    return (
        *_assets(document, types),
        *_links(document, types),
        *relation_findings(document, types),
        *_bindings(document, types),
    )


def is_publishable(findings: tuple[TwinFinding, ...]) -> bool:
    """Whether none of the findings is an error."""
    return all(finding.severity != "error" for finding in findings)


def _assets(document: TwinDocument, types: Types) -> Iterator[TwinFinding]:
    names = Counter(asset.name for asset in document.assets.values())
    for key, asset in document.assets.items():
        place = f"assets/{key}"
        if names[asset.name] > 1:
            message = f"{names[asset.name]} assets are called {asset.name!r}."
            yield _error("duplicate_name", f"{place}/name", message, "Give each its own name.")
        if asset.group is not None and asset.group not in document.groups:
            message = f"{asset.name} is in the group {asset.group!r}, which the twin does not have."
            yield _error("unknown_group", f"{place}/group", message, "Choose one of the twin's groups, or none.")
        if (found := types.get(asset.type)) is None:
            message = f"{asset.name} is of the type {asset.type}, which is not in the catalogue."
            yield _error("unknown_type", f"{place}/type", message, f"Publish {asset.type}, or choose another type.")
        else:
            yield from _asset(place, asset, found.document)
            yield from _unbound(place, key, document, found.document)


def _asset(place: str, asset: Asset, found: AssetType) -> Iterator[TwinFinding]:
    if found.abstract:
        message = f"{asset.name} is of the type {found.ref}, which is abstract."
        yield _error("abstract_type", f"{place}/type", message, "Choose a type that extends it.")
    for key, declared in found.properties.items():
        if declared.required and declared.default is None and key not in asset.properties:
            message = f"{asset.name} has no {_called(declared, key)}."
            yield _error("missing_property", f"{place}/properties/{key}", message, "Give it a value.")
    for key, value in asset.properties.items():
        below = f"{place}/properties/{key}"
        if key not in found.properties:
            message = f"The type {found.ref} has no property {key!r}."
            yield _error("unknown_property", below, message, f"Remove {key}, or add it to a new version of the type.")
        elif wanted := misfit(found.properties[key], value):
            message = f"The {_called(found.properties[key], key)} of {asset.name} is {value!r}."
            yield _error("property_misfit", below, message, f"It must be {wanted}.")


def _unbound(place: str, key: str, document: TwinDocument, found: AssetType) -> Iterator[TwinFinding]:
    unbound = [_called(each, name) for name, each in found.signals.items() if f"{key}/{name}" not in document.bindings]
    if unbound:
        more = len(unbound) - _MOST_NAMED
        told = ", ".join(unbound[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        message = f"{document.assets[key].name} does not read {told}."
        yield _hint("unbound_signals", place, message, "Bind them to the keys of a gateway to have their values.")


def _called(declared: Property | Signal, key: str) -> str:
    """What people call a part of a type: its name, else its key in words."""
    return title_of(declared.name) or key.replace("_", " ")


def _links(document: TwinDocument, types: Types) -> Iterator[TwinFinding]:
    used = Counter(end for link in document.links.values() for end in link.ends)
    seen: dict[Any, str] = {}
    for key, link in document.links.items():
        place = f"links/{key}"
        ports: list[Port] = []
        for side, end in zip(("from", "to"), link.ends, strict=True):
            port = yield from _port(f"{place}/{side}", end, used[end], document, types)
            ports += [port] if port else []
        if link.from_ == link.to:
            yield _error("self_link", place, "A port is linked with itself.", "Link it with another port.")
        elif len(ports) == 2 and not set(ports[0].accepts) & set(ports[1].accepts):
            message = f"One end accepts {', '.join(ports[0].accepts)}, the other {', '.join(ports[1].accepts)}."
            yield _error("link_does_not_fit", place, message, "Link ports that accept something in common.")
        if (same := seen.setdefault((link.kind, *link.ends), place)) != place:
            yield _error("duplicate_link", place, f"It says the same as {same}.", "Remove one of the two.")


def _port(
    place: str, end: tuple[str, str], used: int, document: TwinDocument, types: Types
) -> Generator[TwinFinding, None, Port | None]:
    """Yields what is wrong with one end of a link; returns its port, None when there is none to be judged."""
    asset, key = end
    if asset not in document.assets:
        yield _error("unknown_asset", place, f"There is no asset {asset}.", "Remove the link, or link another asset.")
        return None
    found = types.get(document.assets[asset].type)
    if found is None:  # said at the asset already
        return None
    name, port = document.assets[asset].name, found.document.ports.get(key)
    if port is None:
        fix = f"Choose one of {', '.join(found.document.ports)}." if found.document.ports else "Remove the link."
        yield _error("unknown_port", place, f"{name} has no port {key!r}.", fix)
    elif port.max is not None and used > port.max:
        message = f"{used} links end at {key} of {name}, which takes {port.max}."
        yield _error("port_full", place, message, "Remove links until no more are left than it takes.")
    return port


def _bindings(document: TwinDocument, types: Types) -> Iterator[TwinFinding]:
    readers: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for place, binding in document.bindings.items():
        readers[binding.gateway, binding.key].append(place)
        yield from _binding(place, binding, document, types)
    for (_gateway, key), places in readers.items():
        for place in places if len(places) > 1 else ():
            others = ", ".join(other for other in places if other != place)
            message = f"The key {key!r} of this gateway is bound to {others} too."
            yield _error("key_bound_twice", f"bindings/{place}", message, "Bind each key of a gateway to one signal.")


def _binding(key: str, binding: Binding, document: TwinDocument, types: Types) -> Iterator[TwinFinding]:
    place = f"bindings/{key}"
    asset, _, signal = key.partition("/")
    found = types.get(document.assets[asset].type) if asset in document.assets else None
    declared = found.document.signals.get(signal) if found else None
    yield from misfits(place, binding, declared.unit if declared else None)
    if asset not in document.assets:
        yield _error("unknown_asset", place, f"There is no asset {asset}.", "Remove the binding.")
    elif found is not None and declared is None:  # an unknown type is said at the asset already
        message = f"{document.assets[asset].name} has no signal {signal!r}."
        yield _error("unknown_signal", place, message, "Bind a signal of its type, or remove the binding.")


def _error(reason: str, place: str, message: str, fix: str) -> TwinFinding:
    return _finding("error", reason, place, message, fix)


def _hint(reason: str, place: str, message: str, fix: str) -> TwinFinding:
    return _finding("hint", reason, place, message, fix)


def _finding(severity: Literal["error", "hint"], reason: str, place: str, message: str, fix: str) -> TwinFinding:
    return TwinFinding(f"twin.{reason}", place, message, fix, severity)
