"""``manage.py connect``: read OPC UA servers and Modbus devices, as connections say, until SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from twins.gateways.connections.connector import Connector
from twins.gateways.credentials import Credentials
from twins.telemetry.commit import Writer
from twins.telemetry.gate import Gate
from twins.telemetry.intake import Intake
from twins.telemetry.window import Window


class Command(BaseCommand):
    help = "Read the OPC UA servers and Modbus devices of all connections; several of these processes share the work."

    def handle(self, *_: Any, **__: Any) -> None:
        asyncio.run(_connect())


async def _connect() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    writer = Writer(settings.REDIS_URL)
    await writer.start()
    gate = Gate(settings.REDIS_URL)
    window = Window(settings.REDIS_URL)
    intake = Intake(writer, gate, window)
    try:
        await Connector(intake, Credentials(intake)).run(stop)
    finally:
        await writer.stop()
        await gate.close()
        await window.close()
