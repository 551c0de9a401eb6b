"""``manage.py mosquitto FOLDER``: who may do what, as files for mosquitto, kept in step with the gateways."""

from __future__ import annotations

import os
import signal
import time
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from tenants.kernel.clock import utc_now
from twins.gateways.mosquitto import configuration, password_hash
from twins.gateways.mqtt_client import Address, address_of
from twins.gateways.selectors import broker_hashes
from twins.gateways.sparkplug.selectors import edge_nodes
from twins.gateways.topics import acl

_LOOK_SECONDS = 2.0


class Command(BaseCommand):
    help = "Write the password file and the access control list of mosquitto, and a configuration if there is none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where the files go; mosquitto keeps its sessions there, too")
        parser.add_argument("--watch", action="store_true", help="go on, and write whenever a gateway changes")

    def handle(self, *_: Any, folder: Path, watch: bool, **__: Any) -> None:
        if not settings.MQTT_URL:
            raise CommandError("MQTT_URL is not set: name the broker, as mqtt://USER:PASSWORD@HOST:PORT.")
        address = address_of(settings.MQTT_URL)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        consumer = f"{address.user}:{password_hash(address.password)}"
        if not (folder / "mosquitto.conf").exists():
            _write(folder / "mosquitto.conf", configuration(str(folder.resolve()), port=address.port))
        while True:
            try:
                if _renew(folder, address, consumer):
                    _tell(folder / "mosquitto.pid")
            except DatabaseError as error:
                if not watch:
                    raise
                self.stderr.write(f"the gateways cannot be read, trying again: {error}")
                connection.close()
            if not watch:
                return
            time.sleep(_LOOK_SECONDS)


def _renew(folder: Path, address: Address, consumer: str) -> bool:
    """Write what has changed; whether anything has."""
    passwords = "".join(f"{gateway}:{known}\n" for gateway, known in broker_hashes(now=utc_now()))
    changed = [
        _write(folder / "passwords", f"{consumer}\n{passwords}"),
        _write(folder / "acl", acl(address.user, edge_nodes())),
    ]
    return any(changed)


def _write(path: Path, text: str) -> bool:
    """Put a file in place as a whole, with its owner kept; whether it has changed."""
    former = path.stat() if path.exists() else None
    if former is not None and path.read_text() == text:
        return False
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(text)
    if former is not None:
        with suppress(PermissionError):
            os.chown(part, former.st_uid, former.st_gid)
        part.chmod(former.st_mode & 0o777)
    part.replace(path)
    return True


def _tell(pid_file: Path) -> None:
    """Have mosquitto read its files again; one that is not there reads them when it starts."""
    with suppress(OSError, ValueError):
        number = int(pid_file.read_text())
        if Path(f"/proc/{number}/comm").read_text().strip() == "mosquitto":  # and not who has its number by now
            os.kill(number, signal.SIGHUP)
