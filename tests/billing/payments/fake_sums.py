"""What an invoice at the fake Stripe asks for: its total and its customer's balance, and nothing below a minimum."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
LEAST = {"usd": 50, "eur": 50, "jpy": 50, "zar": 900}
"""The least that is collected; of the last one the documentation has no word."""


def preview(invoice: Json, customer: Json) -> None:
    """What a draft says that it will ask for."""
    invoice["starting_balance"] = customer["balance"]
    invoice["amount_due"] = max(0, invoice["total"] + customer["balance"])


def finalise(invoice: Json, customer: Json) -> None:
    """The balance is applied; what is too little is taken for paid, and asked for with the next invoice."""
    due = invoice["total"] + customer["balance"]
    invoice["starting_balance"] = customer["balance"]
    if due < LEAST.get(invoice["currency"], 0):
        customer["balance"] = due
        # Of what is only too little nobody says whether it is still told as due: what would mislead us is.
        due = invoice["total"] if invoice["starting_balance"] == 0 else 0
        invoice |= {"status": "paid", "amount_due": due, "amount_remaining": 0}
        return
    customer["balance"] = 0
    invoice |= {"status": "open", "amount_due": due, "amount_remaining": due}
