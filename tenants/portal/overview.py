"""The figures of the overview; each domain registers what it has to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.utils.module_loading import import_string

from tenants.scope.actors import Actor, Permission


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure: what it is, its value as text with its unit, and the page it opens."""

    label: str
    value: str
    note: str
    url: str


Source = Callable[[str], list[Tile]]
"""Called with the organisation's name in addresses, in its scope."""

_sources: list[tuple[Source | str, Permission]] = []


def register_tiles(source: Source | str, *, needs: Permission) -> None:
    """Add figures to the overview for those who have a permission, for the overview itself is open to many.

    A source given as a dotted path is imported when somebody looks for the first time, so that a worker or a command
    loads no pages.
    """
    _sources.append((source, needs))


def tiles(actor: Actor) -> list[Tile]:
    """The figures that somebody may see, in the order of their registration."""
    return [tile for source, needs in _sources if actor.may(needs) for tile in _source(source)(actor.slug)]


def _source(source: Source | str) -> Source:
    return cast("Source", import_string(source)) if isinstance(source, str) else source
