"""What the names in a contract have to be: told by the evidence of its assets, and not those of something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from billing.contracts.fields import place_of
from billing.contracts.schemas import (
    AvailabilityDocument,
    ContractDocument,
    MeteredFeeDocument,
    RatioDocument,
    ResponseDocument,
)
from tenants.kernel.errors import Finding
from twins.catalog.schemas import AssetType
from twins.evidence.domain.rules import told_names

FEE = "fee"
"""Stands for the fee where the name of a clause would."""


def naming_findings(terms: ContractDocument, types: Mapping[str, AssetType]) -> list[Finding]:
    """Clauses with a name that is taken, and measures and conditions that the evidence of an asset would not have.

    Args:
        terms: What the contract says.
        types: The type of each asset with what it inherits, by the asset's id.
    """
    return [*taken_names(terms), *_in_clauses(terms, types), *_in_fee(terms, types)]


def taken_names(terms: ContractDocument) -> Iterator[Finding]:
    """Clauses that are called as the lines of statements call the fee; contracts of before may have one."""
    for at, clause in enumerate(terms.clauses):
        if clause.id == FEE:
            yield Finding(
                "contract.clause_name",
                place_of("terms", "clauses", at, "id"),
                f"No clause can be called {FEE}: that is what the fee is called in statements.",
                "Give the clause another name.",
            )


def _in_clauses(terms: ContractDocument, types: Mapping[str, AssetType]) -> Iterator[Finding]:
    for at, clause in enumerate(terms.clauses):
        for field in ("of", "per"):
            name = getattr(clause.indicator, field, None)
            if name is None or (field == "per" and not isinstance(clause.indicator, RatioDocument)):
                continue
            known = _common([types[asset] for asset in clause.assets if asset in types], clause.indicator)
            if name not in known:
                yield _unknown(name, place_of("terms", "clauses", at, "indicator", field), known)


def _in_fee(terms: ContractDocument, types: Mapping[str, AssetType]) -> Iterator[Finding]:
    if not isinstance(terms.fee, MeteredFeeDocument) or terms.fee.of is None:
        return
    known = set().union(*(_names(of, terms.fee) for of in types.values()))
    if terms.fee.of not in known:
        yield _unknown(terms.fee.of, "terms/fee/of", known)


def _common(types: list[AssetType], reader: object) -> set[str]:
    """The names that every one of some types tells."""
    named = [_names(of, reader) for of in types]
    return set.intersection(*named) if named else set()


def _names(of: AssetType, reader: object) -> set[str]:
    """The names that evidence of a type has and that a part of a contract can read.

    A share of time and what stops the clock of an incident are conditions, never measures.
    """
    measures, conditions = told_names(of)
    if isinstance(reader, AvailabilityDocument | ResponseDocument):
        return set(conditions)
    return {*measures, *conditions}


def _unknown(name: str, place: str, known: set[str]) -> Finding:
    fix = f"Choose one of {', '.join(sorted(known))}." if known else "Add the indicator to the type of each asset."
    return Finding(
        "contract.unknown_name", place, f"The types of the assets have no indicator {name} that tells it.", fix
    )
