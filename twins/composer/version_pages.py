"""The pages of a twin's versions: the list, one of them, what differs between two, and the ways back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission
from twins.composer import promoting, reverting, reviewing, selectors, versions
from twins.composer.models import Twin, TwinVersion
from twins.composer.publishing import name_version

MOST_OFFERED = 200
"""Versions that can be chosen for a comparison on its page; others by its address."""


class NameForm(forms.Form):
    """What a version is called."""

    name = forms.CharField(max_length=120, required=False, label=_("Name"), help_text=_("Empty for none."))


class RevisionForm(forms.Form):
    """The revision of the draft that was looked at."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


def twin_or_404(slug: str) -> Twin:
    """The twin of an address.

    Raises:
        Http404: There is none.
    """
    found = selectors.twin_by_slug(slug)
    if found is None:
        raise Http404
    return found


@require_safe
@page(needs=Permission.TWINS_READ)
def all_versions(request: HttpRequest, twin: str) -> HttpResponse:
    """The versions of a twin, what its draft has beyond them, and what was set aside."""
    actor, row = actor_of(request), twin_or_404(twin)
    listed = _listing(actor.slug, row).page(request, versions.versions_listed(row.id))
    context = {
        "listing": listed, "twin": row, "edits": row.revision - row.published_revision,
        "asides": versions.asides(row.id).defer("operations"), "standing": reviewing.standing(row),
        "lineages": promoting.lineages(row.id), "origins": promoting.origins(row.id),
        "can_edit": actor.may(Permission.TWINS_EDIT), "can_publish": actor.may(Permission.TWINS_PUBLISH),
    }  # fmt: skip
    return listed.csv or render(request, "composer/versions.html", context)


def _listing(slug: str, twin: Twin) -> Listing:
    def link(row: TwinVersion) -> str:
        return reverse("twin-version", args=[slug, twin.slug, row.version])

    return Listing(
        name=f"{twin.slug}-versions", caption=_("Versions"), order="-version", search=("name", "note", "published_by"),
        columns=(
            Column("version", _("Version"), sort="version", kind="number", link=link),
            Column("name", _("Name")),
            Column("note", _("What changed")),
            Column("published_by", _("Author")),
            Column("assets", _("Assets"), kind="number"),
            Column("published_at", _("Published"), sort="published_at", kind="age"),
        ),
    )  # fmt: skip


@require_safe
@page(needs=Permission.TWINS_READ)
def version(request: HttpRequest, twin: str, number: int) -> HttpResponse:
    """One version as it is for ever: its canvas to look at, what it is called, and the ways back to it."""
    row = twin_or_404(twin)
    found = _found(row, number)
    return _shown(request, row, found, NameForm(initial={"name": found.name}))  # type: ignore[attr-defined]


def _shown(request: HttpRequest, row: Twin, found: TwinVersion, form: NameForm) -> HttpResponse:
    actor = actor_of(request)
    former = versions.version_of(row.id, found.version - 1)
    context = {
        "twin": row, "version": found, "form": form, "former": former,
        "names": versions.names_given(row.id, found.version),
        "is_published": found.version == row.published, "can_edit": actor.may(Permission.TWINS_EDIT),
        "can_publish": actor.may(Permission.TWINS_PUBLISH), "unpublished": row.revision - row.published_revision,
        "versions_config": _config(actor.slug, row) | {"after": str(found.version), "choices": []},
    }  # fmt: skip
    return render(request, "composer/version.html", context, status=400 if form.errors else 200)


@require_safe
@page(needs=Permission.TWINS_READ)
def compare(request: HttpRequest, twin: str) -> HttpResponse:
    """What differs between two versions, or a version and the draft: `?before=3&after=draft`."""
    actor, row = actor_of(request), twin_or_404(twin)
    numbers = {str(each) for each in range(row.published + 1)}
    before = request.GET.get("before", str(row.published))
    after = request.GET.get("after", versions.DRAFT)
    if before not in numbers | {versions.DRAFT} or after not in numbers | {versions.DRAFT}:
        raise Http404
    offered = versions.named_versions(row.id).defer("document")[:MOST_OFFERED]
    choices = [
        [versions.DRAFT, gettext("Draft")],
        *([str(each.version), _choice(each.version, each.name)] for each in offered),  # type: ignore[attr-defined]
        ["0", gettext("Nothing")],
    ]
    config = _config(actor.slug, row) | {"before": before, "after": after, "choices": choices}
    return render(request, "composer/compare.html", {"twin": row, "versions_config": config})


def _choice(number: int, name: str) -> str:
    told = gettext("Version %(number)s") % {"number": number}
    return f"{told}: {name}" if name else told


def _config(slug: str, row: Twin) -> dict[str, Any]:
    return {
        "api": f"/t/{slug}/api/v1", "twin": str(row.id), "before": None,
        "urls": {
            "compare": reverse("twin-compare", args=[slug, row.slug]),
            "canvas": reverse("canvas", args=[slug, row.slug]),
        },
    }  # fmt: skip


@require_POST
@page(needs=Permission.TWINS_EDIT)
def rename(request: HttpRequest, twin: str, number: int) -> HttpResponse:
    """Call a version by another name."""
    actor, row, form = actor_of(request), twin_or_404(twin), NameForm(request.POST)
    found = _found(row, number)
    if not form.is_valid():
        return _shown(request, row, found, form)
    name_version(twin=row.id, version=number, name=form.cleaned_data["name"], by=actor.name, now=utc_now())
    messages.success(request, _("Saved. What it was called before is kept in the record."))
    return redirect("twin-version", actor.slug, row.slug, number)


@require_POST
@page(needs=Permission.TWINS_PUBLISH)
def roll_back(request: HttpRequest, twin: str, number: int) -> HttpResponse:
    """Publish what a version says as the next one."""
    actor, row = actor_of(request), twin_or_404(twin)
    try:
        made = reverting.roll_back(
            twin=row.id, version=number, revision=_revision(request), by=actor.name, now=utc_now()
        )
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("twin-version", actor.slug, row.slug, number)
    told = gettext("Version %(made)s is published and says what version %(number)s says. Nothing was deleted.")
    messages.success(request, told % {"made": made.version, "number": number})
    return redirect("twin-versions", actor.slug, row.slug)


@require_POST
@page(needs=Permission.TWINS_EDIT)
def reset(request: HttpRequest, twin: str, number: int) -> HttpResponse:
    """Make the draft say what a version says."""
    actor, row = actor_of(request), twin_or_404(twin)
    try:
        reverting.reset_draft(twin=row.id, version=number, revision=_revision(request), by=actor.name, now=utc_now())
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("twin-version", actor.slug, row.slug, number)
    told = gettext("The draft says what version %(number)s says. What it said before is set aside below.")
    messages.success(request, told % {"number": number})
    return redirect("twin-versions", actor.slug, row.slug)


@require_POST
@page(needs=Permission.TWINS_EDIT)
def put_back(request: HttpRequest, twin: str, aside: UUID) -> HttpResponse:
    """Bring edits that were set aside back into the draft."""
    actor, row = actor_of(request), twin_or_404(twin)
    try:
        found = reverting.return_aside(twin=row.id, aside=aside, by=actor.name, now=utc_now())
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("twin-versions", actor.slug, row.slug)
    if found.left:
        told = ngettext(
            "The edits are back, but for %(count)s that has no place in the draft any more.",
            "The edits are back, but for %(count)s that have no place in the draft any more.",
            len(found.left),
        ) % {"count": len(found.left)}
        messages.warning(request, told)
    else:
        messages.success(request, _("The edits are back in the draft."))
    return redirect("twin-versions", actor.slug, row.slug)


def _found(row: Twin, number: int) -> TwinVersion:
    found = versions.version_of(row.id, number) if number < 2**31 else None
    if found is None:
        raise Http404
    return found


def _revision(request: HttpRequest) -> int:
    """The revision that was looked at; one that is none is never that of the draft."""
    form = RevisionForm(request.POST)
    return int(form.cleaned_data["revision"]) if form.is_valid() else -1
