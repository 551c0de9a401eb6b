"""A log in memory and the reports made from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from billing.reports.verifier import Check
from tenants.kernel.canonical import digest
from tenants.record.domain.heads import Head, sign_head
from tenants.record.domain.leaves import Leaf
from tenants.record.domain.notes import verifier_of
from tenants.record.domain.tree import MemoryStore, append, consistency_proof, inclusion_proofs, root
from tenants.record.schemas import Growth, ProofBundle, ProvenLeaf

ORIGIN = "outturn.example/log/1"
KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"key").digest())
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"other").digest())
FINGERPRINT = verifier_of(ORIGIN, KEY).fingerprint

CONTRACT = {"currency": "EUR", "fee_minor": 5_000_000}
SEGMENTS = [{"asset": "m1", "hour": hour, "states": [["2026-03-29T05:00:00Z", "down"]]} for hour in range(3)]
RUN = {
    "ratio": "1451/1468",
    "relies_on": {
        "contract_version": [digest(CONTRACT)],
        "evidence_segment": [digest(segment) for segment in SEGMENTS],
    },
}
STATEMENT = {
    "number": "2026-03/7",
    "total_minor": 5_150_000,
    "relies_on": {"contract_version": [digest(CONTRACT)], "outcome_run": [digest(RUN)]},
}


class Log:
    """A log in memory that signs its heads and makes reports."""

    def __init__(self, key: Ed25519PrivateKey = KEY, origin: str = ORIGIN) -> None:
        self.key, self.origin = key, origin
        self.store, self.leaves = MemoryStore(), list[Leaf]()

    def add(self, kind: str, payload: object) -> int:
        salt = hashlib.sha256(b"%d" % len(self.leaves)).digest()[:16]
        self.leaves.append(Leaf.of(kind, payload, salt))
        append(self.store, len(self.leaves) - 1, [self.leaves[-1].hash])
        return len(self.leaves) - 1

    def fill(self, count: int) -> None:
        for number in range(count):
            self.add("evidence_segment", {"of": "somebody else", "hour": number})

    def head(self, size: int | None = None) -> str:
        size = len(self.leaves) if size is None else size
        return sign_head(Head(self.origin, size, root(self.store, size)), self.key)

    def report(
        self, statement: dict[str, Any], payloads: dict[int, Any], previous: int | None = None, size: int | None = None
    ) -> bytes:
        size = len(self.leaves) if size is None else size
        paths = inclusion_proofs(self.store, list(payloads), size)
        growth = None
        if previous is not None:
            growth = Growth(self.head(previous), consistency_proof(self.store, previous, size))
        return ProofBundle.assemble(
            statement=statement,
            leaves=[
                ProvenLeaf(index, self.leaves[index], path, payload)
                for (index, payload), path in zip(payloads.items(), paths, strict=True)
            ],
            head=self.head(size),
            verifier=verifier_of(self.origin, self.key),
            previous=growth,
        ).to_bytes()


def a_log() -> tuple[Log, dict[int, Any]]:
    """A log of 13 entries, and the documents of one statement in it; the third segment is given by its digest."""
    log = Log()
    log.fill(2)
    payloads: dict[int, Any] = {log.add("contract_version", CONTRACT): CONTRACT}
    for segment in SEGMENTS:
        payloads[log.add("evidence_segment", segment)] = segment if segment is not SEGMENTS[2] else None
        log.fill(1)
    payloads[log.add("outcome_run", RUN)] = RUN
    payloads[log.add("statement", STATEMENT)] = None
    log.fill(2)
    return log, payloads


def a_report(previous: int | None = 4) -> bytes:
    log, payloads = a_log()
    return log.report(STATEMENT, payloads, previous)


REPORT = a_report()


def failures(checks: list[Check]) -> list[str]:
    return [f"{check.claim}: {check.found}" for check in checks if not check.holds]


def the_failure(checks: list[Check]) -> str:
    """The one check that does not hold."""
    (failure,) = failures(checks)
    return failure


def changed(change: Callable[[dict[str, Any]], object], data: bytes = REPORT) -> bytes:
    """The report with a change made by somebody who knows the format and keeps it canonical."""
    report = json.loads(data)
    change(report)
    return rfc8785.dumps(report)
