"""Signals that want a key, keys that are offered to them, and what goes with what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from twins.gateways.keys.domain.units import Guess

Source: TypeAlias = tuple[str, str]
"""The id of a gateway, and one of its keys."""


@dataclass(frozen=True, slots=True)
class WantedSignal:
    """A signal of an asset in a draft.

    Attributes:
        names: What people call it, in every language.
        unit: UCUM code.
        bound: What it is read from.
    """

    asset: str
    asset_name: str
    type_key: str
    signal: str
    names: tuple[str, ...] = ()
    unit: str = "1"
    range: tuple[float, float] | None = None
    bound: Source | None = None

    @property
    def place(self) -> str:
        """``ASSET/SIGNAL``."""
        return f"{self.asset}/{self.signal}"


@dataclass(frozen=True, slots=True)
class OfferedKey:
    """A key that a signal may be bound to.

    Attributes:
        seen: Its smallest and its largest value.
    """

    gateway: str
    key: str
    seen: tuple[float, float] | None = None
    guess: Guess | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A key for a signal.

    Attributes:
        score: From 0 to 1.
        unit: In which the binding should take the values, None for the signal's own.
        in_range: Whether the values seen lie in the signal's range then; None when nothing tells.
    """

    key: OfferedKey
    score: float
    unit: str | None
    in_range: bool | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The keys that fit a signal best.

    Attributes:
        candidates: Best first.
        taken: The one that is left for it when every key goes to one signal only; None when none is.
        is_good: Whether that one is right in all likelihood, and no other comes near it.
    """

    signal: WantedSignal
    candidates: tuple[Candidate, ...] = field(default=())
    taken: Candidate | None = None
    is_good: bool = False
