"""The alarms' pages: the list that operators work from, and one alarm with all that is known of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Permission
from twins.alarms import selectors, services
from twins.alarms.domain.states import AlarmState, Priority
from twins.alarms.models import Alarm
from twins.alarms.planning import current_plan
from twins.alarms.trend import trend_of
from twins.alarms.wording import measured, words
from twins.composer.selectors import twin_choices
from twins.language.symbols import symbol

PRIORITIES = (
    (Priority.CRITICAL.value, gettext_lazy("Critical")), (Priority.HIGH.value, gettext_lazy("High")),
    (Priority.MEDIUM.value, gettext_lazy("Medium")), (Priority.LOW.value, gettext_lazy("Low")),
)  # fmt: skip
STATES = (
    ("standing", gettext_lazy("On the list")), ("unseen", gettext_lazy("Not acknowledged")),
    (AlarmState.ACKNOWLEDGED.value, gettext_lazy("Acknowledged")), (AlarmState.SHELVED.value, gettext_lazy("Shelved")),
    (AlarmState.SUPPRESSED.value, gettext_lazy("Suppressed")),
    (AlarmState.OUT_OF_SERVICE.value, gettext_lazy("Out of service")),
    (AlarmState.NORMAL.value, gettext_lazy("Normal")),
)  # fmt: skip
SHELF_HOURS = (1, 2, 4, 8, 12, 24, 72, 168)
MOST_SIMILAR = 10


@require_safe
@page(needs=Permission.ALARMS_READ)
def alarms(request: HttpRequest) -> HttpResponse:
    """The alarms of the organisation, what needs somebody first."""
    actor = actor_of(request)
    listed = _listing(actor.slug).page(request, selectors.alarms())
    context = {
        "listing": listed, "hours": SHELF_HOURS, "here": request.get_full_path(),
        "can_operate": actor.may(Permission.ALARMS_OPERATE), "can_edit": actor.may(Permission.ALARMS_EDIT),
        "websocket": f"/t/{actor.slug}/live/alarms/",
    }  # fmt: skip
    return listed.csv or render(request, "alarms/list.html", context)


def _in_state(rows: Any, state: str) -> Any:
    if state == "standing":
        return rows.filter(state__in=selectors.ON_LIST)
    if state == "unseen":
        return rows.filter(state__in=(AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED))
    return rows.filter(state=state)


def _listing(slug: str) -> Listing:
    return Listing(
        name="alarms", caption=gettext_lazy("Alarms"), order="place", search=("name", "asset_name", "twin__name"),
        columns=(
            Column("chosen", gettext_lazy("Choose"), template="alarms/_choose.html", is_filed=False),
            Column("priority", gettext_lazy("Priority"), kind="status"),
            Column("state", gettext_lazy("State"), kind="status"),
            Column("name", gettext_lazy("Alarm"), sort="name", link=lambda row: reverse("alarm", args=[slug, row.id])),
            Column("asset_name", gettext_lazy("Asset"), sort="asset_name"),
            Column("twin__name", gettext_lazy("Twin")),
            Column("value", gettext_lazy("Value"), kind="whole", value=_value, is_filed=False),
            Column("annunciated_at", gettext_lazy("Called"), kind="age"),
            Column("changed_at", gettext_lazy("Changed"), sort="changed_at", kind="moment", is_shown=False),
            Column("value", gettext_lazy("Measured"), is_shown=False),
            Column("unit", gettext_lazy("Unit"), is_shown=False),
            Column("acknowledged_by", gettext_lazy("Acknowledged by"), is_shown=False),
        ),
        filters=(
            Filter("state", gettext_lazy("State"), STATES, _in_state),
            Filter("priority", gettext_lazy("Priority"), PRIORITIES, lambda rows, value: rows.filter(priority=value)),
            Filter("twin", gettext_lazy("Twin"), twin_choices, lambda rows, value: rows.filter(twin=value)),
        ),
    )  # fmt: skip


def _value(row: Alarm) -> str:
    """What was measured, in the viewer's numbers; nothing for an expression, which only holds or does not."""
    return measured(row.value, row.unit) if row.value is not None and row.signal else ""


def _around(row: Alarm, now: datetime) -> str:
    """The history explorer around the alarm, with the signal it watches."""
    start = row.activated_at or row.changed_at
    words = [
        ("from", isoformat(start - timedelta(minutes=30))),
        ("to", isoformat(min(now, start + timedelta(hours=1)))),
    ]
    return urlencode([("signal", f"{row.asset}/{row.signal}"), *words] if row.signal else words)


@require_safe
@page(needs=Permission.ALARMS_READ)
def badge(request: HttpRequest) -> HttpResponse:
    """How many alarms wait for somebody, for the top bar."""
    waiting = selectors.unacknowledged()
    return render(request, "alarms/_badge.html", {"waiting": waiting, "count": sum(waiting.values())})


class _Deed(forms.Form):
    """What is to be done with which alarms."""

    deed = forms.ChoiceField(
        choices=[(name, name) for name in ("acknowledge", "all", "shelve", "unshelve", "out", "in", "reset")]
    )
    hours = forms.TypedChoiceField(coerce=int, choices=[(each, each) for each in SHELF_HOURS], required=False)
    reason = forms.CharField(max_length=500, required=False)


@require_POST
@page(needs=Permission.ALARMS_OPERATE)
def act(request: HttpRequest) -> HttpResponse:
    """Do something with the chosen alarms, or take note of all that were shown."""
    form = _Deed(request.POST)
    back = request.POST.get("back", "")
    if not back.startswith("/") or not url_has_allowed_host_and_scheme(back, None):
        back = reverse("alarms", args=[actor_of(request).slug])
    if not form.is_valid():
        messages.error(request, _("That cannot be done. Nothing was changed."))
        return redirect(back)
    name = "shown" if form.cleaned_data["deed"] == "all" else "alarm"
    chosen = [found for text in request.POST.getlist(name)[: services.MOST_AT_ONCE] if (found := _id(text))]
    try:
        rows = _do(form.cleaned_data, chosen, actor_of(request).name) if chosen else []
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect(back)
    if rows:
        said = ngettext("Done for %(count)d alarm.", "Done for %(count)d alarms.", len(rows))
        messages.success(request, said % {"count": len(rows)})
    else:
        messages.error(request, _("No alarm is chosen. Nothing was changed."))
    return redirect(back)


def _do(values: dict[str, Any], alarms: list[UUID], by: str) -> list[Alarm]:
    now, deed = utc_now(), values["deed"]
    if deed in ("acknowledge", "all"):
        return services.acknowledge_alarms(alarms=alarms, by=by, now=now, note=values["reason"])
    if deed in ("shelve", "out") and not values["reason"]:
        raise OutturnError("a reason is wanted", place="reason", fix="Say in a few words why.")
    if deed == "shelve":
        until = now + timedelta(hours=values["hours"] or 1)
        return services.shelve_alarms(alarms=alarms, until=until, reason=values["reason"], by=by, now=now)
    if deed == "out":
        return services.take_out_of_service(alarms=alarms, reason=values["reason"], by=by, now=now)
    others: dict[str, Callable[..., list[Alarm]]] = {
        "unshelve": services.unshelve_alarms, "in": services.put_in_service, "reset": services.reset_alarms,
    }  # fmt: skip
    return others[deed](alarms=alarms, by=by, now=now)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_safe
@page(needs=Permission.ALARMS_READ)
def alarm(request: HttpRequest, alarm: UUID) -> HttpResponse:
    """One alarm: how it stands, what to do, the values around it, and what happened."""
    actor, row = actor_of(request), _found(alarm)
    plan = current_plan()
    number = plan.index.get((row.asset, row.key))
    point = None if number is None else plan.points[number]
    context = {
        "alarm": row, "rule": None if point is None else point.alarm, "rule_id": None if point is None else point.rule,
        "trend": trend_of(row, None if point is None else point.alarm, now=utc_now()),
        "history": selectors.history(row.id)[:100], "similar": selectors.similar_to(row)[:MOST_SIMILAR],
        "hours": SHELF_HOURS, "here": request.path, "can_operate": actor.may(Permission.ALARMS_OPERATE),
        "can_edit": actor.may(Permission.ALARMS_EDIT), "value": _value(row), "around": _around(row, utc_now()),
        "condition": "" if point is None else words(point.alarm, symbol(point.unit)), "unit": symbol(row.unit),
    }  # fmt: skip
    return render(request, "alarms/detail.html", context)


@require_POST
@page(needs=Permission.ALARMS_OPERATE)
def comment(request: HttpRequest, alarm: UUID) -> HttpResponse:
    """Write something down beside an alarm."""
    row, actor = _found(alarm), actor_of(request)
    note = request.POST.get("note", "").strip()[:1000]
    if note:
        services.comment_alarm(alarm=row.id, note=note, by=actor.name, now=utc_now())
    return redirect("alarm", actor.slug, row.id)


def _found(alarm: UUID) -> Alarm:
    try:
        return selectors.alarm(alarm)
    except NotFoundError:
        raise Http404 from None
