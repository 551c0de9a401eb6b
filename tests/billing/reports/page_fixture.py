"""What the page's own checks of a report (`static/src/report`) are tested with, made by the side that writes them."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import rfc8785
from django.conf import settings

from billing.reports.verifier import verify_report
from tenants.record.domain.handovers import sign_handover
from tenants.record.domain.heads import Head, sign_head
from tenants.record.domain.notes import verifier_of
from tenants.record.domain.tree import append, consistency_proof, root
from tests.billing.reports.bundles import KEY, ORIGIN, OTHER_KEY, REPORT, STATEMENT, Log, a_log, changed
from tests.billing.reports.settled import CLAIM, report_of
from tests.billing.reports.test_verifier_keys import a_second, by_a_former_key

FILE = Path(settings.BASE_DIR) / "static" / "src" / "report" / "reports.fixture.json"
FIGURES_FILE = FILE.with_name("figures.fixture.json")
CHANGES: list[tuple[str, str, list[str | int], Any]] = [
    ("a band", "contract_version", ["terms", "clauses", 0, "remedies", 1, "tiers", 0, "credit"], "9"),
    ("a price", "contract_version", ["terms", "fee", "tiers", 0, "price"], "1.19"),
    ("a cap", "contract_version", ["terms", "caps", "period_percent"], "16"),
    ("a segment that was moved", "evidence_segment", ["states", 0, "to"], "2026-03-15T15:30:30Z"),
    ("a reading", "evidence_segment", ["measures", "volume", 3, "value"], "7051.25"),
    ("an exclusion that was dropped", "outcome_run", ["relies_on", "exclusion"], []),
    ("a decision", "exclusion_decision", ["decision"], "declined"),
    ("a decision on another claim", "exclusion_decision", ["relies_on", "exclusion", 0], "0" * 64),
    ("the fee of the run", "outcome_run", ["outcome", "fee_minor"], 2_835_714),
    ("the total", "statement", ["total_minor"], 2_353_643),
    ("a rule that is not known", "contract_version", ["terms", "rounding"], "bankers"),
    ("a field that is not known", "evidence_segment", ["moods"], []),
]
VALUES: list[Any] = [
    [0, -1, 1.5, 1e21, 1e-7, 123456789012345680.0, 0.1, 5e-324, 1.7976931348623157e308, 9007199254740991],
    {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7, "__proto__": 8, 'a"\\\x1f': 9},
    ["\b\t\n\f\r\x00\x7f\u2028", [], {}, None, True, False, ""],
]


def fixture() -> dict[str, str | list[str]]:
    """Reports and heads as text.

    Of a log of 13 entries: a report, the same log as it was with 4 entries, and as it is with 16, with the proofs; and
    what others made up.
    """
    log, payloads = a_log()
    other, _ = a_log()
    other.key = OTHER_KEY
    rewritten = Log()
    rewritten.add("evidence_segment", {"forged": True})
    for leaf in log.leaves[1:]:
        rewritten.leaves.append(leaf)
        append(rewritten.store, len(rewritten.leaves) - 1, [leaf.hash])
    found: dict[str, str | list[str]] = {
        "report": REPORT.decode(),
        "second": a_second().decode(),
        "former": by_a_former_key(20).decode(),
        "other": other.report(STATEMENT, payloads).decode(),
        "rewritten": rewritten.report(STATEMENT, payloads).decode(),
        "head4": log.head(4),
        "rewritten4": rewritten.head(4),
        "other4": other.head(4),
    }
    log.fill(3)
    found |= {
        "head16": log.head(),
        "other16": sign_head(Head(ORIGIN, 16, root(log.store, 16)), OTHER_KEY),
        "otherKey": str(verifier_of(ORIGIN, OTHER_KEY)),
        "handover": sign_handover(13, ORIGIN, KEY, OTHER_KEY),
        "early": sign_handover(20, ORIGIN, KEY, OTHER_KEY),
        "key": str(verifier_of(ORIGIN, KEY)),
        "from4": [value.hex() for value in consistency_proof(log.store, 4, 16)],
        "from13": [value.hex() for value in consistency_proof(log.store, 13, 16)],
        "values": [rfc8785.dumps(value).decode() for value in VALUES],
    }
    return found


def figures() -> dict[str, Any]:
    """A report of a settled month, and what the verifier says of its figures when one value in it is another."""
    data = report_of()
    report = json.loads(data)
    cases = []
    for name, kind, way, value in CHANGES:
        number = next(at for at, leaf in enumerate(report["leaves"]) if leaf["kind"] == kind)
        path = ["leaves", number, "payload", *way] if kind != "statement" else ["statement", *way]
        told = verify_report(changed(partial(_put, path=path, value=value), data), figures=True)
        (check,) = (check for check in told if check.claim == CLAIM)
        place = "/".join(map(str, path))
        cases.append({"name": name, "path": place, "value": value, "known": check.known, "found": check.found})
    return {"report": data.decode(), "cases": cases}


def _put(report: dict[str, Any], path: list[Any], value: Any) -> None:
    inner: Any = report
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value


def written(content: Any) -> str:
    """A file, as it is kept beside the checks."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
