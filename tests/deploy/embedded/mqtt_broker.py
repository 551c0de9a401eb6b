"""The embedded broker in a thread of the test, and who is known to it."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from deploy.embedded.admission import Admission
from deploy.embedded.broker import Directory, GuardedBroker
from twins.gateways.directory import Credential, GatewayDirectory
from twins.gateways.topics import EdgeNode

CONSUMER = ("outturn-consumer", "consumer's")
NORTH, SOUTH = ("0198-north", "north's"), ("0198-south", "south's")


class TwoGateways(GatewayDirectory):
    """Two gateways that are known without a database.

    Attributes:
        asked: How often it was asked who somebody is.
    """

    def __init__(self) -> None:
        super().__init__("", "")
        self.asked = 0

    async def known(self, credentials: Collection[Credential]) -> set[Credential]:
        self.asked += 1
        return {NORTH, SOUTH} & set(credentials)

    async def edge_nodes(self, gateway: str | None = None) -> dict[str, frozenset[EdgeNode]]:
        return {NORTH[0]: frozenset({EdgeNode("plant", "line1")})}


@contextmanager
def broker_at_work(admission: Admission, gateways: GatewayDirectory) -> Iterator[int]:
    """A broker; its port."""
    started: queue.Queue[int] = queue.Queue()
    stop = threading.Event()

    async def serve() -> None:
        broker = GuardedBroker("127.0.0.1", 0, Directory(*CONSUMER, gateways), admission)
        await broker.start()
        server = broker._servers["default"].instance
        started.put(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(stop.wait)
        server.close()
        for client_id in list(broker._connections):
            await broker._end_connection(client_id)

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    try:
        yield started.get(timeout=30)
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
