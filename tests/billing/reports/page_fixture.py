"""What the page's own checks of a report (`static/src/report`) are tested with, made by the side that writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import rfc8785
from django.conf import settings

from tenants.record.domain.notes import verifier_of
from tenants.record.domain.tree import append, consistency_proof
from tests.billing.reports.bundles import KEY, ORIGIN, OTHER_KEY, REPORT, STATEMENT, Log, a_log
from tests.billing.reports.test_verifier_keys import a_second

FILE = Path(settings.BASE_DIR) / "static" / "src" / "report" / "reports.fixture.json"
VALUES: list[Any] = [
    [0, -1, 1.5, 1e21, 1e-7, 123456789012345680.0, 0.1, 5e-324, 1.7976931348623157e308, 9007199254740991],
    {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7, "__proto__": 8, 'a"\\\x1f': 9},
    ["\b\t\n\f\r\x00\x7f\u2028", [], {}, None, True, False, ""],
]


def fixture() -> dict[str, str | list[str]]:
    """Reports and heads as text.

    Of a log of 13 entries: a report, the same log as it was with 4 entries, and as it is with 16, with the proofs.
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
        "other": other.report(STATEMENT, payloads).decode(),
        "rewritten": rewritten.report(STATEMENT, payloads).decode(),
        "head4": log.head(4),
        "rewritten4": rewritten.head(4),
    }
    log.fill(3)
    found |= {
        "head16": log.head(),
        "key": str(verifier_of(ORIGIN, KEY)),
        "from4": [value.hex() for value in consistency_proof(log.store, 4, 16)],
        "from13": [value.hex() for value in consistency_proof(log.store, 13, 16)],
        "values": [rfc8785.dumps(value).decode() for value in VALUES],
    }
    return found


def written() -> str:
    """The file, as it is kept beside the checks."""
    return json.dumps(fixture(), indent=2, ensure_ascii=False) + "\n"
