"""What higher domains add to packs: how the figures of a contract are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from django.utils.module_loading import import_string

from tenants.kernel.errors import Finding

Reader = Callable[[Mapping[str, Any]], Sequence[Finding]]
_readers: list[str] = []


def register_figures(reader: str) -> None:
    """Let packs bring the figures of contracts: the dotted path of what finds faults in them, places below them."""
    _readers[:] = [reader]


def faults_in_figures(figures: Mapping[str, Any]) -> Sequence[Finding]:
    """What is wrong with the figures of a contract."""
    return cast("Reader", import_string(_readers[0]))(figures)
