"""``manage.py follow``: run what follows the readings, such as derived signals and alarms, until SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from twins.live.follower import Follower
from twins.live.following import steps


class Command(BaseCommand):
    help = "Run what follows the readings of all tenants: derived signals, alarms. Several processes share the work."
    requires_system_checks = ()

    def handle(self, *_: Any, **__: Any) -> None:
        asyncio.run(_follow())


async def _follow() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Follower(settings.REDIS_URL, steps()).run(stop)
