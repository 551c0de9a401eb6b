"""What a statement says: a line for the fee and for each clause, and how a later version differs from an earlier.

Amounts are whole minor units of the contract's currency, negative where the customer is owed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from billing.contracts.agreement import AgreementDocument
from billing.contracts.figures import percent_short
from billing.contracts.naming import FEE
from billing.contracts.schemas import MeteredFeeDocument
from billing.outcomes.domain.fees import taken
from billing.outcomes.domain.figures import exact_text
from billing.statements.standing import Standing

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement.

    Attributes:
        kind: The fee, what a clause adds to it, or the difference of an earlier period that was restated.
        clause: The clause it is about, ``fee`` for the fee.
        text: What it is, for people.
        minor: The amount.
        of: For an adjustment the two statements it is the difference of, for what stands of a clause the one that
            settled it.
    """

    kind: Literal["fee", "clause", "adjustment"]
    clause: str
    text: str
    minor: int
    of: Mapping[str, Any] | None = None

    def as_json(self) -> Json:
        """The line as it stands in the statement's document."""
        own = {"kind": self.kind, "clause": self.clause, "text": self.text, "minor": self.minor}
        return own if self.of is None else own | {"of": dict(self.of)}


@dataclass(frozen=True, slots=True)
class Difference:
    """What a clause, or the fee, comes to more in a later version of a statement.

    Attributes:
        kind: Whether it is of the fee or of a clause; there are contracts with a clause that is called ``fee``.
        clause: The clause, ``fee`` for the fee.
        minor: The difference.
    """

    kind: Literal["fee", "clause"]
    clause: str
    minor: int


def outcome_lines(
    agreement: AgreementDocument, outcome: Json, standing: Mapping[str, Standing] | None = None
) -> list[Line]:
    """The fee and one line for each clause that was settled, or of which something stands.

    For a clause of which too little is known nothing is charged or credited: it has a line where an earlier version
    settled it, with what stands of that.

    Args:
        agreement: The contract.
        outcome: What a period comes to.
        standing: What stands of clauses, by name.
    """
    fee, kept = Line("fee", FEE, _fee_text(agreement, outcome), outcome["fee_minor"]), standing or {}
    clauses = [
        _standing_line(clause["id"], kept[clause["id"]])
        if clause["amount_minor"] is None
        else Line("clause", clause["id"], _clause_text(clause), clause["amount_minor"])
        for clause in outcome["clauses"]
        if clause["amount_minor"] is not None or clause["id"] in kept
    ]
    return [fee, *clauses]


def differences(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """What each clause and the fee come to more on the lines of a newer version; nothing where they are equal.

    One figure for each clause, total against total: parts of a line are never set off against each other.
    """
    before, after = _by_clause(old), _by_clause(new)
    changes = {key: after.get(key, 0) - before.get(key, 0) for key in [*before, *after]}
    return [Difference(kind, clause, minor) for (kind, clause), minor in changes.items() if minor]


def figures(outcome: Json) -> Json:
    """What two outcomes are compared by: money and measures, not what was recorded without being rated."""
    return {name: outcome[name] for name in ("currency", "fee_minor", "total_minor", "clauses")}


def adjustment_line(
    clause: str, minor: int, period: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Line:  # fmt: skip
    """The line by which a difference is charged or credited in a later period.

    Args:
        clause: The clause, or the fee.
        minor: What it comes to more.
        period: The period that was restated, for people.
        old: Version and digest of the statement before.
        new: Version and digest of the statement after.
    """
    text = f"{period}, {clause}: version {new['version']} in place of version {old['version']}"
    return Line("adjustment", clause, text, minor, {"from": dict(old), "to": dict(new)})


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a trace and the lines it is made of."""

    text: str
    parts: tuple[Step, ...]


def trace_steps(trace: str, names: Mapping[str, str]) -> tuple[Step, ...]:
    """A trace as a tree, by its indentation, with the names of assets in place of their ids."""
    for asset, name in names.items():
        trace = trace.replace(asset, name)
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in trace.split("\n")]
    return _steps(lines)


def _steps(lines: Sequence[tuple[int, str]]) -> tuple[Step, ...]:
    steps: list[Step] = []
    at = 0
    while at < len(lines):
        end = at + 1
        while end < len(lines) and lines[end][0] > lines[at][0]:
            end += 1
        steps.append(Step(lines[at][1], _steps(lines[at + 1 : end])))
        at = end
    return tuple(steps)


def total(lines: Sequence[Mapping[str, Any]]) -> int:
    """The sum of some lines."""
    return sum(line["minor"] for line in lines)


def _by_clause(lines: Sequence[Mapping[str, Any]]) -> dict[tuple[Literal["fee", "clause"], str], int]:
    return {(line["kind"], line["clause"]): line["minor"] for line in lines if line["kind"] != "adjustment"}


def _fee_text(agreement: AgreementDocument, outcome: Json) -> str:
    fee, parts = agreement.terms.fee, outcome["workings"]["fee"]["parts"]
    if isinstance(fee, MeteredFeeDocument):
        volume = taken(parts)
        price = f"at {fee.tiers[0].price} {outcome['currency']} per {fee.unit}"
        return f"Fee for {exact_text(volume)} {fee.unit} " + (price if len(fee.tiers) == 1 else f"by {fee.mode} tiers")
    return "Fee" if not parts else f"Fee for {len(parts)} assets"


def _clause_text(clause: Mapping[str, Any]) -> str:
    amount = clause["amount_minor"]
    effect = "no credit" if amount == 0 else "credit" if amount < 0 else "bonus"
    return f"{clause['id']} {percent_short(clause['percent'])} %: {effect}"


def _standing_line(clause: str, one: Standing) -> Line:
    limit = " as far as the caps leave room" if one.is_limited else ""
    text = f"{clause}: indeterminate, what version {one.of.version} settled stands{limit}"
    return Line("clause", clause, text, one.minor, {"settled": {"version": one.of.version, "digest": one.of.digest}})
