"""The job that takes refused readings again, through the same intake as a gateway's own messages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import connection

from tenants.jobs.registry import Reporter
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from twins.gateways.refused.selectors import in_state, refused, to_replay
from twins.telemetry.commit import Writer
from twins.telemetry.errors import BusyError, UnavailableError
from twins.telemetry.gate import Gate
from twins.telemetry.instants import micros
from twins.telemetry.intake import Intake
from twins.telemetry.models import SetAside
from twins.telemetry.schemas import Message, Quality, Receipt, Source
from twins.telemetry.threads import in_thread

AT_ONCE = 20
"""Rows between two looks at whether the job is still wanted."""
MOST_ROWS = 100_000
"""Of one job; each may have thousands of readings. The next replay takes the rest."""
_TRIES = 20
_PAUSE_SECONDS = 0.5


def replay_refused(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Replay rows of one gateway until none is left; what was done stays done when it is stopped.

    Raises:
        JobCancelledError: A person has cancelled it.
        LimitReachedError: The tenant's limits have no room for more.
        UnavailableError: The readings cannot be stored at present.
    """
    return asyncio.run(_replay(reporter, params))


async def _replay(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    source = Source(reporter.tenant, UUID(params["gateway"]), params["customer"] and UUID(params["customer"]))
    done = {"rows": 0, "stored": 0, "refused": 0}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(in_thread, _disconnect)
        writer, gate = Writer(settings.REDIS_URL), Gate(settings.REDIS_URL)
        stack.push_async_callback(gate.close)
        await writer.start()
        stack.push_async_callback(writer.stop)
        intake = Intake(writer, gate)
        wanted = await in_thread(partial(_wanted, reporter.tenant, params))
        for start in range(0, len(wanted), AT_ONCE):
            for row in await in_thread(partial(_rows, reporter.tenant, params, wanted[start : start + AT_ONCE])):
                await _take(intake, source, row, done)
            share, message = min(start + AT_ONCE, len(wanted)) / len(wanted), f"{done['stored']:,} readings stored"
            await in_thread(partial(reporter.progress, share, message))
    return done


async def _take(intake: Intake, source: Source, row: SetAside, done: dict[str, int]) -> None:
    message = _message(row)
    done["rows"] += 1
    if not message.at.size:  # nothing of it was kept that could be stored
        return
    outcome = (await _taken(intake, source, message)).outcome
    stored = outcome.accepted + outcome.duplicate
    await in_thread(partial(_mark, source.tenant, row.id, stored))
    done["stored"] += stored
    done["refused"] += outcome.set_aside


async def _taken(intake: Intake, source: Source, message: Message) -> Receipt:
    for _ in range(_TRIES):
        try:
            return await intake.take_message(source, message)
        except (BusyError, UnavailableError):
            await asyncio.sleep(_PAUSE_SECONDS)
    return await intake.take_message(source, message)


def _message(row: SetAside) -> Message:
    """The readings of a row that are kept whole, as a batch whose name is the same at every replay of the row."""
    whole = [(at, value) for at, value in zip(row.at, row.value, strict=True) if at is not None and value is not None]
    return Message(
        batch=f"replay-{row.id.hex}",
        keys=[row.key],
        key=np.zeros(len(whole), np.int64),
        at=np.array([micros(at) for at, _ in whole], np.int64),
        value=np.array([value for _, value in whole], np.float64),
        quality=np.full(len(whole), Quality.GOOD, np.int16),
    )


def _wanted(tenant: UUID, params: Mapping[str, Any]) -> list[UUID]:
    """Which rows: told before the first is replayed, for what is refused anew is not to be replayed at once."""
    ids = None if params["ids"] is None else [UUID(one) for one in params["ids"]]
    before = datetime.fromisoformat(params["before"])
    with scope(tenant):
        rows = to_replay(UUID(params["gateway"]), ids=ids, code=params["code"], before=before)
        return list(rows.values_list("id", flat=True)[:MOST_ROWS])


def _rows(tenant: UUID, params: Mapping[str, Any], ids: list[UUID]) -> list[SetAside]:
    with scope(tenant):
        return list(in_state(refused(UUID(params["gateway"])), "open").filter(id__in=ids).order_by("id"))


def _disconnect() -> None:
    connection.close()


def _mark(tenant: UUID, row: UUID, stored: int) -> None:
    with scope(tenant):
        SetAside.objects.filter(id=row).update(replayed_at=utc_now(), stored=stored)
