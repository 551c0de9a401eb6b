"""``manage.py up``: the product and all it needs, on this machine."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

from deploy.embedded.application import run_application
from deploy.embedded.places import Home


class Command(BaseCommand):
    help = (
        "Serve Outturn: PostgreSQL, Redis and the MQTT broker (or what DATABASE_URL, REDIS_URL, MQTT_URL name), "
        "the job worker and the web server on port 8000 or OUTTURN_PORT. Data and logs are in .outturn or OUTTURN_HOME."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        connections.close_all()
        run_application(
            Home.named(),
            say=self.stderr.write,
            when_ready=self._tell,
        )

    def _tell(self, url: str) -> None:
        self.stdout.write(f"Outturn is at {url} - Ctrl-C stops it.")
        self.stdout.flush()  # a program that waits for the line reads it through a pipe
