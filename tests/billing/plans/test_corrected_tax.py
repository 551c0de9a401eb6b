"""What a bill of a plan corrects has the tax of its month: on the invoice, as UBL and on credit notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from xml.etree.ElementTree import fromstring

from django.test import Client

from billing.invoices.crediting import credit_invoice
from billing.invoices.einvoice import einvoice
from billing.invoices.models import Invoice
from billing.invoices.parties import set_rate
from billing.invoices.selectors import balances
from billing.plans.accounts import keep_account
from billing.plans.closing import close_due
from billing.plans.following import follow_organisation
from billing.plans.models import PlanBill, PlanInvoice
from billing.plans.services import publish_prices, take_events
from tenants.people.models import User
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.invoices.sellers import AT_HOME, MERIDIAN, a_seller, billed_at
from tests.billing.invoices.test_einvoice import SPACES
from tests.billing.plans.world import BY, SEPTEMBER, Market, opened, prices, told
from tests.billing.world import at, body
from tests.conftest import Cast

OCTOBER, NOVEMBER, DECEMBER = at("2026-10-03"), at("2026-11-03"), at("2026-12-03")
"""When the bills of the months before them are due."""


def closed(market: Market, now: datetime) -> Invoice:
    """The invoice of the one bill that is due; in the operator's scope."""
    (bill,) = close_due(market.account, now=now)
    assert bill.invoice_id is not None
    return Invoice.objects.get(id=bill.invoice_id)


def used(market: Market, name: str, time: str, seconds: str, *, now: datetime) -> None:
    """GPU time that was told, at some moment."""
    (answer,) = take_events(given=[market.gpu(name, time, seconds)], by=BY, now=now)
    assert answer.kind == "accepted"


def taxes_of(made: Invoice) -> list[tuple[str, int, int]]:
    return [(each["percent"], each["net_minor"], each["tax_minor"]) for each in made.document["taxes"]]


def lowered(market: Market, seconds: str = "3600") -> Invoice:
    """September at 19 %, October at 16 %, with GPU time of September that came late; in the operator's scope."""
    seller = a_seller()
    billed_at(market.account.customer_id, AT_HOME)
    set_rate(entity_id=seller.id, percent="16", valid_from=date(2026, 10, 1), by=BY, now=SEPTEMBER)
    used(market, "e1", "2026-09-10T10:00:00Z", "7200", now=at("2026-09-11"))
    september = closed(market, OCTOBER)
    assert (september.document["tax_percent"], september.net_minor, september.tax_minor) == ("19", 50_150, 9_528)
    used(market, "e2", "2026-09-30T23:00:00Z", seconds, now=at("2026-10-20"))
    return closed(market, NOVEMBER)


class TestRates:
    def test_a_correction_has_the_rate_of_the_month_it_corrects(self, market: Market) -> None:
        with scope(market.operator.id):
            made = lowered(market)
            assert taxes_of(made) == [("16", 49_900, 7_984), ("19", 250, 48)]  # 47.5, half even
            named = [(line["clause"], line["tax"]) for line in made.document["lines"] if line["minor"]]
            assert named == [("fee/1/business", 0), ("adjustment/2026-09/meter/gpu.seconds", 1)]
            assert (made.net_minor, made.tax_minor, made.gross_minor) == (50_150, 8_032, 58_182)
            assert (made.document["tax_percent"], made.document["supplied_on"]) == ("16", "2026-10-31")
            assert balances()["tax", "EUR"] == -9_528 - 8_032

    def test_the_bill_itself_is_as_it_always_was(self, market: Market) -> None:
        with scope(market.operator.id):
            made = lowered(market)
            bill = PlanBill.objects.get(month="2026-10")
            assert all(set(line) == {"kind", "clause", "text", "minor"} for line in bill.document["lines"])
            assert (bill.total_minor, made.document["statement"]) == (50_150, bill.digest)

    def test_with_the_same_rate_the_invoice_is_as_it_always_was(self, market: Market) -> None:
        with scope(market.operator.id):
            a_seller()
            billed_at(market.account.customer_id, AT_HOME)
            closed(market, OCTOBER)
            used(market, "e2", "2026-09-30T23:00:00Z", "7200", now=at("2026-10-20"))
            made = closed(market, NOVEMBER)
            assert "taxes" not in made.document
            assert all("tax" not in line for line in made.document["lines"])
            assert (made.net_minor, made.tax_minor) == (50_150, 9_528)

    def test_what_was_charged_goes_before_a_rate_that_was_entered_later(self, market: Market) -> None:
        with scope(market.operator.id):
            seller = a_seller()
            billed_at(market.account.customer_id, AT_HOME)
            closed(market, OCTOBER)
            set_rate(entity_id=seller.id, percent="20", valid_from=date(2021, 1, 1), by=BY, now=at("2026-10-09"))
            used(market, "e2", "2026-09-30T23:00:00Z", "7200", now=at("2026-10-20"))
            assert taxes_of(closed(market, NOVEMBER)) == [("20", 49_900, 9_980), ("19", 250, 48)]

    def test_also_when_only_a_later_bill_has_charged_for_the_month(self, market: Market) -> None:
        """The bill of September comes to nought and has no invoice; October's charges for it, November's more of it."""
        with scope(market.operator.id):
            publish_prices(document=prices(monthly_minor=0), valid_from=SEPTEMBER, by=BY, now=SEPTEMBER)
            publish_prices(document=prices(), valid_from=at("2026-10-01"), by=BY, now=SEPTEMBER)
            seller = a_seller()
            billed_at(market.account.customer_id, AT_HOME)
            set_rate(entity_id=seller.id, percent="16", valid_from=date(2026, 10, 1), by=BY, now=SEPTEMBER)
            (september,) = close_due(market.account, now=OCTOBER)
            assert (september.total_minor, september.invoice) == (0, None)
            used(market, "e1", "2026-09-10T10:00:00Z", "7200", now=at("2026-10-20"))
            assert taxes_of(closed(market, NOVEMBER)) == [("16", 49_900, 7_984), ("19", 250, 48)]
            set_rate(entity_id=seller.id, percent="20", valid_from=date(2021, 1, 1), by=BY, now=at("2026-11-09"))
            used(market, "e2", "2026-09-10T11:00:00Z", "3600", now=at("2026-11-20"))
            assert taxes_of(closed(market, DECEMBER)) == [("16", 49_900, 7_984), ("19", 250, 48)]

    def test_without_a_legal_entity_it_is_the_percent_of_the_prices_of_then(self, market: Market) -> None:
        with scope(market.operator.id):
            closed(market, OCTOBER)
            publish_prices(document=prices(tax_percent="19"), valid_from=at("2026-11-01"), by=BY, now=OCTOBER)
            closed(market, NOVEMBER)
            used(market, "e2", "2026-10-10T10:00:00Z", "7200", now=at("2026-11-20"))
            assert closed(market, DECEMBER).document["taxes"] == [
                {"percent": "19", "net_minor": 49_900, "tax_minor": 9_481},
                {"percent": "0", "net_minor": 250, "tax_minor": 0},
            ]

    def test_what_was_charged_without_a_legal_entity_has_the_tax_of_its_day_once_there_is_one(
        self, market: Market
    ) -> None:
        with scope(market.operator.id):
            assert closed(market, OCTOBER).tax_minor == 0
            seller = a_seller()
            billed_at(market.account.customer_id, AT_HOME)
            set_rate(entity_id=seller.id, percent="16", valid_from=date(2026, 10, 1), by=BY, now=OCTOBER)
            used(market, "e2", "2026-09-30T23:00:00Z", "7200", now=at("2026-10-20"))
            assert taxes_of(closed(market, NOVEMBER)) == [("16", 49_900, 7_984), ("19", 250, 48)]

    def test_a_month_without_lines_of_its_own_takes_the_tax_of_what_it_corrects(self, market: Market) -> None:
        with scope(market.operator.id):
            seller = a_seller()
            billed_at(market.account.customer_id, AT_HOME)
            set_rate(entity_id=seller.id, percent="16", valid_from=date(2026, 10, 1), by=BY, now=SEPTEMBER)
            taken = [("trial", at("2026-10-01"))]
            keep_account(told(market.organisation, at("2026-10-01"), plan="trial", taken=taken))
            closed(market, OCTOBER)
            used(market, "e1", "2026-09-10T10:00:00Z", "7200", now=at("2026-10-20"))
            made = closed(market, NOVEMBER)
            assert "taxes" not in made.document
            assert (made.net_minor, made.tax_minor, made.document["tax_percent"]) == (250, 48, "19")

    def test_another_legal_entity_does_not_correct_what_it_did_not_sell(self, market: Market) -> None:
        with scope(market.operator.id):
            first = a_seller()
            second = a_seller(replace(MERIDIAN, name="Outturn SAS", prefix="OF"))
            billed_at(market.account.customer_id, replace(AT_HOME, entity=first.id))
            closed(market, OCTOBER)
            used(market, "e2", "2026-09-30T23:00:00Z", "7200", now=at("2026-10-20"))
            billed_at(market.account.customer_id, replace(AT_HOME, entity=second.id))
            assert close_due(market.account, now=NOVEMBER) == []
            assert market.account.why == (
                "Meridian Engines GmbH sold what a line corrects (ME-2026-0001), and Outturn SAS sells now. "
                "Choose Meridian Engines GmbH in the billing data of the customer until this invoice is issued."
            )


class TestPapers:
    def test_the_electronic_invoice_has_a_part_for_each_rate(self, market: Market) -> None:
        with scope(market.operator.id):
            root = fromstring(einvoice(lowered(market)))
        parts = root.findall("cac:TaxTotal/cac:TaxSubtotal", SPACES)
        told_ = [
            tuple(part.findtext(path, "", SPACES) for path in
                  ("cac:TaxCategory/cbc:Percent", "cbc:TaxableAmount", "cbc:TaxAmount"))
            for part in parts
        ]  # fmt: skip
        assert told_ == [("16", "499.00", "79.84"), ("19", "2.50", "0.48")]
        assert root.findtext("cac:TaxTotal/cbc:TaxAmount", "", SPACES) == "80.32"
        lines = root.findall("cac:InvoiceLine/cac:Item/cac:ClassifiedTaxCategory/cbc:Percent", SPACES)
        assert [line.text for line in lines] == ["16"] * 6 + ["19"]

    def test_a_bill_below_nought_is_a_credit_note_at_both_rates(self, market: Market) -> None:
        with scope(market.operator.id):
            seller = a_seller()
            billed_at(market.account.customer_id, AT_HOME)
            set_rate(entity_id=seller.id, percent="16", valid_from=date(2026, 10, 1), by=BY, now=SEPTEMBER)
            used(market, "e1", "2026-09-10T10:00:00Z", "36000000", now=at("2026-09-11"))
            closed(market, OCTOBER)
            used(market, "e2", "2026-09-10T10:00:00Z", "-36000000", now=at("2026-10-20"))
            note = closed(market, NOVEMBER)
            assert (note.kind, note.net_minor) == ("credit_note", 49_900 - 2_499_750)
            assert taxes_of(note) == [("16", 49_900, 7_984), ("19", -2_499_750, -474_952)]  # 474,952.5, half even
            root = fromstring(einvoice(note))
        amounts = root.findall("cac:TaxTotal/cac:TaxSubtotal/cbc:TaxAmount", SPACES)
        assert [each.text for each in amounts] == ["-79.84", "4749.52"]

    def test_what_is_taken_back_is_shared_over_the_rates_and_comes_to_nought(self, market: Market) -> None:
        with scope(market.operator.id):
            made = lowered(market, "360000")
            assert taxes_of(made) == [("16", 49_900, 7_984), ("19", 25_000, 4_750)]
            note = credit_invoice(invoice=made.id, minor=10_000, reason="Goodwill", by=BY, now=at("2026-11-08"))
            assert taxes_of(note) == [("16", -6_662, -1_066), ("19", -3_338, -634)]
            assert b"CreditNote" in einvoice(note)
            rest = credit_invoice(invoice=made.id, minor=None, reason="The rest", by=BY, now=at("2026-11-09"))
            assert (note.net_minor + rest.net_minor, note.tax_minor + rest.tax_minor) == (-74_900, -12_734)
            assert einvoice(rest)


def test_the_organisation_reads_each_rate(cast: Cast, operator: Tenant, sign_in: Callable[[User], Client]) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(plan="business")
    market = opened(operator, cast.meridian)
    with scope(operator.id):
        lowered(market)
    follow_organisation(cast.meridian.id, now=NOVEMBER)
    with scope(cast.meridian.id):
        row = PlanInvoice.objects.get(number="ME-2026-0002")
    client = sign_in(cast.owner)
    page = " ".join(body(client, f"/t/meridian/admin/fees/{row.id}/").split())
    for words in ("Tax 16 %", "on 499.00 EUR", "79.84 EUR", "Tax 19 %", "on 2.50 EUR", "0.48 EUR", "581.82 EUR"):
        assert words in page, words
    assert b"0.48" in client.get(f"/t/meridian/admin/fees/{row.id}/invoice.xml").content
