"""The readings of a counter that its rise over a span is told from.

A counter rises or begins anew. Of the readings of an hour the last tells as much as all of them, as long as the counter
rises; where it falls, the readings on both sides do. A fall to less than half is a counter that began anew, from
nothing. A smaller one is a counter that ran backwards, which none does: the readings below are left out until the
counter is where it was, so that nothing is counted twice, and a finding tells it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tenants.kernel.calendars import Span
from twins.evidence.domain.conditions import Sampled
from twins.evidence.domain.items import HOUR_MS, Bools, Ints
from twins.language.evaluation import UNUSABLE
from twins.telemetry.schemas import Floats

_MS = 1000
_ANEW = 0.5
"""A counter that falls below this share of what it was has begun anew."""


class Rise(NamedTuple):
    """The readings that count, in the order of time; shape ``(n,)`` each.

    Attributes:
        at: Instants in milliseconds; the first may be before the span: where its rise begins.
        value: In the unit of the type, not negative.
        received: When each became known, in milliseconds.
        backwards: Those that were left out since the counter ran backwards there, instants in milliseconds.
        negative: Those that were left out since no counter is below nothing.
    """

    at: Ints
    value: Floats
    received: Ints
    backwards: Ints
    negative: Ints


def rise(sampled: Sampled, span: Span, cuts: Ints) -> Rise:
    """What a counter's rise within a span, its start excluded and its end included, is told from.

    Args:
        sampled: Its readings, the last one up to the start among them.
        span: ``[start, end)`` in milliseconds.
        cuts: As for conditions; of every version, which readings came with which cut, those that tell its rise stay.
    """
    at = sampled.at // _MS
    usable = ~np.isnan(sampled.value) & (sampled.rank < UNUSABLE) & (at <= span[1])
    usable &= np.append(at[1:] != at[:-1], True)  # of what happens within one millisecond, the last counts
    negative = usable & (sampled.value < 0)
    usable &= ~negative
    at, value, received = at[usable], sampled.value[usable], sampled.received[usable]
    sound = _sound(value)
    group = np.searchsorted(cuts, received)
    kept = np.zeros(at.size, np.bool_)
    for each in np.unique(group).tolist():
        known = np.flatnonzero(sound & (group <= each))
        kept[known[_telling(at[known], value[known], span)]] = True
    backwards = at[~sound & (at > span[0])]
    below = sampled.at[negative] // _MS
    return Rise(at[kept], value[kept], received[kept], backwards, below[below > span[0]])


def _sound(value: Floats) -> Bools:
    """Which readings of a counter may be: not those below where it was, unless it began anew."""
    if not value.size or (value[1:] >= value[:-1]).all():
        return np.ones(value.size, np.bool_)
    sound, reached = [], -np.inf
    for one in value.tolist():
        sound.append(one >= reached or one < _ANEW * reached)
        if sound[-1]:
            reached = one
    return np.array(sound, np.bool_)


def _telling(at: Ints, value: Floats, span: Span) -> Ints:
    """The places of the readings that tell the rise: the base, the last of each hour, and both sides of a fall."""
    if not at.size:
        return np.empty(0, np.int64)
    base = max(int(np.searchsorted(at, span[0], "right")) - 1, 0)
    near = at[base:]
    # The reading at a full hour ends the hour before it.
    hour = (near - 1) // HOUR_MS
    last = np.append(hour[1:] != hour[:-1], True)
    last[0] = True
    falls = np.flatnonzero(value[base + 1 :] < value[base:-1])
    last[falls] = last[falls + 1] = True
    return base + np.flatnonzero(last)
