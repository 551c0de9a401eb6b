"""The sources of a site at work: each by itself, made anew when it ends, and how each goes."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tenants.kernel.errors import Finding, OutturnError
from twins.gateways.edge.bootstrap import Bootstrap
from twins.gateways.edge.collecting import Collector
from twins.gateways.edge.configuration import Configuration, ConfigurationError, ModbusPart, MqttPart, OpcUaPart
from twins.gateways.edge.files import application, secret_of
from twins.gateways.field.samples import Sample, Trouble
from twins.gateways.field.troubles import GAP, Pauses

Part = OpcUaPart | ModbusPart | MqttPart
_STOP_S = 6.0

logger = logging.getLogger("outturn.edge")


class Source(Protocol):
    """What reads."""

    async def run(self, sink: Any) -> None:
        """Read until cancelled."""


@dataclass(slots=True)
class Going:
    """How a source goes.

    Attributes:
        state: ``connecting``, ``connected`` or ``failed``.
        message: Why it is not connected.
        last_sample_at: The newest instant it has told, in microseconds since 1970.
    """

    name: str
    kind: str
    state: str = "connecting"
    message: str = ""
    last_sample_at: int | None = None


class Watched:
    """The sink of one source.

    Args:
        part: Which.
        collector: Where its samples go.
        changed: Called when it goes otherwise than before.
    """

    def __init__(self, part: Part, collector: Collector, changed: Callable[[], None]) -> None:
        self.going = Going(part.name, part.kind)
        self._collector, self._changed = collector, changed

    async def samples(self, samples: Sequence[Sample]) -> None:
        """Take samples."""
        await self._collector.samples(samples)
        self.become("connected")
        if samples:
            newest = max(sample.at for sample in samples)
            self.going.last_sample_at = max(newest, self.going.last_sample_at or newest)

    async def trouble(self, trouble: Trouble) -> None:
        """Take note of a trouble."""
        told = {"source": self.going.name, "code": trouble.code, "place": trouble.place}
        logger.warning("%s: %s. %s", self.going.name, trouble.message, trouble.fix, extra={"told": told})
        if not trouble.place and trouble.code != GAP:
            self.become("failed", trouble.message)

    def stored(self) -> asyncio.Future[None]:
        """Becomes true when all that was taken so far is on disk."""
        return self._collector.stored()

    async def flush(self) -> None:
        """Have what was taken so far stored now."""
        await self._collector.flush()

    def become(self, state: str, message: str = "") -> None:
        """Note how it goes."""
        if (state, message) != (self.going.state, self.going.message):
            if state != self.going.state:
                logger.info("%s is %s", self.going.name, state, extra={"told": {"source": self.going.name}})
            self.going.state, self.going.message = state, message[:500]
            self._changed()


class Sources:
    """All sources of a configuration.

    Args:
        bootstrap: Where secrets are.
        collector: Where samples go.
        changed: Called when one goes otherwise than before.
    """

    def __init__(self, bootstrap: Bootstrap, collector: Collector, changed: Callable[[], None]) -> None:
        self._bootstrap, self._collector, self._changed = bootstrap, collector, changed
        self._running: dict[str, tuple[Watched, asyncio.Task[None]]] = {}

    @property
    def goings(self) -> list[Going]:
        """How each goes, by name."""
        return sorted((watched.going for watched, _ in self._running.values()), key=lambda one: one.name)

    def check(self, configuration: Configuration) -> None:
        """See whether the sources could be made here.

        Raises:
            ConfigurationError: A secret is not here.
        """
        findings = []
        for number, part in enumerate(configuration.sources):
            try:
                self._source_of(part)
            except OutturnError as error:
                findings.append(Finding(error.code, f"sources/{number}/{error.place}", error.message, error.fix))
        if findings:
            raise ConfigurationError(tuple(findings))

    async def apply(self, parts: Iterable[Part]) -> None:
        """Run these: those that stay the same go on undisturbed."""
        wanted = {_identity(part): part for part in parts}
        await self._stop([each for each in self._running if each not in wanted])
        for each, part in wanted.items():
            if each in self._running:
                continue
            watched = Watched(part, self._collector, self._changed)
            self._running[each] = watched, asyncio.create_task(self._run(part, watched), name=part.name)

    async def stop(self) -> None:
        """Stop all."""
        await self._stop(list(self._running))

    async def _stop(self, identities: Sequence[str]) -> None:
        tasks = [self._running.pop(each)[1] for each in identities]
        for task in tasks:
            task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_STOP_S)
            for task in late:
                logger.error("%s does not stop", task.get_name())

    async def _run(self, part: Part, watched: Watched) -> None:
        pauses = Pauses()
        while True:
            try:
                await self._source_of(part).run(watched)
            except OutturnError as error:
                await watched.trouble(Trouble(error.code, error.message, error.fix))
            except Exception:  # whatever happens in a source stays in it
                logger.exception("%s failed", part.name)
                watched.become("failed", "it ended with an error of ours, and is tried again")
            await asyncio.sleep(pauses.next())

    def _source_of(self, part: Part) -> Source:
        """What reads; its library is loaded only where there is such a source.

        Raises:
            OutturnError: A secret is not here.
        """
        if isinstance(part, MqttPart):
            return self._mqtt(part)
        return _modbus(part) if isinstance(part, ModbusPart) else self._opcua(part)

    def _mqtt(self, part: MqttPart) -> Source:
        from twins.gateways.edge.mqtt_source import MqttSource  # noqa: PLC0415 (not every site has a broker)

        password = secret_of(self._bootstrap, part.secrets.password)
        return MqttSource(part.settings, password=password, name=part.name)

    def _opcua(self, part: OpcUaPart) -> Source:
        from twins.gateways.field.opcua import OpcUaSource  # noqa: PLC0415 (a second and 40 MB, where it is needed)
        from twins.gateways.field.opcua_settings import OpcUaSecrets, opcua_settings  # noqa: PLC0415

        names = ("password", "certificate", "private_key")
        secrets = {name: secret_of(self._bootstrap, getattr(part.secrets, name)) for name in names}
        return OpcUaSource(
            opcua_settings(part.settings), application=application(self._bootstrap.folder, [socket.gethostname()]),
            secrets=OpcUaSecrets(**secrets),
        )  # fmt: skip


def _modbus(part: ModbusPart) -> Source:
    from twins.gateways.field.modbus import ModbusSource  # noqa: PLC0415 (not every site has such a device)
    from twins.gateways.field.registers import modbus_settings  # noqa: PLC0415

    return ModbusSource(modbus_settings(part.settings))


def _identity(part: Part) -> str:
    return part.model_dump_json()
