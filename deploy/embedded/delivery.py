"""How the embedded broker hands messages on, and what becomes of those that nobody has confirmed.

The library gives a receiver five seconds to confirm a message and then forgets it; so it does with everything on its
way when a connection ends. Here a message is on its way until it is confirmed, and goes back to the session when the
connection ends before that: the receiver gets it again when it comes back.
"""

from __future__ import annotations

from typing import Any

from amqtt.broker import RetainedApplicationMessage
from amqtt.mqtt.constants import QOS_1
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.puback import PubackPacket
from amqtt.session import OUTGOING, OutgoingApplicationMessage, Session

MOST_WAITING = 100_000
"""Messages that wait for one session that is away; what comes beyond is dropped, and its sender sends it again."""


class Delivery(BrokerProtocolHandler):  # type: ignore[misc] # the library carries no types
    """The library's side of one connection, with the guard described above."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._unconfirmed: dict[int, OutgoingApplicationMessage] = {}
        self._has_ended = False

    async def stop(self) -> None:
        """End the connection: what is not confirmed goes back to the session."""
        self._has_ended = True
        unconfirmed, self._unconfirmed = self._unconfirmed, {}
        for number, message in unconfirmed.items():
            self.session.inflight_out.pop(number, None)
            _keep(self.session, message)
        await super().stop()

    async def handle_puback(self, puback: PubackPacket) -> None:
        """A message has been confirmed."""
        number = puback.variable_header.packet_id
        if self._unconfirmed.pop(number, None) is not None:
            self.session.inflight_out.pop(number, None)

    async def _handle_qos1_message_flow(self, app_message: Any) -> None:
        if app_message.direction != OUTGOING:
            await super()._handle_qos1_message_flow(app_message)
        elif self._has_ended:
            _keep(self.session, app_message)
        else:
            self.session.inflight_out[app_message.packet_id] = app_message
            self._unconfirmed[app_message.packet_id] = app_message
            await self._send_packet(app_message.build_publish_packet())

    async def _retry_deliveries(self) -> None:
        """Nothing is left over from another connection: it waits in the session."""


def _keep(session: Session, message: OutgoingApplicationMessage) -> None:
    """Have a message wait for a persistent session that is away."""
    if not session.clean_session and session.retained_messages.qsize() < MOST_WAITING:
        session.retained_messages.put_nowait(RetainedApplicationMessage(None, message.topic, message.data, QOS_1))
