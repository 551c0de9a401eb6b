"""The pages of versions, reviews and promotions, as people with and without the right see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from twins.composer.models import DraftAside, Twin, TwinReview
from twins.composer.publishing import publish_twin
from twins.composer.reviewing import ask_review
from twins.composer.services import create_twin, edit_draft

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
A = str(new_id())
FLEET = "/t/meridian/twins/fleet/"


@pytest.fixture
def twin(cast: Cast) -> Twin:
    """A twin with two versions, of which the second is published, and an edit since."""
    with scope(cast.meridian.id):
        row = create_twin(name="Fleet", now=NOON)
        add = {"op": "add_asset", "asset": A, "type": "turbofan-engine@1", "name": "Engine 1", "at": [0, 0]}
        for revision, name in enumerate(("Spring", "", None)):
            operation = add if not revision else {"op": "rename", "asset": A, "name": f"Engine {revision + 1}"}
            edit_draft(twin=row.id, base_revision=revision, operations=[operation], by="ada", now=NOON)
            if name is not None:
                publish_twin(twin=row.id, revision=revision + 1, name=name, by="ada", now=NOON)
        return Twin.objects.get(id=row.id)


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.content.decode()


def test_the_list_of_versions(cast: Cast, sign_in: SignIn, twin: Twin) -> None:
    page = text(sign_in(cast.engineer), f"{FLEET}versions/")
    for said in ("1 edit since version 2.", "Spring", "Ask for a review", "Promote", "?before=0&amp;after=1"):
        assert said in page
    seen = text(sign_in(cast.viewer), f"{FLEET}versions/")
    assert "Spring" in seen
    assert "Ask for a review" not in seen
    assert "Promote" not in seen
    assert sign_in(cast.viewer).get(f"{FLEET}promote/").status_code == 403


def test_a_twin_without_versions_says_how_to_begin(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        create_twin(name="Fleet", now=NOON)
    client = sign_in(cast.engineer)
    assert "No version yet" in text(client, f"{FLEET}versions/")
    assert "No version to promote" in text(client, f"{FLEET}promote/")
    assert "No review yet" in text(client, "/t/meridian/reviews/")
    text(client, f"{FLEET}versions/1/", 404)


def test_a_version_is_shown_named_and_gone_back_to(cast: Cast, sign_in: SignIn, twin: Twin) -> None:
    client = sign_in(cast.engineer)
    page = text(client, f"{FLEET}versions/1/")
    for said in ("Version 1: Spring", "Roll back to it", "Reset the draft to it", "1 edit of the draft is set aside"):
        assert said in page
    assert "Roll back to it" not in text(client, f"{FLEET}versions/2/")
    renamed = client.post(f"{FLEET}versions/1/rename/", {"name": "Summer"}, follow=True)
    assert "Version 1: Summer" in renamed.content.decode()
    stale = client.post(f"{FLEET}versions/1/rollback/", {"revision": 2}, follow=True)
    assert "somebody edited it meanwhile" in stale.content.decode()
    back = client.post(f"{FLEET}versions/1/rollback/", {"revision": 3}, follow=True).content.decode()
    assert "Version 3 is published and says what version 1 says" in back
    assert "1 edit after version 2" in back
    with scope(cast.meridian.id):
        aside = DraftAside.objects.get()
    returned = client.post(f"{FLEET}asides/{aside.id}/return/", follow=True).content.decode()
    assert "The edits are back in the draft." in returned
    again = client.post(f"{FLEET}asides/{aside.id}/return/", follow=True).content.decode()
    assert "there are no such edits" in again


def test_a_reset_is_undone_by_bringing_the_edits_back(cast: Cast, sign_in: SignIn, twin: Twin) -> None:
    client = sign_in(cast.engineer)
    page = client.post(f"{FLEET}versions/2/reset/", {"revision": 3}, follow=True).content.decode()
    assert "The draft says what version 2 says." in page
    assert "by a reset of the draft" in page
    refused = client.post(f"{FLEET}versions/2/reset/", {"revision": "x"}, follow=True).content.decode()
    assert "somebody edited it meanwhile" in refused


def test_the_page_that_compares(cast: Cast, sign_in: SignIn, twin: Twin) -> None:
    client = sign_in(cast.viewer)
    page = text(client, f"{FLEET}compare/?before=1&after=draft")
    assert '"before": "1"' in page
    assert "Version 1: Spring" in page
    for wrong in ("before=7", "before=x", "after=-1"):
        text(client, f"{FLEET}compare/?{wrong}", 404)


def test_a_review_is_asked_for_and_decided(cast: Cast, sign_in: SignIn, twin: Twin) -> None:
    engineer, owner = sign_in(cast.engineer), sign_in(cast.owner)
    stale = engineer.post(f"{FLEET}review/", {"revision": 2}, follow=True).content.decode()
    assert "the draft is at revision 3, not 2" in stale
    page = engineer.post(f"{FLEET}review/", {"revision": 3, "note": "the name"}, follow=True).content.decode()
    assert "Another person has to approve them" in page.replace("so another", "Another")
    with scope(cast.meridian.id):
        review = TwinReview.objects.get()
    path = f"/t/meridian/reviews/{review.id}/"
    assert "1 review waits for you" in text(owner, "/t/meridian/reviews/badge/")
    assert "No review waits for you" in text(engineer, "/t/meridian/reviews/badge/")
    assert "Engine 2 → Engine 3" in text(owner, path)
    assert "Waits for you" in text(owner, "/t/meridian/reviews/")
    silent = owner.post(path, {"deed": "changes", "comment": ""})
    assert (silent.status_code, "say what should be changed" in silent.content.decode()) == (400, True)
    own = engineer.post(path, {"deed": "approve"})
    assert (own.status_code, "another person has to approve them" in own.content.decode()) == (400, True)
    assert sign_in(cast.viewer).post(path, {"deed": "approve"}).status_code == 403
    approved = owner.post(path, {"deed": "approve", "comment": "fine"}, follow=True).content.decode()
    assert "Approved. It can be published now." in approved
    late = engineer.post(f"{path}withdraw/", follow=True).content.decode()
    assert "this review is approved already" in late
    assert "Approved by owner@meridian.example" in text(engineer, f"{FLEET}versions/")
    text(owner, f"/t/meridian/reviews/{new_id()}/", 404)


def test_a_review_of_what_was_edited_since_says_so(cast: Cast, sign_in: SignIn, twin: Twin) -> None:
    with scope(cast.meridian.id):
        review = ask_review(twin=twin.id, revision=3, note="", by="ada", now=NOON)
        move = {"op": "move", "asset": A, "at": [1, 1]}
        edit_draft(twin=twin.id, base_revision=3, operations=[move], by="ada", now=NOON)
    page = text(sign_in(cast.owner), f"/t/meridian/reviews/{review.id}/")
    assert "It does not hold for what the draft says now." in page
    assert 'value="approve"' not in page


def test_who_administers_says_whether_reviews_are_wanted(cast: Cast, sign_in: SignIn) -> None:
    owner = sign_in(cast.owner)
    assert "Another person has to approve a draft" in text(owner, "/t/meridian/admin/publishing/")
    saved = owner.post("/t/meridian/admin/publishing/", {"needs_review": "on"}, follow=True).content.decode()
    assert "checked" in saved
    assert "only after another person has approved" in text(owner, "/t/meridian/reviews/")
    assert sign_in(cast.engineer).get("/t/meridian/admin/publishing/").status_code == 403


def test_a_promotion_is_shown_and_then_done(cast: Cast, sign_in: SignIn, twin: Twin) -> None:
    client = sign_in(cast.engineer)
    asked = {"version": "2", "target": "", "name": "Plant", "site": ""}
    plan = client.post(f"{FLEET}promote/", {**asked, "deed": "plan"})
    assert "What the new twin will have" in plan.content.decode()
    shown = plan.context["shown"]
    other = client.post(f"{FLEET}promote/", {**asked, "version": "1", "deed": "promote", "shown": shown})
    assert "What the new twin will have" in other.content.decode()  # another version than was shown
    done = client.post(f"{FLEET}promote/", {**asked, "deed": "promote", "shown": shown}, follow=True).content.decode()
    assert "It is in the draft of “Plant” now." in done
    assert "Made of version 2 of" in done
    with scope(cast.meridian.id):
        target = Twin.objects.get(slug="plant")
    again = {**asked, "target": str(target.id), "revision": str(target.revision)}
    same = client.post(f"{FLEET}promote/", {**again, "deed": "plan"})
    assert "0 added, 0 removed, 0 changed, 0 moved." in same.content.decode()
    refused = client.post(f"{FLEET}promote/", {**again, "deed": "promote", "shown": same.context["shown"]})
    assert (refused.status_code, "says already what version 2 says" in refused.content.decode()) == (400, True)
    assert client.post(f"{FLEET}promote/", {**asked, "version": "9"}).status_code == 400
