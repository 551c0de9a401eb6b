"""The contracts in the end customer's portal: their text to read, to accept and to decline, and the receipt."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from billing.contracts import offers
from billing.contracts.acceptance import (
    MOST_LETTERS,
    MOST_REASON,
    Reading,
    accept_version,
    decline_version,
    text_digest,
)
from billing.contracts.models import Contract
from billing.contracts.offers import Standing
from billing.contracts.selectors import agreement_of
from billing.contracts.wording import text_to_sign
from tenants.customers.selectors import customer_choices
from tenants.edge.forms import put_error
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.edge.retelling import retold
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Actor, Permission

LOOKS: dict[str, tuple[str, Any]] = {
    "waits": ("pending", gettext_lazy("Waits for acceptance")),
    "in_force": ("in_force", gettext_lazy("In force")),
    "to_come": ("planned", gettext_lazy("Holds later")),
    "past": ("idle", gettext_lazy("Over")),
    "declined": ("cancelled", gettext_lazy("Declined")),
    "superseded": ("idle", gettext_lazy("Withdrawn by the next offer")),
}
"""Status and word of each state of a version."""
TYPED = frozenset({"name", "reason"})
"""What a person types of an answer; with anything else amiss they read the contract again."""


class AnswerForm(forms.Form):
    """That a person accepts what they were shown: the digests of it come back with their name."""

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)
    digest = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)
    text_digest = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)
    name = forms.CharField(
        max_length=MOST_LETTERS, label=gettext_lazy("Your name"),
        help_text=gettext_lazy("As you would sign. It is kept with your address of mail, the moment and the digest."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip

    def reading(self) -> Reading:
        """What the person was shown."""
        values = self.cleaned_data
        return Reading(values["version"], values["digest"], values["text_digest"])


class DeclineForm(AnswerForm):
    """That a person declines what they were shown, and why."""

    reason = forms.CharField(
        max_length=MOST_REASON, label=gettext_lazy("Why"), widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The other side reads it, and can offer another version."),
    )  # fmt: skip


@require_safe
@page(needs=Permission.REPORTS_READ)
def agreed_contracts(request: HttpRequest) -> HttpResponse:
    """The contracts that an end customer's people may read; for the organisation's own, a preview of all."""
    actor = actor_of(request)
    listed = _listing(actor).page(request, offers.contracts_seen_by(actor).defer("draft", "twin__draft"))
    context = {"listing": listed, "is_preview": actor.customer is None}
    return listed.csv or render(request, "contracts/agreed_list.html", context)


def _listing(actor: Actor) -> Listing:
    def apply(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(customer=value)

    customers = Filter("customer", _("Customer"), customer_choices, apply)
    return Listing(
        name="agreed-contracts", caption=_("Contracts"), order="title", search=("title",),
        columns=(
            Column("title", _("Title"), sort="title",
                   link=lambda row: reverse("agreed-contract", args=[actor.slug, row.id])),
            *(() if actor.customer else (Column("customer__name", _("Customer")),)),
            Column("state", _("State"), kind="status", value=lambda row: LOOKS[row.standing.state][0],
                   word=lambda row: LOOKS[row.standing.state][1]),
            Column("version", _("Version"), kind="number", value=lambda row: row.standing.row.version),
            Column("holds_from", _("Holds from"), kind="day",
                   value=lambda row: date.fromisoformat(row.standing.row.document["effective"]["from"])),
            Column("offered", _("Offered"), kind="moment", value=lambda row: row.standing.row.published_at),
        ),
        filters=() if actor.customer else (customers,),
        decorate=_with_standing,
    )  # fmt: skip


def _with_standing(rows: list[Any]) -> list[Any]:
    """Contracts, each with the `standing` of its newest version."""
    found = offers.standings_of([row.id for row in rows], utc_now())
    for row in rows:
        row.standing = found[row.id][0]
    return rows


@require_safe
@page(needs=Permission.REPORTS_READ)
def agreed_contract(request: HttpRequest, contract: UUID) -> HttpResponse:
    """One contract: a version's whole text, what it changes, and its receipt once it was answered."""
    row = _seen(request, contract)
    return _shown(request, row, number=request.GET.get("version", ""))


@require_safe
@page(needs=Permission.REPORTS_READ)
def agreed_text(request: HttpRequest, contract: UUID, version: int) -> HttpResponse:
    """The plain text of a version, byte for byte as it is signed."""
    row = _seen(request, contract)
    standing = _chosen(offers.standings(row.id, utc_now()), str(version))
    text = standing.answer.text if standing.answer else text_to_sign(agreement_of(standing.row))
    response = HttpResponse(text.encode(), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{row.slug}-version-{version}.txt"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@page(needs=Permission.REPORTS_READ)
def accept(request: HttpRequest, contract: UUID) -> HttpResponse:
    """Accept the version that the person has read."""
    return _answered(request, contract, AnswerForm(request.POST, prefix="accept"))


@require_POST
@page(needs=Permission.REPORTS_READ)
def decline(request: HttpRequest, contract: UUID) -> HttpResponse:
    """Decline the version that the person has read, and say why."""
    return _answered(request, contract, DeclineForm(request.POST, prefix="decline"))


def _answered(request: HttpRequest, contract: UUID, form: AnswerForm) -> HttpResponse:
    actor, row = actor_of(request), _seen(request, contract)
    if actor.customer is None:
        raise PermissionDenied
    if form.is_valid():
        try:
            _answer(row, form, actor)
            return redirect(f"{reverse('agreed-contract', args=[actor.slug, row.id])}?version={form.reading().version}")
        except OutturnError as error:
            if error.place not in TYPED:
                messages.error(request, retold(error))
                return redirect("agreed-contract", actor.slug, row.id)
            put_error(form, error)
    return _shown(request, row, form=form)


def _answer(row: Contract, form: AnswerForm, actor: Actor) -> None:
    given = {"contract": row.id, "read": form.reading(), "name": form.cleaned_data["name"], "by": actor}
    if isinstance(form, DeclineForm):
        decline_version(**given, reason=form.cleaned_data["reason"], now=utc_now())
    else:
        accept_version(**given, now=utc_now())


def _shown(request: HttpRequest, row: Contract, *, number: str = "", form: AnswerForm | None = None) -> HttpResponse:
    actor, found = actor_of(request), offers.standings(row.id, utc_now())
    standing = _chosen(found, number)
    agreement = agreement_of(standing.row)
    text = standing.answer.text if standing.answer else text_to_sign(agreement)
    read = {"version": standing.row.version, "digest": standing.row.digest, "text_digest": text_digest(text)}
    before = standing.before or next((one.row for one in found if one.row.version < standing.row.version), None)
    status, word = LOOKS[standing.state]
    context = {
        "contract": row, "standing": standing, "agreement": agreement, "status": status, "word": word,
        "text": text, "text_digest": read["text_digest"], "before": before,
        "changes": offers.changes(agreement, agreement_of(before)) if before else [],
        "versions": [(one, *LOOKS[one.state]) for one in found],
        "can_answer": standing.state == "waits" and actor.customer is not None,
        "is_preview": actor.customer is None,
        "accept_form": form if type(form) is AnswerForm else AnswerForm(prefix="accept", initial=read),
        "decline_form": form if isinstance(form, DeclineForm) else DeclineForm(prefix="decline", initial=read),
    }  # fmt: skip
    return render(request, "contracts/agreed.html", context, status=400 if form and form.errors else 200)


def _chosen(found: list[Standing], number: str) -> Standing:
    """The version that an address names, the newest without a name.

    Raises:
        Http404: There is no such version.
    """
    chosen = next((one for one in found if not number or str(one.row.version) == number), None)
    if chosen is None:
        raise Http404
    return chosen


def _seen(request: HttpRequest, contract: UUID) -> Contract:
    try:
        return offers.contract_seen_by(actor_of(request), contract)
    except NotFoundError:
        raise Http404 from None
