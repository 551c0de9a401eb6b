"""A type as its page shows it: a table for each section, with what is inherited marked by where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from twins.catalog.domain.alarms import condition_of
from twins.catalog.domain.origins import Origins
from twins.catalog.schemas import (
    Alarm,
    AssetType,
    Command,
    Component,
    Constraint,
    Derived,
    FailureMode,
    Maintenance,
    Port,
    Property,
    Relationship,
    Signal,
)
from twins.catalog.wording import in_language
from twins.language.symbols import symbol


@dataclass(frozen=True, slots=True)
class Cell:
    """What a column says of one part: a text, whether it is code, and the type that it leads to."""

    label: Any
    text: str
    is_code: bool = False
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One part of a section.

    Attributes:
        origin: The ancestor that says it, empty for the type's own.
        overrides: The ancestor whose part it narrows, empty for none.
        fields: What it says itself then.
    """

    key: str
    name: str
    cells: tuple[Cell, ...]
    origin: str
    overrides: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A section that has something in it; `labels` heads the columns after the name."""

    section: str
    title: Any
    icon: str
    labels: tuple[Any, ...]
    rows: tuple[Row, ...]

    @property
    def inherits(self) -> bool:
        """Whether something in it comes from an ancestor."""
        return any(row.origin or row.overrides for row in self.rows)


Cells = Iterator[Cell]


def sheets(of: AssetType, found: Origins, language: str) -> list[Sheet]:
    """The sections of a type with all that it inherits, those that are empty left out.

    Args:
        of: The type with what it inherits.
        found: Where its parts come from.
        language: The viewer's.
    """
    made = (_sheet(section, title, icon, tell, of, found, language) for section, title, icon, tell in _SECTIONS)
    return [sheet for sheet in made if sheet.rows]


def duration(value: timedelta) -> str:
    """A length of time as people write it: ``1 h 30 min``."""
    seconds = value.total_seconds()
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{count:g} {unit}" for count, unit in parts if count)


def _sheet(
    section: str, title: Any, icon: str, tell: Callable[[Any], Cells], of: AssetType, found: Origins, language: str
) -> Sheet:
    parts: Mapping[str, Any] = getattr(of, section)
    rows = tuple(_row(of, f"{section}/{key}", key, part, tuple(tell(part)), found, language)
                 for key, part in parts.items())  # fmt: skip
    said = [any(row.cells[place].text for row in rows) for place in range(len(rows[0].cells))] if rows else []
    kept = tuple(
        Row(row.key, row.name, tuple(cell for cell, is_said in zip(row.cells, said, strict=True) if is_said),
            row.origin, row.overrides, row.fields)
        for row in rows
    )  # fmt: skip
    labels = tuple(cell.label for cell in kept[0].cells) if kept else ()
    return Sheet(section, title, icon, labels, kept)


def _row(of: AssetType, place: str, key: str, part: Any, cells: tuple[Cell, ...], found: Origins, language: str) -> Row:
    override = found.overrides.get(place)
    origin = found.parts.get(place, of.ref)
    name = in_language(getattr(part, "name", None), language)
    return Row(
        key, name, cells, "" if override or origin == of.ref else origin, override.of if override else "",
        override.fields if override else (),
    )  # fmt: skip


def _number(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _range(pair: tuple[Decimal, Decimal] | None) -> str:
    return "" if pair is None else f"{pair[0]:f} – {pair[1]:f}"


def _unit(code: str | None) -> str:
    return symbol(code) if code else ""


def _list(texts: Iterable[object]) -> str:
    return ", ".join(str(each) for each in texts)


def _bounds(part: Property) -> str:
    if part.minimum is not None and part.maximum is not None:
        return _range((part.minimum, part.maximum))
    if part.minimum is not None:
        return _("at least %(number)s") % {"number": _number(part.minimum)}
    return _("at most %(number)s") % {"number": _number(part.maximum)} if part.maximum is not None else ""


def _choices(part: Property) -> str:
    return _list(in_language(part.choice_names.get(each), "en", each) for each in part.choices)


def _kind(part: Property) -> str:
    words = {
        "number": _("number"), "integer": _("whole number"), "text": _("text"), "boolean": _("yes or no"),
        "object": _("several values together"), "map": _("values by name"), "array": _("a list of values"),
    }  # fmt: skip
    inner = _list(part.fields) or (_kind(part.of) if part.of is not None else "")
    return f"{words[part.type]}: {inner}" if inner else words[part.type]


def _property(part: Property) -> Cells:
    yield Cell(lazy("Value"), _kind(part))
    yield Cell(lazy("Unit"), _unit(part.unit))
    yield Cell(lazy("Allowed"), _bounds(part) or _choices(part))
    yield Cell(lazy("Usual"), "" if part.default is None else str(part.default))
    yield Cell(lazy("Needed"), _("yes") if part.required else "")
    yield Cell(lazy("Source"), part.source or "")


def _signal(part: Signal) -> Cells:
    quality = part.quality
    suspect = (
        (_("stuck for %(time)s") % {"time": duration(quality.stuck)} if quality.stuck else "",
         _("spikes beyond %(number)s deviations") % {"number": _number(quality.spike)} if quality.spike else "",
         _("later than %(time)s") % {"time": duration(quality.stale)} if quality.stale else "")
        if quality else ()
    )  # fmt: skip
    yield Cell(lazy("Unit"), _unit(part.unit))
    yield Cell(lazy("Credible range"), _range(part.range))
    yield Cell(lazy("A reading every"), duration(part.rate) if part.rate else "")
    yield Cell(lazy("Suspect when"), _list(filter(None, suspect)))
    yield Cell(lazy("Source"), part.source or "")


def _derived(part: Derived) -> Cells:
    yield Cell(lazy("Unit"), _unit(part.unit))
    yield Cell(lazy("Formula"), part.formula, is_code=True)
    yield Cell(lazy("Source"), part.source or "")


def _state(part: str) -> Cells:
    yield Cell(lazy("Holds when"), part, is_code=True)


def _alarm(part: Alarm) -> Cells:
    condition = condition_of(part)
    limit = getattr(part, condition) if condition else None
    words = {
        "above": _("%(signal)s above %(limit)s"), "below": _("%(signal)s below %(limit)s"),
        "rising": _("%(signal)s rises by more than %(limit)s a second"),
        "falling": _("%(signal)s falls by more than %(limit)s a second"),
        "silent": _("%(signal)s is silent for %(limit)s"),
    }  # fmt: skip
    told = duration(limit) if isinstance(limit, timedelta) else _number(limit) if isinstance(limit, Decimal) else ""
    plain = words[condition] % {"signal": part.signal, "limit": told} if condition in words else ""
    yield Cell(lazy("Rises when"), plain or part.when or "", is_code=not plain)
    yield Cell(lazy("For"), duration(part.for_) if part.for_ else "")
    yield Cell(lazy("Priority"), {"low": _("low"), "medium": _("medium"), "high": _("high"),
                                  "critical": _("critical")}[part.priority])  # fmt: skip
    yield Cell(lazy("What to do"), part.action or "")


def _constraint(part: Constraint) -> Cells:
    yield Cell(lazy("Must hold"), part.holds, is_code=True)
    yield Cell(lazy("Otherwise"), part.message or "")
    yield Cell(lazy("Then"), _("it is only said") if part.severity == "hint" else _("a twin cannot be published"))


def _command(part: Command) -> Cells:
    told = (f"{key} {_range(each.range) or _list(each.choices)} {_unit(each.unit)}".strip()
            for key, each in part.parameters.items())  # fmt: skip
    yield Cell(lazy("Parameters"), _list(told))
    yield Cell(lazy("Only while"), part.when or "", is_code=True)
    yield Cell(lazy("Risk"), {"low": _("low"), "medium": _("medium"), "high": _("high")}[part.risk])
    yield Cell(lazy("Who may give it"), _list(part.roles) or _("who may operate the twin"))
    yield Cell(lazy("Agreement"), _("a second person has to agree") if part.confirm else "")


def _port(part: Port) -> Cells:
    yield Cell(lazy("What may pass"), _list(part.accepts))
    yield Cell(lazy("Links"), ngettext("at most %(count)s", "at most %(count)s", part.max) % {"count": part.max}
               if part.max is not None else _("any number"))  # fmt: skip


def _relationship(part: Relationship) -> Cells:
    yield Cell(lazy("May lead to"), _list(part.targets) or _("any type"))
    yield Cell(lazy("How many"), f"{part.min} – {part.max}" if part.max is not None
               else _("at least %(number)s") % {"number": part.min})  # fmt: skip
    yield Cell(lazy("Said about each"), _list(part.properties))


def _component(part: Component) -> Cells:
    low, high = part.count
    yield Cell(lazy("Type"), part.type, is_code=True, ref=part.type)
    yield Cell(lazy("How many"), str(low) if low == high else f"{low} – {high}")


def _failure_mode(part: FailureMode) -> Cells:
    yield Cell(lazy("Seen in"), _list(part.signals), is_code=True)
    yield Cell(lazy("Ends in"), _list(part.effects))
    yield Cell(lazy("Source"), part.source or "")


def _maintenance(part: Maintenance) -> Cells:
    yield Cell(lazy("Takes"), duration(part.duration))
    yield Cell(lazy("Undoes"), _list(part.restores))
    yield Cell(lazy("People"), _list(f"{count} {skill.replace('_', ' ')}" for skill, count in part.skills.items()))
    yield Cell(lazy("Parts"), _list(f"{count} {number}" for number, count in part.parts.items()))
    yield Cell(lazy("Out of service"), _("yes") if part.shutdown else "")
    yield Cell(lazy("Source"), part.source or "")


def _indicator(part: str) -> Cells:
    yield Cell(lazy("What counts"), part)


_SECTIONS: tuple[tuple[str, Any, str, Callable[[Any], Cells]], ...] = (
    ("properties", lazy("Properties"), "list-details", _property),
    ("signals", lazy("Signals"), "wave-sine", _signal),
    ("derived", lazy("Derived signals"), "chart-line", _derived),
    ("states", lazy("States"), "activity", _state),
    ("alarms", lazy("Alarms"), "bell", _alarm),
    ("constraints", lazy("Constraints"), "scale", _constraint),
    ("commands", lazy("Commands"), "player-play", _command),
    ("ports", lazy("Ports"), "plug-connected", _port),
    ("relationships", lazy("Relationships"), "link", _relationship),
    ("components", lazy("Components"), "components", _component),
    ("failure_modes", lazy("Failure modes"), "alert-triangle", _failure_mode),
    ("maintenance", lazy("Maintenance"), "tool", _maintenance),
    ("indicators", lazy("Outcome indicators"), "trending-up", _indicator),
)
