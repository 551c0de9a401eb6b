"""Migrate as the owner of the schema, and leave no table that mixes tenants."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from tenants.scope.verification import isolation_findings


class Command(Migrate):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        connection = connections[options["database"]]
        role, ingest = settings.DATABASES["default"]["USER"], settings.INGEST_DATABASE["USER"]
        findings = isolation_findings(connection, role=role, ingest=ingest)
        if findings:
            lines = "\n".join(f"  {finding.place}: {finding.message}" for finding in findings)
            raise CommandError(f"tables that do not keep tenants apart:\n{lines}")
