"""The page of the region and the data-processing agreement, and the agreement as a PDF."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.canonical import digest
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.lifecycle import selectors
from tenants.lifecycle.agreeing import accept_agreement
from tenants.lifecycle.terms import pdf_of
from tenants.scope.actors import Permission

NEEDS = Permission.ORGANISATION_ADMINISTER


class AcceptForm(forms.Form):
    """That somebody accepts what they read."""

    read = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)
    may = forms.BooleanField(
        label=gettext_lazy("I have read the agreement, and may accept it for the organisation."),
        error_messages={"required": gettext_lazy("Accepting needs this confirmation.")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
def agreements(request: HttpRequest) -> HttpResponse:
    """Read the agreement and accept it."""
    actor, terms = actor_of(request), selectors.terms()
    shown = digest(terms.document())
    form = AcceptForm(request.POST if request.method == "POST" else None, initial={"read": shown})
    if request.method == "POST" and form.is_valid():
        try:
            accept_agreement(read=form.cleaned_data["read"], by=actor.name, now=utc_now())
        except OutturnError as error:
            messages.error(request, error.told)
        else:
            messages.success(request, _("The agreement is accepted."))
        return redirect("agreements", actor.slug)
    accepted = list(selectors.agreements()[:50])
    in_force = next((each for each in accepted if each.digest == shown), None)
    context = {
        "terms": terms, "digest": shown, "form": form, "in_force": in_force, "accepted": accepted,
        "is_renewed": bool(accepted) and in_force is None,
    }  # fmt: skip
    return render(request, "lifecycle/agreements.html", context, status=400 if form.errors else 200)


@require_safe
@page(needs=NEEDS)
def present(request: HttpRequest) -> HttpResponse:
    """The agreement as it is now, to print before it is accepted."""
    document = selectors.terms().document()
    return _pdf(
        pdf_of(document, digest=digest(document), accepted=None, now=utc_now()), f"{document['version']}-unaccepted"
    )


@require_safe
@page(needs=NEEDS)
def accepted(request: HttpRequest, agreement: UUID) -> HttpResponse:
    """An agreement as it was accepted."""
    row = selectors.agreements().filter(id=agreement).first()
    if row is None:
        raise Http404
    content = pdf_of(row.document, digest=row.digest, accepted=(row.accepted_by, row.accepted_at), now=row.accepted_at)
    return _pdf(content, f"{row.version}-{row.accepted_at:%Y-%m-%d}")


def _pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="data-processing-agreement-{name}.pdf"'
    response["Cache-Control"] = "private, no-cache"
    return response
