"""Readings of an OPC UA server: subscribed to, in batches as the server sends them, with its instants and statuses.

The server is asked for more only when the sink has taken what came: a slow sink fills the server's queues, not our
memory, and what these lose the server tells (it is told on as a gap). A message that was lost on the way is asked for
again; one that is gone, and a time without a connection, is told as a gap.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError

from twins.gateways.field.certificates import Application
from twins.gateways.field.errors import FieldError, LostError
from twins.gateways.field.opcua_client import session
from twins.gateways.field.opcua_settings import Node, OpcUaSecrets, OpcUaSettings
from twins.gateways.field.opcua_values import has_overflowed, not_a_number, samples_of, status_trouble
from twins.gateways.field.samples import Clock, Pause, Sample, Sink, Trouble
from twins.gateways.field.troubles import (
    GAP,
    Pauses,
    Presence,
    Resolve,
    Troubles,
    any_address,
    moment_told,
    now_us,
)

CHUNK = 500
"""Nodes in one request."""
LARGEST_MESSAGE = 5_000
"""Values in one message of the server."""
_KEEPALIVE_S, _LIFETIME_S = 4.0, 600.0
_LOOK_S = 10.0
_LOOKED_AT = 1_000
"""Nodes whose being there is looked after at a time."""
_LAST_BATCH_S = 5.0
_MISSING = 1_000
_FILTERS = frozenset(
    (
        StatusCodes.BadFilterNotAllowed, StatusCodes.BadMonitoredItemFilterUnsupported,
        StatusCodes.BadMonitoredItemFilterInvalid, StatusCodes.BadDeadbandFilterInvalid,
    )
)  # fmt: skip


class OpcUaSource:
    """One OPC UA server.

    Args:
        settings: Which, how secured, as whom, which nodes.
        application: Who we are.
        secrets: What the identity needs.
        resolve: Says which address to connect to, and refuses what may not be reached.
        clock: For values without an instant.
        pause: Waits between attempts.
        look_s: How often nodes that are gone or were refused are looked after.
    """

    def __init__(
        self, settings: OpcUaSettings, *, application: Application, secrets: OpcUaSecrets | None = None,
        resolve: Resolve = any_address, clock: Clock = now_us, pause: Pause = asyncio.sleep, look_s: float = _LOOK_S,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.clock = clock
        self.look_s = look_s
        self.pauses = Pauses()
        self._application = application
        self._secrets = secrets or OpcUaSecrets()
        self._resolve = resolve
        self._pause = pause

    @property
    def places(self) -> Mapping[str, str]:
        """The keys by the places that troubles name."""
        return {point.node: point.key for point in self.settings.points}

    async def run(self, sink: Sink) -> None:
        """Read until cancelled."""
        troubles = Troubles(sink)
        presence = Presence(sink, troubles, self.clock)
        while True:
            try:
                async with session(
                    self.settings, application=self._application, secrets=self._secrets, resolve=self._resolve
                ) as client:
                    await _Subscription(self, client, sink, troubles, presence).run()
            except FieldError as error:
                await troubles.tell(error.trouble)
            await self._pause(self.pauses.next())


class _Subscription:
    """One subscription with its nodes, for as long as the connection lasts."""

    def __init__(self, source: OpcUaSource, client: Client, sink: Sink, troubles: Troubles, presence: Presence) -> None:
        self._source, self._settings = source, source.settings
        self._points = source.settings.points
        self._session = client.uaclient.session
        self._client, self._sink, self._troubles, self._presence = client, sink, troubles, presence
        self._nodes: dict[int, ua.NodeId] = {}
        self._items: dict[int, int] = {}
        self._refused: set[int] = set()
        self._unfiltered: set[int] = set()
        self._id = 0
        self._expected = 1
        self._heard = time.monotonic()
        self._keepalive_s = _KEEPALIVE_S
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turn = asyncio.Lock()
        self._looked = 0

    async def run(self) -> None:
        """Subscribe, and look after it until it is lost.

        Raises:
            FieldError: It is lost.
        """
        self._client.connection_lost_callback = self._on_lost
        try:
            await self._name_nodes()
            await self._subscribe()
            await self._monitor(sorted(self._nodes))
            self._source.pauses.worked()
            while True:
                done, _ = await asyncio.wait([self._lost], timeout=self._source.look_s)
                if done:
                    self._lost.result()
                await self._look()
        finally:
            await self._settle()

    async def _settle(self) -> None:
        """Let the sink take the batch that it has been given."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_BATCH_S), self._turn:
                pass
        if self._lost.done():
            self._lost.exception()

    async def _on_lost(self, error: Exception) -> None:
        self._fail(LostError(
            f"the connection was lost: {error}"[:200], place="url", fix="It is made again by itself."
        ))  # fmt: skip

    def _fail(self, error: BaseException) -> None:
        if not self._lost.done():
            self._lost.set_exception(error)

    # -- nodes -------------------------------------------------------------------------------------------------------
    async def _name_nodes(self) -> None:
        """The ids of the nodes as this server numbers its namespaces now."""
        known = self._settings.namespaces
        present = await self._client.get_namespace_array() if known else []
        for number, point in enumerate(self._points):
            id_ = ua.NodeId.from_string(point.node)
            index = id_.NamespaceIndex
            if index < len(known):
                if known[index] not in present:
                    await self._troubles.tell(_gone_namespace(point, known[index]))
                    continue
                id_ = ua.NodeId(id_.Identifier, ua.Int16(present.index(known[index])), id_.NodeIdType)
            self._nodes[number] = id_

    async def _subscribe(self) -> None:
        interval = self._settings.publishing_ms
        wanted = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=interval,
            RequestedMaxKeepAliveCount=max(1, int(_KEEPALIVE_S * 1000 / interval)),
            RequestedLifetimeCount=max(10, int(_LIFETIME_S * 1000 / interval)),
            MaxNotificationsPerPublish=LARGEST_MESSAGE, PublishingEnabled=True, Priority=0,
        )  # fmt: skip
        found = await self._session.create_subscription(wanted, self._published)
        self._id = found.SubscriptionId
        self._keepalive_s = found.RevisedMaxKeepAliveCount * found.RevisedPublishingInterval / 1000
        self._heard = time.monotonic()

    async def _monitor(self, numbers: Sequence[int]) -> None:
        """Ask for these nodes; each that is refused is told and asked for again later."""
        unfiltered: list[int] = []
        for chunk in _chunks(numbers):
            wanted = ua.CreateMonitoredItemsParameters(
                SubscriptionId=self._id, TimestampsToReturn=ua.TimestampsToReturn.Both,
                ItemsToCreate=[self._item(number) for number in chunk],
            )  # fmt: skip
            for number, result in zip(chunk, await self._session.create_monitored_items(wanted), strict=True):
                if result.StatusCode.is_good():
                    self._items[number] = result.MonitoredItemId
                    self._refused.discard(number)
                elif result.StatusCode.value in _FILTERS and number not in self._unfiltered:
                    unfiltered.append(number)
                else:
                    self._refused.add(number)
                    await self._troubles.tell(_refused_node(self._points[number], result.StatusCode))
        if unfiltered:  # nodes that are no numbers have no deadband
            self._unfiltered.update(unfiltered)
            await self._monitor(unfiltered)

    def _item(self, number: int) -> ua.MonitoredItemCreateRequest:
        point = self._points[number]
        sampling = self._settings.sampling_ms if point.sampling_ms is None else point.sampling_ms
        wanted = ua.MonitoringParameters(
            ClientHandle=number, SamplingInterval=sampling, QueueSize=self._settings.queue, DiscardOldest=True
        )
        if point.deadband and number not in self._unfiltered:
            wanted.Filter = ua.DataChangeFilter(
                Trigger=ua.DataChangeTrigger.StatusValue, DeadbandType=ua.DeadbandType.Absolute,
                DeadbandValue=point.deadband,
            )  # fmt: skip
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(NodeId=self._nodes[number], AttributeId=AttributeIds.Value),
            MonitoringMode=ua.MonitoringMode.Reporting, RequestedParameters=wanted,
        )  # fmt: skip

    async def _look(self) -> None:
        """See whether the subscription lives, whether nodes are gone, and whether refused ones are there again.

        Raises:
            LostError: Nothing was heard for longer than two signs of life should take.
        """
        if not self._turn.locked() and time.monotonic() - self._heard > 2 * self._keepalive_s + _KEEPALIVE_S:
            raise LostError(
                "the server has stopped sending", place="url", fix="The connection is made again; look into its log."
            )
        if self._refused:
            await self._monitor(sorted(self._refused))
        held = sorted(self._items)
        looked_at = held[self._looked : self._looked + _LOOKED_AT]
        self._looked = self._looked + _LOOKED_AT if self._looked + _LOOKED_AT < len(held) else 0
        for chunk in _chunks(looked_at):
            found = await self._session.read_attributes(
                [self._nodes[number] for number in chunk], AttributeIds.NodeClass
            )
            gone = [
                number
                for number, value in zip(chunk, found, strict=True)
                if value.StatusCode is not None and value.StatusCode.value == StatusCodes.BadNodeIdUnknown
            ]
            await self._let_go(gone)

    async def _let_go(self, gone: Sequence[int]) -> None:
        if not gone:
            return
        for number in gone:
            status = ua.StatusCode(ua.UInt32(StatusCodes.BadNodeIdUnknown))
            await self._troubles.tell(_refused_node(self._points[number], status))
        self._refused.update(gone)
        items = [self._items.pop(number) for number in gone]
        await self._session.delete_monitored_items(
            ua.DeleteMonitoredItemsParameters(SubscriptionId=self._id, MonitoredItemIds=items)
        )

    # -- messages ----------------------------------------------------------------------------------------------------
    async def _published(self, result: ua.PublishResult) -> None:
        """Take a message; called by the library, which asks for the next one when this returns."""
        try:
            async with self._turn:
                await self._hear(result.NotificationMessage)
        except Exception as error:  # noqa: BLE001 (the library would log it and go on without what was lost)
            self._fail(_as_lost(error))

    async def _hear(self, message: ua.NotificationMessage) -> None:
        self._heard = time.monotonic()
        await self._presence.heard()
        held = message.NotificationData or []
        number = int(message.SequenceNumber)
        if number != self._expected and 0 < number - self._expected <= _MISSING:
            await self._fetch(range(self._expected, number))
        self._expected = number + 1 if held else number
        await self._take(held)

    async def _fetch(self, numbers: Iterable[int]) -> None:
        """Ask again for messages that did not arrive, and tell of those that are gone."""
        gone = 0
        for number in numbers:
            try:
                message = await self._session.republish(self._id, number)
            except UaStatusCodeError:
                gone += 1
            else:
                await self._take(message.NotificationData or [])
        if gone:
            await self._sink.trouble(Trouble(
                GAP, f"{gone} messages of the server did not arrive before {moment_told(self._source.clock())}",
                "Look after the network between us and the server.",
            ))  # fmt: skip

    async def _take(self, held: Iterable[object]) -> None:
        samples: list[Sample] = []
        for notification in held:
            if isinstance(notification, ua.DataChangeNotification):
                for item in notification.MonitoredItems:
                    if item.ClientHandle < len(self._points):
                        samples += await self._samples(self._points[item.ClientHandle], item.Value)
            elif isinstance(notification, ua.StatusChangeNotification):
                self._fail(LostError(
                    f"the server has ended the subscription ({notification.Status.name})", place="url",
                    fix="It is made again.",
                ))  # fmt: skip
        if samples:
            await self._hand_over(samples)

    async def _hand_over(self, samples: Sequence[Sample]) -> None:
        """Wait until the sink has taken them; one that takes longer than the server's queues last is told as a gap."""
        begun = time.monotonic()
        await self._sink.samples(samples)
        took, settings = time.monotonic() - begun, self._settings
        if took * 1000 > max(settings.queue * settings.sampling_ms, settings.publishing_ms):
            await self._sink.trouble(Trouble(
                GAP, f"the readings before {moment_told(self._source.clock())} had to wait for {took:.1f} s, and the "
                f"server keeps no more than {settings.queue} values of each node",
                "Let the server keep more values, or look less often.",
            ))  # fmt: skip

    async def _samples(self, point: Node, value: ua.DataValue) -> list[Sample]:
        trouble = status_trouble(point, value)
        if has_overflowed(value):
            await self._sink.trouble(Trouble(
                GAP, f"the server's queue for {point.key} was full, and some values are missing",
                "Let it keep more values, look less often, or send more often.", point.node,
            ))  # fmt: skip
        samples: list[Sample] = []
        try:
            samples = samples_of(point, value, self._settings.timestamps, self._source.clock())
        except ValueError as error:
            trouble = trouble or not_a_number(point, error)
        if trouble is not None:
            await self._troubles.tell(trouble)
        else:
            self._troubles.over([point.node])
        return samples


def _chunks(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), CHUNK):
        yield numbers[start : start + CHUNK]


def _as_lost(error: Exception) -> FieldError:
    if isinstance(error, FieldError):
        return error
    return LostError(f"a message could not be taken: {error}"[:200], fix="The connection is made again.")


def _refused_node(point: Node, status: ua.StatusCode) -> Trouble:
    return Trouble(
        "opcua.node", f"the server does not give {point.key}: {status.name}",
        "Check the node's id, and that this user may read it; it is asked for again and again.", point.node,
    )  # fmt: skip


def _gone_namespace(point: Node, uri: str) -> Trouble:
    return Trouble(
        "opcua.namespace", f"the server has no namespace {uri} any more, in which {point.key} was",
        "Pick the node again.", point.node,
    )  # fmt: skip
