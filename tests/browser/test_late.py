"""That evidence came in after a statement was sealed, as people meet it in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from billing.reports.restating import follow_late
from billing.reports.services import settle_period
from billing.reports.tasks import RESTATE
from billing.statements.models import Statement
from tenants.jobs.models import Job
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY, a_fleet, agreement, at, fly_daily, published
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
SAID = "Evidence came in since this was sealed."


@pytest.fixture
def statement(cast: Cast) -> Statement:
    """September of a contract that people settle, of which a week came in late."""
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-08-29", "2026-09-13")
        fly_daily(fleet, "2026-09-21", "2026-10-01")
        clause = a_clause(id="availability", assets=fleet.ids, remedies=[AWS_TIERS])
        contract = published(agreement(fleet, clause, title="Power"))
        done = settle_period(
            contract=contract.id, start=at("2026-09-01"), end=at("2026-10-01"), by=BY, now=at("2026-10-05")
        )
        fly_daily(fleet, "2026-09-14", "2026-10-08")
        follow_late(now=at("2026-10-09"))
    return done.statement


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_say_so(
    cast: Cast, statement: Statement, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page("/t/meridian/contracts/power/statements/", cast.owner, width=width)
    expect(page.get_by_text("September 2026, version 1: evidence came in since this was sealed.")).to_be_visible()
    reads_well(page)
    page.goto(f"/t/meridian/statements/{statement.id}/")
    expect(page.get_by_text(SAID)).to_be_visible()
    expect(page.get_by_role("button", name="Rate again")).to_have_count(1)
    reads_well(page)


def test_the_button_rates_the_period_again(cast: Cast, statement: Statement, open_page: OpenPage) -> None:
    page = open_page("/t/meridian/contracts/power/statements/", cast.owner)
    page.get_by_role("button", name="Rate again").press("Enter")
    expect(page.get_by_text("The period is rated again; a new version appears if its figures change.")).to_be_visible()
    with scope(cast.meridian.id):
        assert Job.objects.get(kind=RESTATE).params == {"statement": str(statement.id), "by": cast.owner.email}
