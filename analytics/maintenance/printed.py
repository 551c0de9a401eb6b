"""The parts of a plan as they are stored and shown: names, moments, figures and the reasons in words."""

from __future__ import annotations

from typing import Any

from analytics.maintenance.domain.plan import Deferral, Visit
from analytics.maintenance.domain.problem import SchedulingProblem
from analytics.maintenance.domain.wording import Speaker
from analytics.maintenance.models import WorkOrder
from tenants.kernel.clock import isoformat

Json = dict[str, Any]


def visit_json(visit: Visit, speaker: Speaker, problem: SchedulingProblem, maintenance: str) -> Json:
    """A visit with its reasons in sentences and its alternatives as moments."""
    grid = problem.grid
    return {
        "asset": visit.asset,
        "name": speaker.name(visit.task),
        "maintenance": maintenance,
        "bay": speaker.bay(visit.bay),
        "removal": isoformat(visit.removal),
        "start": isoformat(visit.start),
        "end": isoformat(visit.end),
        "overtime": visit.overtime,
        "failure_probability": visit.failure_probability,
        "cost_minor": visit.cost_minor,
        "terms": visit.terms,
        "reasons": list(speaker.visit(visit)),
        "alternatives": [
            {
                "start": isoformat(grid.at(other.start_slot)),
                "end": isoformat(grid.at(other.end_slot)),
                "overtime": other.overtime,
                "extra_minor": other.extra_minor,
                "terms": other.terms,
            }
            for other in visit.reason.alternatives
        ],
        "left_out_extra_minor": visit.reason.left_out_extra_minor,
    }


def deferral_json(deferral: Deferral, speaker: Speaker) -> Json:
    """An asset without a visit, with the reasons in sentences."""
    return {
        "asset": deferral.asset,
        "name": speaker.name(deferral.task),
        "later": isoformat(deferral.later),
        "failure_probability": deferral.failure_probability,
        "cost_minor": deferral.cost_minor,
        "terms": deferral.terms,
        "reasons": list(speaker.deferral(deferral)),
    }


def standing_json(order: WorkOrder) -> Json:
    """A visit that an earlier plan ordered."""
    return {
        "order": str(order.id),
        "asset": str(order.asset),
        "name": order.name,
        "bay": order.bay,
        "start": isoformat(order.start),
        "end": isoformat(order.end),
    }
