"""A fleet that is about to need the shop."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest

from analytics.maintenance.assumptions import PlanAssumptions
from analytics.maintenance.models import Plan
from analytics.maintenance.services import start_planning
from tenants.jobs.models import Job
from tenants.jobs.running import run
from tenants.scope.context import scope
from tests.analytics.fleets import BY, PLANNING, power_by_the_hour, predict_by_hand
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet

LIVES = (12.0, 20.0, 24.0, 118.0)


@dataclass(frozen=True)
class World:
    """Meridian's engines, the first three of which wear out within the month, under a contract."""

    tenant: UUID
    twin: UUID
    engines: list[UUID]
    contract: UUID

    def assumptions(self, **changes: object) -> PlanAssumptions:
        asked = {"twin": self.twin, "as_of": PLANNING, "days": 30, "seconds": 5.0, **changes}
        return PlanAssumptions.model_validate(asked)

    def planned(self, **changes: object) -> Plan:
        """A plan, made by its job."""
        with scope(self.tenant):
            job = start_planning(assumptions=self.assumptions(**changes), by=BY, now=PLANNING)
        run(self.tenant, job.id)
        with scope(self.tenant):
            result = Job.objects.get(id=job.id)
            assert result.result is not None, result.error
            return Plan.objects.get(id=result.result["plan"])


@pytest.fixture
def world(cast: Cast) -> World:
    with scope(cast.meridian.id):
        twin, engines = published_fleet(len(LIVES))
        contract = power_by_the_hour(twin, PLANNING)
        predict_by_hand(twin, dict(zip(engines, LIVES, strict=True)))
    return World(cast.meridian.id, twin, engines, contract.id)
