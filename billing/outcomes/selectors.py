"""Exclusions and outcome runs to read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from billing.outcomes.models import AssumedEvidence, Exclusion, ExclusionDecision, OutcomeRun
from tenants.kernel.errors import NotFoundError


class ExclusionNotFoundError(NotFoundError):
    """The tenant has no such exclusion."""

    code = "exclusion.not_found"


class RunNotFoundError(NotFoundError):
    """The tenant has no such outcome run."""

    code = "outcome.not_found"


def exclusions() -> QuerySet[Exclusion]:
    """The exclusions claimed, the latest first, each with its decision."""
    decisions = ExclusionDecision.objects.order_by("id")
    return Exclusion.objects.select_related("contract").prefetch_related(Prefetch("decisions", queryset=decisions))


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


def exclusions_of(contract: UUID) -> QuerySet[Exclusion]:
    """The exclusions claimed under a contract, the latest first."""
    return exclusions().filter(contract_id=contract)


def decision_of(claim: Exclusion) -> ExclusionDecision | None:
    """What was decided about a claim; None while it is only proposed."""
    return next(iter(claim.decisions.all()), None)


def claims_within(
    contract: UUID, assets: Iterable[str], start: datetime, end: datetime, as_of: datetime
) -> list[tuple[Exclusion, ExclusionDecision | None]]:
    """What was claimed by ``as_of`` for assets of a contract in ``[start, end)``, with what was decided by then.

    Claims made under no contract are among them when they speak of these assets.
    """
    mine = Q(contract_id=contract) | Q(contract__isnull=True)
    found = exclusions().filter(mine, start__lt=end, end__gt=start, claimed_at__lte=as_of).order_by("start", "id")
    about = set(assets)
    known = []
    for claim in found:
        if about.isdisjoint(claim.document["assets"]):
            continue
        decision = decision_of(claim)
        known.append((claim, decision if decision and decision.decided_at <= as_of else None))
    return known


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
    }
    return dict(models[kind].filter(digest__in=digests).values_list("digest", "document"))
