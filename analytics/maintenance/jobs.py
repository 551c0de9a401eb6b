"""Planning as a job: gather, solve with a live bar, propose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.maintenance.assembly import gather
from analytics.maintenance.assumptions import PlanAssumptions
from analytics.maintenance.domain.engine import Control, Effort
from analytics.maintenance.domain.planner import solve_plan
from analytics.maintenance.services import propose_plan
from tenants.jobs.registry import JobCancelledError, Reporter
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope


def plan_shop_visits(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make a plan; the result names it.

    Raises:
        JobCancelledError: A person has cancelled it; nothing is proposed.
        PlanningError: There is nothing to make a plan of.
    """
    assumptions = PlanAssumptions.model_validate(params["assumptions"])
    with scope(reporter.tenant):
        gathered = gather(assumptions)
    effort = Effort(seconds=assumptions.seconds, seed=assumptions.seed)
    solution = solve_plan(gathered.problem, Control(effort, reporter.progress, reporter.cancelled))
    if solution.plan.cancelled:
        raise JobCancelledError
    with scope(reporter.tenant):
        plan = propose_plan(
            assumptions=assumptions, gathered=gathered, solution=solution, by=params["by"], now=utc_now()
        )
        return {"plan": str(plan.id), "visits": len(plan.visits), "cost_minor": plan.cost_minor}
