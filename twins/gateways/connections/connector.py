"""The process that runs connections: those of all tenants that fall to it, each by itself, on one event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from django.db import Error as DatabaseError

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from twins.gateways.connections.errors import ConnectionNotFoundError
from twins.gateways.connections.reporting import Report
from twins.gateways.connections.schemas import Plan, Standing
from twins.gateways.connections.services import note_standings, plan_of
from twins.gateways.connections.sharing import ALIVE_FOR, Lease, leave, take_part
from twins.gateways.connections.sources import source_of
from twins.gateways.credentials import Credentials
from twins.gateways.field.samples import Trouble
from twins.gateways.field.troubles import Pauses
from twins.telemetry.errors import UnavailableError
from twins.telemetry.intake import Intake
from twins.telemetry.threads import in_thread

TICK_S = 0.7
"""How often changes are looked for: they take effect within two seconds."""
_NOTE_S = 10.0
_STOP_S = 8.0
"""A last batch, and the farewell to a server, take seven seconds at most."""
_STOP_TRIES = 3
_AGAIN_S = 30.0

logger = logging.getLogger("outturn.connect")


class Connector:
    """Runs connections until told to stop.

    Args:
        intake: Where readings go.
        credentials: Says whether a gateway may send.
    """

    def __init__(self, intake: Intake, credentials: Credentials) -> None:
        self._id = new_id()
        self._intake, self._credentials = intake, credentials
        self._running: dict[UUID, _Running] = {}
        self._heard = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Run what falls to us; a database that is away is waited for."""
        logger.info("running connections as %s", self._id)
        while not stop.is_set():
            try:
                await self._tick()
                self._heard = time.monotonic()
            except (UnavailableError, DatabaseError) as error:
                logger.warning("the database does not say what to run: %s", error)
                if time.monotonic() - self._heard > ALIVE_FOR.total_seconds():
                    await self._stop(list(self._running))  # others take them over
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await stop.wait()
        await self._stop(list(self._running))
        with suppress(UnavailableError, DatabaseError):
            await in_thread(lambda: leave(self._id))
        logger.info("stopped")

    async def _tick(self) -> None:
        running = frozenset(self._running)
        leases = {lease.connection: lease for lease in await in_thread(lambda: take_part(self._id, running))}
        await self._stop([each for each in self._running if each not in leases])
        changed = [lease for lease in leases.values() if self._is_new(lease)]
        await self._stop([lease.connection for lease in changed])
        for lease in changed:
            self._running[lease.connection] = _Running(lease, self._intake, self._credentials)
        await self._note()

    def _is_new(self, lease: Lease) -> bool:
        known = self._running.get(lease.connection)
        return known is None or known.lease.revision != lease.revision

    async def _stop(self, connections: Sequence[UUID]) -> None:
        """Stop some, all at the same time, and note how each went last."""
        stopping = [running for each in connections if (running := self._running.pop(each, None)) is not None]
        if stopping:
            await asyncio.gather(*(running.stop() for running in stopping))

    async def _note(self) -> None:
        """Note how connections go: at once what people should see, the rest now and then."""
        now = time.monotonic()
        by_tenant: dict[UUID, dict[UUID, Standing]] = {}
        for connection, running in self._running.items():
            if running.report is not None and (running.report.is_urgent or now - running.noted > _NOTE_S):
                running.noted = now
                by_tenant.setdefault(running.lease.tenant, {})[connection] = running.report.standing()
        for tenant, standings in by_tenant.items():
            await in_thread(lambda tenant=tenant, standings=standings: _note(tenant, standings))  # type: ignore[misc]


class _Running:
    """One connection at work: whatever happens in it stays in it."""

    def __init__(self, lease: Lease, intake: Intake, credentials: Credentials) -> None:
        self.lease = lease
        self.report: Report | None = None
        self.noted = 0.0
        self._intake, self._credentials = intake, credentials
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End it; a batch that was handed over is still taken.

        A library may lose a cancellation, which is then said again: what runs on unknown would be read twice.
        """
        for _ in range(_STOP_TRIES):
            self._task.cancel()
            done, _ = await asyncio.wait([self._task], timeout=_STOP_S)
            if done:
                return
        logger.error("connection %s does not stop", self.lease.connection)

    async def _run(self) -> None:
        pauses = Pauses()
        while True:
            try:
                await self._read()
            except ConnectionNotFoundError:  # its gateway is in the trash, and may come back
                await asyncio.sleep(_AGAIN_S)
            except OutturnError as error:
                await self._fail(Trouble(error.code, error.message, error.fix))
            except (UnavailableError, DatabaseError) as error:
                logger.warning("connection %s waits for the database: %s", self.lease.connection, error)
            except Exception:
                logger.exception("connection %s failed", self.lease.connection)
                await self._fail(Trouble(
                    "connection.broken", "the connection ended with an error of ours",
                    "It is tried again; tell whoever runs this installation to look into its log.",
                ))  # fmt: skip
            await asyncio.sleep(pauses.next())

    async def _read(self) -> None:
        plan = await in_thread(lambda: _plan(self.lease))
        self.report = Report(plan, {}, self._intake, self._credentials)
        source = source_of(plan)
        self.report = Report(plan, source.places, self._intake, self._credentials)
        await source.run(self.report)

    async def _fail(self, trouble: Trouble) -> None:
        if self.report is not None:
            await self.report.trouble(trouble)


def _plan(lease: Lease) -> Plan:
    with scope(lease.tenant):
        return plan_of(connection=lease.connection, now=utc_now())


def _note(tenant: UUID, standings: dict[UUID, Standing]) -> None:
    with scope(tenant):
        note_standings(standings, now=utc_now())
