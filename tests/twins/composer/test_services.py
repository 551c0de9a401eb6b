"""A twin's life: composed, edited by two people at once, published, never changed again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from tenants.kernel.errors import NotFoundError
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.composer import selectors
from twins.composer.domain.conflicts import EditConflictError
from twins.composer.domain.operations import NotThereError
from twins.composer.models import DraftOperation, Twin, TwinVersion
from twins.composer.publishing import NotPublishableError, publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import (
    BlueprintError,
    OperationsError,
    RevisionError,
    create_fleet,
    create_twin,
    edit_draft,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
A, B = str(new_id()), str(new_id())
Edit = dict[str, Any]


@pytest.fixture
def twin(tenant: Tenant) -> Any:
    with scope(tenant.id):
        yield create_twin(name="Northwind fleet", now=NOON)


def add(asset: str, name: str, kind: str = "turbofan-engine@1") -> Edit:
    return {"op": "add_asset", "asset": asset, "type": kind, "name": name, "at": [0, 0]}


def edit(twin: Twin, base: int, *operations: Edit, by: str = "ada") -> selectors.Draft:
    return edit_draft(twin=twin.id, base_revision=base, operations=list(operations), by=by, now=NOON)


def publish(twin: Twin, revision: int) -> TwinVersion:
    return publish_twin(twin=twin.id, revision=revision, note="first", by="ada", now=NOON)


def test_a_new_twin_is_empty_and_has_an_address(twin: Twin) -> None:
    draft = selectors.draft(twin.id)
    assert (draft.slug, draft.revision, draft.published_version) == ("northwind-fleet", 0, None)
    assert draft.document.as_json() == {"twin": str(twin.id), "version": 0, "name": "Northwind fleet"}


def test_addresses_are_numbered_and_never_empty(twin: Twin) -> None:
    names = ["Northwind fleet", "Northwind Fleet!", "new", "泵站"]
    assert [create_twin(name=name, now=NOON).slug for name in names] == [
        "northwind-fleet-2", "northwind-fleet-3", "new-2", "twin"
    ]  # fmt: skip


def test_edits_are_applied_in_order_and_kept_with_their_author(twin: Twin) -> None:
    draft = edit(twin, 0, add(A, "Engine 1"), {"op": "rename", "asset": A, "name": "Engine 081"})
    assert (draft.revision, draft.document.assets[A].name) == (2, "Engine 081")
    assert list(DraftOperation.objects.values_list("revision", "operation__op", "author")) == [
        (1, "add_asset", "ada"), (2, "rename", "ada")
    ]  # fmt: skip


def test_all_operations_or_none(twin: Twin) -> None:
    with pytest.raises(NotThereError):
        edit(twin, 0, add(A, "Engine 1"), {"op": "rename", "asset": B, "name": "x"})
    assert selectors.draft(twin.id).revision == 0
    with pytest.raises(OperationsError) as caught:
        edit(twin, 0, add(A, "Engine 1"), {"op": "move", "asset": A, "at": [1]})
    assert caught.value.findings[0].place == "1/at/1"


def test_edits_of_different_places_commute(twin: Twin) -> None:
    edit(twin, 0, add(A, "Engine 1"), add(B, "Engine 2"))
    edit(twin, 2, {"op": "rename", "asset": A, "name": "Left"}, by="ada")
    draft = edit(twin, 2, {"op": "move", "asset": A, "at": [50, 60]}, by="bob")
    assert (draft.revision, draft.document.assets[A].name, draft.document.assets[A].at) == (4, "Left", (50, 60))


def test_edits_of_the_same_place_conflict_and_show_both_sides(twin: Twin) -> None:
    edit(twin, 0, add(A, "Engine 1"))
    edit(twin, 1, {"op": "rename", "asset": A, "name": "Left"}, by="ada")
    with pytest.raises(EditConflictError) as caught:
        edit(twin, 1, {"op": "rename", "asset": A, "name": "Right"}, by="bob")
    assert caught.value.extra == {  # type: ignore[attr-defined]
        "revision": 2,
        "theirs": [{"op": "rename", "asset": A, "name": "Left"}],
        "yours": [{"op": "rename", "asset": A, "name": "Right"}],
    }
    assert selectors.draft(twin.id).document.assets[A].name == "Left"


def test_a_revision_that_cannot_be_is_refused(twin: Twin) -> None:
    with pytest.raises(RevisionError, match="at revision 0, and never was at revision 7"):
        edit(twin, 7, add(A, "Engine 1"))


def test_edits_of_before_a_publication_are_carried_over(twin: Twin) -> None:
    edit(twin, 0, add(A, "Engine 1"))
    publish(twin, 1)
    assert set(edit(twin, 0, add(B, "Engine 2"), by="bob").document.assets) == {A, B}


def test_edits_on_the_published_revision_are_carried_over(twin: Twin) -> None:
    edit(twin, 0, add(A, "Engine 1"))
    publish(twin, 1)
    edit(twin, 1, add(B, "Engine 2"))
    assert edit(twin, 1, {"op": "rename", "asset": A, "name": "Left"}).document.assets[A].name == "Left"


def test_a_version_is_published_and_never_changed(twin: Twin) -> None:
    edit(twin, 0, add(A, "Engine 1"))
    version = publish(twin, 1)
    found = selectors.published_twin(twin.id)
    assert found is not None
    assert (found.version, found.parent, found.note, found.author) == (1, None, "first", "ada")
    assert version.digest == found.digest()
    with pytest.raises(DatabaseError), transaction.atomic():
        TwinVersion.objects.update(note="changed")
    edit(twin, 1, {"op": "rename", "asset": A, "name": "Left"})
    second = publish(twin, 2)
    assert (second.version, second.document["parent"]) == (2, 1)
    assert [each.version for each in selectors.published_twins()] == [2]
    assert [each.version for each in selectors.versions(twin.id)] == [2, 1]


def test_what_cannot_be_published_says_why(twin: Twin) -> None:
    with pytest.raises(NotPublishableError) as empty:
        publish(twin, 0)
    assert empty.value.findings[0].code == "twin.empty"
    edit(twin, 0, add(A, "Engine 1"), add(B, "Engine 1"))
    with pytest.raises(NotPublishableError) as caught:
        publish(twin, 2)
    assert {finding.code for finding in caught.value.findings} == {"twin.duplicate_name"}
    with pytest.raises(RevisionError, match="at revision 2, not 1"):
        publish(twin, 1)
    edit(twin, 2, {"op": "rename", "asset": B, "name": "Engine 2"})
    assert publish(twin, 3).version == publish(twin, 3).version == 1


def test_a_fleet_is_composed_by_the_same_operations(tenant: Tenant) -> None:
    gateway = str(new_id())
    with scope(tenant.id):
        parameters = FleetParameters(name="Northwind fleet", count=20, first=81, gateway=gateway)
        draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by="ada", now=NOON)
        document = draft.document
        assert (len(document.assets), len(document.bindings), draft.findings) == (20, 480, ())
        assert draft.revision == DraftOperation.objects.count() == 501
        assert sorted(asset.name for asset in document.assets.values())[0] == "Engine 081"
        assert publish_twin(twin=draft.twin, revision=501, note="", by="ada", now=NOON).version == 1
        with pytest.raises(BlueprintError, match="no blueprint submarine"):
            create_fleet(blueprint="submarine", parameters=parameters, by="ada", now=NOON)


def test_another_tenants_twin_is_not_there(tenant: Tenant, stranger: Tenant) -> None:
    with scope(tenant.id):
        twin = create_twin(name="Northwind fleet", now=NOON)
    with scope(stranger.id):
        for call in (
            selectors.draft,
            lambda each: edit(Twin(id=each), 0, add(A, "x")),
            lambda each: publish(Twin(id=each), 0),
        ):
            with pytest.raises(NotFoundError):
                call(UUID(str(twin.id)))
