"""Who sells to a customer, who buys, and which tax follows from it; and what people enter about both."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from pydantic import JsonValue

from billing.invoices.domain.tax import (
    Buyer,
    Party,
    Rate,
    Seller,
    Tax,
    TaxUndecidedError,
    Treatment,
    decide_tax,
    is_rate,
)
from billing.invoices.models import BillingProfile, InvoiceSeries, LegalEntity, VatRate
from billing.invoices.schemas import BillingDataError, EntityDetails, ProfileDetails
from billing.invoices.selectors import entities, entity, profile_of
from billing.invoices.writing import hold_numbers
from tenants.customers.selectors import customer as customer_by_id
from tenants.kernel.errors import ConflictError, Finding
from tenants.record.services import record_audit


class EntityTakenError(ConflictError):
    """Numbers of invoices begin with this prefix already."""

    code = "entity.taken"


@dataclass(frozen=True, slots=True)
class Sale:
    """Who sells, who buys, as of now, and the tax that follows."""

    entity: LegalEntity
    seller: Party
    buyer: Party
    tax: Tax

    def told(self, tax: Tax, supplied: date) -> dict[str, Any]:
        """What a document says of it: both sides as they are now, the tax charged, and the day that decided it."""
        return {
            "seller": self.seller.as_json(),
            "buyer": self.buyer.as_json(),
            "tax": tax.as_json(),
            "supplied_on": supplied.isoformat(),
        }


def sale_to(*, customer: UUID, named: str, day: date) -> Sale | None:
    """What is known of a sale to a customer on a day; None while the organisation has no legal entity.

    Args:
        customer: The customer.
        named: What it is called in the contract.
        day: The day of supply.

    Raises:
        TaxUndecidedError: It is not known who of several sells, or which tax is due.
    """
    profile = profile_of(customer)
    chosen = _selling(profile)
    if chosen is None:
        return None
    seller = Seller(party_of(chosen), chosen.exemption)
    buyer = Buyer(Party(named))
    if profile is not None:
        party = Party(
            named, profile.street, profile.postcode, profile.city, profile.country, profile.vat_id,
            profile.registration, reference=profile.reference,
        )  # fmt: skip
        buyer = Buyer(party, cast("Treatment", profile.treatment), profile.reason)
    rates = [Rate(row.percent, row.valid_from) for row in chosen.rates.order_by("id")]
    return Sale(chosen, seller.party, buyer.party, decide_tax(seller, buyer, day, rates))


def party_of(row: LegalEntity) -> Party:
    """A legal entity as it stands on invoices."""
    return Party(
        row.name, row.street, row.postcode, row.city, row.country, row.vat_id, row.registration, row.tax_number,
        account=row.account, bank=row.bank,
    )  # fmt: skip


def _selling(profile: BillingProfile | None) -> LegalEntity | None:
    if profile is not None and profile.entity_id is not None:
        return entity(profile.entity_id)
    known = list(entities()[:2])
    if len(known) > 1:
        fix = "Choose it in the billing data of the customer."
        finding = Finding("tax.entity", "customer/entity", "It is not known which legal entity sells.", fix)
        raise TaxUndecidedError(
            finding.message, place=finding.place, kept="The statement; nothing was issued.", fix=fix, findings=[finding]
        )
    return known[0] if known else None


def create_entity(*, details: EntityDetails, by: str, now: datetime) -> LegalEntity:
    """A new legal entity. The first one goes on with the numbers that the organisation has given out so far.

    Raises:
        BillingDataError: Something is missing or malformed.
        EntityTakenError: Other numbers begin with its prefix.
    """
    wanted = details.read()
    with transaction.atomic():
        hold_numbers()
        is_first = not entities().exists()
        _refuse_taken(wanted.prefix, InvoiceSeries.objects.none() if is_first else InvoiceSeries.objects.all())
        row = LegalEntity.objects.create(**asdict(wanted), created_at=now)
        if is_first:
            InvoiceSeries.objects.filter(entity=None).update(entity=row)
        _record("created", row, by=by, now=now)
    return row


def change_entity(*, entity_id: UUID, details: EntityDetails, by: str, now: datetime) -> LegalEntity:
    """Other details of a legal entity; what is issued keeps those of its time, and a year its prefix.

    Raises:
        EntityNotFoundError: There is none.
        BillingDataError: Something is missing or malformed.
        EntityTakenError: Other numbers begin with its prefix.
    """
    wanted = details.read()
    with transaction.atomic():
        hold_numbers()
        row = entity(entity_id)
        account = row.account
        _refuse_taken(wanted.prefix, InvoiceSeries.objects.exclude(entity=row), but=row)
        for name, value in asdict(wanted).items():
            setattr(row, name, value)
        row.save()
        moved: dict[str, JsonValue] = {} if row.account == account else {"account": row.account, "before": account}
        _record("changed", row, by=by, now=now, **moved)
    return row


def set_rate(*, entity_id: UUID, percent: str, valid_from: date, by: str, now: datetime) -> VatRate:
    """The rate of a legal entity's country from a day on, in place of one that was set for the same day before.

    Raises:
        EntityNotFoundError: There is none.
        BillingDataError: The rate is none.
    """
    row, plain = entity(entity_id), percent.strip().replace(",", ".")
    if not is_rate(plain):
        fix = "Write a percentage above 0 and up to 100 with at most two decimals; zero and exempt are no rates."
        raise BillingDataError([Finding("entity.rate", "percent", f"{percent!r} is no rate of tax.", fix)])
    with transaction.atomic():
        rate = VatRate.objects.create(entity=row, percent=plain, valid_from=valid_from, set_by=by, set_at=now)
        details: dict[str, JsonValue] = {"percent": plain, "valid_from": valid_from.isoformat()}
        record_audit(action="entity.rate_set", subject=f"legal-entity/{row.id}", by=by, now=now, details=details)
    return rate


def save_profile(*, customer: UUID, details: ProfileDetails, by: str, now: datetime) -> BillingProfile:
    """What tax needs to know of a customer, as a whole; what is issued keeps that of its time.

    Raises:
        CustomerNotFoundError: There is no such customer.
        EntityNotFoundError: There is no such legal entity.
        BillingDataError: Something is malformed, or a reason is missing.
    """
    wanted = details.read()
    seller = None if wanted.entity is None else entity(wanted.entity)
    values = asdict(wanted) | {"entity": seller, "changed_by": by, "changed_at": now}
    with transaction.atomic():
        row = customer_by_id(customer)
        profile, _ = BillingProfile.objects.update_or_create(customer=row, defaults=values)
        record_audit(
            action="customer.billing_changed", subject=f"customer/{row.id}", by=by, now=now, details={"name": row.name}
        )
    return profile


def _refuse_taken(prefix: str, others: Any, but: LegalEntity | None = None) -> None:
    same = LegalEntity.objects.filter(prefix=prefix)
    if (same if but is None else same.exclude(id=but.id)).exists() or others.filter(prefix=prefix).exists():
        raise EntityTakenError(
            f"Other numbers begin with {prefix}.", place="prefix", kept="What was there before.",
            fix="Choose other letters.",
        )  # fmt: skip


def _record(what: str, row: LegalEntity, *, by: str, now: datetime, **more: JsonValue) -> None:
    """Put it on record; whoever may have led payments to another account is to be found there."""
    details: dict[str, JsonValue] = {"name": row.name, **more}
    record_audit(action=f"entity.{what}", subject=f"legal-entity/{row.id}", by=by, now=now, details=details)
