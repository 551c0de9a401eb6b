"""The first pages: choosing or making an organisation, the overview, errors."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.jobs.selectors import jobs
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.people.models import User
from tenants.people.selectors import organisations
from tenants.people.services import create_organisation
from tenants.portal.jobs import card
from tenants.portal.overview import tiles
from tenants.scope.actors import Permission, Role


class OrganisationForm(forms.Form):
    """The one question that starts an organisation."""

    name = forms.CharField(
        max_length=120,
        label="Name of the organisation",
        help_text="It becomes part of its address; people you invite see it.",
    )


def _person(request: HttpRequest) -> UUID:
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    return user.id


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """Send a person to their organisation, or let them choose or make one."""
    mine = organisations(_person(request))
    if request.method != "POST" and len(mine) == 1 and "choose" not in request.GET:
        first = mine[0]
        return redirect("reports" if first.role == Role.CUSTOMER else "overview", first.slug)
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            tenant = create_organisation(name=form.cleaned_data["name"], owner=_person(request), now=utc_now())
            return redirect("overview", tenant.slug)
        except OutturnError as error:
            form.add_error("name", f"{error.message}. {error.fix}")
    status = 400 if form.errors else 200
    return render(request, "portal/home.html", {"organisations": mine, "form": form}, status=status)


@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """What a person may change about themselves."""
    return render(request, "portal/account.html", {"organisations": organisations(_person(request))})


@require_safe
@page(needs=Permission.READ)
def overview(request: HttpRequest) -> HttpResponse:
    """What matters now, in figures that each open to their page, and the jobs."""
    actor = actor_of(request)
    return render(
        request, "portal/overview.html", {"tiles": tiles(actor.slug), "jobs": [card(job, actor) for job in jobs()[:8]]}
    )
