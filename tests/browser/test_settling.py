"""The page from which a contract is settled, with parts of months: readable, accessible, on a screen of any size."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from billing.contracts.models import Contract
from billing.statements.models import SettlementWait
from tenants.scope.context import scope
from tests.billing.signing import amended
from tests.billing.world import a_fleet, agreement, at, published
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
PATH = "/t/meridian/contracts/uptime/statements/"


@pytest.fixture
def contract(cast: Cast) -> Contract:
    """One that begins on the 3rd, was amended on the 16th, and has a part that did not settle by itself."""
    with scope(cast.meridian.id):
        fleet, zone = a_fleet("2026-08-29", "2026-08-30"), {"time_zone": "Europe/Berlin"}
        contract = published(agreement(fleet, effective={"from": "2026-08-03", "to": None}, **zone))
        amended(contract, agreement(fleet, effective={"from": "2026-09-16", "to": "2026-10-01"}, **zone))
        SettlementWait.objects.create(
            contract=contract, period_start=at("2026-08-31T22:00"), looked_at=at("2026-09-20"),
            why="Too little is known of this period for uptime: nobody is charged by itself.",
        )  # fmt: skip
    return contract


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.usefixtures("contract")
def test_the_page_reads_well(cast: Cast, open_page: OpenPage, reads_well: Callable[[Page], None], width: int) -> None:
    page = open_page(PATH, cast.owner, width=width)
    expect(page.get_by_text("1 to 15 September 2026 did not settle by itself.")).to_be_visible()
    expect(page.get_by_text("The whole fee, or the whole minimum, is charged for each.")).to_be_visible()
    reads_well(page)


@pytest.mark.usefixtures("contract")
def test_a_part_is_chosen_by_its_name(cast: Cast, open_page: OpenPage) -> None:
    page = open_page(PATH, cast.owner)
    page.get_by_label("Period").select_option("16 to 30 September 2026")
    page.get_by_role("button", name="Settle").click()
    expect(page.get_by_text("16 to 30 September 2026 is being settled")).to_be_visible()
