"""The document of a twin version, the operations that edit a draft of it, and what is found wrong with one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from tenants.kernel.errors import Finding
from twins.catalog.schemas import (
    AssetType,
    DecimalText,
    Document,
    Key,
    Many,
    Pair,
    Part,
    PropertyValue,
    Slug,
    Text,
    Texts,
    TypeRef,
    Unit,
)

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

Id = Annotated[str, Field(pattern=f"^{_UUID}$", description="A UUID in lower case.")]
SignalPlace = Annotated[str, Field(pattern=f"^{_UUID}/[a-z][a-z0-9_]*$", max_length=101, description="ASSET/SIGNAL")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
GatewayKey = Annotated[str, Field(min_length=1, max_length=256)]
Position = Pair[Annotated[int, Field(ge=-1_000_000, le=1_000_000)]]
Version = Annotated[int, Field(ge=0, le=999_999_999)]


class Asset(Part):
    """An instance of a type.

    Attributes:
        at: Where it lies on the canvas, in pixels to the right and down.
        group: Key of the group it is drawn in.
    """

    type: TypeRef
    name: Name
    at: Position
    properties: dict[Key, PropertyValue] = Field(default_factory=dict)
    group: Key | None = None


End = Annotated[tuple[Id, Key], Field(strict=False, description="The asset and its port.")]


class Link(Part):
    """A connection between the ports of two assets.

    Attributes:
        kind: What the first does for the second, such as ``feeds``.
    """

    from_: End = Field(alias="from")
    to: End
    kind: Key

    @property
    def ends(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Asset and port of its beginning, then of its end."""
        return self.from_, self.to


class Binding(Part):
    """Which key of which gateway a signal is read from: ``value = scale * sent + offset``, in ``unit``.

    Attributes:
        unit: UCUM code of that value, None for the signal's own.
    """

    gateway: Id
    key: GatewayKey
    scale: DecimalText | None = None
    offset: DecimalText | None = None
    unit: Unit | None = None


class Group(Part):
    """Assets that are drawn together."""

    name: Name


class Note(Part):
    """A text on the canvas."""

    text: Text
    at: Position


class TwinDocument(Document):
    """One version of a twin, or a draft on the way to the next.

    Attributes:
        version: The published version, or the one a draft starts from; 0 before the first.
        parent: The version that this one was made from.
        bindings: By ``ASSET/SIGNAL``; they live here and nowhere else.
    """

    area: ClassVar[str] = "twin"
    schema_name: ClassVar[str] = "twin"

    twin: Id
    version: Version
    name: Name
    parent: Version | None = None
    note: Text | None = None
    author: Name | None = None
    assets: dict[Id, Asset] = Field(default_factory=dict)
    links: dict[Id, Link] = Field(default_factory=dict)
    bindings: dict[SignalPlace, Binding] = Field(default_factory=dict)
    groups: dict[Key, Group] = Field(default_factory=dict)
    notes: Many[Note] = ()


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


class RemoveAsset(Edit):
    """Take an asset away, with its links and bindings."""

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


class RenameTwin(Edit):
    """Give the twin another name."""

    op: Literal["rename_twin"] = "rename_twin"
    name: Name


Operation: TypeAlias = Annotated[
    AddAsset | Move | Rename | SetProperty | AddLink | Unlink | RemoveAsset | Bind | Unbind | RenameTwin,
    Field(discriminator="op"),
]


class Blueprint(Part):
    """A way to compose a twin of many assets of one type.

    Attributes:
        asset_name: Format of an asset's name from its ``number``.
        gateway_key: Format of a gateway's key from the asset's number as ``unit`` and the ``signal``.
        columns: Assets in a row of the grid.
        step: Distance from one asset to the next, right and down, in pixels.
    """

    key: Slug
    version: Annotated[int, Field(ge=1)]
    name: Texts
    description: Texts
    type: TypeRef
    asset_name: Text
    gateway_key: Text
    columns: Annotated[int, Field(ge=1)]
    step: Position


class FleetParameters(Part):
    """What a person says to have a blueprint filled in.

    Attributes:
        name: The twin's name.
        count: How many assets.
        first: The number of the first; the others count on.
        names: Names of the assets in order, in place of the blueprint's own.
        gateway: The gateway that all signals are read from, None to bind nothing.
    """

    name: Name
    count: Annotated[int, Field(ge=1, le=500)]
    first: Annotated[int, Field(ge=0, le=999_999)] = 1
    names: Many[Name] = ()
    gateway: Id | None = None


@dataclass(frozen=True, slots=True)
class TwinFinding(Finding):
    """A finding in a twin; only those of severity ``error`` keep it from being published."""

    severity: Literal["error", "hint"] = "error"


class _ClosedSchema(GenerateJsonSchema):
    """Refuses the keys that pydantic refuses; by itself it leaves those open that do not match a pattern."""

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        value = super().dict_schema(schema)
        return value | {"additionalProperties": False} if "patternProperties" in value else value


def published_schemas() -> dict[str, str]:
    """The text of each file under ``docs/schemas``, by its name, as JSON Schema 2020-12."""
    texts: dict[str, str] = {}
    for kind in (AssetType, TwinDocument):
        schema = {"$schema": GenerateJsonSchema.schema_dialect} | kind.model_json_schema(schema_generator=_ClosedSchema)
        texts[f"{kind.schema_name}.schema.json"] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return texts
