"""Engines whose remaining life is known, or whose flights are stored as a gateway's are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np

from analytics.health.models import ModelVersion, Prediction
from analytics.maintenance.assembly import gather
from analytics.maintenance.assumptions import PlanAssumptions
from analytics.maintenance.domain.planner import solve_plan
from analytics.maintenance.models import WorkOrder
from analytics.maintenance.services import propose_plan
from billing.contracts.models import Contract
from billing.contracts.services import create_contract, publish_contract
from billing.contracts.templates import PowerByTheHour
from tenants.kernel.ids import new_id
from tenants.scope.context import required_tenant
from tests.billing.world import customer
from twins.gateways.flights import FlightSchedule, flight
from twins.gateways.schemas import SENSOR_KEYS, SETTING_KEYS, FlightHistory
from twins.telemetry.connections import connect_ingest
from twins.telemetry.group import commit_together
from twins.telemetry.instants import micros
from twins.telemetry.schemas import Delivery, Normalised, Readings, Source
from twins.telemetry.selectors import bound_signals
from twins.telemetry.services import provide_signals

BY = "owner@meridian.example"
PLANNING = datetime(2026, 9, 1, tzinfo=UTC)
DRIVER = {
    "signal": "ps30", "flights": -14.2, "direction": "shortens", "feature": "mean of the last 20 cycles",
    "deviation": 1.5, "text": "ps30 shortens it by 14.2 cycles",
}  # fmt: skip


def a_model(twin: UUID) -> ModelVersion:
    """A model that nobody trained, for predictions that were made by hand."""
    config = {"signals": ["ps30"], "settings": [], "cap": 125.0, "coverage": 0.9}
    training = {"units": ["1", "2"], "shortest_life": 128, "longest_life": 362, "seed": 1}
    return ModelVersion.objects.create(
        twin_id=twin, asset_type="turbofan-engine@1", metadata={"config": config, "training": training},
        metrics={"rmse": 13.2, "coverage": 0.914}, artifact=b"model", digest="ab" * 32, trained_by=BY,
        trained_at=PLANNING,
    )  # fmt: skip


def predict_by_hand(twin: UUID, lives: dict[UUID, float], as_of: datetime = PLANNING, spread: float = 10.0) -> None:
    """Predictions of so many flights, give or take a spread."""
    model = ModelVersion.objects.first() or a_model(twin)
    Prediction.objects.bulk_create(
        Prediction(
            id=new_id(), twin_id=twin, asset=asset, model=model, as_of=as_of, value=life, low=max(0.0, life - spread),
            high=life + spread, coverage=0.9, flights=120, drivers=[DRIVER], predicted_at=as_of,
        )
        for asset, life in lives.items()
    )  # fmt: skip


def a_plan_and_an_order(twin: UUID, now: datetime) -> tuple[UUID, UUID]:
    """A solved plan that waits for a decision, and an order of an earlier time for an engine that is gone."""
    assumptions = PlanAssumptions(twin=twin, as_of=now, days=20)
    gathered = gather(assumptions)
    solution = solve_plan(gathered.problem)
    plan = propose_plan(assumptions=assumptions, gathered=gathered, solution=solution, by=BY, now=now)
    start = now - timedelta(days=60)
    order = WorkOrder.objects.create(
        plan=plan, twin_id=twin, asset=new_id(), name="Engine 001", task="shop_visit", bay="Bay 1", removal=start,
        start=start, end=start + timedelta(days=5), exclusions=[], ordered_by=BY, ordered_at=start,
    )  # fmt: skip
    return plan.id, order.id


def power_by_the_hour(twin: UUID, signed: datetime) -> Contract:
    """A published contract about a twin, under which planned visits do not count."""
    terms = PowerByTheHour.read(
        {
            "customer": str(customer().id),
            "twin": str(twin),
            "effective": {"from": "2026-09-01", "to": None},
            "fee_per_hour": "350",
            "tiers": [{"below": "97", "credit": "5"}],
        }
    )
    assets = sorted({str(one.asset) for one in bound_signals() if one.twin == twin})
    contract = create_contract(wanted=terms.agreement(assets), by=BY, now=signed)
    publish_contract(contract=contract.id, revision=contract.revision, by=BY, now=signed)
    return contract


def store_flights(
    assets: Sequence[UUID], histories: Sequence[FlightHistory], first_day: date, flown: int | None = None
) -> None:
    """Each asset flies one of the histories, or its first flights; all of it in one commit."""
    plan = FlightSchedule(first_day)
    stored = provide_signals(bound=bound_signals())
    columns: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = []
    for asset, history in zip(assets, histories, strict=True):
        table = np.hstack([history.settings, history.sensors])[:flown]
        at = np.array([micros(flight(int(cycle), plan).start) for cycle in history.cycles[:flown]], np.int64)
        for column, key in enumerate((*SETTING_KEYS, *SENSOR_KEYS)):
            signal = np.full(len(at), stored[asset, key].id, np.int64)
            columns.append(np.vstack([signal, at, table[:, column]]))
    rows = np.hstack(columns)
    readings = Readings(
        rows[0].astype(np.int64), rows[1].astype(np.int64), rows[2].astype(np.float64),
        np.zeros(rows.shape[1], np.int16),
    )  # fmt: skip
    delivery = Delivery(Source(required_tenant(), new_id()), str(new_id()), 1, Normalised(readings, ()))
    asyncio.run(_commit(delivery))


async def _commit(delivery: Delivery) -> None:
    connection = await connect_ingest(statement_seconds=30)
    async with connection:
        await commit_together(connection, [delivery], now=PLANNING)
