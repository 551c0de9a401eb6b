"""The authorities that sign devices' certificates: which there are, adding one with its proof, withdrawing it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tenants.edge.forms import SHELL, NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Permission
from twins.gateways.models import Authority
from twins.gateways.provisioning import authorities as services
from twins.gateways.provisioning.keys import MOST_ALLOWED

LARGEST_LIST = 2 * 1024 * 1024
_PEM = {"rows": 6, "spellcheck": "false", "class": "form-control font-monospace"}


class AuthorityForm(forms.Form):
    """An authority and the proof that it is the organisation's."""

    name = forms.CharField(max_length=120, label=_("Name"), help_text=_("Such as the maker of the devices."))
    certificate = forms.CharField(
        max_length=20_000, widget=forms.Textarea(attrs=_PEM), label=_("Its certificate"),
        help_text=_("PEM, beginning with -----BEGIN CERTIFICATE-----. It may sign others: CA:TRUE, keyCertSign."),
    )  # fmt: skip
    proof = forms.CharField(
        max_length=20_000, widget=forms.Textarea(attrs=_PEM), label=_("The proof"),
        help_text=_("A certificate that it has signed, whose common name is the code above."),
    )  # fmt: skip
    allowed = forms.IntegerField(
        min_value=0, max_value=MOST_ALLOWED, initial=0, label=_("New gateways it may make"),
        help_text=_("Devices whose serial no gateway has. With 0, make each gateway with its serial first."),
    )  # fmt: skip


class ListForm(forms.Form):
    """A revocation list."""

    list = forms.FileField(
        label=_("Revocation list (CRL)"), help_text=_("The newest of this authority, as PEM or DER, at most 2 MB.")
    )

    def clean_list(self) -> bytes:
        """Its content.

        Raises:
            ValidationError: It is too large.
        """
        file: UploadedFile = self.cleaned_data["list"]
        if file.size is None or file.size > LARGEST_LIST:
            raise forms.ValidationError(_("The file is larger than 2 MB."))
        return bytes(file.read())


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def authorities(request: HttpRequest) -> HttpResponse:
    """The authorities."""
    can_edit = actor_of(request).may(Permission.GATEWAYS_EDIT)
    listed = _listing(utc_now()).page(
        request, services.authorities(),
        actions=(lambda row: {"can_change": row.withdrawn_at is None}) if can_edit else None,
    )  # fmt: skip
    context = {
        "listing": listed, "can_edit": can_edit, "active": "authorities",
        "certificate_url": f"{settings.BASE_URL}/ingest/v1/certificate",
    }  # fmt: skip
    return listed.csv or render(request, "gateways/authorities.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def new_authority(request: HttpRequest) -> HttpResponse:
    """A new authority, with the proof that it is the organisation's."""
    actor = actor_of(request)
    form = AuthorityForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            row = services.add_authority(
                name=values["name"], pem=values["certificate"], proof=values["proof"], allowed=values["allowed"],
                by=actor.name, now=utc_now(),
            )  # fmt: skip
            messages.success(request, _("%(name)s is trusted: its devices get in.") % {"name": row.name})
            return redirect("authorities", actor.slug)
        except OutturnError as error:
            put_error(form, error)
    context = {
        "form": form, "proof_code": services.proof_code(),
        "back": (_("Authorities"), reverse("authorities", args=[actor.slug])),
    }  # fmt: skip
    return render(request, "gateways/new_authority.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def put_list(request: HttpRequest, authority: UUID) -> HttpResponse:
    """The authority's newest revocation list in place of the one before."""
    row, actor = _found(authority), actor_of(request)
    form = ListForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.put_revocation_list(
                authority=row.id, data=form.cleaned_data["list"], by=actor.name, now=utc_now()
            )
            said = _("%(count)s certificates of %(name)s are refused.")
            messages.success(request, said % {"count": len(row.revoked_serials), "name": row.name})
            return redirect("authorities", actor.slug)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("Revocation list of “%(name)s”") % {"name": row.name}, submit=_("Take the list"),
        frame=SHELL, back=(_("Authorities"), reverse("authorities", args=[actor.slug])),
        intro=_("Devices whose certificates stand on it get no new tokens; those that they have end within a day."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def withdraw(request: HttpRequest, authority: UUID) -> HttpResponse:
    """Withdraw an authority for good, after its name was typed."""
    row, actor = _found(authority), actor_of(request)
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=row.name)
    if request.method == "POST" and form.is_valid():
        services.withdraw_authority(authority=row.id, by=actor.name, now=utc_now())
        messages.success(request, _("%(name)s is withdrawn: its devices get no new tokens.") % {"name": row.name})
        return redirect("authorities", actor.slug)
    return show_confirm(
        request, form, title=_("Withdraw “%(name)s”") % {"name": row.name}, submit=_("Withdraw the authority"),
        back=(_("Authorities"), reverse("authorities", args=[actor.slug])),
        what=_("Its devices get no new tokens; those that they have end within a day. Its gateways stay."),
        undo=_("This cannot be undone. An authority with a new certificate can be added at any time."),
    )  # fmt: skip


def _listing(now: Any) -> Listing:
    def state(row: Authority) -> str:
        if row.withdrawn_at is not None:
            return "revoked"
        return "expired" if row.not_after <= now else "in_force"

    return Listing(
        name="authorities", caption=_("Authorities"), order="-created_at", search=("name", "subject", "fingerprint"),
        columns=(
            Column("name", _("Name"), sort="name"),
            Column("subject", _("Signs as")),
            Column("state", _("State"), kind="status", value=state),
            Column("not_after", _("Holds until"), sort="not_after", kind="moment"),
            Column("made", _("Gateways made"), kind="number", sort="made"),
            Column("allowed", _("of at most"), kind="number", sort="allowed"),
            Column("revoked", _("Revoked"), kind="number", value=lambda row: len(row.revoked_serials)),
            Column("list_due_at", _("Next list due"), kind="moment"),
            Column("fingerprint", _("SHA-256"), is_shown=False),
            Column("created_at", _("Added"), sort="created_at", kind="moment"),
        ),
    )  # fmt: skip


def _found(authority: UUID) -> Authority:
    try:
        return services.authority(authority)
    except NotFoundError:
        raise Http404 from None
