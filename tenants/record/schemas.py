"""The proof bundle: one JSON document by which its reader can check a statement without asking its sender.

The file is the canonical JSON (RFC 8785) of a ``ProofBundle``, so that one bundle is one sequence of bytes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from tenants.kernel.canonical import canonical_json, digest
from tenants.record.domain.leaves import Leaf
from tenants.record.domain.notes import Verifier

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Salt = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A document to be logged, by its kind and the SHA-256 of its canonical JSON."""

    kind: str
    digest: str

    @classmethod
    def of(cls, kind: str, document: object) -> NewEntry:
        """The entry for a document, any JSON value."""
        return cls(kind, digest(document))


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head of the log: number of entries, root (32 bytes), the signed note, and when it was signed."""

    size: int
    root: bytes
    note: str
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class LoggedLeaf:
    """An entry and where it stands in its log, from 0."""

    index: int
    leaf: Leaf


@dataclass(frozen=True, slots=True)
class ProvenLeaf:
    """An entry with what a reader needs to find it in a log.

    Attributes:
        index: Where it stands in the log, from 0.
        leaf: The entry.
        path: Its inclusion proof under the bundle's head, hashes of 32 bytes from the leaf to the root.
        payload: The document itself, or None to prove it by its digest alone.
    """

    index: int
    leaf: Leaf
    path: tuple[bytes, ...]
    payload: JsonValue = None


@dataclass(frozen=True, slots=True)
class Growth:
    """A head that the reader has seen before, and the proof that the log only grew since."""

    head: str
    consistency: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class HeadForWitness:
    """What a witness is shown.

    Attributes:
        head: The newest head.
        known: The size that the witness knows.
        consistency: The proof that the log of ``known`` entries is the beginning of that under the head.
        request: The same as one text, the body of ``add-checkpoint`` of a witness (c2sp.org/tlog-witness).
        verifier: The key that signed the head.
    """

    head: SignedHead
    known: int
    consistency: tuple[bytes, ...]
    request: str
    verifier: Verifier


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A head that witnesses have co-signed, and the proof that the log only grew since.

    Attributes:
        head: The head, a signed note.
        consistency: The proof to the head that is shown beside it.
        cosignatures: Of each witness its key and its signature line.
    """

    head: str
    consistency: tuple[bytes, ...]
    cosignatures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Stamped:
    """A head that an authority has stamped with the time (RFC 3161), and the proof between it and another head.

    Attributes:
        head: The stamped head, a signed note.
        consistency: The proof from the smaller of both heads to the larger one.
        token: The whole answer of the authority, DER.
        authority: Its address.
        at: The time it vouches for.
    """

    head: str
    consistency: tuple[bytes, ...]
    token: bytes
    authority: str
    at: datetime


SECOND = {"handovers", "witnessed"}
"""What the second version of the bundle has and the first has not."""
THIRD = {"stamped"}
"""What the third version has besides."""


class _Member(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BundleLeaf(_Member):
    """One entry of the log that the statement rests on, or the statement's own."""

    index: Annotated[int, Field(ge=0, description="Where the entry stands in the log, from 0.")]
    kind: Annotated[Kind, Field(description="What the document is, such as outcome_run.")]
    salt: Annotated[Salt, Field(description="The 16 random bytes that blind the entry.")]
    digest: Annotated[Hash, Field(description="SHA-256 of the document's canonical JSON.")]
    path: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...],
        Field(description="The inclusion proof (RFC 9162), leaf to root: positions in the bundle's `hashes`."),
    ]
    payload: Annotated[JsonValue, Field(description="The document, or null where its digest alone is given.")]


class BundleKey(_Member):
    """The log's public key."""

    verifier: Annotated[str, Field(description="As note tools read it: name+id+base64(0x01 || Ed25519 key).")]
    fingerprint: Annotated[Hash, Field(description="SHA-256 of the 32 bytes of the key: what people compare.")]


class BundleGrowth(_Member):
    """What ties the bundle to a head that its reader has seen before."""

    head: Annotated[str, Field(description="The earlier head, a signed note.")]
    consistency: Annotated[
        tuple[Hash, ...], Field(description="The consistency proof (RFC 9162) to the bundle's head.")
    ]

    @classmethod
    def of(cls, growth: Growth) -> BundleGrowth:
        """The growth as a bundle says it."""
        return cls(head=growth.head, consistency=tuple(value.hex() for value in growth.consistency))


class BundleCosignature(_Member):
    """A witness's signature of a head."""

    key: Annotated[str, Field(description="The witness's: name+id+base64(0x04 || Ed25519 key).")]
    signature: Annotated[str, Field(description="Its line below the head, cosignature/v1, with the newline.")]


class BundleWitnessed(_Member):
    """The newest head that witnesses have co-signed before the bundle was made."""

    head: Annotated[str, Field(description="That head, a signed note.")]
    consistency: Annotated[
        tuple[Hash, ...], Field(description="The consistency proof (RFC 9162) to the bundle's head.")
    ]
    cosignatures: Annotated[tuple[BundleCosignature, ...], Field(min_length=1, description="By rising key.")]

    @classmethod
    def of(cls, witnessed: Witnessed) -> BundleWitnessed:
        """The head as a bundle says it."""
        return cls(
            head=witnessed.head,
            consistency=tuple(value.hex() for value in witnessed.consistency),
            cosignatures=tuple(
                BundleCosignature(key=key, signature=line) for key, line in sorted(witnessed.cosignatures)
            ),
        )


class BundleStamped(_Member):
    """A head that an authority has stamped with the time."""

    head: Annotated[str, Field(description="That head, a signed note; it may be older or newer than the bundle's.")]
    consistency: Annotated[
        tuple[Hash, ...], Field(description="The consistency proof (RFC 9162) from the smaller head to the larger one.")
    ]
    token: Annotated[str, Field(description="The answer of the authority (RFC 3161), DER in base64.")]
    authority: Annotated[str, Field(description="Its address.")]
    at: Annotated[str, Field(description="The time it vouches for, ISO 8601 in UTC.")]

    @classmethod
    def of(cls, stamped: Stamped) -> BundleStamped:
        """The head and its time-stamp as a bundle says it."""
        return cls(
            head=stamped.head,
            consistency=tuple(value.hex() for value in stamped.consistency),
            token=base64.b64encode(stamped.token).decode(),
            authority=stamped.authority,
            at=stamped.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        )


class ProofBundle(_Member):
    """A statement, the log entries it rests on, and the proof that they stand in a signed log."""

    bundle: Annotated[
        Literal[1, 2, 3],
        Field(
            description="The version of this format; 2 where the log had several keys or a head was co-signed, 3 where "
            "a head with the statement in it was stamped with the time."
        ),
    ]
    statement: Annotated[dict[str, JsonValue], Field(description="The statement that is proven.")]
    leaves: Annotated[tuple[BundleLeaf, ...], Field(description="The entries, by rising index.")]
    hashes: Annotated[tuple[Hash, ...], Field(description="The hashes of all paths, each once, in order of first use.")]
    head: Annotated[str, Field(description="The tree head (C2SP checkpoint), a note signed by the log's key.")]
    key: BundleKey
    previous: Annotated[BundleGrowth | None, Field(description="An earlier head the reader has seen, if any.")]
    handovers: Annotated[
        tuple[str, ...],
        Field(
            description="From version 2 on: the notes by which each key of the log handed over to the next, the first "
            "one first; the last names `key`."
        ),
    ] = ()
    witnessed: Annotated[
        BundleWitnessed | None, Field(description="From version 2 on: a head that witnesses have co-signed, if any.")
    ] = None
    stamped: Annotated[
        BundleStamped | None,
        Field(description="In version 3 alone: the first time-stamp of a head with the statement in it."),
    ] = None

    @classmethod
    def assemble(
        cls,
        *,
        statement: Mapping[str, JsonValue],
        leaves: Sequence[ProvenLeaf],
        head: str,
        verifier: Verifier,
        previous: Growth | None = None,
        handovers: Sequence[str] = (),
        witnessed: Witnessed | None = None,
    ) -> ProofBundle:
        """Put a bundle together; the paths share one table of hashes.

        Args:
            statement: The statement's document; its own entry is among ``leaves``.
            leaves: The entries with their proofs under ``head``, in any order.
            head: The signed head.
            verifier: The log's public key.
            previous: What ties ``head`` to one the reader has seen.
            handovers: The notes by which the keys of the log have handed over.
            witnessed: What ties ``head`` to one that witnesses have co-signed.
        """
        positions: dict[bytes, int] = {}
        entries = tuple(
            BundleLeaf(
                index=proven.index,
                kind=proven.leaf.kind,
                salt=proven.leaf.salt.hex(),
                digest=proven.leaf.digest,
                path=tuple(positions.setdefault(value, len(positions)) for value in proven.path),
                payload=proven.payload,
            )
            for proven in sorted(leaves, key=lambda proven: proven.index)
        )
        return cls(
            bundle=2 if handovers or witnessed else 1,
            statement=dict(statement),
            leaves=entries,
            hashes=tuple(value.hex() for value in positions),
            head=head,
            key=BundleKey(verifier=str(verifier), fingerprint=verifier.fingerprint),
            previous=None if previous is None else BundleGrowth.of(previous),
            handovers=tuple(handovers),
            witnessed=None if witnessed is None else BundleWitnessed.of(witnessed),
        )

    def to_bytes(self) -> bytes:
        """The file: canonical JSON, without a newline at its end."""
        later = {1: SECOND | THIRD, 2: THIRD, 3: set[str]()}
        return canonical_json(self.model_dump(mode="json", exclude=later[self.bundle]))


def with_stamp(data: bytes, stamped: Stamped) -> bytes:
    """A bundle that was made, with a time-stamp that came later beside what stood in it."""
    tree = {"handovers": [], "witnessed": None} | json.loads(data)
    return canonical_json(tree | {"bundle": 3, "stamped": BundleStamped.of(stamped).model_dump(mode="json")})


def with_previous(data: bytes, growth: Growth) -> bytes:
    """A bundle that was made, reaching back to another head that its reader has seen."""
    return canonical_json(json.loads(data) | {"previous": BundleGrowth.of(growth).model_dump(mode="json")})


def proof_bundle_schema() -> str:
    """The JSON Schema of the bundle, as it is published under ``docs/schemas``."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ProofBundle.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
