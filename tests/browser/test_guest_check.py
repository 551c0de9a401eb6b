"""A guest's browser checks a report by itself, and remembers the log apart from what those remember who sign in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from billing.reports.links import make_link
from billing.reports.models import ReportOpening
from billing.reports.services import Settlement, settle_period
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.billing.reports.settled import report_of
from tests.billing.reports.test_links import actor
from tests.billing.reports.test_verifier_dishonest import change, charge_more
from tests.billing.world import BY, DECEMBER, NOVEMBER, a_fleet, agreement, at, fly_daily, published
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
HOLDS = "Verified by this browser: all 10 checks hold."


@dataclass(frozen=True)
class Shared:
    """Two settled months, and the path of a link to each."""

    done: tuple[Settlement, Settlement]
    links: tuple[str, str]


@pytest.fixture
def shared(cast: Cast) -> Shared:
    """A contract about one engine, settled for November and for December."""
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-10-29", "2026-12-01")
        contract = published(agreement(fleet, title="Power") | {"customer": str(cast.northwind)})
        first = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
        fly_daily(fleet, "2026-12-02", "2026-12-31")
        second = settle_period(contract=contract.id, start=DECEMBER[0], end=DECEMBER[1], by=BY, now=at("2027-01-05"))
        made = [
            make_link(report=one.report.id, name="Bank", days=1, by=actor(cast), now=utc_now())[1]
            for one in (first, second)
        ]
    november, december = (urlsplit(address).path for address in made)
    return Shared((first, second), (november, december))


def check(page: Page, path: str, *, name: str = "Check this report") -> Locator:
    """Open a link and have its report checked without a mouse; the sentence that it comes to."""
    page.goto(path)
    page.get_by_role("button", name=name).focus()
    page.keyboard.press("Enter")
    return page.locator("#self-check [data-said]")


def kept(page: Page) -> list[str]:
    """The names of what the browser keeps."""
    found: list[str] = page.evaluate("Object.keys(localStorage)")
    return found


@pytest.mark.parametrize("width", WIDTHS)
def test_a_guest_checks_a_report(
    shared: Shared, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page(shared.links[0], width=width)
    expect(check(page, shared.links[0])).to_have_text(HOLDS)
    expect(page.locator("#announcer")).to_have_text(HOLDS)
    assert set(page.locator("#self-check li > .state").all_inner_texts()) == {"Holds"}
    (name,) = kept(page)
    assert name.startswith("outturn-guest-log:")
    reads_well(page)


def test_the_log_only_grew_from_link_to_link(cast: Cast, shared: Shared, open_page: OpenPage) -> None:
    november, december = shared.links
    page = open_page(december)
    expect(check(page, december)).to_have_text("Verified by this browser: all 11 checks hold.")
    expect(check(page, november)).to_have_text(HOLDS)
    last = page.locator("#self-check li").filter(has_text="The log only grew since this browser saw it last")
    size = shared.done[1].report.head_size
    expect(last).to_contain_text(f"From {size} to {size} entries")
    with scope(cast.meridian.id):
        opened = ReportOpening.objects.filter(link__report=shared.done[0].report).order_by("id")
        assert sorted(opened.values_list("what", flat=True)) == ["head.json", "head.json", "page", "report.json"]


def test_who_signed_in_and_a_guest_keep_their_own(cast: Cast, shared: Shared, open_page: OpenPage) -> None:
    page = open_page(f"/t/meridian/reports/{shared.done[1].report.id}/", cast.viewer)
    expect(check(page, page.url)).to_have_text("Verified by this browser: all 11 checks hold.")
    expect(check(page, shared.links[0])).to_have_text(HOLDS)
    last = page.locator("#self-check li").filter(has_text="The log only grew since this browser saw it last")
    expect(last).to_contain_text("It is the first report that is checked here; its head is kept from now on.")
    assert sorted(name.split(":")[0] for name in kept(page)) == ["outturn-guest-log", "outturn-log"]


def test_what_fails_is_said_in_german(shared: Shared, open_page: OpenPage, reads_well: Callable[[Page], None]) -> None:
    page, path = open_page(shared.links[0]), f"{shared.links[0]}?language=de"
    page.route("**/report.json", lambda route: route.fulfill(body=report_of(charge_more)))
    said = check(page, path, name="Diesen Bericht prüfen")
    expect(said).to_contain_text("Nicht bestätigt: 1 von 11 Prüfungen stimmen nicht.")
    expect(page.locator("#self-check li", has_text="Die Abrechnung ist die protokollierte")).to_contain_text(
        "Abrechnung in Eintrag"
    )
    reads_well(page)
    page.unroute("**/report.json")
    page.route("**/report.json", lambda route: route.fulfill(body=b'{"bundle": 1}'))
    check(page, path, name="Diesen Bericht prüfen")
    expect(page.locator("#self-check li")).to_contain_text("sie hat nicht die kanonische Form von JSON")


def test_what_is_unknown_is_said_in_german(
    shared: Shared, open_page: OpenPage, reads_well: Callable[[Page], None]
) -> None:
    page, strange = (
        open_page(shared.links[0], width=360),
        report_of(change("contract", "terms", "rounding", to="bankers")),
    )
    page.route("**/report.json", lambda route: route.fulfill(body=strange))
    said = check(page, f"{shared.links[0]}?language=de", name="Diesen Bericht prüfen")
    expect(said).to_contain_text("2 von 11 Prüfungen konnten hier nicht ausgeführt werden")
    expect(page.locator("#self-check")).to_contain_text(
        "Es lässt sich hier nicht nachrechnen: rounding bankers ist hier nicht bekannt."
    )
    reads_well(page)
