"""Types on the way of a message from a gateway to the database, and of readings back from it.

Readings travel as columns: one numpy array for each of their parts. Instants are whole microseconds since
1970-01-01T00:00:00Z, values are 64-bit floats, in the unit of their signal once they have one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum
from functools import cached_property
from itertools import repeat
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from twins.language.typed import Formula
from twins.telemetry.glimpses import Glimpse

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_SHORTEST_LIST, _MOST_LISTS = 16, 200
NO_TIME = int(np.iinfo(np.int64).min)
"""Stands for an instant that could not be read."""
NEVER = int(np.iinfo(np.int64).max)
"""Stands for a length of time that nothing reaches."""


class Quality(IntEnum):
    """How far a value can be trusted; stored beside it, never in its place (docs/decisions/014).

    The first three are what the gateway says, the others but the last are found by the rules of the signal. Where
    several hold, the order is ``BAD``, ``OUT_OF_RANGE``, ``STALE``, ``STUCK``, ``SPIKE``, ``UNCERTAIN``.
    """

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2
    OUT_OF_RANGE = 3
    """Outside what is credible for the signal."""
    STUCK = 4
    """The same value for longer than the rule allows."""
    SPIKE = 5
    """Farther from the values before it than the rule allows, in robust deviations."""
    STALE = 6
    """Much older than what it came with, which was fresh: a value read long ago and sent as new."""
    SUBSTITUTED = 7
    """A person or a later estimate replaced what was sent; a revision that names its reason and author."""


SAID = {quality.name.lower(): quality for quality in (Quality.GOOD, Quality.UNCERTAIN, Quality.BAD)}
"""What a gateway may say of a value, by its word."""
USABLE = frozenset({Quality.GOOD, Quality.UNCERTAIN, Quality.SUBSTITUTED})
"""The qualities of values to compute with; the rest are kept and shown, and count for nothing."""
USABLE_CODES = tuple(sorted(int(quality) for quality in USABLE))
"""The same as they are stored, for ``quality = ANY(...)``."""


def usable(quality: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Which of some stored qualities are of values to compute with, shape ``(n,)``."""
    return np.isin(quality, USABLE_CODES)


@dataclass(frozen=True, slots=True)
class Source:
    """Whose message it is: known from the credential, never from the message.

    Attributes:
        customer: The end customer whose gateway it is, if it is one's.
    """

    tenant: UUID
    gateway: UUID
    customer: UUID | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """When readings of a signal are suspect, as its type says; None where it says nothing.

    Attributes:
        rate: How often a reading is expected.
        stuck: The same value for so long is stuck.
        spike: So many robust deviations away from the values before it is a spike.
        stale: What comes as new is at most so much older than the newest it came with.
    """

    rate: timedelta | None = None
    stuck: timedelta | None = None
    spike: Decimal | None = None
    stale: timedelta | None = None

    @property
    def is_any(self) -> bool:
        """Whether anything has to be looked at when readings arrive."""
        return not (self.stuck is None and self.spike is None and self.stale is None)


@dataclass(frozen=True, slots=True)
class BoundSignal:
    """A binding of a published twin, with what the asset's type says of the signal.

    Attributes:
        key: The signal's key in the type.
        unit: UCUM code in which the type has its values.
        range: Smallest and largest credible value in that unit, both inclusive.
        sent_key: The gateway's key.
        scale: ``scale * sent + offset`` is the value in ``sent_unit``.
        sent_unit: UCUM code, None for the signal's own.
        expression: What the value is instead, worked out from ``value``, the sent one.
        rules: When its readings are suspect.
    """

    twin: UUID
    asset: UUID
    key: str
    unit: str
    gateway: UUID
    sent_key: str
    asset_name: str = ""
    range: tuple[Decimal, Decimal] | None = None
    scale: Decimal | None = None
    offset: Decimal | None = None
    sent_unit: str | None = None
    expression: str | None = None
    rules: Rules = Rules()


@dataclass(frozen=True, slots=True, eq=False)
class RuleTable:
    """The rules of those signals of a gateway that have any; shape ``(n,)`` each.

    Attributes:
        signal: Ids, ascending.
        stuck: Microseconds, ``NEVER`` where there is no such rule.
        spike: Robust deviations, infinite where there is no such rule.
        stale: Microseconds, ``NEVER`` where there is no such rule.
    """

    signal: Ints
    stuck: Ints
    spike: Floats
    stale: Ints

    @classmethod
    def of(cls, rules: Mapping[int, Rules]) -> RuleTable:
        """The table of rules by signal."""
        rows = sorted((signal, one) for signal, one in rules.items() if one.is_any)
        return cls(
            signal=np.array([signal for signal, _ in rows], np.int64),
            stuck=np.array([_micros(one.stuck) for _, one in rows], np.int64),
            spike=np.array([np.inf if one.spike is None else float(one.spike) for _, one in rows], np.float64),
            stale=np.array([_micros(one.stale) for _, one in rows], np.int64),
        )


def _micros(length: timedelta | None) -> int:
    return NEVER if length is None else length // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a signal is shown: in a twin, at an asset, under a key."""

    tenant: UUID
    twin: UUID
    asset: UUID
    key: str


@dataclass(frozen=True, eq=False)
class Bindings:
    """What becomes of each key of one gateway; a key may lead to several signals.

    The signals of the key number ``k`` (``index[key]``) are those from ``start[k]`` to ``start[k] + count[k]`` in the
    arrays over signals.

    Attributes:
        index: The number of each key.
        start: First signal of each key, shape ``(keys,)``.
        count: Number of signals of each key, shape ``(keys,)``.
        signal: Ids, shape ``(signals,)`` as all that follow.
        factor: ``factor * sent + offset`` is the value in its unit; what its formula gives takes the place of ``sent``.
        offset: See ``factor``.
        low: Smallest credible value, in the unit of the signal.
        high: Largest credible value.
        formula: The number of its formula in ``formulas``, -1 for none.
        formulas: The expressions of bindings, each once.
        rules: When their readings are suspect.
        names: What people call each signal, for messages.
        units: Their units.
        places: Where each signal is shown.
    """

    index: Mapping[str, int]
    start: Ints
    count: Ints
    signal: Ints
    factor: Floats
    offset: Floats
    low: Floats
    high: Floats
    formula: Ints
    formulas: Sequence[Formula]
    names: Sequence[str]
    units: Sequence[str]
    places: Mapping[int, Place]
    rules: RuleTable

    def numbers(self, keys: Sequence[str]) -> Ints:
        """The number of each key, -1 where there is none.

        A gateway sends the same keys in the same order again and again, and to recognise a whole list of thousand costs
        less than to look ten of them up.
        """
        if len(keys) < _SHORTEST_LIST:
            return self._looked_up(keys)
        text = "\x00".join(keys)
        found = self._lists.get(text)
        if found is None:
            found = self._looked_up(keys)
            if len(self._lists) < _MOST_LISTS and text.count("\x00") == len(keys) - 1:
                self._lists[text] = found
        return found

    def _looked_up(self, keys: Sequence[str]) -> Ints:
        return np.fromiter(map(self.index.get, keys, repeat(-1)), np.int64, len(keys))

    @cached_property
    def _lists(self) -> dict[str, Ints]:
        return {}

    @cached_property
    def is_single(self) -> bool:
        """Whether every key leads to one signal, so that they have the same numbers."""
        return bool((self.count == 1).all())

    @cached_property
    def is_plain(self) -> bool:
        """Whether every value is stored as it is sent."""
        return bool((self.factor == 1.0).all() and (self.offset == 0.0).all() and not self.formulas)


@dataclass(frozen=True, slots=True, eq=False)
class Aside:
    """Readings of one key that were set aside for one reason.

    Attributes:
        key: The gateway's key, empty when the message as a whole cannot be read.
        code: Dotted reason.
        message: What is wrong with them.
        fix: What to do about it.
        at: Their instants, ``NO_TIME`` where unreadable, shape ``(n,)``.
        value: Their values as sent, NaN where they are no numbers, shape ``(n,)``.
        excerpt: The beginning of what was sent for the first of them, when the numbers do not say it.
    """

    key: str
    code: str
    message: str
    fix: str
    at: Ints
    value: Floats
    excerpt: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """A decoded batch.

    Attributes:
        batch: The gateway's name for it.
        keys: The keys; one may stand there several times.
        key: The number of each reading's key in ``keys``, shape ``(n,)`` as all that follow.
        at: Instants.
        value: Values as sent.
        quality: Values of ``Quality``.
        broken: What could not be read.
    """

    batch: str
    keys: Sequence[str]
    key: Ints
    at: Ints
    value: Floats
    quality: NDArray[np.int16]
    broken: tuple[Aside, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Readings of signals, ready to be stored; shape ``(n,)`` each."""

    signal: Ints
    at: Ints
    value: Floats
    quality: NDArray[np.int16]

    @property
    def size(self) -> int:
        """How many they are."""
        return int(self.signal.size)


@dataclass(frozen=True, slots=True, eq=False)
class Normalised:
    """What a message came to.

    Attributes:
        readings: Of signals, in their units; a key that is bound to two signals makes two of one that was sent.
        aside: What was set aside.
        unbound: Keys that no published twin is bound to, each with what was sent of it.
        newest: The newest instant that was sent and can be meant as the present, also when it was set aside;
            ``NO_TIME`` when there is none.
        late: The places of the readings that came late.
    """

    readings: Readings
    aside: tuple[Aside, ...]
    unbound: Mapping[str, Glimpse] = field(default_factory=dict)
    newest: int = NO_TIME
    late: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def set_aside(self) -> int:
        """How many readings were set aside; a message that was set aside as a whole counts as one."""
        return sum(max(aside.at.size, 1) for aside in self.aside)


@dataclass(frozen=True, slots=True)
class Said:
    """What a gateway says of itself beside a batch.

    Attributes:
        version: Of its program; empty when it says none.
        backlog: Readings that wait to be sent; None when it does not say.
        sent_at: When it sent the batch, by its own clock; ``NO_TIME`` when it does not say.
        replayed: Whether it kept the batch through an outage: all of it is late.
    """

    version: str = ""
    backlog: int | None = None
    sent_at: int = NO_TIME
    replayed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """A message that waits to be committed.

    Attributes:
        batch: The gateway's name for it; empty when the message was broken and there is nothing but what to set aside.
        digest: Tells two batches of one name apart.
        day: The day of the tenant's time zone on which its readings count; None for those that count on none.
        said: What the gateway says of itself.
        extra: What is written with it, an ``extras.Extra``.
    """

    source: Source
    batch: str
    digest: int
    normalised: Normalised
    day: date | None = None
    said: Said = Said()
    extra: Any = None


class Outcome(NamedTuple):
    """What became of a delivery in the commit.

    Attributes:
        accepted: Readings that this delivery stored.
        duplicate: Readings that were there already, or that a later reading of the same batch replaced.
        set_aside: Readings that were not stored.
        commit: The tenant's count of commits at which the batch became durable.
    """

    accepted: int
    duplicate: int
    set_aside: int
    commit: int


@dataclass(frozen=True, slots=True, eq=False)
class Receipt:
    """What a gateway is told about a batch once it is durable."""

    batch: str
    outcome: Outcome
    aside: tuple[Aside, ...]

    def summary(self) -> dict[str, Any]:
        """In figures, as an ``ack`` message has it."""
        return {"batch": self.batch, **self.outcome._asdict()}
