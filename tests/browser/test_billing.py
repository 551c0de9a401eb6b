"""The pages of contracts, statements and reports in a real browser: readable, accessible, on a screen of any size."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from billing.outcomes.services import Assumption, run_outcome
from billing.reports.services import Settlement, settle_period
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY, Fleet, a_fleet, agreement, at, published, visit
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
LOOKS = [("light", 1440), ("dark", 1440), ("light", 360), ("dark", 360)]
SEPTEMBER = at("2026-09-01"), at("2026-10-01")


@pytest.fixture
def done(cast: Cast) -> Settlement:
    """A contract about three engines, settled for September, beside what it could have been."""
    with scope(cast.meridian.id):
        fleet: Fleet = a_fleet("2026-08-29", "2026-10-01", count=3)
        visit(fleet.engines[0], "2026-09-10T02:00", "2026-09-12T12:00", told="2026-09-13")
        clause = a_clause(id="availability", assets=fleet.ids, remedies=[AWS_TIERS])
        contract = published(agreement(fleet, clause, title="Power") | {"customer": str(cast.northwind)})
        assumed = Assumption("without the plan", [{"asset": asset, "initial": "down"} for asset in fleet.ids])
        run_outcome(
            contract=contract.id, period_start=SEPTEMBER[0], period_end=SEPTEMBER[1], as_of=at("2026-10-05"), by=BY,
            now=at("2026-10-05"), assumption=assumed,
        )  # fmt: skip
        return settle_period(contract=contract.id, start=SEPTEMBER[0], end=SEPTEMBER[1], by=BY, now=at("2026-10-05"))


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_each_page_reads_well(
    cast: Cast, done: Settlement, open_page: OpenPage, accessible: Callable[[Page], None], theme: str, width: int
) -> None:
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
    ]
    page = open_page("/t/meridian/", cast.owner, theme=theme, width=width)
    for path in paths:
        page.goto(f"/t/meridian/{path}")
        expect(page.locator("h1")).to_be_visible()
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path


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
