"""The page of a new twin: the blueprints to choose from, and the one that is chosen with what can be said about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission
from twins.catalog.schemas import AssetType
from twins.catalog.selectors import resolved_types, templates
from twins.catalog.templates import Kind
from twins.catalog.wording import in_language
from twins.composer import services
from twins.composer.domain.blueprints import compose
from twins.composer.domain.drawing import Drawing, drawing
from twins.composer.domain.operations import apply_all
from twins.composer.schemas import Blueprint, FleetParameters, TwinDocument
from twins.composer.templates import blueprints

EMPTY = ""
"""What stands in an address in place of a blueprint for an empty canvas."""
PREFIX = "parameter_"
_NOBODY = str(UUID(int=0))


@dataclass(frozen=True, slots=True)
class Content:
    """So many assets of a type."""

    count: int
    name: str
    icon: str
    signals: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A blueprint as the page shows it, composed with some parameters.

    Attributes:
        is_own: Whether the organisation keeps it itself.
        pack: The key of the pack that brought it, empty for any other.
    """

    key: str
    name: str
    description: str
    icon: str
    contents: tuple[Content, ...]
    links: int
    drawing: Drawing
    is_own: bool = False
    pack: str = ""

    @property
    def assets(self) -> int:
        """How many assets it makes."""
        return sum(content.count for content in self.contents)

    @property
    def signals(self) -> int:
        """How many signals they have."""
        return sum(content.count * content.signals for content in self.contents)

    @property
    def words(self) -> str:
        """What a search looks at."""
        return " ".join((self.key, self.name, self.description, *(content.name for content in self.contents))).lower()


class TwinForm(forms.Form):
    """What a new twin is called, and what its blueprint asks."""

    name = forms.CharField(max_length=200)

    def __init__(self, blueprint: Blueprint | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = _("As people call it: a fleet, a line, a plant.")
        for key, parameter in (blueprint.parameters if blueprint else {}).items():
            bounds = {"least": parameter.minimum, "most": parameter.maximum}
            self.fields[PREFIX + key] = forms.IntegerField(
                min_value=parameter.minimum, max_value=parameter.maximum, initial=parameter.default,
                label=in_language(parameter.name), help_text=_("From %(least)s to %(most)s.") % bounds,
            )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_EDIT)
def new_twin(request: HttpRequest) -> HttpResponse:
    """The blueprints, or the chosen one; a POST makes the twin, which opens on the canvas."""
    asked = request.POST if request.method == "POST" else request.GET
    if request.method != "POST" and "blueprint" not in asked:
        return _gallery(request)
    blueprint = blueprints().get(asked.get("blueprint", EMPTY))
    if blueprint is None and asked.get("blueprint", EMPTY) != EMPTY:
        raise Http404
    form = TwinForm(blueprint, request.POST if request.method == "POST" else None, initial=_initial(asked, blueprint))
    if request.method == "POST" and form.is_valid():
        try:
            slug = _create(blueprint, form.cleaned_data, by=actor_of(request).name)
        except OutturnError as error:
            form.add_error(None, error.told)
        else:
            return redirect("canvas", actor_of(request).slug, slug)
    try:
        shown = _shown(blueprint, _said(form, blueprint), _types()) if blueprint else None
    except OutturnError as error:  # the types of one of the organisation's own have gone since
        raise Http404 from error
    return render(request, "composer/template.html", {"form": form, "shown": shown}, status=400 if form.errors else 200)


def _gallery(request: HttpRequest) -> HttpResponse:
    words, types, shown = request.GET.get("q", "").strip(), _types(), []
    packs = {row.key: row.pack for row in templates(Kind.BLUEPRINT)}
    for key, blueprint in blueprints().items():
        with suppress(OutturnError):  # one of the organisation's own, whose types have gone since
            drawn = _shown(blueprint, {}, types)
            shown.append(replace(drawn, is_own=packs.get(key) == "", pack=packs.get(key, "")))
    found = [each for each in shown if all(word in each.words for word in words.lower().split())]
    found.sort(key=lambda each: each.name)
    return render(request, "composer/gallery.html", {
        "blueprints": found, "words": words, "can_publish": actor_of(request).may(Permission.TWINS_PUBLISH),
    })  # fmt: skip


def _types() -> dict[str, AssetType]:
    return {ref: resolved.document for ref, resolved in resolved_types().items()}


def _initial(asked: Mapping[str, str], blueprint: Blueprint | None) -> dict[str, int]:
    """The numbers of an address, as far as the blueprint takes them."""
    found: dict[str, int] = {}
    for key, parameter in (blueprint.parameters if blueprint else {}).items():
        said = asked.get(PREFIX + key, "")
        if said.isdecimal() and len(said) < 10 and parameter.minimum <= int(said) <= parameter.maximum:
            found[PREFIX + key] = int(said)
    return found


def _said(form: TwinForm, blueprint: Blueprint) -> dict[str, int]:
    """The parameters that the picture is drawn with."""
    return {key: form.initial[PREFIX + key] for key in blueprint.parameters if PREFIX + key in form.initial}


def _shown(blueprint: Blueprint, said: Mapping[str, int], types: Mapping[str, AssetType]) -> Shown:
    numbers = count(1)
    answers = FleetParameters(name=blueprint.key, parameters=dict(said))
    operations = compose(blueprint, answers, types=types, new_id=lambda: UUID(int=next(numbers)))
    document = apply_all(TwinDocument(twin=_NOBODY, version=0, name=blueprint.key), operations).document
    counted = Counter(asset.type for asset in document.assets.values())
    return Shown(
        key=blueprint.key, name=in_language(blueprint.name), description=in_language(blueprint.description),
        icon=blueprint.icon, contents=tuple(_content(types[ref], number) for ref, number in counted.items()),
        links=len(document.links), drawing=drawing(document, types),
    )  # fmt: skip


def _content(of: AssetType, number: int) -> Content:
    icon = of.appearance.icon if of.appearance else "box"
    return Content(number, in_language(of.name), icon, len(of.signals) + len(of.derived))


def _create(blueprint: Blueprint | None, values: Mapping[str, Any], *, by: str) -> str:
    """The name in addresses of the twin that the form asks for."""
    if blueprint is None:
        return services.create_twin(name=values["name"], now=utc_now()).slug
    parameters = {key: values[PREFIX + key] for key in blueprint.parameters}
    answers = FleetParameters(name=values["name"], parameters=parameters)
    return services.create_fleet(blueprint=blueprint.key, parameters=answers, by=by, now=utc_now()).slug
