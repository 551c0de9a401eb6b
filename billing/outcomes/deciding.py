"""Deciding about claims that time is not to count: whoever claims one never approves it.

A claim under a contract is decided by the customer's people: in their portal, over the API, or elsewhere, which one of
the organisation's own people then records. One under no contract is approved by nobody, for it would count against
customers who were not asked. One that a customer makes is the organisation's to decide.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import transaction

from billing.contracts.figures import utc_text
from billing.outcomes.claims import CLAIM, DECISION
from billing.outcomes.consents import Consent, checked
from billing.outcomes.models import Exclusion, ExclusionDecision, Verdict
from billing.outcomes.selectors import (
    ExclusionNotFoundError,
    claimed_for,
    decisions_of,
    may_be_objected_to,
    silently_approved_at,
)
from billing.outcomes.selectors import exclusion as exclusion_by_id
from tenants.kernel.canonical import digest
from tenants.kernel.errors import ConflictError, OutturnError
from tenants.kernel.ids import new_id
from tenants.record.schemas import NewEntry
from tenants.record.services import append_leaves, record_audit

Side = Literal["customer", "provider"]


class DecidedError(ConflictError):
    """The claim was decided before, or withdrawn."""

    code = "exclusion.decided"


class OtherSideError(OutturnError):
    """The step is the other side's to take."""

    code = "exclusion.other_side"
    status = 403


class NoContractError(ConflictError):
    """The claim is under no contract, so there is no customer who could approve it."""

    code = "exclusion.no_contract"


def approve_exclusion(
    *, exclusion: UUID, why: str, by: str, customer: UUID | None, now: datetime, consent: Consent | None = None
) -> ExclusionDecision:
    """Approve a claim of the other side: from now on the span does not count.

    Args:
        exclusion: Which claim.
        why: Why.
        by: Who approves it, or records that the customer does.
        customer: The end customer whose person approves it; None for the organisation's own people.
        now: When.
        consent: That the customer agreed elsewhere; without it the organisation approves nothing that it claims itself.

    Raises:
        ExclusionNotFoundError: There is no such claim, or it is under another customer's contract.
        NoContractError: It is under no contract.
        OtherSideError: It is the other side's to approve.
        ConsentError: The consent does not say who agreed, when, or how.
        DecidedError: It was decided or withdrawn before.
    """
    claim, side = _seen(exclusion, customer), _side(customer)
    _refuse_decided(claim, "approved", now)
    if claim.contract_id is None:
        raise NoContractError(
            "A claim under no contract is approved by nobody: it would count against customers who were not asked.",
            place="exclusion", kept="The claim as it is; its time counts.",
            fix="Withdraw it, and claim the time under each contract: its customer decides.",
        )  # fmt: skip
    if side == claimed_for(claim) and (side == "customer" or consent is None):
        raise _others_approve(side)
    given = None if consent is None else checked(consent, now)
    return _decide(claim, "approved", side=side, why=why, by=by, now=now, consent=given)


def decline_exclusion(*, exclusion: UUID, why: str, by: str, customer: UUID | None, now: datetime) -> ExclusionDecision:
    """Decline a claim of the other side, or one under no contract: the span counts.

    Raises:
        ExclusionNotFoundError: There is no such claim, or it is under another customer's contract.
        OtherSideError: It is the other side's to decline; who claimed it can withdraw it.
        DecidedError: It was decided or withdrawn before.
    """
    claim, side = _seen(exclusion, customer), _side(customer)
    _refuse_decided(claim, "declined", now)
    if claim.contract_id is not None and side == claimed_for(claim):
        raise _others_decline(side)
    return _decide(claim, "declined", side=side, why=why, by=by, now=now)


def withdraw_exclusion(
    *, exclusion: UUID, why: str, by: str, now: datetime, customer: UUID | None = None
) -> ExclusionDecision:
    """Withdraw a claim that is proposed or approved: from now on the span counts as if it had never been claimed.

    Who claimed it may do so. The customer may too where their approval was only recorded by the other side: their own
    word goes over what somebody else says that they said. Statements that are sealed stay as they are; restating their
    period takes it up.

    Raises:
        ExclusionNotFoundError: There is no such claim, or it is under another customer's contract.
        OtherSideError: It is the other side's to withdraw.
        DecidedError: It was declined or withdrawn before.
    """
    claim, side = _seen(exclusion, customer), _side(customer)
    _refuse_decided(claim, "withdrawn", now)
    if side != claimed_for(claim) and not (side == "customer" and may_be_objected_to(claim)):
        raise OtherSideError(
            "A claim is withdrawn by the side that made it.", place="exclusion", kept="The claim as it is.",
            fix="Ask them to, or dispute the statement that counts it.",
        )  # fmt: skip
    return _decide(claim, "withdrawn", side=side, why=why, by=by, now=now)


def approve_in_advance(claim: Exclusion, version: int, now: datetime) -> ExclusionDecision:
    """Approve a claim by the rule of the contract that both sides agreed to before it was made."""
    why = f"In advance, under version {version}."
    return _decide(claim, "approved", side="provider", why=why, by="contract", now=now)


def _seen(exclusion: UUID, customer: UUID | None) -> Exclusion:
    """The claim, for whoever it concerns: a customer's people see those under their own contracts."""
    claim = exclusion_by_id(exclusion)
    if customer is not None and (claim.contract is None or claim.contract.customer_id != customer):
        raise ExclusionNotFoundError(
            "There is no such exclusion.", place="exclusion", fix="Choose one from the list of exclusions."
        )
    return claim


def _side(customer: UUID | None) -> Side:
    return "provider" if customer is None else "customer"


def _others_approve(side: Side) -> OtherSideError:
    if side == "customer":
        return _others_decide()
    return OtherSideError(
        "Only the customer approves what is claimed under their contract.", place="consent",
        kept="The claim as it is; its time counts.",
        fix="Ask them to in their portal, or record who of them agreed, when, and how.",
    )  # fmt: skip


def _others_decline(side: Side) -> OtherSideError:
    if side == "customer":
        return _others_decide()
    return OtherSideError(
        "Only the customer declines what is claimed under their contract.", place="exclusion",
        kept="The claim as it is; its time counts.", fix="Withdraw it where it should not count.",
    )  # fmt: skip


def _others_decide() -> OtherSideError:
    return OtherSideError(
        "The provider decides about what the customer claims.", place="exclusion", kept="The claim as it is.",
        fix="Wait for their answer.",
    )  # fmt: skip


def _refuse_decided(claim: Exclusion, verdict: Verdict, now: datetime) -> None:
    known, since = decisions_of(claim), silently_approved_at(claim, now)
    if verdict != "withdrawn" and since is not None:
        raise DecidedError(
            f"The claim counts as approved since {utc_text(since)}: nobody had objected by then.",
            place="exclusion", kept="The approval by objection time.",
            fix="Withdraw the claim where it should not count.",
        )  # fmt: skip
    if known and not (verdict == "withdrawn" and known[-1].approved):
        raise DecidedError(
            f"The claim was {known[-1]}.", place="exclusion", kept="That decision.", fix="Claim the time again."
        )


def _decide(
    claim: Exclusion, verdict: Verdict, *, side: Side, why: str, by: str, now: datetime, consent: Consent | None = None
) -> ExclusionDecision:
    """The decision, written once: in the log and in the audit, with whose word it is."""
    whose: dict[str, Any] = {"side": side} if side == "customer" else {}
    if consent is not None:
        whose = {"consent": consent.as_json()}
    with transaction.atomic():
        known = decisions_of(claim)
        decision = ExclusionDecision(
            id=new_id(), exclusion=claim, approved=verdict == "approved", withdrawn=verdict == "withdrawn",
            decided_by=by, decided_at=now,
        )  # fmt: skip
        decision.document = {
            "exclusion": str(claim.id),
            "decision": verdict,
            "why": why,
            **whose,
            "decided_by": by,
            "decided_at": utc_text(now),
            "relies_on": {CLAIM: [claim.digest]} | ({DECISION: [one.digest for one in known]} if known else {}),
        }
        decision.digest = digest(decision.document)
        decision.save(force_insert=True)
        record_audit(action=f"exclusion.{verdict}", subject=f"exclusion/{claim.id}", by=by, now=now, details=whose)
        append_leaves(entries=[NewEntry(DECISION, decision.digest)], now=now)
    return decision
