"""Drafts of asset types: started, saved however unsound, discarded, and published as the next version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from tenants.kernel.errors import ConflictError
from twins.catalog.bounds import refuse_large
from twins.catalog.models import AssetTypeDraft, AssetTypeVersion
from twins.catalog.selectors import (
    DraftNotFoundError,
    TypeNotFoundError,
    draft_state,
    newest_version,
    published_types,
)
from twins.catalog.services import TypeNotSoundError, publish_type, refuse_built_in


class DraftConflictError(ConflictError):
    """The draft is not at the revision the caller speaks of."""

    code = "type.conflict"

    def __init__(self, row: AssetTypeDraft, yours: Any) -> None:
        super().__init__(
            f"{row.changed_by} saved revision {row.revision} of this draft meanwhile", place="revision",
            kept="The draft as they saved it.", fix="Look at both, and save again what you want to keep.",
        )  # fmt: skip
        places = sorted(_differing("", row.document, yours)) if isinstance(yours, dict) else []
        self.extra = {"revision": row.revision, "theirs": row.document, "yours": yours, "places": places}


class DraftExistsError(ConflictError):
    """Somebody drafts a version of this type already."""

    code = "type.draft_exists"

    def __init__(self, row: AssetTypeDraft) -> None:
        super().__init__(
            f"{row.changed_by} has a draft of {row.key} that is not published", place="key", kept="Their draft.",
            fix="Go on with that one, or discard it first.",
        )  # fmt: skip
        self.extra = {"draft": str(row.id)}


class NothingNewError(ConflictError):
    """The draft says what the newest version says."""

    code = "type.unchanged"


def start_draft(
    *, key: str, name: str, extends: str | None, origin: str | None, by: str, now: datetime
) -> AssetTypeDraft:
    """Start a draft: empty, of a type that extends another, or from a published version.

    Args:
        key: Of the type; that of ``origin`` makes the draft its next version, another one a type of its own.
        name: What people call it, in English; empty for that of ``origin``.
        extends: The parent as ``key@version``, None for none.
        origin: The version whose document it begins with, None for none.
        by: Who starts it.
        now: When.

    Raises:
        TypeNotFoundError: The parent or the origin is not in the catalogue.
        TypePublishedError: The key belongs to the built-in library.
        DraftExistsError: Somebody drafts this type already.
    """
    refuse_built_in(key)
    document = _begin(key, name, extends, origin)
    row = AssetTypeDraft.objects.select_for_update().filter(key=key).first()
    if row is None:
        return _insert(key, document, by, now)
    if row.revision > row.published_revision:
        raise DraftExistsError(row)
    row.revision += 1
    row.document, row.author, row.changed_by, row.created_at, row.updated_at = document, by, by, now, now
    row.save()
    return row


def save_draft(*, draft: UUID, revision: int, document: dict[str, Any], by: str, now: datetime) -> AssetTypeDraft:
    """Save the document of a draft, sound or not; what is the same already is not saved again.

    Args:
        draft: Which.
        revision: The one that the document was made from.
        document: An object of JSON.
        by: Who saves it.
        now: When.

    Raises:
        DraftNotFoundError: There is no such draft.
        DraftConflictError: Somebody saved another document since; both are told.
        TypeTooLargeError: It is too large; the largest text in it is named.
    """
    refuse_large(document)
    with transaction.atomic():
        row = _locked(draft)
        if _plain(row.document) == _plain(document):
            return row
        if revision != row.revision:
            raise DraftConflictError(row, document)
        row.document, row.changed_by, row.updated_at = document, by, now
        row.revision += 1
        row.save()
    return row


def discard_draft(*, draft: UUID) -> None:
    """Throw a draft away; what was published of it stays.

    Raises:
        DraftNotFoundError: There is no such draft.
    """
    with transaction.atomic():
        _locked(draft).delete()


def publish_draft(*, draft: UUID, revision: int, note: str, by: str, now: datetime) -> AssetTypeVersion:
    """Publish a draft as the next version of its type, which never changes; again, it answers with that version.

    Raises:
        DraftNotFoundError: There is no such draft.
        DraftConflictError: It has moved on from the revision that the caller looked at.
        TypeNotSoundError: Something is wrong with it; the findings say where.
        NothingNewError: It says what the newest version says.
    """
    with transaction.atomic():
        row = _locked(draft)
        if revision != row.revision:
            raise DraftConflictError(row, None)
        if row.published_revision == row.revision:
            return AssetTypeVersion.objects.get(key=row.key, version=row.published_version)
        made = publish_type(document=_publishable(row), by=by, now=now, note=note)
        row.published_revision, row.published_version, row.updated_at = row.revision, made.version, now
        row.document = made.as_json()
        row.save()
        return AssetTypeVersion.objects.get(key=row.key, version=row.published_version)


def _publishable(row: AssetTypeDraft) -> dict[str, Any]:
    """The document under the key of its draft, when it says anything new."""
    newest = newest_version(row.key)
    known = AssetTypeVersion.objects.filter(key=row.key, version=newest).first()
    if known is not None and _plain(known.document) == _plain(row.document):
        raise NothingNewError(f"this is what {known} says already", place="document", fix="Change something first.")
    document = {"key": row.key, **row.document, "version": newest + 1}
    if document["key"] != row.key:
        findings = [finding for finding in draft_state(row).reading.findings if finding.place == "key"]
        raise TypeNotSoundError(
            f"this is the draft of {row.key}", kept="Nothing was published.", fix="Mend its key.", findings=findings
        )
    return document


def _begin(key: str, name: str, extends: str | None, origin: str | None) -> dict[str, Any]:
    types = published_types()
    for ref, place in ((extends, "extends"), (origin, "from")):
        if ref is not None and ref not in types:
            raise TypeNotFoundError(ref, place)
    document = types[origin].as_json() if origin is not None else {"name": {"en": name or key}}
    if name:
        document["name"] = {**document["name"], "en": name}
    if extends is not None and extends not in document.get("extends", ()):
        document["extends"] = [*document.get("extends", ()), extends]
    return document | {"key": key, "version": newest_version(key) + 1}


def _insert(key: str, document: dict[str, Any], by: str, now: datetime) -> AssetTypeDraft:
    try:
        with transaction.atomic():
            return AssetTypeDraft.objects.create(
                key=key, document=document, author=by, changed_by=by, created_at=now, updated_at=now
            )
    except IntegrityError as error:
        raise DraftExistsError(AssetTypeDraft.objects.get(key=key)) from error


def _locked(draft: UUID) -> AssetTypeDraft:
    row = AssetTypeDraft.objects.select_for_update().filter(id=draft).first()
    if row is None:
        raise DraftNotFoundError
    return row


def _plain(document: dict[str, Any]) -> str:
    """A document as it is compared: its version is not its own to choose."""
    return json.dumps({key: value for key, value in document.items() if key != "version"}, sort_keys=True)


def _differing(place: str, theirs: Any, yours: Any, depth: int = 0) -> Iterator[str]:
    """The places of two documents that differ, down to the parts of sections."""
    if depth < 2 and isinstance(theirs, dict) and isinstance(yours, dict):
        for key in theirs.keys() | yours.keys():
            if key != "version" or depth:
                yield from _differing(f"{place}/{key}".lstrip("/"), theirs.get(key), yours.get(key), depth + 1)
    elif json.dumps(theirs, sort_keys=True) != json.dumps(yours, sort_keys=True):
        yield place
