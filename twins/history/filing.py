"""Files of histories that take long: asked for, written by a job, fetched for a week, swept."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings

from tenants.jobs.models import Job, JobState
from tenants.jobs.registry import Reporter
from tenants.jobs.selectors import jobs_seen_by
from tenants.jobs.services import cancel_job, start_job
from tenants.kernel.calendars import time_zone
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import ConflictError, NotFoundError
from tenants.kernel.ids import new_id
from tenants.scope.actors import Actor
from tenants.scope.context import required_tenant, scope
from twins.history.exporting import File, Pieces, pieces_of
from twins.history.schemas import HistoryQuestion, Wanted
from twins.telemetry import query
from twins.telemetry.query_signals import known_signals

JOB = "history.file"
AT_ONCE = 2_000_000
"""Readings of a file that is made while it is sent; a larger one is written by a job."""
MOST_ROWS = 500_000_000
KEPT = timedelta(days=7)
_PIECE = 1 << 18


class HistoryFileNotFoundError(NotFoundError):
    """There is no such file, or it is another's."""

    code = "history_file.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such file", place="file", fix="Ask for it again.")


class HistoryFileNotReadyError(ConflictError):
    """The file is still written, or could not be."""

    code = "history_file.not_ready"


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of the wish for a file.

    Attributes:
        rows: About how many readings are in it; for buckets none are counted.
        job: That writes it; None when it is small enough to be made while it is sent.
    """

    rows: int
    job: Job | None


def ask_file(*, asked: HistoryQuestion, file: File, by: Actor, now: datetime) -> Asked:
    """Have a file written, unless it is so small that it can be sent at once.

    Raises:
        UnknownSignalError: A signal is not there, or out of reach.
        HistorySpanError: The time is empty or out of bounds.
        HistoryTooLargeError: There are more readings than one file holds.
        LimitReachedError: The month's job minutes are used up.
    """
    signals = known_signals(asked.places)
    rows = 0
    if asked.wanted is not Wanted.BUCKETS:
        rows = query.check_number(signals, asked.start, asked.end, MOST_ROWS)
    if rows <= AT_ONCE:
        return Asked(rows, None)
    params = {
        "signals": [f"{asset}/{key}" for asset, key in asked.places], "start": isoformat(asked.start),
        "end": isoformat(asked.end), "file": file.value, "rows": rows, "folder": str(new_id()),
    }  # fmt: skip
    return Asked(rows, start_job(kind=JOB, params=params, by=by.name, now=now))


def file_job(job: UUID, by: Actor) -> Job:
    """The job of a file that somebody asked for; nobody else has it.

    Raises:
        HistoryFileNotFoundError: There is none.
    """
    found = jobs_seen_by(by).filter(id=job, kind=JOB, created_by=by.name).first()
    if found is None:
        raise HistoryFileNotFoundError
    return found


def file_of(job: UUID, by: Actor) -> tuple[Path, File]:
    """A file that is ready, and what it is.

    Raises:
        HistoryFileNotFoundError: There is none, or its week is over.
        HistoryFileNotReadyError: It is not written yet.
        UnknownSignalError: A signal in it is out of reach by now.
    """
    row = file_job(job, by)
    if row.state != JobState.DONE:
        raise HistoryFileNotReadyError(
            "the file is not ready", place="file", kept="What is written of it.",
            fix="Wait until its job is done." if row.state in (JobState.QUEUED, JobState.RUNNING) else "Ask again.",
        )  # fmt: skip
    known_signals(_question(row.params).places)
    file = File(row.params["file"])
    place = _folder(required_tenant("a file"), UUID(row.params["folder"])) / f"history.{file.value}"
    if not place.is_file():
        raise HistoryFileNotFoundError
    return place, file


def drop_file(*, job: UUID, by: Actor, now: datetime) -> None:
    """Stop the job of a file, or remove the file.

    Raises:
        HistoryFileNotFoundError: There is none.
    """
    row = file_job(job, by)
    if row.state in (JobState.QUEUED, JobState.RUNNING):
        with suppress(NotFoundError):  # it has ended meanwhile
            cancel_job(job=row.id, now=now)
    _remove(_folder(required_tenant("a file"), UUID(row.params["folder"])))


def write_file(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The job: write the file, from its beginning also when a worker takes over.

    Raises:
        JobCancelledError: A person has cancelled it.
    """
    asked, file, total = _question(params), File(params["file"]), max(int(params["rows"]), 1)
    folder = _folder(reporter.tenant, UUID(params["folder"]))
    written = 0

    def tell(rows: int) -> None:
        nonlocal written
        written += rows
        reporter.progress(min(written / total, 1.0), f"{written:,} of {total:,} readings")

    with scope(reporter.tenant):
        pieces = pieces_of(asked, file, Pieces(most=MOST_ROWS, tell=tell))
    try:
        size = _write(folder, f"history.{file.value}", pieces)
    except BaseException:
        _remove(folder)
        raise
    return {"rows": written, "bytes": size, "file": file.value}


def sweep_files(*, now: float | None = None) -> int:
    """Remove the files of all tenants whose week is over, and what was left unfinished; how many."""
    oldest = (time.time() if now is None else now) - KEPT.total_seconds()
    gone = [each for each in _root().glob("*/history-*") if each.stat().st_mtime < oldest]
    for each in gone:
        _remove(each)
    return len(gone)


def _question(params: Mapping[str, Any]) -> HistoryQuestion:
    places = tuple((UUID(one[:36]), one[37:]) for one in params["signals"])
    start, end = (datetime.fromisoformat(params[name]) for name in ("start", "end"))
    return HistoryQuestion(places, start, end, wanted=Wanted.READINGS, limit=query.MOST_PAGE, zone=time_zone("UTC"))


def _write(folder: Path, name: str, pieces: Iterator[bytes]) -> int:
    """The bytes under their name once all of them are there; how many."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = folder / f"{name}.{uuid4().hex}.part"
    with unfinished.open("wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
    unfinished.replace(folder / name)
    return size


def bytes_of(place: Path) -> Iterator[bytes]:
    """The bytes of a file, a piece at a time."""
    with place.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _root() -> Path:
    # Where the archives of tenants are: they go together when a tenant is erased.
    return Path(settings.OUTTURN_HOME) / "exports"


def _folder(tenant: UUID, folder: UUID) -> Path:
    return _root() / str(tenant) / f"history-{folder}"


def _remove(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
