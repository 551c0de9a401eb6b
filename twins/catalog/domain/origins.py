"""Where each part of a type comes from, and what the type says itself about what it inherits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twins.catalog.domain.inheritance import SECTIONS, ResolvedType, resolve_all
from twins.catalog.parts import Part
from twins.catalog.schemas import AssetType


@dataclass(frozen=True, slots=True)
class Override:
    """A part that a type inherits and says something about itself.

    Attributes:
        of: The ancestor whose part it narrows, as ``key@version``.
        fields: The fields that the type gives itself; empty for a part that is one text.
    """

    of: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the parts of a type come from.

    Attributes:
        parts: By the place of each part (``signals/flow``, ``appearance``) the type that says it last.
        overrides: By the place of each inherited part that the type narrows itself.
    """

    parts: Mapping[str, str]
    overrides: Mapping[str, Override]


def origins(document: AssetType, resolved: AssetType, types: Mapping[str, AssetType]) -> Origins:
    """Where each part of a type comes from.

    Args:
        document: The type as it is written.
        resolved: The same with what it inherits.
        types: The types it may extend, by ``key@version``.
    """
    known = resolve_all(_ancestors(document, types))
    parts: dict[str, str] = {}
    overrides: dict[str, Override] = {}
    for place, section, key in _places(resolved):
        own = getattr(document, section) if key is None else getattr(document, section).get(key)
        inherited = _inherited(document, section, key, known)
        parts[place] = document.ref if own is not None else inherited or document.ref
        if own is not None and inherited is not None:
            fields = sorted(field.rstrip("_") for field in own.model_fields_set) if isinstance(own, Part) else []
            overrides[place] = Override(inherited, tuple(fields))
    return Origins(parts, overrides)


def _places(resolved: AssetType) -> list[tuple[str, str, str | None]]:
    places: list[tuple[str, str, str | None]] = [
        (f"{section}/{key}", section, key) for section in SECTIONS for key in getattr(resolved, section)
    ]
    return [*places, ("appearance", "appearance", None)] if resolved.appearance is not None else places


def _ancestors(document: AssetType, types: Mapping[str, AssetType]) -> dict[str, AssetType]:
    found: dict[str, AssetType] = {}
    left = list(document.extends)
    while left:
        ref = left.pop()
        if ref in types and ref not in found and ref != document.ref:
            found[ref] = types[ref]
            left.extend(types[ref].extends)
    return found


def _inherited(document: AssetType, section: str, key: str | None, known: Mapping[str, ResolvedType]) -> str | None:
    """The nearest ancestor that says something about a part itself, in the order of the lineage."""
    for parent in document.extends:
        for ref in known[parent].lineage if parent in known else ():
            if ref in known and _says(known[ref], section, key, known):
                return ref
    return None


def _says(of: ResolvedType, section: str, key: str | None, known: Mapping[str, ResolvedType]) -> bool:
    """Whether a type has a part that its own parents do not hand down just so."""
    part = _part(of, section, key)
    if part is None:
        return False
    parents = (known[ref] for ref in of.document.extends if ref in known)
    return all(_part(parent, section, key) != part for parent in parents)


def _part(of: ResolvedType, section: str, key: str | None) -> Any:
    found = getattr(of.document, section)
    return found if key is None else found.get(key)
