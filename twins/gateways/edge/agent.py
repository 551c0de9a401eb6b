"""The agent: what reads, computes, stores, sends and asks, put together; none of its parts stops another."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from twins.gateways.edge.bootstrap import Bootstrap
from twins.gateways.edge.collecting import Collector
from twins.gateways.edge.configuration import Configuration
from twins.gateways.edge.files import lock, site_key
from twins.gateways.edge.forwarding import Forwarder
from twins.gateways.edge.server import Server
from twins.gateways.edge.signing import fingerprint
from twins.gateways.edge.sources import Sources
from twins.gateways.edge.spool import Spool
from twins.gateways.edge.status import Reporter, status_document
from twins.gateways.edge.store import DiskError
from twins.gateways.edge.updating import Updater

T = TypeVar("T")
_AGAIN_S = 2.0
_STOP_S = 3.0

logger = logging.getLogger("outturn.edge")


async def run(bootstrap: Bootstrap) -> None:
    """Run until SIGTERM or SIGINT; what was read by then is on disk.

    Raises:
        OutturnError: The folder is another agent's, or what is in it cannot be used.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    lock(bootstrap.folder)
    key = await _until_it_works(lambda: asyncio.to_thread(site_key, bootstrap.folder), stop)
    if key is None:
        return
    async with Server(bootstrap) as server:
        agent = Agent(bootstrap, server, key)
        if await _until_it_works(agent.open, stop):
            await agent.run(stop)
    logger.info("the agent has stopped")


class Agent:
    """The parts of an agent.

    Args:
        bootstrap: The agent's own file.
        server: The platform.
        key: The site's.

    Raises:
        ConfigurationError: The agent's own file does not fit.
    """

    def __init__(self, bootstrap: Bootstrap, server: Server, key: Ed25519PrivateKey) -> None:
        self._bootstrap, self._key = bootstrap, key.public_key()
        self._updater = Updater(bootstrap, server)
        self._first = self._updater.first()
        self._spool = Spool(bootstrap.folder, fingerprint(self._key), self._first.store)
        self._collector = Collector(self._spool, self._first)
        self._reporter = Reporter(server, self._document, every_s=bootstrap.ask_seconds)
        self._forwarder = Forwarder(self._spool, server, key, self._first.forwarding, self._reporter.tell)
        self._sources = Sources(bootstrap, self._collector, self._reporter.changed)

    async def open(self) -> bool:
        """Open the store.

        Raises:
            DiskError: The disk lets it not.
        """
        await self._spool.open()
        return True

    async def run(self, stop: asyncio.Event) -> None:
        """Run until told to stop."""
        figures = await self._spool.figures()
        told = {
            "key": fingerprint(self._key), "waiting": figures.readings, "aside": figures.aside,
            "dropped": figures.dropped_readings,
        }  # fmt: skip
        logger.info("the agent runs for %s", self._bootstrap.server, extra={"told": told})
        await self._sources.apply(self._first.sources)
        parts = (self._collector.run, self._forwarder.run, self._ask, self._reporter.run)
        tasks = [asyncio.create_task(_for_ever(work)) for work in parts]
        await stop.wait()
        await self._sources.stop()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=_STOP_S)
        await self._collector.end()
        await self._spool.close()

    async def _ask(self) -> None:
        """Ask for the configuration, now and then."""
        while True:
            if await self._updater.ask(self._apply):
                self._reporter.changed()
            await asyncio.sleep(self._bootstrap.ask_seconds * random.uniform(0.8, 1.0))  # noqa: S311 (nothing secret)

    async def _apply(self, wanted: Configuration) -> None:
        """Go on by another configuration.

        Raises:
            ConfigurationError: It cannot be done here; nothing has changed.
        """
        self._sources.check(wanted)
        await self._collector.apply(wanted)
        self._forwarder.settings = wanted.forwarding
        await self._spool.apply(wanted.store)
        await self._sources.apply(wanted.sources)

    async def _document(self) -> dict[str, Any]:
        return status_document(
            key=self._key, configuration=self._updater.told(), figures=await self._spool.figures(),
            sources=self._sources.goings,
        )  # fmt: skip


async def _for_ever(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a part of the agent again when it fails: nothing that goes wrong in it may end the others."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("a part of the agent failed, and is started again")
        await asyncio.sleep(_AGAIN_S)


async def _until_it_works(work: Callable[[], Awaitable[T]], stop: asyncio.Event) -> T | None:
    """What it gives, once the disk lets it; None when told to stop before."""
    while not stop.is_set():
        try:
            return await work()
        except (DiskError, OSError) as error:
            logger.error("the folder cannot be used: %s", error)
        with suppress(TimeoutError):
            async with asyncio.timeout(_AGAIN_S):
                await stop.wait()
    return None
