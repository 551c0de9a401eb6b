"""The pages of plans: the list, a new one, and the board on which one is decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.health.models import Prediction
from analytics.maintenance import selectors, services
from analytics.maintenance.assumptions import ASSUMED_COSTS, EARLIEST, LATEST, PlanAssumptions
from analytics.maintenance.board import board_of, percent, risk_tone
from analytics.maintenance.domain.wording import amount
from analytics.maintenance.models import Plan, PlanState, WorkOrder
from tenants.edge.forms import SHELL, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.jobs.models import JobState
from tenants.jobs.selectors import jobs
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.kernel.money import Money
from tenants.portal.jobs import ACTIVE, card
from tenants.portal.overview import Tile
from tenants.scope.actors import Permission
from twins.composer.selectors import twin_choices, twins

STATES = {
    PlanState.PROPOSED: ("queued", "Waits for a decision"),
    PlanState.APPROVED: ("ok", "Approved"),
    PlanState.REJECTED: ("cancelled", "Rejected"),
    PlanState.SUPERSEDED: ("idle", "Replaced by a newer plan"),
}
TERMS = {
    "failure": "Expected cost of failures",
    "visit": "Visits",
    "downtime": "Planned downtime",
    "life": "Remaining life given up",
    "lateness": "Lateness",
    "moved": "Moved visits",
    "overtime": "Overtime",
}


class PlanForm(forms.Form):
    """What a plan is made on; prices in major units."""

    twin = forms.ChoiceField(help_text="The fleet whose visits are planned. Its remaining life must be predicted.")
    day = forms.DateField(
        label="First day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Predictions up to then count.",
    )
    days = forms.IntegerField(min_value=1, max_value=180, initial=60, label="Horizon", help_text="How far to plan.")
    bays = forms.IntegerField(min_value=1, max_value=20, initial=2, help_text="How many fit in the shop at once.")
    flights_per_day = forms.FloatField(min_value=0.1, max_value=50, initial=2, label="Flights a day")
    visit = forms.IntegerField(min_value=0, max_value=10**9, label="Price of a planned visit")
    failure = forms.IntegerField(
        min_value=0, max_value=10**9, label="Price of a failure in service",
        help_text="Repair, damage beside it and the contract's credit; 14 days out of service come on top.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["twin"].choices = [(str(each.id), each.name) for each in twins()]  # type: ignore[attr-defined]
        units = {"days": "days", "visit": "EUR", "failure": "EUR"}
        for name, unit in units.items():
            self.fields[name].unit = unit  # type: ignore[attr-defined]

    def clean_day(self) -> date:
        """A day that plans can start on."""
        day: date = self.cleaned_data["day"]
        if not EARLIEST.date() <= day < LATEST.date():
            raise forms.ValidationError("Enter a valid day between 2000 and 2100.")
        return day

    def assumptions(self) -> PlanAssumptions:
        """What the form asks for."""
        values = self.cleaned_data
        costs = ASSUMED_COSTS.model_copy(
            update={
                "visit_minor": 100 * values["visit"], "repair_minor": 100 * values["failure"],
                "secondary_damage_minor": 0, "credit_minor": 0,
            }
        )  # fmt: skip
        start = make_aware(datetime.combine(values["day"], datetime.min.time()), UTC)
        return PlanAssumptions(
            twin=UUID(values["twin"]), as_of=start, days=values["days"], bays=values["bays"],
            flights_per_day=values["flights_per_day"], costs=costs,
        )  # fmt: skip


def _first_values() -> dict[str, Any]:
    """The twin that was predicted last and the day of that; prices as assumed."""
    newest = Prediction.objects.values("twin", "as_of").first()
    costs = ASSUMED_COSTS
    failure = costs.repair_minor + costs.secondary_damage_minor + costs.credit_minor
    return {
        "twin": newest and str(newest["twin"]),
        "day": (newest["as_of"] if newest else utc_now()).date(),
        "visit": costs.visit_minor // 100,
        "failure": failure // 100,
    }


@require_safe
@page(needs=Permission.PLANS_READ)
def plans(request: HttpRequest) -> HttpResponse:
    """The plans of the organisation, and those under way."""
    actor = actor_of(request)
    listed = _listing(actor.slug).page(request, selectors.plans_listed())
    if listed.csv is not None:
        return listed.csv
    running, failed = _jobs()
    context = {
        "listing": listed,
        "running": [card(job, actor) for job in running],
        "failed": failed and card(failed, actor),
        "can_plan": actor.may(Permission.PLANS_OPERATE),
        "has_predictions": Prediction.objects.exists(),
    }
    return render(request, "plans/list.html", context)


def _listing(slug: str) -> Listing:
    return Listing(
        name="plans", caption=_("Plans"), order="-made_at", search=("twin__name", "made_by"),
        columns=(
            Column("twin__name", _("Twin"), link=lambda row: reverse("plan", args=[slug, row.id])),
            Column("state", _("State"), kind="status", value=lambda row: STATES[PlanState(row.state)][0],
                   word=lambda row: STATES[PlanState(row.state)][1]),
            Column("start", _("From"), sort="start", kind="moment"),
            Column("end", _("To"), kind="moment"),
            Column("number", _("Visits"), kind="number"),
            Column("cost", _("Expected cost"), sort="cost_minor", kind="money",
                   value=lambda row: Money(row.cost_minor, row.currency)),
            Column("currency", _("Currency"), is_shown=False),
            Column("made_at", _("Made"), sort="made_at", kind="age"),
            Column("made_by", _("Made by"), is_shown=False),
        ),
        filters=(
            Filter("state", _("State"), [(state.value, word) for state, (_tone, word) in STATES.items()],
                   lambda rows, value: rows.filter(state=value)),
            Filter("twin", _("Twin"), twin_choices, lambda rows, value: rows.filter(twin=value)),
        ),
    )  # fmt: skip


def _jobs() -> tuple[list[Any], Any]:
    """The planning jobs under way; and the last one, if it failed."""
    found = list(jobs().filter(kind=services.PLAN_JOB)[:20])
    running = [job for job in found if job.state in ACTIVE]
    failed = found[0] if found and found[0].state == JobState.FAILED else None
    return running, failed


def _headline(plan: Plan) -> dict[str, Any]:
    state, word = STATES[PlanState(plan.state)]
    return {"twin": plan.twin.name, "cost": amount(plan.cost_minor, plan.currency), "state": state, "word": word}


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.PLANS_OPERATE)
def new_plan(request: HttpRequest) -> HttpResponse:
    """Ask for a plan; the list shows how far it is."""
    form = PlanForm(request.POST) if request.method == "POST" else PlanForm(initial=_first_values())
    if request.method == "POST" and form.is_valid():
        actor = actor_of(request)
        try:
            services.start_planning(assumptions=form.assumptions(), by=actor.name, now=utc_now())
            return redirect("plans", actor.slug)
        except OutturnError as error:
            form.add_error(None, error.told)
    return show_form(
        request, form, title=_("Plan shop visits"), submit=_("Make the plan"), frame=SHELL,
        back=(_("Plans"), reverse("plans", args=[actor_of(request).slug])),
        intro=_(
            "The shop is taken to work round the clock, with people enough for every bay. Shifts and single prices can "
            "be given over the API."
        ),
    )  # fmt: skip


@require_safe
@page(needs=Permission.PLANS_READ)
def plan(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """The board of one plan."""
    found, actor = _found(plan_id), actor_of(request)
    orders = selectors.orders_on(found)
    called_off = {str(order.asset): off.why for order in orders if (off := selectors.cancellation_of(order))}
    may_approve = actor.may(Permission.PLANS_APPROVE)
    terms = [
        {"label": label, "amount": amount(found.terms[key], found.currency)}
        for key, label in TERMS.items()
        if found.terms[key]
    ]
    context = {
        "plan": found,
        "head": _headline(found),
        "board": board_of(found, called_off),
        "visits": [_visit(each, found.currency, called_off) for each in found.visits],
        "deferrals": [_deferral(each, found.currency) for each in found.deferrals],
        "terms": terms,
        "bound": "" if found.bound_minor is None else amount(found.bound_minor, found.currency),
        "gap": "" if found.gap is None else percent(found.gap),
        "standing": [_standing(each, called_off) for each in found.standing],
        "decidable": found.state == PlanState.PROPOSED and may_approve,
        "waits": found.state == PlanState.PROPOSED,
        "orders": [_order(each, may_cancel=may_approve) for each in orders if each.plan_id == found.id],
    }
    return render(request, "plans/board.html", context)


def _found(plan_id: UUID) -> Plan:
    try:
        return selectors.plan(plan_id)
    except NotFoundError:
        raise Http404 from None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _standing(visit: dict[str, Any], called_off: Mapping[str, str]) -> dict[str, Any]:
    return {
        **visit,
        "start": _moment(visit["start"]),
        "end": _moment(visit["end"]),
        "called_off": called_off.get(visit["asset"], ""),
    }


def _order(order: WorkOrder, *, may_cancel: bool) -> dict[str, Any]:
    off, ended = selectors.cancellation_of(order), order.end <= utc_now()
    return {"row": order, "off": off, "ended": ended, "may_cancel": may_cancel and not (off or ended)}


def _visit(visit: dict[str, Any], currency: str, called_off: Mapping[str, str]) -> dict[str, Any]:
    return {
        **visit,
        "called_off": called_off.get(visit["asset"], ""),
        "start": _moment(visit["start"]),
        "end": _moment(visit["end"]),
        "risk": percent(visit["failure_probability"]),
        "tone": risk_tone(visit["failure_probability"]),
        "cost": amount(visit["cost_minor"], currency),
        "alternatives": [
            {"start": _moment(each["start"]), "end": _moment(each["end"]),
             "extra": amount(each["extra_minor"], currency)}
            for each in visit["alternatives"]
        ],
    }  # fmt: skip


def _deferral(deferral: dict[str, Any], currency: str) -> dict[str, Any]:
    return {
        **deferral,
        "later": _moment(deferral["later"]),
        "risk": percent(deferral["failure_probability"]),
        "cost": amount(deferral["cost_minor"], currency),
    }


@require_POST
@page(needs=Permission.PLANS_APPROVE)
def approve(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """Approve a plan and show it."""
    found, actor = _found(plan_id), actor_of(request)
    try:
        orders = services.approve_plan(plan=found.id, by=actor.name, now=utc_now())
        messages.success(request, f"The plan is approved: {len(orders)} visits are ordered.")
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("plan", actor.slug, found.id)


@require_POST
@page(needs=Permission.PLANS_APPROVE)
def reject(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """Turn a plan down and show it."""
    found, actor = _found(plan_id), actor_of(request)
    try:
        services.reject_plan(plan=found.id, by=actor.name, now=utc_now(), why=request.POST.get("why", "")[:500])
        messages.success(request, "The plan is rejected. Nothing was ordered.")
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("plan", actor.slug, found.id)


@require_POST
@page(needs=Permission.PLANS_APPROVE)
def cancel_order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Cancel a visit and show its plan."""
    actor = actor_of(request)
    try:
        order = selectors.work_order(order_id)
    except NotFoundError:
        raise Http404 from None
    why = request.POST.get("why", "").strip()[:500]
    if not why:
        messages.error(request, "Say why the visit does not take place; it stands until then.")
        return redirect("plan", actor.slug, order.plan_id)
    try:
        services.cancel_order(order=order.id, why=why, by=actor.name, now=utc_now())
        messages.success(request, f"The visit of {order.name} is cancelled. Its downtime is no longer claimed.")
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("plan", actor.slug, order.plan_id)


def tiles(slug: str) -> list[Tile]:
    """The next visit, for the overview; nothing where nothing was ever ordered."""
    order = selectors.next_order(utc_now())
    url = reverse("plans", args=[slug])
    if order is not None:
        note = f"{order.name}, {order.bay}"
        return [Tile("Next shop visit", f"{order.start.day} {order.start:%b %Y}", note, url)]
    if selectors.work_orders().exists():
        return [Tile("Next shop visit", "none", "All ordered visits have begun or are cancelled", url)]
    return []
