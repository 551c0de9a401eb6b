"""An operator that sells plans, and Meridian as one of its customers."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from billing.plans.accounts import keep_account
from billing.plans.models import PlanAccount
from billing.plans.schemas import Counted
from billing.plans.selectors import account_of
from billing.plans.services import Answer, publish_prices, take_events
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.world import at

BY = "owner@platform.example"
SEPTEMBER = at("2026-09-01")
PRICES: dict[str, Any] = {
    "prices": 1,
    "plan": "business",
    "currency": "EUR",
    "monthly_minor": 49_900,
    "meters": [
        {
            "type": "outturn.readings", "name": "Readings stored", "unit": "readings", "aggregate": "sum",
            "included": "1000", "mode": "graduated",
            "tiers": [{"from": "0", "to": "1000", "price": "0.01"}, {"from": "1000", "to": None, "price": "0.005"}],
        },
        {
            "type": "outturn.assets", "name": "Assets", "unit": "assets", "aggregate": "max", "included": "0",
            "mode": "volume",
            "tiers": [{"from": "0", "to": "10", "price": "2"}, {"from": "10", "to": None, "price": "1.5"}],
        },
        {
            "type": "gpu.seconds", "name": "GPU time", "unit": "h", "aggregate": "sum", "per": "3600", "included": "1",
            "mode": "graduated", "tiers": [{"from": "0", "to": None, "price": "2.5"}],
        },
        {
            "type": "regions", "name": "Regions", "unit": "regions", "aggregate": "unique", "included": "1",
            "mode": "graduated", "tiers": [{"from": "0", "to": None, "price": "10"}],
        },
        {
            "type": "disk", "name": "Disk", "unit": "GB", "aggregate": "last", "included": "0", "mode": "graduated",
            "tiers": [{"from": "0", "to": None, "price": "0.1"}],
        },
    ],
}  # fmt: skip


def prices(**changes: Any) -> dict[str, Any]:
    """The prices of the plan Business, changed where said."""
    return deepcopy(PRICES) | changes


@dataclass(frozen=True)
class Market:
    """The operator and an organisation on Business since 1 September 2026."""

    operator: Tenant
    organisation: Tenant

    @property
    def account(self) -> PlanAccount:
        """The organisation's account; in the operator's scope."""
        found = account_of(self.organisation.id)
        assert found is not None
        return found

    def send(self, *events: dict[str, Any], now: datetime) -> list[Answer]:
        """Events from outside."""
        with scope(self.operator.id):
            return take_events(given=list(events), by=BY, now=now)

    def gpu(self, name: str, time: str, seconds: str, **changes: Any) -> dict[str, Any]:
        """An event about GPU time."""
        return event(id=name, time=time, data={"value": seconds}, subject=self.organisation.slug) | changes


def event(**changes: Any) -> dict[str, Any]:
    """A CloudEvent about GPU time of Meridian."""
    return {
        "specversion": "1.0", "id": "e1", "source": "/gpu/1", "type": "gpu.seconds", "subject": "meridian",
        "time": "2026-09-10T10:00:00Z", "data": {"value": "3600"},
    } | changes  # fmt: skip


def told(tenant: Tenant, moment: datetime, **changes: Any) -> Counted:
    """What the platform has counted of an organisation: nothing, but where said."""
    values: dict[str, Any] = {
        "tenant": tenant.id, "slug": tenant.slug, "name": tenant.name, "time_zone": tenant.time_zone,
        "plan": "business", "taken": [], "days": {}, "levels": {}, "deeds": [], "at": moment,
    }  # fmt: skip
    return Counted(**values | changes)


def readings(day: str, amount: int) -> dict[tuple[str, date], int]:
    """A counter of readings."""
    return {("outturn.readings", date.fromisoformat(day)): amount}


def opened(operator: Tenant, organisation: Tenant) -> Market:
    """A market with prices from 1 September on, the account opened then."""
    with scope(operator.id):
        publish_prices(document=prices(), valid_from=SEPTEMBER, by=BY, now=SEPTEMBER)
        assert keep_account(told(organisation, SEPTEMBER)) is not None
    return Market(operator, organisation)
