"""What differs between two documents, told with names and not with ids."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.twins.composer.drafts import GATEWAY, LINKS, A, B, C, crowd, operations, pair, possible, twin, uuid
from twins.composer.domain.diff import Change, FieldChange, Names, counted, diff
from twins.composer.domain.operations import apply_all
from twins.composer.domain.promotion import carried, translated
from twins.composer.domain.removals import missing, removals
from twins.composer.domain.transforming import fitting, transforming
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
    Rename,
    RenameTwin,
    SetGroup,
    SetProperty,
    SetType,
    Unbind,
    Unlink,
)
from twins.composer.schemas import TwinDocument

NOTE = uuid(0xD0)
NAMES = Names({GATEWAY: "Hangar"}, {"turbofan-engine@1": {"thrust": "kN"}})


def after(*edits: Operation, start: TwinDocument | None = None) -> TwinDocument:
    return apply_all(start or pair(), edits).document


def test_nothing_differs_from_itself() -> None:
    assert diff(pair(), pair()) == ()
    assert counted(()) == {"added": 0, "removed": 0, "changed": 0, "moved": 0}


def test_an_asset_that_only_lies_elsewhere_has_moved() -> None:
    changes = diff(pair(), after(Move(asset=B, at=(20, 30))))
    assert changes == (
        Change("moved", "asset", B, "Engine 002", "turbofan-engine@1", (B,), (FieldChange("at", [260, 0], [20, 30]),)),
    )  # fmt: skip


def test_an_asset_that_differs_is_told_property_by_property() -> None:
    edits = (
        Rename(asset=A, name="Left"), Move(asset=A, at=(5, 5)), SetType(asset=A, type="turbofan-engine@2"),
        SetProperty(asset=A, property="serial_number", value=None),
        SetProperty(asset=A, property="thrust", value="120"),
        AddGroup(group="wing", name="Left wing"), SetGroup(asset=A, group="wing"), Attach(asset=A, part_of=(B, "core")),
    )  # fmt: skip
    asset, group = diff(pair(), after(*edits), NAMES)
    assert (asset.kind, asset.name) == ("changed", "Left")
    assert asset.fields == (
        FieldChange("name", "Engine 001", "Left"),
        FieldChange("type", "turbofan-engine@1", "turbofan-engine@2"),
        FieldChange("at", [0, 0], [5, 5]),
        FieldChange("group", None, "Left wing"),
        FieldChange("part_of", None, "Engine 002 core"),
        FieldChange("properties/serial_number", "X1", None),
        FieldChange("properties/thrust", None, "120", "kN"),
    )
    assert (group.kind, group.subject, group.name) == ("added", "group", "Left wing")


def test_what_goes_with_an_asset_is_told_with_it() -> None:
    asset, link = diff(pair(), after(RemoveAsset(asset=A)), NAMES)
    assert (asset.kind, asset.name, asset.assets) == ("removed", "Engine 001", (A,))
    assert asset.fields == (
        FieldChange("type", "turbofan-engine@1", None),
        FieldChange("properties/serial_number", "X1", None),
        FieldChange("signals/t24", "Hangar · 1/t24", None),
    )
    assert (link.kind, link.subject, link.name) == ("removed", "link", "Engine 001 pair → Engine 002 pair")
    added = diff(after(RemoveAsset(asset=A)), pair(), NAMES)
    assert [change.kind for change in added] == ["added", "added"]
    assert added[0].fields[2] == FieldChange("signals/t24", None, "Hangar · 1/t24")


def test_bindings_links_groups_and_notes() -> None:
    start = after(
        AddGroup(group="wing", name="Wing"), AddNote(note=NOTE, text="Wash it", at=(0, 0)),
        Bind(place=f"{B}/t30", gateway=GATEWAY, key="2/t30"),
    )  # fmt: skip
    end = after(
        Bind(place=f"{A}/t24", gateway=GATEWAY, key="1/T24", scale=Decimal("0.5")), Unbind(place=f"{B}/t30"),
        Unlink(link=LINKS[0]), AddLink(link=LINKS[1], from_=(B, "pair"), to=(A, "pair"), kind="pairs"),
        Collapse(group="wing", collapsed=True), EditNote(note=NOTE, text="Washed"), RenameTwin(name="Fleet 2"),
        start=start,
    )  # fmt: skip
    found = {(change.subject, change.kind, change.name): change.fields for change in diff(start, end, NAMES)}
    assert found == {
        ("twin", "changed", "Fleet 2"): (FieldChange("name", "Fleet", "Fleet 2"),),
        ("link", "removed", "Engine 001 pair → Engine 002 pair"): (
            FieldChange("from", "Engine 001 pair", None), FieldChange("to", "Engine 002 pair", None),
            FieldChange("kind", "pairs", None),
        ),
        ("link", "added", "Engine 002 pair → Engine 001 pair"): (
            FieldChange("from", None, "Engine 002 pair"), FieldChange("to", None, "Engine 001 pair"),
            FieldChange("kind", None, "pairs"),
        ),
        ("binding", "changed", "Engine 001 t24"): (
            FieldChange("key", "1/t24", "1/T24"), FieldChange("scale", None, "0.5"),
        ),
        ("binding", "removed", "Engine 002 t30"): (
            FieldChange("gateway", "Hangar", None), FieldChange("key", "2/t30", None),
        ),
        ("group", "changed", "Wing"): (FieldChange("collapsed", None, True),),
        ("note", "changed", "Washed"): (FieldChange("text", "Wash it", "Washed"),),
    }  # fmt: skip
    moved = diff(start, after(MoveNote(note=NOTE, at=(9, 9)), start=start))
    assert [(change.kind, change.subject) for change in moved] == [("moved", "note")]


@given(st.lists(operations(), max_size=12), st.lists(operations(), max_size=12))
def test_operations_lead_from_any_document_to_any_other(one: list[Operation], other: list[Operation]) -> None:
    before, after_ = possible(crowd(), one)[0], _sound(possible(crowd(), other)[0])
    reached = apply_all(before, transforming(before, after_)).document
    assert diff(reached, after_) == ()
    assert transforming(reached, after_) == ()
    assert (reached.assets, reached.links, reached.bindings) == (after_.assets, after_.links, after_.bindings)
    assert (reached.groups, reached.notes, reached.name) == (after_.groups, after_.notes, after_.name)


def _sound(document: TwinDocument) -> TwinDocument:
    """Without what operations cannot say: a group or a whole that is not there."""
    assets = {
        key: asset.model_copy(
            update={
                "group": asset.group if asset.group in document.groups else None,
                "part_of": asset.part_of if asset.part_of and asset.part_of[0] in document.assets else None,
            }
        )
        for key, asset in document.assets.items()
    }
    return document.model_copy(update={"assets": assets})


def test_only_what_fits_is_applied() -> None:
    done, left = fitting(pair(), [Rename(asset=A, name="Left"), Rename(asset=C, name="None")])
    assert (done, left) == ([Rename(asset=A, name="Left")], [Rename(asset=C, name="None")])


def test_what_was_taken_out_is_found_and_brought_back() -> None:
    edits: list[Operation] = [Rename(asset=A, name="Left"), RemoveAsset(asset=A), Unbind(place=f"{B}/t24")]
    start = apply_all(pair(), [Bind(place=f"{B}/t24", gateway=GATEWAY, key="2/t24")]).document
    end = apply_all(start, edits).document
    first, second = removals(start, edits)
    assert (first.number, first.subject, first.key, first.name) == (1, "asset", A, "Left")
    assert (second.subject, second.name) == ("binding", "Engine 002 t24")
    assert missing(first, end)
    back = apply_all(end, first.restoring(end)).document
    assert (back.assets[A].name, set(back.links), set(back.bindings)) == ("Left", {LINKS[0]}, {f"{A}/t24"})
    assert not missing(first, back)
    # The other end of its link is gone too by now: the asset returns without it.
    alone = apply_all(end, [RemoveAsset(asset=B)]).document
    assert apply_all(alone, first.restoring(alone)).document.links == {}


def test_a_group_that_was_removed_returns() -> None:
    start = after(AddGroup(group="wing", name="Wing"))
    edits: list[Operation] = [RemoveGroup(group="wing")]
    part = next(removals(start, edits))
    end = apply_all(start, edits).document
    assert (part.name, apply_all(end, part.restoring(end)).document.groups["wing"].name) == ("Wing", "Wing")


def test_a_promotion_maps_ids_in_the_same_way_every_time() -> None:
    target = twin(twin=uuid(9), name="Plant")
    one, again = (translated(pair(), target, {GATEWAY: uuid(7)}) for _ in range(2))
    assert one == again
    assert one.name == "Plant"
    assert not set(one.assets) & {A, B}
    assert [asset.name for asset in one.assets.values()] == ["Engine 001", "Engine 002"]
    assert [(each.gateway, each.key) for each in one.bindings.values()] == [(uuid(7), "1/t24")]
    assert {end[0] for link in one.links.values() for end in link.ends} == set(one.assets)
    assert translated(pair(), target, {}).bindings == {}


def test_a_later_promotion_leaves_what_the_target_changed_by_itself() -> None:
    target = twin(twin=uuid(9), name="Plant")
    first = translated(pair(), target, {})
    left, right = first.assets
    own = apply_all(
        first, [SetProperty(asset=left, property="serial_number", value="P1"), Rename(asset=right, name="R")]
    )
    source = after(Rename(asset=B, name="Engine 2"), AddAsset(asset=C, type="turbofan-engine@1", name="New", at=(9, 9)))
    found = carried(first, translated(source, target, {}), own.document)
    result = apply_all(own.document, found.operations).document
    assert result.assets[left].properties == {"serial_number": "P1"}
    assert [asset.name for asset in result.assets.values()] == ["Engine 001", "Engine 2", "New"]
    assert [change.name for change in found.overruled] == ["R"]
    assert found.left == ()
    gone = apply_all(first, [RemoveAsset(asset=right)]).document
    assert carried(first, translated(source, target, {}), gone).left == (Rename(asset=right, name="Engine 2"),)
