"""What an invoice's page shows of its payments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.invoices.models import Invoice
from billing.payments import selectors
from billing.payments.models import StepState
from tenants.edge.formats import day_shown
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

register = template.Library()

STATES: Mapping[str, tuple[str, Any]] = {
    "open": ("idle", _("Open")), "overdue": ("warning", _("Overdue")), "part_paid": ("idle", _("Paid in part")),
    "paid": ("ok", _("Paid")), "overpaid": ("warning", _("Overpaid")), "nothing_due": ("ok", _("Nothing due")),
    "to_pay_out": ("idle", _("To be paid out")), "settled": ("ok", pgettext_lazy("invoice", "Settled")),
}  # fmt: skip
"""How a state looks, and its word."""
STEPS: Mapping[str, str] = {StepState.WAITING: "idle", StepState.DONE: "ok", StepState.BLOCKED: "warning"}


@register.inclusion_tag("payments/_invoice.html", takes_context=True)
def payments(context: Mapping[str, Any], invoice: Invoice) -> dict[str, Any]:
    """What happened to an invoice and what is open; to its own people how it goes at the provider too."""
    actor = context["shell"]["actor"]
    standing, there = selectors.standing_of(invoice), selectors.at_provider(invoice)
    status, word = STATES[standing.state(invoice.due_on, utc_now().date())]
    rows = list(selectors.payments_of(invoice))
    is_own, can_bill = actor.may(Permission.MONEY_READ), actor.may(Permission.MONEY_BILL)
    for row in rows:
        row.day = day_shown(row.value_on)  # type: ignore[attr-defined]
        is_paid = can_bill and row.kind == "received" and row.intent
        row.can_refund = bool(is_paid and selectors.refundable(invoice, row.intent))  # type: ignore[attr-defined]
    steps = list(selectors.steps_of(invoice)) if is_own else []
    held = set(selectors.refunds_to_give_up().filter(invoice=invoice).values_list("id", flat=True)) if steps else set()
    for step in steps:
        step.can_give_up = can_bill and step.id in held  # type: ignore[attr-defined]
        step.look = STEPS[step.state]  # type: ignore[attr-defined]
    return {
        "shell": context["shell"], "csrf_token": context.get("csrf_token"), "invoice": invoice, "standing": standing,
        "due": day_shown(invoice.due_on),
        "status": status, "word": word, "rows": rows, "steps": steps, "is_own": is_own,
        "can_bill": can_bill, "finding": there.finding if there and is_own else None,
        "pay_url": there.pay_url if there and standing.open > 0 else "",
    }  # fmt: skip
