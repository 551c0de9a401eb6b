"""What other rooms and domains tell of end customers; each registers it when its app is ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.utils.module_loading import import_string

from tenants.scope.actors import Actor, Permission

Counts = Callable[[], Mapping[UUID, int]]
"""How many of a thing each customer of the tenant in scope has; a customer without any is not in it."""
Context = Callable[[Actor, UUID], Mapping[str, Any]]
"""What a panel shows of one customer."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of each customer in the list.

    Attributes:
        key: Its name in addresses and files.
        label: What is counted.
        counts: A dotted path to `Counts`, imported when somebody looks.
    """

    key: str
    label: Any
    counts: str

    def all(self) -> Mapping[UUID, int]:
        """The numbers by customer."""
        return cast("Counts", import_string(self.counts))()


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a customer's page.

    Attributes:
        key: Its name in the page.
        template: What shows it, with its context as ``panel``.
        context: A dotted path to `Context`, imported when somebody looks.
        needs: Who sees it.
    """

    key: str
    template: str
    context: str
    needs: Permission

    def of(self, actor: Actor, customer: UUID) -> Mapping[str, Any]:
        """What it shows of a customer."""
        return cast("Context", import_string(self.context))(actor, customer)


_counts: dict[str, Count] = {}
_panels: dict[str, Panel] = {}
_removal: list[str] = []


def register_count(count: Count) -> None:
    """Put a number into the list of customers."""
    _counts[count.key] = count


def register_panel(panel: Panel) -> None:
    """Put a part into the page of each customer."""
    _panels[panel.key] = panel


def register_removal(path: str) -> None:
    """Say what removes a customer: a dotted path to a service that takes ``kind, thing, by, now``."""
    _removal[:] = [path]


def counts() -> list[Count]:
    """The numbers of the list, in the order of their registration."""
    return list(_counts.values())


def panels(actor: Actor) -> list[Panel]:
    """The parts of a customer's page that somebody sees, in the order of their registration."""
    return [panel for panel in _panels.values() if actor.may(panel.needs)]


def removal() -> Callable[..., Any]:
    """What removes a customer.

    Raises:
        LookupError: Nobody has registered it.
    """
    if not _removal:
        raise LookupError("nothing removes customers")
    return cast("Callable[..., Any]", import_string(_removal[0]))
