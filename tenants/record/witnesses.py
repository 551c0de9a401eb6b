"""Witnesses: servers of others that see the log grow and co-sign its heads, so that it cannot show each its own story.

A witness asks for the newest head with the proof from the size it knows, checks that the log only grew, co-signs, and
brings its signature here (c2sp.org/tlog-witness, with the question turned round; c2sp.org/tlog-cosignature).
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from tenants.kernel.errors import ConflictError, NotFoundError
from tenants.record.domain.cosignatures import WitnessKey, open_cosignature
from tenants.record.domain.heads import Head
from tenants.record.domain.notes import NoteError, read_signature_lines, signature_line
from tenants.record.domain.tree import consistency_proof
from tenants.record.models import Cosignature, Witness
from tenants.record.schemas import HeadForWitness, SignedHead
from tenants.record.selectors import LogNodes, head_of_size, keyring, latest_head
from tenants.record.services import record_audit

MOST = 20
"""Witnesses of one log at a time."""
CLOCKS = timedelta(minutes=5)
"""How far a witness's clock may be from ours."""


class RolledBackError(ConflictError):
    """A witness has seen a larger log than it is shown, or than it co-signs now."""

    code = "record.rolled_back"


class WrongTimeError(NoteError):
    """A cosignature is of a time at which it cannot have been made."""

    code = "record.wrong_time"


def register_witness(*, verifier: str, by: str, now: datetime) -> Witness:
    """Take cosignatures of the log in scope by a key from now on.

    Args:
        verifier: The key as note tools write it: ``name+id+base64(0x04 || Ed25519 key)``.
        by: Who wants it.
        now: When.

    Raises:
        NoteError: It is no key of a witness.
        ConflictError: It is registered, or there are as many as there may be.
    """
    key = str(WitnessKey.parse(verifier.strip()))
    with transaction.atomic():
        known = list(Witness.objects.select_for_update())
        row = next((each for each in known if each.verifier == key), None)
        if row is not None and row.ended_at is None:
            raise ConflictError("This key is registered.", place="verifier", fix="Register another key.")
        if sum(each.ended_at is None for each in known) >= MOST:
            raise ConflictError(
                f"The log has {MOST} witnesses.", place="verifier", kept="All of them go on.", fix="End one of them."
            )
        row = row or Witness(verifier=key, registered_by=by, registered_at=now)
        row.ended_at = None
        row.save()
        record_audit(action="log.witness_registered", subject=f"witness/{row.id}", by=by, now=now, details={"key": key})
    return row


def end_witness(*, witness: UUID, by: str, now: datetime) -> Witness:
    """Take no more cosignatures of a witness; those that are there stay.

    Raises:
        NotFoundError: There is no such witness, or it has been ended.
    """
    with transaction.atomic():
        row = Witness.objects.select_for_update().filter(id=witness, ended_at=None).first()
        if row is None:
            raise NotFoundError("There is no such witness.", place="witness", fix="Choose one from the page.")
        row.ended_at = now
        row.save(update_fields=["ended_at"])
        record_audit(
            action="log.witness_ended", subject=f"witness/{row.id}", by=by, now=now, details={"key": row.verifier}
        )
    return row


def head_for_witness(known: int) -> HeadForWitness:
    """The newest head of the log in scope with the proof that the log only grew since it had ``known`` entries.

    Raises:
        NotFoundError: No head has been signed yet.
        RolledBackError: The log has fewer entries than the witness knows of.
    """
    head = latest_head()
    if head is None:
        raise NotFoundError("No head has been signed yet.", place="head", fix="Ask again in an hour.")
    if known > head.size:
        raise RolledBackError(
            f"The log has {head.size} entries, fewer than the {known} that you know of.", place="known",
            kept="Your head: keep it, and show it to the log's owner.",
            fix="Ask from the size of the last head you co-signed; if that is larger, the log was rolled back.",
        )  # fmt: skip
    proof = consistency_proof(LogNodes(), known, head.size)
    ring = keyring()
    lines = "".join(f"{base64.b64encode(value).decode()}\n" for value in proof)
    return HeadForWitness(
        head=head, known=known, consistency=proof, request=f"old {known}\n{lines}\n{head.note}", verifier=ring.current
    )


def add_cosignatures(*, size: int, signatures: str, now: datetime) -> list[Cosignature]:
    """Keep witnesses' signatures of the head of ``size`` entries; those that are known already are answered again.

    Args:
        size: Number of entries of the head.
        signatures: The lines that witnesses gave, each with its newline; lines of others than witnesses are left out.
        now: When.

    Raises:
        NotFoundError: No head of that size was signed.
        NoteError: The lines are malformed, none is a witness's, or a signature does not hold for this head.
        WrongTimeError: A witness says it signed before the head was there, or in the future.
        RolledBackError: A witness has co-signed a larger head.
    """
    head = head_of_size(size)
    lines = read_signature_lines(signatures)
    with transaction.atomic():
        witnesses = Witness.objects.select_for_update().filter(ended_at=None)
        keys = {(key.name, key.key_id): key for key in (WitnessKey.parse(each.verifier) for each in witnesses)}
        own = [(keys[name, raw[:4]], raw) for name, raw in lines if (name, raw[:4]) in keys]
        if not own:
            raise NoteError(
                "None of the signatures is of a witness of this log.", place="signatures",
                kept="Nothing was kept.", fix="Have the log's owner register your key under the name you sign with.",
            )  # fmt: skip
        return [_kept(head, key, raw, now=now) for key, raw in own]


def _kept(head: SignedHead, key: WitnessKey, raw: bytes, *, now: datetime) -> Cosignature:
    text = Head.parse(head.note.rpartition("\n\n")[0] + "\n").text
    at = open_cosignature(text, raw, key)
    if not head.sealed_at - CLOCKS <= at <= now + CLOCKS:
        raise WrongTimeError(
            f"{key.name} says it co-signed at {at:%Y-%m-%d %H:%M:%S} UTC, when it cannot have.", place="signatures",
            kept="Nothing was kept.", fix="Set the witness's clock, then co-sign again.",
        )  # fmt: skip
    seen = Cosignature.objects.filter(verifier=str(key)).order_by("-size")
    known = seen.filter(size=head.size).first()
    if known is not None:
        return known
    largest = seen.first()
    if largest is not None and largest.size > head.size:
        raise RolledBackError(
            f"{key.name} has co-signed a head of {largest.size} entries before, which is larger than {head.size}.",
            place="size", kept="What it has co-signed before.", fix="Co-sign the newest head.",
        )  # fmt: skip
    return Cosignature.objects.create(
        size=head.size, verifier=str(key), line=signature_line(key.name, raw), signed_at=at, received_at=now
    )
