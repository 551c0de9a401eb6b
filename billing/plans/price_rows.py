"""What is entered in the form of a plan's prices: fields, and rows of meters and tiers that come and go."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from billing.plans.counting import REPORTS, STORAGE
from billing.plans.schemas import PREFIX, MeterDocument, PlanPricesDocument
from tenants.kernel.money import Money

METER = ("type", "name", "unit", "aggregate", "per", "included", "mode", "used")
TIER = ("from", "to", "price")
MOST_METERS, MOST_TIERS = 20, 12
"""How many a form has: more prices than these are published over the API."""

Values = dict[str, str]
_ROW = re.compile(r"meters-(\d{1,3})-(?:tiers-(\d{1,3})-)?([a-z]+)", re.ASCII)
_DEED = re.compile(r"(add-meter|remove-meter|add-tier|remove-tier)((?:/\d{1,3})*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Preset:
    """What a meter of something that the platform counts by itself begins with."""

    name: str
    unit: str
    aggregate: str
    per: str = "1"


PRESETS: Mapping[str, Preset] = {
    f"{PREFIX}readings": Preset("Readings stored", "readings", "sum"),
    f"{PREFIX}requests": Preset("API requests", "requests", "sum"),
    f"{PREFIX}job_seconds": Preset("Job time", "h", "sum", "3600"),
    REPORTS: Preset("Reports made", "reports", "sum"),
    f"{PREFIX}assets": Preset("Assets", "assets", "max"),
    f"{PREFIX}twins": Preset("Twins", "twins", "max"),
    f"{PREFIX}gateways": Preset("Gateways", "gateways", "max"),
    f"{PREFIX}seats": Preset("Seats", "seats", "max"),
    STORAGE: Preset("Storage", "GB", "max", "1000000000"),
}
"""What can be metered without sending anything, by type."""


@dataclass(slots=True)
class MeterRow:
    """A meter as it is entered."""

    values: Values
    tiers: list[Values] = field(default_factory=list)


@dataclass(slots=True)
class Entered:
    """All that a form has; every value is the text that stands in its field."""

    values: Values
    meters: list[MeterRow] = field(default_factory=list)

    def flat(self) -> Values:
        """The values by the names of their fields, such as ``meters-0-tiers-1-price``."""
        found = dict(self.values)
        for number, meter in enumerate(self.meters):
            found |= {f"meters-{number}-{name}": meter.values.get(name, "") for name in METER}
            for at, tier in enumerate(meter.tiers):
                found |= {f"meters-{number}-tiers-{at}-{name}": tier.get(name, "") for name in TIER}
        return found


def entered(data: Mapping[str, str], names: Sequence[str]) -> Entered:
    """What was sent: rows in the order of their numbers, whichever are left out; what is none is left aside.

    Args:
        data: The fields that were sent.
        names: Those that stand for themselves.
    """
    meters: dict[int, MeterRow] = {}
    tiers: dict[int, dict[int, Values]] = {}
    for key, value in data.items():
        found = _ROW.fullmatch(key)
        if found is None:
            continue
        at, row, name = int(found[1]), found[2], found[3]
        if row is not None and name in TIER:
            tiers.setdefault(at, {}).setdefault(int(row), {})[name] = value
        elif row is None and name in METER:
            meters.setdefault(at, MeterRow({})).values[name] = value
    for at, meter in meters.items():
        rows = tiers.get(at, {})
        meter.tiers = [rows[row] for row in sorted(rows)][:MOST_TIERS] or [{}]
    values = {name: data.get(name, "") for name in names}
    return Entered(values, [meters[at] for at in sorted(meters)][:MOST_METERS])


def entered_of(document: PlanPricesDocument, valid_from: datetime, zone: ZoneInfo) -> Entered:
    """What a form begins with that goes on from a version, from a moment on."""
    values = {
        "currency": document.currency, "monthly": major(document.monthly_minor, document.currency),
        "zone": document.zone, "rounding": document.rounding, "tax_percent": document.tax_percent,
        "payment_days": str(document.payment_days), "grace_hours": str(document.grace_hours),
        "valid_from": f"{valid_from.astimezone(zone):%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    return Entered(values, [_row_of(meter) for meter in document.meters])


def _row_of(meter: MeterDocument) -> MeterRow:
    values: dict[str, Any] = meter.model_dump(exclude={"tiers"})
    return MeterRow(values, [{"from": tier.low, "to": tier.high or "", "price": tier.price} for tier in meter.tiers])


def major(minor: int, currency: str) -> str:
    """Minor units as they are written in a field: all digits of the currency, nothing else."""
    return f"{Money(minor, currency).amount:f}"


def changed(given: Entered, deed: str, preset: str = "") -> str:
    """Add or take away a row, as a button says.

    Args:
        given: What is entered; it is changed.
        deed: What the button sends: ``add-meter``, ``remove-meter/0``, ``add-tier/0``, ``remove-tier/0/1``.
        preset: The type of what is counted that a new meter is about; empty for one of the operator's own.

    Returns:
        The name of the field, or the deed of the button, at which the person goes on; empty where nothing changed.
    """
    found = _DEED.fullmatch(deed)
    places = [int(each) for each in found[2].split("/")[1:]] if found else []
    match (found[1] if found else "", places):
        case "add-meter", [] if len(given.meters) < MOST_METERS:
            return _with_meter(given, preset)
        case "remove-meter", [at] if at < len(given.meters):
            del given.meters[at]
            return "add-meter"
        case "add-tier", [at] if at < len(given.meters) and len(given.meters[at].tiers) < MOST_TIERS:
            return _with_tier(given.meters[at], f"meters-{at}-tiers")
        case "remove-tier", [at, row] if at < len(given.meters) and row < len(given.meters[at].tiers) > 1:
            del given.meters[at].tiers[row]
            return f"add-tier/{at}"
    return ""


def _with_meter(given: Entered, preset: str) -> str:
    at, usual = len(given.meters), PRESETS.get(preset)
    values = {"per": "1", "included": "0", "mode": "graduated", "aggregate": "sum"}
    if usual is not None:
        values |= {
            "type": preset, "name": usual.name, "unit": usual.unit, "aggregate": usual.aggregate, "per": usual.per,
        }  # fmt: skip
    given.meters.append(MeterRow(values, [{"from": "0"}]))
    return f"meters-{at}-type" if usual is None else f"meters-{at}-included"


def _with_tier(meter: MeterRow, place: str) -> str:
    """One more row below the last, which needs an end now."""
    last = len(meter.tiers) - 1
    ends = meter.tiers[last].get("to", "")
    meter.tiers.append({"from": ends})
    return f"{place}-{last + 1}-price" if ends else f"{place}-{last}-to"
