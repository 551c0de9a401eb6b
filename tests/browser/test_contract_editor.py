"""A contract is written in a real browser: from a template, clause by clause, beside the text that both sides sign."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from billing.contracts.agreement import AgreementTerms
from billing.contracts.models import Contract, ContractVersion
from billing.contracts.selectors import agreement_of, draft_of
from billing.contracts.services import edit_contract
from tenants.scope.context import scope
from tests.billing.outcomes.documents import Json
from tests.billing.world import BY, SIGNED, Fleet, agreement, published
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet
from tests.twins.evidence.pit import published_pit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
BY_LAW = (
    "Where a legal entity of Meridian Engines issues the invoice, it is the tax that the law asks for on the last "
    "day of the period instead."
)
OpenPage = Callable[..., Page]
NEW = "/t/meridian/contracts/new/"


def _agreed(cast: Cast, twin: UUID, engine: UUID) -> Json:
    """What people wrote of a contract on the uptime of one engine."""
    return agreement(Fleet(twin, [engine]), currency="EUR") | {"customer": str(cast.northwind)}


def begin(page: Page, template: str, **figures: str) -> None:
    """Chooses a template of the only twin and gives its figures."""
    page.get_by_role("link", name=template).click()
    page.get_by_label("Title", exact=True).fill(figures.pop("title", template))
    page.get_by_label("Holds from").fill("2027-01-01")
    for label, figure in figures.items():
        page.get_by_label(label).fill(figure)
    page.get_by_role("button", name="Write the draft").click()
    expect(page.get_by_text("Draft, not published yet")).to_be_attached()


def line(page: Page, words: str) -> None:
    """A sentence stands in the text."""
    expect(page.get_by_label("The contract as it reads").get_by_text(words)).to_be_visible()


def test_a_contract_from_template_to_published_version(cast: Cast, open_page: OpenPage) -> None:
    with scope(cast.meridian.id):
        published_pit(2, now=SIGNED)
    page = open_page(NEW, cast.owner)
    begin(page, "Cubic metres per hour", **{"Price for each t": "1.20", "Guaranteed t per hour": "400"})
    line(page, "The fee is 1.20 EUR for each t that the counters of volume of the assets show.")
    digest = page.locator("code.digest").inner_text()

    page.get_by_role("button", name="Add a tier").click()
    page.get_by_label("Up to", exact=True).fill("50000")
    prices = page.get_by_label("Price", exact=True)
    expect(page.get_by_text("thing to mend").or_(page.get_by_text("things to mend"))).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    prices.nth(0).fill("1,20")
    prices.nth(1).fill("1.05")
    line(page, "Volume above 50000 t costs 1.05 EUR for each t.")
    marked = page.locator("li[aria-current] >> text=Volume above 50000 t costs")
    expect(marked).to_be_visible()
    expect(page.locator("code.digest")).not_to_have_text(digest)

    page.keyboard.press("Control+s")
    expect(page.get_by_role("status").get_by_text("Saved", exact=True)).to_be_visible()
    with scope(cast.meridian.id):
        draft = draft_of(Contract.objects.get())
        assert draft.digest == page.locator("code.digest").inner_text()
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.get_by_role("link", name="Amend")).to_be_visible()
    with scope(cast.meridian.id):
        version = ContractVersion.objects.get()
        assert version.digest == draft.digest
        tiers = agreement_of(version).terms.fee.model_dump()["tiers"]
    assert tiers == [{"to": "50000", "price": "1.20"}, {"to": None, "price": "1.05"}]


def test_an_amendment_shows_what_changes(cast: Cast, open_page: OpenPage) -> None:
    with scope(cast.meridian.id):
        twin, (engine,) = published_fleet(1)
        contract = published(_agreed(cast, twin, engine))
    page = open_page("/t/meridian/contracts/uptime/edit/", cast.owner)
    expect(page.get_by_text("Version 1 holds from 2026-01-01")).to_be_visible()
    page.get_by_label("Holds from").fill("2027-03-01")
    page.get_by_label("Tax", exact=True).fill("19")
    page.get_by_role("button", name="Changes since version 1").click()
    expect(page.locator("del")).to_have_text(
        [
            "It holds from 1 January 2026 on, until a later version takes its place.",
            f"Tax of 0 % is added to the sum. {BY_LAW}",
        ]
    )
    expect(page.locator("ins")).to_have_text(
        [
            "It holds from 1 March 2027 on, until a later version takes its place.",
            f"Tax of 19 % is added to the sum. {BY_LAW}",
        ]
    )
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("del")).to_have_count(1)
    page.get_by_role("button", name="Redo").click()
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.get_by_role("link", name="Amend")).to_be_visible()
    with scope(cast.meridian.id):
        newest = ContractVersion.objects.filter(contract=contract).first()
        assert newest is not None
        assert (newest.version, newest.effective_from.isoformat()) == (2, "2027-03-01T00:00:00+00:00")


def test_a_month_that_settles_by_itself_stays_so(cast: Cast, open_page: OpenPage) -> None:
    with scope(cast.meridian.id):
        twin, (engine,) = published_fleet(1)
        published(_agreed(cast, twin, engine))
    page = open_page("/t/meridian/contracts/uptime/edit/", cast.owner)
    page.get_by_label("Settled by itself after").fill("5 days")
    line(page, "Each month is settled 5 days after its end on what is received by then")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("status").get_by_text("Saved", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_label("Settled by itself after")).to_have_value("5 d")
    line(page, "Each month is settled 5 days after its end on what is received by then")
    with scope(cast.meridian.id):
        assert draft_of(Contract.objects.get()).grace == "P5D"


def test_two_people_save_the_same_draft(cast: Cast, open_page: OpenPage) -> None:
    with scope(cast.meridian.id):
        twin, (engine,) = published_fleet(1)
        contract = published(_agreed(cast, twin, engine))
    page = open_page("/t/meridian/contracts/uptime/edit/", cast.owner)
    page.get_by_label("Tax", exact=True).fill("19")
    line(page, "Tax of 19 %")
    with scope(cast.meridian.id):
        wanted = _agreed(cast, twin, engine) | {"payment_days": 14}
        edit_contract(contract=contract.id, revision=1, wanted=AgreementTerms.read(wanted), by=BY, now=SIGNED)
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name="Somebody else saved this draft")
    expect(dialog.locator("del")).to_have_text(
        [f"Tax of 0 % is added to the sum. {BY_LAW}", "The sum is due 14 days after the invoice."]
    )
    dialog.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_role("status").get_by_text("Saved", exact=True)).to_be_visible()
    with scope(cast.meridian.id):
        row = Contract.objects.get()
        assert (row.revision, row.draft["tax_percent"], row.draft["payment_days"]) == (3, "19", 30)


def test_clauses_are_arranged_by_keyboard_alone(cast: Cast, open_page: OpenPage) -> None:
    with scope(cast.meridian.id):
        twin, (engine,) = published_fleet(1)
        published(_agreed(cast, twin, engine))
    page = open_page("/t/meridian/contracts/uptime/edit/", cast.owner)
    page.get_by_role("button", name="Duplicate: Clause uptime").press("Enter")
    line(page, "4. Clause uptime_2")
    page.get_by_role("button", name="Move up: Clause uptime_2").press("Enter")
    line(page, "3. Clause uptime_2")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(page.get_by_role("status").get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_label("Name", exact=True).fill("")
    expect(page.get_by_text("This must not be empty.").first).to_be_visible()
    page.get_by_label("Title", exact=True).focus()
    page.keyboard.press("F8")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_read_well(cast: Cast, open_page: OpenPage, reads_well: Callable[[Page], None], width: int) -> None:
    with scope(cast.meridian.id):
        twin, (engine,) = published_fleet(1)
        published(_agreed(cast, twin, engine))
    page = open_page(f"{NEW}?template=power-by-the-hour", cast.owner, width=width)
    expect(page.get_by_label("Price for each hour")).to_be_visible()
    reads_well(page)
    page.goto("/t/meridian/contracts/uptime/edit/")
    expect(page.get_by_label("Title", exact=True)).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    reads_well(page)
    if width == 360:
        page.get_by_role("button", name="Text", exact=True).first.click()
    line(page, "below 99.9 % the customer is credited 10 % of the fee.")
    reads_well(page)
