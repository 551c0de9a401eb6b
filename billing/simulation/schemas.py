"""What a simulation is asked, and what stands measured before it can be asked."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID

from billing.contracts.agreement import AgreementDocument
from billing.simulation.domain.measured import MeasuredMonth
from tenants.kernel.canonical import digest
from tenants.kernel.errors import ConflictError, OutturnError

SIMULATE = "billing.simulate"
"""The kind of job that measures months."""
MOST_MONTHS = 12
MOST_CELLS = 50_000
"""Months times assets of clauses: what one simulation may measure."""
MOST_POINTS = 500
"""Guaranteed percentages of one sweep."""
USUAL_POINTS = 120
"""How many there are at most when nobody chose."""
MOST_DRAWN = 5_000_000
"""Years drawn times guaranteed percentages."""
MOST_JUDGED = 60_000
"""Months of assets under clauses that are judged one by one, times guaranteed percentages."""
LARGEST_SEED = 2**32 - 1
Reason = Literal["before", "gone"]
_STEPS = tuple(Fraction(step) for step in ("0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50", "100"))
_PAID = ("remedies", "aggregate", "minimum_coverage")


class SimulationError(OutturnError):
    """The question cannot be simulated."""

    code = "simulation.invalid"
    status = 422


class OtherBasisError(ConflictError):
    """The terms measure something else than what was measured."""

    code = "simulation.other_basis"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A month that could not be measured.

    Attributes:
        name: Such as ``2026-09``.
        reason: ``before`` anything was known of any asset, or its readings are ``gone`` and were never sealed.
    """

    name: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the last months measured under the clauses of an agreement.

    Attributes:
        id: Of the job that measured it.
        agreement: The terms of that moment.
        as_of: What was known then.
        months: The first first.
        left_out: The others that were looked at.
        unknown: The names of the assets of which nothing was ever known; they count as not in service.
    """

    id: UUID
    agreement: AgreementDocument
    as_of: datetime
    months: tuple[MeasuredMonth, ...]
    left_out: tuple[LeftOut, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Guaranteed percentages of a clause, from ``low`` up to ``high`` in steps, percent."""

    clause: str
    low: Fraction
    high: Fraction
    step: Fraction

    def in_round_steps(self, most: int) -> Sweep:
        """The same way in the smallest round steps that make no more points of it than that, and than is usual."""
        way, parts = self.high - self.low, max(min(most, USUAL_POINTS) - 1, 1)
        step = next((each for each in _STEPS if way / each <= parts), max(way, Fraction(1)) / parts)
        return replace(self, step=step)

    def percents(self) -> list[Fraction]:
        """The percentages, at most `MOST_POINTS`.

        Raises:
            SimulationError: There would be none or too many, or one is not above nought.
        """
        if self.low <= 0 or self.step <= 0 or self.high < self.low:
            raise SimulationError(
                "Guaranteed percentages run upwards from above 0, in steps above 0.", place="sweep",
                fix="Give a `from`, a `to` that is not below it, and a `step`.",
            )  # fmt: skip
        count = (self.high - self.low) // self.step + 1
        if count > MOST_POINTS:
            raise SimulationError(
                f"These are {count} guaranteed percentages; at most {MOST_POINTS} are simulated at once.",
                place="sweep", fix="Take larger steps, or a shorter way.",
            )  # fmt: skip
        return [self.low + number * self.step for number in range(count)]


@dataclass(frozen=True, slots=True)
class Chances:
    """How years are drawn, and what is known of a year.

    Attributes:
        years: How many are drawn.
        seed: The same seed draws the same years.
        cost_minor: What a year costs the provider, minor units; None when that is not known.
        year_limit: The most that a year's credits come to, minor units; None is without limit.
    """

    years: int = 10_000
    seed: int = 1
    cost_minor: int | None = None
    year_limit: int | None = None


def basis(agreement: Mapping[str, Any]) -> str:
    """The digest of what decides what an agreement measures.

    Two agreements with the same basis differ only in what is paid: remedies, aggregates, coverage gates, prices,
    rounding, caps, names and days.
    """
    terms = deepcopy(agreement["terms"])
    fee = terms["fee"]
    clauses = [{name: value for name, value in one.items() if name not in _PAID} for one in terms["clauses"]]
    return digest(
        {
            "twin": agreement["twin"],
            "assets": sorted(agreement["assets"]),
            "time_zone": terms["time_zone"],
            "fee": {name: fee.get(name) for name in ("kind", "of")},
            "clauses": clauses,
        }
    )


def pack(months: list[dict[str, Any]]) -> str:
    """Months as they stand in the result of a job: a year of many assets is long, and lists of jobs are read often."""
    return b64encode(zlib.compress(json.dumps(months, separators=(",", ":")).encode(), 9)).decode()


def unpack(text: str) -> list[Mapping[str, Any]]:
    """The months that ``pack`` packed."""
    found: list[Mapping[str, Any]] = json.loads(zlib.decompress(b64decode(text)))
    return found
