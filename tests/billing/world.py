"""Contracts over real evidence: a fleet that flies once a day, and the terms of the worked examples."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from django.test import Client
from pypdf import PdfReader

from billing.contracts.agreement import AgreementTerms
from billing.contracts.models import Contract
from billing.contracts.services import create_contract, publish_contract
from billing.reports.services import Settlement
from tenants.customers.models import Customer
from tenants.customers.services import create_customer
from tenants.scope.context import required_tenant
from tests.billing.outcomes.documents import AWS_TIERS, Json, a_clause
from tests.twins.evidence.fleet import fly, published_fleet
from twins.evidence.services import record_event
from twins.telemetry.compaction import compact

BY = "owner@meridian.example"
SIGNED = datetime(2026, 1, 2, tzinfo=UTC)


def at(text: str) -> datetime:
    """A moment in UTC, such as ``2026-11-10T12:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Fleet:
    """A published twin and its engines, by name."""

    twin: UUID
    engines: list[UUID]

    @property
    def ids(self) -> list[str]:
        return [str(engine) for engine in self.engines]


def a_fleet(first: str, last: str, *, count: int = 1, name: str = "Northwind fleet") -> Fleet:
    """Engines that take off at 20:00 UTC of every day between two days, both included; each flight takes 4 h."""
    fleet = Fleet(*published_fleet(count, name=name))
    fly_daily(fleet, first, last)
    return fleet


def fly_daily(fleet: Fleet, first: str, last: str) -> None:
    """One flight a day, told when the last has landed."""
    start, end = at(first), at(last)
    flights = [start + timedelta(days=day, hours=20) for day in range((end - start).days + 1)]
    fly([(engine, take_off) for engine in fleet.engines for take_off in flights], received=end, keys=["t24"])
    compact(required_tenant("readings"), wait=True)


def visit(engine: UUID, start: str, end: str, *, told: str) -> None:
    """An engine is in the shop for a while."""
    say(engine, "shop_in", start, told=told)
    say(engine, "returned", end, told=told)


def say(engine: UUID, kind: str, moment: str, *, told: str) -> None:
    record_event(
        asset=engine, kind=kind, at=at(moment), source="shop", reference=f"{engine} {kind} {moment}", now=at(told)
    )


def customer() -> Customer:
    """Northwind Air."""
    return Customer.objects.filter(name="Northwind Air").first() or create_customer(name="Northwind Air", now=SIGNED)


def terms(assets: list[str], *clauses: Json, **changes: Any) -> Json:
    """The contract part of E01: 12,000.00 USD a month in UTC against the table of AWS, changed where said."""
    return {
        "currency": "USD",
        "time_zone": "UTC",
        "rounding": "half_even",
        "correction_window": "P35D",
        "fee": {"kind": "flat", "minor": 1_200_000},
        "clauses": list(clauses) or [a_clause(id="uptime", assets=assets, remedies=[AWS_TIERS])],
        "caps": {"period_percent": None, "year_remaining_minor": None},
    } | changes


def agreement(fleet: Fleet, *clauses: Json, title: str = "Uptime", **changes: Any) -> Json:
    """What people write of a contract; ``outer`` members of the agreement are told from terms by their names."""
    outer = {
        name: changes.pop(name)
        for name in (
            "effective",
            "preapproved",
            "assumptions",
            "tax_percent",
            "payment_days",
            "acceptance",
            "objection",
            "year_cap_minor",
            "grace",
        )
        if name in changes
    }
    return {
        "title": title,
        "customer": str(customer().id),
        "twin": str(fleet.twin),
        "effective": {"from": "2026-01-01", "to": None},
        "terms": terms(fleet.ids, *clauses, **changes),
    } | outer


def published(wanted: Json) -> Contract:
    """A contract with its first version."""
    contract = create_contract(wanted=AgreementTerms.read(wanted), by=BY, now=SIGNED)
    publish_contract(contract=contract.id, revision=contract.revision, by=BY, now=SIGNED)
    return contract


def e01(name: str = "Northwind fleet", title: str = "Uptime") -> tuple[Fleet, Contract]:
    """E01a: one engine that was 3000 s in the shop in November 2026."""
    fleet = a_fleet("2026-10-29", "2026-12-01", name=name)
    visit(fleet.engines[0], "2026-11-10T12:00", "2026-11-10T12:50", told="2026-11-10T13:00")
    return fleet, published(agreement(fleet, title=title))


NOVEMBER = at("2026-11-01"), at("2026-12-01")
DECEMBER = at("2026-12-01"), at("2027-01-01")


@dataclass(frozen=True)
class House:
    """Meridian's contract with Northwind about one engine, settled for November, and a claim that is proposed."""

    contract: Contract
    fleet: Fleet
    claim: UUID
    done: Settlement


def body(client: Client, path: str, status: int = 200) -> str:
    """What a page shows."""
    response = client.get(path)
    assert response.status_code == status, path
    return response.content.decode()


def written(document: bytes) -> str:
    """The words of a PDF, with single spaces."""
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(document)).pages)
