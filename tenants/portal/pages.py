"""The first pages: choosing or making an organisation, the overview, errors."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tenants.domains.hosts import home_at
from tenants.edge.forms import put_error
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.jobs.selectors import jobs_seen_by
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.people.domain import suggested_address
from tenants.people.models import User
from tenants.people.schemas import Organisation
from tenants.people.selectors import organisations
from tenants.people.services import check_trials, create_organisation
from tenants.portal.jobs import card
from tenants.portal.overview import tiles
from tenants.portal.registry import admin_pages, personal_pages
from tenants.portal.search import beginnings
from tenants.scope.actors import Permission, Role
from tenants.signon.sessions import session_reaches


class OrganisationForm(forms.Form):
    """The two questions that start an organisation."""

    name = forms.CharField(
        max_length=120, label=_("Name of the organisation"),
        help_text=_("In any script; people you invite see it."),
    )  # fmt: skip
    address = forms.CharField(
        max_length=50, required=False, label=_("Its address"),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "data-address-of": "id_name"}),
        help_text=_("Small Latin letters, digits and hyphens. It stands in every link; made of the name when empty."),
    )  # fmt: skip

    def put(self, error: OutturnError) -> None:
        """Show what was refused; an address that was left to us to make stands in its field then, to be changed."""
        if error.place == "address" and not self.cleaned_data["address"]:
            self.data = {**self.data.dict(), "address": suggested_address(self.cleaned_data["name"])}  # type: ignore[attr-defined]
        put_error(self, error)


def _person(request: HttpRequest) -> UUID:
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    return user.id


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """Send a person to their organisation, or let them choose or make one."""
    mine = [each for each in organisations(_person(request)) if session_reaches(request.session, each.tenant)]
    if (at := home_at(request)) is not None:
        mine = [each for each in mine if each.tenant == at.tenant]
        if not mine:
            raise Http404
    if request.method != "POST" and len(mine) == 1 and (at is not None or "choose" not in request.GET):
        first = mine[0]
        return redirect("reports" if first.role == Role.CUSTOMER else "overview", first.slug)
    if request.method != "POST" and "choose" not in request.GET and (page_of_all := _page_of_all(mine)):
        return redirect(page_of_all)
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            check_trials(mine)
            tenant = create_organisation(**form.cleaned_data, owner=_person(request), now=utc_now())
            return redirect("overview", tenant.slug)
        except OutturnError as error:
            form.put(error)
    status = 400 if form.errors else 200
    return render(request, "portal/home.html", {"organisations": mine, "form": form}, status=status)


def _page_of_all(mine: Sequence[Organisation]) -> str | None:
    """The page on which somebody begins who is the same in all of their organisations, by the name of its view."""
    roles = {each.role for each in mine}
    found = personal_pages(roles) if len(roles) == 1 else []
    return found[0].view if found else None


@require_safe
@page(needs=Permission.ORGANISATION_READ)
def overview(request: HttpRequest) -> HttpResponse:
    """What matters now, in figures that each open to their page, and the jobs."""
    actor = actor_of(request)
    figures, jobs = tiles(actor), [card(job, actor) for job in jobs_seen_by(actor)[:8]]
    begin = () if figures or jobs else beginnings(actor)
    return render(request, "portal/overview.html", {"tiles": figures, "jobs": jobs, "begin": begin})


@require_safe
@page(needs=Permission.ORGANISATION_READ)
def administration(request: HttpRequest) -> HttpResponse:
    """The first page of the administration that the viewer may see."""
    actor = actor_of(request)
    for _group, found in admin_pages(actor):
        return redirect(found[0].view, actor.slug)
    raise PermissionDenied
