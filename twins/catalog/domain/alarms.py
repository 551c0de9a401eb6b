"""What is wrong with the alarms of a type, or with one that somebody made for an asset of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tenants.kernel.errors import Finding
from twins.catalog.schemas import Alarm, AssetType

CONDITIONS = ("when", "above", "below", "rising", "falling", "silent")
LIMITS = frozenset({"above", "below", "rising", "falling"})
RATES = frozenset({"rising", "falling"})


def condition_of(alarm: Alarm) -> str | None:
    """Which of the conditions an alarm has; None when it has none or several."""
    given = [name for name in CONDITIONS if getattr(alarm, name) is not None]
    return given[0] if len(given) == 1 else None


def alarm_findings(alarms: Mapping[str, Alarm], of: AssetType) -> Iterator[Finding]:
    """What is wrong with alarms of a type.

    Args:
        alarms: By key.
        of: The type with what it inherits.
    """
    for key, alarm in alarms.items():
        place = f"alarms/{key}"
        yield from _condition(place, alarm, of)
        yield from _measures(place, alarm)
        if alarm.suppressed_by is not None and (alarm.suppressed_by == key or alarm.suppressed_by not in of.alarms):
            message = f"{place} is suppressed by {alarm.suppressed_by!r}, which is no other alarm of {of.ref}."
            yield Finding("type.unknown_alarm", f"{place}/suppressed_by", message, "Name another alarm of the type.")


def _condition(place: str, alarm: Alarm, of: AssetType) -> Iterator[Finding]:
    condition = condition_of(alarm)
    if condition is None:
        message = f"{place} needs exactly one condition."
        yield Finding("type.alarm_condition", place, message, f"Give one of {', '.join(CONDITIONS)}.")
    elif condition == "when":
        if alarm.signal is not None:
            message = "An expression names its signals itself."
            yield Finding("type.misplaced", f"{place}/signal", message, "Remove signal.")
    elif alarm.signal is None:
        yield Finding("type.alarm_signal", place, f"{place} watches no signal.", "Name a signal of the type.")
    elif alarm.signal not in of.signals and alarm.signal not in of.derived:
        message = f"{of.ref} has no signal {alarm.signal!r}."
        yield Finding("type.unknown_signal", f"{place}/signal", message, "Name a signal of the type.")


def _measures(place: str, alarm: Alarm) -> Iterator[Finding]:
    condition = condition_of(alarm)
    for field, belongs in (("deadband", LIMITS), ("window", RATES)):
        if getattr(alarm, field) is not None and condition not in belongs:
            message = f"A condition of this kind has no {field}."
            yield Finding("type.misplaced", f"{place}/{field}", message, f"Remove {field}.")
    for field in ("deadband", "rising", "falling"):
        given = getattr(alarm, field)
        if given is not None and given < 0:
            yield Finding("type.not_positive", f"{place}/{field}", f"{field} is less than 0.", "Give 0 or more.")
