"""The pages of files of history: brought, looked at, mapped, imported, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.forms import put_error
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.limits.selectors import allowance
from tenants.scope.actors import Permission
from twins.gateways.imports import selectors, services
from twins.gateways.imports.api import rejected_answer
from twins.gateways.imports.errors import ImportNotFoundError
from twins.gateways.imports.models import FileImport
from twins.gateways.imports.previews import Preview, preview, told
from twins.gateways.imports.schemas import CODES, LATEST_HEADER, FileMapping, Kind
from twins.gateways.imports.services import LARGEST_PART
from twins.gateways.selectors import gateways

MOST_COLUMNS_SHOWN = 200
"""Columns whose keys a page lets choose; the API takes them all."""
STATES = {
    "uploading": _("Being sent"), "ready": _("To be looked at"), "queued": _("Waiting"), "running": _("Importing"),
    "done": _("Done"), "failed": _("Failed"), "cancelled": _("Stopped"),
}  # fmt: skip
_LOOKS = {"uploading": "unknown", "ready": "warning"}
_WRITING = ("delimiter", "encoding", "header")
_FORMATS = (
    ("iso", _("2026-12-31 23:59:59, year first")), ("dmy", _("31.12.2026 23:59:59, day first")),
    ("mdy", _("12/31/2026 11:59:59 PM, month first")), ("s", _("Seconds since 1970")),
    ("ms", _("Milliseconds since 1970")), ("us", _("Microseconds since 1970")), ("ns", _("Nanoseconds since 1970")),
)  # fmt: skip


class FileForm(forms.Form):
    """Which file, and in whose name."""

    gateway = forms.ChoiceField(label=_("Gateway"), help_text=_("Its readings are taken in this gateway's name."))
    file = forms.FileField(
        label=_("File"), allow_empty_file=False,
        help_text=_("CSV or Parquet, up to 4 GB. One that breaks off is gone on with when you choose it again."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(row.id), row.name) for row in gateways().filter(disabled_at=None)]
        self.fields["gateway"].choices = choices  # type: ignore[attr-defined]


class MappingForm(forms.Form):
    """How a file is read.

    Args:
        kind: Of the file.
        names: Its columns.
    """

    shape = forms.ChoiceField(
        label=_("Shape"),
        choices=(("wide", _("A column of values for each key")), ("long", _("Time, key and value in each row"))),
    )
    delimiter = forms.ChoiceField(
        label=_("Between columns"),
        choices=((",", _("Comma")), (";", _("Semicolon")), ("\t", _("Tab")), ("|", _("Bar"))),
    )
    decimal = forms.ChoiceField(label=_("Decimal sign"), choices=((".", _("Point")), (",", _("Comma"))))
    encoding = forms.ChoiceField(
        label=_("Letters"), choices=(("utf-8", "UTF-8"), ("windows-1252", _("Windows (Western Europe)")))
    )
    header = forms.IntegerField(
        label=_("Line with the names"), min_value=0, max_value=LATEST_HEADER, help_text=_("0 when there is none.")
    )
    time = forms.ChoiceField(label=_("Column of times"))
    time_of_day = forms.ChoiceField(
        label=_("Column of times of the day"), required=False, help_text=_("When dates stand in a column of their own.")
    )
    time_format = forms.ChoiceField(label=_("Times are written as"), choices=_FORMATS)
    zone = forms.CharField(
        label=_("Time zone"), max_length=64, help_text=_("Of times without an offset, as Europe/Berlin.")
    )
    key = forms.ChoiceField(label=_("Column of keys"), required=False, help_text=_("Of the long shape."))
    value = forms.ChoiceField(label=_("Column of values"), required=False, help_text=_("Of the long shape."))

    def __init__(self, *args: Any, kind: Kind, names: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = [(name, name) for name in names]
        for field in ("time", "time_of_day", "key", "value"):
            choices = chosen if field == "time" else [("", "–"), *chosen]
            self.fields[field].choices = choices  # type: ignore[attr-defined]
        if kind is Kind.PARQUET:
            for field in ("delimiter", "encoding", "header"):
                del self.fields[field]

    def values(self, columns: Mapping[str, str]) -> dict[str, Any]:
        """In the form of `FileMapping`."""
        return {**self.cleaned_data, "columns": dict(columns) if self.cleaned_data["shape"] == "wide" else {}}


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def imports(request: HttpRequest) -> HttpResponse:
    """The files of history of the organisation."""
    actor = actor_of(request)
    listed = _listing(actor.slug).page(request, selectors.imports())
    context = {"listing": listed, "can_edit": actor.may(Permission.GATEWAYS_EDIT)}
    return listed.csv or render(request, "imports/list.html", context)


def _listing(slug: str) -> Listing:
    return Listing(
        name="imports", caption=_("Files of history"), order="-created_at", search=("name", "gateway__name"),
        columns=(
            Column("row__name", _("File"), sort="name",
                   link=lambda state: reverse("import", args=[slug, state.row.id])),
            Column("look", _("State"), kind="status", value=lambda state: _LOOKS.get(state.state, state.state),
                   word=lambda state: STATES[state.state], is_filed=False),
            Column("state", _("State"), is_shown=False),
            Column("row__gateway__name", _("Gateway")),
            Column("tally__rows", _("Rows"), kind="number"),
            Column("tally__stored", _("Stored"), kind="number"),
            Column("tally__set_aside", _("Set aside"), kind="number"),
            Column("row__created_at", _("Brought"), sort="created_at", kind="moment"),
        ),
        decorate=selectors.states,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def new_import(request: HttpRequest) -> HttpResponse:
    """Bring a file. The page sends it in parts; without its script a small one comes with the form."""
    form = FileForm(request.POST or None, request.FILES or None, initial={"gateway": request.GET.get("gateway", "")})
    if request.method == "POST" and form.is_valid():
        try:
            row = _received(form.cleaned_data["gateway"], form.cleaned_data["file"], actor_of(request).name)
            return redirect("import", actor_of(request).slug, row.id)
        except OutturnError as error:
            put_error(form, error)
    slug = actor_of(request).slug
    context = {"form": form, "api": f"/t/{slug}/api/v1/imports/", "here": reverse("imports", args=[slug]),
               "part": LARGEST_PART, "no_gateway": not gateways().filter(disabled_at=None).exists()}  # fmt: skip
    return render(request, "imports/new.html", context, status=400 if form.errors else 200)


def _received(gateway: str, file: UploadedFile, by: str) -> FileImport:
    name = (file.name or "file.csv")[-200:]
    row = services.create_import(gateway=UUID(gateway), name=name, size=int(file.size or 0), by=by, now=utc_now())
    for part in file.chunks(LARGEST_PART):
        row = services.receive_part(import_=row.id, offset=row.received, part=part)
    return row


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_READ)
def import_page(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """One file: how it is read and what that comes to, how far it is, what was stored and set aside."""
    actor = actor_of(request)
    row = _found(import_id)
    (state,) = selectors.states([row])
    can_edit = actor.may(Permission.GATEWAYS_EDIT)
    context: dict[str, Any] = {
        "row": row, "state": state, "word": STATES[state.state], "look": _LOOKS.get(state.state, state.state),
        "can_edit": can_edit, "reasons": _reasons(state), "is_open": state.state in ("ready", "failed", "cancelled"),
    }  # fmt: skip
    if request.method == "POST" and not can_edit:
        raise PermissionDenied
    if not context["is_open"]:
        return render(request, "imports/detail.html", context)
    if request.method == "POST":
        return _choose(request, row, context)
    return _look(request, row, context, services.mapping_of(row))


def _choose(request: HttpRequest, row: FileImport, context: dict[str, Any]) -> HttpResponse:
    """Save what was chosen and, when asked to, begin; a file that is to be read otherwise is looked at anew."""
    slug, zone = actor_of(request).slug, _zone()
    try:
        before = preview(row, services.mapping_of(row), zone=zone)
    except OutturnError:
        before = Preview((), {}, (), (), ())
    writing = {name: request.POST[name] for name in _WRITING if name in request.POST}
    if any(str(before.mapping.get(name)) != chosen for name, chosen in writing.items()):
        return _look(request, row, context, None, writing=writing)
    form = MappingForm(request.POST, kind=Kind(row.kind), names=before.names)
    if form.is_valid():
        try:
            services.change_mapping(import_=row.id, values=form.values(_columns(request, before.names)))
            if request.POST.get("then") == "start":
                services.start_import(import_=row.id, by=actor_of(request).name, now=utc_now())
            return redirect("import", slug, row.id)
        except OutturnError as error:
            put_error(form, error)
            for finding in error.findings:
                form.add_error(finding.place if finding.place in form.fields else None, finding.message)
    return _show(request, context, form, before, status=400)


def _look(
    request: HttpRequest, row: FileImport, context: dict[str, Any], mapping: FileMapping | None,
    writing: Mapping[str, str] | None = None,
) -> HttpResponse:  # fmt: skip
    try:
        found = preview(row, mapping, zone=_zone(), writing=writing)
    except OutturnError as error:
        context["error"] = error
        found = Preview((), {**(writing or {})}, (), (), ())
    form = MappingForm(initial=found.mapping, kind=Kind(row.kind), names=found.names)
    return _show(request, context, form, found)


def _show(
    request: HttpRequest, context: dict[str, Any], form: MappingForm, found: Preview, *, status: int = 200
) -> HttpResponse:
    chosen = found.mapping.get("columns", {})
    posted = _columns(request, found.names) if request.method == "POST" else {}
    names = [name for name in found.names if name != found.mapping.get("time")][:MOST_COLUMNS_SHOWN]
    context |= {
        "form": form, "found": found, "rejected": [told(one) for one in found.rejected],
        "columns": [
            {"field": f"column-{found.names.index(name)}", "name": name, "key": posted.get(name, chosen.get(name, ""))}
            for name in names
        ],
        "more_columns": max(0, len(found.names) - 1 - MOST_COLUMNS_SHOWN),
    }  # fmt: skip
    return render(request, "imports/detail.html", context, status=status)


@require_POST
@page(needs=Permission.GATEWAYS_EDIT)
def remove(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Remove an import and its file; what it stored stays."""
    row = _found(import_id)
    try:
        services.remove_import(import_=row.id, now=utc_now())
        messages.success(request, _("%(name)s is removed. The readings that it brought stay.") % {"name": row.name})
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("import", actor_of(request).slug, row.id)
    return redirect("imports", actor_of(request).slug)


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def rejected(request: HttpRequest, import_id: UUID) -> HttpResponseBase:
    """What was set aside of a file, row by row, as CSV."""
    return rejected_answer(request, _found(import_id))


def _columns(request: HttpRequest, names: tuple[str, ...]) -> dict[str, str]:
    """The key of each column that has one."""
    keys = {name: request.POST.get(f"column-{number}", "").strip() for number, name in enumerate(names)}
    return {name: key for name, key in keys.items() if key}


def _reasons(state: selectors.ImportState) -> list[dict[str, Any]]:
    return [
        {"code": code, "count": count, "message": CODES.get(code, ("", ""))[0], "fix": CODES.get(code, ("", ""))[1]}
        for code, count in sorted(state.tally.aside.items(), key=lambda each: -each[1])
    ]


def _zone() -> str:
    return str(allowance(now=utc_now()).zone)


def _found(import_id: UUID) -> FileImport:
    try:
        return selectors.import_of(import_id)
    except ImportNotFoundError:
        raise Http404 from None
