"""Signed tree heads in the form of a checkpoint (c2sp.org/tlog-checkpoint): origin, size and root as a signed note."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenants.kernel.errors import OutturnError
from tenants.record.domain.notes import NoteError, Verifier, open_note, sign_note
from tenants.record.domain.tree import verify_consistency

_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n")


class InconsistentHeadsError(OutturnError):
    """Two heads of one log do not belong to one history."""

    code = "record.inconsistent_heads"


@dataclass(frozen=True, slots=True)
class Head:
    """What a log was at one moment.

    Attributes:
        origin: The name of the log, which is also the name of its key.
        size: Number of entries.
        root: The root of the tree of that size, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read the three lines; extension lines, which nobody can audit, are refused.

        Raises:
            NoteError: The text is not a head.
        """
        match = _TEXT.fullmatch(text)
        head = cls(match[1], int(match[2]), base64.b64decode(match[3])) if match else None
        if head is None or head.text != text:
            raise NoteError(
                "A head is a line each for origin, size and root.", place="head", fix="Copy the whole head."
            )
        return head


def sign_head(head: Head, key: Ed25519PrivateKey) -> str:
    """The head as a note signed by its log.

    Raises:
        NoteError: The origin cannot name a key, or the root is not 32 bytes.
    """
    Head.parse(head.text)
    return sign_note(head.text, head.origin, key)


def open_head(note: str, verifier: Verifier) -> Head:
    """The head in a note, once its log's signature holds.

    Raises:
        NoteError: The note is malformed or not signed by this key, or it is the head of another log.
    """
    head = Head.parse(open_note(note, verifier))
    if head.origin != verifier.name:
        raise NoteError(
            f"{verifier.name} has signed a head of {head.origin}, which is another log.",
            place="head",
            fix="Check that head and key belong together.",
        )
    return head


def check_growth(older: Head, newer: Head, path: Sequence[bytes]) -> None:
    """Check that the log only grew from one head to the other.

    Raises:
        InconsistentHeadsError: They are heads of different logs, or the proof does not tie them.
    """
    if older.origin != newer.origin:
        raise InconsistentHeadsError(
            f"{older.origin} and {newer.origin} are two logs.", place="origin", fix="Compare heads of one log."
        )
    if not verify_consistency(older.size, newer.size, path, older.root, newer.root):
        raise InconsistentHeadsError(
            f"The log of {newer.size} entries is not shown to begin with the log of {older.size}.",
            place="consistency",
            fix="Ask for the proof between these two sizes; if there is none, the log was rewritten: keep both heads.",
        )
