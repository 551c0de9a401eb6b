"""The embedded MQTT 3.1.1 broker: ``python -m deploy.embedded.broker`` serves the address and the user in ``MQTT_URL``.

Nobody connects without a name and a password, and everybody keeps to their own topics. The library authenticates a
client only after it has looked up, taken over or deleted the session of the client id that the client claims; it lets
a last will go anywhere, hands retained messages to every client, and when a client comes back before its old
connection has ended, that end marks the session as away. Here a client is authenticated first, its client id counts
only beside its own name, its old connection is ended first, its last will obeys the same rules as its messages, and
nothing is retained but what the platform's own consumer says, for those who may subscribe to it.

Messages for a persistent session that is away, or that went away before it confirmed them, wait in memory. A gateway
keeps a batch until it is acknowledged, so nothing is lost when the broker is.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import signal
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from amqtt.adapters import BufferReader, ReaderAdapter, WriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, ListenerConfig
from amqtt.errors import MQTTError
from amqtt.mqtt.connack import (
    NOT_AUTHORIZED,
    SERVER_UNAVAILABLE,
    UNACCEPTABLE_PROTOCOL_VERSION,
    ConnackPacket,
)
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import Session

from deploy.embedded.admission import MOST, MOST_UNNAMED, Admission
from deploy.embedded.delivery import MOST_WAITING, Delivery
from deploy.embedded.openfiles import room_for
from deploy.env import env_list, env_secret
from twins.gateways.directory import Credential, GatewayDirectory
from twins.gateways.topics import EdgeNode, may_hear, may_send

_PRINCIPAL, _CREDENTIAL = "outturn.principal", "outturn.credential"
_CHECK_SECONDS = 2.0  # how often those who are connected must still be known
_SESSION_SECONDS = 24 * 3600  # how long messages wait for a persistent session that is away
_LET_GO_SECONDS = 0.1
_CONNECT_SECONDS = 10.0
_LONGEST_CONNECT = 64 * 1024
_OTHER_FILES = 64


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a client is.

    Attributes:
        name: The platform's own consumer, or the id of a gateway.
        is_platform: Whether it is the platform's own consumer, which may use every topic.
        nodes: The edge nodes of Sparkplug that the gateway may send as.
    """

    name: str
    is_platform: bool = False
    nodes: frozenset[EdgeNode] = frozenset()

    def may(self, action: Action, topic: str) -> bool:
        """Whether it may do this with the topic or filter: a gateway sends readings and hears what is meant for it."""
        if self.is_platform:
            return True
        return (may_send if action == Action.PUBLISH else may_hear)(self.name, self.nodes, topic)


class Directory:
    """Who is known to the broker.

    Args:
        consumer: The user name of the platform's own consumer.
        password: Its password.
        gateways: Everybody else.
    """

    def __init__(self, consumer: str, password: str, gateways: GatewayDirectory) -> None:
        self._consumer = consumer
        self._password = password.encode()
        self._gateways = gateways

    async def is_known(self, username: str, password: str) -> Principal | None:
        """Who has this name and password, if anybody has."""
        if username == self._consumer:
            is_right = hmac.compare_digest(password.encode(), self._password)
            return Principal(username, is_platform=True) if is_right else None
        if not await self._gateways.knows(username, password):
            return None
        nodes = await self._gateways.edge_nodes(username)
        return Principal(username, nodes=(nodes or {}).get(username, frozenset()))

    async def revoked(self, credentials: Collection[Credential]) -> set[Credential]:
        """Those of some who were let in who would be refused now; nobody while nobody can tell."""
        asked = {one for one in credentials if one[0] != self._consumer}
        known = await self._gateways.known(asked)
        return set() if known is None else asked - known

    async def edge_nodes(self) -> Mapping[str, frozenset[EdgeNode]] | None:
        """The edge nodes of every gateway; None while nobody can tell."""
        return await self._gateways.edge_nodes()


class GuardedBroker(Broker):  # type: ignore[misc] # the library carries no types
    """The broker, with the guards described above.

    Args:
        host: The address to listen on.
        port: The port to listen on.
        directory: Who may connect.
        admission: How many may.
    """

    def __init__(self, host: str, port: int, directory: Directory, admission: Admission) -> None:
        self._admission = admission
        self._connections: dict[str, asyncio.Event] = {}  # by client id; set when the connection has ended
        super().__init__(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
                "session_expiry_interval": _SESSION_SECONDS,
                "plugins": {},
            }
        )
        self._directory = directory

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        """Serve a connection, and close it whatever happened in it."""
        peer = writer.get_extra_info("peername")
        if peer is not None:
            self._admission.came(peer[:2], writer.transport)
        try:
            await super().stream_connected(reader, writer, listener_name)
        finally:
            if peer is not None:
                self._admission.has_spoken(peer[:2])
            writer.close()

    async def _initialize_client_session(
        self, reader: ReaderAdapter, writer: WriterAdapter, remote_address: str, remote_port: int
    ) -> tuple[BrokerProtocolHandler, Session]:
        connect = await _connect_packet(reader, writer)
        handler, claimed = await Delivery.init_from_connect(BufferReader(connect), writer, self.plugins_manager)
        name, client_id = claimed.username or "", f"{claimed.username}/{claimed.client_id}"
        # Whose are all used up is not asked of the database who they are, each of their thousands anew.
        if client_id not in self._connections and self._admission.has_some(name):
            await self._check_room(name, writer)
        principal = await self._directory.is_known(name, claimed.password or "")
        if principal is None or (claimed.will_flag and not principal.may(Action.PUBLISH, claimed.will_topic)):
            await _refuse(writer, NOT_AUTHORIZED)
        claimed.client_id = client_id
        await self._end_connection(client_id)
        if not principal.is_platform:
            await self._check_room(name, writer)
        session = await self._session_of(claimed)
        if not self._admission.has_spoken((remote_address, remote_port)):
            raise MQTTError("a connection was closed before it was known whose it is")
        if not principal.is_platform:
            self._admission.take(name)
        self._connections[client_id] = asyncio.Event()
        session.attributes[_PRINCIPAL] = principal
        session.attributes[_CREDENTIAL] = claimed.username or "", claimed.password or ""
        return handler, session

    async def _handle_client_session(
        self, reader: ReaderAdapter, writer: WriterAdapter, client_session: Session, *others: Any
    ) -> None:
        try:
            await super()._handle_client_session(reader, writer, client_session, *others)
        finally:
            principal: Principal = client_session.attributes[_PRINCIPAL]
            if not principal.is_platform:
                self._admission.left(principal.name)
            self._connections.pop(client_session.client_id).set()

    async def _check_room(self, gateway: str, writer: WriterAdapter) -> None:
        if not self._admission.has_room(gateway):
            await _refuse(writer, SERVER_UNAVAILABLE)

    async def _end_connection(self, client_id: str) -> None:
        """End the connection that this client still has, and wait until it has let go of the session."""
        while (ended := self._connections.get(client_id)) is not None:
            _, handler = self._sessions.get(client_id, (None, None))
            if handler is not None:
                await handler.handle_connection_closed()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LET_GO_SECONDS):
                    await ended.wait()

    async def end_revoked(self) -> None:
        """End the connections of those who would no longer be let in; who was given an edge node may use it."""
        held = {one: self._sessions[one][0] for one in self._connections if one in self._sessions}
        nodes = await self._directory.edge_nodes()
        revoked = await self._directory.revoked({session.attributes[_CREDENTIAL] for session in held.values()})
        for client_id, session in held.items():
            if session.attributes[_CREDENTIAL] in revoked:
                await self._end_connection(client_id)
            elif nodes is not None:
                known: Principal = session.attributes[_PRINCIPAL]
                session.attributes[_PRINCIPAL] = replace(known, nodes=nodes.get(known.name, frozenset()))

    async def _session_of(self, claimed: Session) -> Session:
        """The session that the client goes on with: the one it left behind if it wants that, else the new one."""
        if claimed.clean_session:
            await self._delete_session(claimed.client_id)
            return claimed
        left, _ = self._sessions.get(claimed.client_id, (None, None))
        if left is None:
            return claimed
        for name in ("will_flag", "will_message", "will_topic", "will_qos", "will_retain", "keep_alive"):
            setattr(left, name, getattr(claimed, name))
        left.parent = 1
        return left

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:
        return _PRINCIPAL in session.attributes

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        principal: Principal = session.attributes[_PRINCIPAL]
        return principal.may(action, topic)

    async def retain_message(
        self, source_session: Session | None, topic_name: str | None, data: Any, qos: int | None = None
    ) -> None:
        """Retain what the platform says, and nothing else."""
        if source_session is not None and source_session.attributes[_PRINCIPAL].is_platform:
            await super().retain_message(source_session, topic_name, data, qos)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        subscribed = self._subscriptions.get(subscription[0], ())
        if any(one.client_id == session.client_id for one, _ in subscribed):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def _retain_broadcast_message(self, broadcast: dict[str, Any], qos: int, target_session: Session) -> None:
        if target_session.retained_messages.qsize() < MOST_WAITING:
            await super()._retain_broadcast_message(broadcast, qos, target_session)

    async def _publish_session_retained_messages(self, session: Session) -> None:
        """Hand on what has waited; what else the client says does not wait until it has confirmed all of it."""
        handler = self._get_handler(session)
        while handler is not None and not session.retained_messages.empty():
            waited = session.retained_messages.get_nowait()
            sending = handler.mqtt_publish(waited.topic, waited.data, waited.qos, retain=False)
            self._tasks_queue.append(asyncio.ensure_future(sending))


async def _refuse(writer: WriterAdapter, reason: int) -> NoReturn:
    """Tell a client why it is not let in, and end its connection.

    Raises:
        MQTTError: Always.
    """
    await ConnackPacket.build(0, reason).to_stream(writer)
    await writer.close()
    raise MQTTError("a client is not let in")


async def _connect_packet(reader: ReaderAdapter, writer: WriterAdapter) -> bytes:
    """The first packet; the library would wait for ever for the rest of one that is of another version.

    Raises:
        MQTTError: It is no CONNECT of MQTT 3.1.1.
    """
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            head = await reader.read(2)
            while head and head[-1] & 128 and len(head) < 5:
                head += await reader.read(1)
            length = sum((byte & 127) << 7 * place for place, byte in enumerate(head[1:]))
            body = await reader.read(length) if head[:1] == b"\x10" and length <= _LONGEST_CONNECT else b""
    except (TimeoutError, EOFError, OSError) as error:
        raise MQTTError("a connection said too little") from error
    if body[:7] == b"\x00\x04MQTT\x04":
        return bytes(head + body)
    if body[:6] == b"\x00\x04MQTT":
        await ConnackPacket.build(0, UNACCEPTABLE_PROTOCOL_VERSION).to_stream(writer)
    raise MQTTError("a connection began with something else than a CONNECT of MQTT 3.1.1")


async def serve(url: str) -> None:
    """Run the broker for ever: it keeps nothing, so a signal may end it at any time.

    Args:
        url: Where to listen and who its consumer is: ``mqtt://USER:PASSWORD@HOST:PORT``.
    """
    parts = urlsplit(url)
    secrets = [env_secret("OUTTURN_SECRET", ""), *env_list("OUTTURN_FORMER_SECRETS")]
    gateways = GatewayDirectory(env_secret("DATABASE_URL", ""), secrets)
    directory = Directory(unquote(parts.username or ""), unquote(parts.password or ""), gateways)
    admission = Admission(most=room_for(MOST, others=MOST_UNNAMED + _OTHER_FILES))
    broker = GuardedBroker(parts.hostname or "127.0.0.1", parts.port or 1883, directory, admission)
    await broker.start()
    while True:
        await asyncio.sleep(_CHECK_SECONDS)
        admission.tell()
        await broker.end_revoked()


def main() -> None:
    """Set up a quiet log and serve."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asyncio.run(serve(env_secret("MQTT_URL")))


if __name__ == "__main__":
    main()
