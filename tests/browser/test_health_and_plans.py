"""Health and plans in a real browser: read at any size and theme, and a plan decided by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from analytics.health.models import Prediction
from analytics.maintenance.models import Plan, PlanState
from analytics.maintenance.services import approve_plan
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.analytics.fleets import PLANNING, a_plan_and_an_order, predict_by_hand
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
Accessible = Callable[[Page], None]
LIVES = (12.0, 20.0, 24.0, 118.0)


@pytest.fixture
def plan(cast: Cast) -> Plan:
    """A plan of three visits that waits for a decision."""
    with scope(cast.meridian.id):
        twin, engines = published_fleet(len(LIVES))
        predict_by_hand(twin, dict(zip(engines, LIVES, strict=True)))
        return Plan.objects.get(id=a_plan_and_an_order(twin, PLANNING)[0])


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 360)])
def test_each_page_reads_well(
    cast: Cast, plan: Plan, open_page: OpenPage, accessible: Accessible, theme: str, width: int
) -> None:
    with scope(cast.meridian.id):
        prediction = Prediction.objects.all()[0]
    paths = [
        "health/", "health/train/", "health/predict/", f"health/assets/{prediction.asset}/",
        f"health/models/{prediction.model_id}/", "plans/", "plans/new/", f"plans/{plan.id}/",
    ]  # fmt: skip
    page = open_page("/t/meridian/", cast.owner, theme=theme, width=width)
    for path in paths:
        page.goto(f"/t/meridian/{path}")
        expect(page.locator("h1")).to_be_visible()
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path


def test_a_plan_is_decided_by_keyboard(cast: Cast, plan: Plan, open_page: OpenPage) -> None:
    page = open_page(f"/t/meridian/plans/{plan.id}/", cast.owner)
    bar = page.locator("svg").get_by_role("link", name="Engine 081")
    bar.focus()
    page.keyboard.press("Enter")
    expect(page.locator("article:target")).to_contain_text("Engine 081 is visited from")
    page.get_by_role("button", name="Approve").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="3 visits are ordered")).to_be_visible()
    with scope(cast.meridian.id):
        assert Plan.objects.get().state == PlanState.APPROVED


def test_a_visit_is_cancelled_by_keyboard(cast: Cast, open_page: OpenPage, accessible: Accessible) -> None:
    now = utc_now()
    with scope(cast.meridian.id):
        twin, engines = published_fleet(2)
        predict_by_hand(twin, dict(zip(engines, LIVES, strict=False)), as_of=now)
        plan = a_plan_and_an_order(twin, now)[0]
        approve_plan(plan=plan, by=cast.owner.email, now=now)
    page = open_page(f"/t/meridian/plans/{plan}/", cast.owner, width=360)
    page.locator("summary", has_text="Engine 081").press("Enter")
    why = page.get_by_label("Why it does not take place").locator("visible=true")
    accessible(page)
    why.fill("It failed in service.")
    why.press("Enter")
    expect(page.get_by_role("status").filter(has_text="The visit of Engine 081 is cancelled.")).to_be_visible()
    expect(page.locator("svg a.board-off")).to_have_count(1)
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
