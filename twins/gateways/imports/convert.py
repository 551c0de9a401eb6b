"""Rows of a file to columns of readings; what cannot be read is told with the number of its row, and the rest kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twins.gateways.imports.schemas import Chunk, FileMapping, Rejected
from twins.gateways.imports.times import Mask, instants_of
from twins.telemetry.salvage import LONGEST_KEY, keepable
from twins.telemetry.schemas import Floats, Ints, Message

LONGEST_WRITTEN = 200
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_NOTHING = ("", "-", "--", "null", "NULL", "None", "nan", "NaN", "NAN", "NA", "N/A", "#N/A", "n/a")
"""What stands where there is no value."""


def converted(chunk: Chunk, mapping: FileMapping, batch: str) -> tuple[Message, list[Rejected]]:
    """The readings of some rows, as a message of that name, and what of them cannot be read."""
    of_day = chunk.columns[mapping.time_of_day] if mapping.time_of_day else None
    at, is_read = instants_of(chunk.columns[mapping.time], mapping.time_format, mapping.zone, of_day)
    filled = ~_is_blank(chunk, mapping)
    rejected = [
        *chunk.broken,
        *_told(chunk, mapping.time, np.flatnonzero(~is_read & filled), "reading.no_time", is_whole=True),
    ]
    sound = is_read & filled
    read = _wide if mapping.shape == "wide" else _long
    keys, key, place, value, more = read(chunk, mapping, sound)
    message = Message(batch, keys, key, at[place], value, np.zeros(value.size, np.int16))
    return message, sorted([*rejected, *more], key=lambda one: one.row)


def _wide(chunk: Chunk, mapping: FileMapping, sound: Mask) -> tuple[list[str], Ints, Ints, Floats, list[Rejected]]:
    keys = list(mapping.columns.values())
    found: list[tuple[Ints, Ints, Floats]] = []
    rejected: list[Rejected] = []
    for number, name in enumerate(mapping.columns):
        value, is_value, is_fault = numbers_of(chunk.columns[name], mapping.decimal)
        place = np.flatnonzero(is_value & sound)
        found.append((np.full(place.size, number, np.int64), place, value[place]))
        rejected += _told(chunk, name, np.flatnonzero(is_fault & sound), "reading.not_a_number")
    columns = [np.concatenate(part) for part in zip(*found, strict=True)]
    order = np.argsort(columns[1], kind="stable")
    return keys, columns[0][order], columns[1][order], columns[2][order], rejected


def _long(chunk: Chunk, mapping: FileMapping, sound: Mask) -> tuple[list[str], Ints, Ints, Floats, list[Rejected]]:
    value, is_value, is_fault = numbers_of(chunk.columns[mapping.value], mapping.decimal)
    written = chunk.columns[mapping.key]
    coded = pc.utf8_trim_whitespace(written if pa.types.is_string(written.type) else written.cast(pa.string()))
    coded = coded.fill_null("").dictionary_encode()
    keys = coded.dictionary.to_pylist()
    key = np.asarray(coded.indices.to_numpy(zero_copy_only=False), np.int64)
    is_key = np.array([0 < len(each) <= LONGEST_KEY for each in keys], np.bool_)
    has_key = is_key[key] if keys else np.zeros(0, np.bool_)
    rejected = [
        *_told(chunk, mapping.key, np.flatnonzero(~has_key & sound), "reading.no_key"),
        *_told(chunk, mapping.value, np.flatnonzero(is_fault & has_key & sound), "reading.not_a_number"),
    ]
    place = np.flatnonzero(is_value & has_key & sound)
    return [keepable(each) for each in keys], key[place], place, value[place], rejected


def numbers_of(column: pa.Array, decimal: str) -> tuple[Floats, Mask, Mask]:
    """The values of a column, which of them there are, and where something stands that is no number."""
    if not pa.types.is_string(column.type):
        if pa.types.is_timestamp(column.type):
            is_there = ~np.asarray(column.is_null().to_numpy(zero_copy_only=False))
            return np.zeros(len(column)), np.zeros(len(column), np.bool_), is_there
        value = np.asarray(column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False))
        return value, ~np.isnan(value), np.zeros(len(column), np.bool_)
    text = pc.utf8_trim_whitespace(column.fill_null(""))
    is_empty = pc.is_in(text, pa.array(_NOTHING))
    if decimal == ",":
        # A point would be a sign of thousands or of another file: both are for people to look at.
        has_point = pc.match_substring(text, ".")
        text = pc.if_else(has_point, "?", pc.replace_substring(text, ",", ".", max_replacements=1))
    is_number = pc.match_substring_regex(text, _NUMBER)
    value = pc.if_else(is_number, text, pa.scalar(None, pa.string())).cast(pa.float64()).fill_null(np.nan)
    there = np.asarray(is_number.to_numpy(zero_copy_only=False), np.bool_)
    fault = ~there & ~np.asarray(is_empty.to_numpy(zero_copy_only=False), np.bool_)
    return np.asarray(value.to_numpy(zero_copy_only=False), np.float64), there, fault


def _is_blank(chunk: Chunk, mapping: FileMapping) -> Mask:
    """Rows in which nothing stands at all, such as the line at the end of many files."""
    blank = np.ones(chunk.size, np.bool_)
    for name in mapping.wanted:
        column = chunk.columns[name]
        if not blank.any():
            break
        empty = pc.equal(column.fill_null(""), "") if pa.types.is_string(column.type) else column.is_null()
        blank &= np.asarray(empty.to_numpy(zero_copy_only=False), np.bool_)
    return blank


def _told(
    chunk: Chunk, column: str, places: Sequence[int] | Ints, code: str, *, is_whole: bool = False
) -> list[Rejected]:
    """What stands at some places of a column, for people to see; a whole row is told without a column."""
    written = chunk.columns[column].take(pa.array(places, pa.int64())).to_pylist()
    return [
        Rejected(int(chunk.rows[place]), "" if is_whole else column, str(what or "")[:LONGEST_WRITTEN], code)
        for place, what in zip(places, written, strict=True)
    ]
