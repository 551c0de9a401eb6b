"""The whole log of a tenant checked against itself: every entry, every node on the way up, every head, every signature.

What a reader outside can check of single documents (``proof_bundle``), an organisation can check of everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tenants.kernel.canonical import digest
from tenants.kernel.errors import OutturnError
from tenants.record.domain.heads import open_head
from tenants.record.domain.leaves import Leaf
from tenants.record.domain.notes import Verifier
from tenants.record.domain.tree import GrowingRoot, root
from tenants.record.models import AuditEntry, LogLeaf, TreeHead
from tenants.record.schemas import SignedHead
from tenants.record.selectors import LogNodes, log_verifier, places_in_log
from tenants.record.services import audit_document
from tenants.scope.context import scope

if TYPE_CHECKING:
    from tenants.jobs.registry import Reporter

AT_ONCE = 2000
MOST_FAULTS = 20
KIND = "record.verify"


def head_fault(head: SignedHead | None) -> str:
    """What is wrong with the newest head of the log in scope: its signature, or the tree under it.

    Empty when all is well or nothing was sealed yet (None). Two queries.
    """
    if head is None:
        return ""
    try:
        signed = open_head(head.note, log_verifier())
        grown = root(LogNodes(), head.size)
    except OutturnError as error:
        return error.message
    fits = signed.root == head.root == grown and signed.size == head.size
    return "" if fits else "The newest head does not fit the entries under it."


def is_unchanged(entry: AuditEntry) -> bool:
    """Whether an audit entry still is what its digest was taken of."""
    return digest(audit_document(entry)) == bytes(entry.digest).hex()


def verify_log(reporter: Reporter, params: Mapping[str, Any]) -> dict[str, Any]:
    """Check everything; the job's result tells how much was checked and the first faults, each with its place."""
    with scope(reporter.tenant):
        rows = TreeHead.objects.order_by("size").values_list("size", "root", "note")
        heads = [(size, bytes(kept), note) for size, kept, note in rows]
        verifier = log_verifier() if heads else None
        total = LogLeaf.objects.count() + AuditEntry.objects.count()
    faults: list[str] = []
    seen = 0
    for done, fault in _checked(reporter.tenant, heads, verifier):
        seen += done
        faults += fault[: MOST_FAULTS - len(faults)]
        reporter.progress(min(seen / total, 1.0) if total else 1.0, f"{seen:,} of {total:,} entries")
    verdict = f"{seen:,} entries and {len(heads):,} heads checked: " + (faults[0] if faults else "nothing was changed")
    reporter.progress(1.0, verdict)
    return {"entries": seen, "heads": len(heads), "faults": faults}


def _checked(
    tenant: UUID, heads: Sequence[tuple[int, bytes, str]], verifier: Verifier | None
) -> Iterator[tuple[int, list[str]]]:
    """How many more entries were checked, and what was found wrong, step by step; each in a short scope."""
    tree, waiting = GrowingRoot(), list(heads)
    while True:
        with scope(tenant):
            leaves = list(LogLeaf.objects.filter(id__gte=tree.size).order_by("id")[:AT_ONCE])
        if not leaves:
            break
        faults: list[str] = []
        for leaf in leaves:
            faults += _leaf_faults(leaf, tree.size)
            tree.add(bytes(leaf.hash))
            while waiting and waiting[0][0] == tree.size:
                faults += _head_faults(waiting.pop(0), tree, verifier)
        yield len(leaves), faults
    yield 0, [f"The head of {size} entries has lost some of them." for size, _root, _note in waiting]
    last = UUID(int=0)
    while True:
        with scope(tenant):
            entries = list(AuditEntry.objects.filter(id__gt=last).order_by("id")[:AT_ONCE])
            logged = places_in_log([bytes(entry.digest) for entry in entries])
        if not entries:
            return
        yield len(entries), _audit_faults(entries, logged)
        last = entries[-1].id


def _leaf_faults(leaf: LogLeaf, expected: int) -> list[str]:
    if leaf.id != expected:
        return [f"Entry {expected} is missing from the log."]
    written = Leaf(leaf.kind, bytes(leaf.digest).hex(), bytes(leaf.salt))
    return [] if written.hash == bytes(leaf.hash) else [f"Entry {leaf.id} of the log was changed."]


def _head_faults(head: tuple[int, bytes, str], tree: GrowingRoot, verifier: Verifier | None) -> list[str]:
    size, kept, note = head
    if verifier is None or kept != tree.root():
        return [f"The head of {size} entries does not fit them."]
    try:
        signed = open_head(note, verifier)
    except OutturnError as error:
        return [f"The head of {size} entries: {error.message}"]
    return [] if signed.root == kept and signed.size == size else [f"The head of {size} entries was changed."]


def _audit_faults(entries: Sequence[AuditEntry], logged: Mapping[bytes, int]) -> list[str]:
    """Entries that were changed, and those left out of the log though later ones are in it."""
    faults = [f"Audit entry {entry.id} was changed." for entry in entries if not is_unchanged(entry)]
    for entry, following in pairwise(entries):
        if bytes(entry.digest) not in logged and bytes(following.digest) in logged and entry.at < following.at:
            faults.append(f"Audit entry {entry.id} was left out of the log.")
    return faults
