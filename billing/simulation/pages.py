"""The page on which a contract is tried out: the last months under it, other tiers, and what a year may cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from billing.contracts.agreement import AgreementDocument
from billing.contracts.models import Contract
from billing.contracts.pages import contract_named
from billing.contracts.selectors import draft_of
from billing.simulation import selectors, services
from billing.simulation.forms import WhatIfForm
from billing.simulation.printed import assumptions
from billing.simulation.schemas import Chances, Measurement, Sweep, basis
from billing.simulation.shown import attained_pictures, curve_shown, distribution_shown, months_shown
from billing.simulation.simulating import Simulation, default_sweep, most_points, settled_months, simulate
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.jobs.models import JobState
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.portal.jobs import card
from tenants.scope.actors import Permission


@require_safe
@page(needs=Permission.CONTRACTS_READ)
def simulation(request: HttpRequest, contract: str) -> HttpResponse:
    """The last months under the draft, and under whatever of it is tried; figures stand in the address alone."""
    row, actor = contract_named(contract), actor_of(request)
    agreement = draft_of(row)
    form = WhatIfForm(agreement.terms, request.GET or None, agreement.year_cap_minor)
    running, last = selectors.under_way(row.id), selectors.last_of(row.id)
    measurement = selectors.measurement_of(last) if last is not None and last.state == JobState.DONE else None
    is_of_this = measurement is not None and _same(measurement, agreement)
    context: dict[str, Any] = {
        "contract": row,
        "agreement": agreement,
        "form": form,
        "running": running and card(running, actor),
        "failed": card(last, actor) if last is not None and last.state == JobState.FAILED else None,
        "measurement": measurement,
        "is_of_this": is_of_this,
        "can_measure": running is None and actor.may(Permission.CONTRACTS_OPERATE),
    }
    if measurement is not None and is_of_this and (form.is_valid() or not form.is_bound):
        context |= _answer(measurement, form)
    return render(request, "contracts/simulation.html", context, status=400 if form.errors else 200)


@require_POST
@page(needs=Permission.CONTRACTS_OPERATE)
def measure(request: HttpRequest, contract: str) -> HttpResponse:
    """Start measuring the last months under the draft."""
    row, actor = contract_named(contract), actor_of(request)
    try:
        if selectors.under_way(row.id) is None:
            _start(row, actor.name)
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("contract-simulation", actor.slug, row.slug)


def _start(row: Contract, by: str) -> None:
    services.start_simulation(agreement=draft_of(row), contract=row.id, by=by, now=utc_now())


def _same(measurement: Measurement, agreement: AgreementDocument) -> bool:
    """Whether what was measured is what the draft speaks of now."""
    return basis(measurement.agreement.as_json()) == basis(agreement.as_json())


def _answer(measurement: Measurement, form: WhatIfForm) -> dict[str, Any]:
    """What the page shows of an answer; what the form asks and cannot be answered is told at its fields."""
    chances = form.chances()
    try:
        found = simulate(measurement, form.tried, chances, _wanted(measurement, form, chances))
    except OutturnError as error:
        form.add_error("low" if error.place.startswith("sweep") else None, error.told)
        return {}
    return _shown(measurement, found) | {"is_tried": form.is_bound and form.tried != form.terms}


def _wanted(measurement: Measurement, form: WhatIfForm, chances: Chances) -> Sweep | None:
    clause, low, high = form.range_of()
    terms = form.tried.terms()
    months = settled_months(measurement, terms)
    usual = default_sweep(terms, months, chances, clause)
    if usual is None or (low is None and high is None):
        return usual
    chosen = replace(usual, low=usual.low if low is None else low, high=usual.high if high is None else high)
    return chosen.in_round_steps(most_points(terms, len(measurement.months), chances))


def _shown(measurement: Measurement, found: Simulation) -> dict[str, Any]:
    return {
        "months": months_shown(found),
        "attained": [(name, SafeString(picture)) for name, picture in attained_pictures(found)],
        "curve": curve_shown(found),
        "distribution": distribution_shown(found),
        "assumptions": assumptions(measurement, found),
    }
