"""What stands at Stripe's meters, read anew: what was told is proven by it, and what is missing told again.

Stripe sums a while after each call, so that a look proves something only of what was told a day ago or earlier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from stripe import StripeClient

from billing.contracts.periods import month as month_bounds
from billing.payments.backoff import LEASE, pause
from billing.payments.stripe_calls import Blocked, Later
from billing.plans.accounts import BY
from billing.plans.domain.meters import (
    MORE_THERE,
    Told,
    Verdict,
    cut,
    floor_minute,
    following_minute,
    is_too_old,
    judged,
    reckoned,
    settles_at,
)
from billing.plans.meters.calls import NoWholeNumberError, sums
from billing.plans.meters.selectors import checked, due_looks, said
from billing.plans.meters.telling import TO_MINUTE, look_for, place_of
from billing.plans.models import MeteredCustomer, MeterTally, MeterTelling, StripeMeter
from tenants.kernel.calendars import time_zone
from tenants.kernel.errors import Finding
from tenants.record.services import record_audit
from tenants.scope.context import scope

_AT_ONCE = 50
_OF_LOOKS = (MORE_THERE, NoWholeNumberError.code)
_WHILE_TOLD, _WHILE_MORE = timedelta(hours=6), timedelta(days=1)
"""How often a tally is looked at although nothing points to it."""
_KEPT = timedelta(days=7)
"""How long tellings stay after they were proven."""


@dataclass(frozen=True, slots=True)
class Look:
    """A tally that is being looked at.

    Attributes:
        tally: Its id.
        meter: The meter at Stripe.
        customer: The customer there.
        until: Until when the look can prove something.
        spans: What Stripe is asked for: the month until then, and all of it.
        lease: When somebody else may look.
    """

    tally: UUID
    meter: str
    customer: str
    until: datetime
    spans: tuple[tuple[datetime, datetime], ...]
    lease: datetime


def look_at_tallies(tenant: UUID, client: StripeClient, now: datetime) -> int:
    """Look at the tallies whose time has come; how many they were."""
    with scope(tenant):
        taken = take_looks(now)
    for look in taken:
        seen = sums(client, meter=look.meter, customer=look.customer, spans=look.spans)
        with scope(tenant):
            note_look(look, seen, now)
    return len(taken)


def take_looks(now: datetime) -> list[Look]:
    """Take tallies to look at, under a lease."""
    rows = due_looks(now).select_for_update(skip_locked=True, of=("self",)).order_by("look_at", "id")[:_AT_ONCE]
    taken = []
    for row in rows:
        start, end = month_bounds(row.month, time_zone(row.account.time_zone))
        until = cut(start, end, now)
        row.look_at, row.looks = now + LEASE, row.looks + 1
        row.save(update_fields=["look_at", "looks"])
        meter = StripeMeter.objects.get(type=row.type).object_id
        customer = MeteredCustomer.objects.get(account=row.account_id).object_id
        first = floor_minute(start)
        spans = ((first, until), (first, following_minute(end)))
        taken.append(Look(row.id, meter, customer, until, spans, row.look_at))
    return taken


def note_look(look: Look, seen: list[int] | Later | Blocked, now: datetime) -> None:
    """Write down what a look has shown; one that was asked for meanwhile is done again."""
    tally = MeterTally.objects.select_for_update().get(id=look.tally)
    if tally.look_at != look.lease:
        return
    if not isinstance(seen, list):
        wait = max(pause(tally.looks), timedelta(seconds=seen.after_s if isinstance(seen, Later) else 3600))
        tally.look_at = now + wait
        if isinstance(seen, Blocked):
            tally.finding = seen.why.as_dict()
            look_for(tally, now)
        tally.save(update_fields=["look_at", "finding"])
        return
    meter = StripeMeter.objects.get(type=tally.type)
    tally.seen, tally.looked_at, tally.looks = seen[1], now, 0
    verdict = judged(meter.formula, checked(tally), said(tally), until=look.until, seen=seen[0], asked_at=now)
    if verdict == Verdict.MORE and tally.takes_seen:
        verdict = Verdict.LESS
    tally.finding = _more(tally, seen[0]).as_dict() if verdict == Verdict.MORE else _kept(tally.finding)
    if verdict in (Verdict.PROVEN, Verdict.LESS):
        _adopt(tally, meter, look.until, seen[0], verdict, now)
    # Whatever was in the way is met again, and said again, when it still is.
    tally.next_at = tally.next_at or now
    tally.look_at = _next_look(tally, look, verdict, now)
    tally.save()


def _adopt(tally: MeterTally, meter: StripeMeter, until: datetime, seen: int, verdict: Verdict, now: datetime) -> None:
    """Let what stands at Stripe be what we reckon from: all before it is decided."""
    before = tally.told
    within = MeterTelling.objects.filter(tally=tally, at__lt=until, position__gt=tally.checked_position)
    last = within.order_by("position").last()
    if last is not None:
        arrived = tally.checked_value + sum(
            within.filter(state__in=(Told.TOLD, Told.DOUBT)).values_list("value", flat=True)
        )  # fmt: skip
        is_there = seen == (arrived if meter.formula == "sum" else last.value)
        within.filter(state=Told.DOUBT).update(state=Told.TOLD if is_there else Told.LOST)
        tally.checked_position = last.position
        # What was proven long ago is in the sum; only the last one is asked for again, by its moment.
        proven = MeterTelling.objects.filter(tally=tally, position__lt=last.position)
        proven.filter(tried_at__lt=now - _KEPT).delete()
    tally.checked_value = seen
    tally.told = reckoned(meter.formula, checked(tally), said(tally))
    tally.takes_seen = False
    if verdict == Verdict.PROVEN:
        tally.refusals = 0
        return
    record_audit(
        action="fee.meter_told_anew", subject=f"plan-account/{tally.account_id}", by=BY, now=now,
        details={"month": tally.month, "type": tally.type, "told": before, "at_stripe": seen},
    )  # fmt: skip


def _kept(finding: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """What a look that went well leaves of what was wrong: why nothing could be told, but not what looks have said."""
    return (
        None if finding is None or finding["code"] in _OF_LOOKS or finding["code"].startswith("payment.") else finding
    )


def _more(tally: MeterTally, seen: int) -> Finding:
    message = f"Stripe has {seen:,} of {tally.month}, more than we ever told. Somebody else tells this meter, too."
    fix = "Find out who does, and end it. Then take what stands there: the difference is told as less."
    return Finding(MORE_THERE, place_of(tally), message, fix)


def _next_look(tally: MeterTally, look: Look, verdict: Verdict, now: datetime) -> datetime | None:
    """When to look again; never, once nothing of the month can be told any more or all of it is proven."""
    if verdict == Verdict.MORE:
        return now + _WHILE_MORE
    _, end = month_bounds(tally.month, time_zone(tally.account.time_zone))
    known = said(tally)
    is_over = look.until >= floor_minute(end)
    if is_over and verdict == Verdict.PROVEN and tally.told == int(tally.counted):
        return None
    settled = settles_at(known, following_minute(end))
    if is_over and is_too_old(end, now) and (settled is None or settled < now):
        return None
    if verdict == Verdict.OPEN and settled is not None and settled > now:
        return min(now + _WHILE_TOLD, settled + TO_MINUTE)
    return now + _WHILE_TOLD
