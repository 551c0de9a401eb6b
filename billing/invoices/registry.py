"""Who is told of an invoice in the transaction that issues it; rooms above register themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, cast

from django.utils.module_loading import import_string

from billing.invoices.models import Invoice


class Issued(Protocol):
    """Does what an invoice's issue asks of a room above; what it raises undoes the issue."""

    def __call__(self, invoice: Invoice, *, by: str, now: datetime) -> None:
        """Do it."""


_told: dict[str, None] = {}


def register_issued(path: str) -> None:
    """Name by a dotted path what is told of each invoice."""
    _told[path] = None


def tell_issued(invoice: Invoice, *, by: str, now: datetime) -> None:
    """Tell everybody who is registered of an invoice."""
    for path in _told:
        cast("Issued", import_string(path))(invoice, by=by, now=now)
