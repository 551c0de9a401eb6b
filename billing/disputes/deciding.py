"""Deciding a dispute: what a decision changes is an exclusion or a correction of the evidence, and both are logged.

Upholding gives exactly what is asked for, so the provider can do it alone where the customer asks, or where it is in
their favour. A middle way counts once the customer has agreed to it; so does what the provider asks for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import transaction

from billing.contracts.figures import utc_text
from billing.contracts.selectors import locked_contract
from billing.disputes.domain.steps import STEPS, Side, Verdict, objection
from billing.disputes.models import Dispute, DisputeDecision
from billing.disputes.registry import tell_decided
from billing.disputes.selectors import agreement_about, categories, decisions_of
from billing.disputes.selectors import dispute as dispute_by_id
from billing.disputes.services import DISPUTE, DisputeClosedError, DisputeError, words_of
from billing.disputes.telling import tell_other_side
from billing.outcomes.claims import CLAIM
from billing.outcomes.claims import DECISION as CLAIM_DECISION
from billing.outcomes.consents import Consent, checked
from billing.outcomes.corrections import Corrected, correct_evidence
from billing.outcomes.deciding import approve_exclusion
from billing.outcomes.selectors import decision_of
from billing.outcomes.selectors import exclusion as exclusion_by_id
from billing.outcomes.services import CORRECTION, claim_exclusion, claim_for_customer
from tenants.kernel.calendars import epoch_ms
from tenants.kernel.canonical import digest
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from tenants.record.schemas import NewEntry
from tenants.record.services import append_leaves, record_audit

STEP = "dispute_decision"
Json = dict[str, Any]
Effect = Json
"""``{"kind": "correction", "state", "from", "to"}`` or ``{"kind": "exclusion", "category", "from", "to"}``."""


class DisputeStepError(DisputeClosedError):
    """The step cannot be taken: it is the other side's, or the dispute is not there yet, or over."""

    code = "dispute.step"


class OtherSideError(OutturnError):
    """What the provider asks for in its own favour is the customer's to grant."""

    code = "dispute.other_side"
    status = 403


@dataclass(frozen=True, slots=True)
class Offer:
    """A middle way: part of the interval, or another state.

    Attributes:
        held: What the time is to count as.
        start: First instant, within the interval disputed.
        end: First instant after.
        category: As what it is excluded; empty for the only one there is, or when it is not.
    """

    held: Literal["up", "down", "excluded"]
    start: datetime
    end: datetime
    category: str = ""


def uphold(
    *, dispute: UUID, why: str, by: str, now: datetime, category: str = "", consent: Consent | None = None
) -> DisputeDecision:
    """Grant what is asked for: from now on it counts, and the period is rated again.

    Args:
        dispute: Which one.
        why: Why.
        by: Who decides.
        now: When.
        category: As what the time is excluded, where that is asked for; empty for the only one there is.
        consent: That the customer agreed elsewhere: what the provider itself asked for in its own favour needs it.

    Raises:
        DisputeNotFoundError: There is none.
        OtherSideError: The provider asked for it, in its own favour, and no consent of the customer is recorded.
        ConsentError: The consent does not say who agreed, when, or how.
        DisputeStepError: It was decided, or the correction window is over.
        DisputeError: The category is none of the contract's.
    """
    row = dispute_by_id(dispute, None)
    if consent is None and is_own_favour(row):
        raise OtherSideError(
            "What the provider asks for in its own favour is the customer's to grant.", place="consent",
            kept="The dispute as it is.",
            fix="Offer it, and they agree in their portal; or record who of them agreed, when, and how.",
        )  # fmt: skip
    given = None if consent is None else checked(consent, now)
    offer = Offer(row.held, row.start, row.end, category)  # type: ignore[arg-type] # one of the three
    return _step(row, "upheld", "provider", why=why, effect=_effect(row, offer), by=by, now=now, consent=given)


def is_own_favour(row: Dispute) -> bool:
    """Whether the provider opened a dispute and asks for what takes credit from the customer: anything but down."""
    return row.side == "provider" and row.held != "down"


def offer_middle(*, dispute: UUID, offer: Offer, why: str, by: str, now: datetime) -> DisputeDecision:
    """Offer a middle way, in place of an earlier offer: it counts once the customer agrees.

    Raises:
        DisputeNotFoundError: There is none.
        DisputeStepError: It was decided, or the correction window is over.
        DisputeError: The offer is not within the interval, or the category is none of the contract's.
    """
    row = dispute_by_id(dispute, None)
    if not row.start <= offer.start or not offer.end <= row.end or not epoch_ms(offer.start) < epoch_ms(offer.end):
        raise DisputeError(
            f"The offer is not within the interval disputed, {utc_text(row.start)} to {utc_text(row.end)}.",
            place="start", kept="The dispute as it is.", fix="Offer some of that time.",
        )  # fmt: skip
    return _step(row, "offered", "provider", why=why, effect=_effect(row, offer), by=by, now=now)


def decline(*, dispute: UUID, why: str, by: str, now: datetime) -> DisputeDecision:
    """Decline a dispute: nothing changes; the customer may take it up again once.

    Raises:
        DisputeNotFoundError: There is none.
        DisputeStepError: It was decided.
    """
    return _step(dispute_by_id(dispute, None), "declined", "provider", why=why, by=by, now=now)


def agree(*, dispute: UUID, customer: UUID | None, why: str, by: str, now: datetime) -> DisputeDecision:
    """Agree to the middle way that is offered: from now on it counts, and the period is rated again.

    Raises:
        DisputeNotFoundError: There is none, or it is another customer's.
        DisputeStepError: Nothing is offered, the caller is not the customer, or the correction window is over.
    """
    row = dispute_by_id(dispute, customer)
    newest = decisions_of(row).last()
    effect = None if newest is None or newest.verdict != "offered" else newest.effect
    return _step(row, "agreed", _side(customer), why=why, effect=effect, by=by, now=now)


def refuse(*, dispute: UUID, customer: UUID | None, why: str, by: str, now: datetime) -> DisputeDecision:
    """Refuse the middle way that is offered; the dispute is open as before.

    Raises:
        DisputeNotFoundError: There is none, or it is another customer's.
        DisputeStepError: Nothing is offered, or the caller is not the customer.
    """
    return _step(dispute_by_id(dispute, customer), "refused", _side(customer), why=why, by=by, now=now)


def withdraw(*, dispute: UUID, customer: UUID | None, why: str, by: str, now: datetime) -> DisputeDecision:
    """Withdraw a dispute: nothing changes.

    Raises:
        DisputeNotFoundError: There is none, or it is another customer's.
        DisputeStepError: It was decided, or the caller is not the customer.
    """
    return _step(dispute_by_id(dispute, customer), "withdrawn", _side(customer), why=why, by=by, now=now)


def reopen(*, dispute: UUID, customer: UUID | None, why: str, by: str, now: datetime) -> DisputeDecision:
    """Take a dispute up again that was declined, once, while a decision still counts.

    Raises:
        DisputeNotFoundError: There is none, or it is another customer's.
        DisputeStepError: It was not declined, was taken up before, or the correction window is over.
    """
    return _step(dispute_by_id(dispute, customer), "reopened", _side(customer), why=why, by=by, now=now)


def _side(customer: UUID | None) -> Side:
    return "provider" if customer is None else "customer"


def _effect(row: Dispute, offer: Offer) -> Effect:
    """What a decision does to what is rated."""
    span = {"from": utc_text(offer.start), "to": utc_text(offer.end)}
    if offer.held != "excluded":
        return {"kind": "correction", "state": offer.held, **span}
    known = categories(agreement_about(row), row.clause, row.document["assets"])
    category = offer.category or (known[0] if len(known) == 1 else "")
    if category not in known:
        raise DisputeError(
            f"Time is excluded as one of: {', '.join(known) or 'nothing'}.", place="category",
            kept="The dispute as it is.", fix="Choose one of these.",
        )  # fmt: skip
    return {"kind": "exclusion", "category": category, **span}


def _step(
    row: Dispute, verdict: Verdict, side: Side, *, why: str, by: str, now: datetime, effect: Effect | None = None,
    consent: Consent | None = None,
) -> DisputeDecision:  # fmt: skip
    """Take a step, one at a time; with what it changes, all or nothing."""
    with transaction.atomic():
        locked_contract(row.contract_id)
        taken = list(decisions_of(row))
        _refuse(row, [one.verdict for one in taken], verdict, side, now)  # type: ignore[misc] # as they were written
        if verdict == "agreed" and effect != taken[-1].effect:
            raise _refused("Another offer was made meanwhile.", "Look at it, and answer again.")
        decision = DisputeDecision(
            id=new_id(), dispute=row, number=len(taken) + 1, verdict=verdict, side=side, decided_by=by, decided_at=now
        )
        # Who asked for it: who opened the dispute, or made the offer that the customer now agrees to.
        last = taken[-1] if verdict == "agreed" else None
        asked = _Asked(row.opened_by, row.side) if last is None else _Asked(last.decided_by, last.side)
        word = _Word(why, by, side, now, consent)
        done = _done(row, effect, asked, word) if effect is not None and STEPS[verdict].has_effect else {}
        whose: Json = {} if consent is None else {"consent": consent.as_json()}
        decision.document = {
            "decision": verdict,
            "dispute": row.digest,
            "number": decision.number,
            "side": side,
            "why": words_of(why, "why"),
            "effect": effect,
            **whose,
            "decided_by": by,
            "decided_at": utc_text(now),
            "relies_on": {DISPUTE: [row.digest]} | ({STEP: [taken[-1].digest]} if taken else {}) | done,
        }
        decision.digest = digest(decision.document)
        decision.save(force_insert=True)
        record_audit(
            action=f"dispute.{verdict}", subject=f"dispute/{row.id}", by=by, now=now, details={"side": side, **whose}
        )
        append_leaves(entries=[NewEntry(STEP, decision.digest)], now=now)
        tell_other_side(row, side=side, news=verdict, about=decision.id, now=now)
        if done:
            tell_decided(row.statement_id, by=asked.by if verdict == "agreed" else by, now=now)
    return decision


def _refuse(row: Dispute, taken: list[Verdict], verdict: Verdict, side: Side, now: datetime) -> None:
    against = objection(taken, verdict, side)
    if against is not None:
        raise _refused(against, "Look at what was decided; open another dispute about what is still wrong.")
    if verdict in ("upheld", "offered", "agreed", "reopened") and now > row.closes_at:
        raise _refused(
            f"The correction window of the statement closed at {utc_text(row.closes_at)}; nothing changes it now.",
            "Decline it with the reason, and give a credit note where one is due.",
        )


def _refused(message: str, fix: str) -> DisputeStepError:
    return DisputeStepError(message, place="dispute", kept="The dispute as it is.", fix=fix)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asked for what is granted, and for which side."""

    by: str
    side: str


@dataclass(frozen=True, slots=True)
class _Word:
    """The word by which it is granted: why, by whom and for which side, when; or on which consent recorded."""

    why: str
    by: str
    side: Side
    now: datetime
    consent: Consent | None


def _done(row: Dispute, effect: Effect, asked: _Asked, word: _Word) -> dict[str, list[str]]:
    """Do what a decision changes; what it made, by kind and digest.

    An exclusion is claimed by who asked for it and approved by who decides.
    """
    start, end = (datetime.fromisoformat(effect[name]) for name in ("from", "to"))
    assets = [UUID(asset) for asset in row.document["assets"]]
    if effect["kind"] == "correction":
        made = [
            correct_evidence(
                wanted=Corrected(row.contract_id, asset, row.document["of"], start, end, effect["state"], row.digest),
                by=word.by, now=word.now, consent=word.consent,
            )
            for asset in assets
        ]  # fmt: skip
        return {CORRECTION: [one.digest for one in made]}
    claims = claim_for_customer if asked.side == "customer" else claim_exclusion
    claim = claims(
        contract=row.contract_id, category=effect["category"], assets=assets, start=start, end=end,
        evidence={"dispute": row.digest}, by=asked.by, now=word.now,
    )  # fmt: skip
    decided = decision_of(exclusion_by_id(claim.id)) or approve_exclusion(
        exclusion=claim.id, why=word.why, by=word.by, now=word.now, consent=word.consent,
        customer=row.customer_id if word.side == "customer" else None,
    )  # fmt: skip
    return {CLAIM: [claim.digest], CLAIM_DECISION: [decided.digest]}
