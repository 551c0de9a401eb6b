"""Who stamps the heads of the log with the time, and the stamps to take along."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tenants.edge.forms import NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.record.selectors import head_stamps, stamp_authority
from tenants.record.timestamps import choose_authority
from tenants.record.timestamps import end_authority as stop_authority
from tenants.scope.actors import Permission


class AuthorityForm(forms.Form):
    """Where an authority answers, and what it is believed by."""

    url = forms.CharField(
        max_length=500, label=gettext_lazy("Address of the authority"),
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Where it answers time-stamp queries (RFC 3161)."),
    )  # fmt: skip
    roots = forms.CharField(
        max_length=65_536, label=gettext_lazy("Its certificates"),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=gettext_lazy("PEM: the root it signs under, and those in between unless its answers hold them."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_ADMINISTER)
def authority(request: HttpRequest) -> HttpResponse:
    """Choose who stamps heads; the newest head is stamped at once, and nothing changes unless that holds."""
    actor, present = actor_of(request), stamp_authority()
    known = None if present is None else {"url": present.url, "roots": present.roots}
    form = AuthorityForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            choose_authority(**form.cleaned_data, by=actor.name, now=utc_now())
            messages.success(request, _("The newest head is stamped; from now on one is every day."))
            return redirect("log", actor.slug)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("Time-stamps by"), submit=_("Stamp the newest head"), back=_back(request),
        intro=_(
            "An authority that you and your customers trust, of a trust service for instance, vouches that a head was "
            "there at a time. It is sent a digest of the head, and nothing of what the log holds."
        ),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_ADMINISTER)
def end_authority(request: HttpRequest) -> HttpResponse:
    """Have no more heads stamped, after the host of the authority was typed."""
    actor, present = actor_of(request), stamp_authority()
    if present is None:
        raise Http404
    host = urlsplit(present.url).hostname or present.url
    form = NamedConfirmForm(request.POST or None, name=host)
    if request.method == "POST" and form.is_valid():
        try:
            stop_authority(by=actor.name, now=utc_now())
            messages.success(request, _("No more heads are stamped."))
        except NotFoundError:
            messages.info(request, _("That was ended before."))
        return redirect("log", actor.slug)
    return show_confirm(
        request, form, title=_("End the time-stamps by “%(host)s”") % {"host": host}, submit=_("End the time-stamps"),
        back=_back(request), what=_("Heads are stamped no more; the stamps that are there stay and still hold."),
        undo=_("It can be chosen again."),
    )  # fmt: skip


@require_safe
@page(needs=Permission.AUDIT_READ)
def stamped_head(request: HttpRequest, stamp: UUID) -> HttpResponse:
    """The head that was stamped, byte by byte."""
    size, note, _token = _stamp(stamp)
    return _file(f"head-{size}.txt", "text/plain; charset=utf-8", note.encode())


@require_safe
@page(needs=Permission.AUDIT_READ)
def stamp_token(request: HttpRequest, stamp: UUID) -> HttpResponse:
    """What the authority answered (RFC 3161)."""
    size, _note, token = _stamp(stamp)
    return _file(f"head-{size}.tsr", "application/timestamp-reply", token)


def _stamp(stamp: UUID) -> tuple[int, str, bytes]:
    row = head_stamps().filter(id=stamp).values_list("size", "note", "token").first()
    if row is None:
        raise Http404
    return row[0], row[1], bytes(row[2])


def _file(name: str, kind: str, content: bytes) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _back(request: HttpRequest) -> tuple[str, str]:
    return _("Log"), reverse("log", args=[actor_of(request).slug])
