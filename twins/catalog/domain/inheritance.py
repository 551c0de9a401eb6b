"""From a type and its parents to everything an asset of that type has.

Parents are merged in the order they are named. What two of them hand down under one key must be the same thing, or the
type must say itself what it is, within the bounds of both; else it is a conflict that names both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tenants.kernel.errors import Finding
from twins.catalog.domain.narrowing import widened
from twins.catalog.parts import Part
from twins.catalog.schemas import AssetType

SECTIONS = (
    "properties", "signals", "derived", "states", "ports", "relationships", "components", "failure_modes",
    "maintenance", "indicators", "alarms", "constraints", "commands",
)  # fmt: skip
"""The parts of a type that are handed down, key by key."""

MAXIMUM_DEPTH = 32
"""How many types may stand in one line of ancestors, the type itself included."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """That a published version is not to be used any more.

    Attributes:
        reason: Why, as somebody wrote it.
        successor: What to use in its place as ``key@version``, None for nothing.
    """

    at: datetime
    reason: str
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class ResolvedType:
    """A type with all that it inherits.

    Attributes:
        lineage: The type itself, then all its ancestors, each once, as ``key@version``.
        document: The type with what it inherits written into its sections; its appearance is its own or that of the
            first parent with one.
        deprecated: Set once it is not to be used any more.
    """

    lineage: tuple[str, ...]
    document: AssetType
    deprecated: Deprecation | None = None

    @property
    def ref(self) -> str:
        """The type as ``key@version``."""
        return self.document.ref

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the type and its ancestors, whatever their versions."""
        return frozenset(ref.partition("@")[0] for ref in self.lineage)


def resolve(document: AssetType, types: Mapping[str, AssetType]) -> tuple[ResolvedType, tuple[Finding, ...]]:
    """A type with all that it inherits, as far as its parents can be found, and what is wrong with its inheritance.

    Args:
        document: The type, which need not be among ``types``.
        types: The types it may extend, by ``key@version``.
    """
    return _Resolver(types).resolve(document, ())


def resolve_all(
    types: Mapping[str, AssetType], known: Mapping[str, ResolvedType] = MappingProxyType({})
) -> dict[str, ResolvedType]:
    """Every type of a catalogue with all that it inherits, by ``key@version``; their findings are left out.

    Args:
        types: By ``key@version``.
        known: Those of them that were resolved before, and are sound.
    """
    resolver = _Resolver(types, known)
    return {ref: known[ref] if ref in known else resolver.resolve(each, ())[0] for ref, each in types.items()}


class _Resolver:
    """Resolves each ancestor once, however many ways lead to it."""

    def __init__(
        self, types: Mapping[str, AssetType], known: Mapping[str, ResolvedType] = MappingProxyType({})
    ) -> None:
        self._types = types
        self._done: dict[str, tuple[ResolvedType, tuple[Finding, ...]]] = {ref: (of, ()) for ref, of in known.items()}

    def resolve(self, document: AssetType, trail: tuple[str, ...]) -> tuple[ResolvedType, tuple[Finding, ...]]:
        """Resolve a type that the types of ``trail``, first to last, extend."""
        trail = (*trail, document.ref)
        parents: list[ResolvedType] = []
        findings: list[Finding] = []
        for place, ref in ((f"extends/{index}", ref) for index, ref in enumerate(document.extends)):
            parent = self._types.get(ref)
            if ref in trail:
                findings.append(_cycle(place, (*trail[trail.index(ref) :], ref)))
            elif len(trail) == MAXIMUM_DEPTH:
                findings.append(_too_deep(place, ref))
            elif parent is None:
                findings.append(_unknown_parent(place, document.ref, ref))
            else:
                resolved, broken = self._ancestor(parent, trail)
                parents.append(resolved)
                findings += [_broken_parent(place, ref, finding) for finding in broken]
        merged, conflicts = _merge(document, parents)
        lineage = dict.fromkeys((document.ref, *(ref for parent in parents for ref in parent.lineage)))
        return ResolvedType(tuple(lineage), merged), (*findings, *conflicts)

    def _ancestor(self, parent: AssetType, trail: tuple[str, ...]) -> tuple[ResolvedType, tuple[Finding, ...]]:
        if parent.ref not in self._done:
            self._done[parent.ref] = self.resolve(parent, trail)
        return self._done[parent.ref]


def _merge(document: AssetType, parents: list[ResolvedType]) -> tuple[AssetType, tuple[Finding, ...]]:
    findings: list[Finding] = []
    sections: dict[str, Any] = {}
    for section in SECTIONS:
        own: dict[str, Any] = getattr(document, section)
        merged: dict[str, Any] = {}
        for key in dict.fromkeys((*(key for parent in parents for key in _section(parent, section)), *own)):
            handed_down = {
                parent.ref: _section(parent, section)[key] for parent in parents if key in _section(parent, section)
            }
            merged[key], problems = _element(f"{section}/{key}", handed_down, own.get(key))
            findings += problems
        sections[section] = merged
    appearances = (parent.document.appearance for parent in parents if parent.document.appearance)
    sections["appearance"] = document.appearance or next(appearances, None)
    return document.model_copy(update=sections), tuple(findings)


def _section(parent: ResolvedType, section: str) -> dict[str, Any]:
    elements: dict[str, Any] = getattr(parent.document, section)
    return elements


def _element(place: str, handed_down: dict[str, Any], own: Any) -> tuple[Any, list[Finding]]:
    """One element of the merged type, and where its parents disagree or it widens what they hand down."""
    candidates = {parent: _overlaid(inherited, own) for parent, inherited in handed_down.items()}
    if not candidates:
        return own, []
    first, *others = candidates
    findings = [_conflict(place, first, other) for other in others if candidates[other] != candidates[first]]
    findings += _widenings(place, handed_down, candidates) if own is not None else []
    return candidates[first], findings


def _widenings(place: str, handed_down: dict[str, Any], candidates: dict[str, Any]) -> Iterator[Finding]:
    for parent, inherited in handed_down.items():
        yield from widened(place, parent, inherited, candidates[parent])


def _overlaid(inherited: Any, own: Any) -> Any:
    """What the type says itself, over what it inherits where it says nothing."""
    if own is None:
        return inherited
    if isinstance(own, Part):
        return inherited.model_copy(update={field: getattr(own, field) for field in own.model_fields_set})
    return own


def _conflict(place: str, first: str, other: str) -> Finding:
    message = f"{first} and {other} hand down different {place}."
    fix = f"Say in this type what {place} is, within the bounds of both, or extend only one of them."
    return Finding("type.conflict", place, message, fix)


def _cycle(place: str, trail: tuple[str, ...]) -> Finding:
    message = f"{' extends '.join(trail)}: no type can be its own ancestor."
    return Finding("type.cycle", place, message, "Take one of them out of the circle.")


def _too_deep(place: str, ref: str) -> Finding:
    message = f"{ref} would be one ancestor too many: a line of ancestors has at most {MAXIMUM_DEPTH} types."
    return Finding("type.too_deep", place, message, "Extend a type that is nearer to the root.")


def _unknown_parent(place: str, ref: str, parent: str) -> Finding:
    message = f"{ref} extends {parent}, which is not in the catalogue."
    return Finding("type.unknown_parent", place, message, f"Publish {parent} first, or extend another type.")


def _broken_parent(place: str, parent: str, finding: Finding) -> Finding:
    if finding.code in {"type.cycle", "type.too_deep", "type.unknown_parent"}:
        return Finding(finding.code, place, finding.message, finding.fix)
    message = f"{parent} cannot be extended: {finding.message}"
    return Finding("type.broken_parent", place, message, f"Mend {parent} in a new version and extend that.")
