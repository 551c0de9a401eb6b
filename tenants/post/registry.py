"""The kinds of letters there are; the room that owns what a letter is about registers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.utils.module_loading import import_string

from tenants.post.schemas import Occasion, Text
from tenants.scope.actors import Permission

Renderer = Callable[[Occasion], Text | None]
"""Renders a letter in the language that is active; None when it has become needless, then nobody is told."""


@dataclass(frozen=True, slots=True)
class LetterKind:
    """A kind of letter.

    Attributes:
        name: Its key, which begins the ``Message-ID``.
        render: Where its renderer is to be found, as a dotted path.
        needs: What those of the organisation's own people may do who are told; of an end customer all are.
        may_refuse: Whether a person may refuse it.
    """

    name: str
    render: str
    needs: Permission
    may_refuse: bool = True


_kinds: dict[str, LetterKind] = {}


def register_letter(kind: LetterKind) -> None:
    """Name a kind of letter.

    Raises:
        ValueError: Another kind has that name.
    """
    if _kinds.setdefault(kind.name, kind) != kind:
        raise ValueError(f"two kinds of letters are called {kind.name}")


def kind_of(name: str) -> LetterKind:
    """A kind by its name.

    Raises:
        KeyError: Nobody registered it.
    """
    return _kinds[name]


def renderer_of(kind: LetterKind) -> Renderer:
    """What renders the letters of a kind."""
    return cast("Renderer", import_string(kind.render))
