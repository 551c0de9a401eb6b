"""The pages of dunning: what is overdue, when customers are written to, and pausing that."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.contracts.shown import money_shown
from billing.dunning import selectors
from billing.dunning.domain import LONGEST_TEXT, MOST_DAYS, MOST_LEVELS, PLACEHOLDERS, Level
from billing.dunning.letters import NAMES, TEXTS
from billing.dunning.services import end_pause, pause_dunning, set_dunning
from billing.dunning.showing import next_text
from billing.invoices.models import Invoice
from billing.invoices.selectors import invoice as invoice_by_id
from tenants.customers.selectors import customer_choices
from tenants.edge.formats import day_shown
from tenants.edge.forms import SHELL, put_error, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.kernel.money import Money
from tenants.scope.actors import Permission

NEEDS = Permission.MONEY_BILL


class DunningForm(forms.Form):
    """Whether customers are written to, and each level: its days, and a text of one's own."""

    is_on = forms.BooleanField(
        required=False, label=gettext_lazy("Remind customers by mail when an invoice is overdue"),
        help_text=gettext_lazy("The first letters go out on the day after it was turned on, between 9 and 17 o'clock."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, (name, text) in enumerate(zip(NAMES, TEXTS, strict=True), 1):
            self.fields[f"days_{number}"] = days = forms.IntegerField(
                min_value=1, max_value=MOST_DAYS, required=False, label=_("%(level)s: after") % {"level": name},
            )  # fmt: skip
            days.unit = _("days overdue")  # type: ignore[attr-defined]
            self.fields[f"text_{number}"] = forms.CharField(
                max_length=LONGEST_TEXT, required=False, label=_("%(level)s: text") % {"level": name},
                help_text=_("Empty: “%(text)s”") % {"text": text}, widget=forms.Textarea(attrs={"rows": 3}),
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Refuse a text without its days, and a level after one that is left out."""
        given: dict[str, Any] = super().clean() or {}
        for number in range(1, MOST_LEVELS + 1):
            days, before = given.get(f"days_{number}"), given.get(f"days_{number - 1}")
            if f"days_{number}" in self.errors or f"days_{number - 1}" in self.errors:
                continue
            if days is None and given.get(f"text_{number}"):
                self.add_error(f"days_{number}", _("Say after how many days this is written, or take its text away."))
            elif days is not None and number > 1 and before is None:
                self.add_error(f"days_{number}", _("The level before has no days: fill it in, or leave this one out."))
        return given

    def levels(self) -> list[Level]:
        """The levels that were filled in."""
        given = self.cleaned_data
        numbers = (number for number in range(1, MOST_LEVELS + 1) if given[f"days_{number}"] is not None)
        return [Level(given[f"days_{number}"], given[f"text_{number}"].strip()) for number in numbers]


class PauseForm(forms.Form):
    """What is paused, why, and until when."""

    about = forms.ChoiceField(
        label=gettext_lazy("Write nothing about"),
        choices=[("invoice", gettext_lazy("this invoice")), ("customer", gettext_lazy("any invoice of this customer"))],
    )
    reason = forms.CharField(
        max_length=200, label=gettext_lazy("Why"),
        help_text=gettext_lazy("For your own people; the customer does not see it."),
    )  # fmt: skip
    until = forms.DateField(
        required=False, label=gettext_lazy("Until and including"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: until somebody ends the pause."),
    )  # fmt: skip


@require_safe
@page(needs=Permission.MONEY_READ)
def overdue(request: HttpRequest) -> HttpResponse:
    """The invoices that are overdue: what is open of them, and what is written next."""
    actor, now = actor_of(request), utc_now()
    today = selectors.today_of(now)
    set_ = selectors.settings()

    def decorate(rows: list[Any]) -> list[Any]:
        found = selectors.looks(rows, today=today, now=now)
        for row in rows:
            row.look = found[row.id]
            row.next = next_text(row.look, selectors.coming(row, row.look, set_, today))
        return rows

    customer = Filter("customer", _("Customer"), customer_choices, lambda rows, value: rows.filter(customer=value))
    listing = Listing(
        name="overdue", caption=_("Overdue invoices"), order="due_on", search=("number", "customer_named"),
        columns=(
            Column("number", _("Number"), sort="number", kind="whole",
                   link=lambda row: reverse("invoice", args=[actor.slug, row.id])),
            Column("customer_named", _("Customer")),
            Column("due_on", _("Due"), sort="due_on", kind="day"),
            Column("days", _("Overdue"), kind="number", unit=_("days"), value=lambda row: row.look.days),
            Column("left", _("Open"), kind="money", sort="left", value=lambda row: Money(row.left, row.currency)),
            Column("last", _("Last letter"), value=_last),
            Column("next", pgettext("letter", "Next")),
        ),
        filters=(customer,), decorate=decorate,
    )  # fmt: skip
    listed = listing.page(request, selectors.overdue_invoices(today))
    if listed.csv is not None:
        return listed.csv
    sums = [
        {"currency": currency, "count": count, "sum": money_shown(minor, currency)}
        for currency, (count, minor) in selectors.overdue_sums(today).items()
    ]
    context = {"listing": listed, "sums": sums, "is_on": set_.is_on, "can_bill": actor.may(NEEDS)}
    return render(request, "dunning/overdue.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
def settings(request: HttpRequest) -> HttpResponse:
    """When customers are written to."""
    actor, row = actor_of(request), selectors.settings()
    initial: dict[str, Any] = {"is_on": row.is_on}
    for number, level in enumerate(selectors.levels_of(row), 1):
        initial |= {f"days_{number}": level.days, f"text_{number}": level.text}
    form = DunningForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            set_dunning(is_on=form.cleaned_data["is_on"], levels=form.levels(), by=actor.name, now=utc_now())
        except OutturnError as error:
            _put_findings(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("dunning-settings", actor.slug)
    names = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
    starts = day_shown(row.starts_on) if row.is_on and row.starts_on else ""
    context = {"form": form, "row": row, "placeholders": names, "starts": starts}
    return render(request, "dunning/settings.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
def pause(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """Write nothing about an invoice, or about any of its customer."""
    actor, row, form = actor_of(request), _invoice(invoice), PauseForm(request.POST or None)
    back = reverse("invoice", args=[actor.slug, row.id])
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        whole = given.pop("about") == "customer"
        try:
            pause_dunning(invoice=row.id, whole_customer=whole, by=actor.name, now=utc_now(), **given)
        except OutturnError as error:
            put_error(form, error)
        else:
            messages.success(request, _("Paused."))
            return redirect(back)
    return show_form(
        request, form, title=_("Pause reminders of %(number)s") % {"number": row.number}, submit=_("Pause"),
        back=(row.number, back), frame=SHELL,
    )  # fmt: skip


@require_POST
@page(needs=NEEDS)
def resume(request: HttpRequest, invoice: UUID, pause: UUID) -> HttpResponse:
    """Write again about what was paused, and go back to the invoice."""
    actor, row = actor_of(request), _invoice(invoice)
    try:
        end_pause(pause=pause, by=actor.name, now=utc_now())
    except NotFoundError:
        raise Http404 from None
    messages.success(request, _("The pause has ended."))
    return redirect("invoice", actor.slug, row.id)


def _last(row: Any) -> str:
    last = row.look.last
    return "–" if last is None else f"{NAMES[last.level - 1]}, {day_shown(last.on)}"


def _put_findings(form: forms.Form, error: OutturnError) -> None:
    """Show each finding at the field that it names: ``levels/0/days`` is ``days_1``."""
    if not error.findings:
        put_error(form, error)
    for finding in error.findings:
        _whole, _slash, rest = finding.place.partition("/")
        at, _slash, name = rest.partition("/")
        form.add_error(f"{name}_{int(at) + 1}" if at else None, f"{finding.message} {finding.fix}")


def _invoice(invoice: UUID) -> Invoice:
    try:
        return invoice_by_id(invoice)
    except NotFoundError:
        raise Http404 from None
