"""What a shared view is to be, and what is seen through one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

MOST_SIGNALS = 500
"""Signals of one view."""


@dataclass(frozen=True, slots=True)
class ViewTerms:
    """What a shared view is to be.

    Attributes:
        name: What it is called.
        signals: The keys of its signals, by asset.
        start: The first moment whose readings are seen.
        end: The first moment whose readings are seen no more; None for no end.
        expires_at: From when on nobody sees it; None until it is revoked.
    """

    name: str
    signals: Mapping[UUID, frozenset[str]]
    start: datetime
    end: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SharedSignal:
    """One signal of a view, as it is called now.

    Attributes:
        asset: The asset.
        asset_name: Its name, or nothing when it is no part of the twin any more.
        key: The signal's key.
        name: Its name.
        unit: Its unit as a UCUM code.
    """

    asset: UUID
    asset_name: str
    key: str
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class SharedValue:
    """The newest reading of a signal within a view; without one, `at` and `value` are None."""

    signal: SharedSignal
    at: datetime | None
    value: float | None
    quality: int
