"""Who wants to know when the organisation's proven domains of mail change; rooms above register it."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.utils.module_loading import import_string

_listeners: list[str] = []


def register_mail_listener(listener: str) -> None:
    """Say, by a dotted path, who is called, in scope and transaction, when proven domains of mail may have changed."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell_of_mail() -> None:
    """Tell everyone who wants to know that the proven domains of mail of the tenant in scope may have changed."""
    for listener in _listeners:
        cast("Callable[[], None]", import_string(listener))()
