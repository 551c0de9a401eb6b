"""The keys of a log that hand over to one another: notes, the ring of them, and the service."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from billing.reports.verifier import verify_report
from tenants.record.domain.handovers import Handover, HandoverError, Keyring, open_handover, sign_handover
from tenants.record.domain.heads import Head, check_growth, sign_head
from tenants.record.domain.notes import NoteError, sign_note_with, verifier_of
from tenants.record.models import AuditEntry, KeyHandover, Log, LogLeaf
from tenants.record.monitoring import watch_log
from tenants.record.rotation import rotate_key
from tenants.record.schemas import ProofBundle
from tenants.record.selectors import (
    growth_between,
    keyring,
    known_fingerprint,
    latest_head,
    log_verifier,
    proof_bundle,
)
from tenants.record.services import seal_head
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.tenants.record.test_selectors import statement_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORIGIN = "outturn.example/log/1"
KEYS = [Ed25519PrivateKey.from_private_bytes(hashlib.sha256(bytes([at])).digest()) for at in range(4)]
VERIFIERS = [verifier_of(ORIGIN, key) for key in KEYS]
NOTES = [sign_handover(size, ORIGIN, KEYS[at], KEYS[at + 1]) for at, size in enumerate((5, 9, 30))]
database = pytest.mark.django_db
Tamper = Callable[..., None]


def test_a_handover_says_what_it_is_and_is_signed_by_both() -> None:
    lines = NOTES[0].split("\n")
    assert lines[:6] == ["outturn log key handover v1", ORIGIN, "5", str(VERIFIERS[0]), str(VERIFIERS[1]), ""]
    assert [line.split(" ")[1] for line in lines[6:8]] == [ORIGIN, ORIGIN]
    assert open_handover(NOTES[0]) == Handover(5, VERIFIERS[0], VERIFIERS[1])


def test_no_head_can_be_taken_for_a_handover_and_no_handover_for_a_head() -> None:
    with pytest.raises(NoteError, match="a line each"):
        open_handover(sign_head(Head(ORIGIN, 5, bytes(32)), KEYS[0]))
    with pytest.raises(NoteError, match="A head is a line each"):
        Head.parse(Handover(5, VERIFIERS[0], VERIFIERS[1]).text)


@pytest.mark.parametrize("signers", [[0], [1], [0, 2], [2, 1], [0, 0]])
def test_a_handover_lacks_nobodys_signature(signers: list[int]) -> None:
    text = Handover(5, VERIFIERS[0], VERIFIERS[1]).text
    with pytest.raises(NoteError, match="not signed by"):
        open_handover(sign_note_with(text, ORIGIN, [KEYS[at] for at in signers]))


def test_a_handover_is_within_one_log_and_to_another_key() -> None:
    elsewhere = verifier_of("outturn.example/log/2", KEYS[1])
    text = Handover(5, VERIFIERS[0], elsewhere).text
    with pytest.raises(HandoverError, match="two logs"):
        open_handover(sign_note_with(text, ORIGIN, KEYS[:2]))
    with pytest.raises(HandoverError, match="one key twice"):
        open_handover(sign_handover(5, ORIGIN, KEYS[0], KEYS[0]))


@given(st.integers(0, 40))
def test_each_head_is_of_the_key_that_was_in_force(size: int) -> None:
    ring = Keyring(VERIFIERS[3], NOTES)
    owner = 0 if size <= 5 else 1 if size <= 9 else 2 if size <= 30 else 3
    assert ring.of_size(size) == VERIFIERS[owner]
    for at, key in enumerate(KEYS):
        note = sign_head(Head(ORIGIN, size, bytes(32)), key)
        if at == owner:
            assert ring.open_head(note).size == size
        else:
            with pytest.raises(NoteError, match="not signed by"):
                ring.open_head(note)


@pytest.mark.parametrize("notes", [[1, 0], [0, 2], [0, 1], [0, 1, 1, 2], [0, 0, 1, 2]])
def test_keys_that_do_not_lead_to_one_another_are_refused(notes: list[int]) -> None:
    with pytest.raises(HandoverError, match="do not lead"):
        Keyring(VERIFIERS[3], [NOTES[at] for at in notes])


def test_what_is_no_head_is_refused() -> None:
    for note in ("", "x", f"{ORIGIN}\n-1\n", f"{ORIGIN}\n5"):
        with pytest.raises(NoteError):
            Keyring(VERIFIERS[0]).open_head(note)


@database
def test_a_new_key_signs_from_now_on_and_the_former_one_has_signed_it_over(tenant: Tenant) -> None:
    with scope(tenant.id):
        statement_of(3)
        before, former = seal_head(now=NOON), log_verifier()
        made = rotate_key(by="owner@x.example", now=NOON + timedelta(hours=1))
        after, ring = latest_head(), keyring()
        assert after is not None
        assert made == log_verifier() == ring.current != former
        row = KeyHandover.objects.get()
        assert open_handover(row.note) == Handover(before.size, former, made)
        assert (row.size, row.by, bytes(row.former_key)) == (before.size, "owner@x.example", former.public_key)
        assert LogLeaf.objects.get(kind="key_handover").id == before.size
        entry = AuditEntry.objects.get(action="log.key_rotated")
        assert entry.details == {
            "entries": before.size, "former": former.fingerprint, "next": made.fingerprint,
        }  # fmt: skip
        growth = growth_between(before.size, after.size)
        check_growth(ring.open_head(before.note), ring.open_head(after.note), growth.consistency)
        assert ring.of_size(before.size) == former
        assert after.size == before.size + 2
        assert [known_fingerprint(each.fingerprint) for each in (former, made)] == [
            former.fingerprint, made.fingerprint,
        ]  # fmt: skip
        assert known_fingerprint("0" * 64) == made.fingerprint


@database
def test_the_first_thing_a_log_does_may_be_to_change_its_key(tenant: Tenant) -> None:
    with scope(tenant.id):
        rotate_key(by="x", now=NOON)
        rotate_key(by="x", now=NOON)
        assert list(KeyHandover.objects.order_by("size").values_list("size", flat=True)) == [0, 2]
        assert len(keyring().handovers) == 2


@database
def test_reports_before_and_after_verify_with_whatever_key_their_reader_knows(tenant: Tenant) -> None:
    with scope(tenant.id):
        statement, documents = statement_of(2)
        old_head, old = seal_head(now=NOON), log_verifier()
        first = proof_bundle(statement=statement, documents=documents).to_bytes()
        middle = rotate_key(by="x", now=NOON)
        new = rotate_key(by="x", now=NOON)
        other, more = statement_of(3)
        seal_head(now=NOON)
        second = proof_bundle(statement=other, documents=more, previous_size=old_head.size).to_bytes()
    assert first.startswith(b'{"bundle":1,')
    assert ProofBundle.model_validate_json(second).to_bytes() == second
    for trusted in (old, middle, new):
        checks = verify_report(second, trusted=trusted.fingerprint, kept=first)
        assert [check for check in checks if not check.holds] == []
    assert all(check.holds for check in verify_report(first, trusted=old.fingerprint))
    (handed,) = [check for check in checks if "handed over" in check.claim]
    assert handed.found == (
        f"{old.fingerprint} up to {old_head.size} entries, {middle.fingerprint} up to {old_head.size + 2} entries, "
        f"then {new.fingerprint}"
    )
    assert not all(check.holds for check in verify_report(first, trusted=new.fingerprint))


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_watch_follows_the_keys_and_misses_a_handover(tenant: Tenant, tamper: Tamper) -> None:
    with scope(tenant.id):
        statement_of(3)
        seal_head(now=NOON)
        rotate_key(by="x", now=NOON)
        size = Log.objects.get().size
    found = watch_log(tenant=tenant.id)
    assert found is not None
    assert (found.faults, found.size, found.heads) == ([], size, 2)
    tamper(tenant.id, "UPDATE tenants_keyhandover SET size = 1, note = replace(note, 'v1', 'v2')")
    found = watch_log(tenant=tenant.id)
    assert found is not None
    assert found.faults == ["A handover is a line each for what it is, log, size, former and next key."]
    tamper(tenant.id, "DELETE FROM tenants_keyhandover")
    found = watch_log(tenant=tenant.id)
    assert found is not None
    assert found.faults[0] == "The handovers of the log's keys are not those that are in the log."
    assert "is not signed by" in found.faults[1]
