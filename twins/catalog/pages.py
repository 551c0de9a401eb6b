"""The catalogue's pages: the types, one of them, the editor of a draft."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.forms import SHELL, put_error, show_form
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.people.selectors import role_names
from tenants.scope.actors import Permission, Role
from twins.catalog import drafts, listing, selectors, services
from twins.catalog.drafts import DraftExistsError
from twins.catalog.keyed_forms import KeyedForm, key_field
from twins.catalog.selectors import CatalogueEntry, DraftNotFoundError
from twins.catalog.sheets import sheets
from twins.catalog.wording import in_language, viewers_language


class TypeForm(KeyedForm):
    """What a new type begins with."""

    name = forms.CharField(label=lazy("Name"), max_length=200, help_text=lazy("As people call this kind of thing."))
    key = key_field(lazy("How documents mean it, such as “booster-pump”. Made from the name when you give none."))
    extends = forms.ChoiceField(
        label=lazy("Extends"), required=False,
        help_text=lazy("It then has all that this type has, and may narrow it. More can be added later."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["extends"].choices = [("", _("Nothing")), *_usable()]  # type: ignore[attr-defined]


class DeprecateForm(forms.Form):
    """Why a type is not to be used any more."""

    reason = forms.CharField(label=lazy("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    successor = forms.ChoiceField(
        label=lazy("To be used in its place"), required=False,
        help_text=lazy("People are pointed to it wherever they meet the old one."),
    )  # fmt: skip

    def __init__(self, *args: Any, refs: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [(each, name) for each, name in _usable() if each not in refs]
        self.fields["successor"].choices = [("", _("Nothing")), *others]  # type: ignore[attr-defined]


def _usable() -> list[tuple[str, str]]:
    """The types that can be named anew, by name."""
    found = [entry for entry in selectors.catalogue() if entry.deprecated is None]
    named = [(entry.own.ref, f"{_name(entry)} {entry.own.version} ({entry.own.ref})") for entry in found]
    return sorted(named, key=lambda each: each[1].casefold())


def _name(entry: CatalogueEntry) -> str:
    return in_language(entry.own.name, default=entry.own.key)


@require_safe
@page(needs=Permission.TWINS_READ)
def catalogue(request: HttpRequest) -> HttpResponse:
    """All types of the organisation, drafts among them."""
    wanted = listing.asked(request.GET)
    every = listing.rows(viewers_language())
    found = listing.narrowed(every, wanted)
    if request.GET.get("format") == "csv":
        response = HttpResponse(listing.as_csv(found), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="catalogue.csv"'
        response["Cache-Control"] = "private, no-store"
        return response
    shown, after = listing.part(found, wanted.after)
    parents = sorted({each for row in every for each in row.lineage})
    names = {row.key: row.name for row in every}
    kinds = [
        {"kind": kind, "label": label, "count": sum(map(holds, every)), "url": _address(request, kind=kind),
         "is_chosen": kind == wanted.kind}
        for kind, label, holds in listing.KINDS
    ]  # fmt: skip
    context = {
        "rows": shown, "count": len(found), "asked": wanted, "kinds": kinds, "all_url": _address(request, kind=""),
        "every": len(every), "parents": [(key, names.get(key, key)) for key in parents],
        "columns": _columns(request, wanted.sort), "csv_url": _address(request, format="csv"),
        "pager": {"previous_url": _address(request, after="") if wanted.after else None,
                  "next_url": _address(request, after=after) if after else None},
        "can_edit": actor_of(request).may(Permission.TWINS_EDIT),
        "can_publish": actor_of(request).may(Permission.TWINS_PUBLISH),
    }  # fmt: skip
    return render(request, "catalog/list.html", context)


def _address(request: HttpRequest, **changes: str) -> str:
    """The same list with something else asked of it; another choice begins it anew."""
    kept = {name: value for name, value in request.GET.items() if name not in ("format", "after")}
    asked = {name: value for name, value in {**kept, **changes}.items() if value}
    return f"?{urlencode(asked)}" if asked else request.path


def _columns(request: HttpRequest, sort: str) -> list[dict[str, Any]]:
    labels = (("name", _("Type"), False), ("version", _("Version"), True), ("", _("Extends"), False),
              ("signals", _("Signals"), True), ("components", _("Components"), True), ("", _("State"), False),
              ("changed", _("Changed"), False))  # fmt: skip
    by, falls = sort.removeprefix("-"), sort.startswith("-")
    return [
        {"label": label, "is_number": is_number, "url": _address(request, sort=key if key != by or falls else f"-{key}")
         if key else "", "sorted": ("descending" if falls else "ascending") if key and key == by else ""}
        for key, label, is_number in labels
    ]  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_EDIT)
def new_type(request: HttpRequest) -> HttpResponse:
    """A new type, which opens in the editor."""
    actor = actor_of(request)
    form = TypeForm(request.POST or None, initial={"extends": request.GET.get("extends", "")})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made = drafts.start_draft(
                key=values["key"], name=values["name"], extends=values["extends"] or None, origin=None,
                by=actor.name, now=utc_now(),
            )  # fmt: skip
            return redirect("type-draft", actor.slug, made.id)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("New type"), submit=_("Open in the editor"), frame=SHELL,
        back=(_("Catalogue"), reverse("catalogue", args=[actor.slug])),
    )  # fmt: skip


@require_safe
@page(needs=Permission.TWINS_READ)
def draft(request: HttpRequest, draft: UUID) -> HttpResponse:
    """The editor of a draft."""
    actor = actor_of(request)
    try:
        row = selectors.draft(draft)
    except DraftNotFoundError:
        raise Http404 from None
    names = role_names()
    config = {
        "api": f"/t/{actor.slug}/api/v1",
        "draft": str(row.id),
        "can_edit": actor.may(Permission.TWINS_EDIT),
        "can_publish": actor.may(Permission.TWINS_PUBLISH),
        "roles": [[role.value, names[role.value]] for role in Role if role is not Role.CUSTOMER],
        "urls": {
            "catalogue": reverse("catalogue", args=[actor.slug]),
            "type": reverse("asset-type", args=[actor.slug, "TYPE"]),
        },
    }
    return render(request, "catalog/draft.html", {"draft": row, "type_config": config})


@require_POST
@page(needs=Permission.TWINS_EDIT)
def discard(request: HttpRequest, draft: UUID) -> HttpResponse:
    """Throw a draft away."""
    try:
        drafts.discard_draft(draft=draft)
    except DraftNotFoundError:
        raise Http404 from None
    messages.success(request, _("The draft is thrown away. What was published stays."))
    return redirect("catalogue", actor_of(request).slug)


@require_safe
@page(needs=Permission.TWINS_READ)
def asset_type(request: HttpRequest, ref: str) -> HttpResponse:
    """One type with everything it has, what is inherited marked by where it comes from."""
    entries = {entry.own.ref: entry for entry in selectors.catalogue()}
    entry = entries.get(ref)
    if entry is None:
        raise Http404
    actor, own = actor_of(request), entry.own
    is_built_in = entry.published_by is None
    drafted = selectors.drafts().filter(key=own.key).first()
    context = {
        "entry": entry,
        "type": entry.resolved,
        "name": _name(entry),
        "description": in_language(entry.resolved.description),
        "sheets": sheets(entry.resolved, selectors.origins_of(entry), viewers_language()),
        "ancestors": [(each, _name(entries[each])) for each in entry.lineage[1:] if each in entries],
        "versions": sorted(
            (each for each in entries.values() if each.own.key == own.key), key=lambda each: -each.own.version
        ),
        "uses": selectors.uses_of(ref, may=actor.may),
        "draft": drafted,
        "is_built_in": is_built_in,
        "can_edit": actor.may(Permission.TWINS_EDIT),
        "can_publish": actor.may(Permission.TWINS_PUBLISH),
    }
    return render(request, "catalog/detail.html", context)


@require_POST
@page(needs=Permission.TWINS_EDIT)
def revise(request: HttpRequest, ref: str) -> HttpResponse:
    """A draft of the next version, or the one that somebody has begun."""
    actor = actor_of(request)
    try:
        made = drafts.start_draft(
            key=ref.partition("@")[0], name="", extends=None, origin=ref, by=actor.name, now=utc_now()
        )
        return redirect("type-draft", actor.slug, made.id)
    except DraftExistsError as error:
        messages.info(request, error.told)
        return redirect("type-draft", actor.slug, error.extra["draft"])
    except OutturnError as error:
        return _refused(request, error, ref)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_PUBLISH)
def deprecate(request: HttpRequest, ref: str) -> HttpResponse:
    """Say that a type is not to be used any more."""
    actor, entry = actor_of(request), selectors.catalogue_entry(ref)
    if entry is None:
        raise Http404
    form = DeprecateForm(request.POST or None, refs=[ref])
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            services.deprecate_type(
                ref=ref, reason=values["reason"], successor=values["successor"] or None, by=actor.name, now=utc_now()
            )
            messages.success(request, _("%(type)s is deprecated. What uses it goes on.") % {"type": ref})
            return redirect("asset-type", actor.slug, ref)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("Deprecate %(type)s") % {"type": ref}, submit=_("Deprecate"), frame=SHELL,
        intro=_("It is not offered for new assets any more. Twins that have it keep it, and it can be restored."),
        back=(_name(entry), reverse("asset-type", args=[actor.slug, ref])),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_PUBLISH)
def deprecate_chosen(request: HttpRequest) -> HttpResponse:
    """Say of the types that were chosen in the list that they are not to be used any more."""
    actor, known = actor_of(request), {entry.own.ref: entry for entry in selectors.catalogue()}
    asked = dict.fromkeys(request.GET.getlist("types"))
    refs = [ref for ref in asked if ref in known and known[ref].deprecated is None]
    if not refs:
        messages.error(request, _("Choose types that are not deprecated yet. Nothing was changed."))
        return redirect("catalogue", actor.slug)
    form = DeprecateForm(request.POST or None, refs=refs)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            services.deprecate_types(
                refs=refs, reason=values["reason"], successor=values["successor"] or None, by=actor.name, now=utc_now()
            )
        except OutturnError as error:
            put_error(form, error)
        else:
            told = ngettext("%(count)s type is deprecated.", "%(count)s types are deprecated.", len(refs))
            messages.success(request, f"{told % {'count': len(refs)}} {_('What uses them goes on.')}")
            return redirect("catalogue", actor.slug)
    return show_form(
        request, form, title=_("Deprecate the chosen types"), submit=_("Deprecate"), frame=SHELL,
        intro=_("%(types)s: not offered for new assets any more. Twins that have them keep them; they can be restored.")
        % {"types": ", ".join(refs)},
        back=(_("Catalogue"), reverse("catalogue", args=[actor.slug])),
    )  # fmt: skip


@require_POST
@page(needs=Permission.TWINS_PUBLISH)
def restore(request: HttpRequest, ref: str) -> HttpResponse:
    """Let a type be used again that was deprecated or removed."""
    try:
        services.restore_type(ref=ref)
    except OutturnError as error:
        return _refused(request, error, ref)
    messages.success(request, _("%(type)s can be used again.") % {"type": ref})
    return redirect("asset-type", actor_of(request).slug, ref)


@require_POST
@page(needs=Permission.TWINS_PUBLISH)
def remove(request: HttpRequest, ref: str) -> HttpResponse:
    """Take a version out of the catalogue that nothing uses."""
    actor = actor_of(request)
    try:
        services.remove_type(ref=ref, by=actor.name, now=utc_now(), may=actor.may)
    except OutturnError as error:
        return _refused(request, error, ref)
    return render(request, "catalog/removed.html", {"ref": ref})


def _refused(request: HttpRequest, error: OutturnError, ref: str) -> HttpResponse:
    """Back to the type with what was refused; 404 when it is not there."""
    if selectors.catalogue_entry(ref) is None:
        raise Http404 from error
    messages.error(request, " ".join([error.told, *(finding.message for finding in error.findings)]))
    return redirect("asset-type", actor_of(request).slug, ref)
