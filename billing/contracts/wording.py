"""The contract as plain sentences: what a person who is no engineer can read and agree to, one line for each field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from billing.contracts.agreement import AgreementDocument, AssumptionsDocument
from billing.contracts.figures import day_text, duration_text, money_text
from billing.contracts.schemas import (
    AvailabilityDocument,
    CalendarDocument,
    CarryGapsDocument,
    ClauseDocument,
    FlatFeeDocument,
    MeteredFeeDocument,
    PerAssetFeeDocument,
    PlainGapsDocument,
    PriceTierDocument,
    RatioDocument,
    ResponseDocument,
    StepRemedyDocument,
    ThroughputDocument,
    TierRemedyDocument,
)
from tenants.kernel.calendars import parse_duration

_ROUNDING = {
    "half_even": "to the nearest minor unit, a half to the even one",
    "half_up": "to the nearest minor unit, a half away from zero",
    "up": "away from zero",
    "down": "towards zero",
}
_AGGREGATES = {
    "pooled": "taken together over all of them",
    "mean": "as the mean over all of them",
    "worst": "as that of the worst of them",
    "per_asset": "for each of them on its own share of the fee",
}
_GAPS = {"as_up": "as up", "as_down": "as down", "exclude": "not at all"}
_DAYS = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday",
    "sun": "Sunday",
}  # fmt: skip
_Told = tuple[str, str]
"""The places that a sentence tells, apart by spaces, and the sentence."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of the contract, and the places in its document that the sentence tells, as paths."""

    text: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Some lines under a heading; ``place`` is the part of the document that they tell most of."""

    title: str
    place: str
    lines: tuple[Line, ...]


def describe(contract: AgreementDocument) -> list[str]:
    """The contract as sentences, in the order in which people ask."""
    return [line.text for section in sections(contract) for line in section.lines]


def sections(contract: AgreementDocument) -> list[Section]:
    """The same sentences under headings, each with what it tells."""
    return [
        Section(title, place, tuple(Line(text, tuple(places.split())) for places, text in lines))
        for title, place, lines in _sections(contract)
    ]


def text_to_sign(contract: AgreementDocument) -> str:
    """The contract as one text, its sentences numbered, closed by the digest of the document that it tells."""
    head = [contract.title, f"Version {contract.version} of contract {contract.contract}"]
    parts = [
        "\n".join([f"{at}. {one.title}", *(f"{at}.{no} {line.text}" for no, line in enumerate(one.lines, 1))])
        for at, one in enumerate(sections(contract), 1)
    ]
    assets = "\n".join(["Assets", *(f"{name} ({asset})" for asset, name in contract.assets.items())])
    close = f"The document that this text tells has the SHA-256 digest\n{contract.digest}"
    return "\n\n".join(["\n".join(head), *parts, assets, close]) + "\n"


def replacement(contract: AgreementDocument, before: AgreementDocument) -> str:
    """What a version does to the one that held before it, in a sentence."""
    day, old = day_text(date.fromisoformat(contract.effective.start)), f"version {before.version}"
    if contract.effective.start == before.effective.start:
        return f"It takes the place of {old} from the same day, {day}: {old} then holds for no day."
    if before.effective.end is not None and before.effective.end <= contract.effective.start:
        return f"It follows {old}, which has ended by {day}."
    return f"It takes the place of {old} from {day} on; up to then {old} holds."


def _sections(contract: AgreementDocument) -> Iterator[tuple[str, str, Iterator[_Told]]]:
    terms = contract.terms
    yield "Parties and time", "customer", _parties(contract)
    yield "Fee", "terms/fee", _fee(contract)
    for at, clause in enumerate(terms.clauses):
        yield f"Clause {clause.id}", f"terms/clauses/{at}", _clause(clause, at, contract)
    yield "Limits and evidence", "terms/caps", _limits(contract)
    if contract.assumptions is not None:
        yield "Assumptions", "assumptions", _assumptions(contract.assumptions)
    yield "Rounding, tax and payment", "terms/rounding", _payment(contract)


def _parties(contract: AgreementDocument) -> Iterator[_Told]:
    terms, count = contract.terms, len(contract.assets)
    assets = "one asset" if count == 1 else f"{count} assets"
    who = f"{contract.parties.provider} guarantees {contract.parties.customer}"
    yield "title customer twin", f"{who} the outcome of {assets} of {contract.twin_name}."
    yield "effective", _effective(contract)
    if contract.acceptance is not None:
        yield "acceptance", f"It takes effect only once {contract.parties.customer} has accepted it electronically."
    yield (
        "terms/time_zone terms/currency",
        f"Days and times are those of {terms.time_zone}; amounts are in {terms.currency}.",
    )


def _limits(contract: AgreementDocument) -> Iterator[_Told]:
    yield "terms/caps", _caps(contract)
    if contract.year_cap_minor is not None:
        yield "year_cap_minor", _year_cap(contract.year_cap_minor, contract.terms.currency)
    window = f"up to {duration_text(contract.terms.correction_window)} after the end of the period"
    later = "what comes later is recorded and changes nothing"
    yield "terms/correction_window", f"Evidence counts when it is received {window}; {later}."
    if contract.grace is not None:
        yield "grace", _grace(contract.grace)
    for at, rule in enumerate(contract.preapproved):
        yield f"preapproved/{at}", _preapproved(rule.category, rule.notice)
    if contract.objection is not None:
        yield "objection", _objection(contract.parties.customer, contract.objection)


def _payment(contract: AgreementDocument) -> Iterator[_Told]:
    yield "terms/rounding", f"Each amount is rounded once, {_ROUNDING[contract.terms.rounding]}."
    issued = f"Where a legal entity of {contract.parties.provider} issues the invoice"
    by_law = f"{issued}, it is the tax that the law asks for on the last day of the period instead."
    yield "tax_percent", f"Tax of {contract.tax_percent} % is added to the sum. {by_law}"
    yield "tax_percent", "What corrects an earlier period has the tax that was charged for that period."
    yield "payment_days", f"The sum is due {_days(contract.payment_days)}."


def _effective(contract: AgreementDocument) -> str:
    start = day_text(date.fromisoformat(contract.effective.start))
    if contract.effective.end is None:
        return f"It holds from {start} on, until a later version takes its place."
    return f"It holds from {start} up to but not including {day_text(date.fromisoformat(contract.effective.end))}."


def _fee(contract: AgreementDocument) -> Iterator[_Told]:
    fee, currency = contract.terms.fee, contract.terms.currency
    match fee:
        case FlatFeeDocument():
            yield "terms/fee", f"The fee is {money_text(fee.minor, currency)} for each period."
        case PerAssetFeeDocument():
            share = ", in proportion to its time in service" if fee.prorate else ""
            yield "terms/fee", f"The fee is {money_text(fee.minor, currency)} for each asset in service{share}."
        case MeteredFeeDocument():
            yield from _metered(fee, currency)


def _metered(fee: MeteredFeeDocument, currency: str) -> Iterator[_Told]:
    if len(fee.tiers) == 1:
        price = f"{fee.tiers[0].price} {currency}"
        yield "terms/fee", f"The fee is {price} for each {_unit(fee.unit)} that {_counted(fee)} of the assets show."
        yield from _minimum(fee, currency)
        return
    which = "each part of it at the price of its own tier"
    if fee.mode == "volume":
        which = "all of it at the price of the tier it ends in"
    yield "terms/fee", f"The fee is charged on the volume that {_counted(fee)} of the assets show, {which}."
    low = "0"
    for at, tier in enumerate(fee.tiers):
        cost = f"costs {tier.price} {currency} for each {_unit(fee.unit)}."
        yield f"terms/fee/tiers/{at}", f"{_tier(low, tier, fee.unit)} {cost}"
        low = tier.to or low
    yield from _minimum(fee, currency)


def _minimum(fee: MeteredFeeDocument, currency: str) -> Iterator[_Told]:
    if fee.minimum_minor is not None:
        minimum = money_text(fee.minimum_minor, currency)
        yield "terms/fee/minimum_minor", f"The fee of a period is at least {minimum}, whatever the counters show."


def _counted(fee: MeteredFeeDocument) -> str:
    return "the counters" if fee.of is None else f"the counters of {_words(fee.of)}"


def _unit(unit: str) -> str:
    return "hour" if unit == "h" else unit


def _tier(low: str, tier: PriceTierDocument, unit: str) -> str:
    return f"Volume above {low} {unit}" if tier.to is None else f"Volume from {low} to {tier.to} {unit}"


def _clause(clause: ClauseDocument, at: int, contract: AgreementDocument) -> Iterator[_Told]:
    place = f"terms/clauses/{at}"
    for fields, text in _clause_lines(clause, contract):
        yield " ".join(f"{place}/{field}" for field in fields.split()), f"{clause.id}: {text}"


def _clause_lines(clause: ClauseDocument, contract: AgreementDocument) -> Iterator[_Told]:
    yield (
        "id indicator aggregate assets",
        f"{_indicator(clause)}, {_AGGREGATES[clause.aggregate]}, {_assets(clause, contract)}.",
    )
    yield "calendar", f"service is owed {_calendar(clause.calendar)}."
    yield "outages", f"{_outages(clause)}."
    yield "gaps", f"time of which nothing is known counts {_gaps(clause.gaps)}."
    if isinstance(clause.indicator, ResponseDocument):
        yield from _incidents()
    if clause.minimum_coverage is not None:
        known = f"when less than {clause.minimum_coverage} % of the time is known"
        yield "minimum_coverage", f"{known}, nothing is settled, in either direction."
    for at, rule in enumerate(clause.exclusions):
        limit = (
            "without limit" if rule.allowance is None else f"up to {duration_text(rule.allowance)} per asset and period"
        )
        yield f"exclusions/{at}", f"time of the category {rule.category} does not count, {limit}, once approved."
    for at, remedy in enumerate(clause.remedies):
        yield from _remedy(f"remedies/{at}", remedy)


def _indicator(clause: ClauseDocument) -> str:
    indicator = clause.indicator
    if isinstance(indicator, AvailabilityDocument):
        if indicator.of is not None:
            return f"the share of committed time in which {_words(indicator.of)} holds"
        return "the share of committed time in which the assets are not down"
    if isinstance(indicator, ThroughputDocument):
        hours = "committed hour" if indicator.hours == "committed" else f"hour of {indicator.hours} hours"
        return f"{_words(indicator.of or 'volume')} per {hours} against a target of {indicator.target} {indicator.unit}"
    if isinstance(indicator, RatioDocument):
        return (
            f"{_words(indicator.of)} per {_words(indicator.per)} against a target of {indicator.target} "
            f"{indicator.unit}, where {'more' if indicator.better == 'higher' else 'less'} is better"
        )
    if isinstance(indicator, ResponseDocument):
        return _response(indicator)
    return f"100 % less the mean error rate of intervals of {duration_text(indicator.interval)}"


def _response(indicator: ResponseDocument) -> str:
    answer = "back" if indicator.of is None else f"back, or {_words(indicator.of)} begins to hold,"
    return (
        f"the share of incidents in which an asset that is down is {answer} within {duration_text(indicator.within)} "
        "of committed time"
    )


def _incidents() -> Iterator[_Told]:
    what = "an incident is the time from which an asset is down until it is up again, when some of it is committed time"
    yield "indicator", f"{what}; a period without an incident is 100 %."
    missed = "an incident that is open at the end of the period is missed when it has taken longer by then"
    yield "indicator", f"{missed}, else it is left for the next period, in which its time starts anew."


def _words(name: str) -> str:
    """The name of a measure or a condition as words."""
    return name.replace("_", " ")


def _assets(clause: ClauseDocument, contract: AgreementDocument) -> str:
    if set(clause.assets) == set(contract.assets):
        return "for all assets"
    return f"for {', '.join(contract.assets[asset] for asset in clause.assets)}"


def _calendar(calendar: CalendarDocument | None) -> str:
    if calendar is None:
        return "at all hours of all days"
    windows = "; ".join(
        f"{', '.join(_DAYS[day] for day in window.days)} from {window.opens} to {window.closes}"
        for window in calendar.weekly
    )
    days = ", ".join(day_text(date.fromisoformat(day)) for day in calendar.holidays)
    return windows + (f", not on {days}" if days else "")


def _outages(clause: ClauseDocument) -> str:
    minimum, quantum = clause.outages.minimum, clause.outages.quantum
    counted = "every outage counts from its first to its last moment"
    if parse_duration(minimum):
        counted = f"outages of less than {duration_text(minimum)} do not count"
    if isinstance(clause.indicator, ResponseDocument):
        return counted  # an incident is counted, it has no steps
    return counted + (f", longer ones in whole steps of {duration_text(quantum)}" if parse_duration(quantum) else "")


def _gaps(gaps: PlainGapsDocument | CarryGapsDocument) -> str:
    if isinstance(gaps, CarryGapsDocument):
        return f"as the state before it for up to {duration_text(gaps.carry)}, then as {gaps.then}"
    return _GAPS[gaps.policy]


def _remedy(place: str, remedy: TierRemedyDocument | StepRemedyDocument) -> Iterator[_Told]:
    if isinstance(remedy, TierRemedyDocument):
        for at, tier in sorted(enumerate(remedy.tiers), key=lambda each: -Fraction(each[1].below)):
            yield f"{place}/tiers/{at}", f"below {tier.below} % the customer is credited {tier.credit} % of the fee."
        return
    side = f"below {remedy.below}" if remedy.below is not None else f"above {remedy.above}"
    effect = f"is credited {remedy.credit}" if remedy.credit is not None else f"pays a bonus of {remedy.bonus}"
    cap = "" if remedy.cap is None else f", at most {remedy.cap} %"
    yield (
        place,
        f"for each {remedy.step} {remedy.per} percentage points {side} % the customer {effect} % of the fee{cap}.",
    )


def _caps(contract: AgreementDocument) -> str:
    percent = contract.terms.caps.period_percent
    if percent is None:
        return "The credits of a period have no limit."
    return f"The credits of a period are together at most {percent} % of its fee."


def _year_cap(minor: int, currency: str) -> str:
    return (
        f"The credits of a contract year are together at most {money_text(minor, currency)}; a contract year begins on "
        "each anniversary of the first day on which the contract held."
    )


def _grace(length: str) -> str:
    when = "as soon as it is over" if not parse_duration(length) else f"{duration_text(length)} after its end"
    return f"Each month is settled {when} on what is received by then; what comes later corrects it in the next one."


def _objection(customer: str, length: str) -> str:
    return (
        f"An exclusion about which {customer} has said nothing within {duration_text(length)} after it was claimed "
        "counts as approved from then on."
    )


def _preapproved(category: str, notice: str | None) -> str:
    if notice is None:
        return f"Exclusions of the category {category} are approved in advance."
    when = "before they start"
    if parse_duration(notice):
        when = f"at least {duration_text(notice)} before they start"
    return f"Exclusions of the category {category} are approved in advance when they are claimed {when}."


def _assumptions(stated: AssumptionsDocument) -> Iterator[_Told]:
    visit, repair = duration_text(stated.planned_visit), duration_text(stated.repair)
    yield "assumptions/planned_visit", f"A planned visit to the shop is taken to last {visit}."
    yield "assumptions/repair", f"An unscheduled repair is taken to last {repair}."
    yield (
        "assumptions/bays",
        f"The shop is taken to have {'one bay' if stated.bays == 1 else f'{stated.bays} bays'}.",
    )


def _days(count: int) -> str:
    if count == 0:
        return "on the day of the invoice"
    return f"{count} {'day' if count == 1 else 'days'} after the invoice"
