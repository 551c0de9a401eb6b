"""Legal entities, billing data and the tax that follows, on the real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from billing.invoices.crediting import CreditAmountError, CreditReasonError, NotCreditableError, credit_invoice
from billing.invoices.domain.tax import TaxUndecidedError
from billing.invoices.models import Invoice, InvoiceSeries, VatRate
from billing.invoices.parties import EntityTakenError, change_entity, create_entity, save_profile, set_rate
from billing.invoices.schemas import BillingDataError, ProfileDetails
from billing.invoices.selectors import EntityNotFoundError, balances, credited_of, legs_of
from tenants.customers.selectors import CustomerNotFoundError
from tenants.kernel.canonical import digest
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.invoices.sellers import AT_HOME, IN_AMERICA, IN_FRANCE, MERIDIAN, a_seller, billed_at
from tests.billing.invoices.test_services import issue, seal, zero_sum
from tests.billing.world import BY, SIGNED, agreement, at, customer, e01, published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant) -> Any:
    with scope(tenant.id):
        yield


def an_invoice(title: str = "Uptime", now: str = "2026-12-05", **changes: Any) -> Invoice:
    fleet, _ = e01(title=f"{title} first")
    return issue(seal(published(agreement(fleet, title=title, **changes))), now)


def credit(invoice: Invoice, minor: int | None, reason: str = "Agreed", now: str = "2026-12-08") -> Invoice:
    return credit_invoice(invoice=invoice.id, minor=minor, reason=reason, by=BY, now=at(now))


class TestTax:
    def test_at_home_the_rate_of_the_day_of_supply_takes_the_place_of_the_agreed_percent(self) -> None:
        a_seller()
        billed_at(customer().id, AT_HOME)
        made = an_invoice(tax_percent="7")
        assert (made.net_minor, made.tax_minor, made.gross_minor) == (1_080_000, 205_200, 1_285_200)
        document = made.document
        assert document["tax"] == {"category": "S", "percent": "19", "note": "", "code": ""}
        assert (document["tax_percent"], document["supplied_on"]) == ("19", "2026-11-30")
        assert document["seller"] == {
            "name": "Meridian Engines GmbH", "street": "Werftstraße 5", "postcode": "22525", "city": "Hamburg",
            "country": "DE", "vat_id": "DE123456789", "registration": "HRB 12345",
        }  # fmt: skip
        assert document["buyer"]["name"] == "Northwind Air"
        assert document["buyer"]["reference"] == "PO-7"
        assert made.digest == digest(document)

    def test_the_rate_changes_with_the_day_of_supply_and_not_with_the_day_of_issue(self) -> None:
        seller = a_seller()
        set_rate(entity_id=seller.id, percent="21", valid_from=date(2026, 12, 1), by=BY, now=SIGNED)
        billed_at(customer().id, AT_HOME)
        assert an_invoice().document["tax_percent"] == "19"
        set_rate(entity_id=seller.id, percent="20,5", valid_from=date(2026, 11, 30), by=BY, now=SIGNED)
        assert an_invoice("Other").document["tax_percent"] == "20.5"

    def test_reverse_charge_stands_on_the_invoice(self) -> None:
        a_seller()
        billed_at(customer().id, IN_FRANCE)
        made = an_invoice(tax_percent="19")
        assert (made.net_minor, made.tax_minor, made.gross_minor) == (1_080_000, 0, 1_080_000)
        assert made.document["tax"]["category"] == "AE"
        assert [leg.account for leg in legs_of(made)] == ["receivable", "revenue.fees", "revenue.outcomes"]

    def test_what_is_missing_keeps_the_invoice_from_being_issued(self) -> None:
        a_seller()
        with pytest.raises(TaxUndecidedError) as error:
            an_invoice()
        assert error.value.findings[0].place == "customer/country"
        assert (Invoice.objects.count(), InvoiceSeries.objects.count()) == (0, 0)
        billed_at(customer().id, IN_AMERICA)
        assert an_invoice("Later").document["tax"]["category"] == "O"

    def test_who_of_several_sells_is_never_guessed(self) -> None:
        a_seller()
        second = create_entity(details=replace(MERIDIAN, name="Meridian SAS", prefix="MF"), by=BY, now=SIGNED)
        billed_at(customer().id, IN_FRANCE)
        with pytest.raises(TaxUndecidedError) as error:
            an_invoice()
        assert error.value.place == "customer/entity"
        billed_at(customer().id, replace(IN_FRANCE, entity=second.id))
        made = an_invoice("Chosen")
        assert (made.number, made.entity) == ("MF-2026-0001", second)
        assert made.document["seller"]["name"] == "Meridian SAS"

    def test_what_is_issued_keeps_the_data_of_its_time(self) -> None:
        seller = a_seller()
        billed_at(customer().id, AT_HOME)
        made = an_invoice()
        moved = replace(MERIDIAN, city="Bremen")
        assert change_entity(entity_id=seller.id, details=moved, by=BY, now=SIGNED).city == "Bremen"
        made.refresh_from_db()
        assert made.document["seller"]["city"] == "Hamburg"
        assert an_invoice("Next").document["seller"]["city"] == "Bremen"


class TestNumbers:
    def test_the_first_legal_entity_goes_on_with_the_numbers_that_are_given_out(self) -> None:
        assert an_invoice().number == "ME-2026-0001"
        seller = a_seller(replace(MERIDIAN, prefix="MEG"))
        billed_at(customer().id, AT_HOME)
        assert an_invoice("Second").number == "ME-2026-0002"
        assert an_invoice("Third", "2027-01-05").number == "MEG-2027-0001"
        series = InvoiceSeries.objects.order_by("year").values_list("entity", "year", "prefix", "last")
        assert list(series) == [(seller.id, 2026, "ME", 2), (seller.id, 2027, "MEG", 1)]

    def test_what_was_issued_before_there_was_one_is_credited_in_its_numbers(self) -> None:
        old, older = an_invoice(), an_invoice("Second")
        assert credit(old, 100).number == "ME-CN-2026-0001"
        seller = a_seller(replace(MERIDIAN, prefix="MEG"))
        billed_at(customer().id, AT_HOME)
        assert credit(old, 100).number == "ME-CN-2026-0002"
        assert credit(an_invoice("Third"), 100).number == "ME-CN-2026-0003"
        made = credit(older, None, now="2027-01-05")
        assert (made.number, made.entity) == ("MEG-CN-2027-0001", None)
        assert set(InvoiceSeries.objects.values_list("entity", flat=True)) == {seller.id}

    def test_each_legal_entity_counts_for_itself(self) -> None:
        first = a_seller()
        second = a_seller(replace(MERIDIAN, name="Meridian SAS", prefix="MF"))
        numbers = []
        for place, entity in enumerate((first, second, first, second)):
            billed_at(customer().id, replace(AT_HOME, entity=entity.id))
            numbers.append(an_invoice(f"Contract {place}").number)
        assert numbers == ["ME-2026-0001", "MF-2026-0001", "ME-2026-0002", "MF-2026-0002"]

    def test_two_do_not_share_a_prefix(self) -> None:
        an_invoice()
        first = a_seller(replace(MERIDIAN, prefix="MEG"))
        for prefix in ("MEG", "ME"):
            with pytest.raises(EntityTakenError) as error:
                create_entity(details=replace(MERIDIAN, prefix=prefix), by=BY, now=SIGNED)
            assert (error.value.status, error.value.place) == (409, "prefix")
        second = create_entity(details=replace(MERIDIAN, prefix="mf"), by=BY, now=SIGNED)
        assert second.prefix == "MF"
        with pytest.raises(EntityTakenError):
            change_entity(entity_id=second.id, details=replace(MERIDIAN, prefix="ME"), by=BY, now=SIGNED)
        assert change_entity(entity_id=first.id, details=MERIDIAN, by=BY, now=SIGNED).prefix == "ME"


class TestCreditNotes:
    def test_parts_come_to_exactly_the_invoice(self) -> None:
        a_seller()
        billed_at(customer().id, AT_HOME)
        made = an_invoice(fee={"kind": "flat", "minor": 31_279})
        assert (made.net_minor, made.tax_minor, made.gross_minor) == (28_151, 5_349, 33_500)
        notes = [credit(made, 14_076), credit(made, None, "The rest")]
        assert [note.number for note in notes] == ["ME-CN-2026-0001", "ME-CN-2026-0002"]
        assert [(note.net_minor, note.tax_minor) for note in notes] == [(-14_076, -2_674), (-14_075, -2_675)]
        assert balances()["receivable", made.currency] == 0
        assert balances()["tax", made.currency] == 0
        assert credited_of(made.id) == 28_151
        assert zero_sum()

    def test_all_of_it_turns_every_booking_round(self) -> None:
        made = an_invoice(tax_percent="19")
        note = credit(made, None)
        assert set(balances().values()) == {0}
        assert [line["minor"] for line in note.document["lines"]] == [-1_200_000, 120_000]
        assert note.document["credits"] == {
            "invoice": "ME-2026-0001", "issued_on": "2026-12-05", "digest": made.digest,
        }  # fmt: skip
        assert (note.credits, note.statement, note.rests_on) == (made, None, made.statement)
        assert (note.document["reason"], note.document["tax_percent"]) == ("Agreed", "19")
        told = AuditEntry.objects.get(action="credit_note.issued").details
        assert told["number"] == "ME-CN-2026-0001"

    def test_it_has_the_tax_of_the_invoice_whatever_holds_today(self) -> None:
        seller = a_seller()
        billed_at(customer().id, AT_HOME)
        made = an_invoice()
        set_rate(entity_id=seller.id, percent="25", valid_from=date(2021, 1, 1), by=BY, now=SIGNED)
        billed_at(customer().id, IN_FRANCE)
        note = credit(made, 100_000)
        assert note.tax_minor == -19_000
        for name in ("tax", "seller", "buyer", "supplied_on"):
            assert note.document[name] == made.document[name]

    @pytest.mark.parametrize(
        ("minor", "reason", "error", "place"),
        [
            (0, "x", CreditAmountError, "minor"), (-5, "x", CreditAmountError, "minor"),
            (1_080_001, "x", CreditAmountError, "minor"), (5, "  ", CreditReasonError, "reason"),
        ],
    )  # fmt: skip
    def test_bad_requests_are_told(self, minor: int, reason: str, error: type[CreditAmountError], place: str) -> None:
        made = an_invoice()
        with pytest.raises(error) as told:
            credit(made, minor, reason)
        assert (told.value.status, told.value.place) == (422, place)
        assert "nothing was issued" in told.value.kept
        assert Invoice.objects.count() == 1

    def test_nothing_is_credited_twice(self) -> None:
        made = an_invoice()
        note = credit(made, None)
        for each in (made, note):
            with pytest.raises(NotCreditableError) as told:
                credit(each, None)
            assert told.value.status == 409


class TestWhatIsEntered:
    @pytest.mark.parametrize(
        ("changes", "places"),
        [
            ({"name": " ", "street": ""}, ["name", "street"]), ({"prefix": "M-E"}, ["prefix"]),
            ({"prefix": "ÄB"}, ["prefix"]), ({"prefix": "ABCDEFGHI"}, ["prefix"]), ({"country": "XX"}, ["country"]),
            ({"vat_id": "DE12"}, ["vat_id"]), ({"vat_id": "FR12345678901"}, ["vat_id"]),
            ({"account": "12-3140-0171323"}, ["account"]), ({"bank": "COBADEFF"}, ["bank"]),
            ({"account": "1234", "bank": "COBA"}, ["bank"]), ({"account": "?", "bank": "??"}, ["account", "bank"]),
        ],
    )  # fmt: skip
    def test_a_legal_entity_that_is_none(self, changes: dict[str, str], places: list[str]) -> None:
        with pytest.raises(BillingDataError) as error:
            create_entity(details=replace(MERIDIAN, **changes), by=BY, now=SIGNED)
        assert [finding.place for finding in error.value.findings] == places

    def test_it_is_kept_as_it_is_printed(self) -> None:
        given = replace(MERIDIAN, name=" Meridian ", country="de", vat_id="de 123.456.789", prefix="me")
        row = create_entity(details=given, by=BY, now=SIGNED)
        assert (row.name, row.country, row.vat_id, row.prefix) == ("Meridian", "DE", "DE123456789", "ME")
        assert (row.account, row.bank) == ("", "")

    @pytest.mark.parametrize("percent", ["0", "x", "101", "-19", "19.123"])
    def test_a_rate_that_is_none(self, percent: str) -> None:
        seller = a_seller()
        with pytest.raises(BillingDataError) as error:
            set_rate(entity_id=seller.id, percent=percent, valid_from=date(2026, 1, 1), by=BY, now=SIGNED)
        assert error.value.place == "percent"
        assert VatRate.objects.count() == 2

    @pytest.mark.parametrize(
        ("details", "place"),
        [
            (ProfileDetails(vat_id="FR12345678901"), "country"),
            (ProfileDetails(country="FR", vat_id="FR1"), "vat_id"),
            (ProfileDetails(treatment="exempt"), "reason"),
        ],
    )
    def test_billing_data_that_are_none(self, details: ProfileDetails, place: str) -> None:
        with pytest.raises(BillingDataError) as error:
            save_profile(customer=customer().id, details=details, by=BY, now=SIGNED)
        assert (error.value.place, error.value.status) == (place, 422)

    def test_what_is_not_there(self) -> None:
        known = customer().id
        with pytest.raises(EntityNotFoundError):
            save_profile(customer=known, details=ProfileDetails(entity=new_id()), by=BY, now=SIGNED)
        with pytest.raises(CustomerNotFoundError):
            save_profile(customer=new_id(), details=ProfileDetails(), by=BY, now=SIGNED)
        with pytest.raises(EntityNotFoundError):
            change_entity(entity_id=new_id(), details=MERIDIAN, by=BY, now=SIGNED)
