"""Back to an old version: of what is published, or of the draft. What is lost by it is set aside and can return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from tenants.kernel.errors import ConflictError
from tenants.record.services import record_audit
from twins.composer.domain.operations import read_operations
from twins.composer.domain.transforming import fitting, transforming
from twins.composer.edits import Operation
from twins.composer.models import DraftAside, Twin, TwinVersion
from twins.composer.publishing import NoVersionError, Words, publish_document
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import Draft, draft_of
from twins.composer.services import RevisionError, apply_operations, locked_twin
from twins.composer.versions import NoAsideError, empty


class NothingToRevertError(ConflictError):
    """The twin says already what it is to go back to."""

    code = "twin.nothing_to_revert"


@dataclass(frozen=True, slots=True)
class Returned:
    """A draft into which edits were brought back.

    Attributes:
        left: Those that no longer fit, because what they edit has gone.
    """

    draft: Draft
    left: Sequence[Operation]


def roll_back(*, twin: UUID, version: int, revision: int, by: str, now: datetime) -> TwinVersion:
    """Publish what an older version says as the next version; edits that were not published are set aside.

    It was published once, so nobody is asked again: a rollback is for when something runs that should not.

    Raises:
        NoVersionError: The twin has no such version.
        RevisionError: The draft has moved on from the revision that the caller looked at.
        NothingToRevertError: It is the version that is published.
        LimitReachedError: The tenant may have no more assets or signals.
    """
    with transaction.atomic():
        row, wanted = _held(twin, version, revision)
        if version == row.published:
            raise NothingToRevertError(
                f"version {version} is the one that is published", place="version",
                fix="Choose an older version, or reset the draft to this one.",
            )  # fmt: skip
        before = _document(row, row.published)
        if row.revision != row.published_revision:
            _set_aside(row, "rollback", row.published, before, by, now)
        _become(row, wanted, by, now)
        document = TwinDocument.model_validate(row.draft)
        note = _("Back to version %(version)s") % {"version": version}
        made = publish_document(row, document, words=Words(note=note), by=by, now=now)
        record_audit(
            action="twin.rolled_back", subject=f"twin/{twin}", by=by, now=now,
            details={"from": version, "version": made.version},
        )  # fmt: skip
    return made


def reset_draft(*, twin: UUID, version: int, revision: int, by: str, now: datetime) -> Draft:
    """Make the draft say what a version says; what it said is set aside, which undoes it.

    Raises:
        NoVersionError: The twin has no such version.
        RevisionError: The draft has moved on from the revision that the caller looked at.
        NothingToRevertError: The draft says so already.
    """
    with transaction.atomic():
        row, wanted = _held(twin, version, revision)
        if not transforming(TwinDocument.model_validate(row.draft), wanted):
            raise NothingToRevertError(
                f"the draft says what version {version} says", place="version", fix="Choose another version."
            )
        _set_aside(row, "reset", version, wanted, by, now)
        _become(row, wanted, by, now)
        return draft_of(row)


def return_aside(*, twin: UUID, aside: UUID, by: str, now: datetime) -> Returned:
    """Bring edits that were set aside back into the draft, as far as they still fit.

    Raises:
        NoAsideError: There are none such, or they are back already.
    """
    with transaction.atomic():
        row = locked_twin(twin)
        found = DraftAside.objects.select_for_update().filter(twin=row, id=aside, returned_at=None).first()
        if found is None:
            raise NoAsideError
        operations, _findings = read_operations(found.operations)
        done, left = fitting(TwinDocument.model_validate(row.draft), operations)
        if done:
            apply_operations(row, done, by=by, now=now)
        found.returned_by, found.returned_at = by, now
        found.save(update_fields=["returned_by", "returned_at"])
    return Returned(draft_of(row), left)


def _held(twin: UUID, version: int, revision: int) -> tuple[Twin, TwinDocument]:
    row = locked_twin(twin)
    wanted = _document(row, version)
    if version < 1:
        raise NoVersionError(version)
    if revision != row.revision:
        raise RevisionError(
            f"the draft is at revision {row.revision}, not {revision}: somebody edited it meanwhile",
            revision=row.revision, fix="Look at the draft as it is now, and go back then.",
        )  # fmt: skip
    return row, wanted


def _document(row: Twin, version: int) -> TwinDocument:
    if version == 0:
        return empty(row)
    found = TwinVersion.objects.filter(twin=row, version=version).values_list("document", flat=True).first()
    if found is None:
        raise NoVersionError(version)
    return TwinDocument.model_validate(found)


def _set_aside(
    row: Twin, kind: Literal["rollback", "reset"], version: int, base: TwinDocument, by: str, now: datetime
) -> None:
    operations = transforming(base, TwinDocument.model_validate(row.draft))
    if operations:
        DraftAside.objects.create(
            twin=row, kind=kind, version=version, operations=[each.as_json() for each in operations],
            count=len(operations), revision=row.revision, put_by=by, put_at=now,
        )  # fmt: skip


def _become(row: Twin, wanted: TwinDocument, by: str, now: datetime) -> None:
    operations = transforming(TwinDocument.model_validate(row.draft), wanted)
    if operations:
        apply_operations(row, operations, by=by, now=now)
