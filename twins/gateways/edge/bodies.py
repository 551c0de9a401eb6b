"""Batches as they are stored and sent: JSON in one of the forms of the ingest routes, packed with zstd.

What is stored is what is signed and sent, byte for byte, so that a later version of the agent changes nothing of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import zstandard

from twins.gateways.field.samples import Sample, SampleQuality

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes of a message, unpacked, that the platform takes."""
MOST_READINGS = 20_000
"""Readings of a message that the platform takes."""
_LEVEL = 3
_SPARSE = 2
"""How many places a table may have for each reading in it."""
_SPARSE_JOINED = 8
"""The same where tables are joined: a place without a value takes an eighth of what a reading by itself does."""


def packed(body: bytes) -> bytes:
    """A body as it is stored and sent."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(body)


def unpacked(body: bytes) -> bytes:
    """A body as it is signed.

    Raises:
        ValueError: The disk gave back something else than was written.
    """
    try:
        return zstandard.ZstdDecompressor().decompress(body)
    except zstandard.ZstdError as error:
        raise ValueError(f"the batch cannot be unpacked: {error}") from None


def encoded(name: str, samples: Sequence[Sample]) -> bytes:
    """Samples as a batch: as a table where their instants repeat, else reading by reading.

    Args:
        name: Of the batch.
        samples: Finite values.
    """
    at = np.fromiter((sample.at for sample in samples), np.int64, len(samples))
    instants, row = np.unique(at, return_inverse=True)
    columns: dict[str, list[float | None]] = {}
    if all(sample.quality is SampleQuality.GOOD for sample in samples):
        keys = dict.fromkeys(sample.key for sample in samples)
        if len(keys) * instants.size <= _SPARSE * len(samples):
            columns = {key: [None] * instants.size for key in keys}
    for sample, place in zip(samples, row.tolist(), strict=True) if columns else ():
        if columns[sample.key][place] is not None:  # two values of one instant: as they came, the last one counts
            columns = {}
            break
        columns[sample.key][place] = sample.value
    if columns:
        return _json({"batch": name, "at": written(instants), "columns": columns})
    rows: list[dict[str, Any]] = [
        {"key": sample.key, "at": when, "value": sample.value}
        if sample.quality is SampleQuality.GOOD
        else {"key": sample.key, "at": when, "value": sample.value, "quality": sample.quality.value}
        for sample, when in zip(samples, written(at), strict=True)
    ]
    return _json({"batch": name, "readings": rows})


def written(at: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[int] | list[str]:
    """Instants in microseconds as they are sent: whole milliseconds where that is exact, else ISO 8601."""
    if not (at % 1000).any():
        return [int(one) for one in (at // 1000).tolist()]
    return [one + "Z" for one in np.datetime_as_string(at.astype("datetime64[us]")).tolist()]


def document_in(body: bytes) -> dict[str, Any]:
    """What a body says, for `joined`.

    Raises:
        ValueError: It is not of the form that the agent writes.
    """
    document = json.loads(body)
    if not isinstance(document, dict) or not ("readings" in document or {"at", "columns"} <= document.keys()):
        raise ValueError("it is no batch of ours")
    return document


def joined(name: str, documents: Sequence[dict[str, Any]]) -> bytes:
    """Several batches as one of this name, their readings in the same order."""
    documents = _written_alike(documents)
    if all("columns" in each for each in documents):
        keys = dict.fromkeys(key for each in documents for key in each["columns"])
        at = [one for each in documents for one in each["at"]]
        held = sum(len(column) - column.count(None) for each in documents for column in each["columns"].values())
        if len(keys) * len(at) <= _SPARSE_JOINED * held:
            columns: dict[str, list[float | None]] = {key: [] for key in keys}
            for each in documents:
                none = [None] * len(each["at"])
                for key in keys:
                    columns[key] += each["columns"].get(key, none)
            return _json({"batch": name, "at": at, "columns": columns})
    return _json({"batch": name, "readings": [row for each in documents for row in _rows(each)]})


def _written_alike(documents: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """All instants as text where some are: a message that mixes them is read slowly."""
    if len({type(one) for each in documents for one in _instants(each)}) < 2:
        return documents
    return [
        {"at": _texts(each["at"]), "columns": each["columns"]}
        if "columns" in each
        else {
            "readings": [
                {**row, "at": at}
                for row, at in zip(each["readings"], _texts([row["at"] for row in each["readings"]]), strict=True)
            ]
        }
        for each in documents
    ]  # fmt: skip


def _instants(document: dict[str, Any]) -> list[int] | list[str]:
    """Its instants, or as many as tell how all of them are written: a batch of ours is written in one way."""
    first: list[Any] = document["at"][:1] if "columns" in document else [row["at"] for row in document["readings"][:1]]
    return first


def _texts(at: list[int] | list[str]) -> list[str]:
    return [
        one if isinstance(one, str) else f"{np.datetime_as_string(np.datetime64(one, 'ms').astype('datetime64[us]'))}Z"
        for one in at
    ]


def halves(body: bytes, names: tuple[str, str]) -> tuple[tuple[bytes, int], tuple[bytes, int]] | None:
    """A body as two of these names, each with the number of its readings; None for one that has a single reading."""
    rows = _rows(json.loads(body))
    if len(rows) < 2:
        return None
    middle = len(rows) // 2
    first, second = (
        (_json({"batch": name, "readings": part}), len(part))
        for name, part in zip(names, (rows[:middle], rows[middle:]), strict=True)
    )
    return first, second


def thinned(body: bytes, name: str) -> tuple[bytes, int]:
    """A body of this name with every second reading of each key, the first being kept; and how many these are."""
    document = json.loads(body)
    if "readings" in document:
        seen: dict[str, int] = {}
        rows = []
        for row in document["readings"]:
            seen[row["key"]] = number = seen.get(row["key"], -1) + 1
            if number % 2 == 0:
                rows.append(row)
        return _json({"batch": name, "readings": rows}), len(rows)
    columns: dict[str, list[float | None]] = document["columns"]
    count = 0
    for column in columns.values():
        held = [place for place, value in enumerate(column) if value is not None]
        count += (len(held) + 1) // 2
        for place in held[1::2]:
            column[place] = None
    kept = [place for place in range(len(document["at"])) if any(each[place] is not None for each in columns.values())]
    return _json({
        "batch": name, "at": [document["at"][place] for place in kept],
        "columns": {key: [column[place] for place in kept] for key, column in columns.items()},
    }), count  # fmt: skip


def _rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    if "readings" in document:
        return list(document["readings"])
    return [
        {"key": key, "at": document["at"][place], "value": column[place]}
        for place in range(len(document["at"]))
        for key, column in document["columns"].items()
        if column[place] is not None
    ]


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
