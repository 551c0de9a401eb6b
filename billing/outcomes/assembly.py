"""The rate document of a contract and a period, put together from sealed evidence and the exclusions claimed.

It is the whole input of the engine and self-contained: ``manage.py rate`` gives the same outcome for it on any machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from billing.contracts.agreement import AgreementDocument
from billing.contracts.figures import moment_text
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
    year_remaining: int | None = None,
) -> Json:
    """The document to rate.

    Args:
        agreement: The version of the contract in force.
        period: Its ``start`` and ``end``, as exact times.
        as_of: What was received, approved or withdrawn later is not known yet.
        evidence: Sealed segments, one for each asset; those of assets the contract is not about are left out, and of
            an asset without one nothing is known.
        claims: Documents of exclusions, each with those of the decisions about it. Without any it is only proposed; or
            approved, where it says until when the customer may object and that has passed.
        year_remaining: What is left of the year's limit, minor units; None without such a limit.
    """
    known: Json = {asset: {"initial": None} for asset in sorted(agreement.assets)}
    for segment in evidence:
        if segment["asset"] in known:
            known[segment["asset"]] = {name: value for name, value in segment.items() if name in _EVIDENCE}
    contract = agreement.terms.model_dump(mode="json", by_alias=True)
    if year_remaining is not None:
        contract["caps"]["year_remaining_minor"] = year_remaining
    return {
        "rate": 1,
        "period": dict(period),
        "as_of": as_of,
        "contract": contract,
        "evidence": known,
        "exclusions": [_exclusion(claim, decisions, known, as_of) for claim, decisions in claims],
    }


def rated(document: Json) -> Json:
    """The printed outcome of a rate document.

    Raises:
        DocumentError: The evidence, the exclusions and the contract do not fit each other.
        AmountTooLargeError: An amount is beyond what every reader of JSON reads exactly.
    """
    return printed(rate(rate_document_of(document)))


def approved_by_silence(claim: Mapping[str, Any], decisions: Sequence[Mapping[str, Any]], as_of: str) -> str | None:
    """Since when a claim counts as approved because nobody objected in time; None when it does not, or not yet.

    Args:
        claim: The document of the claim.
        decisions: Those of all decisions about it by ``as_of``.
        as_of: The moment of knowledge.
    """
    until: str | None = claim.get("objection_until")
    if until is None or datetime.fromisoformat(as_of) < datetime.fromisoformat(until):
        return None
    in_time = [one for one in decisions if datetime.fromisoformat(one["decided_at"]) < datetime.fromisoformat(until)]
    return None if in_time else until


def silent_approval(claim: Mapping[str, Any], as_of: str, zone: ZoneInfo) -> Json | None:
    """What stands in the place of a decision about a claim to which nobody objected in time; None while it may be.

    Args:
        claim: The document of a claim about which nothing was decided.
        as_of: The moment of knowledge.
        zone: Where times are read.
    """
    until = approved_by_silence(claim, (), as_of)
    if until is None:
        return None
    why = f"Nobody had objected by {moment_text(datetime.fromisoformat(until), zone)}."
    return {"decision": "approved", "decided_by": "objection time", "decided_at": until, "why": why}


def _exclusion(
    claim: Mapping[str, Any], decisions: Sequence[Mapping[str, Any]], known: Mapping[str, Any], as_of: str
) -> Json:
    decided = {decision["decision"]: decision["decided_at"] for decision in decisions}
    withdrawn = {"withdrawn": decided["withdrawn"]} if "withdrawn" in decided else {}
    return {
        "category": claim["category"],
        "assets": [asset for asset in claim["assets"] if asset in known],
        "from": claim["from"],
        "to": claim["to"],
        "approved": decided.get("approved") or approved_by_silence(claim, decisions, as_of),
        **withdrawn,
    }
