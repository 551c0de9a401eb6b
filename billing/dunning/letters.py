"""What a customer's people are told of an invoice that is overdue."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.contracts.shown import money_shown
from billing.dunning.domain import filled
from billing.dunning.models import DunningNotice
from billing.dunning.selectors import Look, looks, today_of
from billing.invoices.domain.banking import account_shown
from billing.invoices.models import Invoice
from billing.payments.selectors import at_provider
from tenants.edge.addresses import address_for
from tenants.edge.formats import day_shown
from tenants.post.registry import LetterKind
from tenants.post.schemas import Occasion, Text
from tenants.post.selectors import deliveries
from tenants.scope.actors import Permission

DUNNING = LetterKind("dunning", "billing.dunning.letters.dunning_letter", Permission.MONEY_BILL, may_refuse=False)
NAMES: tuple[Any, ...] = (
    gettext_lazy("Payment reminder"), gettext_lazy("First notice"), gettext_lazy("Second notice"),
)  # fmt: skip
"""What the levels are called."""
TEXTS: tuple[Any, ...] = (
    gettext_lazy("Perhaps it was overlooked: our invoice {number} was due on {due}, and {open} are still open."),
    gettext_lazy("Our invoice {number} was due on {due}. Of it {open} are still open. Please pay them now."),
    gettext_lazy(
        "Our invoice {number} was due on {due}. Of it {open} are still open. Please pay them at once, or tell us what "
        "stands in the way."
    ),
)
"""What they say when the organisation has no text of its own."""


def dunning_letter(occasion: Occasion) -> Text | None:
    """What is open and how it is paid; needless when it was paid, disputed or paused since it was written down."""
    notice = DunningNotice.objects.select_related("invoice__customer").get(id=occasion.about)
    if notice.dropped:
        return None
    row: Invoice = notice.invoice
    today = today_of(occasion.now)
    look = looks([row], today=today, now=occasion.now)[row.id]
    if look.hold is not None:
        _drop(notice, look, occasion)
        return None
    values = {
        "customer": row.customer.name, "number": row.number, "open": money_shown(look.open, row.currency),
        "due": day_shown(row.due_on), "days": str(look.days),
    }  # fmt: skip
    late = ngettext("%(days)s day ago", "%(days)s days ago", look.days) % values
    link = address_for(occasion.tenant.id) + reverse("invoice", args=[occasion.tenant.slug, row.id])
    body = [
        filled(notice.text or str(TEXTS[notice.level - 1]), values),
        _("Invoice: %(number)s") % values
        + "\n" + _("Due: %(due)s") % values + f" ({late})"
        + "\n" + _("Open: %(open)s") % values,
        _how(row, values),
        _("The invoice, and what has come in:") + f"\n{link}",
        _("Nothing is added to the amount. If you have paid meanwhile, our letters have crossed."),
        _("If you hold the figures to be wrong, dispute the statement: nothing more is written while that goes on."),
        occasion.organisation,
    ]  # fmt: skip
    return Text(subject=f"{NAMES[notice.level - 1]}: {row.number}", body="\n\n".join(body))


def _how(row: Invoice, values: dict[str, str]) -> str:
    there = at_provider(row)
    if there is not None and there.pay_url:
        return _("Pay here:") + f"\n{there.pay_url}"
    seller = row.document.get("seller", {})
    account, bank = seller.get("account", ""), seller.get("bank", "")
    if bank:
        told = _("Please pay by bank transfer to %(account)s (%(bank)s), with the reference %(number)s.")
    elif account:
        told = _("Please pay by bank transfer to %(account)s, with the reference %(number)s.")
    else:
        told = _("Please pay by bank transfer to the account that you know from us, with the reference %(number)s.")
    return told % {**values, "account": account_shown(account), "bank": bank}


def _drop(notice: DunningNotice, look: Look, occasion: Occasion) -> None:
    """Count a level as not written that nobody was told of, so that it can still come."""
    if not deliveries(DUNNING.name, [notice.id])[notice.id].sent:
        DunningNotice.objects.filter(id=notice.id, dropped="").update(dropped=look.hold, dropped_at=occasion.now)
