"""A statement that is disputed: the engine of E01, with a clause that excludes weather and planned visits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.contracts.models import Contract
from billing.disputes import deciding, selectors
from billing.disputes.deciding import Offer
from billing.disputes.domain.files import AttachedFile, read_file
from billing.disputes.models import Dispute, DisputeDecision
from billing.disputes.services import Objection, open_dispute
from billing.reports.services import Settlement, settle_period
from billing.statements.models import Statement
from billing.statements.services import restate_statement
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY, NOVEMBER, Fleet, a_fleet, agreement, at, published, visit

READER, FINANCE = "reader@northwind.example", "finance@meridian.example"
WHY = "the log of the hangar says so"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
PDF = b"%PDF-1.7\n%%EOF\n"


@dataclass(frozen=True)
class Disputed:
    """A contract settled for November: 3000 s down on the tenth, 10,800.00 USD."""

    fleet: Fleet
    contract: Contract
    done: Settlement

    @property
    def statement(self) -> Statement:
        return self.done.statement

    @property
    def customer(self) -> UUID:
        found: UUID = self.contract.customer_id
        return found

    def open(self, **changes: Any) -> Dispute:
        """Northwind holds the engine to have been down for half of the twentieth."""
        given: dict[str, Any] = {
            "statement": self.statement.id,
            "assets": self.fleet.engines,
            "start": at("2026-11-20T00:00"),
            "end": at("2026-11-20T12:00"),
            "held": "down",
            "reason": "It stood in Hamburg with a warning light.",
        }
        now: datetime = changes.pop("now", at("2026-12-10"))
        customer, by = changes.pop("customer", self.customer), changes.pop("by", READER)
        return open_dispute(wanted=Objection(**(given | changes)), customer=customer, by=by, now=now)


def disputed(name: str = "Northwind fleet", *, customer: UUID | None = None, count: int = 1) -> Disputed:
    """The statement of November."""
    fleet = a_fleet("2026-10-29", "2026-12-01", name=name, count=count)
    visit(fleet.engines[0], "2026-11-10T12:00", "2026-11-10T12:50", told="2026-11-10T13:00")
    rules = [{"category": one, "allowance": None} for one in ("planned", "weather")]
    clause = a_clause(id="uptime", assets=fleet.ids, exclusions=rules, remedies=[AWS_TIERS])
    wanted = agreement(fleet, clause, title=name)
    contract = published(wanted if customer is None else wanted | {"customer": str(customer)})
    done = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
    return Disputed(fleet, contract, done)


def a_file(name: str = "log.txt", content: bytes = b"warning light at 00:10\n") -> AttachedFile:
    return read_file(name, content)


def uphold(row: Dispute, now: str = "2026-12-12", **more: Any) -> DisputeDecision:
    return deciding.uphold(dispute=row.id, why=WHY, by=FINANCE, now=at(now), **more)


def decline(row: Dispute, now: str = "2026-12-12") -> DisputeDecision:
    return deciding.decline(dispute=row.id, why=WHY, by=FINANCE, now=at(now))


def offer(row: Dispute, now: str = "2026-12-12", **changes: Any) -> DisputeDecision:
    given: dict[str, Any] = {"held": "down", "start": at("2026-11-20T00:00"), "end": at("2026-11-20T08:00")} | changes
    return deciding.offer_middle(dispute=row.id, offer=Offer(**given), why=WHY, by=FINANCE, now=at(now))


def by_customer(step: Callable[..., DisputeDecision], row: Dispute, now: str = "2026-12-13") -> DisputeDecision:
    return step(dispute=row.id, customer=row.customer_id, why=WHY, by=READER, now=at(now))


def state(row: Dispute) -> str:
    return selectors.state_of(selectors.dispute(row.id, None))


def restated(house: Disputed, now: str = "2026-12-14") -> Statement:
    new = restate_statement(statement=house.statement.id, by=BY, now=at(now))
    assert new is not None
    return new
