"""What is wrong between the assets of a twin: links of a kind, components, and what a type demands of its assets."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Literal

from twins.catalog.domain.constraints import violations
from twins.catalog.domain.inheritance import ResolvedType
from twins.catalog.schemas import Component, Relationship
from twins.composer.schemas import Asset, TwinDocument, TwinFinding

Types = Mapping[str, ResolvedType]


def relation_findings(document: TwinDocument, types: Types) -> Iterator[TwinFinding]:
    """Everything that is wrong between assets, and with what their types demand of them.

    Args:
        document: The twin.
        types: The published types with all that they inherit, by ``key@version``.
    """
    yield from _deprecated(document, types)
    yield from _constraints(document, types)
    yield from _targets(document, types)
    yield from _relation_counts(document, types)
    yield from _parts(document, types)
    yield from _circles(document)
    yield from _part_counts(document, types)


def _deprecated(document: TwinDocument, types: Types) -> Iterator[TwinFinding]:
    for key, asset in document.assets.items():
        found = types.get(asset.type)
        if found is None or found.deprecated is None:
            continue
        said = found.deprecated
        message = f"{asset.name} is of the type {asset.type}, which is deprecated: {said.reason}"
        fix = f"Upgrade it to {said.successor}." if said.successor else "Choose another type."
        yield _finding("hint", "deprecated_type", f"assets/{key}/type", message, fix)


def _constraints(document: TwinDocument, types: Types) -> Iterator[TwinFinding]:
    by_type: defaultdict[str, list[tuple[str, Asset]]] = defaultdict(list)
    for key, asset in document.assets.items():
        if asset.type in types:
            by_type[asset.type].append((key, asset))
    for ref, assets in by_type.items():
        for broken in violations(types[ref].document, [asset.properties for _, asset in assets]):
            key, asset = assets[broken.index]
            place = f"assets/{key}/properties/{broken.property}" if broken.property else f"assets/{key}"
            message = f"{asset.name}: {broken.message}"
            yield _finding(broken.severity, "constraint", place, message, broken.fix)


def _targets(document: TwinDocument, types: Types) -> Iterator[TwinFinding]:
    for key, link in document.links.items():
        begin, end = (document.assets.get(asset) for asset, _ in link.ends)
        relationship = _relationship(begin, link.kind, types)
        target = types.get(end.type) if end is not None else None
        if begin is None or end is None or relationship is None or target is None or not relationship.targets:
            continue
        if not target.keys & set(relationship.targets):
            message = f"{begin.name} {link.kind} {end.name}, which is a {end.type}."
            fix = f"Link it with one of {', '.join(relationship.targets)}, or choose another kind."
            yield _finding("error", "unfit_target", f"links/{key}/to", message, fix)


def _relation_counts(document: TwinDocument, types: Types) -> Iterator[TwinFinding]:
    counts = Counter((link.from_[0], link.kind) for link in document.links.values())
    for key, asset in document.assets.items():
        found = types.get(asset.type)
        for kind, relationship in found.document.relationships.items() if found else ():
            count = counts[key, kind]
            if relationship.max is not None and count > relationship.max:
                message = f"{asset.name} has {count} links of the kind {kind}; there may be {relationship.max}."
                yield _finding("error", "too_many_links", f"assets/{key}", message, "Remove some of them.")
            elif count < relationship.min:
                message = f"{asset.name} has {count} links of the kind {kind}; it needs {relationship.min}."
                yield _finding("error", "too_few_links", f"assets/{key}", message, f"Link it as {kind}.")


def _relationship(asset: Asset | None, kind: str, types: Types) -> Relationship | None:
    found = types.get(asset.type) if asset is not None else None
    return found.document.relationships.get(kind) if found is not None else None


def _parts(document: TwinDocument, types: Types) -> Iterator[TwinFinding]:
    for key, asset in document.assets.items():
        if asset.part_of is None:
            continue
        place, (whole_key, component) = f"assets/{key}/part_of", asset.part_of
        whole = document.assets.get(whole_key)
        if whole is None:
            message = f"{asset.name} is a part of the asset {whole_key}, which is not there."
            yield _finding("error", "unknown_asset", place, message, "Let it stand for itself.")
        elif (found := types.get(whole.type)) is not None:
            part = found.document.components.get(component)
            if part is None:
                message = f"{whole.name} has no component {component!r}."
                yield _finding("error", "unknown_component", place, message, _choose(found))
            elif asset.type in types and _key(part) not in types[asset.type].keys:
                message = f"{asset.name} is a {asset.type}; the {component} of {whole.name} is a {part.type}."
                fix = f"Give it the type {part.type} or one that extends it, or let it stand for itself."
                yield _finding("error", "unfit_component", place, message, fix)


def _choose(found: ResolvedType) -> str:
    names = ", ".join(found.document.components)
    return f"Choose one of {names}." if names else "Let it stand for itself."


def _key(part: Component) -> str:
    """Another version of a component's type, or one that extends any, does as well."""
    return part.type.partition("@")[0]


def _circles(document: TwinDocument) -> Iterator[TwinFinding]:
    wholes = {key: asset.part_of[0] for key, asset in document.assets.items() if asset.part_of is not None}
    seen: set[str] = set()
    for key in wholes:
        way: dict[str, None] = {}
        at = key
        while at in wholes and at not in seen and at not in way:
            way[at] = None
            at = wholes[at]
        if at in way:
            yield _circle(document, list(way)[list(way).index(at) :])
        seen.update(way)


def _circle(document: TwinDocument, around: list[str]) -> TwinFinding:
    names = " in ".join(document.assets[key].name for key in (*around, around[0]))
    place = f"assets/{around[0]}/part_of"
    return _finding("error", "part_of_itself", place, f"Parts stand in a circle: {names}.", "Let one stand for itself.")


def _part_counts(document: TwinDocument, types: Types) -> Iterator[TwinFinding]:
    counts = Counter(asset.part_of for asset in document.assets.values() if asset.part_of is not None)
    for key, asset in document.assets.items():
        found = types.get(asset.type)
        for component, part in found.document.components.items() if found else ():
            (least, most), count = part.count, counts[key, component]
            if count > most:
                message = f"{count} assets are the {component} of {asset.name}, which has {most}."
                yield _finding(
                    "error", "too_many_components", f"assets/{key}", message, "Let some stand for themselves."
                )
            elif 0 < count < least:
                message = f"{count} assets are the {component} of {asset.name}, which has at least {least}."
                yield _finding("hint", "too_few_components", f"assets/{key}", message, f"Add a {part.type}.")


def _finding(severity: Literal["error", "hint"], reason: str, place: str, message: str, fix: str) -> TwinFinding:
    return TwinFinding(f"twin.{reason}", place, message, fix, severity)
