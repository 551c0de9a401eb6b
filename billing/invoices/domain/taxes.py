"""Invoices on which more than one tax stands: what corrects an earlier period has the tax charged for that one.

Source: Council Directive 2006/112/EC, Article 90 (what reduces the taxable amount afterwards reduces that of the
original supply), and EN 16931-1, BG-23: one part of the breakdown for each category and rate. An invoice with one tax
has no `taxes` in its document, and its lines name none.

Amounts are whole minor units, positive where the customer owes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from billing.invoices.domain.sums import Amounts, amounts
from billing.invoices.domain.tax import Tax, tax_of
from tenants.kernel.money import Rounding, round_minor

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Charge:
    """What is charged on a line: a percent, and the tax that it is; None where there is no legal entity."""

    percent: str
    tax: Tax | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What some lines with one category and rate come to."""

    charge: Charge
    net: int
    tax: int

    def as_json(self) -> Json:
        """The part as it stands in the `taxes` of a document."""
        told = {"percent": self.charge.percent} if self.charge.tax is None else self.charge.tax.as_json()
        return {**told, "net_minor": self.net, "tax_minor": self.tax}


@dataclass(frozen=True, slots=True)
class Taxed:
    """Lines with what they come to: each names its part by its place, where there are several.

    `main` is the one charge that there is, or what is charged for the invoice's own period.
    """

    lines: Sequence[Mapping[str, Any]]
    parts: Sequence[Part]
    main: Charge

    @property
    def sums(self) -> Amounts:
        """The sums of all parts."""
        return Amounts(sum(part.net for part in self.parts), sum(part.tax for part in self.parts))

    def as_json(self) -> Json:
        """What a document says of it beside its lines: nothing where there is one part."""
        return {"taxes": [part.as_json() for part in self.parts]} if len(self.parts) > 1 else {}


def taxed(lines: Sequence[Mapping[str, Any]], charges: Sequence[Charge], own: Charge, rounding: Rounding) -> Taxed:
    """Lines by the tax that is charged on them; tax is rounded once for each category and rate.

    Args:
        lines: Statement lines.
        charges: What is charged on each.
        own: What is charged for the invoice's own period.
        rounding: The rounding of the contract.
    """
    found: dict[tuple[str, Fraction], Charge] = {}
    for charge in charges or [own]:
        found[_key(charge)] = _merged(found.get(_key(charge)), charge)
    of_lines: dict[tuple[str, Fraction], list[Mapping[str, Any]]] = {key: [] for key in found}
    for line, charge in zip(lines, charges, strict=True):
        of_lines[_key(charge)].append(line)
    sums = [amounts(of_lines[key], charge.percent, rounding) for key, charge in found.items()]
    parts = [Part(charge, each.net, each.tax) for charge, each in zip(found.values(), sums, strict=True)]
    if len(parts) == 1:
        return Taxed(lines, parts, parts[0].charge)
    places = {key: at for at, key in enumerate(found)}
    told = [{**line, "tax": places[_key(charge)]} for line, charge in zip(lines, charges, strict=True)]
    return Taxed(told, parts, own)


def parts_of(document: Mapping[str, Any], sums: Amounts) -> list[Part]:
    """What an invoice's document says of its taxes; one part with the sums of the invoice where it has one tax."""
    if "taxes" not in document:
        return [Part(charge_of(document), sums.net, sums.tax)]
    return [
        Part(Charge(told["percent"], _read(told)), told["net_minor"], told["tax_minor"]) for told in document["taxes"]
    ]


def charge_of(document: Mapping[str, Any]) -> Charge:
    """What an invoice's document says was charged for its own period."""
    return Charge(document["tax_percent"], tax_of(document))


def tax_label(document: Mapping[str, Any]) -> str:
    """What the sum of taxes is called: ``Tax 19 %``, or ``Tax 19 % and 16 %``."""
    return " ".join(["Tax", " and ".join(f"{percent} %" for percent in percents(document))]).strip()


def percents(document: Mapping[str, Any]) -> list[str]:
    """The percents that an invoice charges, each once; none where its document names none."""
    told = [each["percent"] for each in document.get("taxes", ())] or [document.get("tax_percent")]
    return [percent for percent in dict.fromkeys(told) if percent]


def credited_parts(parts: Sequence[Part], before: int, part: int, rounding: Rounding) -> list[Part]:
    """A credit note for a part of an invoice with several taxes, shared over them in proportion to their net sums.

    What is credited of each by now, less what was credited of it before: after the last credit note exactly the net sum
    and the tax of each have been credited, however many there were.

    Args:
        parts: Those of the invoice; their net sum is positive.
        before: What was credited of it before, net, positive.
        part: What is credited now, net, positive; at most what is left.
        rounding: The rounding of the invoice.

    Raises:
        ValueError: The part is nothing, or more than is left.
    """
    net = sum(each.net for each in parts)
    if not 0 < part <= net - before:
        raise ValueError(f"{part} is no part of the {net - before} that are left")
    known, after = (_shared([each.net for each in parts], so_far) for so_far in (before, before + part))
    return [
        Part(each.charge, old - new, _rounded(old, each.charge, rounding) - _rounded(new, each.charge, rounding))
        for each, old, new in zip(parts, known, after, strict=True)
    ]


def _shared(nets: Sequence[int], so_far: int) -> list[int]:
    """A sum in proportion to the parts of all, whose signs may differ; the largest remainders get what is left."""
    exact = [Fraction(so_far * net, sum(nets)) for net in nets]
    shares = [share.__floor__() for share in exact]
    by_remainder = sorted(range(len(nets)), key=lambda at: (shares[at] - exact[at], at))
    for at in by_remainder[: so_far - sum(shares)]:
        shares[at] += 1
    return shares


def _key(charge: Charge) -> tuple[str, Fraction]:
    return ("" if charge.tax is None else charge.tax.category, Fraction(charge.percent))


def _merged(known: Charge | None, other: Charge) -> Charge:
    """One part says why each of its lines has no tax, where the reasons differ."""
    if known is None or known.tax is None or other.tax is None or other.tax.note in known.tax.note:
        return known or other
    return replace(known, tax=replace(known.tax, note=f"{known.tax.note} {other.tax.note}".strip()))


def _rounded(net: int, charge: Charge, rounding: Rounding) -> int:
    return round_minor(net * Fraction(charge.percent) / 100, rounding)


def _read(told: Mapping[str, Any]) -> Tax | None:
    if "category" not in told:
        return None
    return Tax(told["category"], told["percent"], told["note"], told["code"])
