"""The pages of solution packs: what is installed, installing one after a look into it, and making one."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.forms import SHELL, NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Actor, Permission
from twins.catalog.domain.reading import read_json
from twins.catalog.keyed_forms import key_field
from twins.catalog.wording import in_language
from twins.packs import selectors, services
from twins.packs.examples import example_packs
from twins.packs.exporting import make_pack
from twins.packs.models import Pack
from twins.packs.schemas import LARGEST_PACK, Chosen, Made, PackDocument

SECTIONS = {
    "types": _("Asset types"), "blueprints": _("Blueprints"), "dashboards": _("Dashboards"),
    "alarms": _("Alarm rules"), "contracts": _("Templates of contracts"),
}  # fmt: skip


class PackForm(forms.Form):
    """A pack, as a file or as text."""

    file = forms.FileField(
        label=_("File"), required=False, help_text=_("A pack as it was downloaded, JSON of at most 5 MB."),
        widget=forms.FileInput(attrs={"accept": "application/json,.json"}),
    )  # fmt: skip
    text = forms.CharField(
        label=_("Or its text"), required=False, max_length=LARGEST_PACK, strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "class": "font-monospace"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Take the text from the file, and refuse neither and what is too large."""
        values: dict[str, Any] = super().clean() or {}
        file = values.get("file")
        if file is not None and file.size > LARGEST_PACK:
            self.add_error("file", _("The file is larger than 5 MB. Nothing was installed."))
        elif file is not None:
            values["text"] = file.read().decode("utf-8", "replace")
        if not self.errors and not values.get("text", "").strip():
            self.add_error("file", _("Choose a file, or paste its text."))
        return values

    def keep(self, text: str) -> None:
        """Show what was sent as text, to be mended in place: no browser sends a file a second time by itself."""
        self.data = {**self.data, "text": text}


class MakeForm(forms.Form):
    """What a new pack is called, and what it holds."""

    name = forms.CharField(max_length=200, label=_("Name"))
    key = key_field(_("Small letters, digits and hyphens, such as pump-service; it never changes."), required=True)
    version = forms.IntegerField(min_value=1, max_value=999_999_999, initial=1, label=_("Version"))
    description = forms.CharField(
        max_length=2000, required=False, label=_("Description"), widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer = selectors.offer(actor)
        for section, label in SECTIONS.items():
            if choices := list(getattr(offer, section).items()):
                self.fields[section] = forms.MultipleChoiceField(
                    choices=choices, required=False, label=label, widget=forms.CheckboxSelectMultiple
                )

    def clean(self) -> dict[str, Any]:
        """Refuse an empty pack."""
        values: dict[str, Any] = super().clean() or {}
        if not any(values.get(section) for section in SECTIONS):
            self.add_error(None, _("Choose at least one thing that the pack is to hold."))
        return values


@require_safe
@page(needs=Permission.TWINS_READ)
def packs(request: HttpRequest) -> HttpResponse:
    """The installed packs."""
    actor = actor_of(request)
    listed = _listing(actor.slug).page(request, selectors.packs())
    installed = set(selectors.packs().values_list("key", flat=True))
    examples = [
        {"key": key, "name": in_language(each.name), "description": in_language(each.description or each.name),
         "holds": ", ".join(_holds(each.as_json())), "is_installed": key in installed}
        for key, each in example_packs().items()
    ]  # fmt: skip
    context = {"listing": listed, "can_edit": _may(actor), "examples": examples}
    return listed.csv or render(request, "packs/list.html", context)


@require_POST
@page(needs=Permission.TWINS_PUBLISH)
def install_example(request: HttpRequest, key: str) -> HttpResponse:
    """Install one of the packs that come with the product."""
    actor, document = actor_of(request), example_packs().get(key)
    if document is None:
        raise Http404
    try:
        made = services.install_pack(document=document, by=actor.name, now=utc_now())
    except OutturnError as error:
        messages.error(request, " ".join([error.told, *(finding.message for finding in error.findings)]))
        return redirect("packs", actor.slug)
    messages.success(request, _("%(name)s is installed.") % {"name": made.name})
    return redirect("pack", actor.slug, made.key)


def _listing(slug: str) -> Listing:
    return Listing(
        name="packs", caption=_("Packs"), order="name", search=("name", "key"),
        columns=(
            Column("name", _("Name"), sort="name", link=lambda row: reverse("pack", args=[slug, row.key])),
            Column("version", _("Version"), kind="number"),
            Column("holds", _("Holds"), value=lambda row: ", ".join(_holds(row.document))),
            Column("installed_by", _("Installed by")),
            Column("installed_at", _("Installed"), sort="installed_at", kind="age"),
        ),
    )  # fmt: skip


def _holds(document: dict[str, Any]) -> list[str]:
    """How many of what a pack holds, in words."""
    counted = {section: len(document.get(section, ())) for section in SECTIONS}
    words = {
        "types": ngettext("%d type", "%d types", counted["types"]),
        "blueprints": ngettext("%d blueprint", "%d blueprints", counted["blueprints"]),
        "dashboards": ngettext("%d dashboard", "%d dashboards", counted["dashboards"]),
        "alarms": ngettext("%d alarm rule", "%d alarm rules", counted["alarms"]),
        "contracts": ngettext("%d template of a contract", "%d templates of contracts", counted["contracts"]),
    }
    return [words[section] % count for section, count in counted.items() if count]


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_PUBLISH)
def new_pack(request: HttpRequest) -> HttpResponse:
    """A pack to be installed: first what is in it, then the deed."""
    actor, form = actor_of(request), PackForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form, "back": reverse("packs", args=[actor.slug])}
    if request.method == "POST" and form.is_valid():
        try:
            document = _read(form.cleaned_data["text"])
            if "install" in request.POST:
                pack = services.install_pack(document=document, by=actor.name, now=utc_now())
                messages.success(request, _("%(name)s is installed.") % {"name": pack.name})
                return redirect("pack", actor.slug, pack.key)
            made = services.look_at_pack(document=document, by=actor.name, now=utc_now())
            context |= {"pack": document, "text": form.cleaned_data["text"], "contents": _contents(document, made)}
        except OutturnError as error:
            context |= {"findings": error.findings, "text": form.cleaned_data["text"]}
            form.keep(form.cleaned_data["text"])
            form.add_error(None, _("Nothing was installed. Mend what is told above.") if error.findings else error.told)
    return render(request, "packs/new.html", context, status=400 if form.errors else 200)


def _read(text: str) -> PackDocument:
    raw, findings = read_json(text, PackDocument.area)
    if findings:
        raise services.PackBrokenError(findings)
    return services.read_pack(raw)


def _contents(document: PackDocument, made: Made | None = None) -> list[tuple[Any, list[tuple[str, str]]]]:
    """Each section of a pack with the names in it, and what is to be said of each."""
    known = _("is here already") if made else ""
    sections: dict[str, list[tuple[str, Any]]] = {
        "types": [
            (f"{each.name.get('en', each.key)} ({each.ref})", known if made and each.ref in made.known else "")
            for each in document.types
        ],
        "blueprints": [(each.name.get("en", each.key), "") for each in document.blueprints],
        "dashboards": [(each.name, each.document.asset_type or "") for each in document.dashboards],
        "alarms": [(each.key, each.asset_type) for each in document.alarms],
        "contracts": [(each.name, "") for each in document.contracts],
    }
    return [(SECTIONS[section], names) for section, names in sections.items() if names]


@require_safe
@page(needs=Permission.TWINS_READ)
def pack(request: HttpRequest, key: str) -> HttpResponse:
    """One installed pack: what it brought; as a file with `?download`."""
    actor, row = actor_of(request), _pack(key)
    if "download" in request.GET:
        return _file(row.document, f"{row.key}-{row.version}")
    document = services.read_pack(row.document)
    context = {"pack": row, "document": document, "contents": _contents(document), "can_edit": _may(actor)}
    return render(request, "packs/pack.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_PUBLISH)
def uninstall(request: HttpRequest, key: str) -> HttpResponse:
    """Ask before a pack is taken away, and say what keeps it."""
    actor, row = actor_of(request), _pack(key)
    form = NamedConfirmForm(request.POST or None, name=row.name)
    if request.method == "POST" and form.is_valid():
        try:
            services.uninstall_pack(key=key, by=actor.name, now=utc_now(), may=actor.may)
            messages.success(request, _("%(name)s is uninstalled.") % {"name": row.name})
            return redirect("packs", actor.slug)
        except OutturnError as error:
            put_error(form, error)
            for finding in error.findings:
                form.add_error(None, f"{finding.message} {finding.fix}")
    return show_confirm(
        request, form, title=_("Uninstall “%(name)s”") % {"name": row.name},
        what=_("Its types, templates and alarm rules go. What was made with them stays."),
        undo=_("Installing the pack again brings all of it back."), submit=_("Uninstall"),
        back=(row.name, reverse("pack", args=[actor.slug, key])),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_PUBLISH)
def make(request: HttpRequest) -> HttpResponse:
    """A pack of what the organisation has, as a file."""
    actor = actor_of(request)
    form = MakeForm(request.POST or None, actor=actor, initial={"types": request.GET.getlist("types")})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        chosen = Chosen(**{section: frozenset(values.get(section, ())) for section in SECTIONS})
        texts = {name: {"en": values[name]} for name in ("name", "description") if values[name]}
        try:
            made = make_pack(
                head={"key": values["key"], "version": values["version"], **texts}, chosen=chosen, by=actor
            )
            return _file(made.as_json(), f"{made.key}-{made.version}")
        except OutturnError as error:
            put_error(form, error)
            for finding in error.findings:
                form.add_error(None, f"{finding.place}: {finding.message} {finding.fix}")
    return show_form(
        request, form, title=_("Make a pack"), submit=_("Download it"), frame=SHELL,
        intro=_("Own types that what you choose needs come along. Built-in types are everywhere and need no pack."),
        back=(_("Packs"), reverse("packs", args=[actor.slug])),
    )  # fmt: skip


def _file(document: dict[str, Any], name: str) -> HttpResponse:
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    answer = HttpResponse(text, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return answer


def _pack(key: str) -> Pack:
    found = selectors.pack_by_key(key)
    if found is None:
        raise Http404
    return found


def _may(actor: Actor) -> bool:
    return actor.may(Permission.TWINS_PUBLISH)
