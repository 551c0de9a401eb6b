"""The exclusions claimed under a contract, and the decisions about them."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from billing.contracts.lists import list_page
from billing.contracts.pages import contract_named
from billing.contracts.selectors import draft_of
from billing.outcomes import selectors, services
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission


class DecisionForm(forms.Form):
    """Why a claim is approved or declined."""

    why = forms.CharField(max_length=500)


@require_safe
@page(needs=Permission.READ)
def exclusions(request: HttpRequest, contract: str) -> HttpResponse:
    """What was claimed not to count under a contract."""
    row = contract_named(contract)
    listed = list_page(request, selectors.exclusions_of(row.id))
    names = draft_of(row).assets
    listed["rows"] = [
        {
            "claim": claim,
            "decision": selectors.decision_of(claim),
            "assets": [names.get(asset, asset) for asset in claim.document["assets"]],
        }
        for claim in listed["rows"]
    ]
    can_decide = actor_of(request).may(Permission.APPROVE)
    return render(request, "contracts/exclusions.html", {"contract": row, "can_decide": can_decide, **listed})


@require_POST
@page(needs=Permission.APPROVE)
def decide(request: HttpRequest, contract: str, exclusion: UUID) -> HttpResponse:
    """Approve or decline a claim, with the reason."""
    row, actor, form = contract_named(contract), actor_of(request), DecisionForm(request.POST)
    if not selectors.exclusions_of(row.id).filter(id=exclusion).exists():
        raise Http404
    chosen = services.approve_exclusion if request.POST.get("decision") == "approve" else services.decline_exclusion
    try:
        if form.is_valid():
            chosen(exclusion=exclusion, why=form.cleaned_data["why"], by=actor.name, now=utc_now())
            messages.success(request, "The decision is in the log; it counts from now on.")
        else:
            messages.error(request, "Nothing was decided. Say why, in at most 500 characters.")
    except OutturnError as error:
        messages.error(request, f"{error.message} {error.fix}")
    return redirect("contract-exclusions", actor.slug, row.slug)
