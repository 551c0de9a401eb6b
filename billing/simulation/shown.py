"""What the page of a simulation shows: figures as people read them, and its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from billing.contracts.figures import money_text, percent_short
from billing.outcomes.domain.figures import percent_text
from billing.simulation.charts import attained, curve, histogram, ticks
from billing.simulation.domain.chances import Distribution
from billing.simulation.domain.months import ClauseMonth, MonthResult, guarantee
from billing.simulation.simulating import Simulation
from tenants.edge.formats import month_shown, short_month_shown

_ROWS = 12
"""About how many rows the table of a curve has."""


@dataclass(frozen=True, slots=True)
class ClauseShown:
    """A clause in a month."""

    name: str
    percent: str
    coverage: str
    missed: bool
    is_settled: bool


@dataclass(frozen=True, slots=True)
class MonthShown:
    """A month as a row of the table."""

    name: str
    clauses: tuple[ClauseShown, ...]
    volume: str
    fee: str
    credit: str
    bonus: str
    total: str
    is_settled: bool


@dataclass(frozen=True, slots=True)
class MonthsShown:
    """The table of months, and what those that are settled come to together."""

    rows: tuple[MonthShown, ...]
    clauses: tuple[str, ...]
    has_volume: bool
    settled: int
    fee: str
    credit: str
    bonus: str
    total: str


@dataclass(frozen=True, slots=True)
class CurveShown:
    """A year's credits by guaranteed percentage, as rows, and as a picture where there are any credits."""

    clause: str
    picture: SafeString | None
    rows: tuple[tuple[str, str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class DistributionShown:
    """What a year may come to, as figures, a picture and rows."""

    figures: tuple[tuple[str, str, str], ...]
    margin: tuple[tuple[str, str, str], ...]
    picture: SafeString | None
    rows: tuple[tuple[str, str], ...]


def months_shown(found: Simulation) -> MonthsShown:
    """The table of months."""
    currency, settled = found.terms.currency, found.settled
    guaranteed = {clause.id: guarantee(clause) for clause in found.terms.terms().clauses}
    return MonthsShown(
        rows=tuple(_month(month, guaranteed, currency) for month in found.months),
        clauses=tuple(clause.id for clause in found.terms.clauses),
        has_volume=any(month.volume is not None for month in found.months),
        settled=len(settled),
        fee=money_text(sum(month.fee_minor for month in settled), currency),
        credit=money_text(sum(month.credit_minor for month in settled), currency),
        bonus=money_text(sum(month.bonus_minor for month in settled), currency),
        total=money_text(sum(month.total_minor for month in settled), currency),
    )


def attained_pictures(found: Simulation) -> list[tuple[str, str]]:
    """For each clause its name and a picture of what was attained month by month."""
    pictures = []
    for at, clause in enumerate(found.terms.terms().clauses):
        rows = [(short_month_shown(_day(month.name)), _float(month.clauses[at].ratio)) for month in found.months]
        due = guarantee(clause)
        label = _("Attained month by month: %(clause)s") % {"clause": clause.id}
        pictures.append((clause.id, attained(rows, None if due is None else float(due), label)))
    return pictures if found.months else []


def curve_shown(found: Simulation) -> CurveShown | None:
    """A year's credits by guaranteed percentage; None where there is no such curve."""
    if found.curve is None:
        return None
    points, currency = found.curve.points, found.terms.currency
    top = max(max(float(point.expected), float(point.p95_minor or 0)) for point in points)
    drawn = [
        (float(point.percent), float(point.expected), None if point.p95_minor is None else float(point.p95_minor))
        for point in points
    ]
    every = max(len(points) // _ROWS, 1)
    last = len(points) - 1
    rows = tuple(
        (
            _percent(point.percent / 100),
            money_text(round(point.expected), currency),
            "–" if point.p95_minor is None else money_text(point.p95_minor, currency),
            point.percent == found.curve.guaranteed,
        )
        for number, point in enumerate(points)
        if number % every == 0 or number == last or point.percent == found.curve.guaranteed
    )
    label = _("A year's credits by the guaranteed percentage of %(clause)s") % {"clause": found.curve.clause}
    picture = curve(drawn, float(found.curve.guaranteed), _amounts(0, top, currency), label)
    return CurveShown(found.curve.clause, SafeString(picture) if top else None, rows)


def distribution_shown(found: Simulation) -> DistributionShown | None:
    """What a year may come to; None where nothing was drawn."""
    known, currency = found.distribution, found.terms.currency
    if known is None:
        return None
    return DistributionShown(
        figures=_figures(known, currency),
        margin=_margin(known, currency),
        picture=None if len(known.bars) < 2 else SafeString(_histogram(known, currency)),
        rows=tuple(
            (f"{money_text(bar.low, currency)} – {money_text(bar.high, currency)}", _share(bar.years, known.years))
            for bar in known.bars
        ),
    )


def _month(month: MonthResult, guaranteed: dict[str, Fraction | None], currency: str) -> MonthShown:
    return MonthShown(
        name=month_shown(_day(month.name)),
        clauses=tuple(_clause(clause, guaranteed[clause.id]) for clause in month.clauses),
        volume="" if month.volume is None else f"{_hundredths(month.volume)}",
        fee=money_text(month.fee_minor, currency),
        credit=money_text(month.credit_minor, currency),
        bonus=money_text(month.bonus_minor, currency),
        total=money_text(month.total_minor, currency),
        is_settled=month.is_settled,
    )


def _clause(clause: ClauseMonth, due: Fraction | None) -> ClauseShown:
    return ClauseShown(
        name=clause.id,
        percent="–" if clause.ratio is None else _percent(clause.ratio),
        coverage="–" if clause.coverage is None else _percent(clause.coverage),
        missed=clause.ratio is not None and due is not None and 100 * clause.ratio < due,
        is_settled=clause.status == "settled",
    )


def _figures(known: Distribution, currency: str) -> tuple[tuple[str, str, str], ...]:
    def risk(minor: int) -> str:
        share = known.share_of_fees(minor)
        return "" if share is None else _("%(percent)s %% of a year's fees") % {"percent": _percent(share)}

    capped = [
        (_("Years in which a month reaches its cap"), known.month_capped),
        (_("Years that reach their limit"), known.year_capped),
    ]
    return (
        (_("Fees of a year"), money_text(round(known.fees), currency), ""),
        (_("Expected credits of a year"), money_text(round(known.expected), currency), ""),
        (_("Half of the years stay within"), money_text(known.p50_minor, currency), ""),
        (_("90 of 100 years stay within"), money_text(known.p90_minor, currency), ""),
        (_("At risk: 95 of 100 stay within"), money_text(known.p95_minor, currency), risk(known.p95_minor)),
        (_("At risk: 99 of 100 stay within"), money_text(known.p99_minor, currency), risk(known.p99_minor)),
        (_("Years with any credit"), f"{_percent(known.any_credit)} %", ""),
        *((label, f"{_percent(share)} %", "") for label, share in capped if share is not None),
    )


def _margin(known: Distribution, currency: str) -> tuple[tuple[str, str, str], ...]:
    margin = known.margin
    if margin is None:
        return ()
    return (
        (_("Expected margin of a year"), money_text(round(margin.expected), currency), ""),
        (_("95 of 100 years leave at least"), money_text(margin.p95_minor, currency), ""),
        (_("99 of 100 years leave at least"), money_text(margin.p99_minor, currency), ""),
        (_("Years at a loss"), f"{_percent(margin.loss)} %", ""),
    )


def _histogram(known: Distribution, currency: str) -> str:
    bars = [(float(bar.low), float(bar.high), bar.years) for bar in known.bars]
    marks = [
        (float(known.expected), _("expected")),
        (float(known.p95_minor), _("95 of 100")),
        (float(known.p99_minor), _("99 of 100")),
    ]
    amounts = _amounts(bars[0][0], bars[-1][1], currency)
    return histogram(bars, known.years, marks, amounts, _("How often a year's credits come to how much"))


def _amounts(low: float, high: float, currency: str) -> list[tuple[float, str]]:
    """Round amounts along an axis."""
    marks = dict.fromkeys(round(mark) for mark in ticks(low, high, 4))
    return [(float(mark), money_text(mark, currency)) for mark in marks]


def _day(month: str) -> date:
    """The first day of a month such as ``2026-09``."""
    return date.fromisoformat(f"{month}-01")


def _percent(ratio: Fraction) -> str:
    return percent_short(percent_text(ratio))


def _share(years: int, all_years: int) -> str:
    return f"{_percent(Fraction(years, all_years))} %"


def _hundredths(volume: Fraction) -> str:
    cut = volume.numerator * 100 // volume.denominator
    return f"{cut // 100:,}.{cut % 100:02d}"


def _float(ratio: Fraction | None) -> float | None:
    return None if ratio is None else float(100 * ratio)
