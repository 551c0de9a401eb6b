"""Batches that wait, and what becomes of them: several are sent as one, and one that is thinned as a shorter one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from twins.gateways.edge import bodies
from twins.gateways.edge.signing import FIRST

RAW, FEATURES = 0, 1
"""Kinds of batches."""
THINNEST = 12
"""What was thinned so often is dropped as a whole."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings that are sent together.

    Attributes:
        name: Of no other batch.
        kind: `RAW` or `FEATURES`.
        readings: How many.
        closed_at: When it was made, in microseconds since 1970.
        body: As it is sent, packed.
        level: How often it was thinned.
        position: Its place in the order; 0 while it is not on disk.
        parts: How many batches it was joined from, of which it has the last one's place.
    """

    name: str
    kind: int
    readings: int
    closed_at: int
    body: bytes
    level: int = 0
    position: int = 0
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Chain:
    """The last seal that was acknowledged.

    Attributes:
        key: Fingerprint of the key.
        sequence: Its number, 0 for none.
        digest: What the next one names it by.
    """

    key: str
    sequence: int = 0
    digest: str = FIRST


@dataclass(slots=True)
class Dropped:
    """What a policy has taken away."""

    readings: int = 0
    batches: int = 0

    def __iadd__(self, other: Dropped) -> Dropped:
        """Both together."""
        self.readings += other.readings
        self.batches += other.batches
        return self


def thinned(batch: Batch) -> Batch:
    """A batch with every second reading of each key, under another name."""
    name = f"{batch.name}~"
    body, count = bodies.thinned(bodies.unpacked(batch.body), name)
    level = batch.level + 1 if count < batch.readings else THINNEST
    return replace(batch, name=name, readings=count, level=level, body=bodies.packed(body))


def joined(batches: Iterable[Batch], *, most: int, before: int | None) -> Batch | None:
    """The first of some batches as one, in the last one's place; None when no two of them fit into one.

    Args:
        batches: On disk, in order; they are looked at one by one, as far as they fit.
        most: Bytes of their bodies, unpacked.
        before: They are to be closed before this instant, in microseconds since 1970; None for any.
    """
    found: list[Batch] = []
    documents: list[dict[str, Any]] = []
    readings = 0
    for batch in batches:
        readings += batch.readings
        if readings > bodies.MOST_READINGS or (before is not None and batch.closed_at >= before):
            break
        try:
            body = bodies.unpacked(batch.body)
            document = bodies.document_in(body)
        except ValueError:  # the disk has changed it, which is told when its turn comes
            break
        most -= len(body)
        if most < 0:
            break
        found.append(batch)
        documents.append(document)
    while len(found) > 1:
        name = f"{found[0].name}+{len(found)}"
        body = bodies.joined(name, documents)
        if len(body) <= bodies.LARGEST_BODY:
            return replace(
                found[0], name=name, readings=sum(each.readings for each in found), body=bodies.packed(body),
                position=found[-1].position, parts=len(found),
            )  # fmt: skip
        found, documents = found[: len(found) // 2], documents[: len(documents) // 2]
    return None
