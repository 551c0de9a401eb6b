"""Who runs the installation: ``manage.py operator add|remove ADDRESS``, ``manage.py operator list``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.lifecycle.operators import add_operator, operators, remove_operator


class Command(BaseCommand):
    help = "Add or remove people who run the installation, or list them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("deed", choices=("add", "remove", "list"))
        parser.add_argument("address", nargs="?", default="", help="their address of mail")

    def handle(self, *args: Any, deed: str, address: str, **options: Any) -> None:
        if deed != "list" and not address:
            raise CommandError("Say whom: manage.py operator add ADDRESS")
        try:
            if deed == "add":
                add_operator(address=address, now=utc_now())
            elif deed == "remove":
                remove_operator(address=address)
        except OutturnError as error:
            raise CommandError(error.told) from error
        for email, has_factor in operators():
            self.stdout.write(email if has_factor else f"{email} (no second factor yet: the console stays shut)")
