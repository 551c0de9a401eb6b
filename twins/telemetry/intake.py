"""The walk of a message: decode, normalise, commit; what the protocols call."""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

import numpy as np

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.limits.domain.shares import Room
from tenants.limits.domain.standing import LimitReachedError
from tenants.scope.context import scope
from twins.composer.selectors import publication_mark
from twins.telemetry.bindings import bindings_of
from twins.telemetry.commit import Writer
from twins.telemetry.decode import decode
from twins.telemetry.errors import BrokenMessageError, BusyError, UnavailableError
from twins.telemetry.extras import Extra
from twins.telemetry.gate import Entry, Gate
from twins.telemetry.instants import micros, moment
from twins.telemetry.normalise import normalise
from twins.telemetry.quality_past import Pasts, last_readings
from twins.telemetry.quality_rules import judged
from twins.telemetry.salvage import as_text
from twins.telemetry.schemas import (
    Aside,
    Bindings,
    Delivery,
    Message,
    Normalised,
    Readings,
    Receipt,
    RuleTable,
    Said,
    Source,
)
from twins.telemetry.selectors import bound_signals
from twins.telemetry.series import Series
from twins.telemetry.services import provide_signals
from twins.telemetry.threads import in_thread
from twins.telemetry.turns import FairLock
from twins.telemetry.window import Window

Decoder = Callable[[bytes], Message]
"""Reads a body; raises BrokenMessageError when nothing of it can be kept."""

LOOK_SECONDS = 2.0
"""How long a publication may go unnoticed."""
_LOOK_AGAIN_SECONDS = 0.25
"""The same when a message holds keys that nothing reads: it may be the first after a publication."""
_MOST_TENANTS = 2000
_NOTE_SECONDS = 60.0
"""How often the tenant is told that a gateway meets a limit."""
MOST_HELD = 256 * 1024 * 1024
"""Bytes of messages that are not durable yet, half of them of one tenant."""
_TOO_EARLY_SECONDS = 0.25
"""How long whoever comes again before its time waits for the refusal: it would be back as soon as it has it."""
_EXCERPT_BYTES = 400
SILENT = Said()
_LONG_BODY_BYTES = 8192

logger = logging.getLogger("outturn.ingest")


@dataclass(slots=True)
class _Known:
    """The bindings of one tenant's gateways as of a publication."""

    mark: str
    gateways: Mapping[UUID, Bindings]
    looked_at: float


class Intake:
    """Takes messages of gateways that have shown who they are.

    Args:
        writer: Makes them durable.
        gate: Lets in what the tenant's limits have room for.
        window: Shows messages to whoever looks; None to show none.

    Attributes:
        waiting: Readings that were let in and are not durable yet.
    """

    def __init__(self, writer: Writer, gate: Gate, window: Window | None = None) -> None:
        self._writer = writer
        self._gate = gate
        self._window = window
        self._noted: dict[Source, float] = {}
        self._known: OrderedDict[UUID, _Known] = OrderedDict()
        self._looking: dict[UUID, asyncio.Task[_Known]] = {}
        self._turns: FairLock[UUID] = FairLock()
        self._bodies: Room[UUID] = Room()
        self._pasts = Pasts()
        self.waiting = 0

    async def take(
        self, source: Source, body: bytes, decoder: Decoder = decode, said: Said = SILENT, extra: Extra | None = None
    ) -> Receipt:
        """Take one message; returns when it is durable.

        Args:
            source: Whose it is.
            body: The message as it came.
            decoder: Reads it; JSON unless told.
            said: What the gateway says of itself beside it.
            extra: What is written with it.

        Raises:
            BrokenMessageError: Nothing of it can be kept; the tenant can read why.
            BatchReusedError: Another batch of this name is there; the tenant can read that.
            LimitReachedError: The tenant's limits have no room for it; the tenant can read which.
            BusyError: Too much is waiting.
            UnavailableError: It cannot be stored at present.
        """
        with self._held(source, body):
            return await self._take(source, body, decoder, said, extra)

    @contextmanager
    def _held(self, source: Source, body: bytes) -> Iterator[None]:
        """Have room for a body until it is stored or refused: it may be a thousand times as long as it came packed."""
        if not self._bodies.has_room(source.tenant, most=MOST_HELD):
            raise BusyError(
                "more is waiting to be read than there is memory for", kept="Nothing of this batch.",
                fix="Send it again after the seconds in Retry-After.",
            )  # fmt: skip
        self._bodies.take(source.tenant, len(body))
        try:
            yield
        finally:
            self._bodies.give_back(source.tenant, len(body))

    async def _take(self, source: Source, body: bytes, decoder: Decoder, said: Said, extra: Extra | None) -> Receipt:
        if (refusal := self._gate.comes_too_early(source, len(body))) is not None:
            await asyncio.sleep(_TOO_EARLY_SECONDS)
            raise refusal
        try:
            message = await self._decoded(source, body, decoder)
        except BrokenMessageError as error:
            self.show(source, body, None, error, said)
            await self.note(source, error, excerpt=as_text(body[:_EXCERPT_BYTES].decode("utf-8", "replace")))
            raise
        try:
            receipt = await self.take_message(source, message, said, extra)
        except OutturnError as error:
            if isinstance(error, LimitReachedError):
                self._gate.turn_away(source, len(body), error)
            self.show(source, body, message, error, said)
            raise
        self.show(source, body, message, receipt, said)
        return receipt

    def show(
        self, source: Source, body: bytes, message: Message | None, became: Receipt | OutturnError,
        said: Said = SILENT, *, topic: str = "",
    ) -> None:  # fmt: skip
        """Show a message to whoever looks at its gateway; costs nothing while nobody does. `take` does so by itself.

        Args:
            source: Whose it is.
            body: As it came.
            message: What was read of it, if anything.
            became: What became of it.
            said: What the gateway says of itself beside it.
            topic: Where it came, if the body alone does not tell: it is then no text.
        """
        if self._window is None or not self._window.is_watched(source):
            return
        known = self._known.get(source.tenant)
        bindings = known.gateways.get(source.gateway, _NONE) if known is not None else _NONE
        self._window.show(source, body, bindings, message, became, is_replayed=said.replayed, topic=topic)

    async def take_message(
        self, source: Source, message: Message, said: Said = SILENT, extra: Extra | None = None
    ) -> Receipt:
        """Take one message that is decoded; otherwise as `take`.

        Raises:
            BatchReusedError: Another batch of this name is there; the tenant can read that.
            LimitReachedError: The tenant's limits have no room for it; the tenant can read which.
            BusyError: Too much is waiting.
            UnavailableError: It cannot be stored at present.
        """
        now = utc_now()
        now_us = micros(now)
        bindings = await self._bindings(source, LOOK_SECONDS)
        normalised = normalise(message, bindings, now_us=now_us)
        if normalised.unbound:
            bindings = await self._bindings(source, _LOOK_AGAIN_SECONDS)
            normalised = normalise(message, bindings, now_us=now_us)
        if said.replayed:
            normalised = replace(normalised, late=np.arange(normalised.readings.size))
        entry = await self._let_in(source, normalised, now)
        accepted, waiting = 0, normalised.readings.size
        self.waiting += waiting
        try:
            normalised = await self._judged(source, bindings.rules, normalised, now_us)
            outcome = await self._writer.submit(
                Delivery(source, message.batch, _digest(message), normalised, day=entry.day, said=said, extra=extra)
            )
            accepted = outcome.accepted
        except OutturnError:
            self._pasts.forget(source.tenant, normalised.readings.signal)
            raise
        finally:
            self.waiting -= waiting
            entry.settle(accepted)
        return Receipt(message.batch, outcome, normalised.aside)

    async def _judged(self, source: Source, table: RuleTable, normalised: Normalised, now_us: int) -> Normalised:
        """The message with the verdicts of its signals' rules; of most gateways none has any."""
        if not table.signal.size or not normalised.readings.size:
            return normalised
        past = self._pasts.of(source.tenant)
        while unknown := past.unknown(table.signal).tolist():
            past.learn(table, await in_thread(partial(_last_stored, source.tenant, unknown, table, now_us)))
            self._pasts.trim()
        return judged(normalised, table, past, now_us=now_us)

    async def _let_in(self, source: Source, normalised: Normalised, now: datetime) -> Entry:
        try:
            return await self._gate.enter(source, normalised.readings.size, now=now, set_aside=normalised.set_aside)
        except LimitReachedError as error:
            clock = time.monotonic()
            if clock - self._noted.get(source, -_NOTE_SECONDS) >= _NOTE_SECONDS:
                self._noted[source] = clock
                logger.warning("gateway %s of %s meets a limit: %s", source.gateway, source.tenant, error.message)
                with suppress(BusyError, UnavailableError):
                    await self.note(source, error)
            raise

    async def _decoded(self, source: Source, body: bytes, decoder: Decoder) -> Message:
        """The message; long ones one at a turn of the event loop, for commits under way wait while they are decoded.

        The tenants take turns, so that what one of them sends a lot of keeps nobody else's waiting.
        """
        if len(body) <= _LONG_BODY_BYTES:
            return decoder(body)
        async with self._turns.held(source.tenant):
            await asyncio.sleep(0)
            return decoder(body)

    async def note(self, source: Source, error: OutturnError, *, excerpt: str = "") -> None:
        """Let the tenant read why something of a gateway was refused as a whole.

        Raises:
            BusyError: Too much is waiting.
            UnavailableError: It cannot be stored at present.
        """
        none = np.empty(0, np.int64)
        aside = Aside("", error.code, error.message[:400], error.fix, none, none.astype(np.float64), excerpt)
        nothing = Readings(none, none, none.astype(np.float64), none.astype(np.int16))
        await self._writer.submit(Delivery(source, "", 0, Normalised(nothing, (aside,))))

    async def bindings(self, source: Source) -> Bindings:
        """What the keys of a gateway mean, as of a moment ago.

        Raises:
            UnavailableError: The database cannot be reached.
        """
        return await self._bindings(source, LOOK_SECONDS)

    async def _bindings(self, source: Source, longest_seconds: float) -> Bindings:
        known = self._known.get(source.tenant)
        if known is None or time.monotonic() - known.looked_at > longest_seconds:
            known = await self._look(source.tenant)
        found = known.gateways.get(source.gateway)
        return found if found is not None else _NONE

    async def _look(self, tenant: UUID) -> _Known:
        """The bindings as of now; those who ask at the same time get one answer."""
        task = self._looking.get(tenant)
        if task is None:
            task = self._looking[tenant] = asyncio.create_task(self._renewed(tenant))
            task.add_done_callback(lambda _: self._looking.pop(tenant))
        return await asyncio.shield(task)

    async def _renewed(self, tenant: UUID) -> _Known:
        looked_at = time.monotonic()
        known = self._known.get(tenant)
        renewed = await in_thread(lambda: _load(tenant, known))
        if renewed is not known:
            for bindings in renewed.gateways.values():
                self._writer.learn(bindings.places)
        renewed.looked_at = looked_at
        self._known[tenant] = renewed
        self._known.move_to_end(tenant)
        while len(self._known) > _MOST_TENANTS:
            self._known.popitem(last=False)
        return renewed


def _load(tenant: UUID, known: _Known | None) -> _Known:
    """The bindings of a tenant's gateways, worked out anew only after a publication."""
    with scope(tenant):
        mark = publication_mark()
        if known is not None and known.mark == mark:
            return known
        bound = bound_signals()
        stored = provide_signals(bound=bound)
    gateways = {one.gateway for one in bound}
    return _Known(mark, {gateway: bindings_of(tenant, gateway, bound, stored) for gateway in gateways}, 0.0)


def _last_stored(tenant: UUID, signals: list[int], table: RuleTable, now_us: int) -> dict[int, Series]:
    with scope(tenant):
        return last_readings(signals, table, now=moment(now_us))


def _digest(message: Message) -> int:
    """Tells two batches of one name apart by their instants and values; 64 bits, signed."""
    digest = zlib.crc32(message.at.tobytes()) << 32 | zlib.crc32(message.value.tobytes())
    return digest - 2**64 if digest >= 2**63 else digest


_NONE = bindings_of(UUID(int=0), UUID(int=0), (), {})
