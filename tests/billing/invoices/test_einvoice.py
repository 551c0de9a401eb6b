"""Electronic invoices: what is written, that it meets EN 16931, and that the checker sees what does not."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from hashlib import sha256
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.invoices.domain.rules import faults
from billing.invoices.domain.sums import amounts
from billing.invoices.domain.tax import Buyer, Party, Rate, Seller, decide_tax
from billing.invoices.domain.taxes import Charge, taxed
from billing.invoices.domain.ubl import CAC, CBC, amount_text, ubl_bytes, ubl_of
from tests.billing.invoices.test_tax import DAY, RATES, SELLER

SPACES = {"cac": CAC, "cbc": CBC}
TOTALS = ("LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount", "PayableAmount")
BUYERS = {
    "S": Buyer(Party("Northwind", "Rollfeld 1", "85356", "München", "DE", reference="PO-7")),
    "AE": Buyer(Party("Northwind", "1 rue du Vol\nBâtiment B", "31000", "Toulouse", "FR", "FR12345678901")),
    "O": Buyer(Party("Northwind", "1 Runway Road", "60666", "Chicago", "US", "US123456")),
    "Z": Buyer(Party("N", "s", "", "c", "DE"), "zero", "Zero because."),
    "E": Buyer(Party("N", "s", "", "c", "DE"), "exempt", "Exempt because."),
    "G": Buyer(Party("N", "s", "", "c", "US"), "export", "Exported."),
}


def a_document(*minors: int, category: str = "S", currency: str = "EUR", **changes: Any) -> dict[str, Any]:
    """An invoice's document with lines of these amounts."""
    lines = [{"kind": "fee", "clause": "fee", "text": f"Line {at} & more", "minor": each} for at, each in
             enumerate(minors or (1_200_000, -120_000))]  # fmt: skip
    tax = decide_tax(SELLER, BUYERS[category], DAY, RATES)
    sums = amounts(lines, tax.percent, "half_even")
    return {
        "invoice": "ME-2026-0001", "kind": sums.kind, "issued_on": "2026-12-05", "due_on": "2027-01-04",
        "contract": "01a20701-3961-75d2-874b-58f6f9edc481", "currency": currency, "lines": lines,
        "period": {"start": "2026-10-31T23:00:00Z", "end": "2026-11-30T23:00:00Z", "time_zone": "Europe/Berlin"},
        "seller": SELLER.party.as_json(), "buyer": BUYERS[category].party.as_json(), "tax": tax.as_json(),
        "net_minor": sums.net, "tax_minor": sums.tax, "gross_minor": sums.gross,
    } | changes  # fmt: skip


IBAN = "DE89370400440532013000"
ACCOUNT = "cac:PaymentMeans/cac:PayeeFinancialAccount"


def rules_of(root: Element) -> set[str]:
    return {finding.code for finding in faults(root)}


def text(root: Element, path: str) -> str | None:
    return root.findtext(path, None, SPACES)


def test_an_invoice_is_written_as_the_syntax_wants_it() -> None:
    root = fromstring(ubl_bytes(ubl_of(a_document())))
    assert root.tag == "{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice"
    assert [child.tag.rpartition("}")[2] for child in root] == [
        "CustomizationID", "ID", "IssueDate", "DueDate", "InvoiceTypeCode", "DocumentCurrencyCode", "BuyerReference",
        "InvoicePeriod", "ContractDocumentReference", "AccountingSupplierParty", "AccountingCustomerParty", "TaxTotal",
        "LegalMonetaryTotal", "InvoiceLine", "InvoiceLine",
    ]  # fmt: skip
    expected = {
        "cbc:InvoiceTypeCode": "380", "cbc:DueDate": "2027-01-04", "cbc:BuyerReference": "PO-7",
        "cac:InvoicePeriod/cbc:StartDate": "2026-11-01", "cac:InvoicePeriod/cbc:EndDate": "2026-11-30",
        "cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID": "DE123456789",
        "cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:CompanyID": "HRB 12345",
        "cac:AccountingCustomerParty/cac:Party/cac:PostalAddress/cbc:CityName": "München",
        "cac:TaxTotal/cbc:TaxAmount": "2052.00", "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:Percent": "19",
        "cac:LegalMonetaryTotal/cbc:PayableAmount": "12852.00",
        "cac:InvoiceLine[2]/cbc:InvoicedQuantity": "-1", "cac:InvoiceLine[2]/cbc:LineExtensionAmount": "-1200.00",
        "cac:InvoiceLine[2]/cac:Price/cbc:PriceAmount": "1200.00",
        "cac:InvoiceLine[2]/cac:Item/cbc:Name": "Line 1 & more",
    }  # fmt: skip
    assert {path: text(root, path) for path in expected} == expected
    assert faults(root) == []


@pytest.mark.parametrize(
    ("zone", "start", "end", "days"),
    [
        ("Africa/Cairo", "2026-03-31T22:00:00Z", "2026-04-23T22:00:00Z", ("2026-04-01", "2026-04-23")),
        ("Africa/Cairo", "2026-04-23T22:00:00Z", "2026-04-30T21:00:00Z", ("2026-04-24", "2026-04-30")),
        ("America/Santiago", "2026-09-01T04:00:00Z", "2026-09-06T04:00:00Z", ("2026-09-01", "2026-09-05")),
        ("Asia/Beirut", "2026-02-28T22:00:00Z", "2026-03-28T22:00:00Z", ("2026-03-01", "2026-03-28")),
        ("America/Asuncion", "2023-09-01T04:00:00Z", "2023-10-01T04:00:00Z", ("2023-09-01", "2023-09-30")),
    ],
)
def test_the_last_day_is_the_one_before_where_clocks_go_forward_at_midnight(
    zone: str, start: str, end: str, days: tuple[str, str]
) -> None:
    """The midnight at which the period ends is not on any clock there: at that instant it is one o'clock."""
    root = ubl_of(a_document(period={"start": start, "end": end, "time_zone": zone}))
    found = tuple(text(root, f"cac:InvoicePeriod/cbc:{name}") for name in ("StartDate", "EndDate"))
    assert found == days
    assert faults(root) == []


def test_what_the_customer_is_owed_is_a_credit_note_with_positive_sums() -> None:
    credited = {"invoice": "ME-2026-0001", "issued_on": "2026-11-05", "digest": "0" * 64}
    root = ubl_of(a_document(-14_076, invoice="ME-CN-2026-0001", credits=credited, reason="Late\x0b visit"))
    assert [child.tag.rpartition("}")[2] for child in root] == [
        "CustomizationID", "ID", "IssueDate", "CreditNoteTypeCode", "Note", "DocumentCurrencyCode", "BuyerReference",
        "InvoicePeriod", "BillingReference", "ContractDocumentReference", "AccountingSupplierParty",
        "AccountingCustomerParty", "PaymentMeans", "TaxTotal", "LegalMonetaryTotal", "CreditNoteLine",
    ]  # fmt: skip
    assert text(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == "ME-2026-0001"
    assert text(root, "cac:LegalMonetaryTotal/cbc:PayableAmount") == "167.50"
    assert text(root, "cac:CreditNoteLine/cbc:CreditedQuantity") == "1"
    assert text(root, "cbc:Note") == "Late  visit"
    assert faults(root) == []
    assert fromstring(ubl_bytes(root)).findtext("cbc:CreditNoteTypeCode", None, SPACES) == "381"


def paid_to(account: str, bank: str = "", **changes: Any) -> dict[str, Any]:
    """A document whose seller names an account, and the code of its bank."""
    told = {"account": account} | ({"bank": bank} if bank else {})
    return a_document(seller=SELLER.party.as_json() | told, **changes)


def test_an_account_is_told_as_a_transfer_with_the_number_as_its_reference() -> None:
    root = fromstring(ubl_bytes(ubl_of(paid_to(IBAN, "COBADEFFXXX"))))
    names = [child.tag.rpartition("}")[2] for child in root]
    at = names.index("PaymentMeans")
    assert (names[at - 1], names[at + 1], names.count("PaymentMeans")) == ("AccountingCustomerParty", "TaxTotal", 1)
    told = [(each.tag.rpartition("}")[2], (each.text or "").strip()) for each in root[at].iter()]
    assert told == [
        ("PaymentMeans", ""), ("PaymentMeansCode", "58"), ("PaymentID", "ME-2026-0001"), ("PayeeFinancialAccount", ""),
        ("ID", IBAN), ("Name", "Meridian GmbH"), ("FinancialInstitutionBranch", ""), ("ID", "COBADEFFXXX"),
    ]  # fmt: skip
    assert faults(root) == []


@pytest.mark.parametrize(
    ("account", "currency", "code"),
    [(IBAN, "EUR", "58"), (IBAN, "USD", "30"), ("1234567890", "EUR", "30"), ("1234567890", "USD", "30")],
)
def test_a_transfer_in_euro_to_an_iban_has_a_code_of_its_own(account: str, currency: str, code: str) -> None:
    root = ubl_of(paid_to(account, currency=currency))
    assert text(root, "cac:PaymentMeans/cbc:PaymentMeansCode") == code
    assert text(root, f"{ACCOUNT}/cbc:ID") == account
    assert root.find(f"{ACCOUNT}/cac:FinancialInstitutionBranch", SPACES) is None
    assert faults(root) == []


def test_a_credit_note_names_no_account_to_pay_to() -> None:
    """Nobody pays it: it is written as it was before there were accounts."""
    document = paid_to(IBAN, "COBADEFFXXX", lines=[{"kind": "fee", "clause": "fee", "text": "Late", "minor": -100}])
    document |= {"kind": "credit_note", "net_minor": -100, "tax_minor": -19, "gross_minor": -119}
    written = ubl_bytes(ubl_of(document))
    assert written == ubl_bytes(ubl_of(document | {"seller": SELLER.party.as_json()}))
    assert b"<cbc:PaymentMeansCode>1</cbc:PaymentMeansCode>" in written


def test_what_names_no_account_has_the_bytes_it_had() -> None:
    digests = [sha256(ubl_bytes(ubl_of(a_document(*minors)))).hexdigest() for minors in ((), (-14_076,))]
    assert digests == [
        "774a5801bba70bed729a4e2a5d396ea729ab04aadd7886d42d228408bfe37c1c",
        "d868173f30543b71f659f599629eb6984bdf8dd0572517b1860ed7f5500ee98e",
    ]


@pytest.mark.parametrize(
    ("category", "percent", "reason"),
    [("S", "19", None), ("AE", "0", "VATEX-EU-AE"), ("O", None, "VATEX-EU-O"), ("Z", "0", None), ("E", "0", None),
     ("G", "0", "VATEX-EU-G")],
)  # fmt: skip
def test_each_category_has_what_the_rules_want_of_it(category: str, percent: str | None, reason: str | None) -> None:
    root = ubl_of(a_document(category=category))
    part = "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory"
    assert (text(root, f"{part}/cbc:ID"), text(root, f"{part}/cbc:Percent")) == (category, percent)
    assert text(root, f"{part}/cbc:TaxExemptionReasonCode") == reason
    assert (text(root, f"{part}/cbc:TaxExemptionReason") is None) == (category in ("S", "Z"))
    schemes = root.findall(".//cac:PartyTaxScheme", SPACES)
    assert bool(schemes) == (category != "O")
    assert faults(root) == []


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (3_008_000, "JPY", "3008000"), (-1, "JPY", "-1"), (5, "EUR", "0.05"), (1_050, "EUR", "10.50"),
        (1_234, "KWD", "1.234"), (1_230, "KWD", "1.23"), (1_000, "KWD", "1.00"), (-7, "KWD", "-0.007"),
        (10**15, "EUR", "10000000000000.00"), (12_300, "CLF", "1.23"),
    ],
)  # fmt: skip
def test_amounts_have_the_digits_of_their_currency(minor: int, currency: str, written: str) -> None:
    assert amount_text(minor, currency) == written


def test_a_currency_without_minor_units() -> None:
    root = ubl_of(a_document(3_200_000, -192_000, category="AE", currency="JPY"))
    assert [text(root, f"cac:LegalMonetaryTotal/cbc:{name}") for name in TOTALS] == ["3008000"] * 4
    assert {each.get("currencyID") for each in root.iter() if "currencyID" in each.attrib} == {"JPY"}
    assert faults(root) == []


def test_a_currency_with_three_digits_is_sent_when_the_third_is_nought_and_never_rounded() -> None:
    assert faults(ubl_of(a_document(1_230, category="AE", currency="KWD"))) == []
    root = ubl_of(a_document(1_234, category="AE", currency="KWD"))
    assert text(root, "cac:LegalMonetaryTotal/cbc:PayableAmount") == "1.234"
    found = faults(root)
    assert {finding.code for finding in found} == {
        "BR-DEC-09", "BR-DEC-12", "BR-DEC-14", "BR-DEC-18", "BR-DEC-19", "BR-DEC-23",
    }  # fmt: skip
    assert found[0].message == "1.234 has more than the two decimals that EN 16931 has room for."


@pytest.mark.parametrize(
    ("own", "earlier", "minors", "kind", "payable"),
    [("S", "AE", (10_000, -10_100), "Invoice", "18.00"), ("AE", "S", (10_000, -9_900), "CreditNote", "17.81")],
)
def test_what_is_to_be_paid_decides_which_of_both_it_is(
    own: str, earlier: str, minors: tuple[int, int], kind: str, payable: str
) -> None:
    """Whatever the net sum is, where the taxes of two periods differ: nothing less than nought is ever to be paid."""
    charges = [_charge(category) for category in (own, earlier)]
    document = a_document(*minors, category="AE")
    told = taxed(document["lines"], charges, charges[0], "half_even")
    document |= {
        "lines": told.lines, **told.as_json(), "kind": told.sums.kind,
        "net_minor": told.sums.net, "tax_minor": told.sums.tax, "gross_minor": told.sums.gross,
    }  # fmt: skip
    root = ubl_of(document)
    assert root.tag.endswith(f"}}{kind}")
    assert text(root, "cac:LegalMonetaryTotal/cbc:PayableAmount") == payable
    assert faults(root) == []


def _charge(category: str) -> Charge:
    tax = decide_tax(SELLER, BUYERS[category], DAY, RATES)
    return Charge(tax.percent, tax)


@given(
    st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=12),
    st.sampled_from(sorted(BUYERS)), st.sampled_from(("EUR", "USD", "JPY")),
    st.sampled_from(("half_even", "half_up", "up", "down")), st.sampled_from(("19", "7", "8.1", "25.5")),
    st.sampled_from((("", ""), (IBAN, ""), (IBAN, "COBADEFFXXX"), ("1234567890", "021000021"))),
)  # fmt: skip
def test_whatever_is_invoiced_meets_the_rules(
    minors: list[int], category: str, currency: str, rounding: Any, percent: str, paid: tuple[str, str]
) -> None:
    seller = replace(SELLER.party, account=paid[0], bank=paid[1])
    document = a_document(*minors, category=category, currency=currency, seller=seller.as_json())
    tax = decide_tax(Seller(SELLER.party), BUYERS[category], DAY, [Rate(percent, DAY)])
    sums = amounts(document["lines"], tax.percent, rounding)
    document |= {"tax": tax.as_json(), "kind": sums.kind, "tax_minor": sums.tax, "gross_minor": sums.gross}
    root = ubl_of(document)
    assert faults(root) == []
    assert ubl_bytes(root) == ubl_bytes(ubl_of(deepcopy(document)))


def _set(path: str, value: str) -> Callable[[Element], None]:
    def change(root: Element) -> None:
        found = root.find(path, SPACES)
        assert found is not None
        found.text = value

    return change


def _drop(path: str) -> Callable[[Element], None]:
    def change(root: Element) -> None:
        parent = root.find(path.rpartition("/")[0] or ".", SPACES)
        assert parent is not None
        for child in parent.findall(path.rpartition("/")[2], SPACES):
            parent.remove(child)

    return change


SUPPLIER, BUYER = (f"cac:Accounting{side}Party/cac:Party" for side in ("Supplier", "Customer"))
PART, LINE, SUM = "cac:TaxTotal/cac:TaxSubtotal", "cac:InvoiceLine", "cac:LegalMonetaryTotal"
LINE_TAX = f"{LINE}/cac:Item/cac:ClassifiedTaxCategory"


@pytest.mark.parametrize(
    ("change", "rules", "category"),
    [
        (_drop("cbc:CustomizationID"), {"BR-01"}, "S"),
        (_drop("cbc:ID"), {"BR-02"}, "S"),
        (_drop("cbc:IssueDate"), {"BR-03"}, "S"),
        (_drop("cbc:InvoiceTypeCode"), {"BR-04", "BR-CL-01"}, "S"),
        (_set("cbc:DocumentCurrencyCode", "XXX"), {"BR-CL-03", "BR-CL-04"}, "S"),
        (_drop(f"{SUPPLIER}/cac:PartyLegalEntity/cbc:RegistrationName"), {"BR-06"}, "S"),
        (_drop(f"{BUYER}/cac:PartyLegalEntity/cbc:RegistrationName"), {"BR-07"}, "S"),
        (_drop(f"{SUPPLIER}/cac:PostalAddress"), {"BR-08", "BR-09"}, "S"),
        (_drop(f"{BUYER}/cac:PostalAddress"), {"BR-10", "BR-11"}, "S"),
        (_set(f"{BUYER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode", "XX"), {"BR-CL-14"}, "S"),
        (_drop(f"{SUM}/cbc:PayableAmount"), {"BR-15", "BR-CO-16"}, "S"),
        (_drop(LINE), {"BR-16", "BR-CO-10", "BR-S-08"}, "S"),
        (_drop(f"{LINE}/cbc:InvoicedQuantity"), {"BR-22"}, "S"),
        (_drop(f"{LINE}/cac:Item/cbc:Name"), {"BR-25"}, "S"),
        (_set(f"{LINE}/cac:Price/cbc:PriceAmount", "-1.00"), {"BR-27"}, "S"),
        (_set("cac:InvoicePeriod/cbc:EndDate", "2026-10-01"), {"BR-29"}, "S"),
        (_drop(PART), {"BR-CO-14", "BR-CO-18", "BR-S-01"}, "S"),
        (_drop("cbc:DueDate"), {"BR-CO-25"}, "S"),
        (_set(f"{SUPPLIER}/cac:PartyTaxScheme/cbc:CompanyID", "QQ1"), {"BR-CO-09"}, "S"),
        (_set(f"{SUM}/cbc:LineExtensionAmount", "10800.01"), {"BR-CO-10", "BR-CO-13"}, "S"),
        (_set(f"{SUM}/cbc:TaxInclusiveAmount", "12852.01"), {"BR-CO-15", "BR-CO-16"}, "S"),
        (_set(f"{PART}/cbc:TaxAmount", "2052.01"), {"BR-CO-14", "BR-CO-17"}, "S"),
        (_set(f"{PART}/cbc:TaxableAmount", "10800.10"), {"BR-CO-17", "BR-S-08"}, "S"),
        (_set(f"{LINE_TAX}/cbc:Percent", "0"), {"BR-S-05", "BR-S-08"}, "S"),
        (_set(f"{LINE_TAX}/cbc:Percent", "7"), {"BR-S-08"}, "S"),
        (_drop(f"{SUPPLIER}/cac:PartyTaxScheme"), {"BR-S-02"}, "S"),
        (_set(f"{LINE_TAX}/cbc:ID", "Q"), {"BR-CL-18", "BR-S-08"}, "S"),
        (_drop(f"{BUYER}/cac:PartyTaxScheme"), {"BR-AE-02"}, "AE"),
        (_set(f"{LINE_TAX}/cbc:Percent", "19"), {"BR-AE-05"}, "AE"),
        (_drop(f"{SUPPLIER}/cac:PartyTaxScheme"), {"BR-G-02"}, "G"),
        (_drop(f"{SUPPLIER}/cac:PartyLegalEntity/cbc:CompanyID"), {"BR-CO-26"}, "O"),
        (_drop(f"{PART}/cac:TaxCategory/cbc:TaxExemptionReason"), {"BR-E-10"}, "E"),
    ],
)  # fmt: skip
def test_the_checker_names_the_rule_that_is_broken(
    change: Callable[[Element], None], rules: set[str], category: str
) -> None:
    root = ubl_of(a_document(category=category))
    change(root)
    assert rules_of(root) == rules


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (_drop("cac:PaymentMeans/cbc:PaymentMeansCode"), {"BR-49"}),
        (_set("cac:PaymentMeans/cbc:PaymentMeansCode", " "), {"BR-49"}),
        (_set(f"{ACCOUNT}/cbc:ID", ""), {"BR-50"}),
        (_drop(f"{ACCOUNT}/cbc:ID"), {"BR-50", "BR-61"}),
        (_drop(ACCOUNT), {"BR-61"}),
        (_drop("cac:PaymentMeans"), set()),
    ],
)
@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_the_checker_names_the_rule_of_a_payment_that_is_broken(
    change: Callable[[Element], None], rules: set[str], currency: str
) -> None:
    root = ubl_of(paid_to(IBAN, currency=currency))
    change(root)
    assert rules_of(root) == rules
