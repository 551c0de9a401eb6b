"""The pages of contracts: the list, a new one from the template, and one with its text and versions."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from billing.contracts import selectors, services
from billing.contracts.models import Contract
from billing.contracts.offers import draft_replaces, replaced_by, standings
from billing.contracts.wording import describe
from tenants.customers.selectors import customer_choices
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission
from twins.composer.selectors import STATES, in_state, twin_choices


@require_safe
@page(needs=Permission.CONTRACTS_READ)
def contracts(request: HttpRequest) -> HttpResponse:
    """The contracts of the organisation."""
    actor = actor_of(request)
    listed = _listing(actor.slug).page(request, selectors.contracts().defer("draft", "twin__draft"))
    context = {"listing": listed, "can_edit": actor.may(Permission.CONTRACTS_EDIT)}
    return listed.csv or render(request, "contracts/list.html", context)


def _listing(slug: str) -> Listing:
    return Listing(
        name="contracts", caption=_("Contracts"), order="title", search=("title", "customer__name", "twin__name"),
        columns=(
            Column("title", _("Title"), sort="title", link=lambda row: reverse("contract", args=[slug, row.slug])),
            Column("customer__name", _("Customer")),
            Column("twin__name", _("Twin")),
            Column("state", _("State"), value=lambda row: "published" if row.published else "draft",
                   template="contracts/_state.html"),
            Column("published", _("Version"), value=lambda row: row.published or None, is_shown=False),
            Column("updated_at", _("Changed"), sort="updated_at", kind="age"),
        ),
        filters=(
            Filter("state", _("State"), STATES, in_state),
            Filter("customer", _("Customer"), customer_choices, lambda rows, value: rows.filter(customer=value)),
            Filter("twin", _("Twin"), twin_choices, lambda rows, value: rows.filter(twin=value)),
        ),
    )  # fmt: skip


@require_safe
@page(needs=Permission.CONTRACTS_READ)
def contract(request: HttpRequest, contract: str) -> HttpResponse:
    """One contract: its text, its figures, its versions."""
    row, actor = contract_named(contract), actor_of(request)
    told = standings(row.id, utc_now())
    versions = [one.row for one in told]
    is_draft = row.revision != row.published_revision
    agreement = selectors.draft_of(row) if is_draft or not versions else selectors.agreement_of(versions[0])
    context = {
        "contract": row,
        "agreement": agreement,
        "sentences": describe(agreement),
        "standings": told,
        "replaces": draft_replaces(row) if is_draft else None,
        "is_draft": is_draft,
        "can_edit": actor.may(Permission.CONTRACTS_EDIT),
        "can_publish": is_draft and actor.may(Permission.CONTRACTS_PUBLISH),
        "can_delete": not versions and actor.may(Permission.CONTRACTS_EDIT),
    }
    return render(request, "contracts/detail.html", context)


@require_POST
@page(needs=Permission.CONTRACTS_PUBLISH)
def publish(request: HttpRequest, contract: str) -> HttpResponse:
    """Publish the draft that the person has read."""
    row, actor = contract_named(contract), actor_of(request)
    seen = request.POST.get("revision", "")
    try:
        revision = int(seen) if seen.isdecimal() and len(seen) < 10 else -1
        version = services.publish_contract(contract=row.id, revision=revision, by=actor.name, now=utc_now())
        done = f"Version {version.version} is published. It is in the log and never changes."
        messages.success(request, " ".join(filter(None, (done, replaced_by(version)))))
        if version.needs_acceptance:
            messages.info(request, "It waits for the customer, who reads and accepts it in their portal.")
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("contract", actor.slug, row.slug)


@require_POST
@page(needs=Permission.CONTRACTS_EDIT)
def delete(request: HttpRequest, contract: str) -> HttpResponse:
    """Delete a contract that was never published."""
    row, actor = contract_named(contract), actor_of(request)
    try:
        services.delete_contract(contract=row.id, by=actor.name, now=utc_now())
        messages.success(request, f"The draft {row.title} lies in the trash for 30 days.")
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("contract", actor.slug, row.slug)
    return redirect("contracts", actor.slug)


def contract_named(slug: str) -> Contract:
    """The contract of that name in addresses.

    Raises:
        Http404: There is none.
    """
    found = selectors.contract_by_slug(slug)
    if found is None:
        raise Http404
    return found
