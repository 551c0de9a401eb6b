"""The pages of plans, by role, empty and full."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from analytics.maintenance.models import Plan, PlanState, WorkOrder
from analytics.maintenance.services import PLAN_JOB, approve_plan
from tenants.jobs.models import Job
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.scope.context import scope
from tests.analytics.fleets import PLANNING, a_plan_and_an_order, predict_by_hand
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
ASKED = {"day": "2026-09-01", "days": 30, "bays": 2, "flights_per_day": 2, "visit": 420_000, "failure": 1_400_000}


@pytest.fixture
def plan(cast: Cast) -> Plan:
    """A plan that waits for a decision."""
    with scope(cast.meridian.id):
        twin, engines = published_fleet(2)
        predict_by_hand(twin, dict(zip(engines, (12.0, 118.0), strict=True)))
        a_plan_and_an_order(twin, PLANNING)
        return Plan.objects.get()


def test_the_empty_list_leads_on(cast: Cast, sign_in: SignIn) -> None:
    text = sign_in(cast.owner).get("/t/meridian/plans/").content.decode()
    assert "No plan yet" in text
    assert "Go to health" in text


def test_the_list_and_the_board(cast: Cast, sign_in: SignIn, plan: Plan) -> None:
    client = sign_in(cast.viewer)
    listed = client.get("/t/meridian/plans/").content.decode()
    assert "Northwind fleet" in listed
    assert "Waits for a decision" in listed
    assert "Plan shop visits" not in listed
    board = client.get(f"/t/meridian/plans/{plan.id}/").content.decode()
    assert 'href="#visit-' in board
    assert "Engine 081 is visited from" in board
    assert "Engine 082 gets no visit before" in board
    assert "It waits for somebody who may approve plans." in board
    assert "<script>" not in board
    assert " style=" not in board


def test_who_may_decide(cast: Cast, sign_in: SignIn, plan: Plan) -> None:
    for path in ("approve", "reject"):
        assert sign_in(cast.engineer).post(f"/t/meridian/plans/{plan.id}/{path}/").status_code == 403
    owner = sign_in(cast.owner)
    assert 'name="why"' in owner.get(f"/t/meridian/plans/{plan.id}/").content.decode()
    answer = owner.post(f"/t/meridian/plans/{plan.id}/reject/", {"why": "Too early"}, follow=True)
    assert "Nothing was ordered" in answer.content.decode()
    assert "Too early" in answer.content.decode()
    again = owner.post(f"/t/meridian/plans/{plan.id}/approve/", follow=True)
    assert "The plan is rejected. Make a new plan" in again.content.decode()
    with scope(cast.meridian.id):
        assert Plan.objects.get().state == PlanState.REJECTED


def test_approving_on_the_page(cast: Cast, sign_in: SignIn, plan: Plan) -> None:
    answer = sign_in(cast.owner).post(f"/t/meridian/plans/{plan.id}/approve/", follow=True)
    assert "Work orders" in answer.content.decode()
    with scope(cast.meridian.id):
        assert Plan.objects.get().state == PlanState.APPROVED


def test_cancelling_a_visit_on_the_page(cast: Cast, sign_in: SignIn) -> None:
    now = utc_now()
    with scope(cast.meridian.id):
        twin, engines = published_fleet(1)
        predict_by_hand(twin, {engines[0]: 12.0}, as_of=now)
        a_plan_and_an_order(twin, now)
        plan = Plan.objects.get()
        (order,) = approve_plan(plan=plan.id, by=cast.owner.email, now=now)
        ended = WorkOrder.objects.exclude(id=order.id).get()
    path = f"/t/meridian/plans/orders/{order.id}/cancel/"
    assert sign_in(cast.engineer).post(path, {"why": "It failed."}).status_code == 403
    assert "call-off" not in sign_in(cast.engineer).get(f"/t/meridian/plans/{plan.id}/").content.decode()
    owner = sign_in(cast.owner)
    assert owner.post(f"/t/meridian/plans/orders/{new_id()}/cancel/", {"why": "So"}).status_code == 404
    asked = owner.post(path, {"why": " "}, follow=True).content.decode()
    assert "Say why the visit does not take place" in asked
    assert 'class="call-off"' in asked
    text = owner.post(path, {"why": "It failed."}, follow=True).content.decode()
    assert "The visit of Engine 081 is cancelled." in text
    assert "<s>Engine 081</s>" in text
    assert 'class="board-bar board-off"' in text
    assert text.count("It failed.") >= 4, "on the bar, in both tables and beside the reasons"
    assert 'class="call-off"' not in text
    refused = owner.post(f"/t/meridian/plans/orders/{ended.id}/cancel/", {"why": "So"}, follow=True)
    assert "The visit ended" in refused.content.decode()


def test_asking_for_a_plan(cast: Cast, sign_in: SignIn, plan: Plan) -> None:
    client = sign_in(cast.engineer)
    assert "420000" in client.get("/t/meridian/plans/new/").content.decode()
    answer = client.post("/t/meridian/plans/new/", {**ASKED, "twin": str(plan.twin_id)})
    assert (answer.status_code, answer["Location"]) == (302, "/t/meridian/plans/")
    with scope(cast.meridian.id):
        job = Job.objects.get(kind=PLAN_JOB)
    assert job.params["assumptions"]["costs"]["visit_minor"] == 42_000_000
    assert job.created_by == cast.engineer.email
    listed = client.get("/t/meridian/plans/").content.decode()
    assert f'id="job-{job.id}"' in listed
    assert 'hx-trigger="every 3s"' in listed


@pytest.mark.parametrize(
    ("change", "words"),
    [({"twin": "x"}, "valid choice"), ({"day": ""}, "required"), ({"days": 0}, "greater than"),
     ({"day": "2020-01-01"}, "has not been predicted"), ({"day": "1999-01-01"}, "valid day")],
)  # fmt: skip
def test_what_does_not_fit(cast: Cast, sign_in: SignIn, plan: Plan, change: dict[str, object], words: str) -> None:
    asked = {**ASKED, "twin": str(plan.twin_id), **change}
    answer = sign_in(cast.owner).post("/t/meridian/plans/new/", asked)
    assert answer.status_code == 400
    assert words in answer.content.decode()


def test_the_overview_says_when_the_next_visit_is(cast: Cast, sign_in: SignIn, plan: Plan) -> None:
    text = sign_in(cast.viewer).get("/t/meridian/").content.decode()
    assert "Next shop visit" in text
    assert "Little remaining life" in text
    assert "of 2 assets have less than 30 flights left" in text
