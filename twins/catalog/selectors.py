"""The catalogue of the tenant in scope: the built-in types and its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from tenants.kernel.errors import NotFoundError
from twins.catalog.domain.inheritance import Deprecation, ResolvedType, resolve_all
from twins.catalog.domain.lenient import Reading, read_leniently
from twins.catalog.domain.origins import Origins, origins
from twins.catalog.library import built_in_types
from twins.catalog.models import AssetTypeDraft, AssetTypeState, AssetTypeVersion, Template
from twins.catalog.schemas import AssetType
from twins.catalog.use import May, Use, Uses, anything, users


class TypeNotFoundError(NotFoundError):
    """The catalogue has no such type."""

    code = "type.not_found"

    def __init__(self, ref: str, place: str = "") -> None:
        super().__init__(f"the catalogue has no {ref}", place=place, fix="Take key and version from the list of types.")


class DraftNotFoundError(NotFoundError):
    """The tenant has no such draft."""

    code = "type.draft_not_found"

    def __init__(self) -> None:
        super().__init__("there is no such draft", place="draft", fix="Choose one from the list of drafts.")


@dataclass(frozen=True, slots=True)
class DraftState:
    """A draft and what can be made of it.

    Attributes:
        document: As it was saved, with the version that it would be published as.
        reading: Its sound parts, and what is wrong with it.
        published: The newest published version of its key, None before the first.
    """

    row: AssetTypeDraft
    document: dict[str, Any]
    reading: Reading
    published: int | None


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A published type.

    Attributes:
        own: Its document as it is written.
        resolved: The same with all that it inherits.
        published_by: Who published it, None if it is built in.
        note: What they said about it.
        lineage: The type itself, then its ancestors, as ``key@version``.
        deprecated: Set once it is not to be used any more.
        outdated_by: What to use in its place, as ``key@version``: its successor, or the newest version of its key.
    """

    own: AssetType
    resolved: AssetType
    published_by: str | None
    published_at: datetime | None
    note: str = ""
    lineage: tuple[str, ...] = ()
    deprecated: Deprecation | None = None
    outdated_by: str | None = None


def published_types() -> Mapping[str, AssetType]:
    """Every published type by ``key@version``."""
    return {**built_in_types(), **{str(row): AssetType.model_validate(row.document) for row in _versions()}}


def removed_types() -> Mapping[str, AssetType]:
    """The types that were published and taken away again, by ``key@version``."""
    rows = AssetTypeVersion.objects.exclude(id__in=_versions().values("id")).values_list("document", flat=True)
    return {found.ref: found for found in map(AssetType.model_validate, rows)}


def resolved_types() -> Mapping[str, ResolvedType]:
    """Every published type with all that it inherits, by ``key@version``, whether deprecated or not."""
    return resolve_all(published_types(), _resolved_library())


def marked_types() -> Mapping[str, ResolvedType]:
    """The same, with those that are deprecated marked: only whoever composes has to know."""
    resolved = dict(resolved_types())
    for ref, deprecated in _deprecations().items():
        if ref in resolved:
            resolved[ref] = replace(resolved[ref], deprecated=deprecated)
    return resolved


@cache
def _resolved_library() -> Mapping[str, ResolvedType]:
    return resolve_all(built_in_types())


def catalogue() -> list[CatalogueEntry]:
    """Every published type, by key and version."""
    rows = {str(row): row for row in _versions()}
    types = {**built_in_types(), **{ref: AssetType.model_validate(row.document) for ref, row in rows.items()}}
    deprecations = _deprecations()
    newest = _newest(types, deprecations)
    entries = []
    for ref, resolved in resolve_all(types, _resolved_library()).items():
        row, deprecated = rows.get(ref), deprecations.get(ref)
        by, at, note = (row.published_by, row.published_at, row.note) if row else (None, None, "")
        latest = newest.get(types[ref].key, ref)
        outdated = deprecated.successor if deprecated and deprecated.successor else latest
        successor = None if outdated == ref else outdated
        entries.append(
            CatalogueEntry(types[ref], resolved.document, by, at, note, resolved.lineage, deprecated, successor)
        )
    return sorted(entries, key=lambda entry: (entry.own.key, entry.own.version))


def catalogue_entry(ref: str) -> CatalogueEntry | None:
    """One published type by ``key@version``."""
    return next((entry for entry in catalogue() if entry.own.ref == ref), None)


def published_type(ref: str) -> CatalogueEntry:
    """One published type by ``key@version``.

    Raises:
        TypeNotFoundError: There is none.
    """
    found = catalogue_entry(ref)
    if found is None:
        raise TypeNotFoundError(ref)
    return found


def origins_of(entry: CatalogueEntry) -> Origins:
    """Where the parts of a published type come from."""
    return origins(entry.own, entry.resolved, published_types())


def uses_of(ref: str, *, may: May = anything) -> Uses:
    """What uses a published type: types and drafts of types that name it, and what other domains tell of theirs.

    Args:
        ref: The type as ``key@version``.
        may: What the asker may do: of what they may not read they are told how many there are.
    """
    seen, hidden = [*_types_naming(ref), *_drafts_naming(ref)], 0
    for user, needs in users():
        told = user.uses(ref)
        seen += told.seen if may(needs) else ()
        hidden += told.hidden + (0 if may(needs) else len(told.seen))
    return Uses(tuple(seen), hidden)


def is_only_version(ref: str) -> bool:
    """Whether a published type is the only version of its key, so that whatever names the key needs it."""
    key, types = ref.partition("@")[0], published_types()
    return ref in types and not any(each.key == key for other, each in types.items() if other != ref)


def templates(kind: str) -> list[Template]:
    """What the organisation makes things of a kind from (`Template.Kind`), besides what is built in, by name."""
    return list(Template.objects.filter(kind=kind))


def template(kind: str, key: str) -> Template | None:
    """One of them."""
    return Template.objects.filter(kind=kind, key=key).first()


def drafts() -> QuerySet[AssetTypeDraft]:
    """The drafts that hold something that is not published, by key."""
    return AssetTypeDraft.objects.filter(revision__gt=F("published_revision"))


def draft(draft_id: UUID) -> AssetTypeDraft:
    """One draft.

    Raises:
        DraftNotFoundError: The tenant has no such draft.
    """
    found = AssetTypeDraft.objects.filter(id=draft_id).first()
    if found is None:
        raise DraftNotFoundError
    return found


def draft_state(row: AssetTypeDraft) -> DraftState:
    """A draft with everything that is found in it."""
    newest = newest_version(row.key)
    document = {"key": row.key, **row.document, "version": newest + 1}
    reading = read_leniently(document, key=row.key, version=newest + 1, types=published_types())
    return DraftState(row, document, reading, newest or None)


def newest_version(key: str) -> int:
    """The newest version of a type that was ever published, also when it was taken away; 0 for none."""
    built_in = (each.version for each in built_in_types().values() if each.key == key)
    rows = AssetTypeVersion.objects.filter(key=key).order_by("-version").values_list("version", flat=True)[:1]
    return max((*built_in, *rows), default=0)


def _versions() -> QuerySet[AssetTypeVersion]:
    """The published versions that were not taken away."""
    removed = AssetTypeState.objects.filter(
        tenant=OuterRef("tenant"), key=OuterRef("key"), version=OuterRef("version"), removed_at__isnull=False
    )
    return AssetTypeVersion.objects.filter(~Exists(removed))


def _deprecations() -> dict[str, Deprecation]:
    return {
        str(row): Deprecation(row.deprecated_at, row.reason, row.successor or None)
        for row in AssetTypeState.objects.filter(deprecated_at__isnull=False)
        if row.deprecated_at is not None
    }


def _newest(types: Mapping[str, AssetType], deprecations: Mapping[str, Deprecation]) -> dict[str, str]:
    """The newest version of each key that may be used."""
    usable = sorted((each for ref, each in types.items() if ref not in deprecations), key=lambda each: each.version)
    return {each.key: each.ref for each in usable}


def _types_naming(ref: str) -> list[Use]:
    return [
        Use("type", each.name.get("en", each.key), each.ref)
        for each in published_types().values()
        if ref in each.extends or any(part.type == ref for part in each.components.values())
    ]


def _drafts_naming(ref: str) -> list[Use]:
    found = []
    for row in drafts():
        extends, components = row.document.get("extends"), row.document.get("components")
        parts = components.values() if isinstance(components, dict) else ()
        named = [part.get("type") for part in parts if isinstance(part, dict)]
        if ref in [*(extends if isinstance(extends, list) else ()), *named]:
            found.append(Use("type draft", row.key, str(row.id)))
    return found
