"""The job that imports a file: batch after batch on the walk that every message takes, behind whatever is live.

It has a writer, and so connections, of its own. Each batch has the same name whenever it is sent, and what has been
done is noted after each, so that a worker that takes over goes on where the last one was, and what it repeats is known.
A pause as long as the batch took follows each; while readings wait on the live path it stands still.
"""

from __future__ import annotations

import asyncio
import csv
import io
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings

from tenants.jobs.registry import Reporter
from tenants.kernel.cells import as_cells
from tenants.kernel.clock import isoformat, utc_now
from tenants.scope.context import scope
from twins.gateways.imports import csv_files, parquet_files
from twins.gateways.imports.convert import converted
from twins.gateways.imports.errors import FileUnreadableError, NoRoomError, StateError
from twins.gateways.imports.models import FileImport
from twins.gateways.imports.pressure import Pressure
from twins.gateways.imports.previews import look
from twins.gateways.imports.schemas import CODES, Chunk, FileMapping, Kind, Rejected, Tally
from twins.gateways.imports.selectors import history_left, import_of
from twins.gateways.imports.services import begin_run, finish_import, save_position
from twins.gateways.imports.storage import ImportFiles
from twins.gateways.selectors import gateway as gateway_of
from twins.telemetry.commit import Writer
from twins.telemetry.errors import BusyError, UnavailableError
from twins.telemetry.gate import Gate
from twins.telemetry.instants import moment
from twins.telemetry.intake import Intake
from twins.telemetry.schemas import NO_TIME, Aside, Message, Receipt, Source

UNBOUND = "key.unbound"
MOST_REJECTED_BYTES = 256 << 20
"""Of the file of what was set aside; beyond it things are only counted."""
MOST_UNBOUND = 5000
_HEADER = "row,column,written,code,message,fix\r\n"
_LONGEST_PAUSE_SECONDS = 2.0
_AGAIN_SECONDS = 0.5
_MOST_TRIES = 120


def run_import(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The job: import a file from where it stands to its end."""
    tenant, import_ = reporter.tenant, UUID(params["import"])
    with scope(tenant):
        job = import_of(import_).job
    files = ImportFiles(tenant, import_)
    if not files.data.is_file():
        raise StateError("the file is gone", place="import", fix="Bring it again.")
    reporter.progress(0.0, "Reading the file")
    digest = files.digest()
    with scope(tenant):
        row = begin_run(import_=import_, digest=digest)
        gateway = gateway_of(row.gateway_id)
    source = Source(tenant, gateway.id, gateway.customer_id)
    run = _Run(reporter, row, job, source, files)
    async_to_sync(run.go)()
    with scope(tenant):
        finish_import(import_=import_, now=utc_now())
    return {"import": str(import_), **run.tally.document()}


class _Run:
    """One attempt at a file.

    Attributes:
        tally: What has come of it so far, earlier attempts with it.
    """

    def __init__(
        self, reporter: Reporter, row: FileImport, job: UUID | None, source: Source, files: ImportFiles
    ) -> None:
        self._reporter, self._row, self._job, self._source, self._files = reporter, row, job, source, files
        self._mapping = FileMapping.model_validate(row.mapping)
        self._position = row.position
        self._unbound = set(row.unbound)
        self._rejected = row.rejected_bytes
        self._first = row.position
        self._rows = 1.0
        self.tally = Tally.of(row.tally)

    async def go(self) -> None:
        """Take every batch from the position on."""
        writer = Writer(settings.REDIS_URL, is_for_history=True)
        pressure = Pressure(settings.REDIS_URL)
        gate = Gate(settings.REDIS_URL, is_for_history=True)
        self._rows = _about(self._files.data, Kind(self._row.kind))
        intake = Intake(writer, gate)
        await writer.start()
        try:
            with _chunks(self._files.data, Kind(self._row.kind), self._mapping, self._position) as chunks:
                for chunk in chunks:
                    while await pressure.is_busy():
                        await self._tell("Waiting while live readings are stored")
                        await asyncio.sleep(_AGAIN_SECONDS)
                    begun = time.monotonic()
                    await self._take(intake, chunk)
                    await self._tell(f"{self.tally.rows:,} rows, {self.tally.stored:,} readings stored")
                    await asyncio.sleep(min(time.monotonic() - begun, _LONGEST_PAUSE_SECONDS))
        finally:
            await writer.stop()
            await gate.close()
            await pressure.close()

    async def _tell(self, message: str) -> None:
        share = min(self.tally.rows / max(self._rows, 1.0), 0.99)
        await sync_to_async(self._reporter.progress, thread_sensitive=True)(share, message)

    async def _take(self, intake: Intake, chunk: Chunk) -> None:
        message, rejected = converted(chunk, self._mapping, f"{self._row.run}-{self._position}")
        message, dropped = _without(message, self._unbound)
        self.tally.rows += chunk.size + len(chunk.broken)
        for one in rejected:
            self.tally.put_aside(one.code)
        if dropped:
            self.tally.put_aside(UNBOUND, dropped)
        lines = _lines(rejected)
        if message.at.size:
            await sync_to_async(self._check_allowance, thread_sensitive=True)(message.at.size)
            lines += self._note(await self._stored(intake, message))
        if self._rejected < MOST_REJECTED_BYTES and (lines or not self._rejected):
            text = lines if self._rejected else _HEADER + lines
            self._rejected = self._files.append_rejected(self._rejected, text)
        self._position += 1
        await sync_to_async(self._save, thread_sensitive=True)()

    async def _stored(self, intake: Intake, message: Message) -> Receipt:
        """Take a message until it is durable; what passes is waited for."""
        for tries in range(_MOST_TRIES):
            try:
                return await intake.take_message(self._source, message)
            except (BusyError, UnavailableError):
                if tries == _MOST_TRIES - 1:
                    raise
                await self._tell("Waiting for the database")
                await asyncio.sleep(_AGAIN_SECONDS)
        raise AssertionError

    def _note(self, receipt: Receipt) -> str:
        """Count what became of a batch; the lines about what was set aside."""
        outcome = receipt.outcome
        if self._position == self._first and outcome.accepted == 0:  # stored before a worker died, and not noted
            self.tally.stored += outcome.duplicate if self._first else 0
            self.tally.known += 0 if self._first else outcome.duplicate
        else:
            self.tally.stored += outcome.accepted
            self.tally.known += outcome.duplicate
        for aside in receipt.aside:
            self.tally.put_aside(aside.code, max(aside.at.size, 1))
            if aside.code == UNBOUND and len(self._unbound) < MOST_UNBOUND:
                self._unbound.add(aside.key)
        return _aside_lines(receipt.aside)

    def _check_allowance(self, readings: int) -> None:
        with scope(self._source.tenant):
            left = history_left(now=utc_now())
        if left is not None and left < readings:
            raise NoRoomError(
                "files have brought as many readings in the last 30 days as the plan has room for", place="import",
                kept="What is stored.", fix="Choose a larger plan or wait, and start the import again: it goes on.",
            )  # fmt: skip

    def _save(self) -> None:
        with scope(self._source.tenant):
            is_ours = save_position(
                import_=self._row.id, job=self._job, position=self._position, tally=self.tally.document(),
                unbound=sorted(self._unbound), rejected_bytes=self._rejected,
            )  # fmt: skip
        if not is_ours:
            raise StateError("the import was started again", place="import", fix="Look at the newer job.")


@contextmanager
def _chunks(path: Path, kind: Kind, mapping: FileMapping, position: int) -> Iterator[Iterator[Chunk]]:
    """The rows from a batch on, a batch at a time, always cut at the same places."""
    size = mapping.rows_of_a_batch
    if kind is Kind.CSV:
        head, _, _ = look(path, kind, mapping, zone="UTC")
        found = csv_files.chunks(
            path, head.names, mapping.wanted, delimiter=mapping.delimiter, encoding=mapping.encoding,
            header=mapping.header, size=size,
        )  # fmt: skip
        with closing(found) as rows:  # type: ignore[type-var] # a generator
            yield islice(rows, position, None)
        return
    with parquet_files.reading(path, columns=mapping.wanted, size=size, start=position * size) as batches:
        yield _cut(batches, size, position * size + 1)


def _cut(batches: Iterator[pa.RecordBatch], size: int, first: int) -> Iterator[Chunk]:
    """Batches of one size out of those that end with each group of rows."""
    held: list[pa.RecordBatch] = []
    count = 0
    try:
        for batch in batches:
            held.append(batch)
            count += batch.num_rows
            while count >= size:
                table = pa.Table.from_batches(held)
                yield _chunk(table.slice(0, size), first)
                held, count, first = table.slice(size).to_batches(), count - size, first + size
    except ValueError as error:
        raise FileUnreadableError(
            f"the file cannot be read as Parquet from row {first} on: {error}", place="file",
            kept="The rows before.", fix="Write it anew, or send it as CSV.",
        ) from error  # fmt: skip
    if count:
        yield _chunk(pa.Table.from_batches(held), first)


def _chunk(table: pa.Table, first: int) -> Chunk:
    columns = {name: pa.concat_arrays(table.column(name).chunks) for name in table.column_names}
    return Chunk(parquet_files.numbered(first, table.num_rows), columns)


def _without(message: Message, unbound: set[str]) -> tuple[Message, int]:
    """The readings of a message but for those of keys that nothing reads, shown once already; and how many these are.

    A column of a million values that nobody has bound would otherwise fill the list of what was set aside.
    """
    gone = np.array([key in unbound for key in message.keys], np.bool_)
    if not gone.any():
        return message, 0
    kept = ~gone[message.key]
    left = Message(
        message.batch, message.keys, message.key[kept], message.at[kept], message.value[kept], message.quality[kept]
    )
    return left, int(message.at.size - left.at.size)


def _lines(rejected: list[Rejected]) -> str:
    return _written([(one.row, one.column, one.written, one.code, *CODES[one.code]) for one in rejected])


def _aside_lines(asides: tuple[Aside, ...]) -> str:
    return _written(
        [
            ("", aside.key, f"{value!r} at {_when(at)}", aside.code, aside.message, aside.fix)
            for aside in asides
            for at, value in zip(aside.at.tolist(), aside.value.tolist(), strict=True)
        ]
    )


def _when(at: int) -> str:
    return isoformat(moment(at)) if at != NO_TIME else "an unknown time"


def _written(rows: list[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(map(as_cells, rows))
    return out.getvalue()


def _about(path: Path, kind: Kind) -> float:
    """About how many rows a file has: of CSV a guess from how many its beginning has."""
    if kind is Kind.PARQUET:
        try:
            with parquet_files.reading(path, columns=[], size=1, most=0) as batches:
                return float(parquet_files.rows_of(next(batches)))
        except ValueError:
            return 1.0
    begun = csv_files.sample(path)
    return path.stat().st_size / max(len(begun), 1) * max(begun.count(b"\n"), 1)
