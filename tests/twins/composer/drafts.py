"""Twins to start a test from, and any edit of them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from tenants.kernel.errors import OutturnError
from twins.composer.domain.operations import apply, apply_all
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
from twins.composer.schemas import TwinDocument


def uuid(number: int) -> str:
    """A UUID that one can tell from others at a glance."""
    return f"0198c0de-0000-7000-8000-{number:012x}"


TWIN, GATEWAY = uuid(1), uuid(2)
ASSETS = [uuid(number) for number in range(0xA0, 0xA4)]
LINKS = [uuid(number) for number in range(0xC0, 0xC4)]
A, B, C, _ = ASSETS
KEYS = ["t24", "t30"]
NOTE, NEW_NOTE = uuid(0xE0), uuid(0xE1)


def twin(**sections: Any) -> TwinDocument:
    """An empty draft, or one with these sections in JSON."""
    return TwinDocument.model_validate({"twin": TWIN, "version": 0, "name": "Fleet"} | sections)


def pair() -> TwinDocument:
    """Two linked engines, of which the first is bound, a group that is still empty, and a note."""
    return apply_all(
        twin(),
        [
            AddAsset(
                asset=A, type="turbofan-engine@1", name="Engine 001", at=(0, 0), properties={"serial_number": "X1"}
            ),
            AddAsset(asset=B, type="turbofan-engine@1", name="Engine 002", at=(260, 0)),
            AddLink(link=LINKS[0], from_=(A, "pair"), to=(B, "pair"), kind="pairs"),
            Bind(place=f"{A}/t24", gateway=GATEWAY, key="1/t24"),
            AddGroup(group="duty", name="Duty engines"),
            AddNote(note=NOTE, at=(0, -60), text="Left wing"),
        ],
    ).document


def crowd() -> TwinDocument:
    """All the assets, linked in a row and bound."""
    assets = [AddAsset(asset=asset, type="turbofan-engine@1", name=asset[-1], at=(0, 0)) for asset in ASSETS]
    ends = zip(LINKS, ASSETS[:-1], ASSETS[1:], strict=False)
    links = [AddLink(link=link, from_=(one, "out"), to=(other, "in"), kind="feeds") for link, one, other in ends]
    bindings = [Bind(place=f"{asset}/t24", gateway=GATEWAY, key=asset[-1]) for asset in ASSETS]
    return apply_all(twin(), [*assets, *links, *bindings]).document


def possible(document: TwinDocument, edits: list[Operation]) -> tuple[TwinDocument, list[Operation]]:
    """The document after those edits that make sense, and which they are."""
    done: list[Operation] = []
    for edit in edits:
        with suppress(OutturnError):
            document = apply(document, edit).document
            done.append(edit)
    return document, done


def additions(ids: list[str]) -> st.SearchStrategy[Operation]:
    """Adding one of these assets."""
    return st.builds(
        AddAsset,
        asset=st.sampled_from(ids),
        type=st.just("turbofan-engine@1"),
        name=st.sampled_from("PQ"),
        at=st.tuples(st.integers(0, 2), st.just(0)),
        properties=st.dictionaries(st.sampled_from("xy"), st.sampled_from("12"), max_size=2),
    )


def operations() -> st.SearchStrategy[Operation]:
    """Any operation over a few ids, whether it makes sense or not."""
    asset, link = st.sampled_from(ASSETS), st.sampled_from(LINKS)
    end = st.tuples(asset, st.sampled_from(["in", "out"]))
    place = st.builds("{}/{}".format, asset, st.sampled_from(KEYS))
    name, group = st.sampled_from("PQR"), st.sampled_from(["duty", "spare"])
    note, at = st.sampled_from([NOTE, NEW_NOTE]), st.tuples(st.integers(0, 2), st.just(1))
    return st.one_of(
        additions(ASSETS),
        st.builds(Move, asset=asset, at=st.tuples(st.integers(0, 2), st.just(1))),
        st.builds(Rename, asset=asset, name=name),
        st.builds(SetProperty, asset=asset, property=st.sampled_from("xy"), value=st.none() | st.sampled_from("12")),
        st.builds(AddLink, link=link, from_=end, to=end, kind=st.just("feeds")),
        st.builds(Unlink, link=link),
        st.builds(RemoveAsset, asset=asset),
        st.builds(Bind, place=place, gateway=st.just(GATEWAY), key=name),
        st.builds(Unbind, place=place),
        st.builds(RenameTwin, name=name),
        st.builds(SetType, asset=asset, type=st.sampled_from(["turbofan-engine@1", "turbofan-engine@2"])),
        st.builds(SetGroup, asset=asset, group=st.none() | group),
        st.builds(Attach, asset=asset, part_of=st.none() | st.tuples(asset, st.just("core"))),
        st.builds(SetKind, link=link, kind=st.sampled_from(["feeds", "pairs"])),
        st.builds(AddGroup, group=group, name=name),
        st.builds(RenameGroup, group=group, name=name),
        st.builds(Collapse, group=group, collapsed=st.booleans()),
        st.builds(RemoveGroup, group=group),
        st.builds(AddNote, note=note, at=at, text=name),
        st.builds(EditNote, note=note, text=name),
        st.builds(MoveNote, note=note, at=at),
        st.builds(ResizeNote, note=note, size=st.none() | st.just((90, 60))),
        st.builds(RemoveNote, note=note),
    )
