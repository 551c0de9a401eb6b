"""What is still open of an invoice, told from the facts about it, and how a payment is booked.

Amounts are whole minor units. Facts are never changed; what is open, and the state, are their sum each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from billing.invoices.domain.sums import RECEIVABLE, Leg

BANK, STRIPE = "bank", "stripe"
"""The accounts of the ledger that payments are booked on, by who collects."""

State = Literal["open", "overdue", "part_paid", "paid", "overpaid", "nothing_due", "to_pay_out", "settled"]

MOVES: dict[str, int] = {
    "received": -1, "refunded": 1, "reversed": -1, "withdrawn": 1, "reinstated": -1, "failed": 0, "credited": -1
}  # fmt: skip
"""What a fact does to the open amount of its invoice."""
_MONEY: dict[str, int] = {"received": 1, "refunded": -1, "reversed": 1, "withdrawn": -1, "reinstated": 1}
"""The facts that move money, and the side that the account of the provider is booked on."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened to an invoice, of a positive amount: what kinds there are is in `MOVES`."""

    kind: str
    minor: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an invoice stands.

    Attributes:
        gross: What it asks for; negative where the customer is owed.
        open: What is left of that: negative where the customer is owed.
        received: What has come in, less what went back or was taken back.
    """

    gross: int
    open: int
    received: int

    def state(self, due: date, today: date) -> State:
        """The state in a word, on a day."""
        if self.gross < 0:
            return "settled" if self.open >= 0 else "to_pay_out"
        if self.open < 0:
            return "overpaid"
        if self.open == 0:
            return "paid" if self.gross else "nothing_due"
        if today > due:
            return "overdue"
        return "part_paid" if self.open < self.gross else "open"


def standing(gross: int, facts: Iterable[Fact], set_off: int = 0) -> Standing:
    """What is left of an invoice, or of a credit note.

    Args:
        gross: The gross sum of the document.
        facts: What happened to it.
        set_off: How much of a credit note was set off against invoices.
    """
    left, received = gross + set_off, 0
    for fact in facts:
        left += MOVES[fact.kind] * fact.minor
        received += _MONEY.get(fact.kind, 0) * fact.minor
    return Standing(gross, left, received)


def refund_name(token: UUID) -> str:
    """What the step is called that pays some of a payment back: a form that is sent twice is one step."""
    return f"refund-{token}"


def payment_legs(fact: Fact, account: str, currency: str) -> list[Leg]:
    """How a fact is booked: the provider's account against the receivable; nothing where no money moved."""
    moved = _MONEY.get(fact.kind, 0) * fact.minor
    return [Leg(account, currency, moved), Leg(RECEIVABLE, currency, -moved)] if moved else []
