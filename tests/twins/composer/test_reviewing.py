"""Review before publication: four eyes, void after the next edit, and nothing published around it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.composer.models import Twin, TwinReview
from twins.composer.publishing import publish_twin
from twins.composer.reverting import roll_back
from twins.composer.reviewing import (
    NoReviewError,
    NotApprovedError,
    OwnReviewError,
    ReviewStateError,
    ask_review,
    decide_review,
    needs_review,
    set_rule,
    standing,
    waiting,
    withdraw_review,
)
from twins.composer.services import RevisionError, create_twin, edit_draft

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
A = str(new_id())


@pytest.fixture
def twin(tenant: Tenant) -> Iterator[Twin]:
    """A twin that ada drafted, in an organisation that wants a review."""
    with scope(tenant.id):
        row = create_twin(name="Fleet", now=NOON)
        set_rule(needs_review=True, by="owner", now=NOON)
        edit(row, {"op": "add_asset", "asset": A, "type": "turbofan-engine@1", "name": "Engine 1", "at": [0, 0]})
        yield Twin.objects.get(id=row.id)


def edit(twin: Twin, operation: dict[str, Any], by: str = "ada") -> None:
    revision = Twin.objects.get(id=twin.id).revision
    edit_draft(twin=twin.id, base_revision=revision, operations=[operation], by=by, now=NOON)


def ask(twin: Twin, revision: int = 1, by: str = "ada") -> TwinReview:
    return ask_review(twin=twin.id, revision=revision, note="please", by=by, now=NOON)


def decide(review: TwinReview, by: str, comment: str = "", *, approve: bool = True) -> TwinReview:
    return decide_review(review=review.id, approve=approve, comment=comment, by=by, now=NOON)


def publish(twin: Twin, revision: int = 1) -> int:
    return publish_twin(twin=twin.id, revision=revision, by="ada", now=NOON).version


def test_the_rule_is_changed_and_recorded_once(twin: Twin) -> None:
    assert needs_review()
    set_rule(needs_review=True, by="owner", now=NOON)
    set_rule(needs_review=False, by="owner", now=NOON)
    assert not needs_review()
    told = AuditEntry.objects.filter(action="organisation.publishing_rule").order_by("id")
    assert [entry.details for entry in told] == [{"needs_review": True}, {"needs_review": False}]


def test_nothing_is_published_unapproved(twin: Twin) -> None:
    with pytest.raises(NotApprovedError, match="it was not reviewed"):
        publish(twin)
    review = ask(twin)
    with pytest.raises(NotApprovedError, match="nobody has approved it yet"):
        publish(twin)
    decide(review, "bob", "the name is wrong", approve=False)
    with pytest.raises(NotApprovedError, match="bob asked for changes"):
        publish(twin)
    decide(ask(twin), "bob")
    assert standing(twin).is_approved
    assert publish(twin) == 1
    told = AuditEntry.objects.filter(action__startswith="twin.review").order_by("id")
    assert list(told.values_list("action", "by")) == [
        ("twin.review_asked", "ada"), ("twin.review_changes", "bob"), ("twin.review_asked", "ada"),
        ("twin.review_approved", "bob"),
    ]  # fmt: skip


def test_an_edit_after_the_approval_makes_it_void(twin: Twin) -> None:
    decide(ask(twin), "bob")
    edit(twin, {"op": "move", "asset": A, "at": [1, 1]})
    with pytest.raises(NotApprovedError, match="the draft was edited after revision 1"):
        publish(twin, 2)
    review = ask(twin, 2)
    edit(twin, {"op": "move", "asset": A, "at": [2, 2]})
    with pytest.raises(ReviewStateError, match="the draft was edited since"):
        decide(review, "bob")
    # Asking anew takes the old question back.
    assert ask(twin, 3).id != review.id
    review.refresh_from_db()
    assert review.state == "withdrawn"


def test_nobody_approves_their_own(twin: Twin) -> None:
    edit(twin, {"op": "rename", "asset": A, "name": "Left"}, by="bob")
    review = ask(twin, 2, by="carol")
    for own in ("ada", "bob", "carol"):
        with pytest.raises(OwnReviewError, match="another person has to approve"):
            decide(review, own)
        assert not waiting(own).exists()
    assert [each.id for each in waiting("dan")] == [review.id]
    decide(review, "dan")
    assert not waiting("dan").exists()
    assert publish(twin, 2) == 1


def test_who_edited_before_the_last_publication_may_approve(twin: Twin) -> None:
    decide(ask(twin), "bob")
    publish(twin)
    edit(twin, {"op": "rename", "asset": A, "name": "Left"}, by="bob")
    decide(ask(twin, 2, by="bob"), "ada")
    assert publish(twin, 2) == 2


def test_what_cannot_be_asked_or_decided(twin: Twin) -> None:
    with pytest.raises(RevisionError, match="at revision 1, not 0"):
        ask(twin, 0)
    review = ask(twin)
    with pytest.raises(ReviewStateError, match="under review already"):
        ask(twin)
    with pytest.raises(ReviewStateError, match="say what should be changed"):
        decide(review, "bob", " ", approve=False)
    withdraw_review(review=review.id, by="ada", now=NOON)
    with pytest.raises(ReviewStateError, match="withdrawn already"):
        decide(review, "bob")
    with pytest.raises(NoReviewError):
        withdraw_review(review=new_id(), by="ada", now=NOON)
    decide(ask(twin), "bob")
    publish(twin)
    with pytest.raises(ReviewStateError, match="nothing was changed since version 1"):
        ask(twin)


def test_a_rollback_does_not_wait_for_a_review(twin: Twin) -> None:
    decide(ask(twin), "bob")
    publish(twin)
    edit(twin, {"op": "rename", "asset": A, "name": "Left"})
    decide(ask(twin, 2), "bob")
    publish(twin, 2)
    assert roll_back(twin=twin.id, version=1, revision=2, by="ada", now=NOON).version == 3
