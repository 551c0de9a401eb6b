"""Editing a twin: one operation after the other, each of them small enough to be understood, undone and merged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tenants.kernel.errors import Finding, OutturnError
from twins.catalog.domain.reading import findings_of
from twins.catalog.parts import Many
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
from twins.composer.schemas import Asset, Binding, Group, Link, Note, TwinDocument

_LIST: TypeAdapter[tuple[Operation, ...]] = TypeAdapter(Many[Operation])


class NotThereError(OutturnError):
    """The operation speaks of something that the twin does not have."""

    code = "twin.not_there"


class AlreadyThereError(OutturnError):
    """The operation adds something under an id that the twin has already."""

    code = "twin.already_there"


class SelfLinkError(OutturnError):
    """The operation joins something with itself."""

    code = "twin.self_link"


@dataclass(frozen=True, slots=True)
class Removed:
    """What operations took out of a document, for the trash, each by its key; links and bindings of assets too."""

    assets: dict[str, Asset] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applied:
    """The document after an operation, and what it took out."""

    document: TwinDocument
    removed: Removed


def read_operations(raw: object) -> tuple[tuple[Operation, ...], tuple[Finding, ...]]:
    """The operations that a JSON array holds, or none and every place where one does not fit.

    Places start with the number of the operation, counted from 0 (``2/at``).
    """
    try:
        return _LIST.validate_python(raw), ()
    except ValidationError as error:
        errors = error.errors(include_url=False)
    for detail in errors:  # the name of the operation stands between its number and the field
        detail["loc"] = detail["loc"][:1] + detail["loc"][2:]
    return (), findings_of(errors, "operation", "the schema of the API")


def apply(document: TwinDocument, operation: Operation) -> Applied:
    """The document after an operation; the one given stays as it is.

    Nothing is asked of types here: a twin may be saved in any state, ``validation`` says what is wrong with it.

    Raises:
        NotThereError: The operation speaks of something that is not there.
        AlreadyThereError: It adds something whose key is taken.
        SelfLinkError: It links a port with itself, or makes an asset a component of itself.
    """
    return apply_all(document, [operation])


def apply_all(document: TwinDocument, operations: Iterable[Operation]) -> Applied:
    """The document after operations in their order, and all that they took out; they are applied all or none.

    Raises:
        OutturnError: As for ``apply``, one of them makes no sense where it stands.
    """
    sketch = Sketch(document)
    for operation in operations:
        sketch.apply(operation)
    return Applied(sketch.document(), sketch.removed)


def restoring(removed: Removed) -> tuple[Operation, ...]:
    """The operations that bring back from the trash what was removed, under the same keys."""
    groups = [AddGroup(group=key, **dict(group)) for key, group in removed.groups.items()]
    assets = [AddAsset(asset=key, **dict(asset)) for key, asset in removed.assets.items()]
    links = [AddLink(link=key, **dict(link)) for key, link in removed.links.items()]
    bindings = [Bind(place=place, **dict(binding)) for place, binding in removed.bindings.items()]
    notes = [AddNote(note=key, **dict(note)) for key, note in removed.notes.items()]
    return (*groups, *assets, *links, *bindings, *notes)


class Sketch:
    """Copies of the sections of a document, to be edited in place; the parts that they hold are never changed."""

    def __init__(self, document: TwinDocument) -> None:
        self._base = document
        self.name = document.name
        self.assets = dict(document.assets)
        self.links = dict(document.links)
        self.bindings = dict(document.bindings)
        self.groups = dict(document.groups)
        self.notes = dict(document.notes)
        self.removed = Removed()

    def document(self) -> TwinDocument:
        """The document as it is now."""
        sections = {
            "name": self.name, "assets": self.assets, "links": self.links, "bindings": self.bindings,
            "groups": self.groups, "notes": self.notes,
        }  # fmt: skip
        return self._base.model_copy(update=sections)

    def apply(self, operation: Operation) -> None:
        """Edit it.

        Raises:
            OutturnError: As for ``apply``.
        """
        _apply(operation, self)

    def edit(self, section: str, key: str, **fields: Any) -> None:
        """Give fields of a part other values."""
        parts = getattr(self, section)
        parts[key] = _there(parts, key, section).model_copy(update=fields)

    def take(self, section: str, key: str) -> None:
        """Take a part out, for the trash."""
        parts = getattr(self, section)
        _there(parts, key, section)
        getattr(self.removed, section)[key] = parts.pop(key)


@singledispatch
def _apply(operation: Operation, draft: Sketch) -> None:
    raise TypeError(f"{type(operation).__name__} is no operation")


@_apply.register
def _(operation: AddAsset, draft: Sketch) -> None:
    _vacant(draft.assets, operation.asset, "assets")
    draft.assets[operation.asset] = Asset(**_fields(operation, "asset"))


@_apply.register
def _(operation: Move, draft: Sketch) -> None:
    draft.edit("assets", operation.asset, at=operation.at)


@_apply.register
def _(operation: Rename, draft: Sketch) -> None:
    draft.edit("assets", operation.asset, name=operation.name)


@_apply.register
def _(operation: SetType, draft: Sketch) -> None:
    draft.edit("assets", operation.asset, type=operation.type)


@_apply.register
def _(operation: SetGroup, draft: Sketch) -> None:
    if operation.group is not None:
        _there(draft.groups, operation.group, "groups")
    draft.edit("assets", operation.asset, group=operation.group)


@_apply.register
def _(operation: Attach, draft: Sketch) -> None:
    if operation.part_of is not None:
        _there(draft.assets, operation.part_of[0], "assets")
        if operation.part_of[0] == operation.asset:
            raise _of_itself("An asset cannot be a component of itself.", f"assets/{operation.asset}/part_of")
    draft.edit("assets", operation.asset, part_of=operation.part_of)


@_apply.register
def _(operation: SetProperty, draft: Sketch) -> None:
    properties = dict(_there(draft.assets, operation.asset, "assets").properties)
    if operation.value is not None:
        properties[operation.property] = operation.value
    else:
        _there(properties, operation.property, f"assets/{operation.asset}/properties")
        del properties[operation.property]
    draft.edit("assets", operation.asset, properties=properties)


@_apply.register
def _(operation: AddLink, draft: Sketch) -> None:
    _vacant(draft.links, operation.link, "links")
    for asset, _port in operation.ends:
        _there(draft.assets, asset, "assets")
    if operation.from_ == operation.to:
        raise _of_itself("A port cannot be linked with itself.", f"links/{operation.link}")
    draft.links[operation.link] = Link(**_fields(operation, "link"))


@_apply.register
def _(operation: SetKind, draft: Sketch) -> None:
    draft.edit("links", operation.link, kind=operation.kind)


@_apply.register
def _(operation: Unlink, draft: Sketch) -> None:
    draft.take("links", operation.link)


@_apply.register
def _(operation: RemoveAsset, draft: Sketch) -> None:
    draft.take("assets", operation.asset)
    links = [key for key, link in draft.links.items() if operation.asset in {asset for asset, _port in link.ends}]
    bindings = [place for place in draft.bindings if place.startswith(f"{operation.asset}/")]
    for section, keys in (("links", links), ("bindings", bindings)):
        for key in keys:
            draft.take(section, key)


@_apply.register
def _(operation: Bind, draft: Sketch) -> None:
    _there(draft.assets, operation.place.partition("/")[0], "assets")
    draft.bindings[operation.place] = Binding(**_fields(operation, "place"))


@_apply.register
def _(operation: Unbind, draft: Sketch) -> None:
    draft.take("bindings", operation.place)


@_apply.register
def _(operation: AddGroup, draft: Sketch) -> None:
    _vacant(draft.groups, operation.group, "groups")
    draft.groups[operation.group] = Group(**_fields(operation, "group"))


@_apply.register
def _(operation: RenameGroup, draft: Sketch) -> None:
    draft.edit("groups", operation.group, name=operation.name)


@_apply.register
def _(operation: Collapse, draft: Sketch) -> None:
    draft.edit("groups", operation.group, collapsed=operation.collapsed)


@_apply.register
def _(operation: RemoveGroup, draft: Sketch) -> None:
    draft.take("groups", operation.group)


@_apply.register
def _(operation: AddNote, draft: Sketch) -> None:
    _vacant(draft.notes, operation.note, "notes")
    draft.notes[operation.note] = Note(**_fields(operation, "note"))


@_apply.register
def _(operation: EditNote, draft: Sketch) -> None:
    draft.edit("notes", operation.note, text=operation.text)


@_apply.register
def _(operation: MoveNote, draft: Sketch) -> None:
    draft.edit("notes", operation.note, at=operation.at)


@_apply.register
def _(operation: ResizeNote, draft: Sketch) -> None:
    draft.edit("notes", operation.note, size=operation.size)


@_apply.register
def _(operation: RemoveNote, draft: Sketch) -> None:
    draft.take("notes", operation.note)


@_apply.register
def _(operation: RenameTwin, draft: Sketch) -> None:
    draft.name = operation.name


def _fields(operation: Operation, key: str) -> dict[str, Any]:
    """What the operation says of the part that it adds, without the part's own key."""
    return {name: value for name, value in operation if name not in {"op", key}}


def _there(section: dict[str, Any], key: str, name: str) -> Any:
    if key not in section:
        place = f"{name}/{key}"
        fix = "Load the twin again; somebody may have removed it. What was removed lies in the trash for 30 days."
        raise NotThereError(f"The twin has no {place}.", place=place, kept="The twin is unchanged.", fix=fix)
    return section[key]


def _vacant(section: dict[str, Any], key: str, name: str) -> None:
    if key in section:
        place = f"{name}/{key}"
        message = f"The twin has {place} already."
        raise AlreadyThereError(message, place=place, kept="The twin is unchanged.", fix="Use a new key.")


def _of_itself(message: str, place: str) -> SelfLinkError:
    return SelfLinkError(message, place=place, kept="The twin is unchanged.", fix="Choose another one.")
