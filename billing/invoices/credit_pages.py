"""The page on which an invoice, or a part of it, is credited."""

from __future__ import annotations

import re
from decimal import Decimal
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from billing.contracts.shown import money_shown
from billing.invoices import selectors
from billing.invoices.crediting import CreditAmountError, credit_invoice
from billing.invoices.models import Invoice
from tenants.edge.forms import SHELL, put_error, show_form
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.kernel.money import exponent
from tenants.scope.actors import Permission

_AMOUNT = re.compile(r"([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?")


class CreditForm(forms.Form):
    """How much is credited, and why."""

    minor = forms.CharField(
        max_length=24, required=False, label=gettext_lazy("Net amount"),
        help_text=gettext_lazy("Without tax; empty for all that is left."),
    )  # fmt: skip
    reason = forms.CharField(
        max_length=200, label=gettext_lazy("Why"), help_text=gettext_lazy("Stands on the credit note.")
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.MONEY_BILL)
def credit(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """Issue a credit note for an invoice or for a part of it."""
    actor, row, form = actor_of(request), _invoice(invoice), CreditForm(request.POST or None)
    left = max(row.net_minor - selectors.credited_of(row.id), 0)
    if request.method == "POST" and form.is_valid():
        try:
            minor = minor_of(form.cleaned_data["minor"], row.currency)
            reason = form.cleaned_data["reason"]
            made = credit_invoice(invoice=row.id, minor=minor, reason=reason, by=actor.name, now=utc_now())
            return redirect("invoice", actor.slug, made.id)
        except OutturnError as error:
            put_error(form, error)
    intro = _("%(left)s net are left to credit. Tax is credited at the rate of the invoice.")
    return show_form(
        request, form, title=_("Credit %(number)s") % {"number": row.number}, submit=_("Issue the credit note"),
        back=(row.number, reverse("invoice", args=[actor.slug, row.id])), frame=SHELL,
        intro=intro % {"left": money_shown(left, row.currency)},
    )  # fmt: skip


def minor_of(text: str, currency: str) -> int | None:
    """An amount in major units as minor units of its currency; None when nothing is written.

    Raises:
        CreditAmountError: It is no amount, or has more digits than the currency.
    """
    plain = text.strip()
    if not plain:
        return None
    digits = exponent(currency)
    # A comma parts thousands only: 12,50 must not be read as 1250.
    exact = Decimal(plain.replace(",", "")).scaleb(digits) if _AMOUNT.fullmatch(plain) else None
    if exact is None or exact != exact.to_integral_value():
        most = _("no decimals") if digits == 0 else _("at most %(count)s decimals") % {"count": digits}
        raise CreditAmountError(
            f"{text} is no amount in {currency}.", place="minor", kept="What was credited before; nothing was issued.",
            fix=_("Write a number with %(most)s.") % {"most": most},
        )  # fmt: skip
    return int(exact)


def _invoice(invoice: UUID) -> Invoice:
    try:
        return selectors.invoice(invoice)
    except NotFoundError:
        raise Http404 from None
