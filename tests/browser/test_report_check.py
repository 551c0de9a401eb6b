"""The browser checks a report itself: honest ones, changed ones, and a log that it saw before."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from billing.reports.services import Settlement, settle_period
from tenants.record.services import seal_head
from tenants.scope.context import scope
from tests.billing.reports.settled import report_of
from tests.billing.reports.test_verifier_dishonest import change, charge_more
from tests.billing.world import BY, DECEMBER, NOVEMBER, a_fleet, agreement, at, fly_daily, published
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]


@pytest.fixture
def done(cast: Cast) -> list[Settlement]:
    """A contract about one engine, settled for November and for December."""
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-10-29", "2026-12-01")
        contract = published(agreement(fleet, title="Power") | {"customer": str(cast.northwind)})
        november = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
        fly_daily(fleet, "2026-12-02", "2026-12-31")
        december = settle_period(contract=contract.id, start=DECEMBER[0], end=DECEMBER[1], by=BY, now=at("2027-01-05"))
    return [november, december]


def clauses_of(settlement: Settlement) -> list[dict[str, Any]]:
    """The clauses of a statement, as its report has them."""
    found: list[dict[str, Any]] = json.loads(bytes(settlement.report.bundle))["statement"]["clauses"]
    return found


def rows_of(place: Locator) -> list[list[str]]:
    """The figures below a check: name, as stated, as computed, and the verdict."""
    rows = place.locator("tbody tr").all()
    return [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in rows]


def check(page: Page, settlement: Settlement) -> None:
    """Open a report, and have it checked without a mouse."""
    page.goto(f"/t/meridian/reports/{settlement.report.id}/")
    button = page.get_by_role("button", name="Check this report")
    button.focus()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("width", WIDTHS)
def test_an_untouched_report_is_green(
    cast: Cast, done: list[Settlement], open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page("/t/meridian/reports/", cast.reader, width=width)
    check(page, done[0])
    said, lines = page.locator("#self-check [data-said]"), page.locator("#self-check li")
    expect(said).to_have_text("Verified by this browser: all 10 checks hold.")
    expect(page.locator("#announcer")).to_have_text("Verified by this browser: all 10 checks hold.")
    expect(lines).to_have_count(10)
    assert set(page.locator("#self-check li > .state").all_inner_texts()) == {"Holds"}
    rows = rows_of(page.locator("#self-check"))
    total = json.loads(bytes(done[0].report.bundle))["statement"]["total_minor"]
    assert [row[0] for row in rows] == ["Fee", *(one["id"] for one in clauses_of(done[0])), "Total"]
    assert rows[-1][1:] == [f"{total / 100:,.2f} USD"] * 2 + ["The same"]
    expect(lines.nth(1)).to_contain_text(f"{done[0].report.fingerprint}, seen here for the first time.")
    expect(page.get_by_role("button", name="Check this report")).to_be_focused()
    reads_well(page)


def test_the_log_is_remembered_and_only_grew(cast: Cast, done: list[Settlement], open_page: OpenPage) -> None:
    page = open_page("/t/meridian/reports/", cast.reader)
    last = page.locator("#self-check li").filter(has_text="The log only grew since this browser saw it last")
    check(page, done[1])
    expect(last).to_contain_text("It is the first report that is checked here; its head is kept from now on.")
    check(page, done[0])
    sizes = [settlement.report.head_size for settlement in done]
    expect(last).to_contain_text(f"From {sizes[1]} to {sizes[1]} entries")
    with scope(cast.meridian.id):
        now = seal_head(now=at("2027-01-06"))
    check(page, done[0])
    expect(last).to_contain_text(f"From {sizes[1]} to {now.size} entries")
    expect(page.locator("#self-check [data-said]")).to_have_text("Verified by this browser: all 10 checks hold.")


def test_who_may_not_ask_the_log_is_told_what_is_not_known(
    cast: Cast, done: list[Settlement], open_page: OpenPage
) -> None:
    page = open_page("/t/meridian/reports/", cast.viewer)
    check(page, done[1])
    expect(page.locator("#self-check [data-said]")).to_have_text("Verified by this browser: all 11 checks hold.")
    check(page, done[0])
    expect(page.locator("#self-check [data-said]")).to_have_text(
        "1 of 10 checks could not be made here, the others hold."
    )


def test_a_report_that_was_changed_on_the_way_is_red(
    cast: Cast, done: list[Settlement], open_page: OpenPage, accessible: Callable[[Page], None]
) -> None:
    page = open_page("/t/meridian/reports/", cast.reader)

    def changed(route: Route) -> None:
        body = bytes(done[0].report.bundle)
        assert b'"total_minor":1080000' in body or b'"total_minor":1200000' in body
        route.fulfill(body=body.replace(b'"total_minor":1200000', b'"total_minor":1200001'))

    page.route("**/report.json", changed)
    check(page, done[0])
    said = page.locator("#self-check [data-said]")
    expect(said).to_contain_text("checks fail. Keep the report, and ask your supplier.")
    line = page.locator("#self-check li").filter(has_text="The statement is the one that was logged")
    expect(line.locator(".state-bad")).to_have_text("Fails")
    expect(line).to_contain_text("is another document than was logged")
    assert page.evaluate("localStorage.length") == 0
    accessible(page)


def test_a_file_in_another_form_is_not_checked_further(cast: Cast, done: list[Settlement], open_page: OpenPage) -> None:
    page = open_page("/t/meridian/reports/", cast.reader)
    page.route("**/report.json", lambda route: route.fulfill(body=b'{"bundle": 1}'))
    check(page, done[0])
    expect(page.locator("#self-check li")).to_have_count(1)
    expect(page.locator("#self-check li")).to_contain_text("it is not in the canonical form of JSON")


COMPUTED = "The outcome recomputed from the evidence segments equals the statement"


@pytest.mark.parametrize("width", WIDTHS)
def test_figures_that_were_made_up_are_found(
    cast: Cast, done: list[Settlement], open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    """Signed and logged, so that every proof holds; but not what the contract makes of the evidence."""
    page = open_page("/t/meridian/reports/", cast.reader, width=width)
    page.route("**/report.json", lambda route: route.fulfill(body=report_of(charge_more)))
    check(page, done[0])
    expect(page.locator("#self-check [data-said]")).to_have_text(
        "Not verified: 1 of 11 checks fail. Keep the report, and ask your supplier."
    )
    line = page.locator("#self-check li").filter(has_text=COMPUTED)
    expect(line).to_contain_text("outcome_run/outcome/fee_minor is 2835813, computed again it is 2835713")
    expect(line).to_contain_text("Computed again here, and as stated: uptime, loading, energy, cold.")
    expect(line).to_contain_text("Computed again here, and not as stated: Fee, Total.")
    rows = rows_of(line)
    assert rows[0] == ["Fee", "28,358.13 EUR", "28,357.13 EUR", "Another"]
    assert rows[1] == ["uptime", "99.051952 %, -1,092.28 EUR", "99.051952 %, -1,092.28 EUR", "The same"]
    assert rows[-1] == ["Total", "23,537.42 EUR", "23,536.42 EUR", "Another"]
    reads_well(page)


def test_what_this_browser_does_not_know_is_said(cast: Cast, done: list[Settlement], open_page: OpenPage) -> None:
    page = open_page("/t/meridian/reports/", cast.reader)
    strange = report_of(change("contract", "terms", "rounding", to="bankers"))
    page.route("**/report.json", lambda route: route.fulfill(body=strange))
    check(page, done[0])
    expect(page.locator("#self-check [data-said]")).to_have_text(
        "2 of 11 checks could not be made here, the others hold."
    )
    line = page.locator("#self-check li").filter(has_text=COMPUTED)
    expect(line).to_contain_text("It cannot be computed again here: unknown rounding bankers.")
    expect(line).to_contain_text("Not known: Fee, uptime, loading, energy, cold, Total.")
    assert {row[-1] for row in rows_of(line)} == {"Unknown"}
