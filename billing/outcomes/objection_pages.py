"""The exclusions claimed under a contract in the end customer's portal: to approve them, or to object in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.contracts.models import Contract
from billing.contracts.offers import contract_seen_by
from billing.outcomes import deciding, selectors
from billing.outcomes.pages import STATES, ReasonForm, claim_shown, names_in
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.edge.retelling import retold
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Permission
from tenants.scope.changes import take_changes

_STEPS: Mapping[str, Callable[..., object]] = {
    "approve": deciding.approve_exclusion, "decline": deciding.decline_exclusion,
    "object": deciding.withdraw_exclusion,
}  # fmt: skip
"""What can be done about a claim; `object` is said of one whose approval the other side recorded."""


@require_safe
@page(needs=Permission.REPORTS_READ)
def agreed_exclusions(request: HttpRequest, contract: UUID) -> HttpResponse:
    """What was claimed under one contract; claims under none are approved by nobody, so there is nothing to say."""
    row, actor = _seen(request, contract), actor_of(request)
    listed = _listing(row).page(request, selectors.exclusions().filter(contract=row.id))
    context = {"contract": row, "listing": listed, "can_decide": actor.customer is not None,
               "is_preview": actor.customer is None}  # fmt: skip
    return listed.csv or render(request, "contracts/agreed_exclusions.html", context)


def _listing(row: Contract) -> Listing:
    names = names_in(row)
    return Listing(
        name=f"{row.slug}-agreed-exclusions", caption=_("Exclusions"), order="-start",
        search=("category", "document__evidence"),
        columns=(
            Column("claim__category", _("Category")),
            Column("assets", _("Assets"), value=lambda row: ", ".join(row.assets)),
            Column("claim__start", _("From"), sort="start", kind="moment"),
            Column("claim__end", _("To"), kind="moment"),
            Column("claim__claimed_by", _("Claimed by"), template="contracts/_claimed.html"),
            Column("claim__objection_until", _("Objections until"), is_shown=False),
            Column("state", _("Decision"), template="contracts/_objection.html"),
        ),
        filters=(
            Filter("state", _("Decision"), STATES, lambda rows, state: selectors.in_state(rows, state, utc_now())),
        ),
        decorate=lambda rows: [claim_shown(claim, names) for claim in rows],
    )  # fmt: skip


@require_POST
@page(needs=Permission.REPORTS_READ)
def agreed_exclusion_decide(request: HttpRequest, contract: UUID, exclusion: UUID) -> HttpResponse:
    """Approve a claim for the customer, or object to it, with the reason."""
    actor, form = actor_of(request), ReasonForm(request.POST)
    row = _seen(request, contract)
    if actor.customer is None:
        raise PermissionDenied
    if not selectors.exclusions().filter(contract=row.id, id=exclusion).exists():
        raise Http404
    step = _STEPS.get(request.POST.get("decision", ""))
    try:
        if step is not None and form.is_valid():
            why = form.cleaned_data["why"]
            step(exclusion=exclusion, why=why, by=actor.name, customer=actor.customer, now=utc_now())
            messages.success(request, _("Your decision is in the log; it counts from now on."))
        else:
            take_changes()  # there are none: what was not decided is no deed for the audit
            messages.error(request, _("Nothing was decided. Say why, in at most 500 characters."))
    except OutturnError as error:
        messages.error(request, retold(error))
    return redirect("agreed-exclusions", actor.slug, row.id)


def _seen(request: HttpRequest, contract: UUID) -> Contract:
    try:
        return contract_seen_by(actor_of(request), contract)
    except NotFoundError:
        raise Http404 from None
