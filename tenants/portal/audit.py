"""The audit: who did what, when, from where, and that none of it was changed since."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing, Rows
from tenants.edge.permissions import page
from tenants.jobs.selectors import jobs
from tenants.jobs.services import start_job
from tenants.kernel.clock import utc_now
from tenants.portal.jobs import card
from tenants.record.models import AuditEntry
from tenants.record.selectors import audit_entries, audit_entry, latest_head, places_in_log
from tenants.record.verification import KIND, head_fault, is_unchanged
from tenants.scope.actors import Permission

SUBJECTS = (
    ("member", _("People")), ("person", _("Sign-ins")), ("role", _("Roles")), ("key", _("Keys")),
    ("service", _("Service accounts")), ("gateway", _("Gateways")), ("twin", _("Twins")), ("plan", _("Plans")),
    ("contract", _("Contracts")), ("exclusion", _("Exclusions")), ("statement", _("Statements")),
    ("invoice", _("Invoices")), ("report", _("Reports")), ("customer", _("Customers")),
    ("organisation", _("Organisation")),
)  # fmt: skip


def _url(slug: str, row: AuditEntry) -> str:
    return reverse("audit-entry", args=[slug, row.id])


def _about(rows: Rows, value: str) -> Rows:
    return rows.filter(action__startswith=f"{value}.")


def _listing(slug: str) -> Listing:
    return Listing(
        name="audit",
        caption=_("Audit"),
        columns=(
            Column("at", _("When"), sort="at", kind="moment", link=lambda row: _url(slug, row)),
            Column("by", _("Who"), sort="by"),
            Column("action", _("What"), sort="action"),
            Column("subject", _("On what"), kind="code"),
            Column("address", _("From"), kind="code"),
            Column("request_id", _("Request"), kind="code", is_shown=False),
        ),
        order="-at",
        search=("by", "action", "subject", "address", "request_id"),
        filters=(Filter("about", _("About"), SUBJECTS, _about),),
    )  # fmt: skip


@require_safe
@page(needs=Permission.AUDIT_READ)
def audit(request: HttpRequest) -> HttpResponse:
    """What was done in the organisation, and whether the log that vouches for it verifies."""
    actor = actor_of(request)
    listed = _listing(actor.slug).page(request, audit_entries())
    if listed.csv is not None:
        return listed.csv
    checks = jobs().filter(kind=KIND)[:1]
    head = latest_head()
    context = {
        "listing": listed, "head": head, "fault": head_fault(head), "check": card(checks[0], actor) if checks else None,
    }  # fmt: skip
    return render(request, "portal/audit.html", context)


@require_safe
@page(needs=Permission.AUDIT_READ)
def entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """One entry: what it changed, before and after, and where it stands in the log."""
    found = audit_entry(entry_id)
    if found is None:
        raise Http404
    place = places_in_log([bytes(found.digest)]).get(bytes(found.digest))
    context = {
        "entry": found, "place": place, "digest": bytes(found.digest).hex(), "is_unchanged": is_unchanged(found),
        "details": [(key, _shown(value)) for key, value in found.details.items()],
        "rows": [_changed(row) for row in found.changes],
    }  # fmt: skip
    return render(request, "portal/audit_entry.html", context)


@require_POST
@page(needs=Permission.AUDIT_READ)
def verify(request: HttpRequest) -> HttpResponse:
    """Check the whole log, entry by entry; the page shows how far it is and what came out."""
    actor = actor_of(request)
    start_job(kind=KIND, params={}, by=actor.name, now=utc_now())
    messages.info(request, gettext("Every entry of the log is being checked."))
    return redirect("audit", actor.slug)


def _changed(row: dict[str, Any]) -> dict[str, Any]:
    before, after = row.get("before"), row.get("after")
    names = sorted({*(before or {}), *(after or {})})
    pairs = [(name, _shown((before or {}).get(name)), _shown((after or {}).get(name))) for name in names]
    deed = _("added") if before is None else _("removed") if after is None else _("changed")
    return {"name": row["row"], "deed": deed, "pairs": pairs}


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
