"""The document of a solution pack: all that makes one kind of plant ready to be modelled, watched and contracted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from twins.catalog.parts import Document, Key, Many, Part, Slug, Text, Texts
from twins.catalog.schemas import Alarm, AssetType
from twins.composer.schemas import Blueprint, Name, schema_text
from twins.dashboards.schemas import DashboardDocument

MOST_PARTS = 200
LARGEST_PACK = 5_000_000
"""Bytes of its JSON."""


class PackDashboard(Part):
    """A dashboard for all assets of a type."""

    key: Slug
    name: Name
    document: DashboardDocument


class PackAlarm(Part):
    """An alarm rule for all assets of a type, in place of the type's own of that key or beside them."""

    key: Key
    asset_type: Slug
    alarm: Alarm


class PackContract(Part):
    """The figures that contracts begin with; the room of contracts reads them."""

    key: Slug
    name: Name
    figures: dict[str, Any]


class PackDocument(Document):
    """A pack: it is installed as a whole or not at all, and goes without a trace while nothing of it is in use."""

    area: ClassVar[str] = "pack"
    schema_name: ClassVar[str] = "pack"

    key: Slug
    version: Annotated[int, Field(ge=1, le=999_999_999)]
    name: Texts
    description: Texts | None = None
    author: Text | None = None
    types: Annotated[Many[AssetType], Field(max_length=MOST_PARTS)] = ()
    blueprints: Annotated[Many[Blueprint], Field(max_length=MOST_PARTS)] = ()
    dashboards: Annotated[Many[PackDashboard], Field(max_length=MOST_PARTS)] = ()
    alarms: Annotated[Many[PackAlarm], Field(max_length=MOST_PARTS)] = ()
    contracts: Annotated[Many[PackContract], Field(max_length=MOST_PARTS)] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """What installing a pack made.

    Attributes:
        types: The types that it published, as ``key@version``, parents before children.
        known: Types of the pack that were there before, the same to the letter.
        rules: Ids of the alarm rules.
    """

    types: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a new pack is to hold, by what each is called here."""

    types: frozenset[str] = frozenset()
    blueprints: frozenset[str] = frozenset()
    dashboards: frozenset[str] = frozenset()
    alarms: frozenset[str] = frozenset()
    contracts: frozenset[str] = frozenset()


def published_schema() -> str:
    """The text of ``docs/schemas/pack.schema.json``."""
    return schema_text(PackDocument)
