"""Where the bars of a plan stand: bays down, days across, in whole pixels of an SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analytics.maintenance.models import Plan
from tenants.kernel.calendars import time_zone

DAY_PX, ROW_PX, BAR_PX, LEFT_PX, TOP_PX = 24, 56, 44, 64, 28
HIGH_RISK, SOME_RISK = 0.2, 0.05
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """A visit on the board."""

    x: int
    y: int
    width: int
    anchor: str
    label: str
    note: str
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A local day that begins; only some are labelled."""

    x: int
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """A bay."""

    y: int
    label: str


@dataclass(frozen=True, slots=True)
class Board:
    """A plan as a timeline."""

    width: int
    height: int
    left: int
    top: int
    bar_height: int
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...]
    bars: tuple[Bar, ...]


def board_of(plan: Plan, called_off: Mapping[str, str]) -> Board:
    """The timeline of a plan, in the zone of its shop.

    Args:
        plan: The plan.
        called_off: Why visits on it do not take place, by asset.
    """
    zone = time_zone(plan.assumptions["zone"])
    bays = [f"Bay {number}" for number in range(1, plan.assumptions["bays"] + 1)]
    bays += sorted({each["bay"] for each in plan.standing} - set(bays))
    rows = {bay: TOP_PX + number * ROW_PX for number, bay in enumerate(bays)}
    span = (plan.end - plan.start) / _DAY
    return Board(
        width=LEFT_PX + round(span * DAY_PX) + 1,
        height=TOP_PX + len(bays) * ROW_PX,
        left=LEFT_PX,
        top=TOP_PX,
        bar_height=BAR_PX,
        rows=tuple(Row(y, bay) for bay, y in rows.items()),
        marks=tuple(_marks(plan, zone)),
        bars=tuple(_bars(plan, rows, zone, called_off)),
    )


def risk_tone(probability: float) -> str:
    """How a chance of failure is tinted."""
    if probability >= HIGH_RISK:
        return "bad"
    return "warning" if probability >= SOME_RISK else "good"


def percent(share: float) -> str:
    """A share in percent with one digit."""
    return f"{100 * share:.1f} %"


def day_of(moment: datetime, zone: ZoneInfo) -> str:
    """A local day, such as ``Tue 1 Sep``."""
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b}"


def _marks(plan: Plan, zone: ZoneInfo) -> Iterator[Mark]:
    local, number = plan.start.astimezone(zone), 0
    while (day := local + number * _DAY) < plan.end:
        weekly = day.weekday() == 0 or (number == 0 and day.weekday() < 5)
        yield Mark(_x(plan, day), f"{day.day} {day:%b}" if weekly else "")
        number += 1


def _bars(plan: Plan, rows: dict[str, int], zone: ZoneInfo, called_off: Mapping[str, str]) -> Iterator[Bar]:
    for visit in plan.visits:
        risk = percent(visit["failure_probability"])
        tone, note = risk_tone(visit["failure_probability"]), f"{risk} risk"
        yield _bar(plan, rows, zone, visit, called_off, tone=tone, note=note, anchor=f"visit-{visit['asset']}")
    for order in plan.standing:
        yield _bar(plan, rows, zone, order, called_off, tone="planned", note="approved before", anchor="standing")


def _bar(
    plan: Plan, rows: dict[str, int], zone: ZoneInfo, what: dict[str, Any], called_off: Mapping[str, str], *,
    tone: str, note: str, anchor: str,
) -> Bar:  # fmt: skip
    why = called_off.get(what["asset"], "")
    if why:
        tone, note = "off", "cancelled"
    start, end = (datetime.fromisoformat(what[key]) for key in ("start", "end"))
    left, right = _x(plan, max(start, plan.start)), _x(plan, min(end, plan.end))
    title = f"{what['name']} {note}, {what['bay']}, {day_of(start, zone)} to {day_of(end, zone)}"
    title += f": {why}" if why else ""
    y = rows[what["bay"]] + (ROW_PX - BAR_PX) // 2
    return Bar(left, y, max(right - left - 1, 4), anchor, what["name"], note, tone, title)


def _x(plan: Plan, moment: datetime) -> int:
    return LEFT_PX + round((moment - plan.start) / _DAY * DAY_PX)
