"""Which tax stands on an invoice: decided from who sells, who buys, the day and the rates, or refused with the reason.

What is billed is a service between businesses. Sources: Council Directive 2006/112/EC (Article 44 for the place, 196
for who owes the tax, 226 for what the invoice says); the codes of the categories are those of UNCL5305 in EN 16931.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from billing.invoices.domain.countries import shares_vat
from tenants.kernel.errors import Finding, OutturnError

Category = Literal["S", "Z", "E", "AE", "G", "O"]
"""Standard rate, zero rate, exempt, reverse charge, export, outside the scope of tax."""
Treatment = Literal["rule", "zero", "exempt", "export", "outside"]
"""How a customer is taxed: as the rules say, or as a person has stated with a reason."""

_REVERSE = "Reverse charge: the customer accounts for the VAT (Article 196 of Directive 2006/112/EC)."
_OUTSIDE = "Not subject to VAT: the place of supply is the customer's, outside the European Union (Article 44)."


@dataclass(frozen=True, slots=True)
class Party:
    """Who stands on an invoice, as of the day it was issued.

    Attributes:
        name: What the company is called.
        street: Street and number, line by line.
        postcode: Its postcode.
        city: Its town.
        country: ISO 3166-1 alpha-2, empty when not known.
        vat_id: VAT identifier with its prefix, empty when there is none.
        registration: Its number in the commercial register.
        tax_number: What the tax office at home knows it by.
        reference: What the buyer wants to find on an invoice, such as an order number.
        account: Where the seller is paid: IBAN or national number, without spaces; empty when nobody has entered it.
        bank: Its BIC or national routing code, empty when not known.
    """

    name: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    vat_id: str = ""
    registration: str = ""
    tax_number: str = ""
    reference: str = ""
    account: str = ""
    bank: str = ""

    def as_json(self) -> dict[str, str]:
        """What the invoice's document has of it: everything that is known."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class Seller:
    """The legal entity that sells; `exemption` is why it charges no tax at home, empty when it does."""

    party: Party
    exemption: str = ""


@dataclass(frozen=True, slots=True)
class Buyer:
    """The customer, how it is taxed, and why, where that is not as the rules say."""

    party: Party
    treatment: Treatment = "rule"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """The standard rate of the seller's country from a day on, in percent of the net sum."""

    percent: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class Tax:
    """What is charged and what the invoice says about it.

    Attributes:
        category: The category.
        percent: Percent of the net sum; 0 for all categories but S.
        note: The sentence that the law wants on the invoice, empty when it wants none.
        code: The reason as a code of the VATEX list, empty when the note is all there is.
    """

    category: Category
    percent: str
    note: str = ""
    code: str = ""

    def as_json(self) -> dict[str, str]:
        """What the invoice's document has of it."""
        return asdict(self)


class TaxUndecidedError(OutturnError):
    """What is known does not say which tax is due."""

    code = "tax.undecided"
    status = 422


def decide_tax(seller: Seller, buyer: Buyer, day: date, rates: Iterable[Rate]) -> Tax:
    """The tax on what a seller supplies to a buyer on a day.

    Args:
        seller: The legal entity.
        buyer: The customer.
        day: The day of supply: the last of the period.
        rates: The seller's rates; of those valid from one day on the last given counts.

    Raises:
        TaxUndecidedError: Something is missing; the findings name the places, nothing is assumed in their stead.
    """
    nameless = _address_faults(buyer.party)
    if nameless:
        raise _undecided(nameless)
    tax = _category(seller, buyer, day, rates)
    shows_vat_id = bool(seller.party.vat_id) and tax.category != "O"
    if not (shows_vat_id or seller.party.registration):
        raise _undecided([_unidentified()])
    return tax


def _category(seller: Seller, buyer: Buyer, day: date, rates: Iterable[Rate]) -> Tax:
    if buyer.treatment != "rule":
        return _stated(seller, buyer)
    home, there = seller.party.country, buyer.party.country
    if home == there:
        return _domestic(seller, day, rates)
    if not shares_vat(home, day):
        raise _undecided([_foreign(home, there)])
    if shares_vat(there, day):
        return _reverse(seller, buyer)
    return Tax("O", "0", _OUTSIDE, "VATEX-EU-O")


def rate_on(day: date, rates: Iterable[Rate]) -> Rate | None:
    """The rate of a day: the one that began last; None before the first. Of two from one day the later given counts."""
    known = [rate for rate in rates if rate.valid_from <= day]
    latest = max((rate.valid_from for rate in known), default=None)
    return next((rate for rate in reversed(known) if rate.valid_from == latest), None)


def is_rate(percent: str) -> bool:
    """Whether a text is a rate of the category S: above 0 and up to 100, with at most two decimals."""
    whole, dot, decimals = percent.partition(".")
    digits = whole.isascii() and whole.isdigit() and (not dot or (decimals.isascii() and decimals.isdigit()))
    return digits and len(decimals) <= 2 and len(whole) <= 3 and 0 < Fraction(percent) <= 100


def _stated(seller: Seller, buyer: Buyer) -> Tax:
    """What a person has stated, as long as a reason stands beside it and the category's own conditions hold."""
    found = []
    if not buyer.reason:
        found.append(
            Finding(
                "tax.reason", "customer/reason", "No reason is given for the tax that the customer is charged.",
                "Write the sentence that the invoice is to say, in the billing data of the customer.",
            )
        )  # fmt: skip
    if buyer.treatment == "export" and not seller.party.vat_id:
        found.append(_missing_vat_id("legal_entity"))
    if found:
        raise _undecided(found)
    categories: dict[str, tuple[Category, str]] = {
        "zero": ("Z", ""), "exempt": ("E", ""), "export": ("G", "VATEX-EU-G"), "outside": ("O", "VATEX-EU-O"),
    }  # fmt: skip
    category, code = categories[buyer.treatment]
    return Tax(category, "0", buyer.reason, code)


def _domestic(seller: Seller, day: date, rates: Iterable[Rate]) -> Tax:
    if seller.exemption:
        return Tax("E", "0", seller.exemption)
    found = []
    if not (seller.party.vat_id or seller.party.tax_number):
        found.append(_missing_vat_id("legal_entity"))
    rate = rate_on(day, rates)
    if rate is None:
        found.append(
            Finding(
                "tax.rate", "legal_entity/rates", f"No rate of tax is known for {day.isoformat()}.",
                "Enter the rate of that day, with the day it is valid from, at the legal entity.",
            )
        )  # fmt: skip
    if found or rate is None:
        raise _undecided(found)
    return Tax("S", rate.percent)


def _reverse(seller: Seller, buyer: Buyer) -> Tax:
    sides = (("legal_entity", seller.party), ("customer", buyer.party))
    found = [_missing_vat_id(place) for place, party in sides if not party.vat_id]
    if found:
        raise _undecided(found)
    return Tax("AE", "0", _REVERSE, "VATEX-EU-AE")


def _address_faults(buyer: Party) -> list[Finding]:
    """What the law wants to read of the customer and nobody has entered."""
    wanted = (("country", "in which country"), ("street", "in which street"), ("city", "in which town"))
    fix = "Enter it in the billing data of the customer."
    return [
        Finding(f"tax.{name}", f"customer/{name}", f"It is not known {where} the customer is.", fix)
        for name, where in wanted
        if not getattr(buyer, name)
    ]


def _unidentified() -> Finding:
    return Finding(
        "tax.registration", "legal_entity/registration",
        "The legal entity has neither a VAT identifier that may stand on this invoice nor a number in a register.",
        "Enter the number in the commercial register at the legal entity.",
    )  # fmt: skip


def _missing_vat_id(place: str) -> Finding:
    who = "The legal entity" if place == "legal_entity" else "The customer"
    fix = "Enter it at the legal entity." if place == "legal_entity" else (
        "Enter it in the billing data of the customer, or state there how the customer is taxed and why."
    )  # fmt: skip
    return Finding("tax.vat_id", f"{place}/vat_id", f"{who} has no VAT identifier.", fix)


def _foreign(home: str, there: str) -> Finding:
    return Finding(
        "tax.no_rule", "customer/treatment", f"There is no rule for a supply from {home} to {there}.",
        "State in the billing data of the customer how it is taxed and why.",
    )  # fmt: skip


def _undecided(findings: Sequence[Finding]) -> TaxUndecidedError:
    return TaxUndecidedError(
        " ".join(finding.message for finding in findings), place=findings[0].place,
        kept="The statement; nothing was issued.", fix=" ".join(finding.fix for finding in findings), findings=findings,
    )  # fmt: skip


def tax_of(document: Mapping[str, Any]) -> Tax | None:
    """The tax of an invoice's document; None when the agreed percent was charged, without a legal entity."""
    found = document.get("tax")
    return None if found is None else Tax(**found)
