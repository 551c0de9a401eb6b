"""The messages of one edge node, in their order: what follows from each is done before what follows from the next."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import psycopg

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from twins.gateways.credentials import Credentials
from twins.gateways.sparkplug import selectors, services
from twins.gateways.sparkplug.domain import Ask, Birth, Born, Data, Died, Effect, Gap, Node, Note
from twins.gateways.sparkplug.readings import Columns, keys_of
from twins.gateways.sparkplug.selectors import NodeHolder
from twins.gateways.sparkplug.standing import Standings
from twins.gateways.sparkplug.wire import Payload, parse
from twins.gateways.topics import EdgeNode, topic_of
from twins.telemetry.decode import LARGEST_BODY
from twins.telemetry.errors import BrokenMessageError, BusyError, UnavailableError
from twins.telemetry.instants import micros, moment
from twins.telemetry.intake import Intake
from twins.telemetry.schemas import Message, Receipt, Source
from twins.telemetry.stale import Staleness
from twins.telemetry.threads import in_thread

MOST_TOGETHER = 10_000
"""Readings of one commit."""
_AT_ONCE = 200
_LOOK_SECONDS = 2.0
_AGAIN_SECONDS = 0.5
_MARKS_AFTER = (0.5, 2.0, 8.0, 30.0)
"""Pauses in seconds after a death; newest readings are written a while after they were committed, longer under load."""
_LONGEST_DEVICE = 64

T = TypeVar("T")
logger = logging.getLogger("outturn.sparkplug")


class Line:
    """What one edge node sends.

    Args:
        node: Its names.
        intake: Where readings go.
        credentials: Whose gateways are let in.
        staleness: Where it is told that values are stale.
        standings: Where it is told what the node meets.
        ask: Asks the node to be born anew.
        done: Is told the size of each message that has been dealt with.
    """

    def __init__(
        self, node: EdgeNode, intake: Intake, credentials: Credentials, staleness: Staleness, *,
        standings: Standings, ask: Callable[[EdgeNode], None], done: Callable[[int], None],
    ) -> None:  # fmt: skip
        self._node = node
        self._intake = intake
        self._credentials = credentials
        self._staleness = staleness
        self._standings = standings
        self._ask = ask
        self._done = done
        self._came: deque[tuple[str, str, bytes]] = deque()
        self._newest: tuple[str, bytes] = ("", b"")
        self._life = Node()
        self._holder: NodeHolder | None = None
        self._looked_at: float | None = None
        self._expects_birth = self._is_asked = self._is_called = False
        self._is_open = True
        self._work: asyncio.Task[None] | None = None
        self._marking: set[asyncio.Task[None]] = set()

    def put(self, kind: str, device: str, payload: bytes) -> None:
        """Add a message."""
        self._came.append((kind, device, payload))
        self._go_on()

    def expect_birth(self) -> None:
        """Ask the node to be born anew; without an answer it has died."""
        self._expects_birth = True
        self._go_on()

    def ask(self) -> None:
        """Ask the node to be born anew, because a person wants it."""
        self._is_asked = True
        self._go_on()

    def tick(self) -> None:
        """Time has passed."""
        if self._life.wants_tick:
            self._go_on()

    async def close(self, seconds: float) -> None:
        """Finish what has come, as far as that goes in so many seconds."""
        self._is_open = False
        pending = [task for task in (self._work, *self._marking) if task is not None and not task.done()]
        if pending:
            await asyncio.wait(pending, timeout=seconds)

    def _go_on(self) -> None:
        self._is_called = True
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._came or self._is_called:  # somebody may call while what came before is dealt with
            self._is_called = False
            taken = [self._came.popleft() for _ in range(min(_AT_ONCE, len(self._came)))]
            try:
                await self._deal_with(taken)
            except Exception:
                logger.exception("%d messages of %s/%s were not dealt with", len(taken), *self._node)
            finally:
                for _, _, payload in taken:
                    self._done(len(payload))

    async def _deal_with(self, taken: Sequence[tuple[str, str, bytes]]) -> None:
        source = await self._source()
        if source is None:
            return
        now = time.monotonic()
        effects: list[Effect] = []
        if self._expects_birth:
            self._expects_birth = False
            effects += self._life.expect_birth(now=now)
        for kind, device, body in taken:
            self._newest = (topic_of(self._node, kind, device), body)
            payload = await self._parsed(source, device, body)
            if payload is not None:
                effects += self._life.receive(Note(kind, device, payload), now=now)
        effects += self._life.tick(now=now)
        if self._is_asked:
            self._is_asked = False
            effects.append(Ask())
        await self._carry_out(source, effects)

    async def _source(self) -> Source | None:
        """The gateway that the node is; None when it is nobody's, or not let in."""
        now = time.monotonic()
        if self._looked_at is None or now - self._looked_at > _LOOK_SECONDS:
            holder = await self._surely(lambda: in_thread(lambda: selectors.node_holder(self._node)))
            if holder != self._holder:
                former = {} if holder is None else await self._births(holder)
                self._holder, self._life = holder, Node(former=former)
            self._looked_at = now
        if self._holder is None:
            logger.warning("%s/%s is the edge node of no gateway", *self._node)
            return None
        gateway = self._holder.gateway
        return await self._surely(lambda: self._credentials.of_gateway(gateway))

    async def _births(self, holder: NodeHolder) -> dict[str, Birth]:
        return await self._surely(lambda: in_thread(lambda: selectors.births(holder, self._node))) or {}

    async def _parsed(self, source: Source, device: str, body: bytes) -> Payload | None:
        try:
            if len(body) > LARGEST_BODY or len(device) > _LONGEST_DEVICE:
                raise BrokenMessageError(
                    f"the payload has more than {LARGEST_BODY} bytes, or its device a name of more than "
                    f"{_LONGEST_DEVICE} characters", fix="Spread the metrics over several messages."
                )  # fmt: skip
            return parse(body)
        except BrokenMessageError as error:
            told = error
        self._show(source, None, told)
        await self._surely(lambda: self._intake.note(source, told, excerpt=body[:100].hex()))
        return None

    async def _carry_out(self, source: Source, effects: Sequence[Effect]) -> None:
        columns, arrival_ms = Columns(self._node), micros(utc_now()) // 1000
        for effect in effects:
            if isinstance(effect, Data):
                columns.add(effect, arrival_ms=arrival_ms)
                if columns.size >= MOST_TOGETHER:
                    columns = await self._store(source, columns)
            elif isinstance(effect, Ask):
                self._ask(self._node)
                await self._note(self._standings.note_asked)
            elif isinstance(effect, Gap):
                await self._note(self._standings.note_break)
            else:
                columns = await self._store(source, columns)
                await self._remember(source, effect)
        await self._store(source, columns)

    async def _note(self, noted: Callable[[NodeHolder], Awaitable[None]]) -> None:
        if self._holder is not None:
            await noted(self._holder)

    async def _store(self, source: Source, columns: Columns) -> Columns:
        """Make them durable; new ones to go on with."""
        if columns.size:
            message = columns.message()
            await self._surely(lambda: self._take(source, message))
        return Columns(self._node)

    async def _take(self, source: Source, message: Message) -> None:
        try:
            receipt = await self._intake.take_message(source, message)
        except OutturnError as error:
            self._show(source, message, error)
            raise
        self._show(source, message, receipt)

    def _show(self, source: Source, message: Message | None, became: Receipt | OutturnError) -> None:
        """Show the newest of the payloads, and what became of all that are stored together."""
        topic, body = self._newest
        self._intake.show(source, body, message, became, topic=topic)

    async def _remember(self, source: Source, effect: Born | Died) -> None:
        holder, now = self._holder, utc_now()
        assert holder is not None
        at = now if effect.at is None else min(now, moment(min(effect.at * 1000, micros(now))))
        if isinstance(effect, Born):
            device, birth = effect.device, effect.birth
            await self._standings.note_born(holder, device)
            await self._surely(
                lambda: in_thread(
                    lambda: services.keep_birth(holder=holder, node=self._node, device=device, birth=birth, at=at)
                )
            )
            return
        keys = [key for device, birth in effect.births.items() for key in keys_of(self._node, device, birth)]
        task = asyncio.get_running_loop().create_task(self._mark(source, keys, micros(at)))
        self._marking.add(task)
        task.add_done_callback(self._marking.discard)
        if effect.device:
            await self._standings.note_gone(holder, effect.device, at)
        else:
            await self._surely(lambda: in_thread(lambda: services.note_death(holder=holder, at=at)))

    async def _mark(self, source: Source, keys: Sequence[str], until_us: int) -> None:
        for pause in _MARKS_AFTER:
            await asyncio.sleep(pause)
            try:
                await self._staleness.mark(source, keys, until_us=until_us)
            except (psycopg.Error, OSError, OutturnError) as error:
                logger.warning("the values of %s/%s are not marked as stale: %s", *self._node, error)

    async def _surely(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Do it, however often it has to be tried; None when it is refused for good, or when we are stopping."""
        while True:
            try:
                return await work()
            except (BusyError, UnavailableError):
                if not self._is_open:
                    return None
                await asyncio.sleep(_AGAIN_SECONDS)
            except OutturnError as error:
                logger.info("%s/%s: %s", *self._node, error)
                return None
