"""Writing an archive: a file for each table, finished one by one, so that work resumes after the last that is whole."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, Protocol
from uuid import UUID

from django.db.models import Q
from django.utils.module_loading import import_string

from tenants.custody.registry import custody_of
from tenants.custody.rows import Row, Verbatim, as_json, blob_path, columns, left_out, pages
from tenants.custody.schemas import ExportedColumn, ExportedFile, ExportedTable, ExportManifest
from tenants.custody.storage import ArchiveStore

ARCHIVE = "archive.zip"
PARTS = "parts"
README = """This is an archive of what Outturn holds, in the format outturn-export, version 1.

manifest.json     what is in here: tables with their columns, files with sizes, rows and SHA-256
tables/*.ndjson   one file for each table, one JSON object for each row, in the order of the rows' keys
readings/*.csv.gz readings and what they came to by the hour, a file for each month, by signal in the order of time
blobs/*           longer bytes, each named by its SHA-256; rows name them by path

Moments are ISO 8601 in UTC. Columns that hold secrets, or mere digests of them, are left out; the manifest names them.
The JSON Schema of the manifest is docs/schemas/export-manifest.schema.json in Outturn's source.
"""
# A file of the same bytes is the same file: entries of the archive have no time of their own.
_EPOCH = (1980, 1, 1, 0, 0, 0)
Tell = Callable[[int], None]
"""Told how many rows have been written since the last time."""


class Unpacked(Protocol):
    """Gives the rows that a table holds in packed form.

    Attributes:
        name: What the table is called in the archive.
        columns: Of the rows.
    """

    name: str
    columns: tuple[ExportedColumn, ...]

    def months(self, tenant: UUID) -> Sequence[datetime]:
        """The first instants of the calendar months in UTC that have rows."""

    def pages(self, tenant: UUID, start: datetime, end: datetime) -> Iterator[Sequence[Sequence[Any]]]:
        """The rows of a month, some at a time."""


class _Measured:
    """A file that counts and hashes what is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._seal, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self._seal.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    @property
    def sha256(self) -> str:
        return self._seal.hexdigest()


@dataclass
class ArchiveWriter:
    """Writes the files of one archive, then the archive.

    Attributes:
        tenant: Whose data.
        store: Where it goes.
        tell: Told of progress.
    """

    tenant: UUID
    store: ArchiveStore
    tell: Tell
    _files: dict[str, ExportedFile] = field(default_factory=dict)
    _tables: list[ExportedTable] = field(default_factory=list)

    def add_table(self, model: Any, *, where: Q) -> None:
        """Write the rows of a table that fit, unless an earlier attempt has."""
        where_packed = getattr(model, "unpacked", "")
        packed: Unpacked | None = import_string(where_packed) if where_packed else None
        name = packed.name if packed else model._meta.db_table
        done = f"{PARTS}/{name}.json"
        if not self.store.has(done):
            files = self._packed(packed) if packed else self._rows(model, where)
            with self.store.writing(done) as file:
                file.write(json.dumps([each.model_dump() for each in files]).encode())
        with self.store.reading(done) as file:
            found = [ExportedFile(**each) for each in json.load(file)]
        self._files.update({each.path: each for each in found})
        paths = tuple(each.path for each in found if not each.path.startswith("blobs/"))
        self._tables.append(
            ExportedTable(
                name=name, kept=custody_of(model).value, rows=sum(each.rows for each in found),
                columns=packed.columns if packed else tuple(columns(model)),
                left_out=() if packed else tuple(left_out(model)), files=paths,
            )
        )  # fmt: skip

    def finish(self, *, organisation: Row, person: str | None, begun_at: str) -> tuple[int, str, int]:
        """Put the files into the archive; its size, its SHA-256, and how many rows it holds."""
        manifest = ExportManifest(
            organisation=organisation, person=person, begun_at=begun_at, tables=tuple(self._tables),
            files=tuple(self._files[path] for path in sorted(self._files)),
        )  # fmt: skip
        with self.store.writing(ARCHIVE) as file:
            measured = _Measured(file)
            self._zip(measured, manifest)
        self.store.remove_all_but(ARCHIVE)
        return measured.size, measured.sha256, sum(table.rows for table in self._tables)

    def _zip(self, target: Any, manifest: ExportManifest) -> None:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("README.txt", _EPOCH), README)
            archive.writestr(zipfile.ZipInfo("manifest.json", _EPOCH), manifest.model_dump_json(indent=1))
            for each in manifest.files:
                info = zipfile.ZipInfo(each.path, _EPOCH)
                info.compress_type = zipfile.ZIP_STORED if each.path.endswith(".gz") else zipfile.ZIP_DEFLATED
                with archive.open(info, "w", force_zip64=True) as entry:
                    for piece in self.store.pieces(f"{PARTS}/{each.path}", 0, each.bytes):
                        entry.write(piece)
                        self.tell(0)

    def _rows(self, model: Any, where: Q) -> list[ExportedFile]:
        path, count, blobs = f"tables/{model._meta.db_table}.ndjson", 0, dict[str, ExportedFile]()

        def keep(raw: bytes) -> str:
            found = blob_path(raw)
            if found not in blobs:
                with self.store.writing(f"{PARTS}/{found}") as file:
                    file.write(raw)
                blobs[found] = ExportedFile(path=found, bytes=len(raw), sha256=found.partition("/")[2], rows=0)
            return found

        with self.store.writing(f"{PARTS}/{path}") as file:
            measured = _Measured(file)
            for page in pages(model, self.tenant, where=where):
                for row in page:
                    measured.write(_line(as_json(model, row, blobs=keep)))
                count += len(page)
                self.tell(len(page))
        return [ExportedFile(path=path, bytes=measured.size, sha256=measured.sha256, rows=count), *blobs.values()]

    def _packed(self, packed: Unpacked) -> list[ExportedFile]:
        return [self._month(packed, start) for start in packed.months(self.tenant)]

    def _month(self, packed: Unpacked, start: datetime) -> ExportedFile:
        path, count = f"readings/{packed.name}-{start:%Y-%m}.csv.gz", 0
        done = f"{PARTS}/{path}.json"
        if self.store.has(done):
            with self.store.reading(done) as file:
                return ExportedFile(**json.load(file))
        end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        with self.store.writing(f"{PARTS}/{path}") as file:
            measured = _Measured(file)
            with gzip.GzipFile("", "wb", 6, measured, mtime=0) as csv_file:
                csv_file.write(_csv([[column.name for column in packed.columns]]))
                for page in packed.pages(self.tenant, start, end):
                    csv_file.write(_csv(page))
                    count += len(page)
                    self.tell(len(page))
        written = ExportedFile(path=path, bytes=measured.size, sha256=measured.sha256, rows=count)
        with self.store.writing(done) as file:
            file.write(written.model_dump_json().encode())
        return written


def _line(row: Row) -> bytes:
    members = (f"{_json(name)}:{value if isinstance(value, Verbatim) else _json(value)}" for name, value in row.items())
    return f"{{{','.join(members)}}}\n".encode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _csv(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
