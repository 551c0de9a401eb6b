"""The pages of disputes in a real browser: opened from an outage, answered, decided; readable on any screen."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from billing.disputes.deciding import Offer, decline, offer_middle, uphold
from billing.disputes.models import Dispute
from billing.disputes.services import say
from billing.reports.services import restate_period
from billing.statements.selectors import newest_version
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.billing.disputes.world import FINANCE, PDF, READER, Disputed, a_file, disputed
from tests.billing.world import BY, SIGNED, at
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
DAY = at("2026-11-20T00:00"), at("2026-11-20T12:00")


@pytest.fixture
def house(cast: Cast) -> Disputed:
    with scope(cast.meridian.id):
        return disputed("Leased power", customer=cast.northwind, count=2)


@pytest.fixture
def finance(cast: Cast) -> User:
    user = User.objects.create_user(FINANCE)
    add_member(tenant=cast.meridian.id, user=user.id, role=Role.FINANCE, now=SIGNED)
    return user


@pytest.fixture
def rows(cast: Cast, house: Disputed) -> list[Dispute]:
    """One about an outage with an offer, one upheld with what came of it, one declined."""
    now = at("2026-12-12")
    with scope(cast.meridian.id):
        span = {"start": at("2026-11-10T11:00"), "end": at("2026-11-10T14:00")}
        offered = house.open(now=now, held="up", reason="The visit was over at noon.", **span, files=[a_file()])
        say(dispute=offered.id, customer=None, text="We ask the hangar.\n\nBy Friday.", files=[], by=FINANCE, now=now)
        log = a_file("a-rather-long-name-of-a-document-from-the-hangar-in-hamburg.pdf", PDF)
        say(dispute=offered.id, customer=house.customer, text="Here it is.", files=[log], by=READER, now=now)
        middle = Offer("up", at("2026-11-10T12:20"), at("2026-11-10T12:50"))
        offer_middle(dispute=offered.id, offer=middle, why="From 12:20 on it was.", by=FINANCE, now=now)
        upheld = house.open(now=now)
        uphold(dispute=upheld.id, why="The log of the hangar says so.", by=FINANCE, now=now)
        restate_period(statement=house.statement.id, by=BY, now=at("2026-12-14"))
        declined = house.open(
            statement=_newest(house), now=now, start=at("2026-11-03"), end=at("2026-11-04"), held="excluded"
        )
        decline(dispute=declined.id, why="There was no storm.", by=FINANCE, now=now)
    return [offered, upheld, declined]


def _newest(house: Disputed) -> UUID:
    found = newest_version(house.contract.id, house.statement.period_start)
    assert found is not None
    return found.id


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_reads_well(
    cast: Cast, house: Disputed, rows: list[Dispute], finance: User, open_page: OpenPage,
    reads_well: Callable[[Page], None], width: int,
) -> None:  # fmt: skip
    assert house.done.invoice is not None
    with scope(cast.meridian.id):
        newest = _newest(house)
    shared = [
        "disputes/", *(f"disputes/{row.id}/" for row in rows), f"disputes/new/{newest}/",
        f"reports/{house.done.report.id}/", f"invoices/{house.done.invoice.id}/",
    ]  # fmt: skip
    for who, paths in ((cast.reader, shared), (finance, [*shared, f"statements/{house.statement.id}/"])):
        page = open_page("/t/meridian/disputes/", who, width=width)
        for path in paths:
            page.goto(f"/t/meridian/{path}")
            expect(page.locator("h1")).to_be_visible()
            for part in page.locator("details.act").all():
                part.evaluate("each => each.open = true")
            shoot(page, f"{who.email.partition('@')[0]}-{width}-{paths.index(path)}")
            reads_well(page)


def shoot(page: Page, name: str) -> None:
    folder = os.environ.get("SHOTS")
    if folder:
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(100)
            page.screenshot(path=Path(folder) / f"{name}-{theme}.png", full_page=True)


def test_an_outage_is_disputed_and_upheld(
    cast: Cast, house: Disputed, finance: User, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(f"/t/meridian/reports/{house.done.report.id}/", cast.reader)
    page.get_by_role("link", name="Dispute Engine 081, 10 Nov 2026 12:00 to 10 Nov 2026 12:50").click()
    expect(page.get_by_role("heading", name="Dispute November 2026, version 1")).to_be_visible()
    expect(page.get_by_label("From")).to_have_value("2026-11-10T12:00")
    expect(page.get_by_label("To", exact=True)).to_have_value("2026-11-10T12:50")
    expect(page.get_by_label("Engine 081")).to_be_checked()
    page.get_by_label("It was up").check()
    page.get_by_label("Reason").fill("The visit was over at noon.")
    file = tmp_path / "log.pdf"
    file.write_bytes(PDF)
    page.get_by_label("Files").set_input_files(file)
    page.get_by_role("button", name="Open the dispute").click()
    expect(page.get_by_text("The dispute is open")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="log.pdf").click()
    assert waiting.value.path().read_bytes() == PDF
    answer = open_page(page.url.partition("/t/")[2].join(["/t/", ""]), finance)
    answer.get_by_label("What you say").fill("So it was.")
    answer.get_by_role("button", name="Send").press("Enter")
    expect(answer.locator(".talk")).to_contain_text("So it was.")
    answer.get_by_text("Uphold it").click()
    answer.locator("details[open] textarea[name=why]").last.fill("The log says so.")
    answer.get_by_role("button", name="Uphold").click()
    expect(answer.get_by_text("The period is rated again")).to_be_visible()
    page.reload()
    expect(page.locator(".talk")).to_contain_text("upheld the dispute")
