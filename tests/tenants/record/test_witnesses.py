"""Witnesses: the form of their signatures, and everything a hostile or broken one could bring."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from django.db.utils import DatabaseError
from hypothesis import given
from hypothesis import strategies as st

from billing.reports.verifier import verify_report
from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError
from tenants.kernel.ids import new_id
from tenants.record.domain.cosignatures import WitnessKey, cosign, message, open_cosignature
from tenants.record.domain.heads import Head
from tenants.record.domain.notes import NoteError, Verifier, read_signature_lines, verifier_of
from tenants.record.domain.tree import verify_consistency
from tenants.record.models import AuditEntry, Cosignature, Witness
from tenants.record.schemas import NewEntry, SignedHead
from tenants.record.selectors import proof_bundle
from tenants.record.services import append_leaves, seal_head
from tenants.record.witnesses import (
    MOST,
    RolledBackError,
    WrongTimeError,
    add_cosignatures,
    end_witness,
    head_for_witness,
    register_witness,
)
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.tenants.record.test_selectors import statement_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TIME = int(NOON.timestamp())
NAME = "witness.northwind.example"
KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(hashlib.sha256(each).digest()) for each in (b"w", b"o"))
WITNESS = WitnessKey(NAME, KEY.public_key().public_bytes_raw())
TEXT = Head("outturn.example/log/1", 7, bytes(32)).text
database = pytest.mark.django_db


def text_of(head: SignedHead) -> str:
    return head.note.rpartition("\n\n")[0] + "\n"


def grown(entries: int = 3, now: datetime = NOON) -> SignedHead:
    append_leaves(entries=[NewEntry.of("evidence_segment", {"at": str(new_id())}) for _ in range(entries)], now=now)
    return seal_head(now=now)


def registered(key: Ed25519PrivateKey = KEY, name: str = NAME) -> Witness:
    verifier = WitnessKey(name, key.public_key().public_bytes_raw())
    return register_witness(verifier=str(verifier), by="owner@x.example", now=NOON)


class TestForm:
    def test_a_cosignature_is_laid_out_as_the_specification_says(self) -> None:
        line = cosign(TEXT, NAME, KEY, TIME)
        ((name, raw),) = read_signature_lines(line)
        assert name == NAME
        assert raw[:4] == hashlib.sha256(NAME.encode() + b"\n\x04" + WITNESS.public_key).digest()[:4]
        assert raw[4:12] == TIME.to_bytes(8, "big")
        assert message(TEXT, TIME) == f"cosignature/v1\ntime {TIME}\n{TEXT}".encode()
        KEY.public_key().verify(raw[12:], message(TEXT, TIME))
        assert open_cosignature(TEXT, raw, WITNESS) == NOON

    def test_the_key_is_written_as_note_tools_read_it(self) -> None:
        text = str(WITNESS)
        assert WitnessKey.parse(text) == WITNESS
        name, key_id, key = text.split("+", 2)
        assert (name, key_id) == (NAME, WITNESS.key_id.hex())
        assert base64.b64decode(key) == b"\x04" + WITNESS.public_key
        assert WITNESS.fingerprint == Verifier(NAME, WITNESS.public_key).fingerprint

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "witness",
            str(verifier_of(NAME, KEY)),  # of a log
            str(WITNESS)[:-4],
            str(WITNESS).replace(NAME, "another.example"),
            str(WITNESS).replace(NAME, "two words"),
            str(WITNESS) + "\n",
            f"{NAME}+00000000+{str(WITNESS).split('+', 2)[2]}",
            "\x00" * 300,
        ],
    )
    def test_what_is_no_key_of_a_witness_is_refused(self, text: str) -> None:
        with pytest.raises(NoteError):
            WitnessKey.parse(text)

    @given(st.binary(max_size=100))
    def test_no_other_bytes_are_a_cosignature(self, raw: bytes) -> None:
        with pytest.raises(NoteError, match="does not hold"):
            open_cosignature(TEXT, raw, WITNESS)
        with pytest.raises(NoteError, match="does not hold"):
            open_cosignature(TEXT, WITNESS.key_id + raw, WITNESS)

    @given(st.integers(0, 75), st.integers(0, 7))
    def test_no_bit_of_a_cosignature_can_be_changed(self, at: int, bit: int) -> None:
        raw = bytearray(read_signature_lines(cosign(TEXT, NAME, KEY, TIME))[0][1])
        raw[at] ^= 1 << bit
        with pytest.raises(NoteError, match="does not hold"):
            open_cosignature(TEXT, bytes(raw), WITNESS)

    def test_a_time_beyond_the_calendar_is_refused(self) -> None:
        raw = read_signature_lines(cosign(TEXT, NAME, KEY, 2**63))[0][1]
        with pytest.raises(NoteError, match="does not hold"):
            open_cosignature(TEXT, raw, WITNESS)


@database
class TestAsking:
    def test_a_witness_follows_the_log_from_the_size_it_knows(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            first, second = grown(5), grown(8)
            found = head_for_witness(first.size)
            whole = head_for_witness(0)
            same = head_for_witness(second.size)
        assert (found.head, found.known) == (second, 5)
        assert verify_consistency(5, 13, found.consistency, first.root, second.root)
        old, *proof = found.request.partition("\n\n")[0].split("\n")
        assert old == "old 5"
        assert [base64.b64decode(each) for each in proof] == list(found.consistency)
        assert found.request.endswith(f"\n\n{second.note}")
        assert whole.request == f"old 0\n\n{second.note}"
        assert same.request == f"old 13\n\n{second.note}"

    def test_one_who_knows_a_larger_log_is_told_to_keep_its_head(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            grown(5)
            with pytest.raises(RolledBackError) as refused:
                head_for_witness(6)
        assert (refused.value.code, refused.value.status, refused.value.place) == ("record.rolled_back", 409, "known")
        assert refused.value.kept == "Your head: keep it, and show it to the log's owner."

    def test_before_the_first_head(self, tenant: Tenant) -> None:
        with scope(tenant.id), pytest.raises(NotFoundError, match="No head has been signed yet"):
            head_for_witness(0)


@database
class TestCosigning:
    def test_a_cosignature_is_kept_beside_the_head(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            head, _ = grown(), registered()
            line = cosign(text_of(head), NAME, KEY, TIME + 9)
            (kept,) = add_cosignatures(size=head.size, signatures=line, now=NOON + timedelta(seconds=20))
            row = Cosignature.objects.get()
        assert kept == row
        assert (row.size, row.verifier, row.line) == (head.size, str(WITNESS), line)
        assert row.signed_at == NOON + timedelta(seconds=9)
        assert row.received_at == NOON + timedelta(seconds=20)

    def test_the_same_again_changes_nothing(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            head, _ = grown(), registered()
            first, again = (cosign(text_of(head), NAME, KEY, TIME + at) for at in (0, 60))
            for line in (first, again, first + again):
                rows = add_cosignatures(size=head.size, signatures=line, now=NOON)
                assert {row.line for row in rows} == {first}
            assert Cosignature.objects.count() == 1

    def test_lines_of_others_are_left_out(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            head, _ = grown(), registered()
            text = text_of(head)
            strangers = cosign(text, "stranger.example", OTHER, TIME) + cosign(text, NAME, OTHER, TIME)
            lines = strangers + head.note.rpartition("\n\n")[2] + cosign(text, NAME, KEY, TIME)
            rows = add_cosignatures(size=head.size, signatures=lines, now=NOON)
            assert [row.verifier for row in rows] == [str(WITNESS)]
            with pytest.raises(NoteError, match="None of the signatures is of a witness"):
                add_cosignatures(size=head.size, signatures=strangers, now=NOON)

    def test_a_signature_by_another_key_under_the_id_of_a_witness_is_refused(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            head, _ = grown(), registered()
            raw = bytearray(read_signature_lines(cosign(text_of(head), NAME, OTHER, TIME))[0][1])
            raw[:4] = WITNESS.key_id
            line = f"— {NAME} {base64.b64encode(raw).decode()}\n"
            refuse(head.size, line, "does not hold for this head")

    def test_a_signature_of_another_head_is_refused(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            first, second, _ = grown(), grown(), registered()
            refuse(second.size, cosign(text_of(first), NAME, KEY, TIME), "does not hold for this head")
            forked = Head(text_of(second).split("\n")[0], second.size, bytes(32)).text
            refuse(second.size, cosign(forked, NAME, KEY, TIME), "does not hold for this head")
            refuse(second.size + 1, cosign(text_of(second), NAME, KEY, TIME), "No head of 7 entries")
            refuse(1, cosign(text_of(first), NAME, KEY, TIME), "No head of 1 entries")

    def test_a_witness_does_not_go_back(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            first, second, _ = grown(), grown(), registered()
            add_cosignatures(size=second.size, signatures=cosign(text_of(second), NAME, KEY, TIME), now=NOON)
            refused = refuse(first.size, cosign(text_of(first), NAME, KEY, TIME), "has co-signed a head of 6 entries")
            assert (refused.code, refused.status) == ("record.rolled_back", 409)

    @pytest.mark.parametrize(("seconds", "is_refused"), [(-301, True), (-300, False), (300, False), (301, True)])
    def test_its_clock_is_about_ours(self, tenant: Tenant, seconds: int, *, is_refused: bool) -> None:
        with scope(tenant.id):
            head, _ = grown(), registered()
            line = cosign(text_of(head), NAME, KEY, TIME + seconds)
            if is_refused:
                assert isinstance(refuse(head.size, line, "when it cannot have"), WrongTimeError)
            else:
                assert len(add_cosignatures(size=head.size, signatures=line, now=NOON)) == 1

    @pytest.mark.parametrize(
        "lines",
        ["", "\n", "x", "x\n", f"— {NAME} AAAA\n", f"— {NAME} ====\n", f"— {NAME}\n", "\x00\n", "— a b c\n", "é" * 9000]
    )  # fmt: skip
    def test_garbage_is_refused(self, tenant: Tenant, lines: str) -> None:
        with scope(tenant.id):
            head, _ = grown(), registered()
            refuse(head.size, lines, "[Ss]ignature|base64")

    def test_at_most_a_hundred_lines_are_read(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            head, _ = grown(), registered()
            line = cosign(text_of(head), NAME, KEY, TIME)
            assert len(add_cosignatures(size=head.size, signatures=line * 100, now=NOON)) == 100
            refuse(head.size, line * 101, "Signature lines are expected")

    def test_one_bad_line_of_a_witness_refuses_all(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            head, _, _ = grown(), registered(), registered(OTHER, "other.example")
            good = cosign(text_of(head), NAME, KEY, TIME)
            bad = cosign(TEXT, "other.example", OTHER, TIME)
            with pytest.raises(NoteError, match=r"other\.example does not hold"), transaction.atomic():
                add_cosignatures(size=head.size, signatures=good + bad, now=NOON)
            assert not Cosignature.objects.exists()

    @pytest.mark.parametrize("statement", ["UPDATE {} SET size = 1", "DELETE FROM {}"])
    def test_what_is_kept_cannot_be_changed(self, tenant: Tenant, statement: str) -> None:
        with scope(tenant.id):
            head, _ = grown(), registered()
            add_cosignatures(size=head.size, signatures=cosign(text_of(head), NAME, KEY, TIME), now=NOON)
            sql = statement.format("tenants_cosignature") + f" WHERE tenant_id = '{tenant.id}'"
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
            assert Cosignature.objects.get().size == head.size


def refuse(size: int, lines: str, message: str) -> OutturnError:
    """Nothing of these lines is kept."""
    before = Cosignature.objects.count()
    with pytest.raises(OutturnError, match=message) as refused:
        add_cosignatures(size=size, signatures=lines, now=NOON)
    assert refused.value.fix
    assert Cosignature.objects.count() == before
    return refused.value


@database
class TestRegistering:
    def test_a_key_is_registered_once_ended_and_taken_again(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            head, row = grown(), registered()
            with pytest.raises(ConflictError, match="is registered"):
                registered()
            end_witness(witness=row.id, by="owner@x.example", now=NOON)
            refuse(head.size, cosign(text_of(head), NAME, KEY, TIME), "None of the signatures")
            with pytest.raises(NotFoundError):
                end_witness(witness=row.id, by="owner@x.example", now=NOON)
            assert registered() == row
            assert Witness.objects.get().ended_at is None
            told = AuditEntry.objects.filter(subject=f"witness/{row.id}").order_by("id")
            assert [each.action for each in told] == [
                "log.witness_registered", "log.witness_ended", "log.witness_registered",
            ]  # fmt: skip

    def test_there_are_not_too_many(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            for number in range(MOST):
                registered(name=f"{number}.example")
            with pytest.raises(ConflictError, match=f"has {MOST} witnesses"):
                registered()

    def test_a_strangers_witness_is_none_of_ours(self, tenant: Tenant, stranger: Tenant) -> None:
        with scope(stranger.id):
            row = registered()
        with scope(tenant.id):
            head = grown()
            refuse(head.size, cosign(text_of(head), NAME, KEY, TIME), "None of the signatures")
            with pytest.raises(NotFoundError):
                end_witness(witness=row.id, by="x", now=NOON)


@database
class TestReports:
    def test_a_report_tells_of_the_newest_head_that_was_cosigned(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            registered()
            registered(OTHER, "other.example")
            for size in (2, 3):
                head = grown(size)
                lines = cosign(text_of(head), NAME, KEY, TIME) + cosign(text_of(head), "other.example", OTHER, TIME)
                add_cosignatures(size=head.size, signatures=lines, now=NOON)
            statement, documents = statement_of(2)
            seal_head(now=NOON)
            data = proof_bundle(statement=statement, documents=documents).to_bytes()
        checks = verify_report(data)
        assert [check for check in checks if not check.holds] == []
        (witnessed,) = [check for check in checks if check.claim.startswith("Witnesses")]
        other = WitnessKey("other.example", OTHER.public_key().public_bytes_raw())
        expected = sorted((str(WITNESS), str(other)))
        named = {str(key): f"{key.name} with the key {key.fingerprint}" for key in (WITNESS, other)}
        assert witnessed.found == f"{head.size} entries, by {', '.join(named[each] for each in expected)}"
