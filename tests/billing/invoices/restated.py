"""Contracts whose months are rated again: evidence lacks the end of each month, and claims take more away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from billing.contracts.models import Contract
from billing.invoices.models import Invoice
from billing.invoices.services import charge_left, issue_invoice
from billing.outcomes.deciding import approve_exclusion, withdraw_exclusion
from billing.outcomes.models import Exclusion
from billing.outcomes.services import claim_exclusion
from billing.statements.models import Statement
from billing.statements.services import restate_statement, settle_statement
from tests.billing.outcomes.documents import AWS_TIERS, Json, a_clause
from tests.billing.signing import amended
from tests.billing.world import BY, DECEMBER, NOVEMBER, Fleet, a_fleet, agreement, at, fly_daily, visit

OCTOBER = at("2026-10-01"), at("2026-11-01")
MONTHS = (OCTOBER, NOVEMBER, DECEMBER)
WEATHER = [{"category": "weather", "allowance": None}]


def a_patchy_fleet() -> Fleet:
    """One engine of which nothing is known from the 22nd of each month on."""
    fleet = a_fleet("2026-09-28", "2026-10-20")
    fly_daily(fleet, "2026-11-01", "2026-11-20")
    fly_daily(fleet, "2026-12-01", "2026-12-20")
    return fleet


def a_patchy_clause(fleet: Fleet, **changes: Any) -> Json:
    """The table of AWS where three fifths of the time are known; unknown time is no one's fault."""
    clause = {
        "id": "uptime", "assets": fleet.ids, "remedies": [AWS_TIERS], "minimum_coverage": "60",
        "gaps": {"policy": "as_up"}, "exclusions": WEATHER,
    }  # fmt: skip
    return a_clause(**clause | changes)


def patchy(fleet: Fleet, *clauses: Json, **changes: Any) -> Json:
    """A contract with that clause, or with others; a year later evidence still counts."""
    return agreement(fleet, *(clauses or [a_patchy_clause(fleet)]), **{"correction_window": "P365D", **changes})


def storm(fleet: Fleet, contract: Contract, month: str, *, now: str) -> Exclusion:
    """Twelve days of weather that the customer approves: too little is known of what is left."""
    made = claim_exclusion(
        contract=contract.id, category="weather", assets=fleet.engines, start=at(f"{month}-01"), end=at(f"{month}-13"),
        evidence={}, by="planner", now=at(now),
    )  # fmt: skip
    approve_exclusion(exclusion=made.id, why="", by="customer", customer=made.contract.customer_id, now=at(now))
    return made


def calm(made: Exclusion, *, now: str) -> None:
    """The weather is taken back."""
    withdraw_exclusion(exclusion=made.id, why="another airport", by="planner", now=at(now))


def miss(fleet: Fleet, month: str, day: int, hours: int, *, told: str) -> None:
    """The engine is in the shop for some hours of a day."""
    visit(fleet.engines[0], f"{month}-{day:02d}T01:00", f"{month}-{day:02d}T{1 + hours:02d}:00", told=told)


def settled(contract: Contract, period: tuple[datetime, datetime], now: str) -> tuple[Statement, Invoice]:
    """A month with its invoice."""
    statement = settle_statement(contract=contract.id, start=period[0], end=period[1], by=BY, now=at(now))
    return statement, issue_invoice(statement=statement.id, by=BY, now=at(now))


def restated(statement: Statement, now: str) -> tuple[Statement | None, list[Invoice]]:
    """The next version, and what is issued because no statement carries its difference."""
    new = restate_statement(statement=statement.id, by=BY, now=at(now))
    return new, charge_left(contract=statement.contract_id, by=BY, now=at(now))


def lines(row: Statement | Invoice) -> list[tuple[str, str, int]]:
    return [(line["kind"], line["clause"], line["minor"]) for line in row.document["lines"]]


def until(day: str | None) -> Json:
    return {"from": "2026-01-01", "to": day}


def ended(contract: Contract, wanted: Json, day: str, *, now: str) -> None:
    """A version that ends."""
    amended(contract, wanted | {"effective": until(day)}, now=at(now))


def in_yen(contract: Contract, wanted: Json, day: str, *, now: str) -> None:
    """A version in another currency from a day on."""
    amended(contract, yen(wanted) | {"effective": {"from": day, "to": None}}, now=at(now))


def yen(wanted: Json) -> Json:
    """A contract in another currency."""
    return wanted | {"terms": wanted["terms"] | {"currency": "JPY"}}
