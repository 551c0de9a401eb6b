"""What seals secrets for a tenant: each is to reach a new secret of the installation. Domains register theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.utils.module_loading import import_string

Reseal = Callable[[], int]
"""Seals some secrets of the tenant in scope under the newest secret; how many were moved."""

_sealed: dict[str, str] = {}


def register_sealed(name: str, reseal: str) -> None:
    """Name some secrets, and by a dotted path what puts them under the newest secret of the installation.

    Raises:
        ValueError: Others are called so.
    """
    if _sealed.setdefault(name, reseal) != reseal:
        raise ValueError(f"two kinds of secrets are called {name}")


def sealed() -> dict[str, Reseal]:
    """What is registered, by name."""
    return {name: cast("Reseal", import_string(path)) for name, path in sorted(_sealed.items())}
