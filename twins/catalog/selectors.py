"""The catalogue of the tenant in scope: the built-in types and its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from twins.catalog.domain.inheritance import ResolvedType, resolve_all
from twins.catalog.library import built_in_types
from twins.catalog.models import AssetTypeVersion
from twins.catalog.schemas import AssetType


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A published type: its document as written and with all that it inherits; who published it, None if built in."""

    own: AssetType
    resolved: AssetType
    published_by: str | None
    published_at: datetime | None


def published_types() -> Mapping[str, AssetType]:
    """Every published type by ``key@version``."""
    rows = AssetTypeVersion.objects.values_list("document", flat=True)
    return {**built_in_types(), **{found.ref: found for found in map(AssetType.model_validate, rows)}}


def resolved_types() -> Mapping[str, ResolvedType]:
    """Every published type with all that it inherits, by ``key@version``."""
    return resolve_all(published_types())


def catalogue() -> list[CatalogueEntry]:
    """Every published type, by key and version."""
    rows = list(AssetTypeVersion.objects.all())
    by_ref = {str(row): row for row in rows}
    types = {**built_in_types(), **{ref: AssetType.model_validate(row.document) for ref, row in by_ref.items()}}
    entries = []
    for ref, resolved in resolve_all(types).items():
        row = by_ref.get(ref)
        by, at = (row.published_by, row.published_at) if row else (None, None)
        entries.append(CatalogueEntry(types[ref], resolved.document, by, at))
    return sorted(entries, key=lambda entry: (entry.own.key, entry.own.version))


def catalogue_entry(ref: str) -> CatalogueEntry | None:
    """One published type by ``key@version``."""
    return next((entry for entry in catalogue() if entry.own.ref == ref), None)
