"""Editing a twin: one operation after the other, each of them small enough to be understood, undone and merged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tenants.kernel.errors import Finding, OutturnError
from twins.catalog.domain.reading import findings_of
from twins.catalog.schemas import Many
from twins.composer.schemas import (
    AddAsset,
    AddLink,
    Asset,
    Bind,
    Binding,
    Link,
    Move,
    Operation,
    RemoveAsset,
    Rename,
    RenameTwin,
    SetProperty,
    TwinDocument,
    Unbind,
    Unlink,
)

_LIST: TypeAdapter[tuple[Operation, ...]] = TypeAdapter(Many[Operation])


class NotThereError(OutturnError):
    """The operation speaks of something that the twin does not have."""

    code = "twin.not_there"


class AlreadyThereError(OutturnError):
    """The operation adds something under an id that the twin has already."""

    code = "twin.already_there"


class SelfLinkError(OutturnError):
    """The operation links a port with itself."""

    code = "twin.self_link"


@dataclass(frozen=True, slots=True)
class Removed:
    """What an operation took out of the document, for the trash: by id, links and bindings those of the asset too."""

    assets: dict[str, Asset] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)


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
        NotThereError: The operation speaks of an asset, a link or a binding that is not there.
        AlreadyThereError: It adds an asset or a link whose id is taken.
        SelfLinkError: It links a port with itself.
    """
    return apply_all(document, [operation])


def apply_all(document: TwinDocument, operations: Iterable[Operation]) -> Applied:
    """The document after operations in their order, and all that they took out; they are applied all or none.

    Raises:
        OutturnError: As for ``apply``, one of them makes no sense where it stands.
    """
    draft = _Draft(document)
    for operation in operations:
        _apply(operation, draft)
    sections = {"name": draft.name, "assets": draft.assets, "links": draft.links, "bindings": draft.bindings}
    return Applied(document.model_copy(update=sections), draft.removed)


def restoring(removed: Removed) -> tuple[Operation, ...]:
    """The operations that bring back from the trash what was removed, under the same ids."""
    assets = [AddAsset(asset=key, **dict(asset)) for key, asset in removed.assets.items()]
    links = [AddLink(link=key, **dict(link)) for key, link in removed.links.items()]
    bindings = [Bind(place=place, **dict(binding)) for place, binding in removed.bindings.items()]
    return (*assets, *links, *bindings)


class _Draft:
    """Copies of the sections of a document, to be edited in place; the parts that they hold are never changed."""

    def __init__(self, document: TwinDocument) -> None:
        self.name = document.name
        self.assets = dict(document.assets)
        self.links = dict(document.links)
        self.bindings = dict(document.bindings)
        self.removed = Removed()

    def edit_asset(self, key: str, **fields: Any) -> None:
        self.assets[key] = _there(self.assets, key, "assets").model_copy(update=fields)


@singledispatch
def _apply(operation: Operation, draft: _Draft) -> None:
    raise TypeError(f"{type(operation).__name__} is no operation")


@_apply.register
def _(operation: AddAsset, draft: _Draft) -> None:
    _vacant(draft.assets, operation.asset, "assets")
    draft.assets[operation.asset] = Asset(**_fields(operation, "asset"))


@_apply.register
def _(operation: Move, draft: _Draft) -> None:
    draft.edit_asset(operation.asset, at=operation.at)


@_apply.register
def _(operation: Rename, draft: _Draft) -> None:
    draft.edit_asset(operation.asset, name=operation.name)


@_apply.register
def _(operation: SetProperty, draft: _Draft) -> None:
    properties = dict(_there(draft.assets, operation.asset, "assets").properties)
    if operation.value is not None:
        properties[operation.property] = operation.value
    else:
        _there(properties, operation.property, f"assets/{operation.asset}/properties")
        del properties[operation.property]
    draft.edit_asset(operation.asset, properties=properties)


@_apply.register
def _(operation: AddLink, draft: _Draft) -> None:
    _vacant(draft.links, operation.link, "links")
    for asset, _port in operation.ends:
        _there(draft.assets, asset, "assets")
    if operation.from_ == operation.to:
        place = f"links/{operation.link}"
        message = "A port cannot be linked with itself."
        raise SelfLinkError(message, place=place, kept="The twin is unchanged.", fix="Link it with another port.")
    draft.links[operation.link] = Link(**_fields(operation, "link"))


@_apply.register
def _(operation: Unlink, draft: _Draft) -> None:
    _there(draft.links, operation.link, "links")
    draft.removed.links[operation.link] = draft.links.pop(operation.link)


@_apply.register
def _(operation: RemoveAsset, draft: _Draft) -> None:
    _there(draft.assets, operation.asset, "assets")
    links = [key for key, link in draft.links.items() if operation.asset in {asset for asset, _port in link.ends}]
    bindings = [place for place in draft.bindings if place.startswith(f"{operation.asset}/")]
    draft.removed.assets[operation.asset] = draft.assets.pop(operation.asset)
    draft.removed.links.update({key: draft.links.pop(key) for key in links})
    draft.removed.bindings.update({place: draft.bindings.pop(place) for place in bindings})


@_apply.register
def _(operation: Bind, draft: _Draft) -> None:
    _there(draft.assets, operation.place.partition("/")[0], "assets")
    draft.bindings[operation.place] = Binding(**_fields(operation, "place"))


@_apply.register
def _(operation: Unbind, draft: _Draft) -> None:
    _there(draft.bindings, operation.place, "bindings")
    draft.removed.bindings[operation.place] = draft.bindings.pop(operation.place)


@_apply.register
def _(operation: RenameTwin, draft: _Draft) -> None:
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
        raise AlreadyThereError(message, place=place, kept="The twin is unchanged.", fix="Use a new UUID.")
