"""Where links in mails to an organisation's people lead: to a host of its own, if it has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

_source: list[str] = []


def register_addresses(source: str) -> None:
    """Say, by a dotted path, what knows the address under which an organisation's pages are."""
    _source[:] = [source]


def address_for(tenant: UUID) -> str:
    """The address that an organisation's own pages are under, without the slash at its end.

    What concerns the person, not one organisation, is under `BASE_URL` always: invitations, passwords, certificates.
    """
    for source in _source:
        return cast("Callable[[UUID], str]", import_string(source))(tenant)
    return str(settings.BASE_URL)
