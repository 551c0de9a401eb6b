from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.kernel.errors import OutturnError
from tests.twins.composer.drafts import (
    ASSETS,
    GATEWAY,
    LINKS,
    NEW_NOTE,
    NOTE,
    TWIN,
    A,
    B,
    C,
    operations,
    pair,
    possible,
    twin,
)  # fmt: skip
from twins.composer.domain.operations import (
    AlreadyThereError,
    NotThereError,
    Removed,
    SelfLinkError,
    apply,
    apply_all,
    read_operations,
    restoring,
)
from twins.composer.edits import (
    AddAsset,
    AddGroup,
    AddLink,
    AddNote,
    Attach,
    Bind,
    Collapse,
    EditNote,
    Move,
    MoveNote,
    Operation,
    RemoveAsset,
    RemoveGroup,
    RemoveNote,
    Rename,
    RenameGroup,
    RenameTwin,
    ResizeNote,
    SetGroup,
    SetKind,
    SetProperty,
    SetType,
    Unbind,
    Unlink,
)  # fmt: skip
from twins.composer.schemas import Asset, Binding, Link, TwinDocument


def test_each_operation_changes_its_own_place() -> None:
    start = pair()
    for operation, expected in (
        (Move(asset=A, at=(5, -7)), start.assets[A].model_copy(update={"at": (5, -7)})),
        (Rename(asset=A, name="Left"), start.assets[A].model_copy(update={"name": "Left"})),
        (
            SetProperty(asset=A, property="rated_thrust", value="90000"),
            start.assets[A].model_copy(update={"properties": {"serial_number": "X1", "rated_thrust": "90000"}}),
        ),
        (
            SetProperty(asset=A, property="serial_number", value=None),
            start.assets[A].model_copy(update={"properties": {}}),
        ),
    ):
        applied = apply(start, operation)
        assert applied.document == start.model_copy(update={"assets": start.assets | {A: expected}})
        assert applied.removed == Removed()


def test_assets_are_added_with_all_that_is_said_of_them() -> None:
    added = AddAsset(asset=C, type="pump@2", name="P-101", at=(1, 2), properties={"rated_flow": "12"}, group="duty")
    document = apply(twin(), added).document
    assert document.as_json()["assets"] == {
        C: {"type": "pump@2", "name": "P-101", "at": [1, 2], "properties": {"rated_flow": "12"}, "group": "duty"}
    }


def test_groups_come_and_go() -> None:
    start = pair()
    edits: list[Operation] = [
        SetGroup(asset=A, group="duty"),
        RenameGroup(group="duty", name="On duty"),
        Collapse(group="duty", collapsed=True),
    ]
    grouped = apply_all(start, edits).document
    assert grouped.as_json()["groups"] == {"duty": {"name": "On duty", "collapsed": True}}
    assert (grouped.assets[A].group, grouped.assets[B].group) == ("duty", None)
    back = apply_all(grouped, [SetGroup(asset=A, group=None), RemoveGroup(group="duty")])
    assert back.document == start.model_copy(update={"groups": {}})
    assert back.removed == Removed(groups=grouped.groups)


def test_notes_are_written_moved_and_sized() -> None:
    added = AddNote(note=NEW_NOTE, at=(1, 2), image="0" * 64, size=(320, 200))
    edits: list[Operation] = [
        added,
        EditNote(note=NEW_NOTE, text="Pit 3"),
        MoveNote(note=NEW_NOTE, at=(3, 4)),
        ResizeNote(note=NEW_NOTE, size=None),
    ]
    document = apply_all(pair(), edits).document
    assert document.as_json()["notes"][NEW_NOTE] == {"at": [3, 4], "text": "Pit 3", "image": "0" * 64}
    assert apply(document, RemoveNote(note=NEW_NOTE)).document == pair()


def test_an_asset_becomes_one_of_another_type_and_a_component() -> None:
    edits: list[Operation] = [
        SetType(asset=A, type="turbofan-engine@2"),
        Attach(asset=A, part_of=(B, "core")),
        SetKind(link=LINKS[0], kind="feeds"),
    ]
    document = apply_all(pair(), edits).document
    assert (document.assets[A].type, document.assets[A].part_of) == ("turbofan-engine@2", (B, "core"))
    assert document.links[LINKS[0]].kind == "feeds"
    alone = apply(document, RemoveAsset(asset=B)).document
    assert alone.assets[A].part_of == (B, "core")


def test_the_twin_is_renamed() -> None:
    assert apply(twin(), RenameTwin(name="North")).document == twin(name="North")


def test_links_come_and_go() -> None:
    start = pair()
    added = AddLink(link=LINKS[1], from_=(A, "out"), to=(A, "in"), kind="feeds")
    linked = apply(start, added).document
    assert linked.as_json()["links"][LINKS[1]] == {"from": [A, "out"], "to": [A, "in"], "kind": "feeds"}
    unlinked = apply(linked, Unlink(link=LINKS[1]))
    assert unlinked.document == start
    assert unlinked.removed == Removed(links={LINKS[1]: Link(from_=(A, "out"), to=(A, "in"), kind="feeds")})


def test_a_binding_takes_the_place_of_the_one_before() -> None:
    bound = Bind(
        place=f"{A}/t24", gateway=GATEWAY, key="T24", scale=Decimal("1.8"), offset=Decimal("0.5"), unit="[degR]"
    )
    document = apply(pair(), bound).document
    assert document.as_json()["bindings"] == {
        f"{A}/t24": {"gateway": GATEWAY, "key": "T24", "scale": "1.8", "offset": "0.5", "unit": "[degR]"}
    }
    unbound = apply(document, Unbind(place=f"{A}/t24"))
    assert unbound.document.bindings == {}
    assert unbound.removed.bindings == document.bindings


def test_removing_an_asset_takes_its_links_and_bindings_to_the_trash() -> None:
    start = pair()
    applied = apply(start, RemoveAsset(asset=A))
    assert applied.document.as_json() == {
        "twin": TWIN,
        "version": 0,
        "name": "Fleet",
        "assets": {B: {"type": "turbofan-engine@1", "name": "Engine 002", "at": [260, 0]}},
        "groups": {"duty": {"name": "Duty engines"}},
        "notes": {NOTE: {"text": "Left wing", "at": [0, -60]}},
    }
    assert applied.removed == Removed(
        assets={A: Asset(type="turbofan-engine@1", name="Engine 001", at=(0, 0), properties={"serial_number": "X1"})},
        links={LINKS[0]: Link(from_=(A, "pair"), to=(B, "pair"), kind="pairs")},
        bindings={f"{A}/t24": Binding(gateway=GATEWAY, key="1/t24")},
    )


def test_removing_one_asset_keeps_the_bindings_of_others() -> None:
    applied = apply(pair(), RemoveAsset(asset=B))
    assert list(applied.document.bindings) == [f"{A}/t24"]
    assert list(applied.removed.links) == [LINKS[0]]


def test_what_was_removed_can_be_brought_back() -> None:
    start = pair()
    removing: list[Operation] = [
        RemoveAsset(asset=A),
        RemoveAsset(asset=B),
        RemoveGroup(group="duty"),
        RemoveNote(note=NOTE),
    ]
    applied = apply_all(start, removing)
    assert applied.document == twin()
    assert apply_all(applied.document, restoring(applied.removed)).document == start


@pytest.mark.parametrize(
    ("operation", "error", "place"),
    [
        (AddAsset(asset=A, type="pump@1", name="P", at=(0, 0)), AlreadyThereError, f"assets/{A}"),
        (Move(asset=C, at=(0, 0)), NotThereError, f"assets/{C}"),
        (Rename(asset=C, name="P"), NotThereError, f"assets/{C}"),
        (SetType(asset=C, type="pump@1"), NotThereError, f"assets/{C}"),
        (SetGroup(asset=A, group="spare"), NotThereError, "groups/spare"),
        (Attach(asset=A, part_of=(C, "core")), NotThereError, f"assets/{C}"),
        (Attach(asset=A, part_of=(A, "core")), SelfLinkError, f"assets/{A}/part_of"),
        (SetKind(link=LINKS[1], kind="feeds"), NotThereError, f"links/{LINKS[1]}"),
        (AddGroup(group="duty", name="Duty"), AlreadyThereError, "groups/duty"),
        (RenameGroup(group="spare", name="Spare"), NotThereError, "groups/spare"),
        (Collapse(group="spare", collapsed=True), NotThereError, "groups/spare"),
        (RemoveGroup(group="spare"), NotThereError, "groups/spare"),
        (AddNote(note=NOTE, at=(0, 0)), AlreadyThereError, f"notes/{NOTE}"),
        (EditNote(note=NEW_NOTE, text="X"), NotThereError, f"notes/{NEW_NOTE}"),
        (MoveNote(note=NEW_NOTE, at=(0, 0)), NotThereError, f"notes/{NEW_NOTE}"),
        (ResizeNote(note=NEW_NOTE, size=None), NotThereError, f"notes/{NEW_NOTE}"),
        (RemoveNote(note=NEW_NOTE), NotThereError, f"notes/{NEW_NOTE}"),
        (SetProperty(asset=C, property="x", value=1), NotThereError, f"assets/{C}"),
        (SetProperty(asset=A, property="x", value=None), NotThereError, f"assets/{A}/properties/x"),
        (AddLink(link=LINKS[0], from_=(A, "a"), to=(B, "b"), kind="feeds"), AlreadyThereError, f"links/{LINKS[0]}"),
        (AddLink(link=LINKS[1], from_=(A, "a"), to=(C, "b"), kind="feeds"), NotThereError, f"assets/{C}"),
        (AddLink(link=LINKS[1], from_=(C, "a"), to=(A, "b"), kind="feeds"), NotThereError, f"assets/{C}"),
        (AddLink(link=LINKS[1], from_=(A, "a"), to=(A, "a"), kind="feeds"), SelfLinkError, f"links/{LINKS[1]}"),
        (Unlink(link=LINKS[1]), NotThereError, f"links/{LINKS[1]}"),
        (RemoveAsset(asset=C), NotThereError, f"assets/{C}"),
        (Bind(place=f"{C}/t24", gateway=GATEWAY, key="k"), NotThereError, f"assets/{C}"),
        (Unbind(place=f"{B}/t24"), NotThereError, f"bindings/{B}/t24"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(
    operation: Operation, error: type[OutturnError], place: str
) -> None:
    with pytest.raises(error) as caught:
        apply(pair(), operation)
    assert (caught.value.place, caught.value.kept) == (place, "The twin is unchanged.")
    assert caught.value.code in {"twin.not_there", "twin.already_there", "twin.self_link"}
    assert caught.value.fix


def test_operations_are_applied_all_or_none() -> None:
    start = pair()
    with pytest.raises(NotThereError):
        apply_all(start, [RenameTwin(name="New"), Unlink(link=LINKS[1])])
    assert start == pair()


def test_a_value_of_false_is_a_value() -> None:
    start = apply(pair(), SetProperty(asset=A, property="spare", value=False)).document
    assert start.assets[A].properties["spare"] is False
    assert "spare" not in apply(start, SetProperty(asset=A, property="spare", value=None)).document.assets[A].properties


SAMPLES: list[dict[str, Any]] = [
    {"op": "add_asset", "asset": A, "type": "pump@1", "name": "P", "at": [1, 2], "properties": {"a": "1", "b": True}},
    {"op": "move", "asset": A, "at": [-1, 0]},
    {"op": "rename", "asset": A, "name": "Q"},
    {"op": "set_property", "asset": A, "property": "a", "value": 3},
    {"op": "set_property", "asset": A, "property": "a", "value": None},
    {"op": "link", "link": LINKS[0], "from": [A, "out"], "to": [B, "in"], "kind": "feeds"},
    {"op": "unlink", "link": LINKS[0]},
    {"op": "remove_asset", "asset": A},
    {"op": "bind", "place": f"{A}/t24", "gateway": GATEWAY, "key": "k", "scale": "0.1", "unit": "bar"},
    {"op": "unbind", "place": f"{A}/t24"},
    {"op": "rename_twin", "name": "North"},
]


def test_operations_are_read_and_written_as_json() -> None:
    read, findings = read_operations(SAMPLES)
    assert findings == ()
    assert [operation.op for operation in read] == [sample["op"] for sample in SAMPLES]
    written = [operation.as_json() for operation in read]
    assert written[:4] == SAMPLES[:4]
    assert read_operations(written) == (read, ())


@pytest.mark.parametrize(
    ("number", "field", "value", "place"),
    [
        (0, "asset", "a", "0/asset"),
        (0, "asset", A.upper(), "0/asset"),
        (0, "type", "pump", "0/type"),
        (0, "name", "", "0/name"),
        (0, "at", [1], "0/at/1"),
        (0, "at", [1, 2.5], "0/at/1"),
        (0, "at", ["1", 2], "0/at/0"),
        (0, "at", [1, 10**7], "0/at/1"),
        (0, "colour", "red", "0/colour"),
        (1, "asset", None, "1/asset"),
        (2, "name", "x" * 201, "2/name"),
        (5, "from", [A], "5/from/1"),
        (5, "kind", "Feeds", "5/kind"),
        (8, "place", A, "8/place"),
        (8, "place", "t24", "8/place"),
        (8, "key", "", "8/key"),
        (8, "scale", 0.1, "8/scale"),
        (8, "op", "delete", "8"),
        (8, "op", None, "8"),
    ],
)
def test_what_is_no_operation_is_found_with_its_place(number: int, field: str, value: object, place: str) -> None:
    raw = deepcopy(SAMPLES)
    raw[number][field] = value
    read, findings = read_operations(raw)
    assert (read, [finding.place for finding in findings]) == ((), [place])
    assert findings[0].code in {"operation.malformed", "operation.missing", "operation.unknown_field"}


@pytest.mark.parametrize("raw", [None, {}, "move", [None]])
def test_what_is_no_list_of_operations_is_refused(raw: object) -> None:
    read, findings = read_operations(raw)
    assert (read, len(findings)) == ((), 1)


@given(st.lists(operations(), max_size=25))
def test_no_edit_leaves_a_document_that_cannot_be_read(edits: list[Operation]) -> None:
    document, done = possible(twin(), edits)
    assert TwinDocument.model_validate(document.as_json()) == document
    assert {end[0] for link in document.links.values() for end in link.ends} <= set(document.assets)
    assert {place.partition("/")[0] for place in document.bindings} <= set(document.assets)
    assert apply_all(twin(), done).document.digest() == document.digest()


@given(st.lists(operations(), max_size=25), st.sampled_from(ASSETS))
def test_removing_and_restoring_changes_nothing(edits: list[Operation], asset: str) -> None:
    document, _ = possible(twin(), edits)
    if asset in document.assets:
        applied = apply(document, RemoveAsset(asset=asset))
        assert apply_all(applied.document, restoring(applied.removed)).document == document
