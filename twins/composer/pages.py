"""The composer's pages: the twins, a new one, and the canvas."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tenants.edge.forms import SHELL, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.people.selectors import site_choices
from tenants.scope.actors import Permission
from twins.composer import selectors, services
from twins.composer.blueprints import built_in_blueprints
from twins.composer.models import Twin
from twins.composer.schemas import FleetParameters

EMPTY = ""


class TwinForm(forms.Form):
    """What a new twin is made of."""

    name = forms.CharField(max_length=200, help_text="As people call it: a fleet, a line, a plant.")
    blueprint = forms.ChoiceField(required=False, help_text="Start from a blueprint, or from an empty canvas.")
    count = forms.IntegerField(
        min_value=1, max_value=500, initial=1, label="Number of assets", help_text="How many the blueprint lays out."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(each.key, each.name["en"]) for each in built_in_blueprints().values()]
        self.fields["blueprint"].choices = [*choices, (EMPTY, "An empty canvas")]  # type: ignore[attr-defined]


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


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_EDIT)
def new_twin(request: HttpRequest) -> HttpResponse:
    """A new twin, which opens on the canvas."""
    form = TwinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("canvas", actor_of(request).slug, _create(form.cleaned_data, by=actor_of(request).name))
        except OutturnError as error:
            form.add_error(None, error.told)
    return show_form(
        request, form, title=_("New twin"), submit=_("Open on the canvas"), frame=SHELL,
        back=(_("Twins"), reverse("twins", args=[actor_of(request).slug])),
    )  # fmt: skip


def _create(values: dict[str, Any], *, by: str) -> str:
    """The name in addresses of the twin that the form asks for."""
    if values["blueprint"] == EMPTY:
        return services.create_twin(name=values["name"], now=utc_now()).slug
    parameters = FleetParameters(name=values["name"], count=values["count"])
    return services.create_fleet(blueprint=values["blueprint"], parameters=parameters, by=by, now=utc_now()).slug


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
        "can_edit": actor.may(Permission.TWINS_EDIT),
        "can_publish": actor.may(Permission.TWINS_PUBLISH),
        "urls": {
            "twin": reverse("twins", args=[actor.slug]),
            "catalogue": reverse("catalogue", args=[actor.slug]),
        },
    }
    return render(request, "composer/canvas.html", {"twin": found, "composer_config": config})
