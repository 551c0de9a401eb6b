"""What the verifier has found, told on a page in its language by the code of each finding."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.utils.translation import override

from billing.reports import verifier
from billing.reports.findings import TOLD, found_shown
from billing.reports.verifier import Check, Found, verify_report
from tests.billing.reports.bundles import FINGERPRINT
from tests.billing.reports.settled import Case

SOURCE = Path(verifier.__file__).read_text(encoding="utf-8")


def findings(language: str, data: bytes, trusted: str | None = FINGERPRINT) -> dict[str, str]:
    """What a page says in a language, by what was checked."""
    with override(language):
        return {check.claim: found_shown(check.found) for check in verify_report(data, trusted=trusted)}


def test_every_finding_of_a_proof_has_its_teller() -> None:
    calls = [node for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Call)]
    codes = {ast.literal_eval(call.args[1]) for call in calls if getattr(call.func, "id", "") == "Found"}
    assert codes | {"kept"} == set(TOLD)
    checks: list[Check] = verify_report(Case().report(previous=4), trusted=FINGERPRINT)
    assert [check.claim for check in checks if not isinstance(check.found, Found)] == []


def test_a_report_in_both_languages() -> None:
    data = Case().report(previous=4)
    english, german = findings("en", data), findings("de", data)
    assert list(english.values())[:1] == [f"{len(data):,} bytes"]
    assert list(german.values())[:1] == [f"{len(data):,} Bytes".replace(",", ".")]
    told = {
        "The key has the fingerprint": (
            f"{FINGERPRINT}, the one that is known here", f"{FINGERPRINT}, der hier bekannte",
        ),
        "The statement is the one that was logged": ("the statement is entry 16", "die Abrechnung ist Eintrag 16"),
        "What is relied upon is there, and was logged before": ("16 entries", "16 Einträge"),
        "The log only grew since the earlier head in the report": ("from 4 to 17 entries", "von 4 auf 17 Einträge"),
    }  # fmt: skip
    assert {claim: (english[claim], german[claim]) for claim in told} == told
    for claim, found in german.items():
        assert not re.search(r"\b(entries|entry|documents?|digest|segments?|the|of)\b", found), claim


@pytest.mark.parametrize(
    ("found", "english", "german"),
    [
        (Found("", "entries", count=1), "1 entry", "1 Eintrag"),
        (Found("", "entries", count=12_345), "12,345 entries", "12.345 Einträge"),
        (
            Found("", "documents", given=1, missing=1),
            "1 document; 1 entry is given by its digest alone",
            "1 Dokument; 1 Eintrag ist nur mit seiner Prüfsumme angegeben",
        ),
        (
            Found("", "handovers", former=[("a1", 1), ("b2", 1200)], last="c3"),
            "a1 up to 1 entry, b2 up to 1,200 entries, then c3",
            "a1 bis 1 Eintrag, b2 bis 1.200 Einträge, dann c3",
        ),
        (
            Found("", "sites", count=1, keys=["a1"], missing=2),
            "1 batch of the keys a1; 2 site records are given by their digest alone",
            "1 Paket der Schlüssel a1; 2 Standortnachweise sind nur mit ihrer Prüfsumme angegeben",
        ),
        (Found("", "sites", count=0, keys=[], missing=0), "0 batches of the keys –", "0 Pakete der Schlüssel –"),
        (
            Found("", "witnessed", count=7, witnesses=[("w.example", "a1")]),
            "7 entries, by w.example with the key a1",
            "7 Einträge, von w.example mit dem Schlüssel a1",
        ),
        (Found("", "witnessed", count=1, witnesses=[]), "1 entry, by –", "1 Eintrag, von –"),
        (Found("", "kept", digest="a1"), "SHA-256 a1", "SHA-256 a1"),
        (Found("as it is", "no such code"), "as it is", "as it is"),
        ("as it is", "as it is", "as it is"),
    ],
)  # fmt: skip
def test_a_finding(found: str, english: str, german: str) -> None:
    for language, told in (("en", english), ("de", german)):
        with override(language):
            assert found_shown(found) == told


def test_a_time_stamp_says_what_is_not_checked() -> None:
    found = Found(
        "", "stamped", at="2026-11-20T12:00:00Z", authority="https://t.example", count=1200, algorithm="sha256",
        imprint="a1",
    )  # fmt: skip
    with override("de"):
        told = found_shown(found)
    assert told.startswith("2026-11-20T12:00:00Z, von https://t.example: der Kopf über 1.200 Einträge, sha256 a1,")
    assert "Nicht geprüft" in told


def test_the_verifiers_own_words_are_a_sentence_that_programs_read_too() -> None:
    found = verify_report(Case().report(), trusted=FINGERPRINT)[2].found
    assert isinstance(found, Found)
    assert found == f"{found.values['log']}, {found.values['count']} entries"
    assert (found.code, str(found)) == ("head", found)
