"""Invoices by their number, and reports by the contract they are on."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from billing.invoices.models import Invoice
from billing.invoices.selectors import invoices
from billing.reports.selectors import reports
from billing.statements.lists import name_of
from tenants.portal.search import Hit, named
from tenants.scope.actors import Actor


def find_invoices(actor: Actor, words: tuple[str, ...], most: int) -> Iterable[Hit]:
    """Invoices and credit notes by their number."""
    for row in named(invoices(), "number", words)[:most]:
        yield Hit(row.number, reverse("invoice", args=[actor.slug, row.id]), _title(row))


def _title(row: Invoice) -> str:
    """What an invoice is about: its contract, or the plan that its document names."""
    return str(row.document["contract"]) if row.contract is None else row.contract.title


def find_reports(actor: Actor, words: tuple[str, ...], most: int) -> Iterable[Hit]:
    """Reports by the title of their contract, the latest first; an end customer's people find their own company's."""
    for row in named(reports(actor.customer), "statement__contract__title", words).order_by("-id")[:most]:
        yield Hit(row.statement.contract.title, reverse("report", args=[actor.slug, row.id]), name_of(row.statement))
