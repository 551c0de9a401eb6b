"""Versions of twins to read: what they are called, what differs between them, and what was taken out and can return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.db.models import CharField, Func, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Coalesce
from django.utils.module_loading import import_string

from tenants.kernel.errors import NotFoundError
from twins.catalog.domain.inheritance import ResolvedType
from twins.catalog.selectors import resolved_types
from twins.composer.domain.diff import Names
from twins.composer.domain.operations import read_operations
from twins.composer.domain.removals import RemovedPart, missing, removals
from twins.composer.models import DraftAside, DraftOperation, Twin, TwinVersion, VersionName
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import draft_at

DRAFT = "draft"
KEPT_FOR = timedelta(days=30)
"""For how long what was removed is offered to be brought back."""
MOST_REMOVED = 500
"""Removed parts that are offered at once, the newest."""


class NoAsideError(NotFoundError):
    """Nothing was set aside under this id."""

    code = "twin.no_aside"

    def __init__(self) -> None:
        super().__init__("there are no such edits", place="aside", fix="Choose from what was set aside.")


@dataclass(frozen=True, slots=True)
class Restorable:
    """A part that was taken out of a draft, by whom and when."""

    part: RemovedPart
    by: str
    at: datetime


_gateway_names: list[str] = []


def register_gateway_names(path: str) -> None:
    """Let gateways be called by their names: the dotted path of what gives them by id, called in the tenant's scope."""
    _gateway_names[:] = [path]


def gateway_names() -> Mapping[str, str]:
    """The names of the tenant's gateways, by id."""
    if not _gateway_names:
        return {}
    return cast("Callable[[], Mapping[str, str]]", import_string(_gateway_names[0]))()


def named_versions(twin: UUID) -> QuerySet[TwinVersion]:
    """The versions of a twin with what each is called (`name`), the newest first."""
    given = VersionName.objects.filter(twin=OuterRef("twin"), version=OuterRef("version")).order_by("-id")
    name = Coalesce(Subquery(given.values("name")[:1]), Value(""), output_field=CharField())
    return TwinVersion.objects.filter(twin_id=twin, twin__trashed_at=None).annotate(name=name)


def versions_listed(twin: UUID) -> QuerySet[TwinVersion]:
    """The versions of a twin, each with its name and the number of its `assets`, without the documents."""
    keys = Func(
        KeyTransform("assets", "document"), output_field=IntegerField(),
        template="(SELECT count(*) FROM jsonb_object_keys(%(expressions)s))",
    )  # fmt: skip
    return named_versions(twin).defer("document").annotate(assets=keys)


def version_of(twin: UUID, version: int) -> TwinVersion | None:
    """One version of a twin with its name."""
    return named_versions(twin).filter(version=version).first()


def names_given(twin: UUID, version: int) -> QuerySet[VersionName]:
    """What a version was called, the newest name first."""
    return VersionName.objects.filter(twin_id=twin, version=version).order_by("-id")


def document_at(row: Twin, place: str) -> TwinDocument | None:
    """A version by its number, the empty twin by 0, or the draft by `DRAFT`; None when there is none such."""
    if place == DRAFT:
        return TwinDocument.model_validate(row.draft)
    if not place.isascii() or not place.isdigit() or len(place) > 9:
        return None
    if int(place) == 0:
        return empty(row)
    found = TwinVersion.objects.filter(twin=row, version=int(place)).values_list("document", flat=True).first()
    return None if found is None else TwinDocument.model_validate(found)


def empty(row: Twin) -> TwinDocument:
    """What a twin was before its first edit."""
    return TwinDocument(twin=str(row.id), version=0, name=row.name)


def names_for_diff() -> Names:
    """What people call that which documents name by an id."""
    return Names(gateway_names(), {ref: _units(found) for ref, found in resolved_types().items()})


def _units(of: ResolvedType) -> dict[str, str]:
    return {key: each.unit for key, each in of.document.properties.items() if each.unit}


def authors_since(twin: UUID, revision: int) -> list[str]:
    """Who edited the draft of a twin after a revision, by name."""
    made = DraftOperation.objects.filter(twin_id=twin, revision__gt=revision).order_by("author")
    return list(made.values_list("author", flat=True).distinct())


def published_since(twin: UUID, revision: int) -> TwinVersion | None:
    """The newest version that was made after a revision of the draft."""
    return TwinVersion.objects.filter(twin_id=twin, revision__gt=revision).defer("document").first()


def asides(twin: UUID) -> QuerySet[DraftAside]:
    """The edits of a twin's draft that were set aside and not brought back, the newest first."""
    return DraftAside.objects.filter(twin_id=twin, returned_at=None)


def removed_lately(row: Twin, *, now: datetime) -> list[Restorable]:
    """What was taken out of a draft within the last days and is not in it now, the newest first."""
    since = DraftOperation.objects.filter(twin=row, made_at__gte=now - KEPT_FOR)
    first = since.order_by("revision").values_list("revision", flat=True).first()
    if first is None:
        return []
    start = draft_at(row, first - 1)[0]
    rows = list(since.order_by("revision").values_list("operation", "author", "made_at"))
    operations, _ = read_operations([row[0] for row in rows])
    now_there = TwinDocument.model_validate(row.draft)
    found = [part for part in removals(start, operations) if missing(part, now_there)]
    newest = {(part.subject, part.key): part for part in found}
    kept = sorted(newest.values(), key=lambda part: -part.number)[:MOST_REMOVED]
    return [Restorable(part, rows[part.number][1], rows[part.number][2]) for part in kept]
