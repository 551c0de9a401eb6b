"""The audit: who did what, when, from where, and that none of it was changed since."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, TextField
from django.db.models.functions import Cast
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
from tenants.record.monitoring import KIND
from tenants.record.selectors import audit_entries, audit_entry, latest_head, places_in_log
from tenants.record.verification import head_fault, is_unchanged
from tenants.scope.actors import Permission

AREAS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "people": (_("People and invitations"), ("member", "person", "invitation", "scim", "placement")),
    "sign-ins": (_("Sign-ins"), ("sign_in", "sign_on", "password", "factor")),
    "roles": (_("Roles"), ("role",)),
    "keys": (_("Keys and service accounts"), ("key", "service")),
    "gateways": (_("Gateways"), ("gateway",)),
    "alarms": (_("Alarms"), ("alarm", "alarm_rule")),
    "twins": (_("Twins"), ("twin", "canvas", "asset", "event", "blueprint", "annotation", "dashboard")),
    "sites": (_("Sites and spaces"), ("site", "space")),
    "plans": (_("Plans and health"), ("plan", "order", "work", "model", "prediction")),
    "contracts": (_("Contracts and exclusions"), ("contract", "exclusion", "dispute", "correction")),
    "money": (
        _("Statements and invoices"),
        ("statement", "invoice", "credit_note", "entity", "payment", "dunning", "settlement", "restatement", "fee"),
    ),
    "reports": (_("Reports"), ("report",)),
    "customers": (_("Customers and what they see"), ("customer", "view")),
    "data": (_("Export, trash and erasure"), ("export", "retention", "trash")),
    "support": (_("Support"), ("support",)),
    "organisation": (
        _("Organisation"),
        ("organisation", "plan.changed", "limit", "brand", "domain", "agreement", "notices", "audit", "job", "log"),
    ),
}  # fmt: skip
"""What the audit can be narrowed to: a word for it, and what the actions of it begin with."""
DEEDS = ("trashed", "restored", "erased")
"""Actions that belong to export, trash and erasure, whatever they are done to."""
LAST = {"1": _("Last 24 hours"), "7": _("Last 7 days"), "30": _("Last 30 days"), "365": _("Last 12 months")}


def _url(slug: str, row: AuditEntry) -> str:
    return reverse("audit-entry", args=[slug, row.id])


def _about(rows: Rows, value: str) -> Rows:
    found = reduce(or_, (Q(action__startswith=each if "." in each else f"{each}.") for each in AREAS[value][1]))
    if value == "data":
        found |= reduce(or_, (Q(action__endswith=f".{each}") for each in DEEDS))
    return rows.filter(found)


def _months() -> list[tuple[str, Any]]:
    """The months of the last year, the newest first, as ``2026-11``; in UTC as the moments on the page."""
    now = utc_now()
    months = [now.year * 12 + now.month - 1 - back for back in range(12)]
    names = [f"{month // 12:04}-{month % 12 + 1:02}" for month in months]
    return list(zip(names, names, strict=True))


def _when(rows: Rows, value: str) -> Rows:
    if value in LAST:
        return rows.filter(at__gte=utc_now() - timedelta(days=int(value)))
    year, month = map(int, value.split("-"))
    start = datetime(year, month, 1, tzinfo=UTC)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return rows.filter(at__gte=start, at__lt=end)


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
            Column("details", _("Details"), value=lambda row: _told(row.details), is_shown=False),
            Column("changes", _("Changes"), value=lambda row: _told(row.changes), is_shown=False),
            Column("digest", _("Digest"), value=lambda row: bytes(row.digest).hex(), is_shown=False),
        ),
        order="-at",
        search=("by", "action", "subject", "address", "request_id", "told"),
        filters=(
            Filter("about", _("About"), [(key, word) for key, (word, _prefixes) in AREAS.items()], _about),
            Filter("when", _("When"), lambda: [*LAST.items(), *_months()], _when),
        ),
    )  # fmt: skip


@require_safe
@page(needs=Permission.AUDIT_READ)
def audit(request: HttpRequest) -> HttpResponse:
    """What was done in the organisation, and whether the log that vouches for it verifies."""
    actor = actor_of(request)
    listed = _listing(actor.slug).page(request, _searchable(audit_entries()))
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
    start_job(kind=KIND, params={"by": actor.name}, by=actor.name, now=utc_now())
    messages.info(request, gettext("Every entry of the log is being checked."))
    return redirect("log" if request.POST.get("next") == "log" else "audit", actor.slug)


def _searchable(rows: Rows) -> Rows:
    """The entries with their details as text, in which names and addresses of mail are looked for."""
    found: Rows = rows.alias(told=Cast("details", TextField()))
    return found


def _told(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""


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
