"""The outcome told step by step, so that a person can follow every figure with a pocket calculator.

Times are local to the contract with their offset; a shortened decimal stands beside its exact fraction.
"""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from billing.contracts.domain import Clause, Contract, MeanRate, Ratio, Response, Throughput
from billing.outcomes.domain.counters import Volume
from billing.outcomes.domain.figures import exact_text, moment_text, percent_text, seconds_text, span_text, told_text
from billing.outcomes.domain.indicators import Measure
from billing.outcomes.domain.outcome import AssetOutcome, ClauseOutcome, Judgement, Observed, Outcome
from billing.outcomes.domain.period import Ledger, Segment, Totals
from billing.outcomes.domain.remedies import StepVerdict, Verdict

_NAMES = {
    "out_of_service": "not in service",
    "off_calendar": "outside the calendar",
    "excluded": "excluded",
    "up": "up",
    "down": "down",
    "unknown": "unknown",
}
_HELD = {"up": "holds", "down": "does not hold", "unknown": "is unknown"}
_RESET = ", a reset, counted from 0"
_COUNTED = {"up": "counted as up", "down": "counted as down", "unknown": "not counted"}


def trace(outcome: Outcome) -> str:
    """The whole computation as lines of text, indented by what they belong to."""
    return "\n".join(_lines(outcome))


def _lines(outcome: Outcome) -> Iterator[str]:
    contract, zone = outcome.contract, outcome.contract.zone
    start, end = outcome.period
    yield (
        f"Period: {span_text(start, end, zone)}, {seconds_text(end - start)} in {zone.key}. "
        f"Known as of {moment_text(outcome.as_of, zone)}; correction window {seconds_text(contract.correction_window)}."
    )
    yield from _unrated(outcome)
    for one in outcome.observed:
        yield from _observed(one, zone)
    yield from _fee(outcome)
    for clause in outcome.clauses:
        yield from _clause(clause, contract)
    yield from _total(outcome)


def _unrated(outcome: Outcome) -> Iterator[str]:
    zone = outcome.contract.zone
    yield f"Recorded, not rated: {len(outcome.unrated) or 'nothing'}."
    for one in outcome.unrated:
        span = moment_text(one.start, zone) + (f" to {moment_text(one.end, zone)}" if one.end > one.start else "")
        known = "" if one.known is None else f" ({moment_text(one.known, zone)})"
        yield f"  {one.kind} of {one.asset}, {span}, {one.content}: {one.reason}{known}, not rated"


def _observed(one: Observed, zone: ZoneInfo) -> Iterator[str]:
    present = " and ".join(span_text(start, end, zone) for start, end in one.present)
    yield f"Asset {one.asset}: in service {present or 'at no time of the period'}."
    yield from [
        f"  {span_text(start, end, zone)} {state} "
        f"({'initial state' if received is None else f'received {moment_text(received, zone)}'})"
        for start, end, state, received in one.states
    ]
    yield from _volume("volume", one.volume, zone)
    for name, volume in one.measures.items():
        yield from _volume(name, volume, zone)
    for name, states in one.conditions.items():
        for start, end, state, received in states:
            source = "nothing is known" if received is None else f"received {moment_text(received, zone)}"
            yield f"  {name}: {span_text(start, end, zone)} {_HELD[state]} ({source})"
        yield f"  {name} held {exact_text(one.quantity(name))} h in service"


def _volume(name: str, volume: Volume, zone: ZoneInfo) -> list[str]:
    base = volume.base
    if base is None:
        return []
    return [
        f"  counter {base.id} at {moment_text(base.at, zone)}: {exact_text(base.value)}, counted from here",
        *[
            f"  counter {id_} at {moment_text(at, zone)}: {told_text(value)}, up by {told_text(increase)}"
            f"{_RESET if reset else ''}"
            for id_, at, value, increase, reset in volume.increases
        ],
        f"  {name} {exact_text(volume.total)}",
    ]


def _fee(outcome: Outcome) -> Iterator[str]:
    fee, currency = outcome.fee, outcome.contract.currency
    yield f"Fee: {fee.kind}, {fee.minor} minor units of {currency}."
    for part in fee.parts:
        quantity, price = exact_text(part.quantity), exact_text(part.price)
        yield f"  {part.name}: {quantity} x {price} = {exact_text(part.exact)}"
    if fee.parts:
        yield f"  sum {exact_text(fee.exact)}, rounded {outcome.contract.rounding} to {fee.minor}"


def _clause(one: ClauseOutcome, contract: Contract) -> Iterator[str]:
    clause = one.clause
    yield f"Clause {clause.id}: {_indicator(clause)} of {', '.join(clause.assets)}, {clause.aggregate}."
    for asset in one.assets:
        yield from _asset(asset, clause, contract.zone)
    yield f"  all assets: {_totals(one.totals)}"
    yield f"  {_coverage(one)}"
    if one.ratio is None:
        yield "  ratio: none, there is nothing to measure against"
    else:
        if isinstance(clause.indicator, Response) and not any(asset.measure.denominator for asset in one.assets):
            yield "  no incident is decided: nothing was missed, which is all of it"
        yield f"  ratio {clause.aggregate}: {one.ratio} = {percent_text(one.ratio)} %"
    yield f"  status {one.status}" + ("" if one.status == "settled" else ": nothing is settled for this clause")
    for judgement in one.judgements:
        yield from _judgement(judgement)
    if one.judgements:
        yield from _amount(one, contract)


def _indicator(clause: Clause) -> str:
    indicator = clause.indicator
    if isinstance(indicator, Throughput):
        hours = "committed hours" if indicator.hours is None else f"{exact_text(indicator.hours)} h"
        what = "throughput" if indicator.of is None else f"throughput of {indicator.of}"
        return f"{what} against {exact_text(indicator.target)} {indicator.unit}/h over {hours}"
    if isinstance(indicator, MeanRate):
        return f"100 % less the mean error rate of {seconds_text(indicator.interval)} intervals"
    if isinstance(indicator, Ratio):
        aim = f"{exact_text(indicator.target)} {indicator.unit}, {indicator.better} is better"
        return f"{indicator.of} by {indicator.per} against {aim}"
    if isinstance(indicator, Response):
        until = "the return" if indicator.of is None else f"the return or {indicator.of}"
        return f"incidents with {until} within {seconds_text(indicator.within)} of committed time"
    return "availability" if indicator.of is None else f"share of time of {indicator.of}"


def _asset(one: AssetOutcome, clause: Clause, zone: ZoneInfo) -> Iterator[str]:
    yield f"  {one.asset}: {_totals(one.ledger.totals)}"
    yield from _rules(one.ledger, zone)
    yield from [_segment(segment, zone) for segment in one.ledger.segments]
    yield from _measure(one.measure, clause, zone)


def _rules(ledger: Ledger, zone: ZoneInfo) -> Iterator[str]:
    for use in ledger.exclusions:
        limit = "no limit" if use.allowance is None else f"allowance {seconds_text(use.allowance)}"
        used = seconds_text(sum(end - start for start, end in use.used))
        yield f"    exclusion {use.category}: claimed {seconds_text(use.claimed)}, used {used}, {limit}"
    for outage in ledger.outages:
        length = seconds_text(outage.end - outage.start)
        counted = seconds_text(outage.counted_end - outage.start)
        span = span_text(outage.start, outage.end, zone)
        yield f"    outage {span}: {length}, of which {counted} count"
    for gap in ledger.gaps:
        span = span_text(gap.start, gap.end, zone)
        yield f"    gap {span}: {_COUNTED[gap.before]} until {moment_text(gap.turn, zone)}, then {_COUNTED[gap.then]}"


def _segment(segment: Segment, zone: ZoneInfo) -> str:
    start, end, category, detail = segment
    told = _COUNTED[detail] if category == "unknown" else detail
    name = f"{_NAMES[category]}, {told}" if told else _NAMES[category]
    return f"    {span_text(start, end, zone)} {name}, {seconds_text(end - start)}"


def _measure(measure: Measure, clause: Clause, zone: ZoneInfo) -> Iterator[str]:
    for rate in measure.rates:
        span = span_text(rate.start, rate.end, zone)
        yield f"    error rate {exact_text(rate.value)}, {span}, {seconds_text(rate.counted)} count"
    if measure.hours is not None:
        yield f"    hours {exact_text(measure.hours)}"
    if isinstance(clause.indicator, Response):
        yield from _incidents(measure, clause.indicator, zone)
        return
    ratio = "none" if measure.ratio is None else f"{measure.ratio} = {percent_text(measure.ratio)} %"
    unit = "" if isinstance(clause.indicator, Throughput | Ratio) else " ms"
    yield f"    ratio {exact_text(measure.numerator)}{unit} / {exact_text(measure.denominator)}{unit} = {ratio}"


def _incidents(measure: Measure, indicator: Response, zone: ZoneInfo) -> Iterator[str]:
    limit = seconds_text(indicator.within)
    for start, end, clock, verdict in measure.incidents or ():
        until = "the end of the period, still open" if end is None else moment_text(end, zone)
        decided = "left for the next period" if verdict == "open" else verdict
        yield f"    incident {moment_text(start, zone)} to {until}: clock {seconds_text(clock)} of {limit}, {decided}"
    if measure.ratio is None:
        yield "    ratio none, no incident is decided"
        return
    met, decided = exact_text(measure.numerator), exact_text(measure.denominator)
    yield f"    ratio {met} met / {decided} decided = {measure.ratio} = {percent_text(measure.ratio)} %"


def _totals(totals: Totals) -> str:
    return (
        f"not in service {seconds_text(totals.out_of_service)}, "
        f"outside the calendar {seconds_text(totals.off_calendar)}, excluded {seconds_text(totals.excluded)}, "
        f"committed {seconds_text(totals.committed)} = up {seconds_text(totals.up)} "
        f"+ down {seconds_text(totals.down)} + unknown {seconds_text(totals.unknown)}"
    )


def _coverage(one: ClauseOutcome) -> str:
    if one.coverage is None:
        return "coverage: no time is committed"
    gate = one.clause.minimum_coverage
    wanted = "no minimum" if gate is None else f"minimum {exact_text(gate)} %"
    return f"coverage {percent_text(one.coverage)} % of committed time is known, {wanted}"


def _judgement(one: Judgement) -> Iterator[str]:
    whose = f"  {one.asset}: " if one.asset else "  "
    yield f"{whose}outcome {exact_text(one.percent)} %, fee base {exact_text(one.base)}"
    for verdict in one.verdicts:
        yield f"    {_verdict(verdict)}"
    yield f"    credit {exact_text(one.credit)}, bonus {exact_text(one.bonus)}"


def _verdict(verdict: Verdict) -> str:
    if isinstance(verdict, StepVerdict):
        return _steps(verdict)
    tiers = ", ".join(f"below {exact_text(tier.below)} % {exact_text(tier.credit)} %" for tier in verdict.tiers)
    holding = "none holds" if verdict.holding is None else f"below {exact_text(verdict.holding.below)} % holds"
    return f"tiers {tiers}: {holding}, credit {exact_text(verdict.credit)} %"


def _steps(verdict: StepVerdict) -> str:
    remedy = verdict.remedy
    kind = "started" if remedy.started else "full"
    cap = "no cap" if remedy.cap is None else f"cap {exact_text(remedy.cap)} %"
    return (
        f"steps {remedy.side} {exact_text(remedy.threshold)} % by {exact_text(verdict.distance)} points: "
        f"{verdict.steps} {kind} steps of {exact_text(remedy.per)} x {exact_text(remedy.percent)} % "
        f"= {exact_text(verdict.uncapped)} %, {cap}, {remedy.effect} {exact_text(verdict.percent)} %"
    )


def _amount(one: ClauseOutcome, contract: Contract) -> Iterator[str]:
    credit, bonus = exact_text(one.credit), exact_text(one.bonus)
    yield f"  credit {credit} rounded {contract.rounding} to {one.credit_minor}, granted {one.granted_minor}"
    yield f"  bonus {bonus} rounded {contract.rounding} to {one.bonus_minor}"
    yield f"  amount {one.bonus_minor} - {one.granted_minor} = {one.amount_minor}"


def _total(outcome: Outcome) -> Iterator[str]:
    caps = outcome.caps
    period = "none" if caps.period_limit is None else str(caps.period_limit)
    year = "none" if caps.year_limit is None else str(caps.year_limit)
    yield (
        f"Caps: credits {caps.asked}, cap of the period {period}, left of the year's cap {year}: "
        f"granted {caps.granted}, forfeited {caps.forfeited}."
    )
    amounts = "".join(f" {amount:+d}" for one in outcome.clauses if (amount := one.amount_minor) is not None)
    yield f"Total: {outcome.fee.minor}{amounts} = {outcome.total_minor} minor units of {outcome.contract.currency}."
