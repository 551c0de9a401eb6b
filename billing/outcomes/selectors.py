"""Exclusions and outcome runs to read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.outcomes.models import AssumedEvidence, Correction, Exclusion, ExclusionDecision, OutcomeRun, Verdict
from tenants.kernel.errors import NotFoundError


class ExclusionNotFoundError(NotFoundError):
    """The tenant has no such exclusion."""

    code = "exclusion.not_found"


class RunNotFoundError(NotFoundError):
    """The tenant has no such outcome run."""

    code = "outcome.not_found"


def exclusions() -> QuerySet[Exclusion]:
    """The exclusions claimed, the latest first, each with what was decided about it."""
    return Exclusion.objects.select_related("contract").prefetch_related("decisions")


def exclusion(exclusion_id: UUID) -> Exclusion:
    """One exclusion.

    Raises:
        ExclusionNotFoundError: There is none.
    """
    found = exclusions().filter(id=exclusion_id).first()
    if found is None:
        raise ExclusionNotFoundError(
            "There is no such exclusion.", place="exclusion", fix="Choose one from the list of exclusions."
        )
    return found


def exclusions_about(contract: UUID, assets: Iterable[str]) -> QuerySet[Exclusion]:
    """The exclusions claimed under a contract, and those under none that speak of some assets, the latest first."""
    loose = Q(contract__isnull=True, document__assets__has_any_keys=sorted(assets))
    return exclusions().filter(Q(contract_id=contract) | loose)


def in_state(rows: QuerySet[Exclusion], state: str, now: datetime) -> QuerySet[Exclusion]:
    """Those of some claims of which that holds at a moment, as `state_of` says it."""
    decided = ExclusionDecision.objects.filter(exclusion=OuterRef("id"))
    withdrawn, silent = Exists(decided.filter(withdrawn=True)), Q(~Exists(decided), objection_until__lte=now)
    if state == "proposed":
        return rows.filter(~Exists(decided)).exclude(objection_until__lte=now)
    if state == "withdrawn":
        return rows.filter(withdrawn)
    stands = Q(Exists(decided.filter(withdrawn=False, approved=state == "approved")), ~withdrawn)
    return rows.filter(stands | silent if state == "approved" else stands)


def undecided(now: datetime) -> QuerySet[Exclusion]:
    """The claims that wait for somebody to approve or decline them."""
    return Exclusion.objects.filter(decisions=None).exclude(objection_until__lte=now)


def decisions_of(claim: Exclusion) -> list[ExclusionDecision]:
    """What was decided about a claim, a withdrawal last; nothing while it is only proposed."""
    return list(claim.decisions.all())


def decision_of(claim: Exclusion) -> ExclusionDecision | None:
    """Whether a claim was approved or declined; None while it is not decided, or was withdrawn before it was."""
    return next((one for one in decisions_of(claim) if not one.withdrawn), None)


def withdrawal_of(claim: Exclusion) -> ExclusionDecision | None:
    """The withdrawal of a claim, if it was withdrawn."""
    return next((one for one in decisions_of(claim) if one.withdrawn), None)


def state_of(claim: Exclusion, now: datetime) -> Verdict | Literal["proposed"]:
    """What holds of a claim at a moment: the last that was decided, or that the time to object has passed."""
    decided = decisions_of(claim)
    if decided:
        return decided[-1].verdict
    return "proposed" if silently_approved_at(claim, now) is None else "approved"


def claimed_for(claim: Exclusion) -> Literal["customer", "provider"]:
    """For whom a claim was made; the other side decides about it."""
    return "customer" if claim.document.get("side") == "customer" else "provider"


def may_be_objected_to(claim: Exclusion) -> bool:
    """Whether a claim is approved on a consent of the customer that the other side recorded, and still stands."""
    decided = decisions_of(claim)
    return bool(decided) and decided[-1].approved and "consent" in decided[-1].document


def silently_approved_at(claim: Exclusion, now: datetime) -> datetime | None:
    """Since when a claim counts as approved because nothing was said of it in the time to object; else None."""
    until: datetime | None = claim.objection_until
    return None if until is None or until > now or decisions_of(claim) else until


def claims_within(
    contract: UUID, assets: Iterable[str], start: datetime, end: datetime, as_of: datetime
) -> list[tuple[Exclusion, list[ExclusionDecision]]]:
    """What was claimed by ``as_of`` for assets of a contract in ``[start, end)``, with all that was decided by then.

    Claims made under no contract are among them when they speak of these assets.
    """
    about = set(assets)
    found = exclusions_about(contract, about).filter(start__lt=end, end__gt=start, claimed_at__lte=as_of)
    return [
        (claim, [decision for decision in decisions_of(claim) if decision.decided_at <= as_of])
        for claim in found.order_by("start", "id")
        if not about.isdisjoint(claim.document["assets"])
    ]


def corrections_within(
    contract: UUID, assets: Iterable[str], start: datetime, end: datetime, as_of: datetime
) -> list[Correction]:
    """The corrections decided by ``as_of`` of the evidence about assets of a contract in ``[start, end)``, in order."""
    about = set(assets)
    found = Correction.objects.filter(contract_id=contract, start__lt=end, end__gt=start, decided_at__lte=as_of)
    return [one for one in found if str(one.asset) in about]


def planned_ahead(
    contract: UUID, assets: Iterable[str], *, now: datetime, most: int
) -> list[tuple[Exclusion, bool]]:  # fmt: skip
    """The claims about assets of a contract whose time is not over and that still stand, the next first.

    Those that were declined or withdrawn are left out; of one that is only proposed nobody knows yet whether it counts.

    Args:
        contract: The contract.
        assets: Those that it is about.
        now: The moment; what was claimed or decided later is not known.
        most: How many are given.

    Returns:
        Each with whether it was approved, by a decision or by silence.
    """
    about = set(assets)
    known = ExclusionDecision.objects.filter(exclusion=OuterRef("id"), decided_at__lte=now)
    rows = (
        exclusions_about(contract, about)
        .prefetch_related(None)
        .filter(~Exists(known.filter(Q(withdrawn=True) | Q(approved=False))), end__gt=now, claimed_at__lte=now)
        .annotate(is_approved=Q(Exists(known)) | Q(objection_until__isnull=False, objection_until__lte=now))
        .order_by("start", "id")
    )
    return [(row, row.is_approved) for row in rows[:most] if not about.isdisjoint(row.document["assets"])]


def outcome_runs() -> QuerySet[OutcomeRun]:
    """The outcome runs, the latest first."""
    return OutcomeRun.objects.select_related("contract_version__contract")


def outcome_run(run_id: UUID) -> OutcomeRun:
    """One outcome run.

    Raises:
        RunNotFoundError: There is none.
    """
    found = outcome_runs().filter(id=run_id).first()
    if found is None:
        raise RunNotFoundError("There is no such outcome run.", place="run", fix="Choose one from the list of runs.")
    return found


def what_ifs(contract_version: UUID, start: datetime, end: datetime) -> list[OutcomeRun]:
    """The newest what-if of each assumption for a version and a period, by assumption."""
    runs = OutcomeRun.objects.filter(contract_version_id=contract_version, period_start=start, period_end=end).exclude(
        assumption=""
    )
    newest = {run.assumption: run for run in runs.order_by("run_at", "id")}
    return [newest[assumption] for assumption in sorted(newest)]


def documents_by_digest(kind: str, digests: Collection[str]) -> dict[str, Any]:
    """The documents of one kind of log entry that this folder keeps, by digest.

    Raises:
        KeyError: The folder keeps no documents of this kind.
    """
    models: dict[str, QuerySet[Any]] = {
        "outcome_run": OutcomeRun.objects.all(),
        "what_if_run": OutcomeRun.objects.all(),
        "assumed_evidence": AssumedEvidence.objects.all(),
        "exclusion": Exclusion.objects.all(),
        "exclusion_decision": ExclusionDecision.objects.all(),
        "evidence_correction": Correction.objects.all(),
    }
    return dict(models[kind].filter(digest__in=digests).values_list("digest", "document"))
