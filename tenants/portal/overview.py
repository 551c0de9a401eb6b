"""The figures of the overview; each domain registers what it has to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure: what it is, its value as text with its unit, and the page it opens."""

    label: str
    value: str
    note: str
    url: str


Source = Callable[[str], list[Tile]]
"""Called with the organisation's name in addresses, in its scope."""

_sources: list[Source | str] = []


def register_tiles(source: Source | str) -> None:
    """Add figures to the overview; a source given as a dotted path is imported when somebody looks for the first time.

    So a worker or a command loads no pages.
    """
    _sources.append(source)


def tiles(slug: str) -> list[Tile]:
    """All figures in the order of their registration."""
    return [tile for source in _sources for tile in _source(source)(slug)]


def _source(source: Source | str) -> Source:
    return cast("Source", import_string(source)) if isinstance(source, str) else source
