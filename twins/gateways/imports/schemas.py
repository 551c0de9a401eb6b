"""Types of files of history: how a file is read, and what is found in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from twins.telemetry.salvage import LONGEST_KEY
from twins.telemetry.schemas import Ints

if TYPE_CHECKING:
    import pyarrow as pa

MOST_COLUMNS = 2000
LONGEST_NAME = 256
LATEST_HEADER = 100
"""The last line on which the names of the columns may stand."""
READINGS_OF_A_BATCH = 10_000


class Kind(StrEnum):
    """What kind of file it is."""

    CSV = "csv"
    PARQUET = "parquet"


class TimeFormat(StrEnum):
    """How a time is written."""

    ISO = "iso"
    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"
    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"


Name = Annotated[str, Field(max_length=LONGEST_NAME)]


class FileMapping(BaseModel):
    """How the rows of a file become readings.

    A wide file has a column of times and a column of values for each key; a long one has a time, a key and a value in
    each row.

    Attributes:
        header: The number of the line with the names of the columns, 0 when there is none.
        time: The column of times; one of Parquet's own type of time needs no format.
        time_of_day: A second column, when the time stands apart from the date; else empty.
        zone: Where times are from that have no offset.
        columns: Of a wide file the key of each column that is taken.
        key: Of a long file the column of keys.
        value: Of a long file the column of values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: Literal["wide", "long"]
    delimiter: Literal[",", ";", "\t", "|"] = ","
    decimal: Literal[".", ","] = "."
    encoding: Literal["utf-8", "windows-1252"] = "utf-8"
    header: Annotated[int, Field(ge=0, le=LATEST_HEADER)] = 1
    time: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    time_of_day: Name = ""
    time_format: TimeFormat = TimeFormat.ISO
    zone: Annotated[str, Field(max_length=64)] = "UTC"
    columns: Annotated[
        dict[Name, Annotated[str, Field(min_length=1, max_length=LONGEST_KEY)]], Field(max_length=MOST_COLUMNS)
    ] = {}
    key: Name = ""
    value: Name = ""

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("there is no such time zone; name it as Europe/Berlin is named") from error
        return zone

    @model_validator(mode="after")
    def _is_whole(self) -> FileMapping:
        if self.shape == "wide" and not self.columns:
            raise ValueError("a wide file needs at least one column with a key")
        if self.shape == "long" and not (self.key and self.value):
            raise ValueError("a long file needs the column of keys and the column of values")
        return self

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        values = tuple(self.columns) if self.shape == "wide" else (self.key, self.value)
        times = (self.time, self.time_of_day) if self.time_of_day else (self.time,)
        return tuple(dict.fromkeys((*times, *values)))

    @property
    def rows_of_a_batch(self) -> int:
        """How many rows make one batch: always the same, so that a batch is known again by its first row."""
        return max(1, READINGS_OF_A_BATCH // max(1, len(self.columns) if self.shape == "wide" else 1))


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something of a file that cannot be read.

    Attributes:
        row: The number of its row: in CSV the line, counted from 1 with the names; in Parquet the row from 1.
        column: Its column, empty when it is the whole row.
        written: What stands there.
        code: Dotted reason.
    """

    row: int
    column: str
    written: str
    code: str


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Rows of a file that follow each other.

    Attributes:
        rows: Their numbers, shape ``(n,)``.
        columns: What stands in them, of length ``n`` each.
        broken: Rows among them that have no columns to read.
    """

    rows: Ints
    columns: Mapping[str, pa.Array]
    broken: Sequence[Rejected] = ()

    @property
    def size(self) -> int:
        """How many rows can be looked at."""
        return int(self.rows.size)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The beginning of a file, as it is read with some settings.

    Attributes:
        names: The columns in their order.
        kinds: What each is by its type: ``time``, ``number`` or ``text``; of CSV all are text.
        chunk: The first rows.
        refused: Columns that cannot hold readings, such as nested ones.
    """

    names: tuple[str, ...]
    kinds: Mapping[str, str]
    chunk: Chunk
    refused: tuple[str, ...] = ()


NO_ROWS = np.empty(0, np.int64)
CODES: dict[str, tuple[str, str]] = {
    "row.columns": ("the row has another number of columns", "Mend the row, or choose the delimiter that fits."),
    "reading.no_time": ("the time cannot be read", "Choose the format that the times are written in."),
    "reading.no_key": (f"the key is not a text of 1 to {LONGEST_KEY} characters", "Choose the column of keys."),
    "reading.not_a_number": ("the value is not a number", "Mend it, or choose the decimal sign that fits."),
}
"""What is wrong with a row or a value of a file, and what to do about it."""


@dataclass(slots=True)
class Tally:
    """What an import has come to so far; kept with its position, and as JSON.

    Attributes:
        rows: Rows that were looked at.
        stored: Readings that were stored.
        known: Readings that were there already, or that a later row of the same batch replaced.
        aside: Rows, values and readings that were set aside, by reason.
    """

    rows: int = 0
    stored: int = 0
    known: int = 0
    aside: dict[str, int] = field(default_factory=dict)

    def put_aside(self, code: str, count: int = 1) -> None:
        """Count what was set aside."""
        self.aside[code] = self.aside.get(code, 0) + count

    @property
    def set_aside(self) -> int:
        """How much was set aside in all."""
        return sum(self.aside.values())

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"rows": self.rows, "stored": self.stored, "known": self.known, "aside": dict(self.aside)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Tally:
        """From JSON."""
        return cls(
            int(document.get("rows", 0)), int(document.get("stored", 0)), int(document.get("known", 0)),
            dict(document.get("aside", {})),
        )  # fmt: skip
