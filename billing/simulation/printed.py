"""A simulation as JSON, and in words what it assumes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from billing.outcomes.domain.figures import percent_text
from billing.outcomes.domain.outcome import ENGINE
from billing.simulation.domain.chances import FEWEST_MONTHS, MONTHS_OF_YEAR, Distribution, Margin
from billing.simulation.domain.months import ClauseMonth, MonthResult
from billing.simulation.schemas import Chances, LeftOut, Measurement
from billing.simulation.simulating import Curve, Simulation
from tenants.kernel.clock import isoformat

Json = dict[str, Any]
_WHY = {
    "before": "nothing was known of any asset when it began",
    "gone": "its readings are kept no longer and were never sealed",
}
_WHY_ALL = {
    "before": "nothing was known of any asset when they began",
    "gone": "their readings are kept no longer and were never sealed",
}


def printed(measurement: Measurement, simulation: Simulation, chances: Chances) -> Json:
    """The simulation as one JSON object: amounts in minor units, percentages exact and cut off at six digits."""
    return {
        "simulation": str(measurement.id),
        "engine": ENGINE,
        "currency": simulation.terms.currency,
        "time_zone": simulation.terms.time_zone,
        "as_of": isoformat(measurement.as_of),
        "assumptions": assumptions(measurement, simulation),
        "months": [_month(month) for month in simulation.months],
        "left_out": [{"month": one.name, "why": _WHY[one.reason]} for one in measurement.left_out],
        "unknown_assets": list(measurement.unknown),
        "sweep": None if simulation.curve is None else _curve(simulation.curve),
        "distribution": None if simulation.distribution is None else _distribution(simulation.distribution, chances),
    }


def assumptions(measurement: Measurement, simulation: Simulation) -> list[str]:
    """What the figures rest on, a sentence each."""
    settled, seen = len(simulation.settled), len(simulation.months)
    found = [
        "This is a simulation: nothing of it is stored as a statement or billed.",
        "The contract is taken to have held in all of these months, on all that is known today, whenever it came in.",
        "Exclusions count where they were approved for these assets, under whatever contract.",
    ]
    if measurement.unknown:
        found.append(f"Nothing was ever known of {', '.join(measurement.unknown)}: taken not to have been in service.")
    if settled < seen:
        found.append(
            f"{_count(seen - settled, 'month is', 'months are')} indeterminate, so nothing would be settled "
            "automatically; no figure of a year has them in it."
        )
    found += left_out_told(measurement.left_out)
    if simulation.distribution is None:
        found.append(
            f"{_count(settled, 'month', 'months')} could be settled. A distribution takes at least {FEWEST_MONTHS}: "
            "fewer say nothing of how months differ."
        )
        return found
    found.append(
        f"A year is {MONTHS_OF_YEAR} months drawn from these {settled}, each whole, with all its assets and clauses. "
        "Months are taken to be independent and to come again as they were: seasons and trends are not looked at, and "
        "no month is worse than the worst of these."
    )
    return found


def left_out_told(months: Iterable[LeftOut]) -> list[str]:
    """Which months are left out and why: a sentence for each run of them with one reason, the earliest first."""
    runs: list[list[LeftOut]] = []
    for one in sorted(months, key=lambda each: each.name):
        if runs and runs[-1][-1].reason == one.reason and _number(one) == _number(runs[-1][-1]) + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    return [f"{_span(run)} left out: {(_WHY if len(run) == 1 else _WHY_ALL)[run[0].reason]}." for run in runs]


def _span(run: Sequence[LeftOut]) -> str:
    """Months that follow one another, with their verb, such as ``November 2025 to January 2026 are``."""
    first, last = (date.fromisoformat(f"{one.name}-01") for one in (run[0], run[-1]))
    if len(run) == 1:
        return f"{first:%B %Y} is"
    start = f"{first:%B}" if first.year == last.year else f"{first:%B %Y}"
    return f"{start} {'and' if len(run) == 2 else 'to'} {last:%B %Y} are"


def _number(month: LeftOut) -> int:
    """The place of a month among all months."""
    year, number = month.name.split("-")
    return int(year) * MONTHS_OF_YEAR + int(number)


def _count(number: int, one: str, several: str) -> str:
    return f"{number or 'No'} {one if number in (0, 1) else several}"


def _month(month: MonthResult) -> Json:
    volume = {} if month.volume is None else {"volume": str(month.volume)}
    return {
        "month": month.name,
        "status": "settled" if month.is_settled else "indeterminate",
        "fee_minor": month.fee_minor,
        **volume,
        "credit_minor": month.credit_minor,
        "asked_minor": month.asked_minor,
        "cap_minor": month.limit_minor,
        "bonus_minor": month.bonus_minor,
        "total_minor": month.total_minor,
        "clauses": [_clause(clause) for clause in month.clauses],
    }


def _clause(clause: ClauseMonth) -> Json:
    return {
        "id": clause.id,
        "status": clause.status,
        "ratio": _exact(clause.ratio),
        "percent": _percent(clause.ratio),
        "coverage_percent": _percent(clause.coverage),
        "committed_s": clause.totals.committed / 1000,
        "down_s": clause.totals.down / 1000,
        "unknown_s": clause.totals.unknown / 1000,
        "excluded_s": clause.totals.excluded / 1000,
        "credit_minor": clause.credit_minor,
        "bonus_minor": clause.bonus_minor,
    }


def _curve(curve: Curve) -> Json:
    return {
        "clause": curve.clause,
        "guaranteed": percent_text(curve.guaranteed / 100),
        "points": [
            {
                "guaranteed": percent_text(point.percent / 100),
                "expected_credits_minor": round(point.expected),
                "p95_credits_minor": point.p95_minor,
            }
            for point in curve.points
        ],
    }


def _distribution(found: Distribution, chances: Chances) -> Json:
    at_risk = {"p95": found.p95_minor, "p99": found.p99_minor}
    return {
        "months": found.months,
        "years": found.years,
        "seed": chances.seed,
        "fees_minor": round(found.fees),
        "expected_credits_minor": round(found.expected),
        "p50_credits_minor": found.p50_minor,
        "p90_credits_minor": found.p90_minor,
        "p95_credits_minor": found.p95_minor,
        "p99_credits_minor": found.p99_minor,
        "any_credit": _share(found.any_credit),
        "month_capped": _share(found.month_capped),
        "year_capped": _share(found.year_capped),
        "at_risk": {
            name: {"minor": minor, "percent_of_fees": _percent(found.share_of_fees(minor))}
            for name, minor in at_risk.items()
        },
        "histogram": [{"from_minor": bar.low, "to_minor": bar.high, "years": bar.years} for bar in found.bars],
        "margin": None if found.margin is None else _margin(found.margin),
    }


def _margin(margin: Margin) -> Json:
    return {
        "cost_minor": margin.cost_minor,
        "expected_minor": round(margin.expected),
        "p95_minor": margin.p95_minor,
        "p99_minor": margin.p99_minor,
        "loss": _share(margin.loss),
    }


def _exact(ratio: Fraction | None) -> str | None:
    return None if ratio is None else str(ratio)


def _percent(ratio: Fraction | None) -> str | None:
    return None if ratio is None else percent_text(ratio)


def _share(share: Fraction | None) -> float | None:
    return None if share is None else float(share)
