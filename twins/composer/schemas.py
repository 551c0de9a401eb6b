"""The document of a twin version, the operations that edit a draft of it, and what is found wrong with one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from tenants.kernel.errors import Finding
from twins.catalog.parts import (
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
from twins.catalog.schemas import AssetType

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

Id = Annotated[str, Field(pattern=f"^{_UUID}$", description="A UUID in lower case.")]
SignalPlace = Annotated[str, Field(pattern=f"^{_UUID}/[a-z][a-z0-9_]*$", max_length=101, description="ASSET/SIGNAL")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
GatewayKey = Annotated[str, Field(min_length=1, max_length=256)]
NoteText = Annotated[str, Field(max_length=2000)]
Size = Pair[Annotated[int, Field(ge=16, le=10_000)]]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Position = Pair[Annotated[int, Field(ge=-1_000_000, le=1_000_000)]]
Version = Annotated[int, Field(ge=0, le=999_999_999)]
Figure = Annotated[int, Field(ge=0, le=999_999)]
Several = Annotated[int, Field(ge=1, le=10_000)] | Key
"""How many, or the parameter of a blueprint that says it."""
Column = Annotated[int, Field(ge=0, le=20)]
Columns = Annotated[int, Field(ge=1, le=50)]
NameFormat = Annotated[str, Field(pattern=r"^([^{}]|\{(number|unit)(:0[1-9])?\})+$", max_length=200)]
KeyFormat = Annotated[str, Field(pattern=r"^([^{}]|\{(name|signal)\}|\{(number|unit)(:0[1-9])?\})+$", max_length=200)]
PartEnd = Annotated[tuple[Key, Key], Field(strict=False, description="The part and its port.")]


End = Annotated[tuple[Id, Key], Field(strict=False, description="The asset and its port.")]
Whole = Annotated[tuple[Id, Key], Field(strict=False, description="The asset and its component.")]


class Asset(Part):
    """An instance of a type.

    Attributes:
        at: Where it lies on the canvas, in pixels to the right and down.
        group: Key of the group it is drawn in.
        part_of: The asset that it is a component of, and which of its components.
    """

    type: TypeRef
    name: Name
    at: Position
    properties: dict[Key, PropertyValue] = Field(default_factory=dict)
    group: Key | None = None
    part_of: Whole | None = None


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
        expression: What the value is instead of that, worked out from what was sent, which it calls ``value``.
        unit: UCUM code of that value, None for the signal's own.
    """

    gateway: Id
    key: GatewayKey
    scale: DecimalText | None = None
    offset: DecimalText | None = None
    expression: Text | None = None
    unit: Unit | None = None


class Group(Part):
    """Assets that are drawn together, or when it is collapsed as one box."""

    name: Name
    collapsed: bool = False


class Note(Part):
    """A text or an image on the canvas.

    Attributes:
        size: Width and height in pixels, None for as much as the text needs.
        image: The SHA-256 of an image, which is kept apart from the document.
    """

    at: Position
    text: NoteText = ""
    size: Size | None = None
    image: Digest | None = None


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
    notes: dict[Id, Note] = Field(default_factory=dict)


class BlueprintParameter(Part):
    """A number that a person says when a blueprint is filled in.

    Attributes:
        default: What is taken when nothing is said.
    """

    name: Texts
    minimum: Figure
    maximum: Figure
    default: Figure


class BlueprintGroup(Part):
    """A group, or as many as are asked for, numbered from 1.

    Attributes:
        name: Format of its name from its number, ``unit``.
        count: How many there are, or the parameter that says it.
        column: Which column of the whole it stands in, counted from the left.
        columns: How many stand side by side.
    """

    name: NameFormat
    count: Several = 1
    column: Column = 0
    columns: Columns = 1


class BlueprintPart(Part):
    """Assets of one type.

    Attributes:
        name: Format of their names from the ``number`` of the asset and the ``unit`` of its group.
        count: How many there are, in each of the groups where they have one, or the parameter that says it.
        first: The number of the first, or the parameter that says it; the others count on.
        group: The group that they are in.
        column: Which column of the group, or without one of the whole, they stand in, counted from the left.
        row: Which row of it, counted from the top.
        columns: How many stand side by side.
        at: Where its only asset lies, in pixels to the right and down, in place of a column.
        properties: What all of them have.
        part_of: The part that they are components of, and as which; each of the one that stands at the same place.
        gateway_key: Format of a gateway's key from their ``name``, ``number``, ``unit`` and the ``signal``.
    """

    type: TypeRef
    name: NameFormat
    count: Several = 1
    first: Figure | Key = 1
    group: Key | None = None
    column: Column = 0
    row: Column = 0
    columns: Columns = 1
    at: Position | None = None
    properties: dict[Key, PropertyValue] = Field(default_factory=dict)
    part_of: Annotated[tuple[Key, Key], Field(strict=False)] | None = None
    gateway_key: KeyFormat | None = None


class BlueprintLink(Part):
    """Links between the assets of two parts; where both have the same group, only within one.

    Attributes:
        how: ``each`` the first with the first, the second with the second; ``all`` with all; ``next`` each with the
            one after it; ``last`` the last with all.
    """

    from_: PartEnd = Field(alias="from")
    to: PartEnd
    kind: Key
    how: Literal["each", "all", "next", "last"] = "each"


class Blueprint(Document):
    """A way to compose a twin.

    Attributes:
        notes: Texts that lie above what is composed.
    """

    area: ClassVar[str] = "blueprint"
    schema_name: ClassVar[str] = "blueprint"

    key: Slug
    version: Annotated[int, Field(ge=1, le=999_999_999)]
    name: Texts
    description: Texts
    icon: Slug
    parameters: dict[Key, BlueprintParameter] = Field(default_factory=dict)
    groups: dict[Key, BlueprintGroup] = Field(default_factory=dict)
    parts: Annotated[dict[Key, BlueprintPart], Field(min_length=1)]
    links: Many[BlueprintLink] = ()
    notes: Many[Text] = ()

    @property
    def wholes_first(self) -> dict[str, BlueprintPart]:
        """The parts as they stand, but each after what it is a component of: the database keeps no order of keys."""
        return {each: self.parts[each] for key in self.parts for each in (*reversed(_wholes(self.parts, key)), key)}

    @model_validator(mode="after")
    def _refers_to_itself(self) -> Self:
        """Refuse what names a parameter, a group or a part that the blueprint does not have."""
        if wrong := next(_unsound(self), None):
            raise ValueError(wrong)
        return self


def _unsound(blueprint: Blueprint) -> Iterator[str]:
    for key, parameter in blueprint.parameters.items():
        if not parameter.minimum <= parameter.default <= parameter.maximum:
            yield f"parameters/{key} has a default outside its bounds"
    yield from _unsound_counts(blueprint)
    yield from _unsound_parts(blueprint)
    for number, link in enumerate(blueprint.links):
        if not {link.from_[0], link.to[0]} <= blueprint.parts.keys():
            yield f"links/{number} ends at something that is no part"


def _unsound_counts(blueprint: Blueprint) -> Iterator[str]:
    said: list[tuple[str, int | str, int]] = [(key, group.count, 1) for key, group in blueprint.groups.items()]
    for key, part in blueprint.parts.items():
        said += [(key, part.count, 1), (key, part.first, 0)]
    for key, value, least in said:
        known = blueprint.parameters.get(value) if isinstance(value, str) else None
        if isinstance(value, str) and (known is None or known.minimum < least):
            yield f"{key} takes a number from {value}, which is no parameter, or one that may be 0"


def _unsound_parts(blueprint: Blueprint) -> Iterator[str]:
    for key, part in blueprint.parts.items():
        if part.group is not None and part.group not in blueprint.groups:
            yield f"parts/{key} is in {part.group}, which is no group"
        if part.part_of is not None and part.part_of[0] not in blueprint.parts:
            yield f"parts/{key} is a component of {part.part_of[0]}, which is no part"
        elif key in _wholes(blueprint.parts, key):
            yield f"parts/{key} is a component of itself"
        groups = blueprint.groups[part.group].count if part.group in blueprint.groups else 1
        if part.at is not None and (part.count, groups) != (1, 1):
            yield f"parts/{key} has one place for several assets"


def _wholes(parts: Mapping[str, BlueprintPart], key: str) -> list[str]:
    """What a part is a component of, what that is one of, and so on; it ends where it comes to one again."""
    found: list[str] = []
    while (whole := parts[key].part_of) is not None and whole[0] in parts and whole[0] not in found:
        key = whole[0]
        found.append(key)
    return found


class FleetParameters(Part):
    """What a person says to have a blueprint filled in.

    Attributes:
        name: The twin's name.
        parameters: The blueprint's parameters by key; one that is not said is at its default.
        count: In place of the parameter of that name.
        first: In place of the parameter of that name.
        names: Names of the assets in order, in place of the blueprint's own.
        gateway: The gateway that all signals are read from, None to bind nothing.
    """

    name: Name
    parameters: dict[str, Figure] = Field(default_factory=dict)
    count: Figure | None = None
    first: Figure | None = None
    names: Many[Name] = ()
    gateway: Id | None = None

    @property
    def said(self) -> dict[str, int]:
        """All that was said about parameters, by key."""
        given = {"count": self.count, "first": self.first}
        return {key: value for key, value in given.items() if value is not None} | self.parameters


@dataclass(frozen=True, slots=True)
class TwinFinding(Finding):
    """A finding in a twin; only those of severity ``error`` keep it from being published."""

    severity: Literal["error", "hint"] = "error"


class _ClosedSchema(GenerateJsonSchema):
    """Refuses the keys that pydantic refuses; by itself it leaves those open that do not match a pattern."""

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        value = super().dict_schema(schema)
        return value | {"additionalProperties": False} if "patternProperties" in value else value


def schema_text(kind: type[Document]) -> str:
    """The text of the published schema of a kind of document, as JSON Schema 2020-12."""
    schema = {"$schema": GenerateJsonSchema.schema_dialect} | kind.model_json_schema(schema_generator=_ClosedSchema)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def published_schemas() -> dict[str, str]:
    """The text of each file under ``docs/schemas``, by its name."""
    return {f"{kind.schema_name}.schema.json": schema_text(kind) for kind in (AssetType, TwinDocument, Blueprint)}
