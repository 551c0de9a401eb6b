"""The page of the organisation's data: what is handed out, how long it is kept, and how it is erased."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.custody import erasing, exporting, persons, retaining, selectors
from tenants.custody.downloads import archive_answer
from tenants.custody.grace import READINGS, grace_under_way, plan_in_force
from tenants.custody.models import Certificate
from tenants.edge.forms import NamedConfirmForm, put_error, show_confirm
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.jobs.models import Job
from tenants.kernel.canonical import canonical_json
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.people.selectors import members
from tenants.scope.actors import Permission
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant

NEEDS = Permission.ORGANISATION_ADMINISTER
LABELS = {
    "readings": gettext_lazy("Raw readings"),
    "set_aside": gettext_lazy("Readings set aside"),
    "jobs": gettext_lazy("Jobs that have ended"),
    "audit": gettext_lazy("Audit entries and the history of alarms"),
    "answers": gettext_lazy("Answers to repeated requests"),
}


class ExportForm(forms.Form):
    """Of whom the archive is."""

    subject = forms.EmailField(
        required=False, max_length=254, label=gettext_lazy("About one person only: their email"),
        help_text=gettext_lazy("Empty: everything the organisation has. Kept for 7 days, without secrets."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip

    def clean_subject(self) -> str:
        """Refuse the address of nobody.

        Raises:
            ValidationError: No member has it.
        """
        return _member(self.cleaned_data["subject"]) if self.cleaned_data["subject"] else ""


class PersonForm(forms.Form):
    """Who is to be erased."""

    person = forms.EmailField(
        max_length=254, label=gettext_lazy("Email of the person"),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    typed = forms.CharField(
        max_length=254, label=gettext_lazy("Their email, typed again"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    def clean_person(self) -> str:
        """Refuse the address of nobody.

        Raises:
            ValidationError: No member has it.
        """
        return _member(self.cleaned_data["person"])

    def clean(self) -> dict[str, Any]:
        """Refuse another address than that of the person chosen.

        Raises:
            ValidationError: Another one was typed.
        """
        given = super().clean() or {}
        if given.get("person") and given.get("typed", "").strip().lower() != given["person"]:
            raise forms.ValidationError(_("This is not the address of the person. Nothing was changed."))
        return given


class RetentionForm(forms.Form):
    """How many days what is kept."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found, plan = selectors.policy(), plan_in_force()
        empty = {
            "answers": "",
            READINGS: _("Empty: as long as the plan %(plan)s allows, %(days)s days.")
            % {"plan": plan.name, "days": f"{plan.retention_days:,}"},
        }
        for kept, label in LABELS.items():
            least = retaining.LEAST[kept]
            note = _("At least %(least)s.") % {"least": least}
            self.fields[kept] = forms.IntegerField(
                required=kept == "answers", min_value=least, max_value=retaining.MOST, initial=found.days(kept),
                label=label, help_text=f"{note} {empty.get(kept, _('Empty: for good.'))}".strip(),
            )  # fmt: skip
            self.fields[kept].unit = _("days")  # type: ignore[attr-defined]


def _member(email: str) -> str:
    known = members(required_tenant("people")).filter(user__email=email.lower())
    found = known.values_list("user__email", flat=True).first()
    if found is None:
        raise forms.ValidationError(_("No member of the organisation has this address."))
    return found


def _context(**forms_: Any) -> dict[str, Any]:
    rows = list(selectors.exports()[:20])
    jobs = {job.id: job for job in Job.objects.filter(id__in=[row.job for row in rows])}
    return {
        "exports": [{"row": row, "job": row.job and jobs.get(row.job)} for row in rows],
        "certificates": selectors.certificates()[:20],
        "erasure": selectors.erasure(),
        "export_form": ExportForm(),
        "retention_form": forms_.get("retention_form") or RetentionForm(),
        "grace": grace_under_way(now=utc_now()),
        "person_form": PersonForm(),
        **forms_,
    }


@require_safe
@page(needs=NEEDS)
def data(request: HttpRequest) -> HttpResponse:
    """What the organisation's data comes to, and what can be done with it."""
    return render(request, "custody/data.html", _context())


@require_safe
@page(needs=NEEDS)
def drops(request: HttpRequest) -> HttpResponse:
    """How much is kept of each class and what goes next, which takes counting: the page asks for it on its own."""
    found = retaining.next_drops(now=utc_now())
    held = [{"label": LABELS[drop.kept], "hold": hold} for drop in found for hold in drop.held]
    labelled = [{"label": LABELS[drop.kept], "drop": drop} for drop in found]
    return render(request, "custody/_drops.html", {"drops": labelled, "held": held})


@require_POST
@page(needs=NEEDS)
def ask_for_export(request: HttpRequest) -> HttpResponse:
    """Ask for an archive."""
    actor, form = actor_of(request), ExportForm(request.POST)
    if not form.is_valid():
        return render(request, "custody/data.html", _context(export_form=form), status=400)
    try:
        exporting.check_reader(actor.permissions)
        exporting.ask_export(by=actor.name, now=utc_now(), subject=form.cleaned_data["subject"])
        messages.success(request, _("The archive is being written; this page shows when it is ready."))
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("data", actor.slug)


@require_safe
@page(needs=NEEDS)
def archive(request: HttpRequest, export: UUID) -> HttpResponseBase:
    """Fetch an archive."""
    try:
        exporting.check_reader(actor_of(request).permissions)
        return archive_answer(request, selectors.ready_export(export))
    except NotFoundError as error:
        raise Http404 from error
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("data", actor_of(request).slug)


@require_POST
@page(needs=NEEDS)
def remove(request: HttpRequest, export: UUID) -> HttpResponse:
    """Remove an archive before its week is over."""
    actor = actor_of(request)
    try:
        exporting.remove_export(export=export, by=actor.name, now=utc_now())
    except NotFoundError as error:
        raise Http404 from error
    messages.success(request, _("The archive is removed."))
    return redirect("data", actor.slug)


@require_POST
@page(needs=NEEDS)
def retention(request: HttpRequest) -> HttpResponse:
    """Say how long what is kept."""
    actor, form = actor_of(request), RetentionForm(request.POST)
    if not form.is_valid():
        return render(request, "custody/data.html", _context(retention_form=form), status=400)
    try:
        retaining.set_policy(days=form.cleaned_data, by=actor.name, now=utc_now())
    except OutturnError as error:
        put_error(form, error)
        return render(request, "custody/data.html", _context(retention_form=form), status=error.status)
    messages.success(request, _("Saved. What is past its time goes with the next day's work."))
    return redirect("data", actor.slug)


@require_POST
@page(needs=NEEDS)
def erase_somebody(request: HttpRequest) -> HttpResponse:
    """Erase a person from the organisation."""
    actor, form = actor_of(request), PersonForm(request.POST)
    if not form.is_valid():
        return render(request, "custody/data.html", _context(person_form=form), status=400)
    try:
        made = persons.erase_person(
            email=form.cleaned_data["person"], by=actor.name, now=utc_now(), may=actor.permissions
        )
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("data", actor.slug)
    said = _("Done: they are “%(name)s” now. The certificate below says what was replaced, and what is kept and why.")
    messages.success(request, said % {"name": made.document["name"]})
    return redirect("data", actor.slug)


@require_safe
@page(needs=NEEDS)
def certificate(request: HttpRequest, certificate: UUID) -> HttpResponse:
    """A certificate, as the file whose digest is in the log."""
    try:
        return _file(selectors.certificate(certificate))
    except NotFoundError as error:
        raise Http404 from error


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_OWN)
def erase(request: HttpRequest) -> HttpResponse:
    """Ask for the name, then close the organisation; it is erased in 30 days."""
    actor = actor_of(request)
    form = NamedConfirmForm(request.POST or None, name=Tenant.objects.get(id=actor.tenant).name)
    if request.method == "POST" and form.is_valid():
        try:
            made = erasing.ask_erasure(name=form.cleaned_data["typed"], by=actor.name, now=utc_now())
            messages.success(
                request, _("The organisation is closed. On %(day)s it is erased.") % {"day": f"{made.due_at:%Y-%m-%d}"}
            )
        except OutturnError as error:
            messages.error(request, error.told)
        return redirect("data", actor.slug)
    return show_confirm(
        request, form, title=_("Close and erase the organisation"), submit=_("Close and erase"),
        back=(_("Data"), reverse("data", args=[actor.slug])),
        what=_(
            "Everything the organisation has goes: people, keys, gateways, twins, readings, plans. Sealed statements, "
            "invoices and what they rest on are kept for as long as the law demands; a certificate says so, and is "
            "sent to the owners."
        ),
        undo=_(
            "The organisation is closed at once. For 30 days an owner can open it again; after that nothing can be "
            "undone."
        ),
    )  # fmt: skip


@require_POST
@page(needs=Permission.ORGANISATION_OWN)
def take_back(request: HttpRequest) -> HttpResponse:
    """Open the organisation again."""
    actor = actor_of(request)
    try:
        erasing.take_erasure_back(by=actor.name, now=utc_now())
        messages.success(request, _("The organisation is open again, as it was."))
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("data", actor.slug)


@require_safe
def erasure_certificate(_request: HttpRequest, token: str) -> HttpResponse:
    """The certificate of an organisation that is gone, for whoever has the address that its owners were sent."""
    found = selectors.certificate_named(token)
    if found is None:
        raise Http404
    try:
        with scope(found[0]):
            return _file(selectors.certificate(found[1]))
    except NotFoundError as error:
        raise Http404 from error


def _file(row: Certificate) -> HttpResponse:
    response = HttpResponse(canonical_json(row.document), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="certificate-{row.issued_at:%Y-%m-%d}.json"'
    response["Cache-Control"] = "private, no-store"
    return response
