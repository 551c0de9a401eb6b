"""Publishing: a revision of the draft becomes a version, which never changes; what versions are called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tenants.kernel.errors import Finding, NotFoundError, OutturnError
from tenants.limits.domain.plans import Meter
from tenants.limits.services import require
from tenants.record.services import record_audit
from twins.composer.domain.validation import is_publishable
from twins.composer.models import Twin, TwinVersion, VersionName
from twins.composer.reviewing import require_approval
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import Draft, draft_of
from twins.composer.services import RevisionError, locked_twin
from twins.composer.telling import tell_published
from twins.composer.versions import authors_since, names_given, version_of


class NotPublishableError(OutturnError):
    """The draft has errors."""

    code = "twin.not_publishable"
    status = 422


class NoVersionError(NotFoundError):
    """The twin has no such version."""

    code = "twin.no_version"

    def __init__(self, version: int) -> None:
        super().__init__(f"there is no version {version}", place="version", fix="Choose one from the list of versions.")


@dataclass(frozen=True, slots=True)
class Words:
    """What people say of a version: what it is called, and what changed."""

    name: str = ""
    note: str = ""


def publish_twin(*, twin: UUID, revision: int, note: str = "", name: str = "", by: str, now: datetime) -> TwinVersion:
    """Publish a revision of the draft as the twin's next version; a revision that is a version already gives that one.

    Raises:
        RevisionError: The draft has moved on from the revision that the caller looked at.
        NotPublishableError: It has errors; the findings say where.
        NotApprovedError: The organisation wants it approved first, and nobody has approved this revision.
        LimitReachedError: The tenant may have no more assets or signals.
    """
    with transaction.atomic():
        row = locked_twin(twin)
        if (made := _made_of(row, revision)) is not None:
            return made
        if revision != row.revision:
            since = ", ".join(authors_since(row.id, revision)) or "nobody"
            raise RevisionError(
                f"the draft is at revision {row.revision}, not {revision}; edited since by {since}",
                revision=row.revision, fix="Look at the draft as it is now, and publish it again.",
            )  # fmt: skip
        require_approval(row)
        document = _publishable(draft_of(row))
        return publish_document(row, document, words=Words(name, note), by=by, now=now)


def publish_document(row: Twin, document: TwinDocument, *, words: Words, by: str, now: datetime) -> TwinVersion:
    """Make what the draft of a twin that is held (`locked_twin`) says the next version, unasked whether it is sound.

    Raises:
        LimitReachedError: The tenant may have no more assets or signals.
    """
    document = document.model_copy(
        update={"version": row.published + 1, "parent": row.published or None, "note": words.note or None, "author": by}
    )
    row.asset_count, row.signal_count = _counted(row, document, now)
    told = document.as_json()
    version = TwinVersion.objects.create(
        twin=row, version=document.version, revision=row.revision, document=told, digest=document.digest(),
        note=words.note, published_by=by, published_at=now,
    )  # fmt: skip
    if words.name:
        VersionName.objects.create(twin=row, version=version.version, name=words.name, given_by=by, given_at=now)
    row.published, row.published_revision, row.updated_at, row.draft = document.version, row.revision, now, told
    row.save()
    tell_published(row.id, revision=row.revision, version=version.version, note=words.note, by=by)
    return version


def name_version(*, twin: UUID, version: int, name: str, by: str, now: datetime) -> None:
    """Call a version by another name, or with an empty one by its number only; what it was called before is kept.

    Raises:
        NoVersionError: The twin has no such version.
    """
    with transaction.atomic():
        row = locked_twin(twin)
        if version_of(row.id, version) is None:
            raise NoVersionError(version)
        newest = names_given(row.id, version).first()
        before = newest.name if newest is not None else ""
        if before == name.strip():
            return
        VersionName.objects.create(twin=row, version=version, name=name.strip(), given_by=by, given_at=now)
        record_audit(
            action="twin.version_named", subject=f"twin/{twin}", by=by, now=now,
            details={"version": version, "before": before, "after": name.strip()},
        )  # fmt: skip


def _made_of(row: Twin, revision: int) -> TwinVersion | None:
    """The version that was made of a revision of the draft, the newest one of a twin that knows no others'."""
    if row.published and revision == row.published_revision:
        return TwinVersion.objects.get(twin=row, version=row.published)
    return TwinVersion.objects.filter(twin=row, revision=revision).first()


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
