"""How a file would be read: a guess or the mapping that a person chose, and the first rows as they would be stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from pydantic import ValidationError

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import Finding
from tenants.scope.context import required_tenant
from twins.gateways.imports.errors import FileUnreadableError, MappingError
from twins.gateways.imports.models import FileImport
from twins.gateways.imports.schemas import CODES, LATEST_HEADER, Chunk, FileMapping, Head, Kind, Rejected
from twins.gateways.imports.storage import ImportFiles
from twins.telemetry.bindings import bindings_of
from twins.telemetry.instants import micros, moment
from twins.telemetry.normalise import normalise
from twins.telemetry.schemas import Bindings, Message
from twins.telemetry.selectors import bound_signals
from twins.telemetry.services import provide_signals

LOOKED_AT = 100
"""Rows that a guess is made from."""
SHOWN = 20


@dataclass(frozen=True, slots=True)
class ShownReading:
    """A reading as it would be stored.

    Attributes:
        signal: Asset and signal, empty when no published twin reads the key.
        stored: Its value in the unit of the signal, None when it would be set aside.
    """

    at: datetime
    key: str
    value: float
    signal: str = ""
    unit: str = ""
    stored: float | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file looks like with a mapping.

    Attributes:
        names: Its columns.
        mapping: In the form of `FileMapping`, whole or not.
        readings: The first ones.
        rejected: What of the first rows cannot be read.
        findings: What a person should look at.
    """

    names: tuple[str, ...]
    mapping: dict[str, Any]
    readings: tuple[ShownReading, ...]
    rejected: tuple[Rejected, ...]
    findings: tuple[Finding, ...]


def checked(values: dict[str, Any]) -> FileMapping:
    """A mapping out of what somebody sent.

    Raises:
        MappingError: Something of it does not fit; the findings say what.
    """
    try:
        return FileMapping.model_validate(values)
    except ValidationError as error:
        findings = [
            Finding("import.mapping", "/".join(map(str, each["loc"])) or "mapping", each["msg"], "Choose another.")
            for each in error.errors()
        ]
        raise MappingError(
            "the mapping is not complete", place="mapping", fix="Mend the places named in `findings`.",
            findings=findings,
        ) from None  # fmt: skip


def preview(
    row: FileImport, mapping: FileMapping | None, *, zone: str, writing: Mapping[str, str] | None = None
) -> Preview:
    """What a file comes to with a mapping, or with what can be guessed.

    Args:
        row: Whose file it is.
        mapping: How it is read, None for a guess.
        zone: Where times are from that do not say it, for a guess.
        writing: What of a guess about CSV a person knows better.

    Raises:
        FileUnreadableError: It cannot be read at all.
        MappingError: The mapping names columns that it does not have.
    """
    from twins.gateways.imports.convert import converted  # noqa: PLC0415 (Arrow: most pages never need it)

    path = ImportFiles(required_tenant("an import"), row.id).data
    head, guess, findings = look(path, Kind(row.kind), mapping, zone=zone, known=writing or {})
    if mapping is None:
        try:
            mapping = checked(guess)
        except MappingError as error:
            return Preview(head.names, guess, (), (), (*findings, *error.findings))
    check_columns(mapping, head)
    message, rejected = converted(head.chunk, mapping, "preview")
    found = tuple(
        ShownReading(moment(at), message.keys[key], value)
        for key, at, value in zip(message.key.tolist(), message.at.tolist(), message.value.tolist(), strict=True)
    )
    readings, more = _as_stored(row, found)
    return Preview(
        head.names, mapping.model_dump(mode="json"), readings[:SHOWN], tuple(rejected[:SHOWN]), (*findings, *more)
    )


def look(
    path: Path, kind: Kind, mapping: FileMapping | None, *, zone: str, known: Mapping[str, str] = MappingProxyType({})
) -> tuple[Head, dict[str, Any], list[Finding]]:
    """The beginning of a file, and what can be guessed of it when nothing is told.

    Raises:
        FileUnreadableError: It cannot be read at all, or is gone.
    """
    from twins.gateways.imports import csv_files, detect  # noqa: PLC0415 (Arrow)

    if not path.is_file():
        raise FileUnreadableError("the file is gone", place="file", fix="Remove this import and bring the file again.")
    if kind is Kind.PARQUET:
        head = _parquet_head(path)
        writing: dict[str, object] = {}
    else:
        writing = {**detect.csv_guess(path), **_known(known)} if mapping is None else _writing(mapping)
        head = csv_files.head(
            path, delimiter=str(writing["delimiter"]), encoding=str(writing["encoding"]),
            header=int(str(writing["header"])), most=LOOKED_AT,
        )  # fmt: skip
    findings = [
        Finding("import.column_refused", name, f"the column {name} is of a type that holds no readings", "Leave it.")
        for name in head.refused
    ]
    if mapping is not None:
        return head, {}, findings
    guess, more = detect.mapping_guess(head, writing, zone=zone)
    return head, guess, [*findings, *more]


def check_columns(mapping: FileMapping, head: Head) -> None:
    """Make sure that a file has the columns of a mapping.

    Raises:
        MappingError: It lacks some.
    """
    if lacking := [name for name in mapping.wanted if name not in head.names]:
        raise MappingError(
            f"the file has no column named {lacking[0]}", place="mapping", fix="Choose one of its columns."
        )


def _known(known: Mapping[str, str]) -> dict[str, object]:
    """What of a person's choices can be read by."""
    found: dict[str, object] = {}
    if known.get("delimiter") in (",", ";", "\t", "|"):
        found["delimiter"] = known["delimiter"]
    if known.get("encoding") in ("utf-8", "windows-1252"):
        found["encoding"] = known["encoding"]
    if (header := known.get("header", "")).isdecimal() and len(header) <= 3 and int(header) <= LATEST_HEADER:
        found["header"] = int(header)
    return found


def _writing(mapping: FileMapping) -> dict[str, object]:
    return {name: getattr(mapping, name) for name in ("delimiter", "encoding", "header", "decimal")}


def _parquet_head(path: Path) -> Head:
    from twins.gateways.imports import parquet_files  # noqa: PLC0415 (Arrow)

    try:
        with parquet_files.reading(path, columns=None, size=LOOKED_AT, most=LOOKED_AT) as batches:
            batch = next(batches)
    except ValueError as error:
        raise FileUnreadableError(
            f"the file cannot be read as Parquet: {error}", place="file", fix="Write it anew, or send it as CSV."
        ) from error
    names = tuple(batch.schema.names)
    if not names:
        raise FileUnreadableError("no column of the file can hold readings", place="file", fix="Send another file.")
    kinds = {field.name: _kind(str(field.type)) for field in batch.schema}
    rows = parquet_files.numbered(1, batch.num_rows)
    columns = {name: batch.column(name) for name in names}
    return Head(names, kinds, Chunk(rows, columns), parquet_files.refused_of(batch))


def _kind(type_: str) -> str:
    if type_.startswith("timestamp"):
        return "time"
    return "text" if type_ == "string" else "number"


def bindings_for(row: FileImport) -> Bindings:
    """What the keys of the import's gateway mean at present."""
    tenant, bound = required_tenant("an import"), bound_signals()
    return bindings_of(tenant, row.gateway_id, bound, provide_signals(bound=bound))


def _as_stored(row: FileImport, found: tuple[ShownReading, ...]) -> tuple[tuple[ShownReading, ...], list[Finding]]:
    """Readings with the signals they are of, and what would become of those that would not be stored."""
    bindings = bindings_for(row)
    now_us = micros(utc_now())
    shown, asides = [], {}
    for one in found:
        normalised = normalise(_message_of(one), bindings, now_us=now_us)
        for aside in normalised.aside:
            asides[aside.code, aside.key] = aside
        number = bindings.index.get(one.key, -1)
        first = int(bindings.start[number]) if number >= 0 else -1
        shown.append(
            ShownReading(
                one.at, one.key, one.value, bindings.names[first] if number >= 0 else "",
                bindings.units[first] if number >= 0 else "",
                float(normalised.readings.value[0]) if normalised.readings.size else None,
            )
        )  # fmt: skip
    findings = [Finding(aside.code, aside.key, f"{aside.key}: {aside.message}", aside.fix) for aside in asides.values()]
    return tuple(shown), findings


def _message_of(one: ShownReading) -> Message:
    return Message(
        "preview", [one.key], np.zeros(1, np.int64), np.array([micros(one.at)]), np.array([one.value]),
        np.zeros(1, np.int16),
    )  # fmt: skip


def told(rejected: Rejected) -> dict[str, Any]:
    """Something that cannot be read, for people."""
    message, fix = CODES[rejected.code]
    return {
        "row": rejected.row, "column": rejected.column, "written": rejected.written, "code": rejected.code,
        "message": message, "fix": fix,
    }  # fmt: skip
