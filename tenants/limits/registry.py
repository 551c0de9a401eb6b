"""What counts the things that are limited, whom they are shared among and who is mailed; their rooms register it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from django.utils.module_loading import import_string

from tenants.limits.domain.plans import Kind, Meter, Plan

Counter = Callable[[], Mapping[Meter, Mapping[UUID, int]]]
"""How many of some things the tenant in scope has, in one query: in all (``WHOLE``), and of each end customer."""
Recipients = Callable[[UUID], Sequence[str]]
"""The addresses of a tenant's owners."""
Customers = Callable[[], Mapping[UUID, str]]
"""The names of the end customers of the tenant in scope."""

PlanListener = Callable[[Plan, str, datetime], None]
"""Told of the plan that the tenant in scope has taken, by whom and when, in the same transaction."""

_counters: dict[Meter, Counter | str] = {}
_recipients: list[Recipients | str] = []
_customers: list[Customers | str] = []
_listeners: list[str] = []


def register_counter(counter: Counter | str, *meters: Meter) -> None:
    """Say how things are counted; by a dotted path, so that what only counts need not be loaded before it is asked.

    Raises:
        ValueError: One is no meter of things, or has another counter already.
    """
    for meter in meters:
        if meter.kind is not Kind.COUNT:
            raise ValueError(f"{meter} is not counted but measured")
        if _counters.setdefault(meter, counter) != counter:
            raise ValueError(f"two counters of {meter}")


def register_recipients(recipients: Recipients | str) -> None:
    """Say who is mailed when a limit comes near."""
    if recipients not in _recipients:
        _recipients.append(recipients)


def register_customers(customers: Customers | str) -> None:
    """Say what the end customers are called."""
    if customers not in _customers:
        _customers.append(customers)


def register_plan_listener(listener: str) -> None:
    """Say, by a dotted path, who is told when a tenant takes another plan."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell_of_plan(plan: Plan, *, by: str, now: datetime) -> None:
    """Tell everyone who wants to know of the plan that the tenant in scope has taken."""
    for listener in _listeners:
        cast("PlanListener", import_string(listener))(plan, by, now)


def customers() -> dict[UUID, str]:
    """The names of the end customers of the tenant in scope."""
    found: dict[UUID, str] = {}
    for source in _customers:
        found.update((cast("Customers", import_string(source)) if isinstance(source, str) else source)())
    return found


def counted(*meters: Meter) -> dict[Meter, Mapping[UUID, int]]:
    """How many there are of some things, in all and of each customer; nothing of what nobody counts."""
    found: dict[Meter, Mapping[UUID, int]] = {}
    for counter in dict.fromkeys(_counters[meter] for meter in meters if meter in _counters):
        found.update((cast("Counter", import_string(counter)) if isinstance(counter, str) else counter)())
    return found


def recipients(tenant: UUID) -> list[str]:
    """Whom to mail, each once."""
    found: list[str] = []
    for source in _recipients:
        found += (cast("Recipients", import_string(source)) if isinstance(source, str) else source)(tenant)
    return list(dict.fromkeys(found))
