"""What was refused of a gateway's readings: all of it with its reasons, and replaying it after the fix."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.portal.jobs import ACTIVE, card
from tenants.scope.actors import Permission
from twins.gateways import selectors
from twins.gateways.models import Gateway
from twins.gateways.refused.selectors import STATES, in_state, reasons, refused, state_of
from twins.gateways.refused.services import MOST_CHOSEN, ask_replay, replays
from twins.telemetry.models import SetAside

NEWEST = 8
"""Rows on the gateway's own page."""
LOOKED_AT = 100
"""Refusals that they are made of."""
SHOWN_FOR = timedelta(hours=1)
"""How long a replay that has ended is shown."""
WORDS = {"open": _("Can be replayed"), "replayed": _("Replayed"), "lost": _("Not kept")}
_STATUS = {"open": "warning", "replayed": "done", "lost": "unknown"}


def newest_refused(gateway: UUID) -> list[dict[str, Any]]:
    """The newest of what was refused, by key and reason, as the gateway's page shows it."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in refused(gateway)[:LOOKED_AT]:
        one = found.setdefault((row.key, row.code), {**_shown(row), "readings": 0})
        one["readings"] += row.count
    return list(found.values())[:NEWEST]


@require_safe
@page(needs=Permission.GATEWAYS_READ)
def all_refused(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """All that was refused, newest first, with what can be replayed by reason."""
    row, actor, now = _gateway(gateway), actor_of(request), utc_now()
    can_edit = actor.may(Permission.GATEWAYS_EDIT)
    listed = _listing(row).page(request, refused(row.id), actions=state_of if can_edit else None)
    if listed.csv is not None:
        return listed.csv
    running = [
        job for job in replays(row.id) if job.state in ACTIVE or now - (job.finished_at or now) < SHOWN_FOR
    ]  # fmt: skip
    context = {
        "gateway": row, "listing": listed, "can_edit": can_edit, "reasons": reasons(row.id),
        "jobs": [card(job, actor) for job in running], "most_chosen": MOST_CHOSEN,
    }  # fmt: skip
    return render(request, "gateways/refused.html", context)


@require_POST
@page(needs=Permission.GATEWAYS_EDIT)
def replay(request: HttpRequest, gateway: UUID) -> HttpResponse:
    """Replay what was chosen, or all of a reason."""
    row, actor = _gateway(gateway), actor_of(request)
    code = request.POST.get("code", "")[:60]
    ids = None if code else [one for text in request.POST.getlist("row")[:MOST_CHOSEN] if (one := _id(text))]
    try:
        ask_replay(gateway=row.id, ids=ids, code=code, by=actor.name, now=utc_now())
        messages.success(request, gettext("The replay has begun. What fits now is stored; what does not stays here."))
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("gateway-refused", actor.slug, row.id)


def _listing(row: Gateway) -> Listing:
    return Listing(
        name="refused", caption=_("Refused readings"), order="-id", search=("key", "batch", "code", "excerpt"),
        columns=(
            Column("received_at", _("Received"), sort="id", kind="moment"),
            Column("key", _("Key"), kind="code", value=lambda one: one.key or gettext("the whole message")),
            Column("count", _("Readings"), kind="number"),
            Column("sent", _("First sent as"), kind="code", value=_sent),
            Column("at", _("Measured"), kind="moment", value=lambda one: one.at[0] if one.at else None, is_shown=False),
            Column("message", _("Why, and what to do"), template="gateways/_reason.html"),
            Column("code", _("Reason"), kind="code", is_shown=False),
            Column("fix", _("What to do"), is_shown=False),
            Column("batch", _("Batch"), kind="code"),
            Column("state", _("State"), kind="status", value=lambda one: _STATUS[state_of(one)],
                   word=lambda one: WORDS[state_of(one)], is_filed=False),
            Column("standing", _("State"), value=state_of, is_shown=False),
            Column("replayed_at", _("Replayed"), kind="moment", is_shown=False),
            Column("stored", _("Stored then"), kind="number", is_shown=False),
        ),
        filters=(
            Filter("state", _("State"), [(one, WORDS[one]) for one in STATES], in_state),
            Filter("code", _("Reason"), lambda: _codes(row.id), lambda rows, code: rows.filter(code=code)),
        ),
    )  # fmt: skip


def _codes(gateway: UUID) -> list[tuple[str, str]]:
    codes = refused(gateway).order_by("code").values_list("code", flat=True).distinct()
    return [(code, code) for code in codes]


def _shown(row: SetAside) -> dict[str, Any]:
    """A row with its first reading, and what was sent for it."""
    return {"row": row, "is_whole": not row.key and not row.at, "at": row.at[0] if row.at else None, "sent": _sent(row)}


def _sent(row: SetAside) -> str:
    value = row.value[0] if row.value else None
    return row.excerpt if value is None else f"{value}"


def _gateway(gateway: UUID) -> Gateway:
    try:
        return selectors.gateway(gateway)
    except NotFoundError:
        raise Http404 from None


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
