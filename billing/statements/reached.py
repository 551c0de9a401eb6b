"""What a statement reached, told in few words: clause by clause, and as the one text that lists have room for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext

from billing.contracts.shown import NOTHING, percent_shown
from tenants.edge.formats import number_shown

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reached:
    """What one clause came to.

    Attributes:
        name: The clause.
        percent: The outcome with six digits; None where the clause is not settled.
        target: The guaranteed percent; None where nothing is guaranteed.
        lacking: By how many points the exact outcome is below the target; 0 where it is not, or where either is None.
    """

    name: str
    percent: str | None
    target: str | None
    lacking: Fraction

    @property
    def title(self) -> str:
        """The name as a heading has it."""
        return self.name[:1].upper() + self.name[1:]

    @property
    def guarantee(self) -> str:
        """What was promised, in words."""
        return guarantee_shown(self.target)

    @property
    def is_kept(self) -> bool:
        """Whether a guarantee is known to be kept."""
        return self.target is not None and self.percent is not None and not self.lacking


def reached(clauses: Iterable[Json], remedies: Sequence[Sequence[Json]]) -> tuple[Reached, ...]:
    """What each clause of a statement came to.

    Args:
        clauses: As the statement has them.
        remedies: Those of each clause of its contract, in the same order.
    """
    return tuple(_reached(clause, target_of(terms)) for clause, terms in zip(clauses, remedies, strict=True))


def target_of(remedies: Iterable[Json]) -> str | None:
    """The percent that is guaranteed: the highest threshold below which there is a credit; None without one.

    Args:
        remedies: Those of a clause, as the contract has them.
    """
    below: list[str] = []
    for remedy in remedies:
        if remedy["kind"] == "tiers":
            below += [tier["below"] for tier in remedy["tiers"]]
        elif remedy.get("below") is not None and remedy.get("credit") is not None:
            below.append(remedy["below"])
    return max(below, key=Fraction, default=None)


def guarantee_shown(target: str | None) -> str:
    """What a clause promises: ``guaranteed 99.5 %``, or that it guarantees nothing."""
    if target is None:
        return gettext("no guarantee")
    return gettext("guaranteed %(target)s %%") % {"target": number_shown(target)}


def percent_or_word(clause: Json) -> str:
    """What a clause of a statement came to: percent cut off at two digits, or that it cannot be said."""
    return percent_shown(clause["percent"]) if clause["status"] == "settled" else gettext("indeterminate")


def percent_drawn(clause: Json) -> str | None:
    """The percent of a clause of a statement with six digits, to draw it; None where it cannot be said."""
    return clause["percent"] if clause["status"] == "settled" else None


def told_first(found: Sequence[Reached]) -> Reached | None:
    """The clause that is furthest below its target; else one that is indeterminate, else the first."""
    if not found:
        return None
    return max(found, key=lambda one: (one.lacking, one.percent is None))


def summary(found: Sequence[Reached]) -> str:
    """The outcome as lists tell it: of one clause its percent, of several the one furthest below and how many are kept.

    Such as ``94.44 %``, ``indeterminate``, ``Cold 94.44 %, 2 of 3 kept`` or ``3 of 3 kept``.
    """
    first, guaranteed = told_first(found), [one for one in found if one.target is not None]
    if first is None:
        return NOTHING
    told = gettext("indeterminate") if first.percent is None else f"{percent_shown(first.percent)} %"
    if len(found) == 1:
        return told
    if not guaranteed:
        return f"{first.title} {told}"
    kept = kept_of(guaranteed)
    return kept if all(one.is_kept for one in guaranteed) else f"{first.title} {told}, {kept}"


def kept_of(guaranteed: Sequence[Reached]) -> str:
    """How many guarantees are kept."""
    values = {"kept": sum(one.is_kept for one in guaranteed), "count": len(guaranteed)}
    return gettext("%(kept)s of %(count)s kept") % values


def _reached(clause: Json, target: str | None) -> Reached:
    if clause["status"] != "settled":
        return Reached(clause["id"], None, target, Fraction(0))
    lacking = Fraction(0) if target is None else max(Fraction(target) - 100 * Fraction(clause["ratio"]), Fraction(0))
    return Reached(clause["id"], clause["percent"], target, lacking)
