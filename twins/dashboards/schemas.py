"""The document of a dashboard: widgets on a grid of twelve columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twins.catalog.parts import Document, Key, Many, Part, Slug
from twins.composer.schemas import Id, schema_text

COLUMNS = 12
MOST_WIDGETS = 60
MOST_SIGNALS = 24
"""Signals of one widget."""
MOST_ROWS = 500
KINDS = ("value", "chart", "gauge", "bars", "table", "text")

Finite = Annotated[float, Field(ge=-1e15, le=1e15, strict=False, allow_inf_nan=False)]


class WidgetSignal(Part):
    """A signal that a widget shows: of one asset, or with no asset of the one that the viewer chooses."""

    key: Key
    asset: Id | None = None


class Widget(Part):
    """One widget.

    Attributes:
        id: Its name within the dashboard.
        x: The column it begins in, from 0.
        y: The row, from 0.
        width: Columns.
        height: Rows.
        range_s: How much of the past a chart shows, in seconds.
        low: The beginning of a gauge's scale.
        high: The end of it.
        target: What a gauge's value should be at.
        text: What a text says.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,36}$")]
    kind: Literal["value", "chart", "gauge", "bars", "table", "text"]
    x: Annotated[int, Field(ge=0, lt=COLUMNS)]
    y: Annotated[int, Field(ge=0, lt=MOST_ROWS)]
    width: Annotated[int, Field(ge=1, le=COLUMNS)]
    height: Annotated[int, Field(ge=1, le=40)]
    title: Annotated[str, Field(max_length=120)] = ""
    signals: Annotated[Many[WidgetSignal], Field(max_length=MOST_SIGNALS)] = ()
    range_s: Annotated[int, Field(ge=60, le=366 * 86_400)] = 3600
    low: Finite | None = None
    high: Finite | None = None
    target: Finite | None = None
    text: Annotated[str, Field(max_length=4000)] = ""


class DashboardDocument(Document):
    """What a dashboard shows.

    Attributes:
        asset_type: The key of a type when it is one dashboard for all assets of it, of which the viewer chooses one.
    """

    area: ClassVar[str] = "dashboard"
    schema_name: ClassVar[str] = "dashboard"

    asset_type: Slug | None = None
    widgets: Annotated[Many[Widget], Field(max_length=MOST_WIDGETS)] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """Who else sees a dashboard: all colleagues, and the end customers of some shared views."""

    is_shared: bool
    views: frozenset[str]


def published_schema() -> str:
    """The text of ``docs/schemas/dashboard.schema.json``."""
    return schema_text(DashboardDocument)
