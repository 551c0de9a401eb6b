"""What corrects an earlier period has the tax that was charged for it, on the invoice, on paper and as UBL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from django.test import Client

from billing.contracts.models import Contract
from billing.invoices.crediting import credit_invoice
from billing.invoices.domain.tax import TaxUndecidedError
from billing.invoices.einvoice import einvoice
from billing.invoices.models import Invoice
from billing.invoices.parties import set_rate
from billing.invoices.selectors import balances, entities
from billing.payments.journal import Journal, check_journal, journal_pieces
from billing.statements.models import Statement
from billing.statements.services import restate_statement
from tenants.people.models import User
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.invoices.sellers import AT_HOME, MERIDIAN, a_seller, billed_at
from tests.billing.invoices.test_einvoice import SPACES
from tests.billing.invoices.test_services import issue, seal, zero_sum
from tests.billing.signing import amended
from tests.billing.world import (
    BY,
    DECEMBER,
    SIGNED,
    Fleet,
    agreement,
    at,
    body,
    customer,
    e01,
    fly_daily,
    published,
    say,
    visit,
)
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
NOVEMBER_LINE = "November 2026, uptime: version 2 in place of version 1"


@pytest.fixture
def _meridian(tenant: Tenant) -> Any:
    with scope(tenant.id):
        yield


def restated(fleet: Fleet, november: Statement) -> None:
    """The visit of November was shorter than it was told: 1,200.00 USD of credit were too much."""
    say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-10")
    assert restate_statement(statement=november.id, by=BY, now=at("2026-12-11")) is not None


def december_of(fleet: Fleet, contract: Contract) -> Invoice:
    fly_daily(fleet, "2026-12-02", "2026-12-31")
    return issue(seal(contract, DECEMBER, "2027-01-03"), "2027-01-03")


def taxes_of(made: Invoice) -> list[tuple[str, int, int]]:
    return [(each["percent"], each["net_minor"], each["tax_minor"]) for each in made.document["taxes"]]


def lowered(*, is_invoiced: bool = True) -> Invoice:
    """November at 19 %, December at 16 % with a line that corrects November."""
    seller = a_seller()
    billed_at(customer().id, AT_HOME)
    set_rate(entity_id=seller.id, percent="16", valid_from=date(2026, 12, 1), by=BY, now=SIGNED)
    fleet, contract = e01()
    november = seal(contract)
    if is_invoiced:
        assert issue(november).document["tax_percent"] == "19"
    restated(fleet, november)
    return december_of(fleet, contract)


@pytest.mark.usefixtures("_meridian")
class TestRates:
    def test_a_correction_has_the_rate_of_the_period_it_corrects(self) -> None:
        made = lowered()
        assert taxes_of(made) == [("16", 1_200_000, 192_000), ("19", 120_000, 22_800)]
        assert [(line["text"], line["tax"]) for line in made.document["lines"]][-1] == (NOVEMBER_LINE, 1)
        assert [line["tax"] for line in made.document["lines"]] == [0, 0, 1]
        assert (made.net_minor, made.tax_minor, made.gross_minor) == (1_320_000, 214_800, 1_534_800)
        assert (made.document["tax_percent"], made.document["supplied_on"]) == ("16", "2026-12-31")
        assert balances()["tax", "USD"] == -205_200 - 214_800
        assert zero_sum()

    def test_also_when_that_period_was_never_invoiced(self) -> None:
        assert taxes_of(lowered(is_invoiced=False)) == [("16", 1_200_000, 192_000), ("19", 120_000, 22_800)]

    def test_what_the_invoice_charged_goes_before_a_rate_that_was_entered_later(self) -> None:
        seller = a_seller()
        billed_at(customer().id, AT_HOME)
        fleet, contract = e01()
        november = seal(contract)
        issue(november)
        set_rate(entity_id=seller.id, percent="20", valid_from=date(2021, 1, 1), by=BY, now=at("2026-12-09"))
        restated(fleet, november)
        assert taxes_of(december_of(fleet, contract)) == [("20", 1_200_000, 240_000), ("19", 120_000, 22_800)]

    def test_with_the_same_rate_the_document_is_as_it_always_was(self) -> None:
        a_seller()
        billed_at(customer().id, AT_HOME)
        fleet, contract = e01()
        november = seal(contract)
        issue(november)
        restated(fleet, november)
        made = december_of(fleet, contract)
        assert "taxes" not in made.document
        assert all("tax" not in line for line in made.document["lines"])
        assert (made.net_minor, made.tax_minor) == (1_320_000, 250_800)

    def test_without_a_legal_entity_it_is_the_percent_that_was_agreed_then(self) -> None:
        fleet, contract = e01()
        november = seal(contract)
        assert issue(november).tax_minor == 0
        restated(fleet, november)
        amended(contract, agreement(fleet, tax_percent="19", effective={"from": "2026-12-01", "to": None}))
        made = december_of(fleet, contract)
        assert made.document["taxes"] == [
            {"percent": "19", "net_minor": 1_200_000, "tax_minor": 228_000},
            {"percent": "0", "net_minor": 120_000, "tax_minor": 0},
        ]

    def test_whose_tax_outweighs_the_net_sum_is_a_credit_note(self) -> None:
        fleet, _ = e01()
        contract = published(agreement(fleet, tax_percent="19", title="Taxed"))
        november = seal(contract)
        visit(fleet.engines[0], "2026-11-12", "2026-11-16", told="2026-12-10")  # all of the fee is credited
        assert restate_statement(statement=november.id, by=BY, now=at("2026-12-11")) is not None
        terms = agreement(fleet, tax_percent="0", title="Taxed", effective={"from": "2026-12-01", "to": None})
        amended(contract, terms)
        made = december_of(fleet, contract)
        assert taxes_of(made) == [("0", 1_200_000, 0), ("19", -1_080_000, -205_200)]
        assert (made.net_minor, made.tax_minor, made.gross_minor) == (120_000, -205_200, -85_200)
        assert (made.kind, made.document["kind"], made.number) == ("credit_note", "credit_note", "ME-CN-2027-0001")
        assert balances()["receivable", "USD"] == -85_200
        assert zero_sum()

    def test_an_invoice_over_the_difference_alone_has_the_tax_of_the_first(self) -> None:
        seller = a_seller()
        billed_at(customer().id, AT_HOME)
        fleet, contract = e01()
        amended(contract, agreement(fleet, effective={"from": "2026-01-01", "to": "2026-12-01"}))
        november = seal(contract)
        issue(november)
        set_rate(entity_id=seller.id, percent="20", valid_from=date(2021, 1, 1), by=BY, now=at("2026-12-09"))
        say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-10")
        second = restate_statement(statement=november.id, by=BY, now=at("2026-12-11"))
        assert second is not None
        made = issue(second, "2026-12-11")
        assert (made.net_minor, made.tax_minor, made.document["tax_percent"]) == (120_000, 22_800, "19")

    def test_another_legal_entity_does_not_correct_what_it_did_not_sell(self) -> None:
        first = a_seller()
        second = a_seller(replace(MERIDIAN, name="Meridian SAS", prefix="MF"))
        billed_at(customer().id, replace(AT_HOME, entity=first.id))
        fleet, contract = e01()
        november = seal(contract)
        issue(november)
        restated(fleet, november)
        billed_at(customer().id, replace(AT_HOME, entity=second.id))
        with pytest.raises(TaxUndecidedError) as error:
            december_of(fleet, contract)
        (found,) = error.value.findings
        assert (error.value.code, error.value.status) == ("tax.undecided", 422)
        assert (found.code, found.place) == ("tax.other_seller", "customer/entity")
        assert found.message == (
            "Meridian Engines GmbH sold what a line corrects (ME-2026-0001), and Meridian SAS sells now."
        )
        assert "Choose Meridian Engines GmbH in the billing data of the customer" in found.fix
        assert entities().count() == 2


@pytest.mark.usefixtures("_meridian")
class TestPapers:
    def test_the_electronic_invoice_has_a_part_for_each_rate(self) -> None:
        root = fromstring(einvoice(lowered()))
        parts = root.findall("cac:TaxTotal/cac:TaxSubtotal", SPACES)
        told = [
            tuple(part.findtext(path, "", SPACES) for path in
                  ("cac:TaxCategory/cbc:Percent", "cbc:TaxableAmount", "cbc:TaxAmount"))
            for part in parts
        ]  # fmt: skip
        assert told == [("16", "12000.00", "1920.00"), ("19", "1200.00", "228.00")]
        assert root.findtext("cac:TaxTotal/cbc:TaxAmount", "", SPACES) == "2148.00"
        lines = root.findall("cac:InvoiceLine/cac:Item/cac:ClassifiedTaxCategory/cbc:Percent", SPACES)
        assert [line.text for line in lines] == ["16", "16", "19"]

    def test_what_is_taken_back_is_shared_over_the_rates_and_comes_to_nought(self) -> None:
        made = lowered()
        note = credit_invoice(invoice=made.id, minor=100_001, reason="Goodwill", by=BY, now=at("2027-01-08"))
        assert taxes_of(note) == [("16", -90_910, -14_546), ("19", -9_091, -1_727)]
        assert [(line["minor"], line["tax"]) for line in note.document["lines"]] == [(-90_910, 0), (-9_091, 1)]
        assert b"CreditNote" in einvoice(note)
        rest = credit_invoice(invoice=made.id, minor=None, reason="The rest", by=BY, now=at("2027-01-09"))
        assert (note.net_minor + rest.net_minor, note.tax_minor + rest.tax_minor) == (-1_320_000, -214_800)
        assert einvoice(rest)

    def test_all_of_it_turns_every_line_round(self) -> None:
        made = lowered()
        note = credit_invoice(invoice=made.id, minor=None, reason="All", by=BY, now=at("2027-01-08"))
        assert taxes_of(note) == [("16", -1_200_000, -192_000), ("19", -120_000, -22_800)]
        assert [line["tax"] for line in note.document["lines"]] == [0, 0, 1]
        assert (balances()["revenue.adjustments", "USD"], balances()["tax", "USD"]) == (0, -205_200)
        assert einvoice(note)


def test_pages_and_the_journal_tell_each_rate(cast: Cast, sign_in: Callable[[User], Client]) -> None:
    with scope(cast.meridian.id):
        made = lowered()
        asked = Journal(date(2027, 1, 1), date(2027, 1, 31), None, None)
        check_journal(asked)
        pieces = journal_pieces(asked, now=at("2027-02-01"))
    rows = b"".join(pieces).decode("utf-8-sig").splitlines()[1:]
    assert len(rows) == 4
    assert all(",S,16 / 19," in row for row in rows)
    page = " ".join(body(sign_in(cast.owner), f"/t/meridian/invoices/{made.id}/").split())
    for words in ("Tax 16 %", "on 12,000.00 USD", "1,920.00 USD", "Tax 19 %", "on 1,200.00 USD", "228.00 USD"):
        assert words in page, words
