"""Twins to read: drafts with what is wrong with them, and published versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import (
    Count,
    F,
    Func,
    IntegerField,
    JSONField,
    Model,
    OuterRef,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, JSONObject, NullIf
from django.utils.translation import gettext_lazy as _

from tenants.edge.lists import choices_of
from tenants.kernel.errors import NotFoundError
from tenants.limits.domain.plans import Meter
from tenants.limits.schemas import WHOLE
from tenants.scope.context import required_tenant
from twins.catalog.selectors import marked_types
from twins.composer.domain.operations import apply_all, read_operations
from twins.composer.domain.validation import validate
from twins.composer.edits import Operation
from twins.composer.models import DraftOperation, Twin, TwinVersion
from twins.composer.schemas import TwinDocument, TwinFinding

# Asked of the database: to read thousands of assets out of their documents here takes many times as long.
_PUBLISHED = """
FROM twins_twin t JOIN twins_twinversion v ON v.tenant_id = t.tenant_id AND v.twin_id = t.id AND v.version = t.published
    AND t.trashed_at IS NULL
CROSS JOIN LATERAL jsonb_each(v.document -> 'assets') AS asset
WHERE t.tenant_id = %s AND v.tenant_id = %s"""
_ASSETS_NAMED = f"""
SELECT t.slug, t.name, asset.value ->> 'name' AS label {_PUBLISHED} AND asset.value ->> 'name' ILIKE ALL (%s)
ORDER BY strpos(lower(asset.value ->> 'name'), %s), length(asset.value ->> 'name'), label, t.name LIMIT %s"""
_LITERALLY = str.maketrans({letter: f"\\{letter}" for letter in "\\%_"})
"""What has a meaning in a pattern of SQL, and is meant as it is."""
_TYPES_IN_USE = f"""
SELECT t.slug, t.name, array_agg(DISTINCT asset.value ->> 'type' ORDER BY asset.value ->> 'type') {_PUBLISHED}
GROUP BY t.slug, t.name ORDER BY t.name"""

_TOTALS = """
SELECT count(*), coalesce(sum(asset_count), 0)::bigint, coalesce(sum(signal_count), 0)::bigint
FROM twins_twin WHERE tenant_id = %s AND trashed_at IS NULL"""


NOTHING: Mapping[str, Any] = {"assets": {}, "links": {}, "bindings": {}, "groups": {}, "notes": {}}
"""What a document has none of is left out where it is stored, and told."""
_WHOLE = Func(Value(dict(NOTHING), JSONField()), "draft", template="(%(expressions)s)", arg_joiner=" || ")
_UNKNOWN = Cast(Value(None), TextField())
_TOLD = JSONObject(
    twin="id", name=KeyTextTransform("name", "draft"), revision="revision", document=_WHOLE,
    published_version=NullIf("published", Value(0)), findings=_UNKNOWN, findings_mark=_UNKNOWN,
)  # fmt: skip

Row = TypeVar("Row", bound=Model)
STATES = (("draft", _("Draft")), ("published", _("Published")), ("changed", _("Published, and a draft")))
"""What is edited as a draft and published, such as twins and contracts, is narrowed by."""


class TwinNotFoundError(NotFoundError):
    """The tenant has no such twin."""

    code = "twin.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such twin", place="twin", fix="Choose one from the list of twins.")


@dataclass(frozen=True, slots=True)
class Draft:
    """A twin's draft at a revision, and what is found wrong with it."""

    twin: UUID
    slug: str
    revision: int
    published_version: int | None
    document: TwinDocument
    findings: tuple[TwinFinding, ...]


@dataclass(frozen=True, slots=True)
class NamedAsset:
    """An asset of a published twin, to be told of."""

    twin_slug: str
    twin_name: str
    name: str


@dataclass(frozen=True, slots=True)
class TypesOfTwin:
    """A published twin and the types of its assets, each as ``key@version``."""

    slug: str
    name: str
    types: list[str]


def twins() -> QuerySet[Twin]:
    """The twins of the tenant in scope, by name."""
    return Twin.objects.all()


def twins_listed() -> QuerySet[Twin]:
    """The twins with their sites and the number of `assets` in their drafts, without the drafts."""
    keys = Func(
        KeyTransform("assets", "draft"), output_field=IntegerField(),
        template="(SELECT count(*) FROM jsonb_object_keys(%(expressions)s))",
    )  # fmt: skip
    return Twin.objects.select_related("site").defer("draft").annotate(assets=keys)


def in_state(rows: QuerySet[Row], state: str) -> QuerySet[Row]:
    """Those of some rows of drafts that were never published, that were, or that were and have a draft since."""
    if state == "draft":
        return rows.filter(published=0)
    found = rows.filter(published__gt=0)
    return found.exclude(revision=F("published_revision")) if state == "changed" else found


def twin_choices() -> list[tuple[str, str]]:
    """The twins as what a list is narrowed by."""
    return choices_of(Twin.objects.all(), "name")


def twin(twin_id: UUID) -> Twin:
    """One twin.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
    """
    found = Twin.objects.filter(id=twin_id).first()
    if found is None:
        raise TwinNotFoundError
    return found


def twin_by_slug(slug: str) -> Twin | None:
    """One twin by its name in addresses."""
    return Twin.objects.filter(slug=slug).first()


def draft(twin_id: UUID) -> Draft:
    """The draft of a twin.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
    """
    return draft_of(twin(twin_id))


def stored_draft(twin_id: UUID) -> str:
    """The draft of a twin as the API tells it, in JSON, without what is found wrong with it.

    Raises:
        TwinNotFoundError: The tenant has no such twin, or the asker is not let see it.
    """
    # A draft of thousands of assets is a megabyte: PostgreSQL writes it, and nothing here reads it.
    found: str | None = Twin.objects.filter(id=twin_id).values_list(Cast(_TOLD, TextField()), flat=True).first()
    if found is None:
        raise TwinNotFoundError
    return found


def draft_of(row: Twin) -> Draft:
    """The draft in a twin's row."""
    return judged(row, TwinDocument.model_validate(row.draft))


def judged(row: Twin, document: TwinDocument) -> Draft:
    """The draft in a twin's row, which was read already."""
    return Draft(row.id, row.slug, row.revision, row.published or None, document, validate(document, marked_types()))


def draft_at(row: Twin, revision: int) -> tuple[TwinDocument, tuple[Operation, ...]]:
    """The draft as it was at a revision, and the operations made since, also those before a publication."""
    known = TwinVersion.objects.filter(twin=row).values_list("document", "revision")
    if row.published and revision >= row.published_revision:
        found = known.filter(version=row.published).first()
    else:
        found = known.filter(revision__lte=revision).order_by("-revision").first()
    start, begun = TwinDocument(twin=str(row.id), version=0, name=row.name), 0
    if found is not None:
        start, begun = TwinDocument.model_validate(found[0]), found[1] or row.published_revision
    rows = DraftOperation.objects.filter(twin=row, revision__gt=begun)
    operations, _ = read_operations(list(rows.values_list("operation", flat=True)))
    made = revision - begun
    return apply_all(start, operations[:made]).document, operations[made:]


def versions(twin_id: UUID) -> QuerySet[TwinVersion]:
    """The published versions of a twin, newest first."""
    return TwinVersion.objects.filter(twin_id=twin_id, twin__trashed_at=None)


def published_twins() -> list[TwinDocument]:
    """The newest published version of each twin of the tenant in scope."""
    newest = TwinVersion.objects.filter(twin=OuterRef("twin")).order_by("-version").values("version")[:1]
    rows = TwinVersion.objects.filter(version=Subquery(newest), twin__trashed_at=None).order_by("twin")
    return [TwinDocument.model_validate(document) for document in rows.values_list("document", flat=True)]


def published_twin(twin_id: UUID) -> TwinDocument | None:
    """The newest published version of one twin."""
    document = versions(twin_id).values_list("document", flat=True).first()
    return None if document is None else TwinDocument.model_validate(document)


def assets_named(words: Sequence[str], most: int) -> list[NamedAsset]:
    """The assets of published twins whose names have all words, those that begin with the first word before others.

    Args:
        words: Lower case, at least one.
        most: How many at most.
    """
    patterns = [f"%{word.translate(_LITERALLY)}%" for word in words]
    tenant = required_tenant("assets")
    with connection.cursor() as cursor:
        cursor.execute(_ASSETS_NAMED, [tenant, tenant, patterns, words[0], most])
        return [NamedAsset(*row) for row in cursor.fetchall()]


def types_in_use() -> list[TypesOfTwin]:
    """The published twins with the types of their assets, by name."""
    tenant = required_tenant("types")
    with connection.cursor() as cursor:
        cursor.execute(_TYPES_IN_USE, [tenant, tenant])
        return [TypesOfTwin(*row) for row in cursor.fetchall()]


def things_counted() -> Mapping[Meter, Mapping[UUID, int]]:
    """How many twins the tenant has, and how many assets and bound signals the published ones.

    All count, also those that the asker is not let see: the ORM would leave them out.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, [required_tenant("twins")])
        twins, assets, signals = cursor.fetchone()
    return {Meter.TWINS: {WHOLE: twins}, Meter.ASSETS: {WHOLE: assets}, Meter.SIGNALS: {WHOLE: signals}}


def publication_mark() -> str:
    """Changes whenever a twin of the tenant is published, put into the trash or taken out of it.

    What keeps derived data knows by it that it is old.
    """
    trash = Twin.everything.exclude(trashed_at=None).order_by()
    newest = TwinVersion.objects.order_by("-id")  # PostgreSQL has no max(uuid)
    last = trash.order_by("-trashed_at").values("trashed_at")[:1]
    number = trash.values("tenant").annotate(number=Count("*")).values("number")
    return str(newest.values_list("id", Subquery(last), Subquery(number)).first())
