"""The verifier against honest reports, against every single changed byte, and against those who know the format."""

from __future__ import annotations

import ast
import copy
import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from billing.reports import verifier
from billing.reports.verifier import verify_report
from tenants.kernel.canonical import digest
from tenants.record.domain.notes import verifier_of
from tenants.record.domain.tree import append, consistency_proof
from tests.billing.reports.bundles import (
    CONTRACT,
    FINGERPRINT,
    KEY,
    ORIGIN,
    OTHER_KEY,
    REPORT,
    RUN,
    SEGMENTS,
    STATEMENT,
    Log,
    a_log,
    changed,
    failures,
    the_failure,
)
from tests.billing.reports.settled import Case

SCRIPT = Path(verifier.__file__)

# --- honest reports --------------------------------------------------------------------------------------------------


def test_an_honest_report_holds() -> None:
    checks = verify_report(REPORT, trusted=FINGERPRINT)
    assert [(check.holds, check.claim, check.found) for check in checks] == [
        (True, "The report can be read in one way only", f"{len(REPORT)} bytes"),
        (True, "The key has the fingerprint", f"{FINGERPRINT}, as you gave it"),
        (True, "The head of the log is signed with the key", "outturn.example/log/1, 13 entries"),
        (True, "The entries are in the log under the head", "6 entries"),
        (True, "The documents are those that were logged", "4 documents; 2 entries are given by their digest alone"),
        (True, "The statement is the one that was logged", "statement in entry 10"),
        (
            True,
            "The statement and its outcome runs rest on the contract",
            f"contract {digest(CONTRACT)}; 3 evidence segments, 2 of them in the report",
        ),
        (True, "What is relied upon is there, and was logged before", "5 entries"),
        (True, "The log only grew since the earlier head in the report", "from 4 to 13 entries"),
    ]


@pytest.mark.parametrize("previous", range(14))
def test_growth_from_every_earlier_size(previous: int) -> None:
    log, payloads = a_log()
    report = log.report(STATEMENT, payloads, previous)
    assert failures(verify_report(report, kept=log.head(previous).encode())) == []


def test_a_fingerprint_may_be_written_as_people_write_it() -> None:
    groups = ":".join(FINGERPRINT[at : at + 4].upper() for at in range(0, 64, 4))
    assert failures(verify_report(REPORT, trusted=f" {groups}\n")) == []


def test_a_report_may_hold_a_whole_log() -> None:
    log = Log()
    payloads: dict[int, Any] = {log.add("contract_version", CONTRACT): CONTRACT}
    run: Any = {"relies_on": {"contract_version": [digest(CONTRACT)]}}
    payloads[log.add("outcome_run", run)] = run
    statement = {"relies_on": {"contract_version": [digest(CONTRACT)], "outcome_run": [digest(run)]}}
    payloads[log.add("statement", statement)] = statement
    assert failures(verify_report(log.report(statement, payloads))) == []


# --- dishonest reports -----------------------------------------------------------------------------------------------


def test_every_changed_byte_is_noticed() -> None:
    for place in range(len(REPORT)):
        for mask in (0x01, 0x20, 0x80):
            data = bytearray(REPORT)
            data[place] ^= mask
            assert failures(verify_report(bytes(data))), (place, mask)


@given(st.integers(0, len(REPORT)), st.integers(0, 255), st.sampled_from(["replace", "insert", "delete", "cut"]))
def test_no_change_of_the_file_passes(place: int, byte: int, how: str) -> None:
    data = bytearray(REPORT)
    if how == "insert":
        data.insert(place, byte)
    elif how == "cut":
        del data[place:]
    else:
        data[place : place + 1] = bytes([byte]) if how == "replace" else b""
    if bytes(data) != REPORT:
        assert failures(verify_report(bytes(data)))


def test_every_value_of_the_report_is_held_by_some_check() -> None:
    """Somebody who rewrites one value and keeps the file canonical is noticed too."""

    def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        if isinstance(value, dict | list) and value:
            names = value if isinstance(value, dict) else range(len(value))
            return [place for name in names for place in places(value[name], (*way, name))]
        return [way]

    def spoil(value: Any) -> Any:
        if isinstance(value, str):
            return value[:-2] + ("0" if value[-2:-1] != "0" else "1") + value[-1:]
        return {"spoiled": True} if value is None else value + 1

    report = json.loads(REPORT)
    ways = places(report)
    assert len(ways) > 80
    for way in ways:
        spoiled = copy.deepcopy(report)
        inner = spoiled
        for name in way[:-1]:
            inner = inner[name]
        inner[way[-1]] = spoil(inner[way[-1]])
        assert failures(verify_report(rfc8785.dumps(spoiled))), way


def test_another_key_is_noticed_only_by_its_fingerprint() -> None:
    log, payloads = a_log()
    log.key = OTHER_KEY
    forged = log.report(STATEMENT, payloads, 4)
    assert failures(verify_report(forged)) == []
    other = verifier_of(ORIGIN, OTHER_KEY).fingerprint
    assert the_failure(verify_report(forged, trusted=FINGERPRINT)) == (
        f"The key has the fingerprint: its fingerprint is {other}, you gave another"
    )


@pytest.mark.parametrize("trusted", ["", "00", FINGERPRINT[:-1], FINGERPRINT + "0", "é"])
def test_a_fingerprint_that_is_not_the_key_s(trusted: str) -> None:
    assert failures(verify_report(REPORT, trusted=trusted))


def test_a_statement_other_than_the_logged_one() -> None:
    data = changed(lambda report: report["statement"].update(total_minor=1))
    assert the_failure(verify_report(data)) == (
        "The statement is the one that was logged: statement in entry 10, the last one in the report, "
        "is another document"
    )


def test_an_entry_that_was_not_logged() -> None:
    data = changed(lambda report: report["leaves"][0].update(salt="00" * 16))
    assert the_failure(verify_report(data)) == (
        "The entries are in the log under the head: contract_version in entry 2 is not what the log holds there"
    )


def test_a_document_other_than_the_logged_one() -> None:
    data = changed(lambda report: report["leaves"][1]["payload"].update(hour=9))
    assert the_failure(verify_report(data)) == (
        "The documents are those that were logged: evidence_segment in entry 3 is another document"
    )


def test_a_contract_that_is_not_given() -> None:
    data = changed(lambda report: report["leaves"][0].update(payload=None))
    assert the_failure(verify_report(data)) == (
        "The statement and its outcome runs rest on the contract: the statement names no contract or no outcome run, "
        "or they are not in the report"
    )


def test_a_run_on_another_contract() -> None:
    log = Log()
    other = {"currency": "EUR", "fee_minor": 1}
    payloads: dict[int, Any] = {log.add("contract_version", value): value for value in (CONTRACT, other)}
    run = {"relies_on": {"contract_version": [digest(other)]}}
    payloads[log.add("outcome_run", run)] = run
    statement = {"relies_on": {"contract_version": [digest(CONTRACT)], "outcome_run": [digest(run)]}}
    payloads[log.add("statement", statement)] = None
    assert the_failure(verify_report(log.report(statement, payloads))) == (
        "The statement and its outcome runs rest on the contract: the outcome runs rest on another contract than the "
        "statement"
    )


def test_evidence_that_is_left_out() -> None:
    log, payloads = a_log()
    payloads.pop(5)
    assert the_failure(verify_report(log.report(STATEMENT, payloads))) == (
        "What is relied upon is there, and was logged before: outcome_run in entry 9 relies on evidence_segment "
        f"{digest(SEGMENTS[1])}, which is not among the entries before it"
    )


def test_an_entry_that_nothing_relies_on() -> None:
    log, payloads = a_log()
    payloads[0] = None
    assert the_failure(verify_report(log.report(STATEMENT, payloads))) == (
        "What is relied upon is there, and was logged before: evidence_segment in entry 0 is relied upon by no later "
        "entry"
    )


def test_evidence_that_was_logged_after_the_run() -> None:
    log = Log()
    payloads: dict[int, Any] = {log.add("contract_version", CONTRACT): CONTRACT, log.add("outcome_run", RUN): RUN}
    payloads |= {log.add("evidence_segment", segment): segment for segment in SEGMENTS}
    payloads[log.add("statement", STATEMENT)] = None
    assert the_failure(verify_report(log.report(STATEMENT, payloads))) == (
        "What is relied upon is there, and was logged before: evidence_segment in entry 4 is relied upon by no later "
        "entry"
    )


def test_a_rewritten_log() -> None:
    honest, payloads = a_log()
    rewritten = Log()
    rewritten.add("evidence_segment", {"forged": True})
    for leaf in honest.leaves[1:]:
        rewritten.leaves.append(leaf)
        append(rewritten.store, len(rewritten.leaves) - 1, [leaf.hash])
    forged = changed(
        lambda report: report.update(
            previous={
                "head": honest.head(4),
                "consistency": [value.hex() for value in consistency_proof(rewritten.store, 4, 13)],
            }
        ),
        rewritten.report(STATEMENT, payloads),
    )
    assert the_failure(verify_report(forged)) == (
        "The log only grew since the earlier head in the report: its 13 entries are not shown to begin with the 4 it "
        "had; keep both heads"
    )
    for size, history in ((4, 4), (13, 13)):
        checks = verify_report(rewritten.report(STATEMENT, payloads, 4), kept=honest.head(size).encode())
        assert the_failure(checks) == (
            "The head you kept is one of those in the report: the log has signed two histories of "
            f"{history} entries; keep both heads"
        )


def test_a_kept_head_from_an_earlier_report_or_a_file_of_another_system() -> None:
    log, payloads = a_log()
    earlier = log.report(STATEMENT, payloads, size=12)
    later = log.report(STATEMENT, payloads, previous=12)
    assert failures(verify_report(later, kept=earlier)) == []
    assert failures(verify_report(later, kept=log.head(12).replace("\n", "\r\n").encode())) == []


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        (a_log()[0].head(5).encode(), "this report does not reach back to your head of 5 entries; ask for one"),
        (b"", "a head is a line each for log, size and root, an empty line, and its log's signature"),
        (b"\xff\xfe", "a head is a line each"),
        (b"{", "not JSON"),
        (b"{}", "report is not of the form"),
    ],
)
def test_a_kept_head_that_does_not_help(kept: bytes, reason: str) -> None:
    (failure,) = failures(verify_report(REPORT, kept=kept))
    assert failure.startswith(f"The head you kept is one of those in the report: {reason}")


def test_a_kept_head_of_another_log_or_key() -> None:
    log, _ = a_log()
    for key, origin in ((OTHER_KEY, ORIGIN), (KEY, "outturn.example/log/2")):
        log.key, log.origin = key, origin
        assert the_failure(verify_report(REPORT, kept=log.head(4).encode())) == (
            "The head you kept is one of those in the report: the head is signed with another key"
        )


# --- as the customer runs it -----------------------------------------------------------------------------------------


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of the file, in another folder and apart from this project."""
    shutil.copy(SCRIPT, folder / "verifier.py")
    command = [sys.executable, "-I", "-W", "error", "verifier.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_the_program(tmp_path: Path) -> None:
    case = Case()
    (tmp_path / "report.json").write_bytes(case.report(previous=4))
    (tmp_path / "head").write_text(case.logged()[0].head(4))
    done = run(tmp_path, "report.json", "--key", FINGERPRINT, "--previous", "head")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["OK"] * 12
    assert lines[2] == "OK      The head of the log is signed with the key: outturn.example/log/1, 17 entries"
    assert lines[-1] == "VERIFIED: all 12 checks hold"


def test_the_program_refuses_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(changed(lambda report: report["statement"].update(total_minor=1)))
    done = run(tmp_path, "report.json")
    assert (done.returncode, done.stderr) == (1, "")
    assert "FAILED  The statement is the one that was logged: statement in entry 10" in done.stdout
    assert done.stdout.splitlines()[-1] == "NOT VERIFIED: 1 of 10 checks failed"


def test_the_program_without_a_report(tmp_path: Path) -> None:
    done = run(tmp_path, "nowhere.json")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("FAILED  The files can be read: [Errno 2] No such file or directory: 'nowhere.json'")
    assert done.stdout.splitlines()[-1] == "NOT VERIFIED: 1 of 1 checks failed"


def test_what_it_prints_cannot_steer_a_terminal(tmp_path: Path) -> None:
    data = changed(lambda report: report["statement"].update(relies_on={"\u009b31m\u202e": "x"}))
    (tmp_path / "report.json").write_bytes(data)
    done = run(tmp_path, "report.json")
    assert done.returncode == 1
    assert done.stdout.isascii()
    assert "\x9b" not in done.stdout


@pytest.mark.parametrize(
    "steers", ["\x1b[2J\x1b[HVERIFIED: all 11 checks hold\x1b[8m", "\n", "\r", "\b", "\t\x7f", "\0"]
)
def test_what_it_prints_is_a_line_for_each_check(tmp_path: Path, steers: str) -> None:
    """A name that nobody knows clears no screen and begins no line of its own."""
    case = Case()
    case.statement[f"x{steers}y"] = 1
    (tmp_path / "report.json").write_bytes(case.report())
    done = run(tmp_path, "report.json")
    assert (done.returncode, done.stderr) == (3, "")
    *lines, last = done.stdout.split("\n")
    assert last == ""
    assert [line.split(" ")[0] for line in lines] == ["OK"] * 8 + ["UNKNOWN", "OK", "NOT"]
    assert all(line.isascii() and line.isprintable() for line in lines)
    shown = steers.encode("unicode_escape").decode()
    assert lines[8].endswith(f": cannot recompute: unknown field statement/x{shown}y")


def test_it_needs_nothing_of_ours_and_runs_on_python_3_9() -> None:
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 9))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_a_machine_without_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", nothing)
    assert next(line for line in failures(verify_report(REPORT)) if "signed with the key" in line) == (
        "The head of the log is signed with the key: no Ed25519 library is here; run: python -m pip install "
        "cryptography"
    )
