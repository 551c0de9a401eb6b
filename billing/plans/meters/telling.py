"""The outbox of usage: a telling is taken under a lease, sent outside any transaction, and its outcome written down.

A crash at any point is found by the lease that ends: the same telling is sent again under the same identifier, for as
long as Stripe knows that. After it, what is in doubt is decided by a look (`looking`), never by sending it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from stripe import StripeClient

from billing.contracts.periods import month as month_bounds
from billing.payments.backoff import LEASE, pause
from billing.payments.stripe_calls import Blocked, Done, Later
from billing.plans.domain.meters import (
    EVERY,
    MORE_THERE,
    MOST,
    REMEMBERED,
    SETTLED,
    Told,
    identifier,
    is_too_old,
    moment,
    reckoned,
)
from billing.plans.domain.meters import to_tell as next_value
from billing.plans.meters.calls import Event, tell
from billing.plans.meters.selectors import checked, due_tallies, said
from billing.plans.models import MeteredCustomer, MeterTally, MeterTelling, StripeMeter
from tenants.kernel.calendars import time_zone
from tenants.kernel.errors import Finding
from tenants.scope.context import required_tenant, scope
from tenants.scope.locks import hold

AT_ONCE = 100
LOOK_AFTER, LOOK_EVERY = timedelta(minutes=10), timedelta(hours=1)
"""How long after a telling Stripe is asked what stands there, and how often at most because of tellings."""
TO_MINUTE = timedelta(minutes=2)
"""A look covers whole minutes: one more than the moment needs, and one for a clock that is slow."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A telling that nobody else sends before its lease ends."""

    tally: UUID
    telling: UUID
    event: Event
    lease: datetime


class Rested:
    """There was nothing to tell of a tally after all."""


def do_tellings(tenant: UUID, client: StripeClient, now: datetime) -> int:
    """Tell what is due, one call after the other; how many were done, and none as soon as one has to wait."""
    done = 0
    while done < AT_ONCE:
        with scope(tenant):
            taken = take_telling(now)
        if taken is None:
            break
        if isinstance(taken, Taken):
            outcome = tell(client, taken.event)
            with scope(tenant):
                note_telling(taken, outcome, now)
            if isinstance(outcome, Later):
                # What is in the way of one is in the way of all: a limit, or Stripe is away. They wait for the sweep.
                return 0
        done += 1
    return done


def take_telling(now: datetime) -> Taken | Rested | None:
    """Take the tally that has waited longest, with what is to be told of it; None when none waits."""
    # One after the other: two who took two months of a meter at once would not see each other's lease.
    hold(f"meter-tellings/{required_tenant('usage')}")
    tally = due_tallies(now).select_for_update(skip_locked=True, of=("self",)).order_by("next_at", "id").first()
    if tally is None:
        return None
    meter = StripeMeter.objects.get(type=tally.type)
    telling = _telling_of(tally, meter, now)
    if not isinstance(telling, MeterTelling):
        MeterTally.objects.filter(id=tally.id).update(next_at=None, leased_until=None, finding=telling)
        return Rested()
    telling.attempts, telling.tried_at = telling.attempts + 1, now
    telling.first_tried_at = telling.first_tried_at or now
    telling.save(update_fields=["attempts", "tried_at", "first_tried_at"])
    lease = now + LEASE
    MeterTally.objects.filter(id=tally.id).update(next_at=lease, leased_until=lease)
    event = Event(meter.event_name, telling.identifier, telling.customer, telling.value, telling.at, telling.turn)
    return Taken(tally.id, telling.id, event, lease)


def _telling_of(tally: MeterTally, meter: StripeMeter, now: datetime) -> MeterTelling | Mapping[str, str] | None:
    """What is to be sent of a tally: what was begun, else the next; when nothing is, the finding that it rests with."""
    kept: Mapping[str, str] | None = tally.finding
    open_ = tally.tellings.filter(position__gt=tally.checked_position)
    begun = open_.filter(state=Told.SENDING).first()
    if begun is not None:
        if begun.first_tried_at is None or now < begun.first_tried_at + REMEMBERED:
            return begun
        begun.state = Told.DOUBT
        begun.save(update_fields=["state"])
        settle(tally, meter, now)
    if meter.formula == "sum" and open_.filter(state=Told.DOUBT).exists():
        return kept
    value = next_value(meter.formula, int(tally.counted), tally.told)
    if value is None:
        return kept if kept is not None and kept["code"] == MORE_THERE else None
    start, end = month_bounds(tally.month, time_zone(tally.account.time_zone))
    last = tally.tellings.order_by("position").last()
    at = moment(meter.formula, start, end, None if last is None else last.at, now)
    why = _hindrance(tally, at, now)
    if at is None or why is not None:
        return why.as_dict() if why else None
    position = 1 if last is None else last.position + 1
    return MeterTelling.objects.create(
        tally=tally, position=position, identifier=identifier(tally.account_id, tally.type, tally.month, position),
        customer=MeteredCustomer.objects.get(account=tally.account_id).object_id, value=value, at=at,
    )  # fmt: skip


def place_of(tally: MeterTally) -> str:
    """What a finding is about: whose usage, of what, and when."""
    return f"{tally.account.slug}/{tally.type}/{tally.month}"


def _hindrance(tally: MeterTally, at: datetime | None, now: datetime) -> Finding | None:
    """Why something can never be told as it is."""
    charged = "Our own bill charges it all the same: nothing has to be done."
    if at is not None and is_too_old(at, now):
        message = f"{tally.month} is too long ago to be told: Stripe takes usage of the last 35 days only."
        return Finding("meter.too_old", place_of(tally), message, charged)
    if at is None:
        message = f"The level of {tally.month} has changed too often after its end to be told again."
        return Finding("meter.no_moment", place_of(tally), message, charged)
    if tally.counted > MOST:
        message = f"{tally.counted:,} are more than Stripe keeps exactly: fifteen digits."
        return Finding("meter.too_large", place_of(tally), message, charged)
    return None


def settle(tally: MeterTally, meter: StripeMeter, now: datetime) -> None:
    """Reckon anew what stands at Stripe of a tally, and have it looked at once that can prove it; it is held."""
    known = said(tally)
    tally.told = reckoned(meter.formula, checked(tally), known)
    doubts = [each.tried_at for each in known if each.state == Told.DOUBT and each.tried_at is not None]
    soon = now + LOOK_AFTER if tally.looked_at is None else max(now + LOOK_AFTER, tally.looked_at + LOOK_EVERY)
    wanted = max(doubts) + SETTLED + TO_MINUTE if doubts else soon
    tally.look_at = min(tally.look_at, wanted) if tally.look_at else wanted
    tally.save(update_fields=["told", "look_at"])


def note_telling(taken: Taken, outcome: Done | Later | Blocked, now: datetime) -> None:
    """Write down what came of a call; what another process, or a report of Stripe's, has said meanwhile stays."""
    tally = MeterTally.objects.select_for_update().get(id=taken.tally)
    telling = MeterTelling.objects.get(id=taken.telling)
    meter = StripeMeter.objects.get(type=tally.type)
    mine = MeterTally.objects.filter(id=tally.id, leased_until=taken.lease)
    if isinstance(outcome, Done):
        # Whoever was thought dead knows that it arrived, also when it was in doubt meanwhile.
        if telling.state in (Told.SENDING, Told.DOUBT):
            MeterTelling.objects.filter(id=telling.id).update(state=Told.TOLD, finding=None)
            MeterTally.objects.filter(id=tally.id).update(next_at=now + EVERY, finding=None)
            tally.refresh_from_db()
            settle(tally, meter, now)
        mine.update(leased_until=None)
        return
    if telling.state != Told.SENDING or not mine.exists():
        return
    if isinstance(outcome, Later):
        wait = max(pause(telling.attempts), timedelta(seconds=outcome.after_s))
        MeterTelling.objects.filter(id=telling.id).update(turn=F("turn") + int(outcome.is_final))
        mine.update(next_at=now + wait, leased_until=None, finding=outcome.why.as_dict())
        return
    refuse(tally, telling, meter, outcome.why, now=now)
    look_for(tally, now)


def look_for(tally: MeterTally, now: datetime) -> None:
    """Have what a refusal can be about looked for anew before anything more is told: the meter, and the customer."""
    StripeMeter.objects.filter(type=tally.type).update(look_at=now)
    MeteredCustomer.objects.filter(account=tally.account_id).update(object_id="", next_at=now)


def refuse(tally: MeterTally, telling: MeterTelling, meter: StripeMeter, why: Finding, *, now: datetime) -> None:
    """Note that Stripe has refused a telling: it is told anew under another identifier; the tally is held.

    One that was sent more than once is in doubt: the refusal may be of one call, and another one have arrived.
    """
    telling.state = Told.LOST if telling.attempts <= 1 else Told.DOUBT
    telling.finding = why.as_dict()
    telling.save(update_fields=["state", "finding"])
    tally.refusals += 1
    tally.next_at, tally.leased_until, tally.finding = now + pause(tally.refusals), None, why.as_dict()
    tally.save(update_fields=["refusals", "next_at", "leased_until", "finding"])
    settle(tally, meter, now)
