"""Composing twins: edits of a draft, and publishing it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify

from tenants.kernel.errors import ConflictError, Finding, NotAllowedError, OutturnError
from tenants.kernel.ids import new_id
from tenants.limits.domain.plans import Meter
from tenants.limits.services import require
from tenants.scope.context import twins_in_reach
from twins.catalog.selectors import resolved_types
from twins.composer.blueprints import built_in_blueprints
from twins.composer.domain.blueprints import compose
from twins.composer.domain.conflicts import EditConflictError, rebase
from twins.composer.domain.operations import apply_all, read_operations
from twins.composer.domain.validation import is_publishable
from twins.composer.models import DraftOperation, Twin, TwinVersion
from twins.composer.schemas import FleetParameters, Operation, TwinDocument
from twins.composer.selectors import Draft, TwinNotFoundError, draft_at, draft_of

RESERVED = frozenset({"new"})


class OperationsError(OutturnError):
    """The operations do not fit the schema."""

    code = "twin.operations"
    status = 422


class RevisionError(ConflictError):
    """The draft is not at the revision the caller speaks of."""

    code = "twin.conflict"

    def __init__(self, message: str, *, revision: int, fix: str) -> None:
        super().__init__(message, place="revision", kept="The draft as it is.", fix=fix)
        self.extra = {"revision": revision, "theirs": [], "yours": []}


class NotPublishableError(OutturnError):
    """The draft has errors."""

    code = "twin.not_publishable"
    status = 422


class BlueprintError(OutturnError):
    """There is no such blueprint."""

    code = "blueprint.unknown"
    status = 422


def create_twin(*, name: str, now: datetime) -> Twin:
    """A new twin with an empty draft.

    Raises:
        LimitReachedError: The tenant may have no more.
        NotAllowedError: Whoever makes it is held to some places, and would not see it.
    """
    if twins_in_reach() is not None:
        raise NotAllowedError(
            "you are held to some places, and a new twin stands in none of them",
            fix="Ask somebody who is not held to places to make it.",
        )
    with transaction.atomic():
        require(Meter.TWINS, now=now)
        return _new_twin(name, now)


def _new_twin(name: str, now: datetime) -> Twin:
    twin = Twin(name=name, slug=_free_slug(name), created_at=now, updated_at=now)
    twin.draft = TwinDocument(twin=str(twin.id), version=0, name=name).as_json()
    twin.save(force_insert=True)
    return twin


def create_fleet(*, blueprint: str, parameters: FleetParameters, by: str, now: datetime) -> Draft:
    """A new twin composed from a blueprint, by the same operations that a browser would send.

    Raises:
        BlueprintError: There is no such blueprint.
        OutturnError: The parameters do not fit it.
    """
    found = built_in_blueprints().get(blueprint)
    if found is None:
        known = ", ".join(built_in_blueprints())
        raise BlueprintError(f"there is no blueprint {blueprint}", place="blueprint", fix=f"Choose one of {known}.")
    signals = resolved_types()[found.type].document.signals
    operations = compose(found, parameters, signals=signals, new_id=new_id)
    with transaction.atomic():
        twin = create_twin(name=parameters.name, now=now)
        return _apply(twin, operations, by=by, now=now)


def edit_draft(*, twin: UUID, base_revision: int, operations: Any, by: str, now: datetime) -> Draft:
    """Apply operations that were made on a revision of the draft, all of them or none.

    Operations made on an older revision are carried over when they touch other places than what came since.

    Raises:
        OperationsError: They do not fit the schema.
        EditConflictError: Somebody changed the same places since; both sides are told.
        RevisionError: The base revision is none that they could have been made on.
        OutturnError: One of them makes no sense on the draft.
    """
    read, findings = read_operations(operations)
    if findings:
        raise OperationsError(
            "some operations do not fit", kept="Nothing was applied.", fix="Mend the places named in `findings`.",
            findings=findings,
        )  # fmt: skip
    with transaction.atomic():
        row = _locked(twin)
        if base_revision == row.revision:
            return _apply(row, read, by=by, now=now)
        if not row.published_revision <= base_revision < row.revision:
            raise RevisionError(
                f"the draft is at revision {row.revision}; edits of revision {base_revision} cannot be carried over",
                revision=row.revision, fix="Load the draft again, and make the edit on it.",
            )  # fmt: skip
        base, theirs = draft_at(row, base_revision)
        try:
            rebase(base, theirs, read)
        except EditConflictError as error:
            error.extra = {  # type: ignore[attr-defined]
                "revision": row.revision,
                "theirs": [clash.theirs.as_json() for clash in error.clashes],
                "yours": [clash.mine.as_json() for clash in error.clashes],
            }
            raise
        return _apply(row, read, by=by, now=now)


def publish_twin(*, twin: UUID, revision: int, note: str, by: str, now: datetime) -> TwinVersion:
    """Publish the draft as the twin's next version, which never changes.

    Raises:
        RevisionError: The draft has moved on from the revision that the caller looked at, or holds nothing new.
        NotPublishableError: It has errors; the findings say where.
        LimitReachedError: The tenant may have no more assets or signals.
    """
    with transaction.atomic():
        row = _locked(twin)
        if revision != row.revision:
            raise RevisionError(
                f"the draft is at revision {row.revision}, not {revision}", revision=row.revision,
                fix="Look at the draft as it is now, and publish it again.",
            )  # fmt: skip
        if row.published and row.revision == row.published_revision:
            raise RevisionError(
                f"nothing was changed since version {row.published}", revision=row.revision, fix="Edit the draft first."
            )
        document = _publishable(draft_of(row)).model_copy(
            update={"version": row.published + 1, "parent": row.published or None, "note": note or None, "author": by}
        )
        row.asset_count, row.signal_count = _counted(row, document, now)
        version = TwinVersion.objects.create(
            twin=row, version=document.version, document=document.as_json(), digest=document.digest(), note=note,
            published_by=by, published_at=now,
        )  # fmt: skip
        row.published, row.published_revision, row.updated_at = document.version, row.revision, now
        row.draft = document.as_json()
        row.save()
    return version


def _counted(row: Twin, document: TwinDocument, now: datetime) -> tuple[int, int]:
    """The assets and the bound signals of a document, when the tenant's limits have room for them."""
    assets, signals = len(document.assets), len(document.bindings)
    require(Meter.ASSETS, assets - row.asset_count, now=now)
    require(Meter.SIGNALS, signals - row.signal_count, now=now)
    return assets, signals


def _publishable(draft: Draft) -> TwinDocument:
    if not draft.document.assets:
        empty = Finding("twin.empty", "assets", "The twin has no assets.", "Add one.")
        raise NotPublishableError("an empty twin cannot be published", fix="Add an asset.", findings=[empty])
    if not is_publishable(draft.findings):
        raise NotPublishableError(
            "the draft has errors", kept="The draft is saved as it is.", fix="Mend the places named in `findings`.",
            findings=[finding for finding in draft.findings if finding.severity == "error"],
        )  # fmt: skip
    return draft.document


def _locked(twin: UUID) -> Twin:
    row = Twin.objects.select_for_update().filter(id=twin).first()
    if row is None:
        raise TwinNotFoundError
    return row


def _apply(row: Twin, operations: Sequence[Operation], *, by: str, now: datetime) -> Draft:
    document = apply_all(TwinDocument.model_validate(row.draft), operations).document
    DraftOperation.objects.bulk_create(
        DraftOperation(twin=row, revision=row.revision + number, operation=each.as_json(), author=by, made_at=now)
        for number, each in enumerate(operations, start=1)
    )
    row.draft, row.name, row.updated_at = document.as_json(), document.name, now
    row.revision += len(operations)
    row.save()
    return draft_of(row)


def _free_slug(name: str) -> str:
    base = slugify(name)[:60].strip("-") or "twin"
    taken = set(Twin.objects.filter(slug__startswith=base).values_list("slug", flat=True)) | RESERVED
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(slug for slug in numbered if slug not in taken)
