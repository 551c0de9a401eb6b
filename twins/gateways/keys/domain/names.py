"""What the names of keys, signals and assets are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from twins.gateways.keys.domain.vocabulary import MEANS, NOTHING, QUALIFIERS, QUANTITIES, SUFFIXES, TAGS

_BORDERS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_COMPOUNDS = re.compile(r"[^\W_]+")
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_OPC_UA = re.compile(r"^ns=\d+;[isgb]=")


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart.

    Attributes:
        parts: Its words and numbers, in lower case; numbers without leading zeros.
        meanings: What its words stand for.
        numbers: The numbers that can be those of an asset.
        vague: Numbers behind a single letter, such as that of T24, which may as well be part of a quantity's name.
        text: The parts in one text, each between its separators.
        pairs: Each word that stands before a number, with that.
        numbered: These words.
    """

    parts: tuple[str, ...]
    meanings: frozenset[str]
    numbers: frozenset[str]
    vague: frozenset[str]
    text: str
    pairs: frozenset[tuple[str, str]]
    numbered: frozenset[str]

    def contains(self, other: Name) -> bool:
        """Whether the parts of another name stand among its own, side by side and in their order."""
        return bool(other.parts) and other.text in self.text

    @property
    def quantities(self) -> frozenset[str]:
        """What it says is measured."""
        return self.meanings & QUANTITIES

    @property
    def qualifiers(self) -> frozenset[str]:
        """Where or how it is measured."""
        return self.meanings & QUALIFIERS


@lru_cache(maxsize=65_536)
def taken_apart(text: str) -> Name:
    """The parts of a name: words by separators, capitals and digits."""
    compounds = _COMPOUNDS.findall(_BORDERS.sub(" ", _OPC_UA.sub("", text)).lower())
    parts: list[str] = []
    numbers: set[str] = set()
    vague: set[str] = set()
    numbered: set[str] = set()
    for compound in compounds:
        own = [_plain(part) for part in _PARTS.findall(compound)]
        letters = [part for part in own if not part.isdigit()]
        is_vague = len(own) == 2 and len(letters) == 1 and len(letters[0]) == 1 and own[0] == letters[0]
        (vague if is_vague else numbers).update(part for part in own if part.isdigit())
        if len(own) == 2 and letters == own[:1] and letters[0] not in TAGS:
            numbered.add(MEANS.get(letters[0], letters[0]) + own[1])
        parts += own
    pairs = [(word, number) for word, number in pairwise(parts) if number.isdigit() and not word.isdigit()]
    return Name(
        parts=tuple(parts), meanings=frozenset(_meanings(parts) | numbered), numbers=frozenset(numbers),
        vague=frozenset(vague), text=f"/{'/'.join(parts)}/", pairs=frozenset(pairs),
        numbered=frozenset(word for word, _ in pairs),
    )  # fmt: skip


def _plain(part: str) -> str:
    return part.lstrip("0") or "0" if part.isdigit() else part


def _meanings(parts: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for place, part in enumerate(parts):
        following = parts[place + 1] if place + 1 < len(parts) else ""
        if part in TAGS and following.isdigit():
            found.add(TAGS[part])
        elif part in MEANS:
            found.add(MEANS[part])
        elif len(part) > 1 and not part.isdigit() and part not in NOTHING and part not in SUFFIXES:
            found.add(part)
    return found
