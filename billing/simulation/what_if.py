"""What of a contract can be tried on the page, and the contract with what was tried.

Each figure has its place in the document as its name, such as ``clauses/0/remedies/0/tiers/1/below``, so that what a
document is refused for is told at the field it was entered in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

from billing.contracts.agreement import read_document
from billing.contracts.fields import DocumentError
from billing.contracts.schemas import ContractDocument
from tenants.kernel.errors import Finding
from tenants.kernel.money import LARGEST_MINOR, Money, exponent

Json = dict[str, Any]
_STEP_FIELDS = ("below", "above", "credit", "bonus", "per", "cap")
_WORDS = {
    "below": "below",
    "above": "above",
    "credit": "credit",
    "bonus": "bonus",
    "per": "per points",
    "cap": "at most",
}


@dataclass(frozen=True, slots=True)
class Knob:
    """A figure that can be tried.

    Attributes:
        place: Where it stands in the terms.
        group: The clause it belongs to; empty for what is of the whole contract.
        label: What it is called.
        unit: Percent, points, or the currency.
        value: As it stands, in the unit; None where nothing is written.
        is_required: Whether it has to stand there.
    """

    place: str
    group: str
    label: str
    unit: str
    value: str | None
    is_required: bool


def knobs(terms: ContractDocument) -> list[Knob]:
    """What can be tried of a contract, in the order of its document; each list of tiers has room for one more."""
    written = terms.model_dump(mode="json", by_alias=True)
    found: list[Knob] = []
    for at, clause in enumerate(written["clauses"]):
        for number, remedy in enumerate(clause["remedies"]):
            place = f"clauses/{at}/remedies/{number}"
            made = _tier_knobs if remedy["kind"] == "tiers" else _step_knobs
            found += made(place, clause["id"], remedy)
    found += _fee_knobs(written["fee"], terms.currency)
    cap = written["caps"]["period_percent"]
    found.append(Knob("caps/period_percent", "", "Credits of a month at most, of its fee", "%", cap, is_required=False))
    return found


def _tier_knobs(place: str, group: str, remedy: Mapping[str, Any]) -> Iterator[Knob]:
    rows = [*remedy["tiers"], {"below": None, "credit": None}]
    for number, tier in enumerate(rows):
        for name in ("below", "credit"):
            label = f"Tier {number + 1}: {_WORDS[name]}"
            yield Knob(f"{place}/tiers/{number}/{name}", group, label, "%", tier[name], is_required=False)


def _step_knobs(place: str, group: str, remedy: Mapping[str, Any]) -> Iterator[Knob]:
    for name in _STEP_FIELDS:
        if remedy[name] is not None or name == "cap":
            label = f"Steps: {_WORDS[name]}"
            unit = "points" if name == "per" else "%"
            yield Knob(f"{place}/{name}", group, label, unit, remedy[name], is_required=name != "cap")


def _fee_knobs(fee: Mapping[str, Any], currency: str) -> Iterator[Knob]:
    if fee["kind"] != "metered":
        label = "Fee of a month" if fee["kind"] == "flat" else "Fee of a month for each asset"
        yield Knob("fee/minor", "", label, currency, major_text(fee["minor"], currency), is_required=True)
        return
    for number, tier in enumerate(fee["tiers"]):
        upto = "without end" if tier["to"] is None else f"up to {tier['to']} {fee['unit']}"
        label = f"Price by {fee['unit']}, {upto}"
        yield Knob(f"fee/tiers/{number}/price", "", label, currency, tier["price"], is_required=True)


def tried(terms: ContractDocument, values: Mapping[str, Decimal | None]) -> ContractDocument:
    """The contract with figures changed.

    Args:
        terms: The contract.
        values: By place, amounts in major units; a tier without threshold and credit is taken out.

    Raises:
        DocumentError: It does not fit; the places are those of the figures.
    """
    written = terms.model_dump(mode="json", by_alias=True)
    entered: dict[str, str] = {}
    findings: list[Finding] = []
    for knob in knobs(terms):
        if knob.place in values and not _is_of_tier(knob):
            _write(written, knob, values[knob.place], terms.currency, findings)
    for at, clause in enumerate(written["clauses"]):
        clause["remedies"] = _remedies(f"clauses/{at}/remedies", clause["remedies"], values, entered, findings)
    if findings:
        raise DocumentError(findings)
    try:
        return read_document(ContractDocument, written)
    except DocumentError as error:
        raise DocumentError(
            Finding(one.code, _as_entered(one.place, entered), one.message, one.fix) for one in error.findings
        ) from None


def minor_of(amount: Decimal, currency: str) -> int | None:
    """An amount in major units as minor units; None when it has parts of these, or is too large to be carried."""
    minor = amount.scaleb(exponent(currency))
    return int(minor) if minor == minor.to_integral_value() and minor <= LARGEST_MINOR else None


def major_text(minor: int, currency: str) -> str:
    """Minor units as a decimal in major units, such as ``1234.50``."""
    return format(Money(minor, currency).amount, "f")


def _is_of_tier(knob: Knob) -> bool:
    return knob.place.startswith("clauses/") and "/tiers/" in knob.place


def _write(written: Json, knob: Knob, value: Decimal | None, currency: str, findings: list[Finding]) -> None:
    *steps, last = knob.place.split("/")
    here: Any = written
    for step in steps:
        here = here[int(step) if isinstance(here, list) else step]
    if knob.place != "fee/minor" or value is None:
        here[last] = None if value is None else _text(value)
        return
    here[last] = minor_of(value, currency)
    if here[last] is None:
        message = f"{value} is no amount of {currency}."
        findings.append(Finding("simulation.amount", knob.place, message, "Write one of whole minor units."))


def _remedies(
    place: str,
    remedies: list[Json],
    values: Mapping[str, Decimal | None],
    entered: dict[str, str],
    findings: list[Finding],
) -> list[Json]:
    """The remedies of a clause with their tiers as they were entered, without those that have none left."""
    kept: list[Json] = []
    for number, remedy in enumerate(remedies):
        now, before = f"{place}/{len(kept)}", f"{place}/{number}"
        if remedy["kind"] == "tiers":
            remedy["tiers"] = _tiers(before, now, values, entered, findings)
        if remedy.get("tiers") != []:
            entered[now] = before
            kept.append(remedy)
    return kept


def _tiers(
    place: str, placed: str, values: Mapping[str, Decimal | None], entered: dict[str, str], findings: list[Finding]
) -> list[Json]:
    """The tiers of a remedy as they were entered; `entered` learns where each of them stood."""
    tiers: list[Json] = []
    for number in count():
        at = f"{place}/tiers/{number}"
        if f"{at}/below" not in values:
            return tiers
        below, credit = values[f"{at}/below"], values.get(f"{at}/credit")
        if below is None and credit is None:
            continue
        if below is None or credit is None:
            missing = f"{at}/{'below' if below is None else 'credit'}"
            message = "A tier needs a threshold and a credit."
            findings.append(Finding("simulation.half_a_tier", missing, message, "Give both, or leave both empty."))
            continue
        entered[f"{placed}/tiers/{len(tiers)}"] = at
        tiers.append({"below": _text(below), "credit": _text(credit)})
    return tiers


def _as_entered(place: str, entered: Mapping[str, str]) -> str:
    """A place of the changed document as the place of the figure; the longest beginning that is known decides."""
    steps = place.split("/")
    for length in range(len(steps), 0, -1):
        known = entered.get("/".join(steps[:length]))
        if known is not None:
            return "/".join([known, *steps[length:]])
    return place


def _text(value: Decimal) -> str:
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
