"""Sealing statements, and restating a period when later evidence changes its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from pydantic import JsonValue

from billing.contracts.agreement import AgreementDocument
from billing.contracts.figures import utc_text
from billing.contracts.periods import period_text
from billing.contracts.selectors import agreement_of, locked_contract
from billing.outcomes.models import OutcomeRun
from billing.outcomes.selectors import outcome_run, what_ifs
from billing.outcomes.services import RUN, WHAT_IF, rate_again, run_outcome
from billing.statements.domain import Line, adjustment_line, differences, figures, outcome_lines, total
from billing.statements.late import is_unrated
from billing.statements.models import Adjustment, ChargedAdjustment, Statement
from billing.statements.selectors import newest_version, open_adjustments, overlapping, statement_of, versions_of
from billing.statements.selectors import statement as statement_by_id
from billing.statements.standing import SettledAmount, Standing, settled_amounts, standing, undecided
from tenants.kernel.calendars import time_zone
from tenants.kernel.canonical import digest
from tenants.kernel.errors import ConflictError
from tenants.record.schemas import NewEntry
from tenants.record.services import append_leaves, appended_together, record_audit

LEAF = "statement"
Json = dict[str, Any]


class NotBillableError(ConflictError):
    """The run cannot become a statement."""

    code = "statement.not_billable"


class SealedError(ConflictError):
    """The period has a statement already."""

    code = "statement.sealed"


def seal_statement(*, run: UUID, by: str, now: datetime) -> Statement:
    """Seal the first statement of a period from a run; the same run gives the same statement.

    Differences of earlier periods that were restated since become lines of it, each once.

    Raises:
        RunNotFoundError: There is no such run.
        NotBillableError: It is a what-if, or its period is not over.
        SealedError: The period, or some of its time, has a statement from another run.
    """
    return seal_run(run=outcome_run(run), by=by, now=now)


def seal_run(*, run: OutcomeRun, by: str, now: datetime) -> Statement:
    """Seal the first statement of a period from a run at hand, see ``seal_statement``."""
    with transaction.atomic():
        locked_contract(run.contract_version.contract_id)
        return _sealed_first(run, by=by, now=now)


def settle_statement(*, contract: UUID, start: datetime, end: datetime, by: str, now: datetime) -> Statement:
    """Rate a period on what is known now and seal its first statement, see ``run_outcome`` and ``seal_statement``."""
    with transaction.atomic(), appended_together(now=now):
        run = run_outcome(contract=contract, period_start=start, period_end=end, as_of=now, by=by, now=now)
        return _sealed_first(run, by=by, now=now)


def restate_statement(*, statement: UUID, by: str, now: datetime) -> Statement | None:
    """Rate the period of a statement again on what is known now, and seal a new version if its figures change.

    The terms are those of the sealed version. What the new version comes to more, clause by clause, stands as lines in
    the next statement of the contract. Of a clause of which too little is known now, what was settled last stands.

    Returns:
        The new version, or None when nothing changes.

    Raises:
        StatementNotFoundError: There is no such statement.
        NotBillableError: It was sealed on what was known later than now.
    """
    named = statement_by_id(statement)
    with transaction.atomic(), appended_together(now=now):
        locked_contract(named.contract_id)
        old = newest_version(named.contract_id, named.period_start) or named
        if now < old.run.as_of:
            raise NotBillableError(
                f"The statement was sealed on what was known at {utc_text(old.run.as_of)}, which is later.",
                place="statement", kept="The statement.", fix="Set the clock right, and try again.",
            )  # fmt: skip
        run = rate_again(
            version=old.contract_version, period_start=old.period_start, period_end=old.period_end,
            is_waiting=is_unrated(old.contract_id, old.period_start), by=by, now=now,
        )  # fmt: skip
        if figures(run.document["outcome"]) == figures(old.run.document["outcome"]):
            return None
        kept = [Line(**line) for line in old.document["lines"] if line["kind"] == "adjustment"]
        new = _sealed(run, kept, old, by=by, now=now)
        Adjustment.objects.bulk_create(
            [
                Adjustment(statement=new, replaced=old, kind=each.kind, clause=each.clause, minor=each.minor)
                for each in differences(old.document["lines"], new.document["lines"])
            ]
        )
    return new


def _standing(outcome: Json, replaced: Statement | None) -> dict[str, Standing]:
    """What stands of each clause that an outcome leaves undecided: of the newest version that settled it."""
    if replaced is None or not undecided(outcome):
        return {}
    found: dict[str, SettledAmount] = {}
    for version in versions_of(replaced):
        found |= settled_amounts(version.digest, version.document, version.run.document["outcome"])
    return standing(outcome, found)


def _sealed_first(run: OutcomeRun, *, by: str, now: datetime) -> Statement:
    """The first statement of a period of a contract that is locked."""
    contract = run.contract_version.contract_id
    _refuse_unbillable(run, now)
    other = overlapping(contract, run.period_start, run.period_end)
    if other is not None:
        return _known_statement(run, other)
    charged = open_adjustments(contract, run.period_start, run.document["outcome"]["currency"])
    statement = _sealed(run, _adjustment_lines(charged), None, by=by, now=now)
    ChargedAdjustment.objects.bulk_create(
        [ChargedAdjustment(adjustment=adjustment, statement=statement) for adjustment in charged]
    )
    return statement


def _sealed(
    run: OutcomeRun, adjustments: Sequence[Line], replaced: Statement | None, *, by: str, now: datetime
) -> Statement:
    version, outcome = run.contract_version, run.document["outcome"]
    kept = _standing(outcome, replaced)
    lines = [*outcome_lines(agreement_of(version), outcome, kept), *adjustments]
    document = _document(run, agreement_of(version), lines, replaced, now=now)
    statement = Statement.objects.create(
        contract_id=version.contract_id, contract_version=version, run=run, period_start=run.period_start,
        period_end=run.period_end, version=document["version"], currency=document["currency"],
        total_minor=document["total_minor"], document=document, digest=digest(document), sealed_by=by, sealed_at=now,
        credits_minor=outcome["workings"]["caps"]["granted"] + sum(one.credit for one in kept.values()),
    )  # fmt: skip
    details: dict[str, JsonValue] = {
        "version": statement.version,
        "digest": statement.digest,
        "total_minor": statement.total_minor,
    }
    record_audit(action="statement.sealed", subject=f"statement/{statement.id}", by=by, now=now, details=details)
    append_leaves(entries=[NewEntry(LEAF, statement.digest)], now=now)
    return statement


def _document(
    run: OutcomeRun, agreement: AgreementDocument, told: Sequence[Line], replaced: Statement | None, *, now: datetime
) -> Json:
    outcome, lines = run.document["outcome"], [line.as_json() for line in told]
    compared = what_ifs(run.contract_version_id, run.period_start, run.period_end)
    earlier = [named["digest"] for line in lines for named in line.get("of", {}).values()]
    earlier += [] if replaced is None else [replaced.digest]
    return {
        "statement": 1,
        "version": 1 if replaced is None else replaced.version + 1,
        "replaces": replaced and replaced.digest,
        "contract": agreement.contract,
        "title": agreement.title,
        "parties": agreement.parties.model_dump(),
        "period": {**run.document["period"], "time_zone": agreement.terms.time_zone},
        "as_of": run.document["as_of"],
        "sealed_at": utc_text(now),
        "currency": outcome["currency"],
        "lines": lines,
        "total_minor": total(lines),
        "clauses": outcome["clauses"],
        "comparisons": [_comparison(one) for one in compared],
        "relies_on": {
            "contract_version": [run.contract_version.digest],
            RUN: [run.digest],
            WHAT_IF: [one.digest for one in compared],
            LEAF: sorted(set(earlier)),
        },
    }


def _comparison(run: OutcomeRun) -> Json:
    return {"assumption": run.assumption, "what_if_run": run.digest} | figures(run.document["outcome"])


def _adjustment_lines(adjustments: Sequence[Adjustment]) -> list[Line]:
    return [_adjustment_line(one) for one in adjustments]


def _adjustment_line(adjustment: Adjustment) -> Line:
    old, new = adjustment.replaced, adjustment.statement
    zone = time_zone(new.document["period"]["time_zone"])
    return adjustment_line(
        adjustment.clause,
        adjustment.minor,
        period_text(new.period_start, new.period_end, zone),
        {"version": old.version, "digest": old.digest},
        {"version": new.version, "digest": new.digest},
    )


def _refuse_unbillable(run: OutcomeRun, now: datetime) -> None:
    if run.assumption:
        raise NotBillableError(
            "A what-if is never billed.", place="run", fix="Run the contract on its evidence, without an assumption."
        )
    if now < run.period_end:
        raise NotBillableError(
            "The period is not over yet.", place="run", kept="The run.", fix="Seal it once the period has ended."
        )


def _known_statement(run: OutcomeRun, other: Statement) -> Statement:
    """The statement of a run, where some of its time has one."""
    known = statement_of(run.id)
    if known is None:
        raise SealedError(
            f"There is version {other.version} of a statement from {utc_text(other.period_start)} to "
            f"{utc_text(other.period_end)}.",
            place="run", kept="That statement.", fix="Restate it: the difference is charged in the next period.",
        )  # fmt: skip
    return known
