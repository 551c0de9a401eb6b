"""``manage.py consume``: take readings from the MQTT broker until SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from twins.gateways.credentials import Credentials
from twins.gateways.mqtt import Consumer
from twins.telemetry.commit import Writer
from twins.telemetry.gate import Gate
from twins.telemetry.intake import Intake


class Command(BaseCommand):
    help = "Take readings from the MQTT broker that MQTT_URL names, store them, and acknowledge them to the gateways."

    def handle(self, *_: Any, **__: Any) -> None:
        if not settings.MQTT_URL:
            raise CommandError("MQTT_URL is not set: name the broker, as mqtt://USER:PASSWORD@HOST:PORT.")
        asyncio.run(_consume())


async def _consume() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    writer = Writer(settings.REDIS_URL)
    await writer.start()
    gate = Gate(settings.REDIS_URL)
    intake = Intake(writer, gate)
    try:
        await Consumer(settings.MQTT_URL, intake, Credentials(intake)).run(stop)
    finally:
        await writer.stop()
        await gate.close()
