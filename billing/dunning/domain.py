"""When an invoice that is overdue is written about: pure, in whole days.

Days overdue are counted on the organisation's own clocks: on the day after the due date an invoice is one day overdue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tenants.kernel.errors import Finding

MOST_LEVELS = 3
MOST_DAYS = 365
LONGEST_TEXT = 1000
PLACEHOLDERS = ("customer", "number", "open", "due", "days")
"""What a text of one's own may name, in braces."""
_PLACE = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Level:
    """A level: from how many days after the due date on it is written, and a text of one's own in place of ours."""

    days: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """The last letter about an invoice: its level, counted from one, and its day."""

    level: int
    on: date


def days_overdue(due: date, today: date) -> int:
    """How many days an invoice is overdue; nought or less before that."""
    return (today - due).days


def plan(levels: Sequence[Level], due: date, last: Written | None) -> list[tuple[int, date]]:
    """The levels that are still to come of an invoice, each with the day from which it may be written.

    Each level comes once. Between two letters lie at least the days that lie between their levels, so that whoever was
    told late, such as after a dispute, has the same time.

    Args:
        levels: The levels, the earliest first.
        due: The due date.
        last: The last letter; None when there was none.
    """
    done = last.level if last else 0
    if done > len(levels):
        return []
    days = [(number, due + timedelta(days=level.days)) for number, level in enumerate(levels, 1) if number > done]
    if last is None:
        return days
    before = levels[done - 1].days
    return [(number, max(day, last.on + timedelta(days=levels[number - 1].days - before))) for number, day in days]


def level_due(levels: Sequence[Level], due: date, last: Written | None, today: date) -> int | None:
    """The level to be written today: the highest one whose day has come, and none of those that it passes over."""
    return max((number for number, day in plan(levels, due, last) if day <= today), default=None)


def next_letter(levels: Sequence[Level], due: date, last: Written | None, today: date) -> tuple[int, date] | None:
    """The letter that comes next if nothing happens, and its day; None when all levels are through."""
    level = level_due(levels, due, last, today)
    if level is not None:
        return level, today
    return next(iter(plan(levels, due, last)), None)


def faults(levels: Sequence[Level]) -> list[Finding]:
    """What is wrong with levels: their number, their days, their texts."""
    found = []
    if len(levels) > MOST_LEVELS:
        found.append(_fault("levels", f"There are {len(levels)} levels.", f"Have at most {MOST_LEVELS}."))
    before = 0
    for at, level in enumerate(levels):
        if not before < level.days <= MOST_DAYS:
            fix = f"Enter more than {before} and at most {MOST_DAYS} days."
            found.append(_fault(f"levels/{at}/days", f"{level.days} days do not fit here.", fix))
        before = max(before, level.days)
        found += _faults_of_text(f"levels/{at}/text", level.text)
    return found


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text of one's own with what stands for its placeholders; nothing else in it is looked at."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)


def _faults_of_text(place: str, text: str) -> list[Finding]:
    found = []
    if len(text) > LONGEST_TEXT:
        found.append(_fault(place, f"The text has {len(text)} characters.", f"Have at most {LONGEST_TEXT}."))
    names = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
    unknown = sorted({name for name in _PLACE.findall(text) if name not in PLACEHOLDERS})
    if unknown:
        message = f"{', '.join(f'{{{each}}}' for each in unknown)} stands for nothing."
        found.append(_fault(place, message, f"Use {names}."))
    if set("{}") & set(_PLACE.sub("", text)):
        found.append(_fault(place, "A brace stands alone.", f"Use braces in {names} only."))
    return found


def _fault(place: str, message: str, fix: str) -> Finding:
    return Finding("dunning.level", place, message, fix)
