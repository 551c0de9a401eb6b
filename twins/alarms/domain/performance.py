"""How well an alarm system serves the people who watch it: the figures of ISA-18.2, clause 16."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from twins.alarms.domain.floods import BEGINS_ABOVE, CHATTER_SPAN, CHATTERS_FROM, SPAN

HOUR = 3_600_000_000
ACCEPTABLE_PER_HOUR, MOST_PER_HOUR = 6, 12
"""Annunciations an hour that one operator can see to; more than the second cannot be managed."""
RECOMMENDED = {"low": 80, "medium": 15, "high": 5}
"""Percent of all annunciations by priority; critical ones count with the high."""
MOST_FREQUENT = 10


@dataclass(frozen=True, slots=True)
class Frequent:
    """An alarm that comes often, with its share of all."""

    alarm: str
    count: int
    percent: float


@dataclass(frozen=True, slots=True)
class Performance:
    """The figures of a span of time.

    Attributes:
        count: Annunciations.
        per_hour: On average, for each operator.
        most_per_ten_minutes: In the worst ten minutes (of the clock), for all operators.
        flooded_percent: Share of ten-minute spans with more than ten annunciations.
        frequent: The alarms that come most often.
        frequent_percent: The share that these have together.
        chattering: Alarms that came three times or more within a minute.
        priorities: Percent by priority, critical ones with the high.
    """

    count: int
    per_hour: float
    most_per_ten_minutes: int
    flooded_percent: float
    frequent: tuple[Frequent, ...]
    frequent_percent: float
    chattering: tuple[str, ...]
    priorities: dict[str, float]


def performance(
    annunciated: Sequence[tuple[str, int, str]], start: int, end: int, *, operators: int = 1
) -> Performance:  # fmt: skip
    """The figures.

    Args:
        annunciated: The alarm, the instant in microseconds and the priority of each, in the order of time.
        start: First instant.
        end: First instant after.
        operators: How many share the work.
    """
    count = len(annunciated)
    often = Counter(alarm for alarm, _, _ in annunciated)
    spans = Counter(at // SPAN for _, at, _ in annunciated)
    frequent = [Frequent(alarm, number, 100 * number / count) for alarm, number in often.most_common(MOST_FREQUENT)]
    by_priority = Counter("high" if priority == "critical" else priority for _, _, priority in annunciated)
    return Performance(
        count=count,
        per_hour=count / max((end - start) / HOUR, 1e-9) / max(operators, 1),
        most_per_ten_minutes=max(spans.values(), default=0),
        flooded_percent=100 * sum(each > BEGINS_ABOVE for each in spans.values()) / max((end - start) / SPAN, 1),
        frequent=tuple(frequent),
        frequent_percent=sum(each.percent for each in frequent),
        chattering=_chattering(annunciated),
        priorities={name: 100 * by_priority[name] / count if count else 0.0 for name in RECOMMENDED},
    )


def _chattering(annunciated: Sequence[tuple[str, int, str]]) -> tuple[str, ...]:
    by_alarm: dict[str, list[int]] = defaultdict(list)
    for alarm, at, _ in annunciated:
        by_alarm[alarm].append(at)
    return tuple(
        alarm
        for alarm, instants in by_alarm.items()
        if any(
            later - first <= CHATTER_SPAN for first, later in zip(instants, instants[CHATTERS_FROM - 1 :], strict=False)
        )
    )
