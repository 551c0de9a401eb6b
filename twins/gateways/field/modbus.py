"""Readings of a Modbus TCP device: its register map polled in as few requests as there can be.

A request that the device refuses for an address is split until the point to blame is alone; that one is told and tried
again now and then, the others are read as before. A unit that does not answer is left alone for a while and keeps no
other from being read; when none answers, the connection is made anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from twins.gateways.field.errors import FieldError, LostError, UnreachableError
from twins.gateways.field.registers import Block, ModbusSettings, Register, Table, plan, split, value_of
from twins.gateways.field.samples import Clock, Pause, Sample, Sink, Trouble
from twins.gateways.field.stopping import heed_cancellation
from twins.gateways.field.troubles import Pauses, Presence, Resolve, Troubles, any_address, now_us

REFUSED_AGAIN_S = 60.0
"""When a point that the device refused is asked for again."""
_ILLEGAL = frozenset((2, 3))
"""Exceptions that blame what was asked for: illegal data address, illegal data value."""
_EXCEPTIONS = {
    1: ("does not know this kind of request", "Choose the table that the device's manual names for this address."),
    2: ("has no such address", "Check the address: many manuals count from 1, and 40001 is holding register 0."),
    3: ("refuses this address or length", "Check the address and the type in the device's manual."),
    4: ("has failed", "Look after the device."),
    5: ("needs more time", "Read it less often."),
    6: ("is busy", "Read it less often."),
    10: ("cannot be reached through its gateway", "Check the unit id and the gateway's routes."),
    11: ("does not answer its gateway", "Check that the device is on and wired."),
}


class ModbusSource:
    """One Modbus TCP device, or a gateway with several units behind it.

    Args:
        settings: Where, and which registers.
        resolve: Says which address to connect to, and refuses what may not be reached.
        clock: Gives each value the instant of its answer.
        pause: Waits between attempts to connect.
        refused_again_s: When a point that was refused, or a unit that did not answer, is asked for again.
    """

    def __init__(
        self, settings: ModbusSettings, *, resolve: Resolve = any_address, clock: Clock = now_us,
        pause: Pause = asyncio.sleep, refused_again_s: float = REFUSED_AGAIN_S,
    ) -> None:  # fmt: skip
        self.settings, self.clock, self.refused_again_s = settings, clock, refused_again_s
        self.pauses = Pauses()
        self._resolve, self._pause = resolve, pause

    @property
    def places(self) -> Mapping[str, str]:
        """The keys by the places that troubles name."""
        return {point.place: point.key for point in self.settings.points}

    async def run(self, sink: Sink) -> None:
        """Read until cancelled."""
        troubles = Troubles(sink)
        presence = Presence(sink, troubles, self.clock)
        while True:
            client: AsyncModbusTcpClient | None = None
            try:
                client = await connect(self.settings, self._resolve)
                await _Polling(self, client, sink, troubles, presence).run()
            except FieldError as error:
                await troubles.tell(error.trouble)
            finally:
                if client is not None:
                    client.close()
            await self._pause(self.pauses.next())


async def connect(settings: ModbusSettings, resolve: Resolve) -> AsyncModbusTcpClient:
    """A connection to the device.

    Raises:
        FieldError: It cannot be reached.
    """
    address = await resolve(settings.host, settings.port)
    client = AsyncModbusTcpClient(
        address, port=settings.port, timeout=settings.timeout_s, retries=0, reconnect_delay=0, name="outturn"
    )
    try:
        is_connected = await client.connect()
        heed_cancellation()
        if is_connected:
            return client
    except BaseException:
        client.close()
        raise
    client.close()
    raise UnreachableError(
        f"{settings.host}:{settings.port} does not answer", place="host",
        fix="Check the address, that the device is on, and that no firewall is in between.",
    )  # fmt: skip


async def read_once(settings: ModbusSettings, *, resolve: Resolve, clock: Clock = now_us) -> Once:
    """Read every point once, for a person who tries a register map out.

    Raises:
        FieldError: The device cannot be reached, or does not answer at all.
    """
    once = Once()
    troubles = Troubles(once)
    source = ModbusSource(settings, resolve=resolve, clock=clock)
    client = await connect(settings, resolve)
    try:
        polling = _Polling(source, client, once, troubles, Presence(once, troubles, clock))
        for every in polling.intervals:
            await polling.poll(every)
    finally:
        client.close()
    return once


class Once:
    """Keeps what a single reading says."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.troubles: dict[str, Trouble] = {}

    async def samples(self, samples: Iterable[Sample]) -> None:
        """Keep the values."""
        self.values.update((sample.key, sample.value) for sample in samples)

    async def trouble(self, trouble: Trouble) -> None:
        """Keep the trouble by its place."""
        self.troubles[trouble.place] = trouble


class _Polling:
    """The polling of one device, for as long as the connection lasts."""

    def __init__(
        self, source: ModbusSource, client: AsyncModbusTcpClient, sink: Sink, troubles: Troubles, presence: Presence
    ) -> None:
        self._source, self._client, self._sink = source, client, sink
        self._troubles, self._presence = troubles, presence
        self._reads: dict[Table, Callable[..., Awaitable[ModbusPDU]]] = {
            Table.COIL: client.read_coils, Table.DISCRETE: client.read_discrete_inputs,
            Table.INPUT: client.read_input_registers, Table.HOLDING: client.read_holding_registers,
        }  # fmt: skip
        by_interval: dict[int, list[Register]] = {}
        for point in source.settings.points:
            by_interval.setdefault(point.every_ms, []).append(point)
        self._blocks = {every: plan(points, gap=source.settings.gap) for every, points in by_interval.items()}
        self._not_before: dict[Block, float] = {}
        self._silent_until: dict[int, float] = {}
        self._units = {point.unit for point in source.settings.points}

    @property
    def intervals(self) -> list[int]:
        """How often there is something to read, in milliseconds each."""
        return sorted(self._blocks)

    async def run(self) -> None:
        """Poll until the connection is lost.

        Raises:
            LostError: It is.
        """
        due = dict.fromkeys(self._blocks, time.monotonic())
        while True:
            every = min(due, key=lambda one: due[one], default=None)
            if every is None:
                await asyncio.sleep(REFUSED_AGAIN_S)
                continue
            await asyncio.sleep(max(0.0, due[every] - time.monotonic()))
            await self.poll(every)
            # What a slow device could not keep up with is left out, not made up for.
            due[every] = max(due[every] + every / 1000, time.monotonic())

    async def poll(self, every: int) -> None:
        """Read what is read this often, once.

        Raises:
            LostError: The connection is lost, or no unit answers.
        """
        samples: list[Sample] = []
        waiting, self._blocks[every] = self._blocks[every], []
        for block in waiting:
            if self._is_left_alone(block):
                self._blocks[every].append(block)
            else:
                await self._read(block, self._blocks[every], samples)
        if samples:
            await self._sink.samples(samples)

    def _is_left_alone(self, block: Block) -> bool:
        now = time.monotonic()
        return now < max(self._not_before.get(block, 0.0), self._silent_until.get(block.unit, 0.0))

    async def _read(self, block: Block, kept: list[Block], samples: list[Sample]) -> None:
        """One request; if the device refuses it, the requests that it is split into."""
        answer = await self._ask(block)
        heed_cancellation()
        if answer is None:
            kept.append(block)
            return
        await self._presence.heard()
        self._source.pauses.worked()
        self._silent_until.pop(block.unit, None)
        if answer.isError() and answer.exception_code in _ILLEGAL and len(block.points) > 1:
            for part in split(block):
                await self._read(part, kept, samples)
            return
        kept.append(block)
        if answer.isError():
            await self._tell_refused(block, answer.exception_code)
            return
        self._not_before.pop(block, None)
        await self._take(block, answer, samples)

    async def _ask(self, block: Block) -> ModbusPDU | None:
        """The answer to a request, None when there is none.

        Raises:
            LostError: The connection is lost, or no unit answers.
        """
        try:
            return await self._reads[block.table](block.start, count=block.count, device_id=block.unit)
        except ConnectionException:
            raise _lost("the connection was lost") from None
        except (ModbusException, TimeoutError):
            if not self._client.connected:
                raise _lost("the connection was lost") from None
        self._silent_until[block.unit] = time.monotonic() + self._source.refused_again_s
        if self._units <= self._silent_until.keys():
            self._silent_until.clear()
            raise _lost(f"the device did not answer within {self._source.settings.timeout_s:g} s")
        for point in self._source.settings.points:
            if point.unit == block.unit:
                await self._troubles.tell(Trouble(
                    "modbus.silent", f"unit {point.unit} does not answer", "Check the unit id, and that it is on.",
                    point.place,
                ))  # fmt: skip
        return None

    async def _tell_refused(self, block: Block, code: int) -> None:
        if code in _ILLEGAL or code == 1:
            self._not_before[block] = time.monotonic() + self._source.refused_again_s
        what, fix = _EXCEPTIONS.get(code, (f"answers with exception {code}", "Look it up in the device's manual."))
        for point in block.points:
            await self._troubles.tell(Trouble(
                f"modbus.exception_{code}", f"the device {what} ({point.place}, exception {code})", fix, point.place
            ))  # fmt: skip

    async def _take(self, block: Block, answer: ModbusPDU, samples: list[Sample]) -> None:
        held = answer.bits if block.table.has_bits else answer.registers
        at = self._source.clock()
        if len(held) < block.count:
            raise _lost(f"the device sent {len(held)} values in place of {block.count}")
        for point in block.points:
            try:
                samples.append(Sample(point.key, at, value_of(point, block, held)))
            except ValueError as error:
                await self._troubles.tell(Trouble(
                    "field.not_a_number", f"{point.key} is {error}", "Check its type and its orders.",
                    point.place,
                ))  # fmt: skip
            else:
                self._troubles.over([point.place])


def _lost(message: str) -> LostError:
    return LostError(message, place="host", fix="It is made again by itself.")
