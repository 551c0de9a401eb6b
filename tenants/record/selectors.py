"""Reads of the log: entries, heads, and the proofs between them, each in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery
from pydantic import JsonValue

from tenants.kernel.errors import ConflictError, NotFoundError
from tenants.record.domain.handovers import Keyring
from tenants.record.domain.leaves import Leaf
from tenants.record.domain.notes import Verifier
from tenants.record.domain.tree import NodeKey, consistency_proof, inclusion_proofs
from tenants.record.models import (
    AuditEntry,
    Cosignature,
    HeadStamp,
    KeyHandover,
    Log,
    LogCheck,
    LogLeaf,
    StampAuthority,
    TreeHead,
    Witness,
)
from tenants.record.schemas import Growth, LoggedLeaf, ProofBundle, ProvenLeaf, SignedHead, Stamped, Witnessed
from tenants.scope.context import required_tenant

# An array takes one parameter where the ORM takes thousands; leaves have the even places, see `node_place`.
_NODES = """
SELECT 2 * id, hash FROM tenants_logleaf WHERE tenant_id = %s AND id = ANY(%s::bigint[])
UNION ALL
SELECT id, hash FROM tenants_lognode WHERE tenant_id = %s AND id = ANY(%s::bigint[])
"""


class NotSealedError(ConflictError):
    """An entry is in the log, but no head has been signed since."""

    code = "record.not_sealed"


class LogNodes:
    """The nodes of the log in scope, any number of them in one query."""

    def get_many(self, keys: Collection[NodeKey]) -> Mapping[NodeKey, bytes]:
        """The hashes of the nodes that exist among ``keys``."""
        tenant = required_tenant("the log")
        places = {node_place(*key): key for key in keys}
        leaves = [index for level, index in keys if level == 0]
        inner = [place for place, (level, _) in places.items() if level]
        with connection.cursor() as cursor:
            cursor.execute(_NODES, [tenant, leaves, tenant, inner])
            return {places[place]: bytes(value) for place, value in cursor.fetchall()}


def node_place(level: int, index: int) -> int:
    """The place of a node among all nodes of a tree read from left to right, by which it is kept: unique, from 0.

    Leaves have the even places, the node above leaves 0 and 1 is at 1, the one above leaves 0 to 3 at 3.
    """
    return (2 * index + 1 << level) - 1


def log_verifier() -> Verifier:
    """The public key of the log in scope.

    Raises:
        NotFoundError: Nothing has been logged yet.
    """
    log = Log.objects.first()
    if log is None:
        raise NotFoundError(
            "The log has no entries yet.", place="log", fix="Publish a contract or wait for the first evidence."
        )
    return Verifier(log.origin, bytes(log.public_key))


def keyring() -> Keyring:
    """The keys of the log in scope, from the first to the one that signs now.

    Raises:
        NotFoundError: Nothing has been logged yet.
        NoteError: A handover does not hold.
        HandoverError: The keys do not lead from one to the next.
    """
    return Keyring(log_verifier(), handover_notes())


def handover_notes() -> list[str]:
    """The notes by which the keys of the log in scope have handed over, the first one first."""
    return list(KeyHandover.objects.order_by("size").values_list("note", flat=True))


def log_checks() -> QuerySet[LogCheck]:
    """The checks of the whole log in scope, newest first."""
    return LogCheck.objects.all()


def stamp_authority() -> StampAuthority | None:
    """Who stamps the heads of the log in scope with the time; None for nobody."""
    return StampAuthority.objects.first()


def head_stamps() -> QuerySet[Any]:
    """The time-stamps of the heads of the log in scope with the `note` of each, the largest head first."""
    notes = TreeHead.objects.filter(size=OuterRef("size")).values("note")
    return HeadStamp.objects.annotate(note=Subquery(notes))


def known_fingerprint(fingerprint: str) -> str:
    """The fingerprint, if it is that of a key of the log in scope, former ones too; else that of the key in force."""
    ring = keyring()
    former = {each.former.fingerprint for each in ring.handovers}
    return fingerprint if fingerprint in former else ring.current.fingerprint


def key_handovers() -> QuerySet[KeyHandover]:
    """How the keys of the log in scope have handed over, newest first."""
    return KeyHandover.objects.order_by("-size")


def witnesses() -> QuerySet[Witness]:
    """The witnesses of the log in scope, those that were ended too."""
    return Witness.objects.all()


def cosignatures() -> QuerySet[Cosignature]:
    """What witnesses have co-signed, the largest head first."""
    return Cosignature.objects.order_by("-size", "verifier")


def last_cosignatures() -> dict[str, Cosignature]:
    """The largest head that each witness has co-signed, by the witness's key."""
    rows = Cosignature.objects.order_by("verifier", "-size").distinct("verifier")
    return {row.verifier: row for row in rows}


def witnessed_under(size: int) -> Witnessed | None:
    """The newest co-signed head of at most ``size`` entries, and the proof to the log of that size, if there is one."""
    newest = cosignatures().filter(size__lte=size).values("size")[:1]
    rows = list(Cosignature.objects.filter(size=Subquery(newest)).values_list("size", "verifier", "line"))
    if not rows:
        return None
    growth = growth_between(rows[0][0], size)
    return Witnessed(growth.head, growth.consistency, tuple((verifier, line) for _, verifier, line in rows))


def first_stamp_over(index: int, size: int) -> Stamped | None:
    """The first time-stamp of a head over an entry, and the proof between that head and the one of ``size`` entries.

    It says most: what it is of was there no later than that, and no stamp that comes after it takes its place. There is
    none as long as the first such head is one that another key signs than that of ``size`` entries.
    """
    row = HeadStamp.objects.filter(size__gt=index).order_by("stamped_at", "size", "service").first()
    if row is None or KeyHandover.objects.filter(size__gte=size, size__lt=row.size).exists():
        return None
    proof = consistency_proof(LogNodes(), min(row.size, size), max(row.size, size))
    return Stamped(head_of_size(row.size).note, proof, bytes(row.token), row.service, row.stamped_at)


def latest_head() -> SignedHead | None:
    """The newest signed head, or None before the first."""
    row = TreeHead.objects.order_by("-size").first()
    return as_signed_head(row) if row else None


def head_of_size(size: int) -> SignedHead:
    """The head that was signed when the log had ``size`` entries.

    Raises:
        NotFoundError: No head of that size was ever signed.
    """
    row = TreeHead.objects.filter(size=size).first()
    if row is None:
        raise NotFoundError(
            f"No head of {size} entries was signed.", place="size", fix="Take the size of a head from a report."
        )
    return as_signed_head(row)


def as_signed_head(row: TreeHead) -> SignedHead:
    """The row as others see it."""
    return SignedHead(size=row.size, root=bytes(row.root), note=row.note, sealed_at=row.sealed_at)


def logged_leaves(documents: Collection[tuple[str, str]]) -> dict[tuple[str, str], LoggedLeaf]:
    """The first entry of each document, known by (kind, digest); documents that were not logged are left out."""
    digests = {bytes.fromhex(value) for _, value in documents}
    wanted = set(documents)
    found: dict[tuple[str, str], LoggedLeaf] = {}
    rows = LogLeaf.objects.filter(digest__in=digests).order_by("id").values_list("id", "kind", "digest", "salt")
    for index, kind, value, salt in rows:
        name = (kind, bytes(value).hex())
        if name in wanted and name not in found:
            found[name] = LoggedLeaf(index, Leaf(*name, bytes(salt)))
    return found


def growth_between(old: int, new: int) -> Growth:
    """The head of ``old`` entries and the proof that the log of ``new`` entries begins with it.

    Raises:
        NotFoundError: No head of ``old`` entries was signed.
        LogRangeError: ``new`` is smaller than ``old``.
    """
    return Growth(head_of_size(old).note, consistency_proof(LogNodes(), old, new))


def proof_bundle(
    *,
    statement: Mapping[str, JsonValue],
    documents: Mapping[tuple[str, str], JsonValue],
    previous_size: int | None = None,
) -> ProofBundle:
    """The proof of a statement under the newest head; ten queries at most, whatever its size.

    Args:
        statement: The statement's document.
        documents: By (kind, digest) all that the statement relies on and the statement itself: the document to include,
            or None to prove it by its digest alone.
        previous_size: The size of a head that the reader has seen before.

    Raises:
        NotFoundError: A document was not logged, or no head of ``previous_size`` was signed.
        NotSealedError: A document was logged after the newest head.
    """
    verifier = log_verifier()
    head = latest_head()
    leaves = logged_leaves(documents.keys())
    sealed = _sealing_head(documents.keys(), leaves, head)
    paths = inclusion_proofs(LogNodes(), [found.index for found in leaves.values()], sealed.size)
    return ProofBundle.assemble(
        statement=statement,
        leaves=[
            ProvenLeaf(found.index, found.leaf, path, documents[name])
            for (name, found), path in zip(leaves.items(), paths, strict=True)
        ],
        head=sealed.note,
        verifier=verifier,
        previous=None if previous_size is None else growth_between(previous_size, sealed.size),
        handovers=handover_notes(),
        witnessed=witnessed_under(sealed.size),
    )


def _sealing_head(
    wanted: AbstractSet[tuple[str, str]], leaves: Mapping[tuple[str, str], LoggedLeaf], head: SignedHead | None
) -> SignedHead:
    """The head, when it stands over every document that is wanted."""
    for kind, value in wanted - leaves.keys():
        raise NotFoundError(
            f"The {kind} {value} was never logged.", place=kind, fix="Log it before the statement that relies on it."
        )
    late = [found for found in leaves.values() if head is None or found.index >= head.size]
    if head is None or late:
        raise NotSealedError(
            f"{len(late)} of the statement's documents were logged after the newest head.", place="head",
            kept="The entries are in the log.", fix="Seal a head, then ask again.",
        )  # fmt: skip
    return head


def audit_entries() -> QuerySet[AuditEntry]:
    """What was done in the organisation in scope, newest first."""
    return AuditEntry.objects.all()


def audit_entry(id_: UUID) -> AuditEntry | None:
    """One entry of the audit."""
    return AuditEntry.objects.filter(id=id_).first()


def places_in_log(digests: Collection[bytes]) -> dict[bytes, int]:
    """Where entries with these digests stand in the log, from 0; those not logged yet are left out."""
    rows = LogLeaf.objects.filter(digest__in=list(digests)).values_list("digest", "id")
    return {bytes(value): index for value, index in rows}
