"""Limits and usage to read. All of it acts for the tenant in scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from tenants.limits import registry
from tenants.limits.domain.amounts import shown
from tenants.limits.domain.plans import PLANS, Feature, Kind, Meter, Plan
from tenants.limits.domain.standing import (
    Raised,
    Standing,
    State,
    effective_limits,
    share_of,
    shortfalls,
    who_can_raise,
)
from tenants.limits.domain.windows import local_day, window_of
from tenants.limits.models import LimitWarning, UsageDay
from tenants.limits.schemas import WHOLE, Allowance, Comparison, History, Usage, Warned
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

HISTORY_DAYS = 30
# One query: it is asked whenever something is made, and every two seconds while readings come in.
_ALLOWANCE = """
SELECT t.plan, t.time_zone,
    (SELECT json_agg(json_build_array(r.meter, r.value, r.until)) FROM tenants_raisedlimit r WHERE r.tenant_id = %s),
    (SELECT json_agg(json_build_array(s.customer_id, s.meter, s.value))
     FROM tenants_customershare s WHERE s.tenant_id = %s)
FROM tenants_tenant t WHERE t.id = %s"""


_Row = tuple[Meter, date, UUID, int]


def allowance(*, now: datetime) -> Allowance:
    """What the tenant may use: its plan, what we raised for it, and the shares of its customers."""
    with connection.cursor() as cursor:
        cursor.execute(_ALLOWANCE, [required_tenant("an allowance")] * 3)
        key, zone, raised_rows, shares = cursor.fetchone()
    raised = [
        one
        for one in (Raised(Meter(meter), value, _moment(until)) for meter, value, until in raised_rows or ())
        if one.until is None or now < one.until
    ]
    plan = plan_of(key)
    return Allowance(
        plan=plan,
        zone=zone,
        limits=effective_limits(plan, raised, now=now),
        raised_until={one.meter: one.until for one in raised},
        shares={(UUID(customer), Meter(meter)): value for customer, meter, value in shares or ()},
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def plan_of(key: str) -> Plan:
    """The plan of a key; the smallest one in place of one that is no longer offered."""
    return PLANS.get(key) or next(iter(PLANS.values()))


def allows(feature: Feature | str) -> bool:
    """Whether the tenant's plan has a feature."""
    key = Tenant.objects.values_list("plan", flat=True).get(id=required_tenant("a feature"))
    return Feature(feature) in plan_of(key).features


def standing(meter: Meter, *, now: datetime, customer: UUID | None = None, held: Allowance | None = None) -> Standing:
    """Where the tenant, or one of its customers, stands at a limit."""
    held = held or allowance(now=now)
    return _standing(held, meter, _used(held, meter, now, customer), now, customer)


def usage(*, now: datetime) -> Usage:
    """Where the tenant stands at each limit, its customers at theirs, and what was used on the last days."""
    held = allowance(now=now)
    today = local_day(now, held.zone)
    rows, names = _rows(held, today), registry.customers()
    sums = _sums(held, rows, now) | {(Meter.CUSTOMERS, WHOLE): len(names)}
    whole = [_standing(held, meter, sums.get((meter, WHOLE), 0), now, None) for meter in Meter]
    order = list(Meter)
    shares = [
        _standing(held, meter, sums.get((meter, customer), 0), now, customer, names.get(customer, ""))
        for customer, meter in sorted(held.shares, key=lambda each: (names.get(each[0], ""), order.index(each[1])))
    ]
    return Usage(held, whole, shares, _history(rows, today), names)


def _history(rows: Sequence[_Row], today: date) -> list[History]:
    """The last days, today's being the last."""
    wanted = [today - timedelta(days=ago) for ago in range(HISTORY_DAYS - 1, -1, -1)]
    amounts = {(meter, day): amount for meter, day, part, amount in rows if part == WHOLE}
    return [
        History(meter, wanted, [-(-amounts.get((meter, day), 0) // meter.per_unit) for day in wanted])
        for meter in Meter
        if meter.is_metered
    ]


def used_today(meter: Meter, day: date) -> dict[UUID, int]:
    """What was used of a meter on a day: by the whole organisation (``WHOLE``) and by each part that is counted."""
    return dict(UsageDay.objects.filter(meter=meter, day=day).values_list("part", "amount"))


def used_by_day(meters: Collection[Meter], first: date) -> dict[tuple[Meter, date], int]:
    """What the whole organisation used of some meters, in what they count, on each day from one on."""
    rows = UsageDay.objects.filter(meter__in=list(meters), part=WHOLE, day__gte=first).order_by("day", "meter")
    return {(Meter(meter), day): amount for meter, day, amount in rows.values_list("meter", "day", "amount")}


def comparisons(*, now: datetime) -> list[Comparison]:
    """What each plan would change for the tenant."""
    held = allowance(now=now)
    stock = in_stock(held, now=now)
    return [compared(plan, held, stock) for plan in PLANS.values()]


def in_stock(held: Allowance, *, now: datetime) -> dict[Meter, int]:
    """How much there is of what a smaller plan may have no room for; what is metered begins anew by itself."""
    counts = registry.counted(*Meter)
    things = {meter: counts.get(meter, {}).get(WHOLE, 0) for meter in Meter if meter.kind is Kind.COUNT}
    return things | {meter: _used(held, meter, now, None) for meter in Meter if meter.kind is Kind.LEVEL}


def compared(plan: Plan, held: Allowance, stock: Mapping[Meter, int]) -> Comparison:
    """What a plan would change; limits that we raised stay raised."""
    limits = dict(plan.limits) | {meter: held.limits[meter] for meter in held.raised_until}
    lost = [each for each in Feature if each in held.plan.features - plan.features]
    return Comparison(plan, plan == held.plan, shortfalls(limits, stock), lost)


def warnings(*, now: datetime) -> list[Warned]:
    """The limits that are near or reached, the reached ones first: one query, for the line above every page."""
    rows = LimitWarning.objects.exclude(state=State.OK).filter(part=WHOLE)
    found = [row for row in rows if row.resets_at is None or now < row.resets_at]
    found.sort(key=lambda row: (row.state != State.EXHAUSTED, row.meter))
    return [_warned(row) for row in found]


def held_in(row: LimitWarning) -> Standing:
    """Where the tenant, or a customer, stood when it was noted."""
    customer = None if row.part == WHOLE else row.part
    return Standing(Meter(row.meter), row.limit, row.used, row.resets_at, customer)


def _warned(row: LimitWarning) -> Warned:
    held = held_in(row)
    rest = "all are used" if held.state is State.EXHAUSTED else f"{held.percent} % are used"
    return Warned(
        held,
        f"{held.meter.label}: {rest} ({shown(held.meter, held.used_units)} of {shown(held.meter, held.limit or 0)}).",
    )


def _standing(
    held: Allowance, meter: Meter, used: int, now: datetime, customer: UUID | None, name: str = ""
) -> Standing:
    limit = held.limits[meter]
    if customer is not None:
        limit = share_of(limit, held.shares.get((customer, meter)))
    window = window_of(meter.kind, now, held.zone)
    return Standing(
        meter, limit, used, window.resets_at if window else None, customer, name,
        who_can_raise(held.plan, customer=customer is not None),
    )  # fmt: skip


def _used(held: Allowance, meter: Meter, now: datetime, customer: UUID | None) -> int:
    if meter.kind is Kind.COUNT:
        return registry.counted(meter).get(meter, {}).get(customer or WHOLE, 0)
    rows = UsageDay.objects.filter(meter=meter, part=customer or WHOLE)
    window = window_of(meter.kind, now, held.zone)
    if window is None:  # a level: what was measured last
        return rows.order_by("-day").values_list("amount", flat=True).first() or 0
    total = rows.filter(day__gte=window.first, day__lt=window.end).aggregate(total=Sum("amount"))["total"]
    return int(total or 0)


def _rows(held: Allowance, today: date) -> list[_Row]:
    """What was used on the days of this month and of the last thirty, by all and by customers that have a share."""
    parts = {WHOLE, *(customer for customer, _ in held.shares)}
    found = UsageDay.objects.filter(part__in=parts, day__gt=today - timedelta(days=max(HISTORY_DAYS, 31)))
    rows = found.order_by("day").values_list("meter", "day", "part", "amount")
    return [(Meter(meter), day, part, amount) for meter, day, part, amount in rows]


def _sums(held: Allowance, rows: Sequence[_Row], now: datetime) -> dict[tuple[Meter, UUID], int]:
    """What is used of the meters, in their windows; a query for each counter of things, of customers none."""
    windows = {meter: window_of(meter.kind, now, held.zone) for meter in Meter}
    sums: dict[tuple[Meter, UUID], int] = defaultdict(int)
    for meter, day, part, amount in rows:
        window = windows[meter]
        if window is None:
            sums[meter, part] = amount
        elif window.first <= day < window.end:
            sums[meter, part] += amount
    for meter, counts in registry.counted(*(set(Meter) - {Meter.CUSTOMERS})).items():
        sums.update({(meter, part): count for part, count in counts.items()})
    return sums
