"""The pages of the agent at a gateway's site: how it does, its keys, and what became of its seals."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tenants.edge.forms import NamedConfirmForm, show_confirm
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Permission
from twins.gateways.edge.platform import selectors, services
from twins.gateways.edge.platform.models import KeyState, SealedBatch, SealState, SiteKey
from twins.gateways.edge.platform.selectors import EdgeState
from twins.gateways.field.certificates import spaced
from twins.gateways.models import Gateway
from twins.gateways.selectors import gateway as gateway_of

BREAKS_SHOWN = 8
TYPED = 8
"""Digits of a fingerprint that a person types to approve a key."""
KEY_STATES = {
    KeyState.WAITING: ("pending", _("Waits for you")), KeyState.APPROVED: ("in_force", _("Approved")),
    KeyState.RETIRED: ("revoked", _("Retired")),
}  # fmt: skip
SEAL_STATES = {SealState.KEPT: ("done", _("Kept")), SealState.BROKEN: ("failed", _("Broken"))}
APPLIED = {
    "applied": ("done", _("Applied")), "refused": ("failed", _("Refused")), "pending": ("queued", _("Not taken yet")),
}  # fmt: skip
_FULL, _NEARLY = 100, 80


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def edge(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """How the agent does, with its keys, its seals and the versions of its configuration."""
    row = found_gateway(gateway)
    return render(
        request, "edge/detail.html",
        {
            **_doing(request, row), "can_edit": actor_of(request).may(Permission.GATEWAYS_EDIT),
            "keys": [_key(one) for one in selectors.site_keys(row.id)[:50]],
            "breaks": selectors.broken_seals(row.id)[:BREAKS_SHOWN],
            "versions": selectors.configurations(row.id).defer("document")[:20],
        },
    )  # fmt: skip


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def doing(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """How it does now, asked for again and again by its page."""
    return render(request, "edge/_doing.html", _doing(request, found_gateway(gateway)))


def _doing(request: HttpRequest, row: Gateway) -> dict[str, Any]:
    state = selectors.edge_state(row.id, now=utc_now())
    said = state.agent.status if state.agent else None
    return {
        "gateway": row, "edge": state, "said": said, "store": _store(said["store"]) if said else None,
        "applied": APPLIED.get(state.applied or ""), "findings": said["configuration"]["findings"] if said else (),
        "doing_url": reverse("gateway-edge-doing", args=[actor_of(request).slug, row.id]),
    }  # fmt: skip


def _store(said: dict[str, Any]) -> dict[str, Any]:
    percent = min(_FULL, round(100 * said["bytes"] / said["limit"])) if said["limit"] else _FULL
    look = "exhausted" if percent >= _FULL else "warning" if percent >= _NEARLY else "ok"
    return {**said, "percent": percent, "look": look}


def _key(row: SiteKey) -> dict[str, Any]:
    look, word = KEY_STATES[KeyState(row.state)]
    return {
        "row": row, "look": look, "word": word, "fingerprint": spaced(row.fingerprint),
        "waits": row.state == KeyState.WAITING,
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.GATEWAYS_EDIT)
def approve(request: HttpRequest, gateway: UUID, key: UUID) -> HttpResponse:
    """Approve a key, after the beginning of its fingerprint was typed."""
    row, actor = found_gateway(gateway), actor_of(request)
    try:
        found = selectors.site_key(row.id, key)
    except NotFoundError:
        raise Http404 from None
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=found.fingerprint[:TYPED])
    if request.method == "POST" and form.is_valid():
        try:
            services.approve_key(gateway=row.id, key=found.id, by=actor.name, now=utc_now())
            messages.success(request, gettext("The key is approved. What it seals from now on counts as the site's."))
        except OutturnError as error:
            messages.error(request, error.told)
        return redirect("gateway-edge", actor.slug, row.id)
    return show_confirm(
        request, form, title=_("Approve a key of “%(name)s”") % {"name": row.name}, submit=_("Approve the key"),
        back=(_("Edge agent"), reverse("gateway-edge", args=[actor.slug, row.id])),
        what=_(
            "Its fingerprint is %(print)s. Compare it with the one that the agent shows at the site. What it seals "
            "from then on is the site's word, and the key before it is retired."
        ) % {"print": spaced(found.fingerprint)},
        undo=_("A key that is retired does not come back: the site would need a new one."),
    )  # fmt: skip


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def seals(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """The batches that came with a seal."""
    row = found_gateway(gateway)
    listed = _listing().page(request, selectors.seals(row.id))
    return listed.csv or render(request, "edge/seals.html", {"listing": listed, "gateway": row})


def _listing() -> Listing:
    def look(row: SealedBatch) -> str:
        return SEAL_STATES[SealState(row.state)][0]

    def word(row: SealedBatch) -> Any:
        return SEAL_STATES[SealState(row.state)][1]

    return Listing(
        name="seals", caption=_("Seals"), order="-id", search=("batch", "fingerprint", "code"),
        columns=(
            Column("received_at", _("Received"), sort="id", kind="moment"),
            Column("state", _("State"), kind="status", value=look, word=word),
            Column("sequence", _("Number"), kind="number"),
            Column("batch", _("Batch"), kind="code"),
            Column("readings", _("Readings"), kind="number"),
            Column("reason", _("Why it is broken")),
            Column("first_at", _("First reading"), kind="moment"),
            Column("last_at", _("Last reading"), kind="moment"),
            Column("fingerprint", _("Key"), is_shown=False),
            Column("digest", _("Digest"), is_shown=False),
            Column("previous", _("The one before"), is_shown=False),
            Column("body_digest", _("SHA-256 of the body"), is_shown=False),
            Column("code", _("Code"), is_shown=False),
        ),
        filters=(
            Filter(
                "state", _("State"), tuple((state.value, word) for state, (_look, word) in SEAL_STATES.items()),
                lambda rows, state: rows.filter(state=state),
            ),
        ),
    )  # fmt: skip


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def bootstrap(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """The agent's own file, filled in for this gateway."""
    row = found_gateway(gateway)
    text = "\n".join(
        (
            f"# The edge agent of the gateway {json.dumps(row.name)[1:-1]} ({row.id}).",
            "# Put the gateway's token into the file that token_file names, readable by the agent only.",
            f"server = {json.dumps(settings.BASE_URL)}",
            'token_file = "gateway.token"',
            'folder = "edge"',
            "",
        )
    )
    response = HttpResponse(text, content_type="application/toml; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="edge.toml"'
    return response


def edge_summary(gateway: UUID) -> EdgeState | None:
    """The agent as the gateway's own page shows it; None where there is none."""
    return selectors.edge_state(gateway, now=utc_now()) if selectors.is_any_edge(gateway) else None


def found_gateway(gateway: UUID) -> Gateway:
    """A gateway of the organisation, or 404."""
    try:
        return gateway_of(gateway)
    except NotFoundError:
        raise Http404 from None
