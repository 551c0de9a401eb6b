"""What an invoice's page shows of the letters about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from billing.dunning import selectors
from billing.dunning.letters import NAMES
from billing.dunning.showing import next_text, told_text
from billing.invoices.models import Invoice, InvoiceKind
from tenants.edge.formats import day_shown
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

register = template.Library()


@register.inclusion_tag("dunning/_invoice.html", takes_context=True)
def dunning(context: Mapping[str, Any], invoice: Invoice) -> dict[str, Any]:
    """What was written about an invoice; to the organisation's own people what comes next, and what holds it too."""
    actor, now = context["shell"]["actor"], utc_now()
    told = {"shell": context["shell"], "csrf_token": context.get("csrf_token"), "invoice": invoice}
    if invoice.kind != InvoiceKind.INVOICE:
        return told
    rows = [
        {
            "day": day_shown(row.written_on), "level": NAMES[row.level - 1], "days": row.days, "open": row.open_minor,
            "told": told_text(row, became),
        }
        for row, became in selectors.history_of(invoice.id)
        if actor.may(Permission.MONEY_READ) or became.sent
    ]  # fmt: skip
    if not actor.may(Permission.MONEY_READ):
        return told | {"rows": rows}
    today, set_ = selectors.today_of(now), selectors.settings()
    look = selectors.looks([invoice], today=today, now=now)[invoice.id]
    pauses = selectors.pauses_of(invoice, today)
    for pause in pauses:
        pause.until_day = day_shown(pause.until) if pause.until else ""  # type: ignore[attr-defined]
    return told | {
        "rows": rows, "is_own": True, "is_on": set_.is_on, "pauses": pauses,
        "can_bill": actor.may(Permission.MONEY_BILL),
        "next": next_text(look, selectors.coming(invoice, look, set_, today)) if look.open > 0 and set_.is_on else "",
    }  # fmt: skip
