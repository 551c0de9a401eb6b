"""Types that cross the boundary of limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from tenants.limits.domain.plans import Feature, Meter, Plan
from tenants.limits.domain.standing import Shortfall, Standing

WHOLE = UUID(int=0)
"""Stands for the whole organisation where a part of it (a customer, an API key) could stand."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a tenant may use, as of a moment.

    Attributes:
        zone: Its time zone, in which days and months begin.
        limits: In the units of each meter; None for no limit.
        raised_until: Of the limits that we raised, when that ends; None for no end.
        shares: The most that single customers may use up.
    """

    plan: Plan
    zone: str
    limits: Mapping[Meter, int | None]
    raised_until: Mapping[Meter, datetime | None]
    shares: Mapping[tuple[UUID, Meter], int]


@dataclass(frozen=True, slots=True)
class History:
    """What was used of a meter on the last days, one number a day, in the units of the meter."""

    meter: Meter
    days: Sequence[date]
    amounts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Usage:
    """Everything that a page of limits tells.

    Attributes:
        whole: Where the organisation stands, in the order of the meters.
        shares: Where customers stand that have a share of their own, by name.
        history: What was used of the metered limits.
        customers: What all end customers are called.
    """

    allowance: Allowance
    whole: Sequence[Standing]
    shares: Sequence[Standing]
    history: Sequence[History]
    customers: Mapping[UUID, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What another plan would change.

    Attributes:
        shortfalls: What must be removed first; empty when the plan has room.
        lost: Features that it has not.
    """

    plan: Plan
    is_current: bool
    shortfalls: Sequence[Shortfall] = ()
    lost: Sequence[Feature] = field(default=())


@dataclass(frozen=True, slots=True)
class Warned:
    """A limit that is near or reached, for the line above every page."""

    standing: Standing
    message: str
