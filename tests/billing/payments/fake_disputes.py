"""What becomes of a payment at Stripe afterwards: a refund fails, the customer's bank takes money back, or gives it
back. A dispute holds a balance transaction for what was withdrawn, and a second one for what was reinstated."""

from __future__ import annotations

from typing import Any

from tests.billing.payments.fake_stripe import FakeStripe, Json


def fail_refund(stripe: FakeStripe, refund: str, why: str = "declined") -> None:
    """The customer's bank does not take a refund, whatever Stripe said of it before."""
    found = stripe.objects[refund]
    found |= {"status": "failed", "failure_reason": why}
    stripe._tell("refund.failed", found)


def dispute(stripe: FakeStripe, intent: str, amount: int, **more: Any) -> str:
    """The customer's bank takes back some of a payment, or only asks (`warning_needs_response`); its id."""
    charge = next(each for each in stripe.all("charge") if each["payment_intent"] == intent)
    asked = {
        "payment_intent": intent, "charge": charge["id"], "amount": amount, "currency": charge["currency"],
        "reason": "fraudulent", "status": "needs_response", "balance_transactions": [], "metadata": {},
        "is_charge_refundable": False, **more,
    }  # fmt: skip
    made = stripe._make("du", "dispute", asked)
    stripe._tell("charge.dispute.created", made)
    if made["status"].startswith("warning"):
        made["is_charge_refundable"] = True
    else:
        _move(stripe, made, -amount, "withdrawn")
    return str(made["id"])


def end_dispute(stripe: FakeStripe, name: str, *, won: bool) -> None:
    """The customer's bank decides."""
    found = stripe.objects[name]
    found["status"] = "won" if won else "lost"
    if won:
        found["is_charge_refundable"] = True
        _move(stripe, found, found["amount"], "reinstated")
    stripe._tell("charge.dispute.closed", found)


def _move(stripe: FakeStripe, found: Json, amount: int, word: str) -> None:
    moved = {"amount": amount, "currency": found["currency"], "fee": 1_500 if amount < 0 else 0, "type": "adjustment"}
    found["balance_transactions"].append(stripe._make("txn", "balance_transaction", moved))
    stripe._tell(f"charge.dispute.funds_{word}", found)
