"""What the tamper-evident log costs, and whether its trees are those of RFC 6962.

Entries are appended in batches by the service that everything logged goes through, each batch in a transaction of its
own. Then proofs of random entries and sizes are read from PostgreSQL, each in a transaction of its own, and checked.
Roots and proofs are compared with the definitions of RFC 6962, section 2.1, written down below as they stand there.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import secrets
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from deploy.benchmarks import Limits, Progress
from deploy.stage import own_database
from tenants.kernel.clock import utc_now
from tenants.record.domain.leaves import Leaf
from tenants.record.domain.tree import consistency_proof, inclusion_proof, root, verify_consistency, verify_inclusion
from tenants.record.schemas import NewEntry
from tenants.record.selectors import LogNodes
from tenants.record.services import append_leaves
from tenants.scope.context import scope
from tenants.scope.models import Tenant

DATA = None
TARGETS: dict[str, Limits] = {
    "append_us": {"at_most": 60.0},
    "inclusion_ms": {"at_most": 3.0},
    "consistency_ms": {"at_most": 3.0},
    "verify_us": {"at_most": 100.0},
    "root_mismatches": {"at_most": 0},
}
_BATCH = 1000
_PROOFS, _COMPARED = 300, 40
_T = TypeVar("_T")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How large the log is."""
    parser.add_argument("--leaves", type=int, default=100_000, help="entries in the log while proofs are read")


def run(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Measure in a database of its own."""
    leaves, batch = (300, 100) if options.toy else (max(2, options.leaves), _BATCH)
    proofs, compared = (20, 5) if options.toy else (_PROOFS, _COMPARED)
    chance = random.Random(1)  # noqa: S311 (which proofs are asked for)
    with own_database():
        tenant = Tenant.objects.create(slug="logged", name="Logged", created_at=utc_now()).id
        logged, appended = _appended(tenant, leaves, batch, lambda share: progress(0.6 * share, "appending"))
        progress(0.6, "proving")
        figures = _proofs(tenant, [leaf.hash for leaf in logged], proofs, chance)
        progress(0.8, "comparing with the definition")
        different = mismatches(tenant, logged, compared, chance)
    return {
        "targets": TARGETS,
        "leaves": leaves,
        "append_us": round(1e6 * statistics.median(appended), 1),
        **figures,
        "root_mismatches": different,
    }


def _appended(tenant: UUID, leaves: int, batch: int, tell: Callable[[float], None]) -> tuple[list[Leaf], list[float]]:
    """The entries, and the seconds that each took in its batch, the commit included."""
    logged: list[Leaf] = []
    taken: list[float] = []
    while len(logged) < leaves:
        entries = [NewEntry("measured", secrets.token_hex(32)) for _ in range(min(batch, leaves - len(logged)))]
        begun = time.perf_counter()
        with scope(tenant):
            added = append_leaves(entries=entries, now=utc_now())
        taken.append((time.perf_counter() - begun) / len(entries))
        logged += [one.leaf for one in added]
        tell(len(logged) / leaves)
    return logged, taken


def _proofs(tenant: UUID, hashes: Sequence[bytes], count: int, chance: random.Random) -> dict[str, float]:
    """Medians of reading proofs of the whole log, and of checking one, the dearer kind."""
    size = len(hashes)
    whole = _read(tenant, lambda: root(LogNodes(), size))[0]
    inclusion, consistency, included, grown = [], [], [], []
    for _ in range(count):
        index, old = chance.randrange(size), chance.randrange(1, size)
        path, seconds = _read(tenant, lambda index=index: inclusion_proof(LogNodes(), index, size))  # type: ignore[misc]
        inclusion.append(seconds)
        growth, seconds = _read(tenant, lambda old=old: consistency_proof(LogNodes(), old, size))  # type: ignore[misc]
        consistency.append(seconds)
        before = _read(tenant, lambda old=old: root(LogNodes(), old))[0]  # type: ignore[misc]
        begun = time.perf_counter()
        holds = verify_inclusion(hashes[index], index, size, path, whole)
        included.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        holds = verify_consistency(old, size, growth, before, whole) and holds
        grown.append(time.perf_counter() - begun)
        assert holds, f"a proof of entry {index}, or from {old} on, does not hold"
    return {
        "inclusion_ms": round(1000 * statistics.median(inclusion), 2),
        "consistency_ms": round(1000 * statistics.median(consistency), 2),
        "verify_us": round(1e6 * max(statistics.median(included), statistics.median(grown)), 1),
    }


def _read(tenant: UUID, work: Callable[[], _T]) -> tuple[_T, float]:
    begun = time.perf_counter()
    with scope(tenant):
        found = work()
    return found, time.perf_counter() - begun


def mismatches(tenant: UUID, logged: Sequence[Leaf], count: int, chance: random.Random) -> int:
    """How many roots and proofs of random sizes are not those of the definition."""
    wrong = 0
    definition = Definition([_content(leaf) for leaf in logged])
    for size in [1, len(logged), *(chance.randint(1, len(logged)) for _ in range(count))]:
        index, old = chance.randrange(size), chance.randint(1, size)
        with scope(tenant):
            found = (
                root(LogNodes(), size),
                list(inclusion_proof(LogNodes(), index, size)),
                list(consistency_proof(LogNodes(), old, size)),
            )
        wanted = (definition.mth(0, size), definition.path(index, 0, size), definition.proof(old, 0, size, known=True))
        wrong += sum(one != other for one, other in zip(found, wanted, strict=True))
    return wrong


def _content(leaf: Leaf) -> bytes:
    """What an entry is: JSON of kind, digest and salt."""
    return f'{{"digest":"{leaf.digest}","kind":"{leaf.kind}","salt":"{leaf.salt.hex()}"}}'.encode()


class Definition:
    """RFC 6962, section 2.1, by its words: the entries D[start:end] of a list D."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self._entries = entries
        self._known: dict[tuple[int, int], bytes] = {}

    def mth(self, start: int, end: int) -> bytes:
        """The Merkle Tree Hash of D[start:end]."""
        if start == end:
            return hashlib.sha256(b"").digest()
        if end - start == 1:
            return hashlib.sha256(b"\x00" + self._entries[start]).digest()
        if (start, end) not in self._known:
            middle = start + _k(end - start)
            both = self.mth(start, middle) + self.mth(middle, end)
            self._known[start, end] = hashlib.sha256(b"\x01" + both).digest()
        return self._known[start, end]

    def path(self, index: int, start: int, end: int) -> list[bytes]:
        """PATH(index, D[start:end])."""
        if end - start == 1:
            return []
        middle = start + _k(end - start)
        if index < middle - start:
            return [*self.path(index, start, middle), self.mth(middle, end)]
        return [*self.path(index - (middle - start), middle, end), self.mth(start, middle)]

    def proof(self, old: int, start: int, end: int, *, known: bool) -> list[bytes]:
        """SUBPROOF(old, D[start:end], known)."""
        if old == end - start:
            return [] if known else [self.mth(start, end)]
        k = _k(end - start)
        if old <= k:
            return [*self.proof(old, start, start + k, known=known), self.mth(start + k, end)]
        return [*self.proof(old - k, start + k, end, known=False), self.mth(start, start + k)]


def _k(n: int) -> int:
    """The largest power of two smaller than n."""
    power = 1
    while power * 2 < n:
        power *= 2
    return power
