"""What tests of billing share."""

from __future__ import annotations

import pytest

from billing.outcomes.services import claim_exclusion
from billing.reports.services import settle_period
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY, NOVEMBER, House, a_fleet, agreement, at, published, visit
from tests.conftest import Cast


@pytest.fixture
def house(cast: Cast) -> House:
    """Meridian's contract with Northwind, settled for November 2026."""
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-10-29", "2026-12-01")
        visit(fleet.engines[0], "2026-11-10T12:00", "2026-11-10T12:50", told="2026-11-10T13:00")
        rules = [{"category": "planned", "allowance": None}]
        clause = a_clause(id="uptime", assets=fleet.ids, exclusions=rules, remedies=[AWS_TIERS])
        contract = published(agreement(fleet, clause) | {"customer": str(cast.northwind)})
        claim = claim_exclusion(
            contract=contract.id, category="planned", assets=fleet.engines, start=at("2026-11-20"),
            end=at("2026-11-21"), evidence={}, by="planner", now=at("2026-11-18"),
        )  # fmt: skip
        done = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
    return House(contract, fleet, claim.id, done)
