"""Invoices and the ledger: tax on the sum, numbers without gaps, legs that sum to zero.

Amounts are whole minor units, positive where the customer owes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from tenants.kernel.money import Rounding, round_minor

Kind = Literal["invoice", "credit_note"]

RECEIVABLE, TAX = "receivable", "tax"
REVENUE = {"fee": "revenue.fees", "clause": "revenue.outcomes", "adjustment": "revenue.adjustments"}
"""The account that each kind of line is booked to."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of a ledger entry: what an account is debited (positive) or credited (negative)."""

    account: str
    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class Amounts:
    """The sums of an invoice."""

    net: int
    tax: int

    @property
    def gross(self) -> int:
        """What is to be paid."""
        return self.net + self.tax

    @property
    def kind(self) -> Kind:
        """What the customer is owed makes a credit note; where nothing is to be paid, a net sum that they are owed."""
        return "credit_note" if (self.gross or self.net) < 0 else "invoice"


def amounts(lines: Sequence[Mapping[str, Any]], tax_percent: str, rounding: Rounding) -> Amounts:
    """The sums of some lines; tax is rounded once, on the net sum, magnitudes alike on both sides of zero.

    Args:
        lines: Statement lines.
        tax_percent: Percent of the net sum.
        rounding: The rounding of the contract.
    """
    net = sum(line["minor"] for line in lines)
    return Amounts(net, round_minor(net * Fraction(tax_percent) / 100, rounding))


def credited(net: int, before: int, part: int, tax_percent: str, rounding: Rounding) -> Amounts:
    """The sums of a credit note for a part of an invoice, so that an invoice and its credit notes come to nought.

    The tax of what is credited by now, less what was credited of it before: rounding never adds up, however many parts
    there are, and after the last one exactly the tax of the invoice has been credited.

    Args:
        net: The net sum of the invoice, positive.
        before: What was credited of it before, net, positive.
        part: What is credited now, net, positive; at most what is left.
        tax_percent: The percent of the invoice.
        rounding: The rounding of the invoice.

    Raises:
        ValueError: The part is nothing, or more than is left.
    """
    if not 0 < part <= net - before:
        raise ValueError(f"{part} is no part of the {net - before} that are left")
    after, known = (round_minor(each * Fraction(tax_percent) / 100, rounding) for each in (before + part, before))
    return Amounts(-part, known - after)


def legs(lines: Sequence[Mapping[str, Any]], sums: Amounts, currency: str) -> list[Leg]:
    """How an invoice is booked: receivable against revenue by kind of line, and tax; nothing that is nought."""
    booked = {RECEIVABLE: sums.gross, TAX: -sums.tax}
    for line in lines:
        account = REVENUE[line["kind"]]
        booked[account] = booked.get(account, 0) - line["minor"]
    return [Leg(account, currency, minor) for account, minor in booked.items() if minor]


def unbalanced(booked: Sequence[Leg]) -> dict[str, int]:
    """The sum of each currency in which some legs do not sum to zero."""
    sums: dict[str, int] = {}
    for leg in booked:
        sums[leg.currency] = sums.get(leg.currency, 0) + leg.minor
    return {currency: minor for currency, minor in sums.items() if minor}


def number_prefix(name: str, slug: str) -> str:
    """The capital letters that a tenant's invoice numbers begin with: initials, or the start of a single word."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.findall("[A-Za-z0-9]+", plain) or [slug]
    return ("".join(word[0] for word in words[:4]) if len(words) > 1 else words[0][:2]).upper()


def number_text(prefix: str, kind: Kind, year: int, sequence: int) -> str:
    """A number, such as ``ME-2026-0001``, or ``ME-CN-2026-0001`` of a credit note."""
    return f"{prefix}{'-CN' if kind == 'credit_note' else ''}-{year}-{sequence:04d}"
