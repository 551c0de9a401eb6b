"""Sites and spaces: where the twins stand, and what is tried out apart from what runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from tenants.edge.forms import NamedConfirmForm, put_error, show_confirm
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.people.models import Site, Space, SpaceKind
from tenants.people.places import twin_counts, twin_places
from tenants.people.selectors import sites, spaces
from tenants.people.sites import create_space, delete_site, delete_space, place_twin, save_site
from tenants.scope.actors import Permission

ADMINISTER = Permission.ORGANISATION_ADMINISTER


class SpaceForm(forms.Form):
    """A new space."""

    name = forms.CharField(max_length=60, label=_("Name"))
    kind = forms.ChoiceField(
        choices=SpaceKind.choices, label=_("For"), help_text=_("What runs, or what is tried out apart from it.")
    )


class SiteForm(forms.Form):
    """The facts about a site."""

    name = forms.CharField(max_length=120, label=_("Name"))
    space = forms.ChoiceField(label=_("Space"))
    address = forms.CharField(max_length=200, required=False, label=_("Address"))
    time_zone = forms.CharField(
        max_length=64, initial="UTC", label=_("Time zone"), help_text=_("A name such as Europe/Berlin.")
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["space"].choices = [(str(each.id), each.name) for each in spaces()]  # type: ignore[attr-defined]


class TwinForm(forms.Form):
    """A twin that comes to stand at a site."""

    twin = forms.ChoiceField(label=_("Twin"))

    def __init__(self, *args: object, site: UUID, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        others = [(str(each.twin), each.name) for each in twin_places() if each.site != site]
        self.fields["twin"].choices = others  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=ADMINISTER)
def all_sites(request: HttpRequest) -> HttpResponse:
    """The spaces, the list of sites with how many twins stand at each, and a form for a new space."""
    actor = actor_of(request)
    form = SpaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            kind = SpaceKind(form.cleaned_data["kind"])
            create_space(name=form.cleaned_data["name"], kind=kind, by=actor.name, now=utc_now())
            return redirect("sites", actor.slug)
        except OutturnError as error:
            form.add_error("name", error.told)
    within, standing = list(spaces().annotate(count=Count("sites"))), twin_counts()
    listed = _listing(actor.slug, within, standing).page(request, sites())
    context = {"listing": listed, "spaces": within, "nowhere": standing.get(None, 0), "form": form}
    return listed.csv or render(request, "portal/sites.html", context, status=400 if form.errors else 200)


def _listing(slug: str, within: Sequence[Space], standing: Mapping[UUID | None, int]) -> Listing:
    return Listing(
        name="sites", caption=_("Sites"), order="name", search=("name", "address"),
        columns=(
            Column("name", _("Name"), sort="name", link=lambda row: reverse("site", args=[slug, row.id])),
            Column("space__name", _("Space"), sort="space__name"),
            Column("address", _("Address")),
            Column("time_zone", _("Time zone"), sort="time_zone"),
            Column("twins", _("Twins"), kind="number", value=lambda row: standing.get(row.id, 0)),
            Column("created_at", _("Made"), sort="created_at", kind="moment"),
        ),
        filters=(
            Filter("space", _("Space"), [(str(each.id), each.name) for each in within],
                   lambda rows, value: rows.filter(space=value)),
        ),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=ADMINISTER)
def new_site(request: HttpRequest) -> HttpResponse:
    """A new site."""
    return _edited(request, SiteForm(request.POST or None, initial={"space": request.GET.get("space", "")}), None)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=ADMINISTER)
def site(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """A site: its facts, to be changed, and the twins that stand there."""
    found = _found(site_id)
    start = {"name": found.name, "space": found.space_id, "address": found.address, "time_zone": found.time_zone}
    return _edited(request, SiteForm(request.POST or None, initial=start), found)


@require_POST
@page(needs=ADMINISTER)
def move(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """Put a twin at a site, or take it away from there (`away`)."""
    actor, found = actor_of(request), _found(site_id)
    is_away = "away" in request.POST
    form = TwinForm({"twin": request.POST.get("away") or request.POST.get("twin")}, site=found.id)
    known = {str(each.twin): each for each in twin_places()}
    chosen = known.get(form.data["twin"] or "")
    if chosen is None:
        raise Http404
    place_twin(twin=chosen.twin, site=None if is_away else found.id, by=actor.name, now=utc_now())
    said = gettext("%s stands at no site now.") if is_away else gettext("%s stands here now.")
    messages.success(request, said % chosen.name)
    return redirect("site", actor.slug, found.id)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=ADMINISTER)
def remove_site(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """Take a site away, once its name has been typed."""
    actor, found = actor_of(request), _found(site_id)
    form = NamedConfirmForm(request.POST or None, name=found.name)
    if request.method == "POST" and form.is_valid():
        try:
            delete_site(site=found.id, by=actor.name, now=utc_now())
            messages.success(request, gettext("The site “%s” is gone.") % found.name)
            return redirect("sites", actor.slug)
        except OutturnError as error:
            form.add_error("typed", error.told)
    return show_confirm(
        request, form, title=gettext("Delete the site “%s”") % found.name, submit=_("Delete the site"),
        back=(found.name, reverse("site", args=[actor.slug, found.id])),
        what=_("No twin may stand there and nobody may be held to it when it goes."),
        undo=_("This cannot be undone, but the site can be made again."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=ADMINISTER)
def remove_space(request: HttpRequest, space_id: UUID) -> HttpResponse:
    """Take an empty space away, once its name has been typed."""
    actor = actor_of(request)
    found = spaces().filter(id=space_id).first()
    if found is None:
        raise Http404
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=found.name)
    if request.method == "POST" and form.is_valid():
        try:
            delete_space(space=found.id, by=actor.name, now=utc_now())
            messages.success(request, gettext("The space “%s” is gone.") % found.name)
            return redirect("sites", actor.slug)
        except OutturnError as error:
            form.add_error("typed", error.told)
    return show_confirm(
        request, form, title=gettext("Delete the space “%s”") % found.name, submit=_("Delete the space"),
        back=(_("Sites"), reverse("sites", args=[actor.slug])),
        what=_("No site may lie in it when it goes; nothing else is touched."),
        undo=_("This cannot be undone, but a space of the same name can be made again."),
    )  # fmt: skip


def _found(site_id: UUID) -> Site:
    found = sites().filter(id=site_id).first()
    if found is None:
        raise Http404
    return found


def _edited(request: HttpRequest, form: SiteForm, found: Site | None) -> HttpResponse:
    actor = actor_of(request)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            saved = save_site(
                site=None if found is None else found.id, space=UUID(values["space"]), name=values["name"],
                address=values["address"], time_zone=values["time_zone"], by=actor.name, now=utc_now(),
            )  # fmt: skip
            messages.success(request, gettext("“%s” is saved.") % saved.name)
            return redirect("site", actor.slug, saved.id)
        except OutturnError as error:
            put_error(form, error)
    context: dict[str, Any] = {"form": form, "site": found}
    if found is not None:
        context |= {
            "here": [each for each in twin_places() if each.site == found.id],
            "twin_form": TwinForm(site=found.id),
        }
    return render(request, "portal/site.html", context, status=400 if form.errors else 200)
