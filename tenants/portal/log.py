"""The tamper-evident log: its newest head and who co-signed it, its keys, its witnesses, and what checks found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tenants.edge.forms import NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.jobs.selectors import jobs
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.portal.entering import proven_again
from tenants.portal.jobs import card
from tenants.record import selectors
from tenants.record.domain.cosignatures import WitnessKey
from tenants.record.domain.handovers import open_handover
from tenants.record.models import Cosignature, KeyHandover, Witness
from tenants.record.monitoring import KIND
from tenants.record.rotation import rotate_key
from tenants.record.verification import head_fault
from tenants.record.witnesses import end_witness as stop_witness
from tenants.record.witnesses import register_witness
from tenants.scope.actors import Permission
from tenants.scope.models import Tenant

CHECKS, HANDOVERS, STAMPS = 10, 10, 10
"""How many are shown."""


class WitnessForm(forms.Form):
    """The key of a witness."""

    verifier = forms.CharField(
        max_length=300, label=gettext_lazy("Key of the witness"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("As its software shows it for cosignature/v1: name+id+key."),
    )  # fmt: skip


@require_safe
@page(needs=Permission.AUDIT_READ)
def log(request: HttpRequest) -> HttpResponse:
    """Whether the log verifies, and what vouches for it."""
    actor, head = actor_of(request), selectors.latest_head()
    last_job = jobs().filter(kind=KIND).first()
    checks = list(selectors.log_checks()[:CHECKS])
    signed = selectors.last_cosignatures()
    context = {
        "head": head,
        "fault": head_fault(head),
        "verifier": selectors.log_verifier() if head else None,
        "checks": checks,
        "last": checks[0] if checks else None,
        "check": card(last_job, actor) if last_job else None,
        "handovers": [_handover(row) for row in selectors.key_handovers()[:HANDOVERS]],
        "witnesses": [_witness(row, signed) for row in selectors.witnesses()],
        "cosigned": [_name(key) for key, row in signed.items() if head and row.size == head.size],
        "authority": selectors.stamp_authority(),
        "stamps": list(selectors.head_stamps()[:STAMPS]),
        "may_own": actor.may(Permission.ORGANISATION_OWN),
        "may_administer": actor.may(Permission.ORGANISATION_ADMINISTER),
    }
    return render(request, "portal/log.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_OWN)
@proven_again
def new_key(request: HttpRequest) -> HttpResponseBase:
    """Ask for the name, then have the log sign with a new key."""
    actor = actor_of(request)
    form = NamedConfirmForm(request.POST or None, name=Tenant.objects.get(id=actor.tenant).name)
    if request.method == "POST" and form.is_valid():
        try:
            key = rotate_key(by=actor.name, now=utc_now())
            messages.success(request, _("The log signs with the key %(key)s now.") % {"key": key.fingerprint})
        except OutturnError as error:
            messages.error(request, error.told)
        return redirect("log", actor.slug)
    return show_confirm(
        request, form, title=_("New key for the log"), submit=_("Make the new key"), back=_back(request),
        what=_(
            "The log is sealed with the present key, which then signs over to a new one. Reports that were made before "
            "still verify with the present key; reports made after name the new one, and prove that the present one "
            "handed over to it. Tell your customers the new fingerprint."
        ),
        undo=_("This cannot be undone: the present key is not kept."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_ADMINISTER)
def new_witness(request: HttpRequest) -> HttpResponse:
    """Register a witness."""
    actor, form = actor_of(request), WitnessForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            register_witness(verifier=form.cleaned_data["verifier"], by=actor.name, now=utc_now())
            messages.success(request, _("Heads that it co-signs are kept from now on."))
            return redirect("log", actor.slug)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("New witness"), submit=_("Register the witness"), back=_back(request),
        intro=_(
            "A witness is a server of a customer or a partner. It follows the log, checks that it only grows, and "
            "co-signs its heads. It comes with an API key that may “Heads of the log: operate”, or as a customer."
        ),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_ADMINISTER)
def end_witness(request: HttpRequest, witness: UUID) -> HttpResponse:
    """Take no more of a witness, after its name was typed."""
    actor, row = actor_of(request), selectors.witnesses().filter(id=witness).first()
    if row is None:
        raise Http404
    name = _name(row.verifier)
    form = NamedConfirmForm(request.POST or None, name=name)
    if request.method == "POST" and form.is_valid():
        try:
            stop_witness(witness=row.id, by=actor.name, now=utc_now())
            messages.success(request, _("%(name)s is no witness any more.") % {"name": name})
        except NotFoundError:
            messages.info(request, _("That witness was ended before."))
        return redirect("log", actor.slug)
    return show_confirm(
        request, form, title=_("End the witness “%(name)s”") % {"name": name}, submit=_("End the witness"),
        back=_back(request), what=_("Its cosignatures are taken no more; those that are there stay."),
        undo=_("It can be registered again with the same key."),
    )  # fmt: skip


def _back(request: HttpRequest) -> tuple[str, str]:
    return _("Log"), reverse("log", args=[actor_of(request).slug])


def _name(verifier: str) -> str:
    return WitnessKey.parse(verifier).name


def _handover(row: KeyHandover) -> dict[str, Any]:
    found = open_handover(row.note)
    return {
        "at": row.handed_at, "by": row.by, "size": row.size, "former": found.former.fingerprint,
        "next": found.following.fingerprint,
    }  # fmt: skip


def _witness(row: Witness, signed: Mapping[str, Cosignature]) -> dict[str, Any]:
    key = WitnessKey.parse(row.verifier)
    return {"row": row, "name": key.name, "fingerprint": key.fingerprint, "last": signed.get(row.verifier)}
