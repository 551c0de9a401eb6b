"""``manage.py rate FILE.json``: what an outcome contract comes to for one document, needing no server at all."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.contracts.fields import DocumentError
from billing.outcomes.domain.engine import rate
from billing.outcomes.domain.printed import printed
from billing.outcomes.intake import read_rate_document
from billing.outcomes.schemas import rate_schema
from tenants.kernel.canonical import canonical_json
from tenants.kernel.errors import Finding, OutturnError


class Command(BaseCommand):
    help = "Rate one document (contract, evidence, exclusions) and print its outcome as one JSON object."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("file", nargs="?", metavar="FILE.json", help="the rate document, - for standard input")
        what.add_argument("--schema", action="store_true", help="print the JSON Schema of a rate document instead")

    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self.stdout, "reconfigure", lambda **_: None)(encoding="utf-8")  # JSON is UTF-8 on every machine
        if options["schema"]:
            self.stdout.write(json.dumps(rate_schema(), indent=2, ensure_ascii=False))
            return
        try:
            outcome = printed(rate(read_rate_document(_content(options["file"]))))
        except OutturnError as error:
            findings = error.findings or (Finding(error.code, error.place, error.message, error.fix),)
            self._print({"findings": [finding.as_dict() for finding in findings]})
            raise CommandError(error.told, returncode=2) from None
        self._print(outcome)

    def _print(self, value: dict[str, Any]) -> None:
        self.stdout.write(canonical_json(value).decode())


def _content(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        fix = "Name a file that can be read, or - for standard input."
        raise DocumentError([Finding("document.unreadable", name, f"{error.strerror}.", fix)]) from None
