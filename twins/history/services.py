"""Notes on a history: making one, and taking one's own away."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tenants.kernel.errors import NotAllowedError, OutturnError
from tenants.record.services import record_audit
from tenants.scope.actors import Actor
from twins.composer.selectors import twin as twin_by_id
from twins.history import selectors
from twins.history.models import Annotation
from twins.history.schemas import MOST_TEXT, AnnotationTerms
from twins.telemetry.query_signals import known_signals

MOST_NOTES = 10_000
"""Notes on one twin."""


class AnnotationTermsError(OutturnError):
    """A note cannot be like that."""

    code = "annotation.terms"
    status = 422


class NotTheAuthorError(NotAllowedError):
    """Somebody would take away another's note."""

    code = "annotation.not_yours"


def annotate(*, twin: UUID, terms: AnnotationTerms, by: Actor, now: datetime) -> Annotation:
    """Note something on the history of a twin; colleagues who may read the twin see it.

    Raises:
        TwinNotFoundError: There is no such twin, or it is out of reach.
        UnknownSignalError: The twin has no such signal.
        AnnotationTermsError: The text is empty or too long, or the time ends before it begins.
    """
    text = terms.text.strip()
    if not 0 < len(text) <= MOST_TEXT:
        raise AnnotationTermsError(
            "a note needs a text", place="text", fix=f"Write something, at most {MOST_TEXT:,} letters."
        )
    if terms.end is not None and terms.end <= terms.start:
        raise AnnotationTermsError(
            "the time ends before it begins", place="end", fix="Choose a later end, or none for an instant."
        )
    row = twin_by_id(twin)
    _check_place(row.id, terms)
    with transaction.atomic():
        if Annotation.objects.filter(twin=row).count() >= MOST_NOTES:
            raise AnnotationTermsError(
                f"the twin has {MOST_NOTES:,} notes", place="twin", fix="Take some away that are no longer needed."
            )
        made = Annotation.objects.create(
            twin=row, asset=terms.asset, key=terms.key, start=terms.start, end=terms.end, text=text,
            author=_identity(by), made_by=by.name, made_at=now,
        )  # fmt: skip
        record_audit(
            action="annotation.made", subject=f"annotation/{made.id}", by=by.name, now=now,
            details={"twin": str(twin), "text": text[:200]},
        )  # fmt: skip
    return made


def _check_place(twin: UUID, terms: AnnotationTerms) -> None:
    if terms.key and terms.asset is None:
        raise AnnotationTermsError("a signal without its asset", place="asset", fix="Name the asset too.")
    if terms.asset is not None and terms.key:
        (signal,) = known_signals([(terms.asset, terms.key)])
        if signal.twin != twin:
            raise AnnotationTermsError(
                "the signal is another twin's", place="asset", fix="Choose an asset of this twin."
            )


def remove_annotation(*, annotation: UUID, by: Actor, now: datetime) -> None:
    """Take one's own note away.

    Raises:
        AnnotationNotFoundError: There is none, or it is out of reach.
        NotTheAuthorError: Somebody else wrote it.
    """
    with transaction.atomic():
        row = selectors.annotation(annotation)
        if row.author != _identity(by):
            raise NotTheAuthorError(
                f"{row.made_by} wrote this note", place="annotation", kept="The note.", fix="Ask them to take it away."
            )
        row.delete()
        record_audit(
            action="annotation.removed", subject=f"annotation/{annotation}", by=by.name, now=now,
            details={"twin": str(row.twin_id), "text": row.text[:200]},
        )  # fmt: skip


def _identity(by: Actor) -> UUID:
    found = by.user or by.key
    assert found is not None
    return found
