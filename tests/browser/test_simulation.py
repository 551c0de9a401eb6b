"""Trying a contract in a real browser: its pictures, its form by the keyboard, on a screen of any size."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from billing.contracts.agreement import AgreementTerms
from billing.contracts.services import create_contract
from billing.simulation.services import agreement_to_simulate, start_simulation
from tenants.jobs.models import Job, JobState
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.simulation.year import look, visits
from tests.billing.world import BY, SIGNED, a_fleet, agreement
from tests.browser.conftest import WIDTHS, scrolls_sideways
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
PAGE = "/t/meridian/contracts/uptime/simulation/"
BONUS = {"kind": "steps", "above": "99.5", "bonus": "1", "per": "0.25", "step": "full", "cap": "5"}


@pytest.fixture
def measured(cast: Cast) -> Job:
    """A draft about three engines, measured on the months from May to November."""
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-04-28", "2026-12-01", count=3)
        visits(
            fleet, ("2026-06-10T12:00", "2026-06-11"), ("2026-07-03", "2026-07-07"), ("2026-09-01", "2026-09-01T09:00"),
            ("2026-11-10T12:00", "2026-11-10T12:50"),
        )  # fmt: skip
        clauses = [
            a_clause(id="uptime", assets=fleet.ids, remedies=[AWS_TIERS, BONUS]),
            a_clause(id="worst engine", assets=fleet.ids, aggregate="worst", remedies=[AWS_TIERS]),
        ]
        wanted = AgreementTerms.read(agreement(fleet, *clauses, caps={"period_percent": "40"}))
        contract = create_contract(wanted=wanted, by=BY, now=SIGNED)
        agreed = agreement_to_simulate(contract.id)
        job = start_simulation(agreement=agreed, contract=contract.id, by=BY, now=utc_now())
        Job.objects.filter(id=job.id).update(state=JobState.DONE, result=look(agreed, count=8))
        return job


@pytest.mark.parametrize("width", WIDTHS)
def test_every_state_of_the_page_reads_well(
    cast: Cast, measured: Job, open_page: OpenPage, width: int, reads_well: Callable[[Page], None]
) -> None:
    page = open_page(PAGE, cast.owner, width=width)
    for details in page.locator("#simulation details summary").all():
        details.click()
    reads_well(page)
    with scope(cast.meridian.id):
        Job.objects.filter(id=measured.id).update(state=JobState.FAILED, error="The evidence does not fit.")
    page.goto(PAGE)
    expect(page.get_by_text("Not simulated yet")).to_be_visible()
    reads_well(page)


def test_no_amount_breaks_inside_a_number_on_a_phone(cast: Cast, open_page: OpenPage) -> None:
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-08-28", "2026-12-01")
        visits(fleet, ("2026-09-03", "2026-09-04"), ("2026-11-10T12:00", "2026-11-10T12:50"))
        clause = a_clause(id="availability of the whole fleet", assets=fleet.ids, remedies=[AWS_TIERS])
        fee = {"kind": "flat", "minor": 123_456_789_012_345}
        wanted = AgreementTerms.read(agreement(fleet, clause, fee=fee))
        contract = create_contract(wanted=wanted, by=BY, now=SIGNED)
        agreed = agreement_to_simulate(contract.id)
        job = start_simulation(agreement=agreed, contract=contract.id, by=BY, now=utc_now())
        Job.objects.filter(id=job.id).update(state=JobState.DONE, result=look(agreed, count=3))
    page = open_page(PAGE, cast.owner, width=360)
    for details in page.locator("#simulation details summary").all():
        details.click()
    expect(page.get_by_text("1,234,567,890,123.45 USD").first).to_be_visible()
    assert page.evaluate(_BROKEN) == []
    assert not scrolls_sideways(page)


_BROKEN = """() => {
    const found = [], walk = document.createTreeWalker(document.querySelector("#simulation"), NodeFilter.SHOW_TEXT)
    while (walk.nextNode()) {
        for (const match of walk.currentNode.data.matchAll(/[0-9][0-9.,]*[0-9]/g)) {
            const range = document.createRange()
            range.setStart(walk.currentNode, match.index)
            range.setEnd(walk.currentNode, match.index + match[0].length)
            if (new Set([...range.getClientRects()].map((each) => each.top)).size > 1) found.push(match[0])
        }
    }
    return found
}"""
"""The numbers that stand in more than one line."""


def test_a_tier_is_tried_by_the_keyboard(
    cast: Cast, measured: Job, open_page: OpenPage, accessible: Callable[[Page], None]
) -> None:
    page = open_page(PAGE, cast.viewer)
    group = page.get_by_role("group", name="uptime", exact=True)
    below = group.get_by_label("Tier 1: below")
    expect(below).to_have_value("99.9")
    below.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("98.99")
    page.get_by_label("Your cost of a year").fill("100000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("the draft stands as it was")).to_be_visible()
    expect(page.get_by_text("Expected margin of a year")).to_be_visible()
    expect(group.get_by_label("Tier 1: below")).to_have_value("98.99")
    group.get_by_label("Tier 1: below").fill("95")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("alert")).to_contain_text("Two tiers have the same")
    accessible(page)
    page.get_by_role("link", name="As the draft stands").click()
    expect(group.get_by_label("Tier 1: below")).to_have_value("99.9")
