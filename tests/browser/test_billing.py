"""The pages of contracts, statements and reports in a real browser: readable, accessible, on a screen of any size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from billing.outcomes.consents import Consent
from billing.outcomes.deciding import approve_exclusion, withdraw_exclusion
from billing.outcomes.selectors import exclusions
from billing.outcomes.services import Assumption, claim_exclusion, run_outcome
from billing.reports.services import Settlement, settle_period
from tenants.scope.context import scope
from tests.billing.invoices.sellers import IN_FRANCE, PAID_TO, a_seller, billed_at
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY, Fleet, a_fleet, agreement, at, published, visit
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
SEPTEMBER = at("2026-09-01"), at("2026-10-01")


@pytest.fixture
def done(cast: Cast) -> Settlement:
    """A contract about three engines, settled for September, beside what it could have been."""
    with scope(cast.meridian.id):
        fleet: Fleet = a_fleet("2026-08-29", "2026-10-01", count=3)
        visit(fleet.engines[0], "2026-09-10T02:00", "2026-09-12T12:00", told="2026-09-13")
        rules = [{"category": "planned", "allowance": "P5D"}]
        clause = a_clause(id="availability", assets=fleet.ids, exclusions=rules, remedies=[AWS_TIERS])
        terms = agreement(fleet, clause, title="Power", preapproved=[{"category": "planned", "notice": "P2D"}])
        contract = published(terms | {"customer": str(cast.northwind)})
        _claims(fleet, contract.id)
        a_seller(PAID_TO)
        billed_at(cast.northwind, IN_FRANCE)
        assumed = Assumption("without the plan", [{"asset": asset, "initial": "down"} for asset in fleet.ids])
        run_outcome(
            contract=contract.id, period_start=SEPTEMBER[0], period_end=SEPTEMBER[1], as_of=at("2026-10-05"), by=BY,
            now=at("2026-10-05"), assumption=assumed,
        )  # fmt: skip
        return settle_period(contract=contract.id, start=SEPTEMBER[0], end=SEPTEMBER[1], by=BY, now=at("2026-10-05"))


def _claims(fleet: Fleet, contract: UUID) -> None:
    """A claim in each state, and one under no contract."""

    def claim(day: int, now: int, *, under: UUID | None = contract, category: str = "planned") -> UUID:
        made = claim_exclusion(
            contract=under, category=category, assets=fleet.engines[:2], start=at(f"2026-09-{day}T06:00"),
            end=at(f"2026-09-{day}T18:00"), evidence={"plan": "P-7", "bay": 2}, by="planner",
            now=at(f"2026-09-{now}"),
        )  # fmt: skip
        return made.id

    claim(15, 10)
    claim(16, 16)
    gone, told = claim(17, 12), claim(18, 18)
    claim(19, 19, under=None, category="strike")
    withdraw_exclusion(exclusion=gone, why="the engine failed before the visit", by="planner", now=at("2026-09-18"))
    agreed = Consent("Jo Smith", at("2026-09-18").date(), "by telephone, with the planner")
    approve_exclusion(
        exclusion=told, why="the visit was short", by=BY, customer=None, now=at("2026-09-19"), consent=agreed
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_reads_well(
    cast: Cast, done: Settlement, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    assert done.invoice is not None
    paths = [
        "contracts/",
        "contracts/new/",
        "contracts/power/",
        "contracts/power/exclusions/",
        "contracts/power/statements/",
        "statements/",
        f"statements/{done.statement.id}/",
        "reports/",
        f"reports/{done.report.id}/",
        "invoices/",
        f"invoices/{done.invoice.id}/",
        f"invoices/{done.invoice.id}/credit/",
        "admin/journal/",
        "admin/legal-entities/",
        "admin/legal-entities/new/",
        f"admin/legal-entities/{done.invoice.entity_id}/",
        f"admin/legal-entities/{done.invoice.entity_id}/rate/",
        f"admin/customers/{cast.northwind}/",
        f"admin/customers/{cast.northwind}/billing/",
    ]
    page = open_page("/t/meridian/", cast.owner, width=width)
    for path in paths:
        page.goto(f"/t/meridian/{path}")
        expect(page.locator("h1")).to_be_visible()
        reads_well(page)


def test_every_figure_of_a_statement_opens(cast: Cast, done: Settlement, open_page: OpenPage) -> None:
    page = open_page(f"/t/meridian/statements/{done.statement.id}/", cast.viewer)
    outage = page.get_by_text("outage 2026-09-10T02:00:00+00:00")
    expect(outage).to_be_hidden()
    page.get_by_text("Clause availability").click()
    page.get_by_text("Engine 081: not in service").click()
    expect(outage).to_be_visible()


def test_a_reader_takes_the_document(cast: Cast, done: Settlement, open_page: OpenPage) -> None:
    page = open_page("/t/meridian/reports/", cast.reader)
    page.get_by_role("link", name="September 2026, version 1", exact=True).click()
    expect(page.get_by_role("heading", name="Power, September 2026")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="PDF").click()
    assert waiting.value.suggested_filename == "power-2026-09-01-v1.pdf"
    assert waiting.value.path().read_bytes() == bytes(done.report.pdf)


def test_an_exclusion_is_claimed_on_the_viewers_clocks_and_withdrawn(
    cast: Cast, done: Settlement, open_page: OpenPage, accessible: Callable[[Page], None]
) -> None:
    page = open_page("/t/meridian/contracts/power/exclusions/", cast.engineer)
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    assert page.locator("input[name=zone]").input_value() == zone
    expect(page.locator("#id_start_helptext")).to_have_text(f"On the clocks of {zone}.")
    page.get_by_label("Engine 081").check()
    page.get_by_label("From").fill("2026-11-22T08:00")
    page.get_by_label("To", exact=True).fill("2026-11-21T08:00")
    page.get_by_label("What it rests on").fill("Order 4711")
    page.get_by_role("button", name="Claim").click()
    expect(page.get_by_role("alert")).to_contain_text("Give a start before the end")
    expect(page.get_by_label("What it rests on")).to_have_value("Order 4711")
    expect(page.get_by_label("Engine 081")).to_be_checked()
    accessible(page)
    page.get_by_label("To", exact=True).fill("2026-11-23T08:00")
    page.get_by_role("button", name="Claim").click()
    row = page.get_by_role("row").filter(has_text="Order 4711")
    row.get_by_text("Withdraw", exact=True).click()
    row.get_by_label("Why it is withdrawn").fill("ordered twice")
    row.get_by_role("button", name="Withdraw the claim").click()
    expect(page.get_by_role("row").filter(has_text="Order 4711")).to_contain_text("Withdrawn, does not count")
    with scope(cast.meridian.id):
        newest = exclusions().order_by("-claimed_at").first()
        assert newest is not None
        assert newest.end - newest.start == timedelta(days=1)
