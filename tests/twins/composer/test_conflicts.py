from __future__ import annotations

from itertools import product

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tenants.kernel.errors import ConflictError
from tests.twins.composer.drafts import GATEWAY, LINKS, NEW_NOTE, NOTE, A, B, C, crowd, operations, pair, possible
from twins.composer.domain.conflicts import Clash, EditConflictError, rebase
from twins.composer.domain.operations import NotThereError, apply_all
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
)


def met(mine: Operation, theirs: Operation) -> tuple[str, ...]:
    """The places where two operations on a pair conflict."""
    try:
        rebase(pair(), [theirs], [mine])
    except EditConflictError as error:
        return error.clashes[0].places
    return ()


def clash(mine: Operation, theirs: Operation) -> tuple[str, ...]:
    there = met(mine, theirs)
    assert there == met(theirs, mine)
    return there


@pytest.mark.parametrize(
    ("mine", "theirs", "where"),
    [
        (Move(asset=A, at=(1, 1)), Move(asset=A, at=(2, 2)), f"assets/{A}/at"),
        (Rename(asset=A, name="X"), Rename(asset=A, name="Y"), f"assets/{A}/name"),
        (
            SetProperty(asset=A, property="x", value="1"),
            SetProperty(asset=A, property="x", value="2"),
            f"assets/{A}/properties/x",
        ),
        (RenameTwin(name="X"), RenameTwin(name="Y"), "name"),
        (
            Bind(place=f"{A}/t24", gateway=GATEWAY, key="a"),
            Unbind(place=f"{A}/t24"),
            f"bindings/{A}/t24",
        ),
        (
            AddLink(link=LINKS[1], from_=(A, "x"), to=(B, "x"), kind="feeds"),
            AddLink(link=LINKS[1], from_=(A, "y"), to=(B, "y"), kind="feeds"),
            f"links/{LINKS[1]}",
        ),
        (
            AddAsset(asset=C, type="pump@1", name="P", at=(0, 0)),
            AddAsset(asset=C, type="pump@1", name="Q", at=(0, 0)),
            f"assets/{C}",
        ),
        (RemoveAsset(asset=A), Move(asset=A, at=(1, 1)), f"assets/{A}/at"),
        (RemoveAsset(asset=A), SetProperty(asset=A, property="x", value="1"), f"assets/{A}/properties/x"),
        (RemoveAsset(asset=A), Bind(place=f"{A}/t30", gateway=GATEWAY, key="a"), f"assets/{A}"),
        (RemoveAsset(asset=A), Unbind(place=f"{A}/t24"), f"assets/{A}"),
        (RemoveAsset(asset=B), AddLink(link=LINKS[1], from_=(A, "x"), to=(B, "x"), kind="feeds"), f"assets/{B}"),
        (RemoveAsset(asset=B), Unlink(link=LINKS[0]), f"assets/{B}"),
        (SetType(asset=A, type="pump@2"), SetType(asset=A, type="pump@3"), f"assets/{A}/type"),
        (Attach(asset=A, part_of=(B, "core")), RemoveAsset(asset=B), f"assets/{B}"),
        (SetGroup(asset=A, group="duty"), RemoveGroup(group="duty"), "groups/duty"),
        (RenameGroup(group="duty", name="X"), RenameGroup(group="duty", name="Y"), "groups/duty/name"),
        (SetKind(link=LINKS[0], kind="x"), Unlink(link=LINKS[0]), f"links/{LINKS[0]}/kind"),
        (EditNote(note=NOTE, text="X"), RemoveNote(note=NOTE), f"notes/{NOTE}/text"),
        (MoveNote(note=NOTE, at=(1, 1)), MoveNote(note=NOTE, at=(2, 2)), f"notes/{NOTE}/at"),
    ],
)
def test_the_same_place_conflicts(mine: Operation, theirs: Operation, where: str) -> None:
    assert clash(mine, theirs) == (where,)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (Move(asset=A, at=(1, 1)), Rename(asset=A, name="X")),
        (Move(asset=A, at=(1, 1)), Move(asset=B, at=(1, 1))),
        (SetProperty(asset=A, property="x", value="1"), SetProperty(asset=A, property="y", value="1")),
        (RenameTwin(name="X"), Rename(asset=A, name="X")),
        (RemoveAsset(asset=A), RemoveAsset(asset=B)),
        (RemoveAsset(asset=A), Move(asset=B, at=(1, 1))),
        (Unlink(link=LINKS[0]), Move(asset=A, at=(1, 1))),
        (Unbind(place=f"{A}/t24"), Bind(place=f"{A}/t30", gateway=GATEWAY, key="a")),
        (
            AddLink(link=LINKS[1], from_=(A, "pair"), to=(B, "pair"), kind="pairs"),
            AddLink(link=LINKS[2], from_=(A, "pair"), to=(B, "pair"), kind="pairs"),
        ),
        (AddAsset(asset=C, type="pump@1", name="P", at=(0, 0)), RemoveAsset(asset=A)),
        (SetGroup(asset=A, group="duty"), SetGroup(asset=B, group="duty")),
        (Attach(asset=A, part_of=(B, "core")), Move(asset=B, at=(1, 1))),
        (Collapse(group="duty", collapsed=True), RenameGroup(group="duty", name="X")),
        (ResizeNote(note=NOTE, size=(90, 90)), EditNote(note=NOTE, text="X")),
    ],
)
def test_different_places_commute(mine: Operation, theirs: Operation) -> None:
    assert clash(mine, theirs) == ()
    assert apply_all(pair(), [mine, theirs]).document == apply_all(pair(), [theirs, mine]).document


@pytest.mark.parametrize(
    "same",
    [
        RemoveAsset(asset=A),
        Rename(asset=A, name="X"),
        Unlink(link=LINKS[0]),
        AddGroup(group="spare", name="Spare"),
        AddNote(note=NEW_NOTE, at=(0, 0), text="Look here"),
    ],
)
def test_what_both_have_done_is_done_once(same: Operation) -> None:
    other = Move(asset=B, at=(7, 7))
    assert rebase(pair(), [same], [same, other]) == (other,)


def test_what_both_have_done_and_one_has_undone_conflicts() -> None:
    with pytest.raises(EditConflictError):
        rebase(pair(), [Rename(asset=A, name="X"), Rename(asset=A, name="Y")], [Rename(asset=A, name="X")])


@given(st.lists(operations(), max_size=12), st.lists(operations(), max_size=12), st.lists(operations(), max_size=12))
def test_operations_commute_unless_they_conflict(
    edits: list[Operation], mine: list[Operation], theirs: list[Operation]
) -> None:
    base, _ = possible(crowd(), edits)
    singles = [[edit for edit in side if possible(base, [edit])[1]] for side in (mine, theirs)]
    for own, other in product(*singles):
        try:
            carried = rebase(base, [other], [own])
        except EditConflictError:
            event("conflict")
        else:
            event("commute")
            back = rebase(base, [own], [other])
            assert apply_all(base, [own, *back]).document == apply_all(base, [other, *carried]).document


@given(st.lists(operations(), max_size=12), st.lists(operations(), max_size=4), st.lists(operations(), max_size=4))
def test_histories_that_do_not_conflict_give_one_twin_in_either_order(
    edits: list[Operation], mine: list[Operation], theirs: list[Operation]
) -> None:
    base, _ = possible(crowd(), edits)
    ours, others = possible(base, mine)[1], possible(base, theirs)[1]
    try:
        merged = apply_all(base, [*others, *rebase(base, others, ours)]).document
        back = apply_all(base, [*ours, *rebase(base, ours, others)]).document
    except EditConflictError:
        event("conflict")
    else:
        event("commute")
        assert merged == back


def test_an_edit_of_another_place_is_carried_over() -> None:
    theirs: list[Operation] = [Rename(asset=A, name="Left"), AddAsset(asset=C, type="pump@1", name="P", at=(9, 9))]
    carried = rebase(pair(), theirs, [Move(asset=A, at=(7, 7)), RemoveAsset(asset=B)])
    applied = apply_all(pair(), [*theirs, *carried])
    assert applied.document.assets[A].name == "Left"
    assert applied.document.assets[A].at == (7, 7)
    assert set(applied.document.assets) == {A, C}
    assert (list(applied.removed.assets), list(applied.removed.links)) == ([B], [LINKS[0]])


def test_a_conflict_carries_both_sides_and_changes_nothing() -> None:
    start = pair()
    mine, theirs = Rename(asset=A, name="Mine"), Rename(asset=A, name="Theirs")
    with pytest.raises(EditConflictError) as caught:
        rebase(start, [Move(asset=B, at=(0, 9)), theirs], [RenameTwin(name="X"), mine])
    error = caught.value
    assert isinstance(error, ConflictError)
    assert (error.code, error.status, error.place) == ("twin.conflict", 409, f"assets/{A}/name")
    assert error.clashes == (Clash(mine, theirs, (f"assets/{A}/name",)),)
    assert [(finding.code, finding.place) for finding in error.findings] == [("twin.conflict", f"assets/{A}/name")]
    assert error.findings[0].message == "Your rename and their rename touch the same place."
    assert error.kept == "Their changes stand; yours are not applied."
    assert start == pair()


def test_what_they_have_taken_away_conflicts_even_when_they_have_put_it_back() -> None:
    link = pair().links[LINKS[0]]
    back: list[Operation] = [Unlink(link=LINKS[0]), AddLink(link=LINKS[0], from_=link.from_, to=link.to, kind="pairs")]
    with pytest.raises(EditConflictError):
        rebase(pair(), back, [Unlink(link=LINKS[0])])


def test_what_makes_no_sense_on_its_own_revision_is_no_conflict() -> None:
    with pytest.raises(NotThereError):
        rebase(pair(), [AddAsset(asset=C, type="pump@1", name="P", at=(0, 0))], [Move(asset=C, at=(1, 1))])
