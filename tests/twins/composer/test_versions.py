"""Versions: published once however often it is asked for, named, gone back to; nothing that was drafted is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.composer.domain.conflicts import EditConflictError
from twins.composer.models import DraftAside, Twin, TwinVersion, VersionName
from twins.composer.publishing import NotPublishableError, NoVersionError, name_version, publish_twin
from twins.composer.reverting import NothingToRevertError, reset_draft, return_aside, roll_back
from twins.composer.selectors import draft, published_twin
from twins.composer.services import RevisionError, create_twin, edit_draft
from twins.composer.versions import (
    KEPT_FOR,
    NoAsideError,
    asides,
    document_at,
    names_given,
    removed_lately,
    version_of,
    versions_listed,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
A, B = str(new_id()), str(new_id())
Edit = dict[str, Any]


@pytest.fixture
def twin(tenant: Tenant) -> Iterator[Twin]:
    with scope(tenant.id):
        yield create_twin(name="Northwind fleet", now=NOON)


def add(asset: str, name: str) -> Edit:
    return {"op": "add_asset", "asset": asset, "type": "turbofan-engine@1", "name": name, "at": [0, 0]}


def rename(asset: str, name: str) -> Edit:
    return {"op": "rename", "asset": asset, "name": name}


def edit(twin: Twin, *operations: Edit, base: int | None = None, by: str = "ada", at: datetime = NOON) -> None:
    revision = Twin.objects.get(id=twin.id).revision if base is None else base
    edit_draft(twin=twin.id, base_revision=revision, operations=list(operations), by=by, now=at)


def publish(twin: Twin, **words: str) -> TwinVersion:
    revision = Twin.objects.get(id=twin.id).revision
    return publish_twin(twin=twin.id, revision=revision, by="ada", now=NOON, **words)


def back(twin: Twin, version: int, by: str = "bob") -> TwinVersion:
    return roll_back(
        twin=twin.id, version=version, revision=Twin.objects.get(id=twin.id).revision, by=by, now=NOON
    )  # fmt: skip


def names(twin: Twin) -> list[str]:
    return sorted(asset.name for asset in draft(twin.id).document.assets.values())


def test_the_same_revision_is_published_once(twin: Twin) -> None:
    edit(twin, add(A, "Engine 1"))
    first = publish(twin, name="Before the winter", note="all that runs")
    assert publish_twin(twin=twin.id, revision=1, by="bob", now=NOON).id == first.id
    edit(twin, rename(A, "Left"))
    assert publish_twin(twin=twin.id, revision=1, by="bob", now=NOON).id == first.id
    second = publish(twin)
    assert [version.version for version in versions_listed(twin.id)] == [2, 1]
    assert publish_twin(twin=twin.id, revision=1, by="bob", now=NOON).id == first.id
    assert publish_twin(twin=twin.id, revision=2, by="bob", now=NOON).id == second.id
    assert [(row.version, row.name, row.assets, row.revision) for row in versions_listed(twin.id)] == [  # type: ignore[attr-defined]
        (2, "", 1, 2), (1, "Before the winter", 1, 1)
    ]  # fmt: skip


def test_a_stale_publication_says_who_edited_since(twin: Twin) -> None:
    edit(twin, add(A, "Engine 1"))
    edit(twin, rename(A, "Left"), by="bob")
    with pytest.raises(RevisionError, match="at revision 2, not 1; edited since by bob"):
        publish_twin(twin=twin.id, revision=1, by="ada", now=NOON)
    assert not TwinVersion.objects.exists()


def test_a_version_is_given_another_name_and_the_old_one_is_kept(twin: Twin) -> None:
    edit(twin, add(A, "Engine 1"))
    version = publish(twin, name="Trial")
    name_version(twin=twin.id, version=1, name=" Winter ", by="bob", now=NOON)
    name_version(twin=twin.id, version=1, name="Winter", by="bob", now=NOON)
    found = version_of(twin.id, 1)
    assert found is not None
    assert (found.name, found.digest) == ("Winter", version.digest)  # type: ignore[attr-defined]
    assert [(row.name, row.given_by) for row in names_given(twin.id, 1)] == [("Winter", "bob"), ("Trial", "ada")]
    entry = AuditEntry.objects.get(action="twin.version_named")
    assert entry.details == {"version": 1, "before": "Trial", "after": "Winter"}
    with pytest.raises(NoVersionError):
        name_version(twin=twin.id, version=2, name="x", by="bob", now=NOON)
    with pytest.raises(DatabaseError), transaction.atomic():
        VersionName.objects.update(name="x")


def test_a_rollback_is_a_new_version_and_keeps_what_was_drafted(twin: Twin) -> None:
    edit(twin, add(A, "Engine 1"), {"op": "bind", "place": f"{A}/t24", "gateway": str(new_id()), "key": "1/t24"})
    first = publish(twin)
    edit(twin, rename(A, "Left"), add(B, "Engine 2"))
    publish(twin)
    edit(twin, {"op": "move", "asset": B, "at": [50, 60]}, rename(B, "Right"), by="ada")
    made = back(twin, 1)
    found = published_twin(twin.id)
    assert found is not None
    assert (made.version, found.version, found.parent, found.note) == (3, 3, 2, "Back to version 1")
    before = document_at(twin, "1")
    assert before is not None
    assert (found.assets, found.bindings) == (before.assets, before.bindings)
    assert TwinVersion.objects.get(version=1).digest == first.digest
    kept = asides(twin.id).get()
    assert (kept.kind, kept.version, kept.count, kept.put_by) == ("rollback", 2, 2, "bob")
    assert AuditEntry.objects.filter(action="twin.rolled_back").count() == 1
    # Engine 2 went with the rollback, so its edits have no place now; nothing is lost by trying.
    returned = return_aside(twin=twin.id, aside=kept.id, by="ada", now=NOON)
    assert [each.as_json()["op"] for each in returned.left] == ["rename", "move"]
    with pytest.raises(NoAsideError):
        return_aside(twin=twin.id, aside=kept.id, by="ada", now=NOON)
    assert document_at(twin, "2") is not None


def test_an_edit_made_on_what_was_just_rolled_back_is_told_so(twin: Twin) -> None:
    edit(twin, add(A, "Engine 1"), add(B, "Engine 2"))
    publish(twin)
    edit(twin, rename(A, "Left"))
    publish(twin)
    back(twin, 1)
    with pytest.raises(EditConflictError) as caught:
        edit(twin, rename(A, "Port side"), base=3, by="carol")
    assert caught.value.message.endswith("Version 3 was published meanwhile: Back to version 1.")
    assert caught.value.extra["theirs"] == [rename(A, "Engine 1")]  # type: ignore[attr-defined]
    assert caught.value.extra["yours"] == [rename(A, "Port side")]  # type: ignore[attr-defined]
    edit(twin, {"op": "move", "asset": B, "at": [1, 2]}, base=3, by="carol")
    assert draft(twin.id).document.assets[B].at == (1, 2)
    with pytest.raises(RevisionError, match="never was at revision 99"):
        edit(twin, rename(A, "x"), base=99)


def test_what_cannot_be_gone_back_to(twin: Twin) -> None:
    edit(twin, add(A, "Engine 1"))
    publish(twin)
    with pytest.raises(NothingToRevertError, match="the one that is published"):
        back(twin, 1)
    with pytest.raises(NoVersionError):
        back(twin, 2)
    with pytest.raises(NoVersionError):
        back(twin, 0)
    with pytest.raises(RevisionError, match="somebody edited it meanwhile"):
        reset_draft(twin=twin.id, version=1, revision=0, by="ada", now=NOON)
    with pytest.raises(NothingToRevertError, match="says what version 1 says"):
        reset_draft(twin=twin.id, version=1, revision=1, by="ada", now=NOON)


def test_a_reset_of_the_draft_is_undone(twin: Twin) -> None:
    edit(twin, add(A, "Engine 1"))
    publish(twin)
    edit(twin, rename(A, "Left"), add(B, "Engine 2"), {"op": "set_property", "asset": A, "property": "x", "value": "1"})
    reset_draft(twin=twin.id, version=1, revision=4, by="ada", now=NOON)
    assert names(twin) == ["Engine 1"]
    assert Twin.objects.get(id=twin.id).published == 1
    aside = DraftAside.objects.get()
    returned = return_aside(twin=twin.id, aside=aside.id, by="ada", now=NOON)
    assert (names(twin), returned.left) == (["Engine 2", "Left"], [])
    assert draft(twin.id).document.assets[A].properties == {"x": "1"}
    assert not asides(twin.id).exists()


def test_a_sound_draft_is_asked_for_and_an_old_version_is_not_judged_again(twin: Twin) -> None:
    with pytest.raises(NotPublishableError) as empty:
        publish(twin)
    assert empty.value.findings[0].code == "twin.empty"


def test_what_was_removed_within_thirty_days_is_offered(twin: Twin) -> None:
    edit(twin, add(A, "Engine 1"), add(B, "Engine 2"))
    edit(twin, {"op": "remove_asset", "asset": B}, by="bob")
    publish(twin)
    edit(twin, rename(A, "Left"), at=NOON + timedelta(days=1))
    row = Twin.objects.get(id=twin.id)
    (found,) = removed_lately(row, now=NOON + timedelta(days=1))
    assert (found.part.subject, found.part.name, found.by, found.at) == ("asset", "Engine 2", "bob", NOON)
    document = document_at(row, "draft")
    assert document is not None
    edit(twin, *(each.as_json() for each in found.part.restoring(document)))
    assert names(twin) == ["Engine 2", "Left"]
    assert removed_lately(Twin.objects.get(id=twin.id), now=NOON + timedelta(days=1)) == []
    edit(twin, {"op": "remove_asset", "asset": B}, at=NOON)
    assert removed_lately(Twin.objects.get(id=twin.id), now=NOON + KEPT_FOR + timedelta(seconds=1)) == []


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_two_who_publish_at_once_make_one_version(tenant: Tenant) -> None:
    with scope(tenant.id):
        twin = create_twin(name="Fleet", now=NOON)
        edit(twin, add(A, "Engine 1"))
    made: list[object] = []
    start = Barrier(4)

    def run(by: str) -> None:
        try:
            with scope(tenant.id):
                start.wait()
                made.append(publish_twin(twin=twin.id, revision=1, by=by, now=NOON).id)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(name,)) for name in ("ada", "bob", "carol", "dan")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with scope(tenant.id):
        assert TwinVersion.objects.count() == 1
        assert (len(made), set(made)) == (4, {TwinVersion.objects.get().id})
