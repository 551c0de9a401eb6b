"""What waits is sent in order, each batch until the platform acknowledges it: then, and only then, it is let go.

Batches are sealed when they are sent, one after the other, so that what a drop policy takes away leaves no hole in the
chain of seals. Where several wait, as after an outage, those that were not tried yet go as one: what takes long with a
platform far away is to wait for each answer. What can never succeed is set aside on disk; everything else is sent
again, with growing pauses, when the platform is heard from, or when it says so.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from twins.gateways.edge import bodies
from twins.gateways.edge.batches import Batch, Chain
from twins.gateways.edge.configuration import Forwarding
from twins.gateways.edge.server import Answer, Server
from twins.gateways.edge.signing import Seal, seal_digest, sealed
from twins.gateways.edge.spool import Spool
from twins.gateways.edge.store import DiskError
from twins.gateways.field.troubles import Pauses, now_us

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0
_TOLD_EVERY_S = 60.0
_MOST_JOINED = 2 * 1024 * 1024
"""Bytes, unpacked, of batches that are sent as one."""
_TOO_LARGE, _AWAY = 413, 500
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
        introduce: Tells the platform of the key, before the first batch that it has signed.
    """

    def __init__(
        self, spool: Spool, server: Server, key: Ed25519PrivateKey, settings: Forwarding,
        introduce: Callable[[], Awaitable[Answer]],
    ) -> None:  # fmt: skip
        self._spool, self._server, self._key = spool, server, key
        self.settings = settings
        self.is_connected = False
        """Whether the platform took the last batch."""
        self._introduce, self._is_introduced = introduce, False
        self._pauses = Pauses(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        self._backlog, self._why = 0, ""
        self._aside, self._aside_told_at = 0, -_TOLD_EVERY_S
        self._alone = 1  # the first may have been tried by the process before this one
        self._tried, self._most_joined = "", _MOST_JOINED

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._spool.news.clear()
            batch = await self._next()
            if batch is None:
                await self._spool.news.wait()
                continue
            pause, waits_for_word = await self._send(batch)
            if waits_for_word:
                self._server.heard.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._server.heard.wait()
            elif pause > 0:
                await asyncio.sleep(pause)

    async def _next(self) -> Batch | None:
        """What is to be sent next: several batches as one, where none of them was tried before."""
        batch = await self._spool.head()
        if batch is None or not batch.position or batch.parts > 1 or self._alone > 0 or batch.name == self._tried:
            return batch
        late = self._late_before()
        before = late if batch.closed_at < late else None  # what is fresh is not to be marked as replayed
        return await self._spool.join(most=self._most_joined, before=before) or batch

    def _late_before(self) -> int:
        """Batches that were closed before this instant are replayed ones."""
        return now_us() - round(self.settings.live_seconds * 1e6)

    async def _send(self, batch: Batch) -> tuple[float, bool]:
        """Send a batch once; the seconds to wait before the next, and whether a word of the platform ends the wait."""
        if not self._is_introduced:
            met = await self._introduce()
            if not met.status:
                return self._refused(met)
            self._is_introduced = True
        try:
            body = bodies.unpacked(batch.body)
        except ValueError as error:
            return await self._give_up(batch, "edge.unreadable", str(error)), False
        chain = self._spool.chain
        seal = sealed(body, self._key, sequence=chain.sequence + 1, previous=chain.digest)
        self._backlog = max(0, (await self._spool.figures()).readings - batch.readings)
        self._tried = batch.name
        is_replayed = batch.closed_at < self._late_before()
        answer = await self._server.send(batch, seal, backlog=self._backlog, is_replayed=is_replayed)
        if answer.is_good:
            digest = seal_digest(body, sequence=seal.sequence, previous=seal.previous)
            await self._spool.acknowledged(batch, Chain(seal.key, seal.sequence, digest))
            self._acknowledged(batch, seal, answer)
            return 0.0, False
        code = str(answer.body.get("code", f"http.{answer.status}"))
        if answer.status in _NEVER or answer.status == _TOO_LARGE or code in _NEVER_CODES:
            if answer.status == _TOO_LARGE:
                self._most_joined = min(self._most_joined, len(body) // 2)
            return await self._give_up(batch, code, answer.why, is_too_large=answer.status == _TOO_LARGE), False
        return self._refused(answer)

    def _acknowledged(self, batch: Batch, seal: Seal, answer: Answer) -> None:
        self._pauses.worked()
        self._alone = max(0, self._alone - 1)
        if not self.is_connected:
            self.is_connected, self._why = True, ""
            logger.info("the platform takes readings; %d wait", self._backlog)
        told: dict[str, Any] = {"batch": batch.name, "sequence": seal.sequence}
        if answer.body.get("set_aside_count"):
            self._tell_aside(answer.body, told)
        verdict = answer.body.get("seal")
        if isinstance(verdict, dict) and verdict.get("kept") is False:
            logger.warning("the seal of a batch does not count: %s", verdict.get("message"), extra={"told": told})

    def _tell_aside(self, said: dict[str, Any], told: dict[str, Any]) -> None:
        """Say what the platform set aside, at once and then once a minute at most: a key may be unbound for long."""
        self._aside += int(said["set_aside_count"])
        if time.monotonic() - self._aside_told_at > _TOLD_EVERY_S:
            first = (said.get("set_aside") or [{}])[0]
            logger.warning(
                "the platform set %d readings aside, the first of the last batch for %s", self._aside,
                first.get("code"), extra={"told": {**told, "key": first.get("key")}},
            )  # fmt: skip
            self._aside, self._aside_told_at = 0, time.monotonic()

    def _refused(self, answer: Answer) -> tuple[float, bool]:
        if answer.why != self._why:
            logger.warning("the platform does not take readings, which wait here: %s", answer.why)
        self.is_connected, self._why = False, answer.why
        is_away = answer.wait is None and (not answer.status or answer.status >= _AWAY)
        return jittered(self._pauses.next(), answer.wait), is_away

    async def _give_up(self, batch: Batch, code: str, why: str, *, is_too_large: bool = False) -> float:
        """Send in parts what can be, and set aside what cannot be sent at all; the seconds to wait."""
        try:
            if batch.parts > 1:
                await self._spool.part(batch)
                logger.info("batch %s is refused, and its parts are sent: %s", batch.name, why)
                self._alone = batch.parts
                return 0.0
            if is_too_large and await self._spool.halve(batch):
                logger.info("batch %s is too large, and is sent in two", batch.name)
                self._alone = max(0, self._alone - 1) + 2
                return 0.0
            await self._spool.set_aside(batch, code=code, message=why)
        except DiskError as error:
            logger.warning("batch %s has to wait: %s", batch.name, error.told)
            return self._pauses.next()
        self._alone = max(0, self._alone - 1)
        logger.error("batch %s is refused for good and set aside: %s", batch.name, why)
        return 0.0


def jittered(pause: float, wait: float | None) -> float:
    """A pause from its half up to its whole, and never shorter than the platform asks for."""
    found = pause * random.uniform(0.5, 1.0)  # noqa: S311 (nothing secret)
    return found if wait is None else max(found, wait)
