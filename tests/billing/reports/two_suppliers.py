"""Northwind buys from Meridian and from Stranger Pumps: at each something else is open."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from billing.outcomes.services import claim_exclusion
from billing.reports.services import Settlement
from tenants.customers.services import create_customer
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.billing.disputes.world import disputed, offer
from tests.billing.outcomes.documents import a_clause
from tests.billing.payments.world import an_invoice
from tests.billing.world import BY, SIGNED, Fleet, agreement, at, published
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet


@dataclass(frozen=True)
class Two:
    """What stands in the addresses of either.

    Attributes:
        offered: Meridian's contract that waits for a signature.
        claimed: Meridian's contract under which three days were claimed.
        pumps: The stranger's customer, as which Northwind's person reads there.
        dispute: The stranger's dispute in which an offer waits.
        done: The stranger's contract, settled for November.
    """

    offered: UUID
    claimed: UUID
    pumps: UUID
    dispute: UUID
    done: Settlement


def two_suppliers(cast: Cast) -> Two:
    """Both, and Northwind's reader at both."""
    with scope(cast.meridian.id):
        fleet = Fleet(*published_fleet(1))
        northwind = {"customer": str(cast.northwind)}
        offered = published(agreement(fleet, title="Power by the hour", acceptance="required") | northwind)
        clause = a_clause(id="uptime", assets=fleet.ids, exclusions=[{"category": "planned", "allowance": None}])
        claimed = published(agreement(fleet, clause, title="Availability", objection="P14D") | northwind)
        for day in (1, 2, 3):
            claim_exclusion(
                contract=claimed.id, category="planned", assets=fleet.engines, start=at(f"2098-12-0{day}"),
                end=at(f"2098-12-0{day}T12:00"), evidence={}, by=BY, now=at(f"2098-11-1{day}"),
            )  # fmt: skip
        an_invoice(cast.northwind, 1_200_000, -120_000)
        an_invoice(cast.northwind, 30_000)
        an_invoice(cast.northwind, 500_000, currency="JPY")
    with scope(cast.stranger.id):
        pumps = create_customer(name="Northwind", now=SIGNED).id
        other = create_customer(name="Southwind Air", now=SIGNED).id
        house = disputed("Pump station", customer=pumps)
        row = house.open(now=at("2026-12-10"))
        offer(row)
        published(agreement(house.fleet, title="Not Northwind's") | {"customer": str(other)})
        an_invoice(other, 777_777)
    add_member(tenant=cast.stranger.id, user=cast.reader.id, role=Role.CUSTOMER, customer=pumps, now=SIGNED)
    return Two(offered.id, claimed.id, pumps, row.id, house.done)
