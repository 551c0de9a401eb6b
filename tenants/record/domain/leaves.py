"""What one entry of the log commits to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tenants.kernel.canonical import digest
from tenants.kernel.errors import OutturnError
from tenants.record.domain.tree import leaf_hash

SALT_BYTES = 16

_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class LeafError(OutturnError):
    """Something cannot be an entry of the log."""

    code = "record.bad_leaf"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry: a document of some kind, known by its digest and blinded by a salt.

    The salt keeps a person who holds one document of the log from guessing others out of the hashes in its proof.

    Attributes:
        kind: What the document is, such as ``outcome_run``: small letters, digits and ``_``, at most 64.
        digest: SHA-256 of the document's canonical JSON, 64 hexadecimal digits.
        salt: 16 random bytes, new for each entry.
    """

    kind: str
    digest: str
    salt: bytes

    def __post_init__(self) -> None:
        if not _KIND.fullmatch(self.kind):
            raise LeafError(
                f"{self.kind!r} does not name a kind of entry.",
                place="kind",
                fix="Use small letters, digits and _, at most 64 characters.",
            )
        if not _DIGEST.fullmatch(self.digest):
            raise LeafError(
                "An entry's digest is 64 small hexadecimal digits.",
                place="digest",
                fix="Use tenants.kernel.canonical.digest.",
            )
        if len(self.salt) != SALT_BYTES:
            raise LeafError(
                f"An entry's salt has {SALT_BYTES} bytes, not {len(self.salt)}.",
                place="salt",
                fix="Draw it with secrets.token_bytes(16).",
            )

    @classmethod
    def of(cls, kind: str, payload: object, salt: bytes) -> Leaf:
        """The entry for a document (any JSON value).

        Raises:
            LeafError: The kind or the salt does not fit.
            rfc8785.CanonicalizationError: The document is not JSON.
        """
        return cls(kind, digest(payload), salt)

    @property
    def content(self) -> bytes:
        """What is hashed: the canonical JSON of kind, digest and salt, in which nothing has to be escaped."""
        return f'{{"digest":"{self.digest}","kind":"{self.kind}","salt":"{self.salt.hex()}"}}'.encode()

    @property
    def hash(self) -> bytes:
        """The leaf hash in the tree, 32 bytes."""
        return leaf_hash(self.content)
