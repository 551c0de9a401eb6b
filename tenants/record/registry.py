"""Who is mailed when the log does not verify; the room of people registers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast
from uuid import UUID

from django.utils.module_loading import import_string

_recipients: list[str] = []


def register_recipients(recipients: str) -> None:
    """Say, by the dotted path of a function of the tenant, whose addresses are mailed."""
    _recipients[:] = [recipients]


def recipients(tenant: UUID) -> list[str]:
    """The addresses of those who are mailed."""
    found = [cast("Callable[[UUID], Sequence[str]]", import_string(each))(tenant) for each in _recipients]
    return [address for addresses in found for address in addresses]
