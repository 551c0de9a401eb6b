"""The exclusions claimed under a contract: claiming one, deciding about it, withdrawing it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.timezone import override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.contracts.agreement import AgreementDocument
from billing.contracts.models import Contract
from billing.contracts.pages import contract_named
from billing.contracts.selectors import agreement_of, draft_of, is_agreed, versions
from billing.outcomes import deciding, selectors, services
from billing.outcomes.consents import FEWEST_LETTERS, MOST_HOW, MOST_NAME, Consent
from billing.outcomes.models import Exclusion, ExclusionDecision
from tenants.edge.forms import put_error
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.calendars import UnknownZoneError, time_zone
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission

Decide = Callable[..., object]


STATES = (
    ("proposed", _("Proposed")), ("approved", _("Approved")), ("declined", _("Declined")),
    ("withdrawn", _("Withdrawn")),
)  # fmt: skip


class Claim(NamedTuple):
    """A claim as the list shows it: with the names of its assets, and what it rests on in words.

    `is_silent` says that it counts as approved because nobody objected in time, `is_recorded` that it does because one
    of the organisation's people recorded that the customer agreed.
    """

    claim: Exclusion
    state: str
    is_open: bool
    is_silent: bool
    is_recorded: bool
    decisions: list[ExclusionDecision]
    assets: list[str]
    evidence: list[tuple[str, str]]


class ReasonForm(forms.Form):
    """Why a claim is approved, declined or withdrawn."""

    why = forms.CharField(max_length=500)


class RecordForm(ReasonForm):
    """That the customer agreed to a claim: who of them, on which day, and by what one knows."""

    who = forms.CharField(max_length=MOST_NAME)
    on = forms.DateField()
    how = forms.CharField(min_length=FEWEST_LETTERS, max_length=MOST_HOW)


class ClaimForm(forms.Form):
    """A claim under a contract; its times are those of ``zone``, which the browser fills in."""

    category = forms.ChoiceField(help_text="Only what a clause of the contract excludes can be claimed.")
    assets = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    start = forms.DateTimeField(label="From")
    end = forms.DateTimeField(label="To")
    rests_on = forms.CharField(
        max_length=2000, label="What it rests on", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="An order, a notice, a record: whoever decides reads it, and so does the customer.",
    )  # fmt: skip
    zone = forms.CharField(max_length=64, widget=forms.HiddenInput(attrs={"data-viewer-zone": True}))

    def __init__(self, versions: list[AgreementDocument], data: Any = None) -> None:
        self.contract_zone = time_zone(versions[0].terms.time_zone)
        super().__init__(data, initial={"zone": self.contract_zone.key})
        clauses = [clause for version in versions for clause in version.terms.clauses]
        categories = {rule.category: rule.category for clause in clauses for rule in clause.exclusions}
        self.fields["category"].choices = list(categories.items())  # type: ignore[attr-defined]
        self.fields["assets"].choices = sorted(_names(versions).items(), key=lambda one: one[1])  # type: ignore[attr-defined]
        for name in ("start", "end"):
            self.fields[name].widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
            note = format_html("On the clocks of <span data-viewer-zone>{}</span>.", self._zone().key)
            self.fields[name].help_text = note

    def full_clean(self) -> None:
        """Read the times on the clocks of the zone; those that these show twice, or never, are refused."""
        with override(self._zone()):
            super().full_clean()

    def clean_zone(self) -> str:
        """The zone, if there is one of that name."""
        name: str = self.cleaned_data["zone"]
        try:
            return time_zone(name).key
        except UnknownZoneError as error:
            raise forms.ValidationError(error.told) from None

    def claim(self, contract: UUID, *, by: str, now: datetime) -> bool:
        """Claim what the form says; what the service has against it stands at its field."""
        values = self.cleaned_data
        try:
            services.claim_exclusion(
                contract=contract, category=values["category"], assets=[UUID(asset) for asset in values["assets"]],
                start=values["start"], end=values["end"], evidence={"rests_on": values["rests_on"]}, by=by, now=now,
            )  # fmt: skip
        except OutturnError as error:
            put_error(self, error)
        return not self.errors

    def _zone(self) -> ZoneInfo:
        try:
            return time_zone(self.data.get("zone", self.contract_zone.key))
        except UnknownZoneError:
            return self.contract_zone


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.CONTRACTS_READ)
def exclusions(request: HttpRequest, contract: str) -> HttpResponse:
    """What was claimed not to count under a contract or for its assets; who may operate claims more."""
    row, actor = contract_named(contract), actor_of(request)
    can_operate = actor.may(Permission.CONTRACTS_OPERATE)
    if request.method == "POST" and not can_operate:
        raise PermissionDenied
    every = [(agreement_of(version), is_agreed(version)) for version in versions(row.id)]
    published = [agreement for agreement, holds in every if holds]
    form = ClaimForm(published, request.POST or None) if published and can_operate else None
    if form and form.is_valid() and form.claim(row.id, by=actor.name, now=utc_now()):
        messages.success(request, "The claim is in the log.")
        return redirect("contract-exclusions", actor.slug, row.slug)
    names = _names([draft_of(row), *(agreement for agreement, _ in every)])
    listed = _listing(row.slug, names).page(request, selectors.exclusions_about(row.id, names))
    if listed.csv is not None:
        return listed.csv
    may = {"can_operate": can_operate, "can_decide": actor.may(Permission.CONTRACTS_APPROVE)}
    context = {"contract": row, "form": form, "listing": listed, **may}
    return render(request, "contracts/exclusions.html", context, status=400 if form and form.errors else 200)


def _listing(contract: str, names: dict[str, str]) -> Listing:
    return Listing(
        name=f"{contract}-exclusions", caption=_("Exclusions"), order="-start",
        search=("category", "claimed_by", "document__evidence"),
        columns=(
            Column("claim__category", _("Category"), template="contracts/_category.html"),
            Column("assets", _("Assets"), value=lambda row: ", ".join(row.assets)),
            Column("claim__start", _("From"), sort="start", kind="moment"),
            Column("claim__end", _("To"), kind="moment"),
            Column("claim__claimed_by", _("Claimed by"), template="contracts/_claimed.html"),
            Column("claim__claimed_at", _("Claimed"), is_shown=False),
            Column("evidence", _("What it rests on"), is_shown=False,
                   value=lambda row: "; ".join(f"{name}: {value}" for name, value in row.evidence)),
            Column("state", _("Decision"), template="contracts/decision.html"),
            Column("decided_by", _("Decided by"), is_shown=False,
                   value=lambda row: row.decisions[-1].decided_by if row.decisions else None),
            Column("why", _("Why"), is_shown=False,
                   value=lambda row: row.decisions[-1].document["why"] if row.decisions else None),
        ),
        filters=(
            Filter("state", _("Decision"), STATES, lambda rows, state: selectors.in_state(rows, state, utc_now())),
        ),
        decorate=lambda rows: [claim_shown(claim, names) for claim in rows],
    )  # fmt: skip


@require_POST
@page(needs=Permission.CONTRACTS_APPROVE)
def decide(request: HttpRequest, contract: str, exclusion: UUID) -> HttpResponse:
    """Record that the customer agreed to a claim: without that, only they approve or decline it."""

    def approve(*, who: str, on: date, how: str, **more: Any) -> object:
        return deciding.approve_exclusion(consent=Consent(who, on, how), customer=None, **more)

    wanted = _("Nothing was recorded. Name who of the customer agreed, on which day and how, and say why.")
    return _decided(request, contract, exclusion, approve, RecordForm(request.POST), wanted)


@require_POST
@page(needs=Permission.CONTRACTS_OPERATE)
def withdraw(request: HttpRequest, contract: str, exclusion: UUID) -> HttpResponse:
    """Withdraw a claim, with the reason."""
    wanted = _("Nothing was decided. Say why, in at most 500 characters.")
    return _decided(request, contract, exclusion, deciding.withdraw_exclusion, ReasonForm(request.POST), wanted)


def _decided(
    request: HttpRequest, contract: str, exclusion: UUID, decision: Decide, form: ReasonForm, wanted: Any
) -> HttpResponse:
    row, actor = contract_named(contract), actor_of(request)
    if not selectors.exclusions_about(row.id, names_in(row)).filter(id=exclusion).exists():
        raise Http404
    try:
        if form.is_valid():
            decision(exclusion=exclusion, by=actor.name, now=utc_now(), **form.cleaned_data)
            messages.success(request, _("The decision is in the log; it counts from now on."))
        else:
            messages.error(request, wanted)
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("contract-exclusions", actor.slug, row.slug)


def claim_shown(claim: Exclusion, names: dict[str, str]) -> Claim:
    """A claim as lists show it, with the names of its assets."""
    state = selectors.state_of(claim, utc_now())
    return Claim(
        claim=claim,
        state=state,
        is_open=state in ("proposed", "approved"),
        is_silent=state == "approved" and not selectors.decisions_of(claim),
        is_recorded=selectors.may_be_objected_to(claim),
        decisions=selectors.decisions_of(claim),
        assets=[names.get(asset, asset) for asset in claim.document["assets"]],
        evidence=[
            (name.replace("_", " "), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            for name, value in claim.document["evidence"].items()
        ],
    )


def names_in(row: Contract) -> dict[str, str]:
    """The assets that any version of a contract is about, with their newest names."""
    return _names([draft_of(row), *(agreement_of(version) for version in versions(row.id))])


def _names(agreements: list[AgreementDocument]) -> dict[str, str]:
    """The assets that any version of a contract is about, with their newest names; the newest version comes first."""
    return {asset: name for agreement in reversed(agreements) for asset, name in agreement.assets.items()}
