"""Where an organisation stands at a limit, and the words in which that is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tenants.kernel.clock import isoformat
from tenants.kernel.errors import OutturnError
from tenants.limits.domain.amounts import counted, shown
from tenants.limits.domain.plans import Kind, Meter, Plan

WARNING_PERCENT = 80
"""From this share of a limit on people are warned."""


class State(StrEnum):
    """How near a limit is."""

    OK = "ok"
    WARNING = "warning"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Raised:
    """A limit that we raised for one organisation.

    Attributes:
        value: In place of the plan's; None for no limit.
        until: When it ends, None for no end.
    """

    meter: Meter
    value: int | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is used of a limit.

    Attributes:
        limit: In the units of the meter; None for no limit.
        used: In what the meter counts (``per_unit`` of it make a unit).
        resets_at: When it is free again by itself; None when something must be removed for it.
        customer: Whose share it is, None for the whole organisation.
        customer_name: What that customer is called.
        raised_by: Who can raise it, and where.
    """

    meter: Meter
    limit: int | None
    used: int
    resets_at: datetime | None = None
    customer: UUID | None = None
    customer_name: str = ""
    raised_by: str = ""

    @property
    def used_units(self) -> int:
        """What is used, in the units of the limit, begun ones as whole."""
        return -(-self.used // self.meter.per_unit)

    @property
    def percent(self) -> int | None:
        """The used share of the limit, rounded down; None without a limit."""
        if self.limit is None:
            return None
        whole = self.limit * self.meter.per_unit
        return 100 if whole == 0 else self.used * 100 // whole

    @property
    def state(self) -> State:
        """How near the limit is."""
        return state_of(self.used, None if self.limit is None else self.limit * self.meter.per_unit)

    @property
    def left(self) -> int | None:
        """What may still be used, in what the meter counts; None without a limit."""
        return None if self.limit is None else max(0, self.limit * self.meter.per_unit - self.used)


def state_of(used: int, limit: int | None) -> State:
    """How near a limit is: a warning from 80 %, exhausted when nothing is left."""
    if limit is None:
        return State.OK
    if used >= limit:
        return State.EXHAUSTED
    return State.WARNING if used * 100 >= limit * WARNING_PERCENT else State.OK


def effective_limits(plan: Plan, raised: Iterable[Raised], *, now: datetime) -> dict[Meter, int | None]:
    """The limits of an organisation: those of its plan, with what was raised for it in force."""
    limits = dict(plan.limits)
    for one in raised:
        if one.until is None or now < one.until:
            limits[one.meter] = one.value
    return limits


def share_of(limit: int | None, share: int | None) -> int | None:
    """A customer's limit: its share, and never more than the whole organisation's."""
    if share is None or limit is None:
        return limit if share is None else share
    return min(limit, share)


def burst_of(plan: Plan, rate: int | None, *, of: int | None) -> int:
    """The readings that may come at once at a rate, in the plan's proportion; at least a second's.

    Args:
        plan: Whose burst is taken.
        rate: Of the bucket; None for no limit.
        of: The plan's own rate.
    """
    if rate is None or of is None or of == 0:
        return plan.burst
    return max(rate, plan.burst * rate // of, 1)


def who_can_raise(plan: Plan, *, customer: bool = False) -> str:
    """Who can raise a limit, and where."""
    if customer:
        return "Those who may change the plan can raise this customer's share under Admin › Plan and usage."
    if plan.key in ("business", "enterprise"):
        return "Outturn's support can raise it by agreement."
    return "An owner, an administrator or finance can choose a larger plan under Admin › Plan and usage."


class LimitReachedError(OutturnError):
    """A limit is reached: only the feature that ran out stops, and the answer says which limit it was.

    Status 429 with ``Retry-After`` for what becomes free again by itself, 409 for what needs something removed or a
    limit raised.

    Args:
        standing: Where the organisation stands.
        now: The moment of the refusal.
        asked: How much more was wanted, in what the meter counts.
    """

    code = "limit.reached"

    def __init__(self, standing: Standing, *, now: datetime, asked: int = 1) -> None:
        meter, at = standing.meter, standing.resets_at
        of_whom = f" of {standing.customer_name}" if standing.customer_name else ""
        message = (
            f"the limit of {counted(meter, standing.limit or 0)}{of_whom} is reached: "
            f"{shown(meter, standing.used_units)} are used and {shown(meter, -(-asked // meter.per_unit))} more were "
            "asked for"
        )
        again = f"It is free again at {isoformat(at.replace(microsecond=0))}." if at else _free_again(meter)
        super().__init__(
            message, place=meter.value, kept="Everything that is there, and every other feature goes on.",
            fix=f"{again} {standing.raised_by}",
        )  # fmt: skip
        self.standing = standing
        self.status = 429 if at else 409
        if at:
            self.wait = max(0.0, (at - now).total_seconds())
        self.extra: dict[str, object] = extra_members(standing)


def extra_members(standing: Standing) -> dict[str, object]:
    """The members that a problem document has beside the usual ones."""
    return {
        "limit": standing.meter.value,
        "value": standing.limit,
        "used": standing.used_units,
        "resets_at": isoformat(standing.resets_at) if standing.resets_at else None,
        "raised_by": standing.raised_by,
        "customer": str(standing.customer) if standing.customer else None,
    }


def _free_again(meter: Meter) -> str:
    if meter.kind is Kind.LEVEL:
        return "It is free again when data is erased or its retention shortened."
    return "Remove one to make room."


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What a smaller plan has no room for."""

    meter: Meter
    used: int
    limit: int

    @property
    def excess(self) -> int:
        """How many must be removed first."""
        return self.used - self.limit


def shortfalls(limits: Mapping[Meter, int | None], used: Mapping[Meter, int]) -> list[Shortfall]:
    """What of the things that are there would not fit within some limits; what is metered begins anew by itself."""
    found = []
    for meter, amount in used.items():
        limit = limits[meter]
        if limit is not None and meter.kind in (Kind.COUNT, Kind.LEVEL) and amount > limit:
            found.append(Shortfall(meter, amount, limit))
    return found
