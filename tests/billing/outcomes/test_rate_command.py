"""``manage.py rate``: one JSON object out, exit status 2 and findings for what does not fit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tenants.kernel.canonical import canonical_json
from tests.billing.outcomes.documents import a_clause, a_document, rated

ROOT = Path(__file__).parents[3]


def run(*arguments: str) -> str:
    printed = StringIO()
    call_command("rate", *arguments, stdout=printed)
    return printed.getvalue()


def refused(*arguments: str) -> tuple[CommandError, list[dict[str, str]]]:
    printed = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("rate", *arguments, stdout=printed)
    answer: dict[str, Any] = json.loads(printed.getvalue())
    assert list(answer) == ["findings"]
    assert all(sorted(one) == ["code", "fix", "message", "place"] for one in answer["findings"])
    return error.value, answer["findings"]


def test_it_prints_the_canonical_outcome(tmp_path: Path) -> None:
    file = tmp_path / "document.json"
    document = a_document(a_clause(id="Verfügbarkeit"))
    file.write_text(json.dumps(document), encoding="utf-8")
    assert run(str(file)) == canonical_json(rated(document)).decode() + "\n"


def test_a_document_that_does_not_fit(tmp_path: Path) -> None:
    file = tmp_path / "document.json"
    file.write_text(json.dumps(a_document(currency="EURO") | {"extra": 1}), encoding="utf-8")
    error, findings = refused(str(file))
    assert error.returncode == 2
    assert [(one["code"], one["place"]) for one in findings] == [
        ("contract.unknown_currency", "contract/currency"),
        ("document.unknown_field", "extra"),
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    error, findings = refused(str(tmp_path / "none.json"))
    assert (error.returncode, findings[0]["code"]) == (2, "document.unreadable")


def test_an_amount_that_is_too_large(tmp_path: Path) -> None:
    file = tmp_path / "document.json"
    fee = {"kind": "per_asset", "minor": 2**53 - 1}
    file.write_text(json.dumps(a_document(fee=fee, evidence={"m1": {}, "m2": {}})), encoding="utf-8")
    error, findings = refused(str(file))
    assert (error.returncode, findings[0]["code"]) == (2, "rate.amount_too_large")


@pytest.mark.parametrize("fits", [True, False])
def test_standard_input_exit_status_and_no_server(fits: bool) -> None:
    """As a process of its own, in an environment that names no server, with a terminal that is not UTF-8."""
    document = a_document(a_clause(id="Verfügbarkeit"), currency="EUR" if fits else "EURO")
    named = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    done = subprocess.run(
        [sys.executable, "manage.py", "rate", "-"],
        cwd=ROOT,
        env=named | {"PYTHONIOENCODING": "ascii", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
        input=json.dumps(document).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == (0 if fits else 2), done.stderr.decode()
    answer = json.loads(done.stdout)
    assert ("total_minor" in answer, "findings" in answer) == (fits, not fits)
