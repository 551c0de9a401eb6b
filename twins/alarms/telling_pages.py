"""The pages of who is told: channels, escalation chains, and what went out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.forms import SHELL, NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission
from twins.alarms import selectors, telling
from twins.alarms.domain.oncall import shifts
from twins.alarms.escalating import person_on_call, rotation_of
from twins.alarms.models import EscalationChain
from twins.alarms.pages import PRIORITIES
from twins.alarms.telling import Level
from twins.composer.selectors import twin_choices

MOST_SHOWN = 50
LEVELS = 3
"""Levels that the form offers; the API takes more."""
AHEAD = timedelta(days=28)


class ChannelForm(forms.Form):
    """Where alarms are told."""

    name = forms.CharField(max_length=120, label=gettext_lazy("Name"))
    addresses = forms.CharField(
        required=False, max_length=5000, label=gettext_lazy("Addresses of mail"),
        help_text=gettext_lazy("Several with a comma between them."),
    )  # fmt: skip
    url = forms.CharField(
        required=False, max_length=500, label=gettext_lazy("Webhook"),
        help_text=gettext_lazy("An https address, in place of mail. What it is sent is signed with a secret."),
    )  # fmt: skip


class ChainForm(forms.Form):
    """Who is told of what, one after the other."""

    name = forms.CharField(max_length=120, label=gettext_lazy("Name"))
    priorities = forms.MultipleChoiceField(
        choices=PRIORITIES, widget=forms.CheckboxSelectMultiple, initial=["critical", "high"],
        label=gettext_lazy("For alarms of priority"),
    )  # fmt: skip
    twin = forms.ChoiceField(required=False, label=gettext_lazy("Twin"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["twin"].choices = [("", _("All twins")), *twin_choices()]  # type: ignore[attr-defined]
        told = [(f"channels {row.id}", row.name) for row in selectors.channels()]
        told += [(f"schedules {row.id}", _("On call: %(name)s") % {"name": row.name}) for row in selectors.schedules()]
        for number in range(LEVELS):
            values = {"number": number + 1}
            self.fields[f"wait_{number}"] = forms.IntegerField(
                min_value=0, max_value=10_080, required=False, label=_("Level %(number)d: minutes to wait") % values
            )
            self.fields[f"told_{number}"] = forms.MultipleChoiceField(
                choices=told, required=False, widget=forms.CheckboxSelectMultiple,
                label=_("Level %(number)d: who is told") % values,
            )  # fmt: skip

    def levels(self) -> list[Level]:
        """Those that tell somebody."""
        found = []
        for number in range(LEVELS):
            told: dict[str, list[UUID]] = {"channels": [], "schedules": []}
            for each in self.cleaned_data[f"told_{number}"]:
                kind, _space, id_ = each.partition(" ")
                told[kind].append(UUID(id_))
            if told["channels"] or told["schedules"]:
                found.append(Level((self.cleaned_data[f"wait_{number}"] or 0) * 60, **told))
        return found


@require_safe
@page(needs=Permission.ALARMS_EDIT)
def telling_page(request: HttpRequest) -> HttpResponse:
    """All of it on one page, with what went out last."""
    return _shown(request)


def _shown(request: HttpRequest, secret: str = "") -> HttpResponse:
    now = utc_now()
    schedules = []
    for row in selectors.schedules():
        ahead = shifts(*rotation_of(row), now, now + AHEAD)
        schedules.append({"row": row, "person": person_on_call(row, now), "ahead": ahead[:5]})
    context = {
        "channels": selectors.channels(), "schedules": schedules, "chains": selectors.chains(), "secret": secret,
        "deliveries": selectors.deliveries()[:MOST_SHOWN],
    }  # fmt: skip
    response = render(request, "alarms/telling.html", context)
    if secret:
        response["Cache-Control"] = "no-store"
    return response


def _split(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _back(request: HttpRequest) -> tuple[str, str]:
    return _("Notifications"), reverse("alarm-telling", args=[actor_of(request).slug])


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ALARMS_EDIT)
def channel(request: HttpRequest, channel: UUID | None = None) -> HttpResponse:
    """Make or change a channel."""
    row = None if channel is None else _row(selectors.channels(), channel)
    initial = row and {"name": row.name, "addresses": ", ".join(row.addresses), "url": row.url}
    form = ChannelForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made, secret = telling.save_channel(
                channel=channel, name=values["name"], addresses=_split(values["addresses"]), url=values["url"].strip(),
                by=actor_of(request).name, now=utc_now(),
            )  # fmt: skip
            messages.success(request, _("%(name)s is saved.") % {"name": made.name})
            return _shown(request, secret) if secret else redirect(_back(request)[1])
        except OutturnError as error:
            put_error(form, error)
    return show_form(request, form, title=_("Channel"), submit=_("Save"), frame=SHELL, back=_back(request))


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ALARMS_EDIT)
def chain(request: HttpRequest, chain: UUID | None = None) -> HttpResponse:
    """Make or change a chain."""
    row: EscalationChain | None = None if chain is None else _row(selectors.chains(), chain)
    form = ChainForm(request.POST or None, initial=row and _initial(row))
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            telling.save_chain(
                chain=chain, name=values["name"], priorities=values["priorities"],
                twin=UUID(values["twin"]) if values["twin"] else None, levels=form.levels(),
                by=actor_of(request).name, now=utc_now(),
            )  # fmt: skip
            return redirect(_back(request)[1])
        except OutturnError as error:
            put_error(form, error)
    return show_form(request, form, title=_("Escalation chain"), submit=_("Save"), frame=SHELL, back=_back(request))


def _initial(row: EscalationChain) -> dict[str, Any]:
    found: dict[str, Any] = {"name": row.name, "priorities": row.priorities, "twin": row.twin_id or ""}
    for number, level in enumerate(row.levels[:LEVELS]):
        found[f"wait_{number}"] = level["wait_s"] // 60
        found[f"told_{number}"] = [f"{kind} {id_}" for kind in ("channels", "schedules") for id_ in level[kind]]
    return found


@require_POST
@page(needs=Permission.ALARMS_EDIT)
def try_out(request: HttpRequest, channel: UUID) -> HttpResponse:
    """Send a test."""
    row = _row(selectors.channels(), channel)
    telling.try_channel(channel=row.id, now=utc_now())
    messages.success(request, _("A test is on its way. What became of it stands below."))
    return redirect(_back(request)[1])


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ALARMS_EDIT)
def remove(request: HttpRequest, kind: str, thing: UUID) -> HttpResponse:
    """Delete a channel, a schedule or a chain, after its name was typed."""
    kinds: dict[str, Any] = {
        "channel": (selectors.channels(), telling.delete_channel),
        "schedule": (selectors.schedules(), telling.delete_schedule),
        "chain": (selectors.chains(), telling.delete_chain),
    }  # fmt: skip
    if kind not in kinds:
        raise Http404
    rows, delete = kinds[kind]
    row = _row(rows, thing)
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=row.name)
    if request.method == "POST" and form.is_valid():
        delete(id_=row.id, by=actor_of(request).name, now=utc_now())
        messages.success(request, _("%(name)s is deleted.") % {"name": row.name})
        return redirect(_back(request)[1])
    return show_confirm(
        request, form, title=_("Delete “%(name)s”") % {"name": row.name}, submit=_("Delete"), back=_back(request),
        what=_("Nobody is told of alarms by it any more."), undo=_("This cannot be undone."),
    )  # fmt: skip


def _row(rows: Any, id_: UUID) -> Any:
    row: Model | None = rows.filter(id=id_).first()
    if row is None:
        raise Http404
    return row
