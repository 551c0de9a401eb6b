"""What a plan assumes: the shop, its people, the prices and the rate of use, with defaults that are stated as such."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from analytics.maintenance.domain.problem import Costs, Document, Id, Weights
from tenants.kernel.calendars import time_zone
from tenants.kernel.money import exponent

DAY_S = 86_400
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
ASSUMED_COSTS = Costs(
    visit_minor=42_000_000,
    downtime_minor_per_h=40_000,
    life_minor_per_h=17_000,
    repair_minor=90_000_000,
    secondary_damage_minor=30_000_000,
    credit_minor=20_000_000,
    unscheduled_downtime_h=336,
    unscheduled_downtime_minor_per_h=60_000,
)
"""Assumed, in cents: a module exchange of 420,000 EUR that restores about 2,470 h (206 flights at two a day), an
unscheduled removal of 900,000 EUR with 300,000 EUR of damage beside it, a credit of 200,000 EUR and 14 days at
600 EUR/h."""


def _zone(name: str) -> str:
    time_zone(name)
    return name


def _currency(code: str) -> str:
    exponent(code)
    return code


def _near(moment: datetime) -> datetime:
    if not EARLIEST <= moment < LATEST:
        raise ValueError("a plan starts between 2000 and 2100")
    return moment


class Shift(Document):
    """People who are there every week at the same hours.

    Attributes:
        days: Weekdays on which it starts, 0 for Monday to 6 for Sunday.
        start_s: Its start, seconds of local clocks after midnight.
        end_s: Its end likewise; at or before the start it is on the next day.
        people: How many have each skill.
        overtime: Whether its hours are overtime.
    """

    name: Id
    days: Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(min_length=1, max_length=7)]
    start_s: Annotated[int, Field(ge=0, lt=DAY_S)]
    end_s: Annotated[int, Field(ge=0, le=DAY_S)]
    people: Annotated[dict[Id, Annotated[int, Field(ge=1, le=100)]], Field(min_length=1, max_length=20)]
    overtime: bool = False


class PlanAssumptions(Document):
    """What a plan of shop visits is made on.

    Attributes:
        twin: Whose assets are planned.
        as_of: The predictions made up to this moment count; the plan begins with the first local day from it on.
        days: Length of the horizon.
        zone: IANA zone of the shop's clocks.
        bays: How many assets fit in the shop at once.
        flights_per_day: How much each asset flies.
        currency: ISO 4217 code of all amounts.
        costs: Prices, alike for all assets, in minor units.
        weights: How the terms of the cost are weighed.
        crew: The shifts; without any the shop works round the clock with people enough for every bay, so that a visit
            lasts as long as the type says.
        seconds: The most that the search may take.
        seed: Of the search.
    """

    twin: UUID
    as_of: Annotated[AwareDatetime, AfterValidator(_near)]
    days: Annotated[int, Field(ge=1, le=180)] = 60
    zone: Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)] = "UTC"
    bays: Annotated[int, Field(ge=1, le=20)] = 2
    flights_per_day: Annotated[float, Field(gt=0, le=50, allow_inf_nan=False)] = 2.0
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)] = "EUR"
    costs: Costs = ASSUMED_COSTS
    weights: Weights = Weights()
    crew: Annotated[tuple[Shift, ...], Field(max_length=20)] = ()
    seconds: Annotated[float, Field(ge=1, le=300)] = 20.0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
