"""What waits is sent in order, each batch until the platform acknowledges it: then, and only then, it is let go.

Batches are sealed when they are sent, one after the other, so that what a drop policy takes away leaves no hole in the
chain of seals. What can never succeed is set aside on disk; everything else is sent again, with growing pauses, or when
the platform says so.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from twins.gateways.edge import bodies
from twins.gateways.edge.configuration import Forwarding
from twins.gateways.edge.server import Answer, Server
from twins.gateways.edge.signing import Seal, seal_digest, sealed
from twins.gateways.edge.spool import Spool
from twins.gateways.edge.store import Batch, Chain, DiskError
from twins.gateways.field.troubles import Pauses, now_us

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0
_TOO_LARGE = 413
_NEVER = frozenset((400, 415, 422))
_NEVER_CODES = frozenset(("batch.reused",))
"""What a batch is refused for that no later attempt changes. A wrong token or address, and limits, can be mended."""

logger = logging.getLogger("outturn.edge")


class Forwarder:
    """Sends what waits, for as long as it runs.

    Args:
        spool: Where batches wait.
        server: Where they go.
        key: The site's.
        settings: When a batch counts as replayed.
        introduce: Tells the platform of the key, before the first batch that it has signed; whether it answered.
    """

    def __init__(
        self, spool: Spool, server: Server, key: Ed25519PrivateKey, settings: Forwarding,
        introduce: Callable[[], Awaitable[bool]],
    ) -> None:  # fmt: skip
        self._spool, self._server, self._key = spool, server, key
        self.settings = settings
        self.is_connected = False
        """Whether the platform took the last batch."""
        self._introduce, self._is_introduced = introduce, False
        self._pauses = Pauses(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        self._backlog, self._why = 0, ""

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._spool.news.clear()
            batch = await self._spool.head()
            if batch is None:
                await self._spool.news.wait()
                continue
            if (pause := await self._send(batch)) > 0:
                await asyncio.sleep(pause)

    async def _send(self, batch: Batch) -> float:
        """Send a batch once; the seconds to wait before the next."""
        self._is_introduced = self._is_introduced or await self._introduce()
        try:
            body = bodies.unpacked(batch.body)
        except ValueError as error:
            return await self._give_up(batch, "edge.unreadable", str(error))
        chain = self._spool.chain
        seal = sealed(body, self._key, sequence=chain.sequence + 1, previous=chain.digest)
        self._backlog = (await self._spool.figures()).readings
        is_replayed = now_us() - batch.closed_at > self.settings.live_seconds * 1e6
        answer = await self._server.send(batch, seal, backlog=self._backlog, is_replayed=is_replayed)
        if answer.is_good:
            digest = seal_digest(body, sequence=seal.sequence, previous=seal.previous)
            await self._spool.acknowledged(batch, Chain(seal.key, seal.sequence, digest))
            self._acknowledged(batch, seal, answer)
            return 0.0
        return await self._refused(batch, answer)

    def _acknowledged(self, batch: Batch, seal: Seal, answer: Answer) -> None:
        self._pauses.worked()
        if not self.is_connected:
            self.is_connected, self._why = True, ""
            logger.info("the platform takes readings; %d wait", max(0, self._backlog - batch.readings))
        told: dict[str, Any] = {"batch": batch.name, "sequence": seal.sequence}
        if answer.body.get("set_aside_count"):
            first = answer.body.get("set_aside") or [{}]
            logger.warning(
                "the platform set %s readings aside, the first for %s", answer.body["set_aside_count"],
                first[0].get("code"), extra={"told": {**told, "key": first[0].get("key")}},
            )  # fmt: skip
        verdict = answer.body.get("seal")
        if isinstance(verdict, dict) and verdict.get("kept") is False:
            logger.warning("the seal of a batch does not count: %s", verdict.get("message"), extra={"told": told})

    async def _refused(self, batch: Batch, answer: Answer) -> float:
        code = str(answer.body.get("code", f"http.{answer.status}"))
        if answer.status in _NEVER or answer.status == _TOO_LARGE or code in _NEVER_CODES:
            return await self._give_up(batch, code, answer.why, is_too_large=answer.status == _TOO_LARGE)
        if answer.why != self._why:
            logger.warning("the platform does not take readings, which wait here: %s", answer.why)
        self.is_connected, self._why = False, answer.why
        return jittered(self._pauses.next(), answer.wait)

    async def _give_up(self, batch: Batch, code: str, why: str, *, is_too_large: bool = False) -> float:
        """Send in two what is too large, and set aside what cannot be sent at all; the seconds to wait."""
        try:
            if is_too_large and await self._spool.halve(batch):
                logger.info("batch %s is too large, and is sent in two", batch.name)
                return 0.0
            await self._spool.set_aside(batch, code=code, message=why)
        except DiskError as error:
            logger.warning("batch %s has to wait: %s", batch.name, error.told)
            return self._pauses.next()
        logger.error("batch %s is refused for good and set aside: %s", batch.name, why)
        return 0.0


def jittered(pause: float, wait: float | None) -> float:
    """A pause from its half up to its whole, and never shorter than the platform asks for."""
    found = pause * random.uniform(0.5, 1.0)  # noqa: S311 (nothing secret)
    return found if wait is None else max(found, wait)
