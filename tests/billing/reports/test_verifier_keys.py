"""The verifier where a log has had several keys and its heads were co-signed: version 2 of the report."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from billing.reports.verifier import verify_report
from tenants.record.domain.cosignatures import WitnessKey, cosign
from tenants.record.domain.handovers import Handover, sign_handover
from tenants.record.domain.heads import Head, sign_head
from tenants.record.domain.notes import sign_note_with, verifier_of
from tenants.record.domain.tree import consistency_proof, inclusion_proofs, root
from tenants.record.schemas import Growth, ProofBundle, ProvenLeaf, Witnessed
from tests.billing.reports.bundles import ORIGIN, REPORT, STATEMENT, Log, a_log, changed, failures, the_failure

KEYS = [Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"key %d" % at).digest()) for at in range(4)]
FINGERPRINTS = [verifier_of(ORIGIN, key).fingerprint for key in KEYS]
SIZES = (3, 8)
NOTES = [sign_handover(size, ORIGIN, KEYS[at], KEYS[at + 1]) for at, size in enumerate(SIZES)]
WITNESS, NAME = KEYS[3], "witness.example"
WITNESS_KEY = WitnessKey(NAME, WITNESS.public_key().public_bytes_raw())


def head_of(log: Log, size: int) -> str:
    key = KEYS[0] if size <= 3 else KEYS[1] if size <= 8 else KEYS[2]
    return sign_head(Head(ORIGIN, size, root(log.store, size)), key)


def witnessed_at(log: Log, size: int, *, key: Ed25519PrivateKey = WITNESS, name: str = NAME) -> Witnessed:
    note = head_of(log, size)
    line = cosign(note.rpartition("\n\n")[0] + "\n", name, key, 1_790_000_000)
    verifier = str(WitnessKey(name, key.public_key().public_bytes_raw()))
    return Witnessed(note, consistency_proof(log.store, size, 13), ((verifier, line),))


def a_second(
    previous: int = 2, witnessed: int | None = 7, notes: list[str] | None = None, size: int = 13, signer: int = 2
) -> bytes:
    log, payloads = a_log()
    statement: dict[str, Any] = STATEMENT
    paths = inclusion_proofs(log.store, list(payloads), size)
    return ProofBundle.assemble(
        statement=statement,
        leaves=[
            ProvenLeaf(index, log.leaves[index], path, payload)
            for (index, payload), path in zip(payloads.items(), paths, strict=True)
        ],
        head=sign_head(Head(ORIGIN, size, root(log.store, size)), KEYS[signer]),
        verifier=verifier_of(ORIGIN, KEYS[signer]),
        previous=Growth(head_of(log, previous), consistency_proof(log.store, previous, size)),
        handovers=NOTES if notes is None else notes,
        witnessed=None if witnessed is None else witnessed_at(log, witnessed),
    ).to_bytes()


SECOND = a_second()


@pytest.mark.parametrize("trusted", range(3))
@pytest.mark.parametrize("previous", [0, 3, 4, 8, 9, 13])
def test_whichever_key_the_reader_knows_and_whichever_head_they_kept(trusted: int, previous: int) -> None:
    log, _ = a_log()
    checks = verify_report(
        a_second(previous), trusted=FINGERPRINTS[trusted], kept=head_of(log, previous).encode()
    )  # fmt: skip
    assert failures(checks) == []
    found = {check.claim: check.found for check in checks}
    handed = f"{FINGERPRINTS[2]}, " + ("as you gave it" if trusted == 2 else "to which yours handed over")
    assert found["The key has the fingerprint"] == handed
    assert found["The log's keys have handed over to one another"] == (
        f"{FINGERPRINTS[0]} up to 3 entries, {FINGERPRINTS[1]} up to 8 entries, then {FINGERPRINTS[2]}"
    )
    assert found["Witnesses have co-signed a head that this one grew from"] == (
        f"7 entries, by witness.example with the key {WITNESS_KEY.fingerprint}"
    )


def test_a_report_of_the_first_version_is_read_as_before() -> None:
    assert failures(verify_report(REPORT)) == []
    assert REPORT.startswith(b'{"bundle":1,')


def test_a_report_may_tell_of_keys_or_of_witnesses_alone() -> None:
    assert failures(verify_report(a_second(witnessed=None))) == []
    log, payloads = a_log()
    log.key = KEYS[0]
    plain = changed(lambda report: report, log.report(STATEMENT, payloads, 2))
    seen = witnessed_of(log)
    both = changed(lambda report: report.update(bundle=2, handovers=[], witnessed=seen), plain)
    assert failures(verify_report(both, trusted=FINGERPRINTS[0])) == []


def witnessed_of(log: Log) -> dict[str, Any]:
    note = log.head(7)
    line = cosign(note.rpartition("\n\n")[0] + "\n", NAME, WITNESS, 1_790_000_000)
    proof = [value.hex() for value in consistency_proof(log.store, 7, 13)]
    return {"head": note, "consistency": proof, "cosignatures": [{"key": str(WITNESS_KEY), "signature": line}]}


@pytest.mark.parametrize("version", [0, 1, 3, "2", 2.5, None])
def test_the_members_of_version_2_belong_to_version_2(version: object) -> None:
    refused = the_failure(verify_report(changed(lambda report: report.update(bundle=version), SECOND)))
    assert "is not of the form" in refused
    assert "is not of the form" in the_failure(verify_report(changed(lambda report: report.update(bundle=2))))


def forged(at: int, text: str, signers: list[int]) -> list[str]:
    note = sign_note_with(text, ORIGIN, [KEYS[each] for each in signers])
    return [note if number == at else each for number, each in enumerate(NOTES)]


FIRST_TEXT = Handover(3, verifier_of(ORIGIN, KEYS[0]), verifier_of(ORIGIN, KEYS[1])).text


@pytest.mark.parametrize(
    ("notes", "reason"),
    [
        ([NOTES[1]], "you gave another"),
        ([NOTES[0]], "the last handover is to another key"),
        ([NOTES[1], NOTES[0]], "the handover after 3 entries does not follow"),
        ([NOTES[0], NOTES[0], NOTES[1]], "the handover after 3 entries does not follow"),
        ([*NOTES, ""], "a handover is not five lines"),
        ([NOTES[0] + "x", NOTES[1]], "a handover is not five lines"),
        ([head_of(a_log()[0], 3), NOTES[1]], "a handover is not five lines"),
        (forged(0, FIRST_TEXT, [1, 0]), "signed with another key than those it names"),
        (forged(0, FIRST_TEXT, [0, 2]), "signed with another key than those it names"),
        (forged(0, FIRST_TEXT, [0]), "a handover is not five lines"),
        (forged(0, FIRST_TEXT.replace("v1\n" + ORIGIN, "v1\nother.example"), [0, 1]), "than those it names"),
        ([NOTES[0].replace("\n3\n", "\n4\n", 1), NOTES[1]], "does not belong to this handover"),
    ],
)
def test_keys_that_did_not_hand_over(notes: list[str], reason: str) -> None:
    report = changed(lambda report: report.update(handovers=notes), SECOND)
    (refused,) = [
        each for each in failures(verify_report(report, trusted=FINGERPRINTS[0])) if each.startswith("The key has")
    ]
    assert reason in refused


def test_a_former_key_signs_no_later_head() -> None:
    report = a_second(signer=2, notes=[NOTES[0], sign_handover(20, ORIGIN, KEYS[1], KEYS[2])])
    refused = failures(verify_report(report, trusted=FINGERPRINTS[2]))
    assert refused[0] == "The head of the log is signed with the key: the head is signed with another key"


def by_a_former_key(handed: int) -> bytes:
    """A log of 13 entries that somebody made up with a key of before, beside the true note by which it handed over."""
    log, payloads = a_log()
    log.key, following = KEYS[0], verifier_of(ORIGIN, KEYS[1])
    key = {"fingerprint": following.fingerprint, "verifier": str(following)}
    notes = [sign_handover(handed, ORIGIN, KEYS[0], KEYS[1])]
    return changed(
        lambda report: report.update(bundle=2, handovers=notes, key=key, witnessed=None),
        log.report(STATEMENT, payloads, 4),
    )


@pytest.mark.parametrize("trusted", [None, *FINGERPRINTS[:2]])
@pytest.mark.parametrize("handed", [13, 20])
def test_a_former_key_signs_no_report_of_after_its_handover(handed: int, trusted: str | None) -> None:
    assert the_failure(verify_report(by_a_former_key(handed), trusted=trusted)) == (
        "The head of the log is signed with the key: the head of 13 entries is a former key's; the last one handed "
        f"over after {handed}, and reports made since have more"
    )


def test_a_report_of_before_the_handover_stays_the_former_key_s() -> None:
    log, payloads = a_log()
    log.key = KEYS[0]
    report = log.report(STATEMENT, payloads, 4)
    assert failures(verify_report(report, trusted=FINGERPRINTS[0])) == []
    assert "you gave another" in the_failure(verify_report(report, trusted=FINGERPRINTS[1]))


def cosigned(report: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = report["witnessed"]["cosignatures"][0]
    return found


def with_byte(line: str, at: int) -> str:
    prefix, name, encoded = line.rstrip("\n").split(" ")
    raw = bytearray(base64.b64decode(encoded))
    raw[at] ^= 1
    return f"{prefix} {name} {base64.b64encode(raw).decode()}\n"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda one: one.update(signature=with_byte(one["signature"], 11)), "does not belong to this head"),
        (lambda one: one.update(signature=with_byte(one["signature"], 75)), "does not belong to this head"),
        (lambda one: one.update(signature=with_byte(one["signature"], 0)), "is not that of witness.example"),
        (lambda one: one.update(signature="x\n"), "is not that of witness.example"),
        (lambda one: one.update(signature=f"— {NAME} AAAA\n"), "is not that of witness.example"),
        (lambda one: one.update(signature=one["signature"].replace(NAME, "x")), "is not that of witness.example"),
        (lambda one: one.update(key=str(verifier_of(NAME, WITNESS))), "not an Ed25519 key under its own id"),
        (lambda one: one.update(key="x"), "not an Ed25519 key under its own id"),
        (
            lambda one: one.update(key=str(WitnessKey(NAME, KEYS[0].public_key().public_bytes_raw()))),
            "is not that of witness.example",
        ),
    ],
)
def test_cosignatures_that_are_none(change: Callable[[dict[str, Any]], object], reason: str) -> None:
    refused = the_failure(verify_report(changed(lambda report: change(cosigned(report)), SECOND)))
    assert refused.startswith("Witnesses have co-signed")
    assert reason in refused


def test_a_head_that_nobody_co_signed() -> None:
    refused = the_failure(verify_report(changed(lambda report: report["witnessed"].update(cosignatures=[]), SECOND)))
    assert refused == "Witnesses have co-signed a head that this one grew from: nobody has co-signed the head"


def test_a_cosigned_head_that_this_one_did_not_grow_from() -> None:
    refused = the_failure(
        verify_report(changed(lambda report: report["witnessed"].update(consistency=[]), SECOND))
    )  # fmt: skip
    assert "the 13 entries are not shown to begin with the 7 that were co-signed" in refused
