"""The browser checks a report itself: honest ones, changed ones, and a log that it saw before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from billing.reports.services import Settlement, settle_period
from tenants.record.services import seal_head
from tenants.scope.context import scope
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
    expect(said).to_have_text("Verified by this browser: all 9 checks hold.")
    expect(page.locator("#announcer")).to_have_text("Verified by this browser: all 9 checks hold.")
    expect(lines).to_have_count(9)
    assert set(lines.locator(".state").all_inner_texts()) == {"Holds"}
    expect(lines.nth(1)).to_contain_text(f"{done[0].report.fingerprint}, seen here for the first time.")
    expect(page.get_by_role("button", name="Check this report")).to_be_focused()
    reads_well(page)


def test_the_log_is_remembered_and_only_grew(cast: Cast, done: list[Settlement], open_page: OpenPage) -> None:
    page = open_page("/t/meridian/reports/", cast.reader)
    last = page.locator("#self-check li").last
    check(page, done[1])
    expect(last).to_contain_text("It is the first report that is checked here; its head is kept from now on.")
    check(page, done[0])
    sizes = [settlement.report.head_size for settlement in done]
    expect(last).to_contain_text(f"From {sizes[1]} to {sizes[1]} entries")
    with scope(cast.meridian.id):
        now = seal_head(now=at("2027-01-06"))
    check(page, done[0])
    expect(last).to_contain_text(f"From {sizes[1]} to {now.size} entries")
    expect(page.locator("#self-check [data-said]")).to_have_text("Verified by this browser: all 9 checks hold.")


def test_who_may_not_ask_the_log_is_told_what_is_not_known(
    cast: Cast, done: list[Settlement], open_page: OpenPage
) -> None:
    page = open_page("/t/meridian/reports/", cast.viewer)
    check(page, done[1])
    expect(page.locator("#self-check [data-said]")).to_have_text("Verified by this browser: all 10 checks hold.")
    check(page, done[0])
    expect(page.locator("#self-check [data-said]")).to_have_text(
        "1 of 9 checks could not be made here, the others hold."
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
