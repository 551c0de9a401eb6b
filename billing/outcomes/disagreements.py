"""Where parts of a rate document that each fit do not fit each other."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from billing.contracts.domain import (
    Availability,
    Contract,
    Indicator,
    MeanRate,
    MeteredFee,
    Ratio,
    Response,
    Throughput,
)
from billing.contracts.fields import place_of
from billing.outcomes.domain.document import RateDocument, RateReport
from tenants.kernel.errors import Finding


def disagreements(document: RateDocument) -> Iterator[Finding]:
    """What is wrong with a document although each of its parts fits by itself."""
    yield from _unknown_assets(document)
    yield from _unknown_names(document)
    yield from _ambiguous_names(document)
    yield from _mixed_units(document)
    for asset, known in document.evidence.items():
        yield from _clashing_rates(asset, known.rates)
        yield from _broken_intervals(asset, known.rates, document.contract)


def _unknown_assets(document: RateDocument) -> Iterator[Finding]:
    named = [("contract/clauses", at, clause.assets) for at, clause in enumerate(document.contract.clauses)]
    named += [("exclusions", at, claim.assets) for at, claim in enumerate(document.exclusions)]
    for part, at, assets in named:
        for position, asset in enumerate(assets):
            if asset not in document.evidence:
                yield Finding(
                    "evidence.unknown_asset",
                    place_of(part, at, "assets", position),
                    f"There is no evidence about {place_of(asset)}.",
                    "Mend the name, or add the asset to `evidence`.",
                )


def _unknown_names(document: RateDocument) -> Iterator[Finding]:
    """Whatever a contract names has to be there, even if nothing was read: else a slip would count as no volume."""
    for at, clause in enumerate(document.contract.clauses):
        known = [document.evidence[asset] for asset in clause.assets if asset in document.evidence]
        for field, name in _names(clause.indicator):
            place = place_of("contract", "clauses", at, "indicator", field)
            kinds: tuple[str, ...] = ("conditions",)
            if not isinstance(clause.indicator, Availability | Response):
                kinds = ("measures", "conditions")
            if not all(any(name in getattr(one, kind) for kind in kinds) for one in known):
                yield _unknown_name(name, place, kinds)
    of = document.contract.fee.of if isinstance(document.contract.fee, MeteredFee) else None
    if of is not None and not any(of in one.measures or of in one.conditions for one in document.evidence.values()):
        yield _unknown_name(of, place_of("contract", "fee", "of"), ("measures", "conditions"))


def _ambiguous_names(document: RateDocument) -> Iterator[Finding]:
    for asset, one in document.evidence.items():
        for name in sorted(one.measures.keys() & one.conditions.keys()):
            message = f"{name} is both a measure and a condition, so a contract could mean either."
            yield Finding(
                "evidence.ambiguous_name",
                place_of("evidence", asset, "conditions", name),
                message,
                "Rename one of them.",
            )


def _names(indicator: Indicator) -> Iterator[tuple[str, str]]:
    """The measures and conditions that an indicator names, each with the field that does."""
    if isinstance(indicator, Ratio):
        yield from (("of", indicator.of), ("per", indicator.per))
    elif isinstance(indicator, Availability | Throughput | Response) and indicator.of is not None:
        yield "of", indicator.of


def _unknown_name(name: str, place: str, kinds: tuple[str, ...]) -> Finding:
    where = " or ".join(f"`{kind}`" for kind in kinds)
    message = f"The evidence has no {name} in {where} of each asset."
    return Finding(
        "evidence.unknown_name", place, message, "Mend the name, or add it; an empty list says nothing was read."
    )


def _mixed_units(document: RateDocument) -> Iterator[Finding]:
    """A counter has one unit, so everything that reads it has to name the same; the hours of a condition are hours."""
    fee = document.contract.fee
    units: dict[tuple[str, str | None], str] = {
        (asset, name): "h" for asset, known in document.evidence.items() for name in known.conditions
    }
    if isinstance(fee, MeteredFee):
        others = {units.setdefault((asset, fee.of), fee.unit) for asset in document.evidence} - {fee.unit}
        if others:
            yield Finding(
                "contract.mixed_units",
                "contract/fee/unit",
                f"A condition is counted in hours, not in {fee.unit}.",
                "Write h.",
            )
    for at, clause in enumerate(document.contract.clauses):
        if not isinstance(clause.indicator, Throughput):
            continue
        unit, of = clause.indicator.unit, clause.indicator.of
        others = {units.setdefault((asset, of), unit) for asset in clause.assets} - {unit}
        if others:
            yield Finding(
                "contract.mixed_units",
                place_of("contract", "clauses", at, "indicator", "unit"),
                f"The same counters are read in {unit} here and in {', '.join(sorted(others))} elsewhere.",
                "Write the unit the counters are in everywhere.",
            )


def _clashing_rates(asset: str, rates: tuple[RateReport, ...]) -> Iterator[Finding]:
    """Rates that overlap have to agree, unless one was received later and so replaces the other."""
    by_received: dict[int | None, list[tuple[int, int, Fraction, int]]] = {}
    for at, one in enumerate(rates):
        by_received.setdefault(one.received, []).append((one.start, one.end, one.value, at))
    for together in by_received.values():
        together.sort()
        _, reached, value, _ = together[0]
        for start, end, other, at in together[1:]:
            if start < min(reached, end) and other != value:
                yield Finding(
                    "evidence.rates_overlap",
                    place_of("evidence", asset, "rates", at),
                    "Another error rate for part of this span says something else.",
                    "Keep one of them, or give `received` so that the later one counts.",
                )
            if end > reached:
                reached, value = end, other


def _broken_intervals(asset: str, rates: tuple[RateReport, ...], contract: Contract) -> Iterator[Finding]:
    intervals = {
        clause.indicator.interval
        for clause in contract.clauses
        if isinstance(clause.indicator, MeanRate) and asset in clause.assets
    }
    for at, one in enumerate(rates):
        if any((one.end - one.start) % interval for interval in intervals):
            yield Finding(
                "evidence.rate_interval",
                place_of("evidence", asset, "rates", at),
                "The span is not a whole number of the intervals the contract measures in.",
                "Give the rate of each whole interval.",
            )
