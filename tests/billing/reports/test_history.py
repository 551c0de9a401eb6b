"""What a report tells beside its own period: the months before, what is planned, and what is open of its invoice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from pypdf import PdfReader

from billing.outcomes.deciding import approve_exclusion, decline_exclusion, withdraw_exclusion
from billing.outcomes.services import claim_exclusion
from billing.payments.models import PaymentKind, ProviderInvoice
from billing.payments.services import Transfer, record_transfer
from billing.reports.bundles import Bundle
from billing.reports.charts import amounts, trends
from billing.reports.content import report_content
from billing.reports.document import amounts_svg, pdf_of
from billing.reports.history import MOST, history_of
from billing.reports.schemas import History, Month
from billing.reports.selectors import document_of, proven_bundle
from billing.reports.services import restate_period, settle_period
from billing.statements.models import Statement
from billing.statements.selectors import newest_versions
from tenants.edge.printing import Letterhead
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.reports.settled import Case
from tests.billing.rows import billed
from tests.billing.world import BY, DECEMBER, House, at, body, fly_daily, say, written
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PATH = "/t/meridian/reports/{}/"
MONTH = Month(
    name="September 2026", short="Sep 26", version=1, percents=("91,44", "nicht bestimmbar", "91,66"),
    drawn=("91.440000", None, "91.666666"), fee="48.000,00 €", credit="-5.760,00 €", earlier="–",
    total="42.240,00 €", fee_minor=4_800_000, total_minor=4_224_000, currency="EUR",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _unhurried() -> None:
    cache.clear()


class TestHistory:
    def test_a_first_report_has_none(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            assert history_of(house.done.statement) is None
        assert "The last months" not in body(sign_in(cast.reader), PATH.format(house.done.report.id))

    def test_each_period_is_told_in_its_newest_version(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            fly_daily(house.fleet, "2026-12-02", "2026-12-31")
            say(house.fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-10")
            assert restate_period(statement=house.done.statement.id, by=BY, now=at("2026-12-12"))
            done = settle_period(
                contract=house.contract.id, start=DECEMBER[0], end=DECEMBER[1], by=BY, now=at("2027-01-05")
            )  # fmt: skip
            told = history_of(done.statement)
        assert told is not None
        assert told.clauses == ("Uptime",)
        november, december = told.months
        assert (november.name, november.short, november.version) == ("November 2026", "Nov 26", 2)
        assert (november.percents, november.fee, november.credit) == (("99.95",), "12,000.00 USD", "–")
        assert (november.earlier, november.total, november.total_minor) == ("–", "12,000.00 USD", 1_200_000)
        assert (december.name, december.version, december.percents) == ("December 2026", 1, ("100.00",))
        assert (december.earlier, december.total) == ("1,200.00 USD", "13,200.00 USD")
        page = body(sign_in(cast.reader), PATH.format(done.report.id))
        for words in ("The last months", "What each clause reached, month by month", "Fee and total, month by month"):
            assert words in page, words
        text = written(bytes(done.report.pdf))
        for words in ("The last months", "November 2026 2 99.95 12,000.00 USD", "13,200.00 USD"):
            assert words in text, words

    def test_the_last_twelve_in_one_query(self, cast: Cast, django_assert_num_queries: Any) -> None:
        with scope(cast.meridian.id):
            rows = billed(cast.northwind, 30).statements
            last = rows[20]
            with django_assert_num_queries(1):
                assert len(_periods(last)) == MOST
            assert _periods(last)[-1] == last.period_start


def _periods(statement: Statement) -> list[datetime]:
    return [row.period_start for row in newest_versions(statement.contract_id, statement.period_start, MOST)]


class TestPictures:
    def test_a_gap_lifts_the_line_and_each_value_has_its_figure(self) -> None:
        picture = trends(["Jan", "Feb", "Mar"], [("Uptime", ["99.509999", None, "99.900000"], "99.9")])
        root = ET.fromstring(picture)
        space = "{http://www.w3.org/2000/svg}"
        (path,) = root.findall(f"{space}path")
        assert path.get("d", "").count("M") == 2
        assert len(root.findall(f"{space}circle")) == 2
        assert [each.text for each in root.findall(f"{space}text")] == [
            "Uptime, %; dashed line: guaranteed 99.9 %",
            "99.50",
            "99.90",
            "Jan",
            "Feb",
            "Mar",
        ]
        (target,) = (each for each in root.findall(f"{space}line") if each.get("class") == "target")
        high = root.findall(f"{space}circle")[1]
        assert target.get("y1") == high.get("cy")
        assert root.get("role") == "img"

    def test_bars_stand_on_nought_and_hang_below_it(self) -> None:
        root = ET.fromstring(amounts(["Jan", "Feb"], [100, 100], [50, -50]))
        space = "{http://www.w3.org/2000/svg}"
        bars = [each for each in root.findall(f"{space}rect") if each.get("width") != "10"]
        (zero,) = (float(each.get("y1", "")) for each in root.findall(f"{space}line"))
        ends = [(each.get("class"), float(each.get("y", "")), float(each.get("height", ""))) for each in bars]
        assert ends == [("other", 14, 60), ("reached", 44, 30), ("other", 14, 60), ("reached", zero, 30)]
        assert zero == 74

    def test_nothing_known_and_nothing_owed_are_drawn_too(self) -> None:
        assert "<circle" not in trends(["Jan"], [("Uptime", [None], None)])
        assert 'height="0.00"' in amounts(["Jan"], [0], [0])

    def test_amounts_of_two_currencies_are_not_drawn_on_one_axis(self) -> None:
        content = report_content(Bundle.read(Case().report()), None, history=History(("Uptime",), (MONTH, MONTH)))
        assert "<rect" in amounts_svg(content)
        changed = replace(MONTH, currency="USD", total="42,240.00 USD")
        assert amounts_svg(replace(content, history=History(("Uptime",), (MONTH, changed)))) == ""
        assert amounts_svg(replace(content, history=None)) == ""


@pytest.mark.parametrize("month", [MONTH, replace(MONTH, currency="USD")])
def test_no_column_of_the_document_lies_over_another(month: Month) -> None:
    history = History(("Availability of the fleet", "Every engine", "Each engine alone"), (MONTH, month))
    data = Case().report()
    with override("de"):
        content = report_content(Bundle.read(data), None, history=history)
        document = pdf_of(content, ahead=(), bundle=data, sealed_at=at("2026-10-05"), letterhead=Letterhead("Meridian"))
    rows = [
        " ".join(row.split())
        for page in PdfReader(BytesIO(document)).pages
        for row in page.extract_text(extraction_mode="layout").split("\n")
    ]
    for row in (
        "Leistungszeitraum Version Availability of the fleet % Every engine % Each engine alone %",
        "September 2026 1 91,44 nicht bestimmbar 91,66",
        "Leistungszeitraum Version Entgelt Nach dem Ergebnis Aus früheren Monaten Gesamtbetrag",
        "September 2026 1 48.000,00 € -5.760,00 € – 42.240,00 €",
    ):
        assert row in rows, row


class TestAhead:
    def test_what_is_planned_is_told_to_those_who_sign_in(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        now = utc_now()
        with scope(cast.meridian.id):

            def claim(days: int, category: str, contract: Any = house.contract.id) -> Any:
                start = now + timedelta(days=days)
                return claim_exclusion(
                    contract=contract, category=category, assets=house.fleet.engines, start=start,
                    end=start + timedelta(hours=6), evidence={}, by="planner", now=now,
                ).id  # fmt: skip

            approved, _proposed = claim(100, "planned"), claim(101, "overhaul", None)
            declined, withdrawn = claim(102, "refused-visit", None), claim(103, "taken-back", None)
            approve_exclusion(
                exclusion=approved, why="agreed", by="reader", customer=house.contract.customer_id, now=now
            )
            decline_exclusion(exclusion=declined, why="no", by=BY, customer=None, now=now)
            withdraw_exclusion(exclusion=withdrawn, why="no", by="planner", now=now)
        page = body(sign_in(cast.reader), PATH.format(house.done.report.id))
        section = page.split('id="ahead"')[1].split("</section>")[0]
        assert section.count("<tr>") == 3
        for words in ("planned", "Approved", "overhaul", "Proposed", "Engine 081", "<viewer-time>"):
            assert words in section, words
        assert "refused-visit" not in section
        assert "taken-back" not in section

    def test_nothing_planned_is_said(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            withdraw_exclusion(exclusion=house.claim, why="no", by="planner", now=at("2026-11-18"))
        assert "Nothing is planned for the assets" in body(sign_in(cast.reader), PATH.format(house.done.report.id))

    def test_the_document_tells_what_was_planned_when_it_was_made(self, cast: Cast, house: House) -> None:
        with scope(cast.meridian.id):

            def claim(day: str, category: str, now: str, contract: Any = None) -> Any:
                return claim_exclusion(
                    contract=contract, category=category, assets=house.fleet.engines, start=at(day),
                    end=at(day) + timedelta(hours=6), evidence={}, by="planner", now=at(now),
                ).id  # fmt: skip

            customer = house.contract.customer_id
            agreed = claim("2027-01-20", "planned", "2026-12-03", house.contract.id)
            claim("2027-01-25", "overhaul", "2026-12-03")
            approve_exclusion(exclusion=agreed, why="yes", by="reader", customer=customer, now=at("2026-12-04"))
            fly_daily(house.fleet, "2026-12-02", "2026-12-31")
            done = settle_period(
                contract=house.contract.id, start=DECEMBER[0], end=DECEMBER[1], by=BY, now=at("2027-01-05")
            )  # fmt: skip
            claim("2027-01-28", "thought of later", "2027-01-06")
            withdraw_exclusion(exclusion=agreed, why="no", by="planner", now=at("2027-01-07"))
            data = proven_bundle(done.report)
            with override("de"):
                german = document_of(done.report, Bundle.read(data), data)
        kept = written(bytes(done.report.pdf))
        assert "planned Engine 081 20 Jan 2027 00:00 to 20 Jan 2027 06:00 Approved" in kept
        assert "overhaul Engine 081 25 Jan 2027 00:00 to 25 Jan 2027 06:00 Proposed" in kept
        assert "planned Engine 081 20.01.2027, 00:00 bis 20.01.2027, 06:00 Genehmigt" in written(german)
        assert "thought of later" not in kept + written(german)
        assert "Nothing was planned for the assets" in written(bytes(house.done.report.pdf))


class TestPaying:
    def test_without_a_provider_it_is_told_how(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        assert house.done.invoice is not None
        page = body(sign_in(cast.reader), PATH.format(house.done.report.id))
        for words in (
            "Open: 10,800.00 USD",
            "By bank transfer until 4 January 2027",
            "with the reference ME-2026-0001",
        ):
            assert words in page, words
        own = body(sign_in(cast.reader), f"/t/meridian/invoices/{house.done.invoice.id}/")
        assert "By bank transfer until 4 January 2027" in own

    def test_a_pay_link_is_shown_as_long_as_something_is_open(
        self, cast: Cast, house: House, sign_in: SignIn
    ) -> None:  # fmt: skip
        made = house.done.invoice
        assert made is not None
        url = "https://invoice.stripe.com/i/acct_1/test_1"
        with scope(cast.meridian.id):
            ProviderInvoice.objects.create(invoice=made, object_id="in_1", pay_url=url)
        page = body(sign_in(cast.reader), PATH.format(house.done.report.id))
        assert f'href="{url}" rel="noopener noreferrer"' in page
        assert "By bank transfer" not in page
        with scope(cast.meridian.id):
            paid = Transfer(PaymentKind.RECEIVED, made.gross_minor, made.currency, at("2026-12-20").date(), "T-1")
            record_transfer(invoice=made.id, transfer=paid, by=BY, now=at("2026-12-20"))
        page = body(sign_in(cast.reader), PATH.format(house.done.report.id))
        assert "Open: 0.00 USD" in page
        assert url not in page

    def test_the_document_names_the_page_of_the_report(self, house: House) -> None:
        reader = PdfReader(BytesIO(bytes(house.done.report.pdf)))
        links = [
            note.get_object()["/A"]["/URI"]
            for page in reader.pages
            for note in page.get("/Annots", [])
            if "/URI" in note.get_object().get("/A", {})
        ]  # fmt: skip
        assert len(links) == 1
        assert links[0].endswith(f"/t/meridian/reports/{house.done.report.id}/")


def test_a_page_asks_the_database_as_often_with_a_history(cast: Cast, house: House, sign_in: SignIn) -> None:
    client, path, ahead = sign_in(cast.reader), PATH.format(house.done.report.id), utc_now() + timedelta(days=30)

    def plan(hours: int) -> None:
        claim_exclusion(
            contract=house.contract.id, category="planned", assets=house.fleet.engines,
            start=ahead + timedelta(hours=hours), end=ahead + timedelta(hours=hours + 1), evidence={}, by="planner",
            now=at("2026-11-19"),
        )  # fmt: skip

    with scope(cast.meridian.id):
        plan(0)
    body(client, path)
    with CaptureQueriesContext(connection) as few:
        body(client, path)
    with scope(cast.meridian.id):
        fly_daily(house.fleet, "2026-12-02", "2026-12-31")
        done = settle_period(
            contract=house.contract.id, start=DECEMBER[0], end=DECEMBER[1], by=BY, now=at("2027-01-05")
        )  # fmt: skip
        for hours in range(1, 6):
            plan(hours)
    with CaptureQueriesContext(connection) as many:
        body(client, PATH.format(done.report.id))
    assert len(many) == len(few)
