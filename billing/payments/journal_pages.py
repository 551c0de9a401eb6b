"""The page from which the journal is taken along."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from billing.invoices import selectors
from billing.payments.journal_api import FIELDS, FILES, journal_asked, journal_file
from tenants.edge.permissions import page
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission


def _day(label: Any, help_text: Any = "", *, required: bool = True) -> forms.DateField:
    date_input = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=help_text, required=required, widget=date_input)


def _number(label: Any, help_text: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=help_text, required=False)


def _account(label: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=9, required=False, help_text=gettext_lazy("For DATEV."))


class JournalForm(forms.Form):
    """Which days, as which file, and what DATEV must be told."""

    first = _day(gettext_lazy("From"), gettext_lazy("First day of issue, or value date of payments."))
    last = _day(gettext_lazy("To"), gettext_lazy("Last day, included."))
    file = forms.ChoiceField(choices=FILES, label=gettext_lazy("File"))
    entity = forms.ChoiceField(label=gettext_lazy("Legal entity"), required=False)
    consultant = _number(gettext_lazy("Number of the consultant"), gettext_lazy("For DATEV: 1001 to 9999999."))
    client = _number(gettext_lazy("Number of the client"), gettext_lazy("For DATEV: 1 to 99999."))
    year_start = _day(
        gettext_lazy("Fiscal year begins"), gettext_lazy("For DATEV; a file stays within one year."), required=False
    )
    length = _number(gettext_lazy("Digits of accounts"), gettext_lazy("For DATEV: 4 to 8."))
    receivable = _account(gettext_lazy("Account of the receivable"))
    tax = _account(gettext_lazy("Account of the tax"))
    revenue_fees = _account(gettext_lazy("Account of fees"))
    revenue_outcomes = _account(gettext_lazy("Account of outcomes"))
    revenue_adjustments = _account(gettext_lazy("Account of adjustments"))
    bank = _account(gettext_lazy("Account of the bank"))
    stripe = _account(gettext_lazy("Account at Stripe"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(row.id), row.name) for row in selectors.entities()]
        self.fields["entity"].choices = [("", _("all")), *known]  # type: ignore[attr-defined]


@require_safe
@page(needs=Permission.MONEY_READ)
def journal(request: HttpRequest) -> HttpResponseBase:
    """The form, and with its fields in the address the file."""
    form = JournalForm(request.GET or None)
    if form.is_valid():
        values = dict(form.cleaned_data)
        values["entity"] = UUID(values["entity"]) if values["entity"] else None
        try:
            return journal_file(request, journal_asked(values))
        except OutturnError as error:
            _put_errors(form, error)
    return render(request, "payments/journal.html", {"form": form}, status=400 if form.errors else 200)


def _put_errors(form: forms.Form, error: OutturnError) -> None:
    names = {account: field for field, account in FIELDS.items()}
    for finding in error.findings:
        place = names.get(finding.place, finding.place)
        form.add_error(place if place in form.fields else None, f"{finding.message} {finding.fix}")
    if not error.findings:
        form.add_error(None, error.told)
