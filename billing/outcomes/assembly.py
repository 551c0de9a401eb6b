"""The rate document of a contract and a period, put together from sealed evidence and the exclusions claimed.

It is the whole input of the engine and self-contained: ``manage.py rate`` gives the same outcome for it on any machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from billing.contracts.agreement import AgreementDocument
from billing.outcomes.domain.engine import rate
from billing.outcomes.domain.printed import printed
from billing.outcomes.intake import rate_document_of
from billing.outcomes.schemas import EvidenceForm

Json = dict[str, Any]
_EVIDENCE = frozenset(field.alias or name for name, field in EvidenceForm.model_fields.items())


def rate_document(
    agreement: AgreementDocument,
    period: Mapping[str, str],
    as_of: str,
    evidence: Iterable[Mapping[str, Any]],
    claims: Iterable[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]],
    corrections: Iterable[Mapping[str, Any]] = (),
) -> Json:
    """The document to rate.

    Args:
        agreement: The version of the contract in force.
        period: Its ``start`` and ``end``, as exact times.
        as_of: What was received, approved or withdrawn later is not known yet.
        evidence: Sealed segments, one for each asset; those of assets the contract is not about are left out, and of
            an asset without one nothing is known.
        claims: Documents of exclusions, each with those of the decisions about it (none: it is only proposed).
        corrections: Documents of corrections of the evidence, in the order in which they were decided.
    """
    known: Json = {asset: {"initial": None} for asset in sorted(agreement.assets)}
    for segment in evidence:
        if segment["asset"] in known:
            known[segment["asset"]] = {name: value for name, value in segment.items() if name in _EVIDENCE}
    for correction in corrections:
        known[correction["asset"]] = _corrected(known[correction["asset"]], correction)
    return {
        "rate": 1,
        "period": dict(period),
        "as_of": as_of,
        "contract": agreement.terms.model_dump(mode="json", by_alias=True),
        "evidence": known,
        "exclusions": [_exclusion(claim, decisions, known) for claim, decisions in claims],
    }


def rated(document: Json) -> Json:
    """The printed outcome of a rate document.

    Raises:
        DocumentError: The evidence, the exclusions and the contract do not fit each other.
        AmountTooLargeError: An amount is beyond what every reader of JSON reads exactly.
    """
    return printed(rate(rate_document_of(document)))


def _corrected(known: Mapping[str, Any], correction: Mapping[str, Any]) -> Json:
    """What is known of an asset with one more report, received when it was decided; what was sealed stays as it is."""
    report = {name: correction[name] for name in ("from", "to", "state")} | {"received": correction["decided_at"]}
    condition = correction["of"]
    if condition is None:
        return {**known, "states": [*known.get("states", ()), report]}
    conditions = known.get("conditions", {})
    return {**known, "conditions": {**conditions, condition: [*conditions.get(condition, ()), report]}}


def _exclusion(claim: Mapping[str, Any], decisions: Sequence[Mapping[str, Any]], known: Mapping[str, Any]) -> Json:
    decided = {decision["decision"]: decision["decided_at"] for decision in decisions}
    withdrawn = {"withdrawn": decided["withdrawn"]} if "withdrawn" in decided else {}
    return {
        "category": claim["category"],
        "assets": [asset for asset in claim["assets"] if asset in known],
        "from": claim["from"],
        "to": claim["to"],
        "approved": decided.get("approved"),
        **withdrawn,
    }
