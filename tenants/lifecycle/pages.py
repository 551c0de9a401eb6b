"""The pages of support access and of notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tenants.edge.forms import put_error
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.lifecycle import notices as told
from tenants.lifecycle import selectors, support
from tenants.lifecycle.banner import DISMISSED
from tenants.lifecycle.models import Level, NoticeKind, NoticeState, SupportAccess
from tenants.scope.actors import Permission

NEEDS = Permission.ORGANISATION_ADMINISTER
NOTICES = Listing(
    name="notices",
    caption=gettext_lazy("Notices"),
    columns=(
        Column("title", gettext_lazy("Notice"), sort="title"),
        Column("kind", gettext_lazy("Kind"), value=lambda row: row.get_kind_display()),
        Column("state", gettext_lazy("State"), sort="state", value=lambda row: row.get_state_display()),
        Column("severity", gettext_lazy("Severity"), value=lambda row: row.get_severity_display()),
        Column("start", gettext_lazy("From"), sort="start", kind="moment"),
        Column("end", gettext_lazy("To"), kind="moment"),
        Column("text", gettext_lazy("What")),
    ),
    search=("title", "text"),
    filters=(
        Filter("kind", gettext_lazy("Kind"), NoticeKind.choices, lambda rows, value: rows.filter(kind=value)),
        Filter("state", gettext_lazy("State"), NoticeState.choices, lambda rows, value: rows.filter(state=value)),
    ),
    order="-start",
)


class GrantForm(forms.Form):
    """What support is let in to do, and for how long."""

    level = forms.ChoiceField(choices=Level.choices, label=gettext_lazy("What support may do"))
    hours = forms.IntegerField(
        min_value=1, max_value=support.MOST_HOURS, initial=4, label=gettext_lazy("For how many hours")
    )
    reason = forms.CharField(
        min_length=5, max_length=300, label=gettext_lazy("What it is about"),
        help_text=gettext_lazy("Support reads this, and it stands beside every look in your audit."),
    )  # fmt: skip


def _standing(row: SupportAccess) -> tuple[str, Any]:
    """The look of an access, and the word when it is not the look's own."""
    if row.ended_at:
        return ("revoked", "") if row.granted_at else ("cancelled", _("Refused"))
    if row.granted_at is None:
        return "queued", _("Waits for you")
    return ("in_force" if row.expires_at and row.expires_at > utc_now() else "expired"), ""


def _support(request: HttpRequest, form: GrantForm, status: int = 200) -> HttpResponse:
    rows = [
        {"row": row, "state": state, "word": word}
        for row in selectors.support_accesses()[:50]
        for state, word in [_standing(row)]
    ]
    return render(request, "lifecycle/support.html", {"rows": rows, "form": form}, status=status)


@require_safe
@page(needs=NEEDS)
def support_page(request: HttpRequest) -> HttpResponse:
    """Who of support may be in the organisation, and who was."""
    return _support(request, GrantForm())


@require_POST
@page(needs=NEEDS)
def grant(request: HttpRequest) -> HttpResponse:
    """Let support in."""
    actor, form = actor_of(request), GrantForm(request.POST)
    if not form.is_valid():
        return _support(request, form, status=400)
    try:
        support.grant_access(**form.cleaned_data, by=actor.name, now=utc_now())
    except OutturnError as error:
        put_error(form, error)
        return _support(request, form, status=400)
    messages.success(request, _("Support may enter from now on. Every look of theirs stands in your audit."))
    return redirect("support", actor.slug)


@require_POST
@page(needs=NEEDS)
def approve(request: HttpRequest, access: UUID) -> HttpResponse:
    """Let the operator in who asked."""
    actor = actor_of(request)
    return _answered(
        request, lambda: support.approve_access(access=access, by=actor.name, now=utc_now()), _("Support may enter.")
    )


@require_POST
@page(needs=NEEDS)
def revoke(request: HttpRequest, access: UUID) -> HttpResponse:
    """Refuse, or end at once."""
    actor = actor_of(request)
    return _answered(
        request, lambda: support.end_access(access=access, by=actor.name, now=utc_now()), _("Support is out.")
    )


def _answered(request: HttpRequest, deed: Callable[[], object], done: str) -> HttpResponse:
    try:
        deed()
        messages.success(request, done)
    except NotFoundError as error:
        raise Http404 from error
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("support", actor_of(request).slug)


@require_safe
@page(needs=Permission.ORGANISATION_READ)
def notices(request: HttpRequest) -> HttpResponse:
    """What operators told."""
    listing = NOTICES.page(request, selectors.notices())
    if listing.csv:
        return listing.csv
    actor = actor_of(request)
    is_reader = actor.user is not None and selectors.is_reader(actor.user)
    can_mail = actor.may(NEEDS) and actor.user is not None and actor.role != selectors.SUPPORT
    return render(request, "lifecycle/notices.html", {"listing": listing, "is_reader": is_reader, "can_mail": can_mail})


@require_POST
@page(needs=NEEDS)
def mail(request: HttpRequest) -> HttpResponse:
    """Get notices by mail, or not any more."""
    actor, wants = actor_of(request), request.POST.get("wants") == "yes"
    if actor.user is not None and actor.role != selectors.SUPPORT:
        told.set_reader(user=actor.user, wants=wants, by=actor.name, now=utc_now())
        messages.success(request, _("Notices come by mail.") if wants else _("Notices do not come by mail any more."))
    return redirect("notices", actor.slug)


@require_POST
@login_required
def dismiss(request: HttpRequest, notice: UUID) -> HttpResponse:
    """Show a notice no more in this session; what is ongoing and grave stays.

    It stands outside any organisation: it is nobody's data, and many of its readers may only read. Whether there is
    such a notice is not looked up: the time it takes would tell that of other organisations.
    """
    request.session[DISMISSED] = [*request.session.get(DISMISSED, [])[-50:], str(notice)]
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "home")
