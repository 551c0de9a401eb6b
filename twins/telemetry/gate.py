"""Lets batches in while the quota of the tenant, and of the customer whose gateway it is, has room for them.

What the day has used is read every two seconds, and what this process has let in since is added: with one process the
quota is never overrun, with several by no more than what the others let in between two looks. The rate is counted in
Redis. Neither touches a row for a reading: the counter of the day is written by the commit, once for many batches.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from tenants.lifecycle.domain import TAKES_READINGS, State, StateRefusedError
from tenants.limits.domain.plans import Kind, Meter
from tenants.limits.domain.standing import LimitReachedError, Standing, burst_of, share_of, who_can_raise
from tenants.limits.domain.windows import Window, window_of
from tenants.limits.rates import Rate, Rates, Wait
from tenants.limits.schemas import WHOLE, Allowance
from tenants.limits.selectors import allowance, standing, used_today
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.telemetry.instants import micros
from twins.telemetry.schemas import Source
from twins.telemetry.threads import in_thread

LOOK_SECONDS = 2.0
"""How long a changed plan may go unnoticed."""
_LOOK_AGAIN_SECONDS = 0.25
"""The same when there is no room: there may be some by now."""
_FULL_AGAIN_SECONDS = 600.0
"""When a gateway is to try again while the storage is full."""
_MOST_TENANTS = 2000
_LONGEST_AWAY_SECONDS = 1.0
"""How long a message may be turned away unread."""
_MOST_TURNED_AWAY = 20_000


@dataclass(frozen=True, slots=True)
class _TurnedAway:
    """A message that met a limit.

    Attributes:
        until: Of the clock that only goes on.
    """

    length: int
    until: float
    error: LimitReachedError


@dataclass(slots=True)
class _Seen:
    """What the database said at a look.

    Attributes:
        used: Of the day, by part.
        stored: Bytes.
        let_in: What this process had let in before the look, by part.
    """

    allowance: Allowance
    window: Window
    used: Mapping[UUID, int]
    stored: Standing
    let_in: Counter[UUID]
    looked_at: float
    state: State


@dataclass(slots=True)
class _Tenant:
    """What one tenant has used, as this process sees it.

    Attributes:
        let_in: Readings committed by this process since it began, by part.
        under_way: Readings that are on their way to a commit, by part.
    """

    seen: _Seen | None = None
    let_in: Counter[UUID] = field(default_factory=Counter)
    under_way: Counter[UUID] = field(default_factory=Counter)
    looking: asyncio.Task[_Seen] | None = None

    def used(self, seen: _Seen, part: UUID) -> int:
        return seen.used.get(part, 0) + self.let_in[part] - seen.let_in[part] + self.under_way[part]


@dataclass(slots=True)
class Entry:
    """A batch that was let in; whoever let it in says what became of it.

    Attributes:
        day: The day, of the tenant's time zone, on which its readings count; None for history, which counts on none.
    """

    day: date | None
    _tenant: _Tenant
    _parts: Sequence[UUID]
    _readings: int

    def settle(self, accepted: int) -> None:
        """Say how many of its readings were stored: none when it failed."""
        for part in self._parts:
            self._tenant.under_way[part] -= self._readings
            self._tenant.let_in[part] += accepted


class Gate:
    """Lets batches in, or says which limit is in their way. One of them in a process, on one event loop.

    Args:
        redis_url: Where rates are counted.
        is_for_history: Whether what it lets in are files of history: these count on no day and have no rate, for
            whoever imports them counts them; but storage and the state of the organisation bind them as all others.
    """

    def __init__(self, redis_url: str, *, is_for_history: bool = False) -> None:
        self._is_for_history = is_for_history
        self._rates = Rates(redis_url)
        self._tenants: OrderedDict[UUID, _Tenant] = OrderedDict()
        self._turned_away: OrderedDict[Source, _TurnedAway] = OrderedDict()

    def comes_too_early(self, source: Source, length: int) -> LimitReachedError | None:
        """What a message is refused with unread: one as long has met a limit, and the wait it was told is not over.

        To read it would cost as much as to store it, and whoever sends ten times what it may would take that time from
        all others.

        Args:
            source: Whose it is.
            length: Bytes.
        """
        last = self._turned_away.get(source)
        if last is None or length < last.length:
            return None
        if time.monotonic() >= last.until:
            del self._turned_away[source]
            return None
        return last.error.with_traceback(None)

    def turn_away(self, source: Source, length: int, error: LimitReachedError) -> None:
        """Remember that a message has met a limit: until its rate has room, or the database is looked at again."""
        is_rate = error.standing.meter is Meter.READINGS_PER_SECOND
        seconds = min(error.wait or 0.0, _LONGEST_AWAY_SECONDS) if is_rate else _LOOK_AGAIN_SECONDS
        self._turned_away[source] = _TurnedAway(length, time.monotonic() + seconds, error)
        self._turned_away.move_to_end(source)
        if len(self._turned_away) > _MOST_TURNED_AWAY:
            self._turned_away.popitem(last=False)

    async def enter(self, source: Source, readings: int, *, now: datetime, set_aside: int = 0) -> Entry:
        """Let a batch in.

        Args:
            source: Whose it is.
            readings: How many readings of it are to be stored.
            now: When it came.
            set_aside: How many others it has: they cost as much work, and so count towards the rate.

        Raises:
            LimitReachedError: There is no room for it.
            StateRefusedError: The tenant is suspended or closed.
            UnavailableError: The database cannot be reached.
        """
        tenant = self._tenant(source.tenant)
        seen = await self._seen(source.tenant, tenant, now, LOOK_SECONDS)
        if seen.state not in TAKES_READINGS:
            raise StateRefusedError(
                seen.state, f"the organisation is {seen.state} and takes no readings", "Its owners can choose a plan."
            )
        parts: tuple[UUID, ...] = (WHOLE,) if source.customer is None else (WHOLE, source.customer)
        if self._is_for_history:
            parts = ()
        counted = parts if readings else ()  # what is set aside takes storage, and nothing of the day
        if (readings or set_aside) and _in_the_way(tenant, seen, counted, readings) is not None:
            seen = await self._seen(source.tenant, tenant, now, _LOOK_AGAIN_SECONDS)
            if (reached := _in_the_way(tenant, seen, counted, readings)) is not None:
                raise _refusal(reached, readings, now)
        if self._is_for_history:
            return Entry(None, tenant, parts, readings)
        entry = Entry(seen.window.first, tenant, parts, readings)
        for part in parts:
            tenant.under_way[part] += readings
        wait = await self._rates.take(
            source.tenant, _rates(seen.allowance, source.customer), readings + set_aside, now_us=micros(now)
        )
        if wait is not None:
            entry.settle(0)
            raise _too_fast(seen.allowance, wait, readings + set_aside, now)
        return entry

    async def close(self) -> None:
        """Give the connections back."""
        await self._rates.close()

    def _tenant(self, tenant: UUID) -> _Tenant:
        known = self._tenants.setdefault(tenant, _Tenant())
        self._tenants.move_to_end(tenant)
        if len(self._tenants) > _MOST_TENANTS:
            self._tenants.popitem(last=False)
        return known

    async def _seen(self, id_: UUID, tenant: _Tenant, now: datetime, longest_seconds: float) -> _Seen:
        seen = tenant.seen
        is_old = seen is None or time.monotonic() - seen.looked_at > longest_seconds or seen.window.resets_at <= now
        if seen is not None and not is_old:
            return seen
        if tenant.looking is None:
            tenant.looking = asyncio.create_task(_look(id_, tenant, now))
            tenant.looking.add_done_callback(lambda _: setattr(tenant, "looking", None))
        return await asyncio.shield(tenant.looking)


async def _look(id_: UUID, tenant: _Tenant, now: datetime) -> _Seen:
    let_in, looked_at = Counter(tenant.let_in), time.monotonic()
    held, window, used, stored, state = await in_thread(lambda: _load(id_, now))
    tenant.seen = _Seen(held, window, used, stored, let_in, looked_at, state)
    return tenant.seen


def _load(tenant: UUID, now: datetime) -> tuple[Allowance, Window, Mapping[UUID, int], Standing, State]:
    with scope(tenant):
        held = allowance(now=now)
        window = window_of(Kind.DAY, now, held.zone)
        assert window is not None  # days have one
        used = used_today(Meter.READINGS_PER_DAY, window.first)
        state = State(Tenant.objects.values_list("state", flat=True).get(id=tenant))
        return held, window, used, standing(Meter.STORAGE, now=now, held=held), state


def _in_the_way(tenant: _Tenant, seen: _Seen, parts: Sequence[UUID], readings: int) -> Standing | None:
    """The first limit that has no room for so many more."""
    if seen.stored.left == 0:
        return seen.stored
    for part in parts:
        limit = _limit(seen.allowance, Meter.READINGS_PER_DAY, part)
        used = tenant.used(seen, part)
        if limit is not None and used + readings > limit:
            return _standing(seen.allowance, Meter.READINGS_PER_DAY, part, used, seen.window.resets_at)
    return None


def _limit(held: Allowance, meter: Meter, part: UUID) -> int | None:
    whole = held.limits[meter]
    return whole if part == WHOLE else share_of(whole, held.shares.get((part, meter)))


def _standing(held: Allowance, meter: Meter, part: UUID, used: int, resets_at: datetime) -> Standing:
    customer = None if part == WHOLE else part
    return Standing(
        meter, _limit(held, meter, part), used, resets_at, customer, "a customer" if customer else "",
        who_can_raise(held.plan, customer=customer is not None),
    )  # fmt: skip


def _refusal(reached: Standing, readings: int, now: datetime) -> LimitReachedError:
    """Also for full storage the sender is told to come again: it keeps the batch, and nothing is lost."""
    error = LimitReachedError(reached, now=now, asked=0 if reached.meter is Meter.STORAGE else readings)
    if reached.resets_at is None:
        error.status, error.wait = 429, _FULL_AGAIN_SECONDS
    return error


def _rates(held: Allowance, customer: UUID | None) -> tuple[Rate, ...]:
    meter, found = Meter.READINGS_PER_SECOND, []
    plans = held.plan.limits[meter]
    if (whole := held.limits[meter]) is not None:
        found.append(Rate(WHOLE, max(whole, 1), burst_of(held.plan, whole, of=plans)))
    share = None if customer is None else held.shares.get((customer, meter))
    if customer is not None and share is not None:
        rate = max(share_of(whole, share) or 1, 1)
        found.append(Rate(customer, rate, burst_of(held.plan, rate, of=plans)))
    return tuple(found)


def _too_fast(held: Allowance, wait: Wait, readings: int, now: datetime) -> LimitReachedError:
    again = now + timedelta(seconds=wait.seconds)
    part, meter = wait.rate.part, Meter.READINGS_PER_SECOND
    return LimitReachedError(_standing(held, meter, part, wait.rate.rate, again), now=now, asked=readings)
