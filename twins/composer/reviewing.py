"""Review before publication: asked for, approved or sent back by another pair of eyes, and void after the next edit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from pydantic import JsonValue

from tenants.kernel.errors import ConflictError, NotAllowedError, NotFoundError
from tenants.record.services import record_audit
from twins.composer.models import DraftOperation, PublishingRule, ReviewState, Twin, TwinReview
from twins.composer.services import RevisionError, locked_twin


class NoReviewError(NotFoundError):
    """The tenant has no such review."""

    code = "review.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such review", place="review", fix="Choose one from the list of reviews.")


class ReviewStateError(ConflictError):
    """What is asked cannot be done with the review, or the draft, as it is."""

    code = "review.state"


class OwnReviewError(NotAllowedError):
    """Four eyes are wanted: nobody approves what they made themselves."""

    code = "review.own"


class NotApprovedError(ConflictError):
    """The organisation publishes only what another person has approved."""

    code = "twin.not_approved"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a twin needs before it can be published.

    Attributes:
        is_needed: Whether the organisation wants a review.
        review: The newest review of the twin that was not withdrawn, whatever it is of.
        is_stale: Whether the draft was edited since the revision that it is of.
    """

    is_needed: bool
    review: TwinReview | None
    is_stale: bool

    @property
    def is_approved(self) -> bool:
        """Whether the draft as it is now was approved."""
        return self.review is not None and self.review.state == ReviewState.APPROVED and not self.is_stale


def needs_review() -> bool:
    """Whether the organisation in scope publishes only what another person has approved."""
    return PublishingRule.objects.filter(needs_review=True).exists()


def set_rule(*, needs_review: bool, by: str, now: datetime) -> None:
    """Say whether the organisation wants a review before a twin is published."""
    with transaction.atomic():
        PublishingRule.objects.get_or_create(defaults={"changed_by": by, "changed_at": now})
        row = PublishingRule.objects.select_for_update().get()
        if row.needs_review == needs_review:
            return
        row.needs_review, row.changed_by, row.changed_at = needs_review, by, now
        row.save()
        record_audit(
            action="organisation.publishing_rule", subject="organisation/publishing", by=by, now=now,
            details={"needs_review": needs_review},
        )  # fmt: skip


def reviews() -> QuerySet[TwinReview]:
    """All reviews with their twins, the newest first."""
    return TwinReview.objects.select_related("twin").defer("twin__draft").filter(twin__trashed_at=None)


def waiting(name: str) -> QuerySet[TwinReview]:
    """The open reviews that somebody of this name may decide: not of what they asked for or edited themselves."""
    mine = DraftOperation.objects.filter(
        twin=OuterRef("twin"), author=name, revision__gt=OuterRef("twin__published_revision"),
        revision__lte=OuterRef("revision"),
    )  # fmt: skip
    return reviews().filter(~Q(asked_by=name), ~Exists(mine), state=ReviewState.OPEN)


def standing(row: Twin) -> Standing:
    """What a twin needs before its draft can be published."""
    review = TwinReview.objects.filter(twin=row).exclude(state=ReviewState.WITHDRAWN).first()
    return Standing(needs_review(), review, review is not None and review.revision != row.revision)


def require_approval(row: Twin) -> None:
    """Refuse a publication that the organisation wants approved first.

    Raises:
        NotApprovedError: Nobody has approved the draft as it is.
    """
    found = standing(row)
    if not found.is_needed or found.is_approved:
        return
    if found.review is not None and found.is_stale:
        message = f"the draft was edited after revision {found.review.revision}, which was asked about"
    elif found.review is not None and found.review.state == ReviewState.CHANGES:
        message = f"{found.review.decided_by} asked for changes"
    elif found.review is not None:
        message = "nobody has approved it yet"
    else:
        message = "it was not reviewed"
    raise NotApprovedError(
        f"your organisation publishes what another person has approved: {message}", place="review",
        kept="The draft is saved as it is.", fix="Ask for a review of the draft as it is now.",
    )  # fmt: skip


def ask_review(*, twin: UUID, revision: int, note: str, by: str, now: datetime) -> TwinReview:
    """Ask others to look at a revision of the draft; what was asked about an earlier one is withdrawn.

    Raises:
        RevisionError: The draft has moved on from the revision that the caller looked at.
        ReviewStateError: There is nothing to review, or this revision is under review already.
    """
    with transaction.atomic():
        row = locked_twin(twin)
        if revision != row.revision:
            raise RevisionError(
                f"the draft is at revision {row.revision}, not {revision}", revision=row.revision,
                fix="Look at the draft as it is now, and ask again.",
            )  # fmt: skip
        if row.published and row.revision == row.published_revision:
            raise ReviewStateError(
                f"nothing was changed since version {row.published}", place="revision", fix="Edit the draft first."
            )
        open_ones = TwinReview.objects.filter(twin=row, state=ReviewState.OPEN)
        if open_ones.filter(revision=revision).exists():
            raise ReviewStateError(
                "this revision is under review already", place="revision", fix="Wait for the answer, or withdraw it."
            )
        open_ones.update(state=ReviewState.WITHDRAWN, decided_by=by, decided_at=now)
        review = TwinReview.objects.create(twin=row, revision=revision, note=note, asked_by=by, asked_at=now)
        _noted("twin.review_asked", review, by, now)
    return review


def decide_review(*, review: UUID, approve: bool, comment: str, by: str, now: datetime) -> TwinReview:
    """Approve what is asked about, or ask for changes with a comment.

    Raises:
        NoReviewError: There is no such review.
        ReviewStateError: It was decided or withdrawn already, the draft has moved on, or a comment is missing.
        OwnReviewError: Who decides asked for it, or made some of the edits.
    """
    with transaction.atomic():
        row = _held(review)
        twin = locked_twin(row.twin_id)
        if approve and twin.revision != row.revision:
            raise ReviewStateError(
                f"the draft was edited since; it is at revision {twin.revision}, not {row.revision}", place="review",
                kept="Nothing was approved.", fix="Look at what the draft says now; a new review has to be asked for.",
            )  # fmt: skip
        if approve and by in {row.asked_by, *_authors(twin, row.revision)}:
            raise OwnReviewError(
                "you asked for this review or made some of the edits; another person has to approve them",
                place="review", fix="Ask a colleague who may publish twins.",
            )  # fmt: skip
        if not approve and not comment.strip():
            raise ReviewStateError(
                "say what should be changed", place="comment", fix="Write a comment for whoever asked."
            )
        row.state = ReviewState.APPROVED if approve else ReviewState.CHANGES
        row.comment, row.decided_by, row.decided_at = comment.strip(), by, now
        row.save()
        _noted("twin.review_approved" if approve else "twin.review_changes", row, by, now)
    return row


def withdraw_review(*, review: UUID, by: str, now: datetime) -> TwinReview:
    """Take back the question.

    Raises:
        NoReviewError: There is no such review.
        ReviewStateError: It was decided or withdrawn already.
    """
    with transaction.atomic():
        row = _held(review)
        row.state, row.decided_by, row.decided_at = ReviewState.WITHDRAWN, by, now
        row.save()
        _noted("twin.review_withdrawn", row, by, now)
    return row


def review_of(review: UUID) -> TwinReview:
    """One review with its twin.

    Raises:
        NoReviewError: There is no such review.
    """
    found = reviews().filter(id=review).first()
    if found is None:
        raise NoReviewError
    return found


def _held(review: UUID) -> TwinReview:
    row = TwinReview.objects.select_for_update().filter(id=review).first()
    if row is None:
        raise NoReviewError
    if row.state != ReviewState.OPEN:
        raise ReviewStateError(
            f"this review is {ReviewState(row.state).label.lower()} already", place="review", fix="Load the page again."
        )
    return row


def _authors(twin: Twin, revision: int) -> list[str]:
    made = DraftOperation.objects.filter(twin=twin, revision__gt=twin.published_revision, revision__lte=revision)
    return list(made.order_by("author").values_list("author", flat=True).distinct())


def _noted(action: str, row: TwinReview, by: str, now: datetime) -> None:
    details: dict[str, JsonValue] = {
        "review": str(row.id),
        "revision": row.revision,
        "comment": row.comment or row.note,
    }
    record_audit(action=action, subject=f"twin/{row.twin_id}", by=by, now=now, details=details)
