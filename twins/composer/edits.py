"""The operations that edit the draft of a twin; a draft is a published version and those made since, in order."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from twins.catalog.parts import Key, Part, PropertyValue, TypeRef
from twins.composer.schemas import (
    Asset,
    Binding,
    Group,
    Id,
    Link,
    Name,
    Note,
    NoteText,
    Position,
    SignalPlace,
    Size,
    Whole,
)


class Edit(Part):
    """What every operation shares: it says in JSON what it is."""

    op: str

    def as_json(self) -> dict[str, Any]:
        """The JSON value, without what stands at its default, but always with its ``op``."""
        return {"op": self.op} | super().as_json()


class AddAsset(Edit, Asset):
    """Put a new asset on the canvas; the caller chooses its id, which it keeps through all versions."""

    op: Literal["add_asset"] = "add_asset"
    asset: Id


class Move(Edit):
    """Lay an asset elsewhere on the canvas."""

    op: Literal["move"] = "move"
    asset: Id
    at: Position


class Rename(Edit):
    """Give an asset another name."""

    op: Literal["rename"] = "rename"
    asset: Id
    name: Name


class SetType(Edit):
    """Make an asset one of another type, mostly of another version of its own."""

    op: Literal["set_type"] = "set_type"
    asset: Id
    type: TypeRef


class SetGroup(Edit):
    """Draw an asset in a group, or with null in none."""

    op: Literal["set_group"] = "set_group"
    asset: Id
    group: Key | None


class Attach(Edit):
    """Make an asset a component of another one, or with null of none."""

    op: Literal["attach"] = "attach"
    asset: Id
    part_of: Whole | None


class SetProperty(Edit):
    """Give a property of an asset a value, or take it away with null."""

    op: Literal["set_property"] = "set_property"
    asset: Id
    property: Key
    value: PropertyValue | None


class AddLink(Edit, Link):
    """Connect a port of one asset with a port of another."""

    op: Literal["link"] = "link"
    link: Id


class Unlink(Edit):
    """Take a link away."""

    op: Literal["unlink"] = "unlink"
    link: Id


class SetKind(Edit):
    """Say that a link is of another kind."""

    op: Literal["set_kind"] = "set_kind"
    link: Id
    kind: Key


class RemoveAsset(Edit):
    """Take an asset away, with its links and bindings; its components stay, and say that their whole is gone."""

    op: Literal["remove_asset"] = "remove_asset"
    asset: Id


class Bind(Edit, Binding):
    """Read a signal from a key of a gateway, in place of what it was read from before."""

    op: Literal["bind"] = "bind"
    place: SignalPlace


class Unbind(Edit):
    """Stop reading a signal."""

    op: Literal["unbind"] = "unbind"
    place: SignalPlace


class AddGroup(Edit, Group):
    """Make a group, still empty."""

    op: Literal["add_group"] = "add_group"
    group: Key


class RenameGroup(Edit):
    """Give a group another name."""

    op: Literal["rename_group"] = "rename_group"
    group: Key
    name: Name


class Collapse(Edit):
    """Draw a group as one box, or its assets again."""

    op: Literal["collapse"] = "collapse"
    group: Key
    collapsed: bool


class RemoveGroup(Edit):
    """Take a group away; assets that are still in it stay, and say that it is gone."""

    op: Literal["remove_group"] = "remove_group"
    group: Key


class AddNote(Edit, Note):
    """Put a text or an image on the canvas."""

    op: Literal["add_note"] = "add_note"
    note: Id


class EditNote(Edit):
    """Give a note another text."""

    op: Literal["edit_note"] = "edit_note"
    note: Id
    text: NoteText


class MoveNote(Edit):
    """Lay a note elsewhere."""

    op: Literal["move_note"] = "move_note"
    note: Id
    at: Position


class ResizeNote(Edit):
    """Give a note another width and height, or with null as much as it needs."""

    op: Literal["resize_note"] = "resize_note"
    note: Id
    size: Size | None


class RemoveNote(Edit):
    """Take a note away."""

    op: Literal["remove_note"] = "remove_note"
    note: Id


class RenameTwin(Edit):
    """Give the twin another name."""

    op: Literal["rename_twin"] = "rename_twin"
    name: Name


AssetEdit: TypeAlias = AddAsset | Move | Rename | SetType | SetGroup | Attach | SetProperty | RemoveAsset
LinkEdit: TypeAlias = AddLink | SetKind | Unlink
GroupEdit: TypeAlias = AddGroup | RenameGroup | Collapse | RemoveGroup
NoteEdit: TypeAlias = AddNote | EditNote | MoveNote | ResizeNote | RemoveNote
Operation: TypeAlias = Annotated[
    AssetEdit | LinkEdit | Bind | Unbind | GroupEdit | NoteEdit | RenameTwin, Field(discriminator="op")
]
