"""``manage.py consume``: take readings from the MQTT broker until SIGTERM."""

from __future__ import annotations

import asyncio
import re
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from twins.gateways.credentials import Credentials
from twins.gateways.mqtt import Consumer
from twins.gateways.sparkplug.host import Host
from twins.gateways.sparkplug.standing import Standings
from twins.telemetry.commit import Writer
from twins.telemetry.gate import Gate
from twins.telemetry.intake import Intake
from twins.telemetry.stale import Staleness
from twins.telemetry.window import Window

_NAME = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)


class Command(BaseCommand):
    help = "Take readings from the MQTT broker that MQTT_URL names, store them, and acknowledge them to the gateways."

    def add_arguments(self, parser: ArgumentParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument(
            "--share", default="", metavar="NAME",
            help="take only JSON, and share it with the other consumers that are started so, each under its own name",
        )  # fmt: skip
        only.add_argument("--sparkplug", action="store_true", help="take only Sparkplug B; one such process is enough")

    def handle(self, *_: Any, share: str, sparkplug: bool, **__: Any) -> None:
        if not settings.MQTT_URL:
            raise CommandError("MQTT_URL is not set: name the broker, as mqtt://USER:PASSWORD@HOST:PORT.")
        if share and not _NAME.fullmatch(share):
            raise CommandError("The name of a consumer has 1 to 32 small letters, digits and hyphens.")
        asyncio.run(_consume(share, json=not sparkplug, sparkplug=not share))


async def _consume(share: str, *, json: bool, sparkplug: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    writer = Writer(settings.REDIS_URL)
    await writer.start()
    gate = Gate(settings.REDIS_URL)
    window = Window(settings.REDIS_URL)
    intake = Intake(writer, gate, window)
    credentials = Credentials(intake)
    try:
        async with asyncio.TaskGroup() as group:
            if json:
                group.create_task(Consumer(settings.MQTT_URL, intake, credentials, share=share).run(stop))
            if sparkplug:
                staleness = Staleness(settings.REDIS_URL, intake)
                standings = Standings(settings.REDIS_URL)
                group.create_task(Host(settings.MQTT_URL, intake, credentials, staleness, standings).run(stop))
    finally:
        await writer.stop()
        await gate.close()
        await window.close()
