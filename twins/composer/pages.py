"""The composer's pages: the twins, a new one, and the canvas."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.people.selectors import site_choices
from tenants.scope.actors import Permission
from twins.composer import selectors
from twins.composer.models import Twin


@require_safe
@page(needs=Permission.TWINS_READ)
def twins(request: HttpRequest) -> HttpResponse:
    """The twins of the organisation."""
    actor = actor_of(request)
    listed = _listing(actor.slug).page(request, selectors.twins_listed())
    context = {"listing": listed, "can_edit": actor.may(Permission.TWINS_EDIT)}
    return listed.csv or render(request, "composer/list.html", context)


def _listing(slug: str) -> Listing:
    def link(row: Twin) -> str:
        return reverse("fleet" if row.published else "canvas", args=[slug, row.slug])

    return Listing(
        name="twins", caption=_("Twins"), order="name", search=("name", "site__name"),
        columns=(
            Column("name", _("Name"), sort="name", link=link),
            Column("state", _("State"), value=lambda row: "published" if row.published else "draft",
                   template="composer/_state.html"),
            Column("published", _("Version"), value=lambda row: row.published or None, is_shown=False),
            Column("site__name", _("Site")),
            Column("assets", _("Assets"), kind="number"),
            Column("updated_at", _("Changed"), sort="updated_at", kind="age"),
        ),
        filters=(
            Filter("state", _("State"), selectors.STATES, selectors.in_state),
            Filter("site", _("Site"), site_choices, lambda rows, value: rows.filter(site=value)),
        ),
    )  # fmt: skip


@require_safe
@page(needs=Permission.TWINS_READ)
def canvas(request: HttpRequest, twin: str) -> HttpResponse:
    """The canvas on which a twin is composed."""
    actor, found = actor_of(request), selectors.twin_by_slug(twin)
    if found is None:
        raise Http404
    config = {
        "api": f"/t/{actor.slug}/api/v1",
        "twin": str(found.id),
        "live": f"/t/{actor.slug}/live/twins/{found.id}/",
        "person": str(actor.user),
        "author": actor.name,
        "can_edit": actor.may(Permission.TWINS_EDIT),
        "can_publish": actor.may(Permission.TWINS_PUBLISH),
        "urls": {
            "twin": reverse("twins", args=[actor.slug]),
            "catalogue": reverse("catalogue", args=[actor.slug]),
            "gallery": reverse("new-twin", args=[actor.slug]),
            "gateways": reverse("gateways", args=[actor.slug]),
            "versions": reverse("twin-versions", args=[actor.slug, found.slug]),
            # The browser puts the version that is published then in the place of 0.
            "blueprint": reverse("blueprint-save", args=[actor.slug, found.slug, 0]),
        },
    }
    return render(request, "composer/canvas.html", {"twin": found, "composer_config": config})
