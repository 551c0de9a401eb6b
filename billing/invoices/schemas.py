"""What people enter of a legal entity and of a customer's billing data, read strictly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar
from uuid import UUID

from billing.invoices.domain.banking import (
    has_form_of_iban,
    is_bic,
    is_iban,
    is_national_account,
    is_routing_code,
    meant_as_iban,
    plain_account,
)
from billing.invoices.domain.countries import COUNTRIES, is_vat_id, plain_vat_id, vat_prefix
from tenants.kernel.errors import Finding, OutturnError

_Details = TypeVar("_Details", "EntityDetails", "ProfileDetails")


class BillingDataError(OutturnError):
    """Something in the data that invoices need is not what it should be."""

    code = "billing_data.invalid"
    status = 422

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(
            " ".join(finding.message for finding in findings), place=findings[0].place, kept="What was there before.",
            fix=" ".join(finding.fix for finding in findings), findings=findings,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class EntityDetails:
    """A legal entity as it is entered; the names are those of `LegalEntity`."""

    name: str
    prefix: str
    street: str
    postcode: str
    city: str
    country: str
    vat_id: str = ""
    registration: str = ""
    tax_number: str = ""
    exemption: str = ""
    account: str = ""
    bank: str = ""

    def read(self) -> EntityDetails:
        """The same without spaces around, and identifiers as they are printed.

        Raises:
            BillingDataError: Something is missing or malformed; the findings name each field.
        """
        found = _stripped(self)
        account, bank = plain_account(found.account), plain_account(found.bank)
        found = replace(found, prefix=found.prefix.upper(), account=account, bank=bank)
        faults = [
            Finding(f"entity.{name}", name, "This is missing.", "Enter it; the law wants it on invoices.")
            for name in ("name", "street", "postcode", "city")
            if not getattr(found, name)
        ]
        if not (found.prefix.isascii() and found.prefix.isalnum() and len(found.prefix) <= 8):
            fix = "Write one to eight capital letters or digits."
            faults.append(Finding("entity.prefix", "prefix", "This cannot begin a number.", fix))
        faults += _country_and_vat_id(found.country, found.vat_id)
        faults += [*_account_faults(account), *_bank_faults(bank, account)]
        if faults:
            raise BillingDataError(faults)
        return found


@dataclass(frozen=True, slots=True)
class ProfileDetails:
    """A customer's billing data as they are entered; the names are those of `BillingProfile`.

    All may be empty: what an invoice lacks is told when it is to be issued.
    """

    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    vat_id: str = ""
    registration: str = ""
    reference: str = ""
    treatment: str = "rule"
    reason: str = ""
    entity: UUID | None = None

    def read(self) -> ProfileDetails:
        """The same without spaces around, and identifiers as they are printed.

        Raises:
            BillingDataError: Something is malformed, or a treatment is stated without a reason.
        """
        found = _stripped(self)
        faults = _country_and_vat_id(found.country, found.vat_id) if found.country or found.vat_id else []
        if found.treatment != "rule" and not found.reason:
            fix = "Write the sentence that invoices are to say."
            faults.append(Finding("profile.reason", "reason", "A stated tax needs a reason.", fix))
        if faults:
            raise BillingDataError(faults)
        return found


def _stripped(given: _Details) -> _Details:
    texts = {each.name: getattr(given, each.name) for each in fields(given)}
    plain: dict[str, Any] = {name: text.strip() for name, text in texts.items() if isinstance(text, str)}
    plain |= {"country": plain["country"].upper(), "vat_id": plain_vat_id(plain["vat_id"])}
    return replace(given, **plain)


def _country_and_vat_id(country: str, vat_id: str) -> list[Finding]:
    if country not in COUNTRIES:
        fix = "Write the two capital letters of ISO 3166-1, such as DE."
        return [Finding("billing_data.country", "country", f"{country!r} is no country.", fix)]
    if vat_id and not is_vat_id(vat_id, country):
        fix = f"Write it with its prefix {vat_prefix(country)}, as it was given by the tax office."
        return [Finding("billing_data.vat_id", "vat_id", f"{vat_id} is no VAT identifier of {country}.", fix)]
    return []


def _account_faults(account: str) -> list[Finding]:
    """What is wrong with a plain account; nothing with none."""
    code, place = "entity.account", "account"
    if not account or is_iban(account):
        return []
    if not meant_as_iban(account):
        if is_national_account(account):
            return []
        fix = "Write up to 34 letters and digits, without hyphens or other signs."
        return [Finding(code, place, f"{account!r} is no number of an account.", fix)]
    if not has_form_of_iban(account):
        fix = "Write two letters, two digits and the account: 15 to 34 letters and digits in all."
        return [Finding(code, place, f"{account!r} begins like an IBAN and is none.", fix)]
    fix = "Compare it with what your bank has told you, character by character."
    return [Finding(code, place, f"The check digits of {account} do not fit the rest of it.", fix)]


def _bank_faults(bank: str, account: str) -> list[Finding]:
    """What is wrong with the plain code of a bank, beside a plain account; nothing with none."""
    faults = []
    if bank and not account:
        fix = "Enter the account too, or leave the bank empty."
        faults.append(Finding("entity.bank_alone", "bank", "A bank is named, and no account.", fix))
    if bank and not (is_bic(bank) or is_routing_code(bank)):
        fix = "Write a BIC of 8 or 11 characters, such as COBADEFFXXX, or the digits of a routing code."
        faults.append(Finding("entity.bank", "bank", f"{bank!r} is neither a BIC nor a routing code.", fix))
    return faults
