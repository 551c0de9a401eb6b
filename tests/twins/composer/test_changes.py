"""Answers to edits say what changed and no more; whoever lacks something asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from twins.composer import changes
from twins.composer.changes import TooFarBehindError, changes_since
from twins.composer.models import DraftOperation, Twin
from twins.composer.publishing import publish_twin
from twins.composer.recent import Recent
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import draft_of
from twins.composer.services import create_twin, edit_draft, save_edits

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
A, B = str(new_id()), str(new_id())
Edit = dict[str, Any]


@pytest.fixture
def engineer(cast: Cast, with_key: WithKey) -> APIClient:
    return with_key(cast.meridian, Role.ENGINEER)


@pytest.fixture
def twin(cast: Cast) -> Twin:
    """Two engines, which the owner has added."""
    with scope(cast.meridian.id):
        twin = create_twin(name="Fleet", now=utc_now())
        edit(twin, 0, add(A), add(B), by=cast.owner.email)
        return twin


def add(asset: str) -> Edit:
    return {"op": "add_asset", "asset": asset, "type": "turbofan-engine@1", "name": f"E{asset[-4:]}", "at": [0, 0]}


def rename(asset: str, name: str) -> Edit:
    return {"op": "rename", "asset": asset, "name": name}


def edit(twin: Twin, base: int, *operations: Edit, by: str = "ada") -> None:
    edit_draft(twin=twin.id, base_revision=base, operations=list(operations), by=by, now=utc_now())


def post(client: APIClient, twin: Twin, base: int, *operations: Edit) -> Any:
    body = {"base_revision": base, "operations": list(operations)}
    return client.post(f"/api/v1/twins/{twin.id}/draft/operations/", body)


def test_an_answer_says_what_others_did_and_not_the_whole_document(engineer: APIClient, twin: Twin, cast: Cast) -> None:
    with scope(cast.meridian.id):
        edit(twin, 2, rename(A, "Left"), by="ada")
    answer = post(engineer, twin, 2, {"op": "move", "asset": A, "at": [7, 7]})
    body = answer.json()
    findings = {"findings", "findings_at", "findings_since", "findings_mark"}
    assert (answer.status_code, set(body), body["revision"]) == (200, {"revision", "theirs"} | findings, 4)
    (theirs,) = body["theirs"]
    assert (theirs["revision"], theirs["author"], theirs["operation"]) == (3, "ada", rename(A, "Left"))
    assert post(engineer, twin, 4, rename(B, "Right")).json()["theirs"] == []


def test_an_answer_tells_only_findings_that_differ_from_those_that_are_known(engineer: APIClient, twin: Twin) -> None:
    path = f"/api/v1/twins/{twin.id}/draft/"
    draft = engineer.get(path).json()
    assert {each["place"] for each in draft["findings"]} == {f"assets/{A}", f"assets/{B}"}

    def post_knowing(mark: str, base: int, *operations: Edit) -> Any:
        body = {"base_revision": base, "operations": operations, "findings_mark": mark}
        return engineer.post(f"{path}operations/", body).json()

    moved = post_knowing(draft["findings_mark"], 2, {"op": "move", "asset": A, "at": [7, 7]})
    assert (moved["findings"], moved["findings_at"]) == (None, {})
    assert moved["findings_mark"] == moved["findings_since"] == draft["findings_mark"]
    renamed = post_knowing(moved["findings_mark"], 3, rename(A, "Left"))
    assert (renamed["findings"], renamed["findings_since"]) == (None, draft["findings_mark"])
    ((place, (found,)),) = renamed["findings_at"].items()
    assert (place, found["message"].partition(" does")[0]) == (f"assets/{A}", "Left")
    removed = post_knowing(renamed["findings_mark"], 4, {"op": "remove_asset", "asset": A})
    assert removed["findings_at"] == {f"assets/{A}": []}
    stale = post_knowing(draft["findings_mark"], 5, rename(B, "Right"))
    assert ([each["place"] for each in stale["findings"]], stale["findings_at"]) == ([f"assets/{B}"], None)
    since = engineer.get(f"{path}changes/?since=2&findings_mark={stale['findings_mark']}").json()
    assert (since["findings"], since["findings_at"]) == (None, {})
    assert engineer.get(f"{path}changes/?since=2").json()["findings"] == stale["findings"]


def test_the_row_says_what_the_answer_says(twin: Twin, cast: Cast) -> None:
    link, note = str(new_id()), str(new_id())
    steps: list[list[Edit]] = [
        [{"op": "add_group", "group": "g", "name": "G"}, {"op": "set_group", "asset": A, "group": "g"}],
        [{"op": "link", "link": link, "from": [A, "x"], "to": [B, "y"], "kind": "feeds"}, rename(A, "100 % 'left'")],
        [{"op": "add_note", "note": note, "at": [0, 0], "text": "x"}, {"op": "rename_twin", "name": "Other"}],
        [{"op": "bind", "place": f"{A}/t24", "gateway": A, "key": "k", "scale": "0.10"}],
        [{"op": "set_kind", "link": link, "kind": "drives"}, {"op": "collapse", "group": "g", "collapsed": True}],
        [{"op": "remove_note", "note": note}, {"op": "remove_asset", "asset": A}, {"op": "remove_group", "group": "g"}],
    ]
    with scope(cast.meridian.id):
        revision = 2
        for step in steps:
            saved = save_edits(twin=twin.id, base_revision=revision, operations=step, by="ada", now=utc_now())
            revision += len(step)
            row = Twin.objects.get(id=twin.id)
            assert (row.revision, row.name) == (revision, saved.draft.document.name)
            assert TwinDocument.model_validate(row.draft) == saved.draft.document


def test_a_draft_is_held_for_its_next_edit_until_it_is_another_one(twin: Twin, cast: Cast) -> None:
    with scope(cast.meridian.id):
        row, recent = Twin.objects.get(id=twin.id), Recent(3)
        held = draft_of(row)
        recent.hold(held)
        assert recent.find(row) is held
        recent.hold(replace(held, twin=new_id()))
        assert recent.find(row) is None  # four parts are too many
        recent.hold(held)
        publish_twin(twin=twin.id, revision=2, note="", by="ada", now=utc_now())
        assert recent.find(Twin.objects.get(id=twin.id)) is None
        row.refresh_from_db()
        recent.hold(draft_of(row))
        edit(row, 2, rename(A, "Left"))
        assert recent.find(Twin.objects.get(id=twin.id)) is None


def test_an_edit_of_a_held_draft_is_as_one_of_the_row(
    twin: Twin, cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with scope(cast.meridian.id):
        with django_capture_on_commit_callbacks(execute=True):
            edit(twin, 2, rename(A, "Left"))
        saved = save_edits(twin=twin.id, base_revision=3, operations=[rename(B, "Right")], by="ada", now=utc_now())
        assert saved.draft == draft_of(Twin.objects.get(id=twin.id))


def test_the_same_said_twice_is_done_once(engineer: APIClient, twin: Twin, cast: Cast) -> None:
    with scope(cast.meridian.id):
        edit(twin, 2, rename(A, "Left"), {"op": "remove_asset", "asset": B})
    answer = post(engineer, twin, 2, {"op": "remove_asset", "asset": B}, rename(A, "Left")).json()
    assert (answer["revision"], len(answer["theirs"])) == (4, 2)
    with scope(cast.meridian.id):
        assert DraftOperation.objects.count() == 4


def test_what_was_done_since_a_revision(engineer: APIClient, twin: Twin, cast: Cast) -> None:
    with scope(cast.meridian.id):
        publish_twin(twin=twin.id, revision=2, note="First", by=cast.owner.email, now=utc_now())
        edit(twin, 2, rename(A, "Left"), by="ada")
    found = engineer.get(f"/api/v1/twins/{twin.id}/draft/changes/?since=1").json()
    assert [(each["revision"], each["operation"]["op"]) for each in found["changes"]] == [
        (2, "add_asset"),
        (3, "rename"),
    ]
    assert (found["revision"], found["published_version"], found["published_revision"]) == (3, 1, 2)
    assert found["versions"] == [{"version": 1, "author": cast.owner.email, "note": "First"}]
    assert found["people"] == ({cast.owner.email: cast.owner.name} if cast.owner.name else {})
    now = engineer.get(f"/api/v1/twins/{twin.id}/draft/changes/?since=3").json()
    assert (now["changes"], now["versions"]) == ([], [])


@pytest.mark.parametrize(("query", "status"), [("", 400), ("?since=-1", 400), ("?since=x", 400), ("?since=9", 422)])
def test_what_cannot_be_asked(engineer: APIClient, twin: Twin, query: str, status: int) -> None:
    assert engineer.get(f"/api/v1/twins/{twin.id}/draft/changes/{query}").status_code == status


def test_too_much_is_not_told(twin: Twin, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_CHANGES", 1)
    with scope(cast.meridian.id):
        assert len(changes_since(twin.id, 1).changes) == 1
        with pytest.raises(TooFarBehindError) as caught:
            changes_since(twin.id, 0)
    assert (caught.value.code, caught.value.fix) == ("twin.too_far_behind", "Load the draft anew.")


def test_strangers_learn_nothing(twin: Twin, cast: Cast, with_key: WithKey) -> None:
    client = with_key(cast.stranger, Role.OWNER)
    assert client.get(f"/api/v1/twins/{twin.id}/draft/changes/?since=0").status_code == 404
    assert with_key(cast.meridian, Role.FINANCE).get(f"/api/v1/twins/{twin.id}/draft/changes/?since=0").status_code in (
        200,
        403,
    )


def test_edits_of_before_a_rollback_are_carried_over_or_conflict_with_a_reason(twin: Twin, cast: Cast) -> None:
    from twins.composer.reverting import roll_back

    now = utc_now()
    with scope(cast.meridian.id):
        publish_twin(twin=twin.id, revision=2, note="First", by="ada", now=now)
        edit(twin, 2, rename(A, "Left"))
        publish_twin(twin=twin.id, revision=3, note="Second", by="ada", now=now)
        roll_back(twin=twin.id, version=1, revision=3, by="bob", now=now)
        saved = save_edits(twin=twin.id, base_revision=3, operations=[rename(B, "Right")], by="cy", now=now)
        assert saved.draft.document.assets[B].name == "Right"
        assert {each.author for each in saved.theirs} == {"bob"}
        told = changes_since(twin.id, 3)
    assert [(each.version, each.author, each.note) for each in told.versions] == [(3, "bob", "Back to version 1")]
