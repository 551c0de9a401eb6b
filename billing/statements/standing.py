"""What stands of a clause that cannot be judged any more: what an earlier version of the statement settled of it.

Nobody is charged or credited by itself on what is not known. A clause that becomes indeterminate when its period is
rated again has no difference: its amount stays until a version is settled on what is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenants.kernel.money import allocate

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SettledAmount:
    """What a version of a statement settled of a clause.

    Attributes:
        version: The version.
        digest: That of its document.
        minor: What the clause came to, negative where the customer was credited.
        credit: What it credited after caps; ``minor`` is its bonus less this.
    """

    version: int
    digest: str
    minor: int
    credit: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of a clause.

    Attributes:
        of: What was settled.
        minor: What stands of it.
        credit: What of it is credit.
    """

    of: SettledAmount
    minor: int
    credit: int

    @property
    def is_limited(self) -> bool:
        """Whether the caps leave less of it than was settled."""
        return self.credit < self.of.credit


def undecided(outcome: Json) -> list[str]:
    """The clauses of an outcome of which too little is known, in their order."""
    return [clause["id"] for clause in outcome["clauses"] if clause["amount_minor"] is None]


def settled_amounts(digest: str, document: Json, outcome: Json) -> dict[str, SettledAmount]:
    """What a statement settled itself, by clause; what stood in it of an earlier version is not in it.

    Args:
        digest: Of the document of the statement.
        document: That document.
        outcome: What it was made of.
    """
    granted = {clause["id"]: clause["granted_minor"] for clause in outcome["workings"]["clauses"]}
    return {
        line["clause"]: SettledAmount(document["version"], digest, line["minor"], granted[line["clause"]])
        for line in document["lines"]
        if line["kind"] == "clause" and "of" not in line
    }


def standing(outcome: Json, settled: Mapping[str, SettledAmount]) -> dict[str, Standing]:
    """What stands of each clause of which too little is known, in the order of the contract.

    Credits that stand and those that are granted now are under the same caps: where these leave less, what stands is
    shared in proportion, by largest remainder.

    Args:
        outcome: What the new version is made of.
        settled: What was settled last, by clause.
    """
    kept = {name: settled[name] for name in undecided(outcome) if name in settled}
    credits_minor = [one.credit for one in kept.values()]
    shares = allocate(_left(outcome["workings"]["caps"], sum(credits_minor)), credits_minor)
    return {
        name: Standing(one, one.minor + one.credit - share, share)
        for (name, one), share in zip(kept.items(), shares, strict=True)
    }


def _left(caps: Json, wanted: int) -> int:
    """What the caps leave of credits that stand, beside what is granted now, minor units."""
    granted: int = caps["granted"]
    limits: list[int] = [caps[name] for name in ("period_limit", "year_limit") if caps[name] is not None]
    return min([wanted, *(max(0, limit - granted) for limit in limits)])
