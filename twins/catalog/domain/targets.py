"""What the relationships of a type may lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tenants.kernel.errors import Finding
from twins.catalog.domain.inheritance import ResolvedType, resolve_all
from twins.catalog.schemas import AssetType, Relationship


def target_findings(document: AssetType, types: Mapping[str, AssetType]) -> Iterator[Finding]:
    """Targets that are in no catalogue, or that a parent's relationship does not allow.

    Args:
        document: The type as it is written.
        types: The published types, by ``key@version``.
    """
    named = {key: part for key, part in document.relationships.items() if part.targets}
    if not named:
        return
    known = resolve_all(types)
    keys = {document.key} | {each.document.key for each in known.values()}
    for key, part in named.items():
        place = f"relationships/{key}/targets"
        for target in (target for target in part.targets if target not in keys):
            message = f"There is no type {target!r} in the catalogue."
            yield Finding("type.unknown_target", place, message, f"Publish {target} first, or take it out.")
        for parent in document.extends:
            inherited = known[parent].document.relationships.get(key) if parent in known else None
            if inherited is not None and inherited.targets:
                yield from _wider(place, parent, inherited, part, known)


def _wider(
    place: str, parent: str, inherited: Relationship, own: Relationship, known: Mapping[str, ResolvedType]
) -> Iterator[Finding]:
    allowed = frozenset(inherited.targets)
    for target in own.targets:
        versions = [each for each in known.values() if each.document.key == target]
        if target not in allowed and not any(each.keys & allowed for each in versions):
            message = f"{place} leads to {target}, where {parent} allows {', '.join(inherited.targets)}."
            fix = "Name a type that extends one of those."
            yield Finding("type.wider_than_parent", place, message, fix)
