"""From the keys of a gateway to signals in their units: what can be kept is taken, the rest set aside with a reason."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twins.telemetry.bindings import in_units
from twins.telemetry.glimpses import GLIMPSED, Glimpse
from twins.telemetry.instants import moment
from twins.telemetry.salvage import LONGEST_KEY, keepable
from twins.telemetry.schemas import (
    NO_TIME,
    Aside,
    Bindings,
    Ints,
    Message,
    Normalised,
    Quality,
    Readings,
)

CLOCK_TOLERANCE_US = 5 * 60 * 1_000_000
"""How far a gateway's clock may be ahead of ours."""
LONGEST_HISTORY_US = 20 * 366 * 86_400 * 1_000_000
"""How old a reading may be when it arrives: each month of history takes a partition."""
LATE_US = 10 * 60 * 1_000_000
"""A reading that is older than this when it arrives is counted as late."""
MOST_AHEAD_US = 15 * 3600 * 1_000_000
"""A clock that is wrong by a time zone is ahead by less than this; what is said to lie farther ahead says no time."""

Mask = NDArray[np.bool_]

_NONE = np.empty(0, np.int64)
_NOT_FINITE = (
    "reading.not_finite",
    "its value is not a finite number",
    "Send nothing, or null in a table, where there is no value.",
)
_TOO_LARGE = (
    "reading.not_finite",
    "in the unit of its signal its value is beyond all numbers",
    "Check the binding's scale and unit.",
)
_NOT_CALCULATED = (
    "reading.not_calculated",
    "the expression of its binding gives no number for it",
    "Mend the expression: it divides by zero, or takes a root or a logarithm of something negative.",
)


def normalise(message: Message, bindings: Bindings, *, now_us: int) -> Normalised:
    """The readings of a message as readings of signals.

    A reading is set aside for the first of these that holds: no published twin is bound to its key, its value is not
    finite, its instant lies in the future or too long ago, its value is not finite in the unit of the signal, the
    expression of its binding gives none. One that is outside the credible range of its signal is kept as
    ``OUT_OF_RANGE``, unless the gateway calls it bad itself.

    Args:
        message: Columns as they were sent.
        bindings: What the keys of the gateway mean.
        now_us: The present, in microseconds since 1970.
    """
    bound = bindings.numbers(message.keys)[message.key]
    asides, unbound = list(message.broken), {}
    chosen = np.arange(bound.size)
    first, last = (int(message.at.min()), int(message.at.max())) if message.at.size else (now_us, NO_TIME)
    if not _is_sound(message, bound, first, last, now_us):
        sound = np.ones(bound.size, np.bool_)
        for fault, code, said, fix in _faults(message, bound, now_us):
            failed = np.flatnonzero(fault & sound)
            sound[failed] = False
            asides += _by_key(message, failed, code, said, fix)
        chosen, unbound = np.flatnonzero(sound), _unbound(message, bound, now_us)
    signal, chosen = _expanded(bindings, bound[chosen], chosen)
    value = message.value[chosen]
    if not bindings.is_plain:
        value = in_units(bindings, signal, value)
        finite = np.isfinite(value)
        if not finite.all():
            asides += _by_key(message, chosen[np.isinf(value)], *_TOO_LARGE)
            asides += _by_key(message, chosen[np.isnan(value)], *_NOT_CALCULATED)
            signal, chosen, value = signal[finite], chosen[finite], value[finite]
    quality = message.quality[chosen]
    credible = (value >= bindings.low[signal]) & (value <= bindings.high[signal])
    if not credible.all():
        quality[~credible & (quality != Quality.BAD)] = Quality.OUT_OF_RANGE
    readings = Readings(bindings.signal[signal], message.at[chosen], value, quality)
    # The places of the instants that lie too far back for their readings to come only now; mostly none.
    late = np.flatnonzero(readings.at < now_us - LATE_US) if first < now_us - LATE_US else _NONE
    return Normalised(readings, tuple(asides), unbound, newest=_newest(message.at, last, now_us), late=late)


def _newest(at: Ints, last: int, now_us: int) -> int:
    """The newest instant that a clock which is wrong by a time zone could say."""
    if last <= now_us + MOST_AHEAD_US:
        return last
    return int(at[at <= now_us + MOST_AHEAD_US].max(initial=NO_TIME))


def _is_sound(message: Message, bound: Ints, first: int, last: int, now_us: int) -> bool:
    """Whether there is no fault in any reading, as nearly always; cheaper than to look for each in each."""
    if not bound.size:
        return True
    return bool(
        bound.min() >= 0
        and last <= now_us + CLOCK_TOLERANCE_US
        and first >= now_us - LONGEST_HISTORY_US
        and np.isfinite(message.value).all()
    )


def _faults(message: Message, bound: Ints, now_us: int) -> Iterator[tuple[Mask, str, str, str]]:
    yield (
        bound < 0,
        "key.unbound",
        "no published twin reads this key",
        "Bind the key to a signal in a twin and publish it, or stop sending it.",
    )
    yield (~np.isfinite(message.value), *_NOT_FINITE)
    yield (
        message.at > now_us + CLOCK_TOLERANCE_US,
        "reading.in_future",
        f"its time is more than {CLOCK_TOLERANCE_US // 60_000_000} minutes ahead of ours",
        "Set the gateway's clock.",
    )
    yield (
        message.at < now_us - LONGEST_HISTORY_US,
        "reading.too_old",
        f"its time is before {moment(now_us - LONGEST_HISTORY_US):%Y-%m-%d}",
        "Set the gateway's clock; older history is not kept.",
    )


def _by_key(message: Message, failed: Ints, code: str, said: str, fix: str) -> Iterator[Aside]:
    for key, own in _grouped(message, failed):
        value = message.value[own]
        excerpt = "" if np.isfinite(value[0]) else str(value[0])
        yield Aside(key, code, said, fix, message.at[own], value, excerpt)


def _grouped(message: Message, places: Ints) -> Iterator[tuple[str, Ints]]:
    """The places by key, every key once, as PostgreSQL can keep it; in the order of the places within one."""
    by_key: dict[str, list[int]] = {}
    for place, number in zip(places.tolist(), message.key[places].tolist(), strict=True):
        by_key.setdefault(message.keys[number], []).append(place)
    for key, own in by_key.items():
        yield _name(key), np.array(own)


def _expanded(bindings: Bindings, bound: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    """For each reading the place of each of its signals in ``bindings``, and the reading's own place beside it."""
    if bindings.is_single:
        return bound, chosen
    count, first = bindings.count[bound], bindings.start[bound]
    nth = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(first, count) + nth, np.repeat(chosen, count)


def _unbound(message: Message, bound: Ints, now_us: int) -> dict[str, Glimpse]:
    """The keys that nothing is bound to, with what was sent of them that is not in the future."""
    credible = np.isfinite(message.value) & (message.at <= now_us + CLOCK_TOLERANCE_US)
    places = np.flatnonzero((bound < 0) & credible)
    places = places[np.argsort(message.at[places], kind="stable")]
    columns = (message.key[places].tolist(), message.at[places].tolist(), message.value[places].tolist())
    sent: dict[str, list[tuple[int, float]]] = {}
    for number, at, value in zip(*columns, strict=True):
        sent.setdefault(message.keys[number], []).append((at, value))
    return {_name(key): _glimpse(found) for key, found in sent.items()}


def _glimpse(sent: list[tuple[int, float]]) -> Glimpse:
    values = [value for _, value in sent]
    return Glimpse(tuple(sent[-GLIMPSED:]), len(sent), min(values), max(values))


def _name(key: str) -> str:
    """A key as PostgreSQL can keep it."""
    return keepable(key[:LONGEST_KEY]) or "(empty)"
