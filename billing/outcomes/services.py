"""Claims that time is not to count, what is decided about them, and outcome runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.contracts.acceptance import ACCEPTANCE
from billing.contracts.agreement import AgreementDocument
from billing.contracts.figures import utc_text
from billing.contracts.models import ContractVersion
from billing.contracts.periods import PeriodError, check_moments, check_period
from billing.contracts.selectors import (
    acceptance_of,
    agreement_of,
    contracts_about,
    locked_contract,
    version_in_force,
)
from billing.outcomes.assembly import Json, rate_document, rated
from billing.outcomes.claims import (
    CLAIM,
    DECISION,
    ExclusionError,
    check_claim,
    claim_document,
    is_approved_in_advance,
    objection_until,
)
from billing.outcomes.deciding import Side, approve_in_advance
from billing.outcomes.models import AssumedEvidence, Exclusion, OutcomeRun
from billing.outcomes.selectors import claims_within, corrections_within
from billing.outcomes.years import YearLimit, year_limit
from tenants.custody.selectors import readings_gone_before
from tenants.kernel.calendars import parse_duration
from tenants.kernel.canonical import Sealed, digest
from tenants.kernel.collection import collection_paused
from tenants.kernel.ids import new_id
from tenants.record.schemas import NewEntry
from tenants.record.selectors import logged_leaves
from tenants.record.services import append_leaves, record_audit
from twins.evidence.schemas import SealedSegment
from twins.evidence.selectors import evidence_begins, segments
from twins.evidence.services import sealed_evidence

STATEMENT = "statement"
SEGMENT, SITE_RECORD, ASSUMED, RUN, WHAT_IF, CORRECTION = (
    "evidence_segment", "site_record", "assumed_evidence", "outcome_run", "what_if_run", "evidence_correction",
)  # fmt: skip

_BEFORE = timedelta(days=31)
"""How long before a period readings may still say what an asset was at its start."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """A world that did not happen.

    Attributes:
        name: What is assumed, such as ``without the plan``.
        evidence: What would have been known of each asset, in the form of sealed segments.
    """

    name: str
    evidence: Sequence[Mapping[str, Any]]


def claim_exclusion(
    *,
    contract: UUID | None,
    category: str,
    assets: Sequence[UUID],
    start: datetime,
    end: datetime,
    evidence: Mapping[str, Any],
    by: str,
    now: datetime,
) -> Exclusion:
    """Claim that a span is not to count; at once approved where the contract approves the category in advance.

    Without a contract the one that is about all of the assets and excludes the category is taken, if there is exactly
    one; else the claim stays proposed and concerns every contract about these assets.

    Where the contract gives the customer a time to object, the claim says until when: one about which nothing is said
    by then counts as approved from that moment on. A claim under no contract is approved by nobody.

    Args:
        contract: The contract it is claimed under, or None.
        category: A category that a clause of the contract excludes.
        assets: What it is about.
        start: First instant not to count.
        end: First instant after.
        evidence: What the claim rests on, any JSON object.
        by: Who claims it.
        now: When.

    Raises:
        ExclusionError: The span is empty, or the contract is not about the assets then or excludes no such category.
    """
    wanted = _Wanted(contract, category, assets, start, end, evidence, "provider")
    return _claimed(wanted, by=by, now=now)


def claim_for_customer(
    *,
    contract: UUID,
    category: str,
    assets: Sequence[UUID],
    start: datetime,
    end: datetime,
    evidence: Mapping[str, Any],
    by: str,
    now: datetime,
) -> Exclusion:
    """Claim in the name of the contract's customer that a span is not to count: the organisation decides about it.

    Raises:
        ExclusionError: The span is empty, or the contract is not about the assets then or excludes no such category.
    """
    wanted = _Wanted(contract, category, assets, start, end, evidence, "customer")
    return _claimed(wanted, by=by, now=now)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is claimed, and for whom."""

    contract: UUID | None
    category: str
    assets: Sequence[UUID]
    start: datetime
    end: datetime
    evidence: Mapping[str, Any]
    side: Side


def _claimed(wanted: _Wanted, *, by: str, now: datetime) -> Exclusion:
    category, start, end = wanted.category, wanted.start, wanted.end
    check_claim(wanted.assets, start, end, wanted.evidence)
    names = sorted({str(asset) for asset in wanted.assets})
    with transaction.atomic():
        version = _version_about(wanted.contract, category, names, start, end)
        claim = Exclusion(
            id=new_id(), contract_id=None if version is None else version.contract_id, category=category, start=start,
            end=end, claimed_by=by, claimed_at=now,
        )  # fmt: skip
        in_advance = version is not None and is_approved_in_advance(agreement_of(version), category, start, now)
        if version is not None and not in_advance and wanted.side == "provider":
            claim.objection_until = objection_until(agreement_of(version), now)
        claim.document = claim_document(claim, names, wanted.evidence, wanted.side)
        claim.digest = digest(claim.document)
        claim.save(force_insert=True)
        record_audit(action="exclusion.claimed", subject=f"exclusion/{claim.id}", by=by, now=now)
        append_leaves(entries=[NewEntry(CLAIM, claim.digest)], now=now)
        if version is not None and in_advance:
            approve_in_advance(claim, version.version, now)
    return claim


@collection_paused()
def run_outcome(
    *,
    contract: UUID,
    period_start: datetime,
    period_end: datetime,
    as_of: datetime,
    by: str,
    now: datetime,
    assumption: Assumption | None = None,
    version: ContractVersion | None = None,
) -> OutcomeRun:
    """Rate a contract for a period on what was known at a moment; the same inputs give the same run.

    Args:
        contract: The contract.
        period_start: First instant of the period.
        period_end: First instant after.
        as_of: What was received, approved or withdrawn later does not count.
        by: Who asks.
        now: When.
        assumption: Rate this in place of the evidence, which else is sealed first: a what-if, never billed. No
            exclusion is claimed in it.
        version: The version to rate under; the one in force throughout the period when None.

    Raises:
        ContractNotFoundError: There is no such contract.
        NotInForceError: No version holds throughout the period.
        PeriodError: The period does not run forward, ``as_of`` is still to come, or a year of the contract with a limit
            begins within the period.
        YearCurrencyError: The year has statements in another currency than the limit.
        DocumentError: The evidence and the contract do not fit each other.
    """
    check_period(period_start, period_end)
    check_moments(as_of)
    if as_of > now:
        raise PeriodError(
            "What will be known is not known yet.", place="as_of", fix="Give a moment that is not still to come."
        )
    with transaction.atomic():
        locked_contract(contract)
        version = version or version_in_force(contract, period_start, period_end)
        agreement = agreement_of(version)
        year = year_limit(agreement, period_start, period_end, as_of)
        question = _Question(version, agreement, period_start, period_end, as_of, year)
        if assumption is not None:
            return _assumed(question, assumption, by=by, now=now)
        return _evidenced(question, _sealed_evidence(question, now=now), by=by, now=now)


@collection_paused()
def rate_again(
    *, version: ContractVersion, period_start: datetime, period_end: datetime, is_waiting: bool, by: str, now: datetime
) -> OutcomeRun:
    """Rate a settled period again on all that is known now, under the version that it was settled under.

    Args:
        version: That version.
        period_start: First instant of the period.
        period_end: First instant after.
        is_waiting: Whether evidence that came in time waits to be rated, so that its readings were held ever since.
        by: Who asks.
        now: When.

    Raises:
        YearCurrencyError: The year has statements in another currency than the limit.
        DocumentError: The evidence and the contract do not fit each other.
    """
    with transaction.atomic():
        locked_contract(version.contract_id)
        agreement = agreement_of(version)
        year = year_limit(agreement, period_start, period_end, now)
        question = _Question(version, agreement, period_start, period_end, now, year)
        return _evidenced(question, _sealed_evidence(question, now=now, is_waiting=is_waiting), by=by, now=now)


@dataclass(frozen=True, slots=True)
class _Question:
    """What is to be rated: a version of a contract, a period, a moment of knowledge, and what is left of its year."""

    version: ContractVersion
    agreement: AgreementDocument
    start: datetime
    end: datetime
    as_of: datetime
    year: YearLimit | None

    def document(
        self, evidence: Iterable[Json], claims: Iterable[tuple[Json, Sequence[Json]]], corrections: Iterable[Json] = ()
    ) -> Json:
        """The rate document."""
        period = {"start": utc_text(self.start), "end": utc_text(self.end)}
        left = None if self.year is None else self.year.remaining_minor
        return rate_document(self.agreement, period, utc_text(self.as_of), evidence, claims, left, corrections)


def _sealed_evidence(question: _Question, *, now: datetime, is_waiting: bool = False) -> list[SealedSegment]:
    """The evidence of the period, sealed now; or as it was sealed before readings went, for what is left says less.

    While late evidence counts, and until what came in time is rated, nothing goes that the period needs
    (`billing.statements.holds`); afterwards none that comes in is rated.
    """
    assets = {UUID(asset) for asset in question.agreement.assets}
    twin = UUID(question.agreement.twin)
    closing = question.end + timedelta(milliseconds=parse_duration(question.agreement.terms.correction_window))
    if now >= closing and (gone := readings_gone_before()) is not None:
        needed = evidence_begins(assets, question.start) if is_waiting else question.start - _BEFORE
        if needed < gone and (known := segments(twin, question.start, question.end)):
            return known
    return sealed_evidence(twin=twin, start=question.start, end=question.end, now=now, assets=assets)


def _evidenced(question: _Question, sealed: Sequence[SealedSegment], *, by: str, now: datetime) -> OutcomeRun:
    """The run on sealed evidence."""
    about = [segment for segment in sealed if str(segment.asset) in question.agreement.assets]
    asked = question.version.contract_id, question.agreement.assets, question.start, question.end, question.as_of
    claims, corrections = claims_within(*asked), corrections_within(*asked)
    rating = question.document(
        (segment.document for segment in about),
        ((claim.document, [decision.document for decision in decided]) for claim, decided in claims),
        (one.document for one in corrections),
    )
    used = {
        SEGMENT: [segment.digest for segment in about],
        CLAIM: [claim.digest for claim, _ in claims],
        DECISION: [decision.digest for _, decided in claims for decision in decided],
        **({CORRECTION: [one.digest for one in corrections]} if corrections else {}),
    }
    entries = [
        *(NewEntry(SITE_RECORD, name) for name in dict.fromkeys(name for one in about for name in one.site_records)),
        *(NewEntry(SEGMENT, name) for name in used[SEGMENT]),
    ]
    return _stored(question, rating, used, entries, by=by, now=now)


def _assumed(question: _Question, assumption: Assumption, *, by: str, now: datetime) -> OutcomeRun:
    """The what-if on assumed evidence, which is kept."""
    assumed = {digest(document): dict(document) for document in assumption.evidence}
    AssumedEvidence.objects.bulk_create(
        [AssumedEvidence(digest=name, document=document) for name, document in assumed.items()], ignore_conflicts=True
    )
    rating, names = question.document(assumed.values(), ()), sorted(assumed)
    entries = [NewEntry(ASSUMED, name) for name in names]
    return _stored(question, rating, {ASSUMED: names}, entries, by=by, now=now, assumption=assumption.name)


def _stored(
    question: _Question, rating: Json, used: Mapping[str, list[str]], entries: Sequence[NewEntry], *, by: str,
    now: datetime, assumption: str = "",
) -> OutcomeRun:  # fmt: skip
    """The run of a rate document: the one that is there, or a new one, logged with what it relies on."""
    document = Sealed(
        {
            "run": 1,
            "contract": str(question.version.contract_id),
            "version": question.version.version,
            "assumption": assumption or None,
            "period": rating["period"],
            "as_of": rating["as_of"],
            "outcome": rated(rating),
            **({} if question.year is None else {"year_cap": question.year.as_json()}),
            "relies_on": {**_basis(question), **used},
        }
    )
    seal = digest(document)
    known = OutcomeRun.objects.filter(digest=seal).first()
    if known is not None:
        return known
    run = OutcomeRun.objects.create(
        contract_version=question.version, assumption=assumption, period_start=question.start,
        period_end=question.end, as_of=question.as_of, total_minor=document["outcome"]["total_minor"],
        document=document, digest=seal, run_by=by, run_at=now,
    )  # fmt: skip
    logged = logged_leaves({(entry.kind, entry.digest) for entry in entries})
    missing = [entry for entry in entries if (entry.kind, entry.digest) not in logged]
    append_leaves(entries=[*missing, NewEntry(WHAT_IF if assumption else RUN, seal)], now=now)
    return run


def _basis(question: _Question) -> dict[str, list[str]]:
    """What a run rests on beside its evidence: the terms, that they were accepted, what else the year credited."""
    basis = {"contract_version": [question.version.digest]}
    if question.version.needs_acceptance:
        answer = acceptance_of(question.version)
        basis |= {} if answer is None else {ACCEPTANCE: [answer.digest]}
    if question.year is not None:
        basis |= {STATEMENT: [period.statement for period in question.year.settled]}
    return basis


def _version_about(
    contract: UUID | None, category: str, assets: Sequence[str], start: datetime, end: datetime
) -> ContractVersion | None:
    """The version that a claim is made under: the contract's, or else the only one that excludes the category."""
    found = contracts_about(assets, start, end)
    if contract is None:
        excluding = [version for version in found if category in _categories(agreement_of(version))]
        return excluding[0] if len(excluding) == 1 else None
    version = next((version for version in found if version.contract_id == contract), None)
    if version is None:
        raise ExclusionError(
            "The contract does not exist, is not published, or is not about these assets at that time.",
            place="contract", fix="Choose a contract in force that is about all of the assets.",
        )  # fmt: skip
    known = _categories(agreement_of(version))
    if category not in known:
        raise ExclusionError(
            f"No clause of the contract excludes {category}.", place="category",
            fix=f"Choose one of {', '.join(sorted(known))}." if known else "Publish a version with such an exclusion.",
        )  # fmt: skip
    return version


def _categories(agreement: AgreementDocument) -> set[str]:
    return {rule.category for clause in agreement.terms.clauses for rule in clause.exclusions}
