"""What custody hands out: the manifest of an archive, and certificates of erasure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Member(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExportedColumn(_Member):
    """A column of a table."""

    name: str
    type: Annotated[
        Literal["string", "integer", "number", "boolean", "uuid", "date", "moment", "json", "bytes", "list"],
        Field(
            description="`moment` is ISO 8601 in UTC with Z. `bytes` is the path of a file below `blobs/`, or base64 "
            "when the column never holds more than 64 bytes."
        ),
    ]


class ExportedFile(_Member):
    """A file of the archive."""

    path: Annotated[str, Field(description="Where it is in the archive.")]
    bytes: Annotated[int, Field(ge=0, description="Its size, not compressed; of a .gz file that of the .gz file.")]
    sha256: Hash
    rows: Annotated[int, Field(ge=0, description="The rows in it; 0 for a blob.")]


class ExportedTable(_Member):
    """A table of the archive: one file of NDJSON, or for readings one compressed CSV file a month."""

    name: str
    kept: Annotated[str, Field(description="What becomes of its rows when the organisation is erased.")]
    rows: Annotated[int, Field(ge=0)]
    columns: tuple[ExportedColumn, ...]
    left_out: Annotated[tuple[str, ...], Field(description="Columns with secrets, which never leave the house.")]
    files: Annotated[tuple[str, ...], Field(description="Paths of its files, in order.")]


class ExportManifest(_Member):
    """`manifest.json`: what is in the archive."""

    format: Literal["outturn-export"] = "outturn-export"
    version: Annotated[Literal[1], Field(description="The version of this format.")] = 1
    organisation: Annotated[dict[str, Any], Field(description="The organisation's own row.")]
    person: Annotated[str | None, Field(description="The address of the person it is about; null: everything.")]
    begun_at: Annotated[str, Field(description="Rows written later may be missing; each file was read at one time.")]
    tables: tuple[ExportedTable, ...]
    files: tuple[ExportedFile, ...]


def export_manifest_schema() -> str:
    """The JSON Schema of the manifest, as it is published under ``docs/schemas``."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ExportManifest.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Hold:
    """Why rows of a class are kept although their time is over.

    Attributes:
        kept: The class, as `RetentionPolicy` names it.
        since: The earliest moment of which rows must be kept; later ones too.
        reason: A sentence: what needs them, and so what ends it.
        until: When it ends by itself; None when somebody has to do something first.
        about: Ids of the things whose rows are needed, such as twins.
    """

    kept: str
    since: datetime
    reason: str
    until: datetime | None = None
    about: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Grace:
    """Readings beyond a plan that has become smaller.

    Attributes:
        days: The plan's days, which hold afterwards.
        until: The moment from which they hold.
    """

    days: int
    until: datetime


@dataclass(frozen=True, slots=True)
class NextDrop:
    """What the retention of a class will remove next.

    Attributes:
        kept: The class, as `RetentionPolicy` names it.
        days: How long it is kept now; None for good.
        rows: How many rows it holds now.
        at: When the next rows are removed; None when there are none, or they are kept for good.
        dropped: How many rows are removed then.
        held: What keeps rows beyond their days, the one that reaches back furthest first.
    """

    kept: str
    days: int | None
    rows: int
    at: datetime | None
    dropped: int
    held: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a thing may not be put into the trash, or must stay there, and what to do instead."""

    reason: str
    fix: str
