"""The figures of the overview; each domain registers what it has to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure: what it is, its value as text with its unit, and the page it opens."""

    label: str
    value: str
    note: str
    url: str


_sources: list[Callable[[str], list[Tile]]] = []


def register_tiles(source: Callable[[str], list[Tile]]) -> None:
    """Add figures to the overview; ``source`` is called with the organisation's name in addresses, in its scope."""
    _sources.append(source)


def tiles(slug: str) -> list[Tile]:
    """All figures in the order of their registration."""
    return [tile for source in _sources for tile in source(slug)]
