"""The pages of blueprints that an organisation keeps: saving a version as one, and taking one out of the gallery."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from tenants.edge.forms import SHELL, NamedConfirmForm, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission
from twins.catalog.keyed_forms import KeyedForm, key_field
from twins.composer.blueprinting import BlueprintOfPackError, own_blueprint, remove_blueprint, save_blueprint
from twins.composer.selectors import twin_by_slug
from twins.composer.versions import version_of

MOST_LETTERS = 400_000
"""Of the ids of chosen assets: those of ten thousand."""


class BlueprintForm(KeyedForm):
    """What a blueprint is called, and what it is made of."""

    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("As it stands in the gallery."))
    key = key_field(_("How packs and the API mean it. Made from the name when you give none."))
    description = forms.CharField(
        label=_("Description"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What kind of plant it is for."),
    )  # fmt: skip
    assets = forms.CharField(max_length=MOST_LETTERS, required=False, widget=forms.HiddenInput)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_PUBLISH)
def save(request: HttpRequest, twin: str, number: int) -> HttpResponse:
    """Save a version as a blueprint; a POST of `assets` alone, as the canvas sends it, asks what it is to be called."""
    actor, row = actor_of(request), twin_by_slug(twin)
    found = version_of(row.id, number) if row is not None and number < 2**31 else None
    if row is None or found is None:
        raise Http404
    chosen = request.POST.get("assets", "")[:MOST_LETTERS]
    is_asked = request.method == "POST" and "name" in request.POST
    form = BlueprintForm(request.POST if is_asked else None, initial={"assets": chosen, "name": row.name})
    if is_asked and form.is_valid():
        values = form.cleaned_data
        try:
            made = save_blueprint(
                twin=row.id, version=number, key=values["key"], name=values["name"], by=actor.name, now=utc_now(),
                description=values["description"], assets=frozenset(values["assets"].split()),
            )  # fmt: skip
        except OutturnError as error:
            form.add_error("key" if error.place == "key" else None, error.told)
            for finding in error.findings[1:]:
                form.add_error(None, finding.message)
        else:
            told = gettext("“%(name)s” stands in the gallery now.") % {"name": values["name"]}
            messages.success(request, told)
            return redirect(f"{reverse('new-twin', args=[actor.slug])}?blueprint={made.key}")
    return show_form(
        request, form, title=_("Save as a blueprint"), submit=_("Save the blueprint"), frame=SHELL,
        intro=_intro(row.name, number, len(chosen.split())),
        back=(gettext("Version %(number)s") % {"number": number},
              reverse("twin-version", args=[actor.slug, row.slug, number])),
    )  # fmt: skip


def _intro(name: str, number: int, chosen: int) -> str:
    what = (
        ngettext(
            "%(count)s chosen asset of version %(number)s of “%(name)s”.",
            "%(count)s chosen assets of version %(number)s of “%(name)s”.",
            chosen,
        )
        if chosen
        else gettext("All of version %(number)s of “%(name)s”.")
    ) % {"count": chosen, "number": number, "name": name}
    left = gettext(
        "Names, properties, links, groups and places are kept. Bindings, gateways and images are not: "
        "they belong to this plant."
    )
    return f"{what} {left}"


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_PUBLISH)
def remove(request: HttpRequest, key: str) -> HttpResponse:
    """Ask before a blueprint is taken out of the gallery."""
    actor = actor_of(request)
    try:
        row = own_blueprint(key)
    except BlueprintOfPackError as error:
        messages.error(request, f"{error.told} {error.fix}")
        return redirect("new-twin", actor.slug)
    except OutturnError:
        raise Http404 from None
    form = NamedConfirmForm(request.POST or None, name=row.name)
    if request.method == "POST" and form.is_valid():
        remove_blueprint(key=key)
        messages.success(request, _("“%(name)s” is removed. Twins that were made from it stay.") % {"name": row.name})
        return redirect("new-twin", actor.slug)
    return show_confirm(
        request, form, title=_("Remove the blueprint “%(name)s”") % {"name": row.name},
        what=_("It goes from the gallery and from new packs. Twins that were made from it stay."),
        undo=_("It cannot be undone, but it can be saved again from a version of a twin."), submit=_("Remove"),
        back=(gettext("New twin"), reverse("new-twin", args=[actor.slug])),
    )  # fmt: skip
