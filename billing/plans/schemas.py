"""The document of a plan's prices, and what is handed from an organisation to the operator and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from billing.contracts.agreement import read_document
from billing.contracts.fields import Currency, Decimal, Document, Minor, Name, Percentage, Positive, refusal
from billing.plans.domain.prices import Metered, Prices, Tier
from tenants.kernel.errors import Finding
from tenants.kernel.money import Rounding
from tenants.limits.domain.plans import PLANS

PREFIX = "outturn."
"""What the types of the platform's own meters begin with; nobody else sends these."""
OWN_SOURCES = "/organisations/"
"""What the sources of the platform's own events begin with: nobody else can take their identities before them."""


class UnitTierDocument(Document):
    """A price in major units per unit, from an amount above what is included up to and including another."""

    low: Decimal = Field(alias="from")
    high: Positive | None = Field(alias="to")
    price: Decimal


class MeterDocument(Document):
    """What is charged for one type of events.

    ``per`` is how much of what the events count makes one unit, such as "1000000000" for bytes priced by the GB.
    """

    type: Name
    name: Name
    unit: Name
    aggregate: Literal["sum", "max", "last", "unique"]
    per: Positive = "1"
    included: Decimal
    mode: Literal["graduated", "volume"]
    tiers: Annotated[list[UnitTierDocument], Field(min_length=1)]

    def terms(self) -> Metered:
        """The meter to reckon with."""
        tiers = [
            Tier(Fraction(tier.low), None if tier.high is None else Fraction(tier.high), Fraction(tier.price))
            for tier in self.tiers
        ]
        return Metered(
            self.type, self.name, self.unit, self.aggregate, Fraction(self.per), Fraction(self.included), self.mode,
            tiers,
        )  # fmt: skip

    def faults(self, place: str) -> Iterator[Finding]:
        """The holes and overlaps of its tiers."""
        ends = "0"
        for number, tier in enumerate(self.tiers):
            here = f"{place}/tiers/{number}"
            begins, due = Fraction(tier.low), Fraction(ends)
            if begins > due:
                message = f"Nothing says what the units from {ends} to {tier.low} cost."
                yield Finding("plan.tiers_hole", f"{here}/from", message, f"Let it begin at {ends}.")
            elif begins < due:
                message = f"The units from {tier.low} to {ends} have two prices."
                yield Finding("plan.tiers_overlap", f"{here}/from", message, f"Let it begin at {ends}.")
            is_last = number == len(self.tiers) - 1
            if (tier.high is None) != is_last:
                message = "Only the last tier is without end, and it has to be."
                yield Finding("plan.tiers_open", f"{here}/to", message, "Write null for the last `to` only.")
                return
            if tier.high is not None and Fraction(tier.high) <= begins:
                message = "The tier ends before it begins."
                yield Finding("plan.tiers_overlap", f"{here}/to", message, "Write a `to` above `from`.")
                return
            ends = tier.high or ends


class PlanPricesDocument(Document):
    """What a plan costs: a fee a month, and what is metered beside it.

    ``zone`` says on whose clocks its months are; ``tax_percent`` is charged while the operator has no legal entity,
    ``grace_hours`` is how long after a month's end its bill waits for late events.
    """

    prices: Literal[1]
    plan: Name
    currency: Currency
    monthly_minor: Minor
    rounding: Rounding = "half_even"
    tax_percent: Percentage = "0"
    payment_days: Annotated[int, Field(ge=0, le=365)] = 14
    grace_hours: Annotated[int, Field(ge=0, le=720)] = 48
    zone: Literal["operator", "organisation"] = "organisation"
    meters: list[MeterDocument]

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.plan not in PLANS:
            raise refusal("plan.unknown", f"There is no plan {self.plan}.", f"Write one of {', '.join(PLANS)}.")
        return self

    @classmethod
    def read(cls, value: object) -> Self:
        """The document in a JSON value.

        Raises:
            DocumentError: It does not fit; the findings say where.
        """
        return read_document(cls, value)

    def as_json(self) -> dict[str, Any]:
        """The JSON value, with every field written out."""
        return self.model_dump(mode="json", by_alias=True)

    def terms(self) -> Prices:
        """The prices to reckon with."""
        return Prices(self.currency, self.monthly_minor, self.rounding, [meter.terms() for meter in self.meters])

    def faults(self) -> Iterator[Finding]:
        """What is wrong although each field fits: a type twice, holes and overlaps."""
        seen: set[str] = set()
        for number, meter in enumerate(self.meters):
            place = f"meters/{number}"
            if meter.type in seen:
                message = f"{meter.type} is metered twice."
                yield Finding("plan.meter_twice", f"{place}/type", message, "Keep one of the two.")
            seen.add(meter.type)
            yield from meter.faults(place)


@dataclass(frozen=True, slots=True)
class Counted:
    """What the platform itself has counted of an organisation, as read in the organisation's own scope.

    Attributes:
        tenant: The organisation, by id.
        slug: Its name in addresses.
        name: What it is called.
        time_zone: Its zone, in which its counters have their days.
        plan: The plan it is on.
        taken: The plans it has taken, with their moments, in order.
        days: What counters that add up came to on each day, by type and day.
        levels: How much there is now, by type.
        deeds: Things that happened once each: type, what it is called, when.
        at: When it was read.
    """

    tenant: UUID
    slug: str
    name: str
    time_zone: str
    plan: str
    taken: Sequence[tuple[str, datetime]]
    days: Mapping[tuple[str, date], int]
    levels: Mapping[str, int]
    deeds: Sequence[tuple[str, str, datetime]]
    at: datetime


@dataclass(frozen=True, slots=True)
class InvoiceSeen:
    """An invoice of the platform on its way to the organisation that has to pay it."""

    id: UUID
    number: str
    kind: str
    currency: str
    gross_minor: int
    open_minor: int
    issued_on: date
    due_on: date
    pay_url: str
    document: Mapping[str, Any]
    bill: Mapping[str, Any]
