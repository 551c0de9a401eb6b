"""The one interface that every payment provider has; the manual one does nothing but let people record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from billing.invoices.models import Invoice
from billing.payments.domain import BANK
from billing.payments.models import Payment, ProviderKind
from billing.payments.stripe_steps import StripeProvider


class Provider(Protocol):
    """How an invoice is collected. All of it writes rows in the caller's transaction; nothing is called from here.

    Attributes:
        account: The account of the ledger that its payments are booked on.
        records_by_hand: Whether a person records what it received and paid back.
    """

    account: str
    records_by_hand: bool

    def collect(self, invoice: Invoice, *, by: str, now: datetime) -> None:
        """Have an invoice collected; asked again, it changes nothing."""

    def credit(self, credited: Payment, *, by: str, now: datetime) -> None:
        """Have the provider ask for less, because a credit note was set off against an invoice."""

    def refund(self, payment: Payment, minor: int, *, token: UUID, by: str, now: datetime) -> None:
        """Have the provider pay some of a payment back; the token tells it apart from all others of the invoice."""

    def paid_elsewhere(self, invoice: Invoice, *, by: str, now: datetime) -> None:
        """Have the provider stop asking: money for the invoice came another way."""


class ManualProvider:
    """Bank transfers that people record: nobody else is to be told of anything."""

    account = BANK
    records_by_hand = True

    def collect(self, invoice: Invoice, *, by: str, now: datetime) -> None:
        """The customer pays by what the invoice says."""

    def credit(self, credited: Payment, *, by: str, now: datetime) -> None:
        """What is open is the sum of the facts already."""

    def refund(self, payment: Payment, minor: int, *, token: UUID, by: str, now: datetime) -> None:
        """A person pays it back and records it."""

    def paid_elsewhere(self, invoice: Invoice, *, by: str, now: datetime) -> None:
        """Nobody else asks for it."""


PROVIDERS: Mapping[str, Provider] = {
    ProviderKind.MANUAL: ManualProvider(),
    ProviderKind.STRIPE: StripeProvider(),
}


def provider(kind: str) -> Provider:
    """The provider of a kind."""
    return PROVIDERS[kind]
