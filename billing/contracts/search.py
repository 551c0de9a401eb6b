"""Contracts and the customers they are made with, found by name."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from django.urls import reverse

from billing.contracts.selectors import contracts
from tenants.customers.selectors import customers
from tenants.portal.search import Hit, named
from tenants.scope.actors import Actor


def find_contracts(actor: Actor, words: tuple[str, ...], most: int) -> Iterable[Hit]:
    """Contracts by their title."""
    for row in named(contracts(), "title", words)[:most]:
        yield Hit(row.title, reverse("contract", args=[actor.slug, row.slug]), row.customer.name)


def find_customers(actor: Actor, words: tuple[str, ...], most: int) -> Iterable[Hit]:
    """Customers by their name; they open as the list of their contracts."""
    for row in named(customers(), "name", words)[:most]:
        yield Hit(row.name, f"{reverse('contracts', args=[actor.slug])}?{urlencode({'q': row.name})}")
