"""A plan from predictions to work orders and claimed downtime."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from analytics.health.models import Prediction
from analytics.maintenance.assembly import PlanningError, gather
from analytics.maintenance.domain.risk import Beyond, RemainingLife
from analytics.maintenance.models import Plan, PlanState, WorkOrder
from analytics.maintenance.selectors import PlanNotFoundError, next_order
from analytics.maintenance.services import (
    DecidedError,
    OutdatedError,
    approve_plan,
    reject_plan,
    start_planning,
)
from billing.outcomes.selectors import decision_of, exclusions_about
from tenants.jobs.models import Job, JobState
from tenants.jobs.running import run
from tenants.jobs.services import cancel_job
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.analytics.fleets import BY, PLANNING, predict_by_hand
from tests.analytics.maintenance.conftest import World
from tests.twins.evidence.fleet import published_fleet
from twins.composer.selectors import TwinNotFoundError
from twins.composer.services import create_twin
from twins.evidence.services import record_event

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_engines_go_to_the_shop_before_they_fail(world: World) -> None:
    plan = world.planned()
    with scope(world.tenant):
        assert (plan.state, plan.outcome, plan.gap) == (PlanState.PROPOSED, "optimal", 0.0)
        assert (plan.start, plan.end) == (PLANNING, PLANNING + timedelta(days=30))
        visited = {UUID(visit["asset"]) for visit in plan.visits}
        assert visited == set(world.engines[:3])
        assert [UUID(each["asset"]) for each in plan.deferrals] == [world.engines[3]]
        for visit in plan.visits:
            start, end = datetime.fromisoformat(visit["start"]), datetime.fromisoformat(visit["end"])
            assert end - start == timedelta(days=5)
            assert visit["bay"] in {"Bay 1", "Bay 2"}
            assert visit["reasons"][0].startswith(visit["name"])
            assert sum(visit["terms"].values()) == visit["cost_minor"]
            assert all(other["extra_minor"] >= 0 for other in visit["alternatives"])
        parts = [*plan.visits, *plan.deferrals]
        assert plan.cost_minor == sum(each["cost_minor"] for each in parts) == plan.bound_minor
        assert plan.terms["visit"] > 0


def test_approval_orders_the_work_and_claims_the_downtime(world: World) -> None:
    plan = world.planned()
    with scope(world.tenant):
        orders = approve_plan(plan=plan.id, by=BY, now=PLANNING)
        assert {order.asset for order in orders} == set(world.engines[:3])
        claims = {str(claim.id): claim for claim in exclusions_about(world.contract, ())}
        assert len(claims) == 3
        for order in orders:
            (name,) = order.exclusions
            claim = claims[name]
            decision = decision_of(claim)
            assert decision is not None
            assert decision.approved
            assert (claim.category, claim.start, claim.end) == ("planned", order.start, order.end)
            assert claim.document["assets"] == [str(order.asset)]
            assert claim.document["evidence"]["plan"] == str(plan.id)
            assert order.task == "shop_visit"
        plan.refresh_from_db()
        assert (plan.state, plan.decided_by, plan.decided_at) == (PlanState.APPROVED, BY, PLANNING)
        entry = AuditEntry.objects.get(action="plan.approved")
        assert (entry.subject, entry.by, entry.details["digest"]) == (f"plan/{plan.id}", BY, plan.digest)
        assert next_order(PLANNING) == min(orders, key=lambda each: (each.start, each.id))
        with pytest.raises(DecidedError):
            approve_plan(plan=plan.id, by=BY, now=PLANNING)
        with pytest.raises(DecidedError):
            reject_plan(plan=plan.id, by=BY, now=PLANNING)
        assert WorkOrder.objects.count() == 3


def test_rejection_orders_nothing(world: World) -> None:
    plan = world.planned()
    with scope(world.tenant):
        row = reject_plan(plan=plan.id, by=BY, now=PLANNING, why="Bay 2 is being painted.")
        assert (row.state, row.why) == (PlanState.REJECTED, "Bay 2 is being painted.")
        assert (WorkOrder.objects.count(), exclusions_about(world.contract, ()).count()) == (0, 0)
        assert AuditEntry.objects.filter(action="plan.rejected").count() == 1


def test_a_newer_plan_takes_the_place_of_one_that_waits(world: World) -> None:
    first, second = world.planned(), world.planned()
    with scope(world.tenant):
        states = dict(Plan.objects.values_list("id", "state"))
        assert states == {first.id: PlanState.SUPERSEDED, second.id: PlanState.PROPOSED}
        assert first.problem_digest == second.problem_digest
        assert first.digest == second.digest
        with pytest.raises(DecidedError):
            approve_plan(plan=first.id, by=BY, now=PLANNING)
        first.state = PlanState.PROPOSED
        with pytest.raises(IntegrityError), transaction.atomic():
            first.save()


def test_a_plan_goes_around_the_visits_that_stand(world: World) -> None:
    first = world.planned()
    with scope(world.tenant):
        orders = approve_plan(plan=first.id, by=BY, now=PLANNING)
        gathered = gather(world.assumptions())
        assert {each["asset"] for each in gathered.left_out} == {str(order.asset) for order in orders}
        closed = sum(span.end - span.start for bay in gathered.problem.bays for span in bay.closed)
        assert closed == 3 * 5 * 24
    second = world.planned()
    with scope(world.tenant):
        assert second.visits == []
        assert {each["order"] for each in second.standing} == {str(order.id) for order in orders}
        assert approve_plan(plan=second.id, by=BY, now=PLANNING) == []


def test_a_plan_made_before_an_order_cannot_be_approved_after_it(world: World) -> None:
    plan = world.planned()
    with scope(world.tenant):
        WorkOrder.objects.create(
            plan=plan, twin_id=world.twin, asset=world.engines[3], name="Engine 084", task="shop_visit", bay="Bay 1",
            removal=PLANNING, start=PLANNING, end=PLANNING + timedelta(days=5), exclusions=[], ordered_by=BY,
            ordered_at=PLANNING,
        )  # fmt: skip
        with pytest.raises(OutdatedError):
            approve_plan(plan=plan.id, by=BY, now=PLANNING)


def test_visits_without_a_contract_claim_nothing(world: World) -> None:
    with scope(world.tenant):
        twin, engines = published_fleet(1, name="Unbound")
        predict_by_hand(twin, {engines[0]: 10.0})
    plan = world.planned(twin=twin)
    with scope(world.tenant):
        (order,) = approve_plan(plan=plan.id, by=BY, now=PLANNING)
        assert order.exclusions == []


def test_shifts_stretch_a_visit(world: World) -> None:
    shift = {
        "name": "day", "days": tuple(range(7)), "start_s": 6 * 3600, "end_s": 18 * 3600,
        "people": {"powerplant_mechanic": 3, "borescope_inspector": 1},
    }  # fmt: skip
    with scope(world.tenant):
        problem = gather(world.assumptions(crew=(shift,))).problem
    assert [len(person.skills) for person in problem.technicians] == [1] * 4
    plan = world.planned(crew=(shift,), bays=1)
    lengths = {datetime.fromisoformat(visit["end"]) - datetime.fromisoformat(visit["start"]) for visit in plan.visits}
    assert lengths == {timedelta(days=9, hours=12)}


def test_flights_since_the_prediction_count(world: World) -> None:
    with scope(world.tenant):
        later = gather(world.assumptions(as_of=PLANNING + timedelta(days=2, hours=1))).problem
    assert later.grid.origin == PLANNING + timedelta(days=3)
    life = RemainingLife(12.0, 2.0, 22.0, flown=6.0)
    assert later.assets[0].risk.failed_before[4] == round(life.failed_before(2.0), 9)


def test_a_cancelled_job_proposes_nothing(world: World) -> None:
    with scope(world.tenant):
        job = start_planning(assumptions=world.assumptions(), by=BY, now=PLANNING)
        Job.objects.filter(id=job.id).update(state=JobState.RUNNING)
        cancel_job(job=job.id, now=PLANNING)
        Job.objects.filter(id=job.id).update(state=JobState.QUEUED)
    run(world.tenant, job.id)
    with scope(world.tenant):
        assert Job.objects.get(id=job.id).state == JobState.CANCELLED
        assert Plan.objects.count() == 0


def test_at_least_so_many_flights_are_planned_as_such(world: World) -> None:
    """A prediction at the model's cap is no median: most of those lives last well beyond it."""
    with scope(world.tenant):
        twin, (engine,) = published_fleet(1, name="Healthy")
        predict_by_hand(twin, {engine: 122.0}, spread=17.0)
        row = {name: getattr(Prediction.objects.get(asset=engine), name) for name in ("model_id", "drivers")}
        Prediction.objects.create(
            twin_id=twin, asset=engine, as_of=PLANNING + timedelta(hours=1), value=122.0, low=105.0, high=125.0,
            coverage=0.9, cap=125.0, beyond_share=0.8, beyond_mean=50.0, flights=120, predicted_at=PLANNING, **row,
        )  # fmt: skip
        before = gather(world.assumptions(twin=twin, days=80)).problem.assets[0].risk
        after = (
            gather(world.assumptions(twin=twin, days=80, as_of=PLANNING + timedelta(hours=1))).problem.assets[0].risk
        )
        flown = 2 * 23 / 24
        life = RemainingLife(122.0, 105.0, 125.0, flown=flown, beyond=Beyond(125.0, 0.8, 50.0))
        assert after.failed_before[-1] == round(life.failed_before(320.0), 9)
        assert (before.failed_before[62 * 4] > 0.5, after.failed_before[62 * 4] < 0.25) == (True, True)


class TestNothingToVisit:
    def test_every_engine_has_its_visit_ordered(self, world: World) -> None:
        with scope(world.tenant):
            twin, (engine,) = published_fleet(1, name="Single")
            predict_by_hand(twin, {engine: 12.0})
        first = world.planned(twin=twin)
        with scope(world.tenant):
            (order,) = approve_plan(plan=first.id, by=BY, now=PLANNING)
        second = world.planned(twin=twin)
        with scope(world.tenant):
            assert (second.visits, second.deferrals, second.cost_minor, second.outcome) == ([], [], 0, "optimal")
            assert [each["order"] for each in second.standing] == [str(order.id)]
            assert second.left_out[0]["why"].startswith("An approved visit stands from")
            assert approve_plan(plan=second.id, by=BY, now=PLANNING) == []

    def test_every_engine_was_restored_and_not_predicted_since(self, world: World) -> None:
        later = PLANNING + timedelta(days=10)
        with scope(world.tenant):
            twin, (engine,) = published_fleet(1, name="Single")
            predict_by_hand(twin, {engine: 12.0})
            for kind, at in (("shop_in", later - timedelta(days=6)), ("shop_out", later - timedelta(days=1))):
                record_event(asset=engine, kind=kind, at=at, source="shop", reference=kind, now=later)
        plan = world.planned(twin=twin, as_of=later)
        with scope(world.tenant):
            assert (plan.visits, plan.deferrals) == ([], [])
            (left_out,) = plan.left_out
            assert left_out["why"] == (
                "Since it was restored, 2026-09-10T00:00:00Z, its remaining life has not been predicted."
            )

    def test_no_engine_needs_one(self, world: World) -> None:
        with scope(world.tenant):
            twin, engines = published_fleet(2, name="Young")
            predict_by_hand(twin, dict.fromkeys(engines, 125.0))
        plan = world.planned(twin=twin, days=10)
        with scope(world.tenant):
            assert (plan.visits, len(plan.deferrals)) == ([], 2)


class TestRefusals:
    def test_an_unknown_plan(self, world: World) -> None:
        with scope(world.tenant), pytest.raises(PlanNotFoundError):
            approve_plan(plan=new_id(), by=BY, now=PLANNING)

    def test_an_unknown_twin(self, world: World) -> None:
        with scope(world.tenant), pytest.raises(TwinNotFoundError):
            start_planning(assumptions=world.assumptions(twin=new_id()), by=BY, now=PLANNING)

    def test_an_unpublished_twin(self, world: World) -> None:
        with scope(world.tenant):
            twin = create_twin(name="Draft", now=PLANNING)
            with pytest.raises(PlanningError, match="not been published"):
                gather(world.assumptions(twin=twin.id))

    def test_nothing_predicted(self, world: World) -> None:
        with scope(world.tenant), pytest.raises(PlanningError, match="has not been predicted"):
            gather(world.assumptions(as_of=PLANNING - timedelta(days=1)))
