"""The tenant's side of sharing: a part of each customer's page, and the forms behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tenants.customers.selectors import customer as customer_by_id
from tenants.edge.forms import NamedConfirmForm, show_confirm
from tenants.edge.http import actor_of
from tenants.edge.permissions import may_any, page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Actor, Permission
from twins.catalog.selectors import resolved_types
from twins.composer.models import Twin
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import published_twin, twin_by_slug, twins
from twins.sharing import selectors
from twins.sharing.api import SHARING
from twins.sharing.models import SharedView
from twins.sharing.schemas import ViewTerms
from twins.sharing.services import revoke_view, share_view


def _moment(label: Any, optional: Any = "") -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, help_text=optional, required=not optional, widget=widget)


class ShareForm(forms.Form):
    """What is shared of a twin: the chosen signals of each chosen asset that has them.

    Args:
        document: The published twin.
    """

    name = forms.CharField(
        max_length=120, label=gettext_lazy("Name"), help_text=gettext_lazy("What the customer's people see it as.")
    )
    assets = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Assets"))
    keys = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Signals"))
    start = _moment(gettext_lazy("Readings from (UTC)"))
    end = _moment(gettext_lazy("Readings before (UTC)"), gettext_lazy("Empty: also those to come."))
    expires_at = _moment(gettext_lazy("Gone from (UTC)"), gettext_lazy("Empty: seen until it is revoked."))

    def __init__(self, *args: Any, document: TwinDocument, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        types = resolved_types()
        self.signals = {key: types[each.type].document.signals for key, each in document.assets.items()}
        names: dict[str, str] = {}
        for of_asset in self.signals.values():
            names = {key: (signal.name or {}).get("en", key) for key, signal in of_asset.items()} | names
        by_name = sorted(document.assets.items(), key=lambda item: item[1].name)
        self.fields["assets"].choices = [(key, each.name) for key, each in by_name]  # type: ignore[attr-defined]
        self.fields["keys"].choices = list(names.items())  # type: ignore[attr-defined]

    def terms(self) -> ViewTerms:
        """What was filled in."""
        values = self.cleaned_data
        chosen = frozenset(values["keys"])
        signals = {UUID(asset): chosen & self.signals[asset].keys() for asset in values["assets"]}
        times = {name: values[name] and values[name].replace(tzinfo=UTC) for name in ("start", "end", "expires_at")}
        return ViewTerms(name=values["name"], signals=signals, **times)


def panel(actor: Actor, customer: UUID) -> Mapping[str, Any]:
    """What a customer's page tells of what is shared with it."""
    now = utc_now()
    views = []
    for row in selectors.shared_views().filter(customer=customer):
        number = sum(map(len, row.signals.values()))
        views.append({"row": row, "state": _state(row, now), "signals": number})
    return {
        "views": views,
        "customer": customer,
        "can_share": may_any(actor, SHARING) and actor.may(Permission.TWINS_READ),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=SHARING)
def share(request: HttpRequest, customer: UUID) -> HttpResponse:
    """Share signals of a twin with a customer; which twin stands in the address."""
    actor = actor_of(request)
    if not actor.may(Permission.TWINS_READ):
        raise PermissionDenied
    row = _customer(customer)
    found, document = _twin(request)
    context = {"customer": row, "twin": found, "twins": twins().filter(published__gt=0), "form": None}
    if document is None or found is None:
        return render(request, "sharing/share.html", context)
    form = ShareForm(request.POST or None, document=document, initial={"start": utc_now()})
    if request.method == "POST" and form.is_valid():
        try:
            share_view(customer=row.id, twin_id=found.id, terms=form.terms(), by=actor, now=utc_now())
            messages.success(request, _("Shared. The customer's people see it under Assets."))
            return redirect("customer", actor.slug, row.id)
        except OutturnError as error:
            place = {"signals": "keys"}.get(error.place, error.place)
            form.add_error(place if place in form.fields else None, error.told)
    return render(request, "sharing/share.html", context | {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=SHARING)
def revoke(request: HttpRequest, view: UUID) -> HttpResponse:
    """End a shared view, after its name was typed."""
    actor = actor_of(request)
    try:
        row = selectors.shared_view(view)
    except NotFoundError:
        raise Http404 from None
    form = NamedConfirmForm(request.POST or None, name=row.name)
    if request.method == "POST" and form.is_valid():
        revoke_view(view=row.id, by=actor, now=utc_now())
        messages.success(request, _("%(name)s is not shared any more.") % {"name": row.name})
        return redirect("customer", actor.slug, row.customer_id)
    return show_confirm(
        request, form, title=_("Revoke the shared view “%(name)s”") % {"name": row.name}, submit=_("Revoke the view"),
        back=(row.customer.name, reverse("customer", args=[actor.slug, row.customer_id])),
        what=_("The people of %(customer)s do not see it any more, from their next look on.")
        % {"customer": row.customer.name},
        undo=_("This cannot be undone, but the same can be shared again."),
    )  # fmt: skip


def _state(row: SharedView, now: Any) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at is not None and row.expires_at <= now else "in_force"


def _twin(request: HttpRequest) -> tuple[Twin | None, TwinDocument | None]:
    slug = request.GET.get("twin", "")
    if not slug:
        return None, None
    found = twin_by_slug(slug)
    if found is None:
        raise Http404
    return found, published_twin(found.id)


def _customer(customer: UUID) -> Any:
    try:
        return customer_by_id(customer)
    except NotFoundError:
        raise Http404 from None
