"""The page on which a report is shown to guests: its links, what was opened by them, and a form for another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from billing.reports import links, selectors
from billing.reports.models import Report, ReportLink
from billing.statements.lists import name_of
from tenants.edge.forms import put_error
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Actor, Permission

MOST_OPENINGS = 50
"""Openings that the page tells, the latest."""


class LinkForm(forms.Form):
    """A link for a guest."""

    name = forms.CharField(
        max_length=120, label=gettext_lazy("For whom"),
        help_text=gettext_lazy("So that you know it again. Guests do not see this."),
    )  # fmt: skip
    days = forms.IntegerField(
        min_value=1, max_value=links.MOST_DAYS, label=gettext_lazy("In force for"),
        help_text=gettext_lazy("At most 90 days; it can be revoked at any time."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days: Any = self.fields["days"]
        days.unit = _("days")


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.REPORTS_READ)
def share(request: HttpRequest, report: UUID) -> HttpResponse:
    """The links of a report; the answer that makes one shows its address, once."""
    actor, row = _sharer(request), _report(request, report)
    form = LinkForm(request.POST if request.method == "POST" else None, initial={"days": links.USUAL_DAYS})
    address = ""
    if request.method == "POST" and form.is_valid():
        try:
            _made, address = links.make_link(report=row.id, by=actor, now=utc_now(), **form.cleaned_data)
            form = LinkForm(initial={"days": links.USUAL_DAYS})
        except OutturnError as error:
            put_error(form, error)
    context = {"report": row, "name": name_of(row.statement), "form": form, "secret": address, **_told(actor, row)}
    return render(request, "reports/share.html", context, status=400 if form.errors else 200)


@require_POST
@page(needs=Permission.REPORTS_READ)
def revoke(request: HttpRequest, link: UUID) -> HttpResponse:
    """End a link."""
    actor = _sharer(request)
    try:
        row = links.revoke_link(link=link, by=actor, now=utc_now())
    except NotFoundError:
        raise Http404 from None
    messages.success(request, _("The link for %(name)s leads nowhere any more.") % {"name": row.name})
    return redirect("report-share", actor.slug, row.report_id)


def _told(actor: Actor, row: Report) -> dict[str, Any]:
    now = utc_now()
    told = links.links_told(actor, row.id)
    for each in told:
        each.state = _state(each, now)  # type: ignore[attr-defined]
        each.is_ours = each.customer_id == actor.customer  # type: ignore[attr-defined]
    return {"links": told, "openings": links.openings_told(actor, row.id, MOST_OPENINGS)}


def _state(link: ReportLink, now: Any) -> str:
    if link.revoked_at is not None:
        return "revoked"
    return "expired" if link.expires_at <= now else "in_force"


def _sharer(request: HttpRequest) -> Actor:
    """Who asks, when they may show reports to guests; others do not even see the links."""
    actor = actor_of(request)
    if not links.may_share(actor):
        raise PermissionDenied
    return actor


def _report(request: HttpRequest, report: UUID) -> Report:
    try:
        return selectors.report(report, actor_of(request).customer)
    except NotFoundError:
        raise Http404 from None
