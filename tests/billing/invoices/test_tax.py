"""Which tax is due: category, percent and note, and what is missing where it cannot be known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.invoices.domain.countries import is_vat_id, plain_vat_id, shares_vat
from billing.invoices.domain.tax import (
    Buyer,
    Party,
    Rate,
    Seller,
    Tax,
    TaxUndecidedError,
    decide_tax,
    is_rate,
    rate_on,
    tax_of,
)

HOME = Party("Meridian GmbH", "Werftstraße 5", "22525", "Hamburg", "DE", "DE123456789", "HRB 12345")
SELLER = Seller(HOME)
DAY = date(2026, 11, 30)
RATES = [Rate("19", date(2007, 1, 1)), Rate("16", date(2020, 7, 1)), Rate("19", date(2021, 1, 1))]


def at(country: str, vat_id: str = "") -> Buyer:
    return Buyer(Party("Northwind", "1 Runway Road", "1000", "Town", country, vat_id))


def refused(seller: Seller, buyer: Buyer, day: date = DAY) -> list[tuple[str, str]]:
    with pytest.raises(TaxUndecidedError) as error:
        decide_tax(seller, buyer, day, RATES)
    assert (error.value.status, error.value.place) == (422, error.value.findings[0].place)
    assert "nothing was issued" in error.value.kept
    assert all(finding.fix in error.value.fix for finding in error.value.findings)
    return [(finding.code, finding.place) for finding in error.value.findings]


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(2020, 6, 30), "19"), (date(2020, 7, 1), "16"), (date(2020, 12, 31), "16"), (date(2021, 1, 1), "19"),
        (date(2026, 11, 30), "19"),
    ],
)  # fmt: skip
def test_at_home_the_rate_of_the_day_is_charged(day: date, percent: str) -> None:
    assert decide_tax(SELLER, at("DE"), day, RATES) == Tax("S", percent)


def test_a_rate_that_was_set_again_for_its_day_takes_its_place() -> None:
    assert rate_on(DAY, [*RATES, Rate("18", date(2021, 1, 1))]) == Rate("18", date(2021, 1, 1))
    assert rate_on(date(2006, 12, 31), RATES) is None


def test_between_businesses_in_two_member_states_the_customer_owes_the_tax() -> None:
    found = decide_tax(SELLER, at("FR", "FR12345678901"), DAY, [])
    assert (found.category, found.percent, found.code) == ("AE", "0", "VATEX-EU-AE")
    assert found.note == "Reverse charge: the customer accounts for the VAT (Article 196 of Directive 2006/112/EC)."


@pytest.mark.parametrize(("day", "category"), [(date(2020, 12, 31), "AE"), (date(2021, 1, 1), "O")])
def test_britain_left_on_a_day(day: date, category: str) -> None:
    assert decide_tax(SELLER, at("GB", "GB123456789"), day, RATES).category == category


def test_outside_the_union_a_service_is_outside_the_scope() -> None:
    found = decide_tax(SELLER, at("US"), DAY, [])
    assert (found.category, found.percent, found.code) == ("O", "0", "VATEX-EU-O")
    assert found.note.startswith("Not subject to VAT")


def test_who_is_exempt_at_home_charges_nothing_there() -> None:
    seller = replace(SELLER, exemption="Small business, § 19 UStG.")
    assert decide_tax(seller, at("DE"), DAY, []) == Tax("E", "0", "Small business, § 19 UStG.")
    assert decide_tax(seller, at("FR", "FR12345678901"), DAY, []).category == "AE"


@pytest.mark.parametrize(
    ("treatment", "category", "code"),
    [("zero", "Z", ""), ("exempt", "E", ""), ("export", "G", "VATEX-EU-G"), ("outside", "O", "VATEX-EU-O")],
)
def test_what_a_person_has_stated_holds(treatment: str, category: str, code: str) -> None:
    buyer = replace(at("DE"), treatment=treatment, reason="Because.")  # type: ignore[arg-type]
    assert decide_tax(SELLER, buyer, DAY, RATES) == Tax(category, "0", "Because.", code)  # type: ignore[arg-type]
    assert refused(SELLER, replace(buyer, reason="")) == [("tax.reason", "customer/reason")]


@pytest.mark.parametrize(
    ("seller", "buyer", "day", "expected"),
    [
        (SELLER, Buyer(Party("N")), DAY,
         [("tax.country", "customer/country"), ("tax.street", "customer/street"), ("tax.city", "customer/city")]),
        (SELLER, at("FR"), DAY, [("tax.vat_id", "customer/vat_id")]),
        (replace(SELLER, party=replace(HOME, vat_id="")), at("FR"), DAY,
         [("tax.vat_id", "legal_entity/vat_id"), ("tax.vat_id", "customer/vat_id")]),
        (replace(SELLER, party=replace(HOME, vat_id="")), at("DE"), DAY, [("tax.vat_id", "legal_entity/vat_id")]),
        (SELLER, at("DE"), date(2006, 12, 31), [("tax.rate", "legal_entity/rates")]),
        (replace(SELLER, party=replace(HOME, country="US", vat_id="")), at("CA"), DAY,
         [("tax.no_rule", "customer/treatment")]),
        (replace(SELLER, party=replace(HOME, registration="")), at("US"), DAY,
         [("tax.registration", "legal_entity/registration")]),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_and_never_guessed(
    seller: Seller, buyer: Buyer, day: date, expected: list[tuple[str, str]]
) -> None:
    assert refused(seller, buyer, day) == expected


def test_a_seller_outside_the_union_charges_its_own_rate_at_home() -> None:
    swiss = Seller(replace(HOME, country="CH", vat_id="CHE123456789MWST"))
    assert decide_tax(swiss, at("CH"), DAY, [Rate("8.1", date(2024, 1, 1))]) == Tax("S", "8.1")


@given(
    st.sampled_from(("DE", "FR", "GR", "GB", "US", "CH")), st.sampled_from(("DE", "FR", "GR", "GB", "US", "CH")),
    st.booleans(), st.booleans(), st.dates(date(2014, 1, 1), date(2030, 1, 1)),
)  # fmt: skip
def test_tax_is_charged_at_home_only(home: str, there: str, has_id: bool, knows_id: bool, day: date) -> None:
    seller = Seller(replace(HOME, country=home, vat_id="X1" if has_id else ""))
    try:
        found = decide_tax(seller, at(there, "X2" if knows_id else ""), day, RATES)
    except TaxUndecidedError:
        return
    assert (found.category == "S") == (home == there)
    assert (found.percent == "0") == (found.category != "S")
    assert bool(found.note) == (found.category != "S")
    assert (found.category == "AE") == (home != there and shares_vat(home, day) and shares_vat(there, day))


def test_a_document_says_its_tax() -> None:
    tax = Tax("AE", "0", "Reverse charge.", "VATEX-EU-AE")
    assert tax_of({"tax": tax.as_json()}) == tax
    assert tax_of({"tax_percent": "19"}) is None


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("19", True), ("8.1", True), ("100", True), ("0.5", True), ("0", False), ("-1", False), ("100.01", False),
        ("19.123", False), ("1e1", False), ("", False), ("19.", False), ("x", False), ("١٩", False), (".5", False),
    ],
)  # fmt: skip
def test_rates(text: str, holds: bool) -> None:
    assert is_rate(text) is holds


@pytest.mark.parametrize(
    ("text", "country", "holds"),
    [
        ("DE123456789", "DE", True), ("DE12345678", "DE", False), ("FR123456789", "DE", False),
        ("EL123456789", "GR", True), ("GR123456789", "GR", False), ("ATU12345678", "AT", True),
        ("NL123456789B01", "NL", True), ("CHE123456789MWST", "CH", True), ("CH", "CH", False), ("US1", "US", False),
    ],
)  # fmt: skip
def test_vat_identifiers(text: str, country: str, holds: bool) -> None:
    assert is_vat_id(text, country) is holds


def test_a_vat_identifier_is_printed_without_ornament() -> None:
    assert plain_vat_id(" de 123.456-789 ") == "DE123456789"
