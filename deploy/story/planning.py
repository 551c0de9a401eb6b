"""The plan of the story: asked for as a job, approved by a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from analytics.maintenance.assumptions import PlanAssumptions, Shift
from analytics.maintenance.services import approve_plan, start_planning
from deploy.story.calendar import PLANNING
from deploy.story.frame import Story, Tell
from deploy.story.jobs import done
from tenants.kernel.clock import isoformat, utc_now
from tenants.scope.context import scope

_TEAMS = {"powerplant_mechanic": 6, "borescope_inspector": 2}
CREW = tuple(
    Shift(name=name, days=tuple(range(7)), start_s=start * 3600, end_s=end * 3600, people=_TEAMS)
    for name, start, end in (("Day", 6, 18), ("Night", 18, 6))
)
"""Two shifts every day, each with people for both bays, so that a visit goes on without a break."""


def plan_and_approve(story: Story, tell: Tell) -> Mapping[str, Any]:
    """Shop visits from the planning day on; what is approved becomes planned downtime of the contract."""
    people, fleet = story.facts["people"], UUID(story.facts["fleet_twin"])
    assumptions = PlanAssumptions(
        twin=fleet, as_of=PLANNING, days=45, currency=story.facts["currency"], crew=CREW, seconds=story.cut.planning_s
    )
    planned = done(
        story, tell, lambda: start_planning(assumptions=assumptions, by=people["engineer"]["email"], now=utc_now()),
        begin=0.0, end=0.95,
    )  # fmt: skip
    by_asset = {asset: unit for unit, asset in story.facts["fleet_assets"].items()}
    with scope(UUID(story.facts["tenant"])):
        orders = approve_plan(plan=UUID(planned["plan"]), by=people["owner"]["email"], now=PLANNING)
        visits = {
            by_asset[str(order.asset)]: {"order": str(order.id)}
            | {name: isoformat(getattr(order, name)) for name in ("removal", "start", "end")}
            for order in orders
        }
    return {"plan": planned["plan"], "visits": visits}
