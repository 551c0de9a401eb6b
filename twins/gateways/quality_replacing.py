"""The pages on which people replace readings of a signal, and put back what was there."""

from __future__ import annotations

from datetime import datetime
from math import isfinite, nan
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from tenants.edge.forms import SHELL, put_error, show_form
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission
from twins.composer.selectors import twin_by_slug, twins
from twins.telemetry.instants import instant, moment
from twins.telemetry.models import Signal, Substitution
from twins.telemetry.quality_services import (
    LONGEST_REASON,
    MOST_REPLACED,
    substitute_readings,
    undo_substitution,
)

_LONGEST_TEXT = 80 * MOST_REPLACED


class ReplaceForm(forms.Form):
    """Which readings become what, and why."""

    values = forms.CharField(
        max_length=_LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}), label=_("Readings"),
        help_text=_("One a line: the instant of a stored reading and its new value, as 2026-11-03T07:00:00Z 4.2."),
    )  # fmt: skip
    reason = forms.CharField(
        max_length=LONGEST_REASON, label=_("Reason"), help_text=_("It stays with the readings and in the audit trail.")
    )

    def clean_values(self) -> list[tuple[datetime, float]]:
        """The readings.

        Raises:
            ValidationError: A line is no instant and a number.
        """
        return [_reading(line) for line in self.cleaned_data["values"].splitlines() if line.strip()]


class UndoForm(forms.Form):
    """Why readings are put back."""

    reason = forms.CharField(max_length=LONGEST_REASON, label=_("Reason"))


def _reading(line: str) -> tuple[datetime, float]:
    try:
        written, value = line.split()
        at, number = moment(instant(written)), float(value)
    except ValueError:
        at, number = None, nan
    if at is None or not isfinite(number):
        told = _("“%(line)s” is not an instant with its offset and a number.")
        raise forms.ValidationError(told % {"line": line[:60]})
    return at, number


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_OPERATE)
def replace(request: HttpRequest, twin: str, asset: UUID, key: str) -> HttpResponse:
    """Replace readings of a signal."""
    row = twin_by_slug(twin)
    if row is None or not Signal.objects.filter(twin=row.id, asset=asset, key=key).exists():
        raise Http404
    form = ReplaceForm(request.POST or None)
    here = reverse("quality-signal", args=[actor_of(request).slug, row.slug, asset, key])
    if request.method == "POST" and form.is_valid():
        try:
            substitute_readings(asset=asset, key=key, by=actor_of(request).name, now=utc_now(), **form.cleaned_data)
        except OutturnError as error:
            put_error(form, error)
        else:
            messages.success(request, _("The readings are being replaced; it takes a moment."))
            return redirect(here)
    return show_form(
        request, form, title=_("Replace readings of %(key)s") % {"key": key}, submit=_("Replace them"), frame=SHELL,
        back=(_("Data quality"), here),
        intro=_("What was sent is kept, and can be put back. The new values count like good ones."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_OPERATE)
def undo(request: HttpRequest, substitution: UUID) -> HttpResponse:
    """Put back the readings that a substitution replaced."""
    row = Substitution.objects.filter(id=substitution).first()
    if row is None:
        raise Http404
    form = UndoForm(request.POST or None)
    here = _page_of(request, row)
    if request.method == "POST" and form.is_valid():
        try:
            undo_substitution(substitution=row.id, by=actor_of(request).name, now=utc_now(), **form.cleaned_data)
        except OutturnError as error:
            put_error(form, error)
        else:
            messages.success(request, _("What was there is being put back; it takes a moment."))
            return redirect(here)
    return show_form(
        request, form, title=_("Put readings of %(key)s back") % {"key": row.key}, submit=_("Put them back"),
        frame=SHELL, back=(_("Data quality"), here),
        intro=_("%(count)d readings get the values and the quality again that they had before: %(reason)s")
        % {"count": len(row.at), "reason": row.reason},
    )  # fmt: skip


def _page_of(request: HttpRequest, row: Substitution) -> str:
    """The page of the signal; 404 when its twin is in the trash."""
    slug = twins().filter(id=row.twin).values_list("slug", flat=True).first()
    if slug is None:
        raise Http404
    return reverse("quality-signal", args=[actor_of(request).slug, slug, row.asset, row.key])
