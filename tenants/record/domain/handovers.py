"""The keys of a log: each hands over to the next in a note that both have signed, and signs no head after it.

So a reader who knows one of the keys comes to know those after it, and needs nobody's word for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenants.kernel.errors import OutturnError
from tenants.record.domain.heads import Head, open_head
from tenants.record.domain.notes import NoteError, Verifier, open_note, sign_note_with, verifier_of

TITLE = "outturn log key handover v1"
_TEXT = re.compile(rf"{TITLE}\n([^\n]+)\n(0|[1-9][0-9]{{0,18}})\n([^\n]+)\n([^\n]+)\n")


class HandoverError(OutturnError):
    """A log's keys do not hand over to one another."""

    code = "record.bad_handover"


@dataclass(frozen=True, slots=True)
class Handover:
    """That a key of a log gives way to another.

    Attributes:
        size: Heads of up to so many entries are the former key's, larger ones the next one's.
        former: The key that gives way.
        following: The key that signs from now on.
    """

    size: int
    former: Verifier
    following: Verifier

    @property
    def text(self) -> str:
        """The five lines that are signed; no head has such a first line, or so many."""
        return f"{TITLE}\n{self.former.name}\n{self.size}\n{self.former}\n{self.following}\n"


def sign_handover(size: int, origin: str, former: Ed25519PrivateKey, following: Ed25519PrivateKey) -> str:
    """The note by which a log's key hands over, signed by both: the former agrees, the next one is held by somebody.

    Raises:
        NoteError: The origin cannot name a key.
    """
    handover = Handover(size, verifier_of(origin, former), verifier_of(origin, following))
    return sign_note_with(handover.text, origin, [former, following])


def open_handover(note: str) -> Handover:
    """The handover in a note, once both of the keys that it names have signed it.

    Raises:
        NoteError: The note is malformed, or one of the keys has not signed it.
        HandoverError: It hands over between keys of two logs, or from a key to itself.
    """
    match = _TEXT.fullmatch(note.rpartition("\n\n")[0] + "\n")
    if match is None:
        raise NoteError(
            "A handover is a line each for what it is, log, size, former and next key.", place="handover",
            fix="Copy the whole note.",
        )  # fmt: skip
    handover = Handover(int(match[2]), Verifier.parse(match[3]), Verifier.parse(match[4]))
    if not match[1] == handover.former.name == handover.following.name:
        raise HandoverError(
            "The handover names keys of two logs.", place="handover", fix="Check that it belongs to this log."
        )
    if handover.former == handover.following:
        raise HandoverError("The handover names one key twice.", place="handover", fix="Take it from its source again.")
    for verifier in (handover.former, handover.following):
        open_note(note, verifier)
    return handover


class Keyring:
    """The keys of one log, by the sizes of the heads that they sign.

    Args:
        current: The key that signs now.
        handovers: The notes that lead to it, by rising size.

    Raises:
        NoteError: A note does not hold.
        HandoverError: The notes do not lead from key to key up to the current one.
    """

    def __init__(self, current: Verifier, handovers: Sequence[str] = ()) -> None:
        self.current = current
        self.handovers = tuple(open_handover(each) for each in handovers)
        for before, after in pairwise(self.handovers):
            if before.following != after.former or before.size >= after.size:
                raise _broken(after.size)
        if self.handovers and self.handovers[-1].following != current:
            raise _broken(self.handovers[-1].size)

    def of_size(self, size: int) -> Verifier:
        """The key that signs heads of so many entries."""
        return next((each.former for each in self.handovers if size <= each.size), self.current)

    def open_head(self, note: str) -> Head:
        """The head in a note, once the key that signs heads of its size has signed it.

        Raises:
            NoteError: The note is malformed, or that key has not signed it.
        """
        lines = note.split("\n")
        size = int(lines[1]) if len(lines) > 1 and re.fullmatch(r"[0-9]{1,19}", lines[1]) else 0
        return open_head(note, self.of_size(size))


def _broken(size: int) -> HandoverError:
    return HandoverError(
        f"The keys of the log do not lead from one to the next after {size} entries.", place="handovers",
        fix="Compare the fingerprint of the key with the one you were given in another way.",
    )  # fmt: skip
