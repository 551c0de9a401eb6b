"""The whole log of a tenant checked against itself: every entry, node, head, key and row of the audit.

What a reader outside can check of single documents (``proof_bundle``), an organisation can check of everything. Whoever
owns the database can change rows; without the installation's secret they cannot make the log fit them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from django.conf import settings
from django.db.models import Max

from tenants.kernel.canonical import digest
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import id_before
from tenants.record.domain.handovers import Keyring
from tenants.record.domain.keys import unwrap_key
from tenants.record.domain.leaves import Leaf
from tenants.record.domain.notes import verifier_of
from tenants.record.domain.tree import EMPTY_ROOT, GrowingRoot, NodeKey, root
from tenants.record.models import AuditEntry, Log, LogCheck, LogLeaf, TreeHead
from tenants.record.schemas import NewEntry, SignedHead
from tenants.record.selectors import LogNodes, handover_notes, keyring
from tenants.record.services import AUDIT, HANDOVER, LONGEST_TRANSACTION, audit_document, handover_document
from tenants.scope.context import scope

AT_ONCE = 2000
KEPT_FOR = timedelta(days=300)
"""Rows of the audit whose entries in the log are younger are there, as no retention policy keeps less than a year."""

_Bytes: TypeAlias = "bytes | memoryview[int]"
_Row = tuple[int, str, _Bytes, _Bytes, _Bytes, datetime]


@dataclass
class Findings:
    """What a check has seen so far.

    Attributes:
        size: Number of entries of the log that were checked.
        root: Their root.
        heads: Number of heads.
        audit_entries: Number of rows of the audit.
        faults: What is wrong, a sentence each.
    """

    size: int = 0
    root: bytes = EMPTY_ROOT
    heads: int = 0
    audit_entries: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Extent:
    """What there was when the check began; what is written meanwhile is left to the next one.

    Attributes:
        size: Number of entries.
        audit_entries: Number of rows of the audit, about.
        sealed: The id of the newest head, which came after all that it stands over.
        keys: The log's keys; None when they do not hold.
        since: The rows of the audit whose entries are not older are there.
        before: The last check that found nothing.
    """

    size: int
    audit_entries: int
    sealed: UUID | None
    keys: Keyring | None
    since: datetime
    before: LogCheck | None


def head_fault(head: SignedHead | None) -> str:
    """What is wrong with the newest head of the log in scope: its signature, or the tree under it.

    Empty when all is well or nothing was sealed yet (None). Three queries.
    """
    if head is None:
        return ""
    try:
        signed = keyring().open_head(head.note)
        grown = root(LogNodes(), head.size)
    except OutturnError as error:
        return error.message
    fits = signed.root == head.root == grown and signed.size == head.size
    return "" if fits else "The newest head does not fit the entries under it."


def is_unchanged(entry: AuditEntry) -> bool:
    """Whether an audit entry still is what its digest was taken of."""
    return digest(audit_document(entry)) == bytes(entry.digest).hex()


def checked(tenant: UUID, found: Findings, *, now: datetime) -> Iterator[float]:
    """Check everything slice by slice, each in a short scope; how far it is (0 to 1) after each of them.

    Args:
        tenant: Whose log.
        found: Where what was seen is noted.
        now: When the check began.
    """
    with scope(tenant):
        extent = _extent(found, now)
    total = max(extent.size + extent.audit_entries, 1)
    tree, vouched = GrowingRoot(), 0
    is_whole = True
    while is_whole and tree.size < extent.size:
        with scope(tenant):
            vouched += _check_entries(tree, extent, found)
        is_whole = tree.size == min(found.size + AT_ONCE, extent.size)
        found.size, found.root = tree.size, tree.root()
        yield min(found.size / total, 1.0)
    if not is_whole:
        found.faults.append(f"Entry {tree.size} is missing from the log; what follows it was not checked.")
    last: UUID | None = UUID(int=0)
    while last is not None:
        with scope(tenant):
            last, matched = _check_audit(last, extent, found)
        vouched -= matched
        yield min((found.size + found.audit_entries) / total, 1.0)
    if is_whole and vouched:
        found.faults.append(f"{vouched} audit entries that the log vouches for are gone.")


def _extent(found: Findings, now: datetime) -> _Extent:
    # The log's own row is read last: it never has less than what was read before.
    sealed = TreeHead.objects.order_by("-size").values_list("id", "size").first()
    last = LogLeaf.objects.aggregate(last=Max("id"))["last"]
    log = Log.objects.first()
    size = log.size if log else 0
    if last is not None and last >= size:
        found.faults.append(f"The log has {size} entries, and others stand behind its end.")
    if sealed is not None and sealed[1] > size:
        found.faults.append(f"The head of {sealed[1]} entries has lost some of them.")
    before = LogCheck.objects.filter(faults=[]).order_by("-finished_at", "-id").first()
    if before is not None and before.size > size:
        found.faults.append(
            f"The last check, of {before.finished_at:%Y-%m-%d}, has seen {before.size} entries; {size} are left."
        )
    return _Extent(
        size=size, audit_entries=AuditEntry.objects.count(), sealed=sealed and sealed[0],
        keys=_keys(log, found) if log else None, since=now - KEPT_FOR, before=before,
    )  # fmt: skip


def _keys(log: Log, found: Findings) -> Keyring | None:
    """The log's keys, once each has handed over to the next and the last one is the one that signs."""
    try:
        own = unwrap_key(bytes(log.wrapped_key), secrets=settings.SEALING_KEYS, origin=log.origin)
        keys = keyring()
    except OutturnError as error:
        found.faults.append(error.message)
        return None
    if verifier_of(log.origin, own) != keys.current:
        found.faults.append("The public key of the log is not that of the key it signs with.")
    kept = [NewEntry.of(HANDOVER, handover_document(note)).digest for note in handover_notes()]
    logged = LogLeaf.objects.filter(kind=HANDOVER).order_by("id").values_list("digest", flat=True)
    if [bytes(value).hex() for value in logged] != kept:
        found.faults.append("The handovers of the log's keys are not those that are in the log.")
    return keys


def _check_entries(tree: GrowingRoot, extent: _Extent, found: Findings) -> int:
    """Check the next entries, the nodes above and the heads over them; of how many rows of the audit they tell."""
    start, end = tree.size, min(tree.size + AT_ONCE, extent.size)
    rows = LogLeaf.objects.filter(id__gte=start, id__lt=end).order_by("id")
    heads = TreeHead.objects.filter(size__gt=start or -1, size__lte=end).values_list("size", "root", "note")
    waiting = {size: (bytes(kept), note) for size, kept, note in heads}
    nodes: dict[NodeKey, bytes] = {}
    vouched = 0
    if 0 in waiting:
        _check_head(0, *waiting[0], tree.root(), extent.keys, found)
    for row in rows.values_list("id", "kind", "digest", "salt", "hash", "logged_at"):
        if row[0] != tree.size:
            break
        _check_leaf(row, found)
        vouched += row[1] == AUDIT and row[5] >= extent.since
        nodes.update(tree.add(bytes(row[4])))
        if tree.size in waiting:
            _check_head(tree.size, *waiting[tree.size], tree.root(), extent.keys, found)
        if extent.before is not None and tree.size == extent.before.size:
            _check_against(extent.before, tree.root(), found)
    kept = LogNodes().get_many(nodes)
    found.faults += [
        f"The node over the entries {index << level} to {(index + 1 << level) - 1} was changed."
        for (level, index), value in nodes.items()
        if kept.get((level, index)) != value
    ]
    return vouched


def _check_leaf(row: _Row, found: Findings) -> None:
    index, kind, value, salt, kept, _ = row
    try:
        written = Leaf(kind, bytes(value).hex(), bytes(salt)).hash
    except OutturnError:
        written = b""
    if written != bytes(kept):
        found.faults.append(f"Entry {index} of the log was changed.")


def _check_head(size: int, kept: bytes, note: str, grown: bytes, keys: Keyring | None, found: Findings) -> None:
    found.heads += 1
    if kept != grown:
        found.faults.append(f"The head of {size} entries does not fit them.")
        return
    if keys is None:  # told already
        return
    try:
        signed = keys.open_head(note)
    except OutturnError as error:
        found.faults.append(f"The head of {size} entries: {error.message}")
        return
    if signed.root != kept or signed.size != size:
        found.faults.append(f"The head of {size} entries was changed.")


def _check_against(before: LogCheck, grown: bytes, found: Findings) -> None:
    """Check that what an earlier check has seen is still there: who rewrites a log changes more than they know."""
    if bytes(before.root) != grown:
        found.faults.append(f"The first {before.size} entries are others than on {before.finished_at:%Y-%m-%d}.")
    if found.heads < before.heads:
        found.faults.append(f"{before.heads - found.heads} heads that the last check has seen are gone.")


def _check_audit(after: UUID, extent: _Extent, found: Findings) -> tuple[UUID | None, int]:
    """Check the next rows of the audit; the id of the last of them, and of how many the log tells.

    Only rows whose entries are among those that were checked, and young enough, are counted.
    """
    rows = list(AuditEntry.objects.filter(id__gt=after).order_by("id")[:AT_ONCE])
    leaves = LogLeaf.objects.filter(digest__in=[bytes(row.digest) for row in rows], kind=AUDIT)
    logged = {bytes(value): (index, at) for value, index, at in leaves.values_list("digest", "id", "logged_at")}
    # A row may be written long before its transaction ends, and is sealed with the head that follows.
    sealed = id_before(extent.sealed, LONGEST_TRANSACTION) if extent.sealed else UUID(int=0)
    matched = 0
    for row in rows:
        if not is_unchanged(row):
            found.faults.append(f"Audit entry {row.id} was changed.")
        place = logged.get(bytes(row.digest))
        if place is None and row.id < sealed:
            found.faults.append(f"Audit entry {row.id} was left out of the log.")
        matched += place is not None and place[0] < extent.size and place[1] >= extent.since
    found.audit_entries += len(rows)
    return (rows[-1].id if rows else None), matched
