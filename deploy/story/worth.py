"""What the month was worth: the contract, the statement and its invoice, and the month that did not happen."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from billing.contracts.services import create_power_by_the_hour, publish_contract
from billing.contracts.templates import PowerByTheHour
from billing.outcomes.services import Assumption, run_outcome
from billing.reports import selectors as reports
from billing.reports.services import settle_period
from deploy.embedded.places import PROJECT
from deploy.story.calendar import FLEET, MONTH, REPAIR, SIGNING
from deploy.story.flying import engines, last_landing
from deploy.story.frame import Story, Tell
from tenants.kernel.calendars import epoch_ms
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from twins.evidence.domain.documents import NamedAsset, segment_documents
from twins.evidence.domain.flights import flights_of
from twins.evidence.domain.items import Events, Flights, Item
from twins.evidence.selectors import RULE
from twins.gateways.flights import flight

TERMS = {
    "title": "Power by the hour",
    "effective": {"from": "2026-07-01", "to": None},
    "currency": "USD",
    "fee_per_hour": "285",
    "tiers": [
        {"below": "97", "credit": "5"},
        {"below": "95", "credit": "10"},
        {"below": "90", "credit": "25"},
    ],
    "planned_allowance": "P5D",
    "correction_window": "P3650D",
}
"""The correction window is long because the story is told at any time after its month."""


def sign_the_contract(story: Story, tell: Tell) -> Mapping[str, Any]:
    """Power by the hour for Northwind's fleet."""
    by = story.facts["people"]["owner"]["email"]
    wanted = PowerByTheHour.read({**TERMS, "customer": story.facts["customer"], "twin": story.facts["fleet_twin"]})
    with scope(UUID(story.facts["tenant"])):
        contract = create_power_by_the_hour(parameters=wanted, by=by, now=SIGNING)
        tell(0.5, "publishing")
        publish_contract(contract=contract.id, revision=contract.revision, by=by, now=SIGNING)
    return {"contract": str(contract.id), "currency": TERMS["currency"]}


def settle_the_month(story: Story, tell: Tell) -> Mapping[str, Any]:
    """First what the month would have cost without the plan, then the statement, its invoice and its report."""
    contract, by = UUID(story.facts["contract"]), story.facts["people"]["owner"]["email"]
    now = utc_now()
    tell(0.1, "the month without a plan")
    assumption = Assumption("Without the plan: every engine flown to its published end", _without_the_plan(story, now))
    with scope(UUID(story.facts["tenant"])):
        what_if = run_outcome(
            contract=contract, period_start=MONTH[0], period_end=MONTH[1], as_of=now, by=by, now=now,
            assumption=assumption,
        ).document["outcome"]  # fmt: skip
        tell(0.4, "the statement")
        settled = settle_period(contract=contract, start=MONTH[0], end=MONTH[1], by=by, now=now)
        outcome = settled.statement.run.document["outcome"]
    (clause,) = outcome["clauses"]
    return {
        "report": str(settled.report.id),
        "statement_total_minor": settled.statement.total_minor,
        "without_plan_total_minor": what_if["total_minor"],
        "availability_percent": clause["percent"],
        "without_plan_availability_percent": what_if["clauses"][0]["percent"],
        "invoice_number": settled.invoice.number if settled.invoice else None,
    }


def _without_the_plan(story: Story, told_at: datetime) -> list[dict[str, Any]]:
    """The evidence that there would be, had every engine flown to its published end."""
    fleet, now = engines(story.data, story.cut.fleet), epoch_ms(told_at)
    assets = [NamedAsset(UUID(story.facts["fleet_assets"][str(each.unit)]), f"Engine {each.unit:03}") for each in fleet]
    flown = [
        (number, epoch_ms(flight(int(cycle), FLEET).start), now)
        for number, each in enumerate(fleet)
        for cycle in each.cycles
    ]
    ends = [(number, last_landing(each, FLEET)) for number, each in enumerate(fleet)]
    happened = [
        (number, epoch_ms(at), int(kind), now)
        for number, failed in ends
        for kind, at in ((Item.FAILED, failed), (Item.RETURNED, failed + REPAIR))
    ]
    flights = flights_of(Flights(*np.array(flown, np.int64).T), RULE)
    events = Events(*np.array(happened, np.int64).T)
    return segment_documents(assets, flights, events, RULE, (epoch_ms(MONTH[0]), epoch_ms(MONTH[1])))


def check_the_proof(story: Story, tell: Tell) -> Mapping[str, Any]:
    """The end customer downloads report and verifier, and checks them in a folder of their own, without us."""
    with tempfile.TemporaryDirectory() as folder:
        report, verifier = Path(folder, "report.json"), Path(folder, "verifier.py")
        with scope(UUID(story.facts["tenant"])):
            found = reports.report(UUID(story.facts["report"]), UUID(story.facts["customer"]))
            report.write_bytes(reports.proven_bundle(found))
        verifier.write_bytes((PROJECT / "billing" / "reports" / "verifier.py").read_bytes())
        tell(0.3, "as delivered")
        holds = _holds(verifier, report)
        tell(0.7, "with one byte changed")
        damaged = bytearray(report.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        report.write_bytes(damaged)
        return {"proof_ok": holds and not _holds(verifier, report)}


def _holds(verifier: Path, report: Path) -> bool:
    command = [sys.executable, "-I", verifier.name, report.name]
    return subprocess.run(command, cwd=verifier.parent, capture_output=True, check=False).returncode == 0
