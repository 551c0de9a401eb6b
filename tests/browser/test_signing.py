"""A contract is read, accepted and objected to in a real browser: readable, accessible, on a screen of any size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from billing.contracts.models import Contract
from billing.outcomes.services import claim_exclusion
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.signing import accept, amended
from tests.billing.world import Fleet, agreement, at, published
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]


@pytest.fixture
def contract(cast: Cast) -> Contract:
    """Accepted once, with an amendment that waits; and two claims, to one of which nobody objected in time."""
    with scope(cast.meridian.id):
        fleet = Fleet(*published_fleet(3))
        clause = a_clause(
            id="availability", assets=fleet.ids, exclusions=[{"category": "weather", "allowance": "P5D"}],
            remedies=[AWS_TIERS],
        )  # fmt: skip
        terms = {"acceptance": "required", "objection": "P14D", "year_cap_minor": 12_000_000}
        outer = {"customer": str(cast.northwind)}
        contract = published(agreement(fleet, clause, title="Power", **terms) | outer)
        accept(contract)
        for days_ago in (3, 15):
            claim_exclusion(
                contract=contract.id, category="weather", assets=fleet.engines[:2], start=at("2026-02-10T06:00"),
                end=at("2026-02-10T18:00"), evidence={"notice": "Storm 4711"}, by="planner",
                now=utc_now() - timedelta(days=days_ago),
            )  # fmt: skip
        start = {"effective": {"from": "2026-04-01", "to": None}}
        amended(contract, agreement(fleet, clause, title="Power", tax_percent="19", **start, **terms) | outer)
    return contract


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_reads_well(
    cast: Cast, contract: Contract, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    for user, paths in (
        (cast.reader, ["agreed/", f"agreed/{contract.id}/", f"agreed/{contract.id}/?version=1",
                       f"agreed/{contract.id}/exclusions/"]),
        (cast.owner, ["agreed/", "contracts/power/", "contracts/power/exclusions/"]),
    ):  # fmt: skip
        page = open_page("/t/meridian/agreed/", user, width=width)
        for path in paths:
            page.goto(f"/t/meridian/{path}")
            expect(page.locator("h1")).to_be_visible()
            reads_well(page)


def test_a_person_of_the_customer_accepts_and_objects(
    cast: Cast, contract: Contract, open_page: OpenPage, accessible: Callable[[Page], None]
) -> None:
    page = open_page("/t/meridian/reports/", cast.reader)
    page.get_by_role("navigation").get_by_role("link", name="Contracts").click()
    page.get_by_role("link", name="Power").click()
    expect(page.get_by_text("Tax of 19 %").first).to_be_visible()
    page.get_by_role("button", name="Accept version 2").click()
    expect(page.get_by_text("This field is required").first).to_be_visible()
    accessible(page)
    page.get_by_label("Your name").first.fill("Nora Winter")
    page.get_by_role("button", name="Accept version 2").click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    expect(page.get_by_text("Nora Winter, reader@meridian.example")).to_be_visible()
    page.get_by_role("link", name="Exclusions").click()
    page.get_by_label("Why you approve it or object").fill("There was no storm.")
    page.get_by_role("button", name="Object").click()
    expect(page.get_by_text("There was no storm.")).to_be_visible()
    expect(page.get_by_text("approved by objection time")).to_be_visible()
