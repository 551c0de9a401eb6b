"""The pages of payments: what is recorded on an invoice, what goes back, and the provider that a tenant has chosen."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings as installation
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from billing.contracts.shown import money_shown
from billing.invoices.models import Invoice
from billing.invoices.selectors import invoice as invoice_by_id
from billing.payments import choosing, selectors, services
from billing.payments.models import PaymentKind, ProviderKind
from billing.payments.registry import settings_parts
from tenants.edge.forms import SHELL, put_error, show_form
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.edge.retelling import retold
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.kernel.ids import new_id
from tenants.kernel.money import Money, exponent
from tenants.scope.actors import Permission

NEEDS = Permission.ORGANISATION_ADMINISTER


class AmountForm(forms.Form):
    """An amount of the invoice's currency; the token makes a form that is sent twice one deed.

    Args:
        currency: ISO 4217.
    """

    minor = forms.DecimalField(label=gettext_lazy("Amount"), max_digits=18)
    token = forms.UUIDField(widget=forms.HiddenInput())

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.digits = exponent(currency)
        field: Any = self.fields["minor"]
        field.unit, field.widget.attrs["step"] = currency, str(Decimal(1).scaleb(-self.digits))

    def clean_minor(self) -> int:
        """The amount in minor units, exactly.

        Raises:
            ValidationError: It has more digits than the currency.
        """
        minor = Decimal(self.cleaned_data["minor"]).scaleb(self.digits)
        if minor != minor.to_integral_value():
            raise forms.ValidationError(
                _("This currency has %(digits)s digits after the point.") % {"digits": self.digits}
            )
        return int(minor)


class TransferForm(AmountForm):
    """A bank transfer."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What happened"),
        choices=[
            (PaymentKind.RECEIVED, gettext_lazy("It came in")), (PaymentKind.REFUNDED, gettext_lazy("It went back")),
        ],
    )  # fmt: skip
    value_on = forms.DateField(
        label=gettext_lazy("Value date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reference = forms.CharField(
        max_length=200, required=False, label=gettext_lazy("Reference"),
        help_text=gettext_lazy("As it stands on the bank's statement."),
    )  # fmt: skip

    field_order = ("kind", "minor", "value_on", "reference", "token")


class SetOffForm(AmountForm):
    """An invoice, and how much of a credit note is set off against it.

    Args:
        choices: The open invoices by their ids, and what they are called.
    """

    invoice = forms.ChoiceField(label=gettext_lazy("Invoice"))

    field_order = ("invoice", "minor", "token")

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["invoice"].choices = choices  # type: ignore[attr-defined]


class ProviderForm(forms.Form):
    """Who collects, and the secrets at Stripe.

    Args:
        keeps: Whether there are secrets already.
    """

    provider = forms.ChoiceField(
        label=gettext_lazy("Invoices are collected by"), choices=ProviderKind.choices,
        help_text=gettext_lazy("It holds for invoices that are issued from now on."),
    )  # fmt: skip
    key = forms.CharField(
        max_length=255, required=False, label=gettext_lazy("Secret key at Stripe"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    webhook_secret = forms.CharField(
        max_length=255, required=False, label=gettext_lazy("Signing secret of the webhook"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: Any, keeps: tuple[bool, bool], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, is_kept in zip(("key", "webhook_secret"), keeps, strict=True):
            self.fields[name].help_text = (
                _("A secret is stored, and shown to nobody. Leave this empty to keep it.")
                if is_kept
                else _("Stored encrypted, and never shown again.")
            )


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.MONEY_BILL)
def record(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """Record a bank transfer of an invoice or a credit note."""
    row = _invoice(invoice)
    left = selectors.standing_of(row).open
    start = {
        "kind": PaymentKind.RECEIVED if left > 0 else PaymentKind.REFUNDED, "minor": _major(abs(left), row.currency),
        "value_on": utc_now().date(), "token": new_id(),
    }  # fmt: skip
    form = TransferForm(request.POST or None, currency=row.currency, initial=start)

    def do(given: dict[str, Any]) -> None:
        given["kind"] = PaymentKind(given["kind"])
        transfer = services.Transfer(currency=row.currency, **given)
        services.record_transfer(invoice=row.id, transfer=transfer, by=actor_of(request).name, now=utc_now())

    return _form(
        request, form, row, do, title=_("Record a payment of %(number)s") % {"number": row.number}, submit=_("Record"),
        intro=_("%(amount)s are open. A payment that was recorded stays: what went wrong is recorded as gone back.")
        % {"amount": money_shown(left, row.currency)},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.MONEY_BILL)
def refund(request: HttpRequest, payment: UUID) -> HttpResponse:
    """Have the provider pay some of a payment back."""
    try:
        row = selectors.payment(payment)
    except NotFoundError:
        raise Http404 from None
    found: Invoice = row.invoice
    left = selectors.refundable(found, row.intent)
    start = {"minor": _major(left, row.currency), "token": new_id()}
    form = AmountForm(request.POST or None, currency=row.currency, initial=start)

    def do(given: dict[str, Any]) -> None:
        services.ask_refund(payment_id=row.id, by=actor_of(request).name, now=utc_now(), **given)

    return _form(
        request, form, found, do, title=_("Pay back of %(number)s") % {"number": found.number},
        submit=_("Have it paid back"),
        intro=_("%(amount)s of this payment can go back.") % {"amount": money_shown(left, row.currency)},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.MONEY_BILL)
def set_off(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """Set a credit note off against an open invoice of the same customer."""
    row = _invoice(invoice)
    left = max(0, -selectors.standing_of(row).open)
    choices = [
        (str(each.id), f"{each.number}: {money_shown(each.left, each.currency)}")
        for each in selectors.set_off_candidates(row)
    ]
    start = {"minor": _major(left, row.currency), "token": new_id()}
    form = SetOffForm(request.POST or None, currency=row.currency, choices=choices, initial=start)

    def do(given: dict[str, Any]) -> None:
        given["invoice"] = UUID(given["invoice"])
        services.set_off(credit_note=row.id, by=actor_of(request).name, now=utc_now(), **given)

    return _form(
        request, form, row, do, title=_("Set %(number)s off") % {"number": row.number}, submit=_("Set off"),
        intro=_("%(amount)s are left of it.") % {"amount": money_shown(left, row.currency)}
        if choices
        else _("No invoice of this customer and currency is open. Pay it out instead."),
    )  # fmt: skip


@require_POST
@page(needs=Permission.MONEY_BILL)
def retry(request: HttpRequest, step: UUID) -> HttpResponse:
    """Have a step at the provider tried again."""
    row = selectors.blocked_steps().filter(id=step).first()
    if row is None:
        raise Http404
    try:
        services.try_again(step=step, by=actor_of(request).name, now=utc_now())
    except services.NotRefundableError as error:
        messages.error(request, retold(error))
    except NotFoundError:
        raise Http404 from None
    else:
        messages.success(request, _("It is tried again now."))
    return redirect("invoice", actor_of(request).slug, row.invoice_id)


@require_POST
@page(needs=Permission.MONEY_BILL)
def give_up(request: HttpRequest, step: UUID) -> HttpResponse:
    """Have a refund tried no more."""
    row = selectors.refunds_to_give_up().filter(id=step).first()
    if row is None:
        raise Http404
    try:
        services.give_up_refund(step=step, by=actor_of(request).name, now=utc_now())
    except services.BeingTriedError as error:
        messages.error(request, retold(error))
    except NotFoundError:
        raise Http404 from None
    else:
        messages.success(request, _("It is tried no more. Pay it back by bank transfer, and record that."))
    return redirect("invoice", actor_of(request).slug, row.invoice_id)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
def settings(request: HttpRequest) -> HttpResponse:
    """Who collects invoices; secrets go in here and never out."""
    row = selectors.settings_of_tenant()
    keeps = (bool(row and row.sealed_key), bool(row and row.sealed_webhook_secret))
    form = ProviderForm(request.POST or None, keeps=keeps, initial={"provider": selectors.chosen_provider()})
    if request.method == "POST" and form.is_valid():
        given = {**form.cleaned_data, "provider": ProviderKind(form.cleaned_data["provider"])}
        try:
            choosing.change_settings(by=actor_of(request).name, now=utc_now(), **given)
        except OutturnError as error:
            put_error(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("payment-settings", actor_of(request).slug)
    context = {
        "form": form, "row": row, "keeps_key": keeps[0], "blocked": selectors.blocked_steps()[:20],
        "parts": settings_parts(),
        "endpoint": installation.BASE_URL + reverse("stripe-webhook", args=[actor_of(request).tenant]),
    }  # fmt: skip
    return render(request, "payments/settings.html", context, status=400 if form.errors else 200)


@require_POST
@page(needs=NEEDS)
def check(request: HttpRequest) -> HttpResponse:
    """Ask Stripe now whether it takes the key."""
    key = choosing.secret_key()
    if not key:
        messages.error(request, _("There is no key yet. Enter it and save first."))
        return redirect("payment-settings", actor_of(request).slug)
    from billing.payments.outbox import check_connection  # noqa: PLC0415 (its library is a heavy one)

    found = check_connection(key)
    choosing.note_check(findings=found, now=utc_now())
    if found:
        messages.error(request, _("Stripe cannot be used yet: see what was found."))
    else:
        messages.success(request, _("Stripe takes the key."))
    return redirect("payment-settings", actor_of(request).slug)


def _form(
    request: HttpRequest, form: forms.Form, row: Invoice, do: Callable[[dict[str, Any]], None], *, title: str,
    submit: str, intro: str,
) -> HttpResponse:  # fmt: skip
    """A form about an invoice: do it and go back there, or say what is wrong."""
    back = reverse("invoice", args=[actor_of(request).slug, row.id])
    if request.method == "POST" and form.is_valid():
        try:
            do(dict(form.cleaned_data))
        except OutturnError as error:
            put_error(form, error)
        else:
            messages.success(request, _("Done."))
            return redirect(back)
    return show_form(
        request, form, title=title, submit=submit, back=(row.number, back), intro=intro, frame=SHELL
    )  # fmt: skip


def _invoice(invoice: UUID) -> Invoice:
    try:
        return invoice_by_id(invoice)
    except NotFoundError:
        raise Http404 from None


def _major(minor: int, currency: str) -> Decimal:
    return Money(minor, currency).amount
