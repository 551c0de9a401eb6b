"""Composing twins: edits of a draft, and publishing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify

from tenants.kernel.errors import ConflictError, NotAllowedError, OutturnError
from tenants.kernel.ids import new_id
from tenants.limits.domain.plans import Meter
from tenants.limits.services import require
from tenants.scope.context import twins_in_reach
from twins.catalog.selectors import resolved_types
from twins.composer.changes import Change, changes_between
from twins.composer.domain.blueprints import compose
from twins.composer.domain.conflicts import EditConflictError, rebase
from twins.composer.domain.operations import apply_all, read_operations
from twins.composer.edits import Operation
from twins.composer.models import DraftOperation, Twin
from twins.composer.recent import held_draft, hold_later
from twins.composer.schemas import FleetParameters, TwinDocument, TwinFinding
from twins.composer.selectors import Draft, TwinNotFoundError, draft_at, judged
from twins.composer.telling import tell_edits
from twins.composer.templates import blueprints
from twins.composer.versions import published_since
from twins.composer.writing import rewritten

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
    known_blueprints = blueprints()
    found = known_blueprints.get(blueprint)
    if found is None:
        known = ", ".join(known_blueprints)
        raise BlueprintError(f"there is no blueprint {blueprint}", place="blueprint", fix=f"Choose one of {known}.")
    types = {ref: resolved.document for ref, resolved in resolved_types().items()}
    operations = compose(found, parameters, types=types, new_id=new_id)
    with transaction.atomic():
        twin = create_twin(name=parameters.name, now=now)
        return apply_operations(twin, operations, by=by, now=now)


@dataclass(frozen=True, slots=True)
class Saved:
    """A draft with edits applied.

    Attributes:
        theirs: What others had done since the revision that the edits were made on.
        found_before: What was wrong with the draft that the edits were applied to.
    """

    draft: Draft
    theirs: tuple[Change, ...]
    found_before: tuple[TwinFinding, ...]


def edit_draft(*, twin: UUID, base_revision: int, operations: Any, by: str, now: datetime) -> Draft:
    """As `save_edits`, for who has no use for what others did."""
    return save_edits(twin=twin, base_revision=base_revision, operations=operations, by=by, now=now).draft


def save_edits(*, twin: UUID, base_revision: int, operations: Any, by: str, now: datetime) -> Saved:
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
        row = locked_twin(twin)
        before = held_draft(row)
        if base_revision == row.revision:
            return Saved(_edit(row, before, read, by, now), (), before.findings)
        if base_revision > row.revision:
            raise RevisionError(
                f"the draft is at revision {row.revision}, and never was at revision {base_revision}",
                revision=row.revision, fix="Load the draft again, and make the edit on it.",
            )  # fmt: skip
        base, theirs = draft_at(row, base_revision)
        try:
            carried = rebase(base, theirs, read)
        except EditConflictError as error:
            if (published := published_since(row.id, base_revision)) is not None:
                error.message += f" Version {published.version} was published meanwhile: {published.note or 'no note'}."
            error.extra = {  # type: ignore[attr-defined]
                "revision": row.revision,
                "theirs": [clash.theirs.as_json() for clash in error.clashes],
                "yours": [clash.mine.as_json() for clash in error.clashes],
            }
            raise
        since = changes_between(row.id, base_revision, row.revision)
        draft = _edit(row, before, carried, by, now) if carried else before
        return Saved(draft, since, before.findings)


def locked_twin(twin: UUID) -> Twin:
    """A twin, held until the transaction ends: its draft is edited and published by one at a time.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
    """
    row = Twin.objects.select_for_update().defer("draft").filter(id=twin).first()
    if row is None:
        raise TwinNotFoundError
    return row


def apply_operations(row: Twin, operations: Sequence[Operation], *, by: str, now: datetime) -> Draft:
    """Apply operations to the draft of a twin that is held (`locked_twin`), all of them or none.

    Raises:
        OutturnError: One of them makes no sense on the draft.
    """
    return _edit(row, held_draft(row), operations, by, now)


def _edit(row: Twin, before: Draft, operations: Sequence[Operation], by: str, now: datetime) -> Draft:
    document = apply_all(before.document, operations).document
    numbered = enumerate(operations, start=row.revision + 1)
    changes = [Change(revision, by, now, each.as_json()) for revision, each in numbered]
    DraftOperation.objects.bulk_create(
        DraftOperation(twin=row, revision=each.revision, operation=each.operation, author=by, made_at=now)
        for each in changes
    )
    row.draft, row.name, row.updated_at = rewritten(before.document, document), document.name, now
    row.revision += len(operations)
    row.save(update_fields=["draft", "name", "updated_at", "revision"])
    del row.draft  # it says how to write it; whoever reads it has it read anew
    draft = judged(row, document)
    hold_later(draft)
    tell_edits(row.id, changes, before.findings, draft.findings)
    return draft


def _free_slug(name: str) -> str:
    base = slugify(name)[:60].strip("-") or "twin"
    taken = set(Twin.objects.filter(slug__startswith=base).values_list("slug", flat=True)) | RESERVED
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(slug for slug in numbered if slug not in taken)
