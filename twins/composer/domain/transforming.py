"""From one document of a twin to another by operations, so that a leap back is an edit like any other.

A rollback, a reset of the draft, bringing back what was set aside and a promotion are all made of this: others who edit
the same draft are told of it as of any edit, and it is undone in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tenants.kernel.errors import OutturnError
from twins.composer.domain.operations import Sketch
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
from twins.composer.schemas import Asset, Note, TwinDocument


def transforming(before: TwinDocument, after: TwinDocument) -> tuple[Operation, ...]:
    """The operations that make ``before`` say what ``after`` says, under the same ids.

    A group or a whole that ``after`` names but does not have cannot be said by operations, and is left out.
    """
    return (
        *([RenameTwin(name=after.name)] if before.name != after.name else ()),
        *_new_groups(before, after),
        *_gone(before, after),
        *_assets(before, after),
        *_links(before, after),
        *(Bind(place=place, **dict(each)) for place, each in _other(before.bindings, after.bindings)),
        *_notes(before, after),
        *(RemoveGroup(group=key) for key in before.groups if key not in after.groups),
    )


def fitting(document: TwinDocument, operations: Iterable[Operation]) -> tuple[list[Operation], list[Operation]]:
    """Those of some operations that make sense on a document, in their order, and those that do not."""
    sketch = Sketch(document)
    done: list[Operation] = []
    left: list[Operation] = []
    for operation in operations:
        try:
            sketch.apply(operation)
        except OutturnError:
            left.append(operation)
        else:
            done.append(operation)
    return done, left


def _other(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What is new or differs."""
    return ((key, each) for key, each in after.items() if before.get(key) != each)


def _new_groups(before: TwinDocument, after: TwinDocument) -> Iterator[Operation]:
    for key, group in _other(before.groups, after.groups):
        known = before.groups.get(key)
        if known is None:
            yield AddGroup(group=key, name=group.name)
        elif known.name != group.name:
            yield RenameGroup(group=key, name=group.name)
        if group.collapsed != (known is not None and known.collapsed):
            yield Collapse(group=key, collapsed=group.collapsed)


def _gone(before: TwinDocument, after: TwinDocument) -> Iterator[Operation]:
    """Links and bindings go by themselves with their assets; those of assets that stay are taken out one by one."""
    for key, link in before.links.items():
        stays = all(asset in after.assets for asset, _port in link.ends)
        now = after.links.get(key)
        if (now is None and stays) or (now is not None and now.ends != link.ends):
            yield Unlink(link=key)
    for place in before.bindings:
        if place not in after.bindings and place.partition("/")[0] in after.assets:
            yield Unbind(place=place)
    yield from (RemoveAsset(asset=key) for key in before.assets if key not in after.assets)


def _assets(before: TwinDocument, after: TwinDocument) -> Iterator[Operation]:
    changed = list(_other(before.assets, after.assets))
    for key, asset in changed:
        if key not in before.assets:
            yield AddAsset(asset=key, **dict(asset) | {"group": _group(asset, after), "part_of": None})
    for key, asset in changed:
        known = before.assets.get(key)
        if known is not None:
            yield from _asset(key, known, asset)
            if (group := _group(asset, after)) != known.group:
                yield SetGroup(asset=key, group=group)
        whole = asset.part_of if asset.part_of and asset.part_of[0] in after.assets else None
        if whole != (known.part_of if known is not None else None):
            yield Attach(asset=key, part_of=whole)


def _group(asset: Asset, after: TwinDocument) -> str | None:
    return asset.group if asset.group in after.groups else None


def _asset(key: str, before: Asset, after: Asset) -> Iterator[Operation]:
    if before.type != after.type:
        yield SetType(asset=key, type=after.type)
    if before.name != after.name:
        yield Rename(asset=key, name=after.name)
    if before.at != after.at:
        yield Move(asset=key, at=after.at)
    for name in before.properties.keys() - after.properties.keys():
        yield SetProperty(asset=key, property=name, value=None)
    for name, value in _other(before.properties, after.properties):
        yield SetProperty(asset=key, property=name, value=value)


def _links(before: TwinDocument, after: TwinDocument) -> Iterator[Operation]:
    for key, link in _other(before.links, after.links):
        known = before.links.get(key)
        if known is not None and known.ends == link.ends:
            yield SetKind(link=key, kind=link.kind)
        else:
            yield AddLink(link=key, **dict(link))


def _notes(before: TwinDocument, after: TwinDocument) -> Iterator[Operation]:
    yield from (RemoveNote(note=key) for key in before.notes if key not in after.notes)
    for key, note in _other(before.notes, after.notes):
        known = before.notes.get(key)
        if known is not None and known.image != note.image:
            yield RemoveNote(note=key)
            known = None
        if known is None:
            yield AddNote(note=key, **dict(note))
        else:
            yield from _note(key, known, note)


def _note(key: str, before: Note, after: Note) -> Iterator[Operation]:
    if before.text != after.text:
        yield EditNote(note=key, text=after.text)
    if before.at != after.at:
        yield MoveNote(note=key, at=after.at)
    if before.size != after.size:
        yield ResizeNote(note=key, size=after.size)
