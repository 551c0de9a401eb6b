"""Sealing statements, and restating a period when later evidence changes its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from pydantic import JsonValue

from billing.contracts.agreement import AgreementDocument
from billing.contracts.figures import utc_text
from billing.contracts.models import ContractVersion
from billing.contracts.periods import check_period, period_text
from billing.contracts.selectors import agreement_of, locked_contract, version_in_force
from billing.outcomes.models import OutcomeRun
from billing.outcomes.selectors import outcome_run, what_ifs
from billing.outcomes.services import RUN, WHAT_IF, rate_again, run_outcome
from billing.outcomes.years import year_limit
from billing.statements.domain import Line, adjustment_line, differences, figures, outcome_lines, total
from billing.statements.late import is_unrated
from billing.statements.models import Adjustment, ChargedAdjustment, Statement
from billing.statements.selectors import (
    last_sealed,
    newest_version,
    open_adjustments,
    overlapping,
    statement_of,
    versions_of,
)
from billing.statements.selectors import statement as statement_by_id
from billing.statements.standing import SettledAmount, Standing, settled_amounts, standing, undecided
from tenants.kernel.calendars import time_zone
from tenants.kernel.canonical import digest
from tenants.kernel.errors import ConflictError
from tenants.record.schemas import NewEntry
from tenants.record.services import append_leaves, appended_together, record_audit

LEAF = "statement"
Json = dict[str, Any]

_TURN = timedelta(hours=1)
"""How long whoever settles may have waited for somebody else who settles the contract, since they saw the clock."""


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
        NotBillableError: It is a what-if, its period is not over or was not when it was made, another version of the
            contract holds there by now, or the contract year has more or less left than it counted on.
        PeriodError: A later version of the contract takes effect within its period.
        YearCurrencyError: The year has statements in another currency than its limit by now.
        SealedError: The period, or some of its time, has a statement from another run.
    """
    found = outcome_run(run)
    version = found.contract_version
    with transaction.atomic():
        locked_contract(version.contract_id)
        known = _known_statement(found, now)
        if known is not None:
            return known
        now = _turn(version, now)
        _refuse_outdated(found, now)
        return _sealed_first(found, by=by, now=now)


def settle_statement(*, contract: UUID, start: datetime, end: datetime, by: str, now: datetime) -> Statement:
    """Rate a period on what is known now and seal its first statement, see ``run_outcome`` and ``seal_statement``.

    Where the credits of a year have a limit, it is rated after what was sealed last of the contract: of two who settle
    at once the second counts what the first has credited, whichever of them saw the clock first.
    """
    check_period(start, end)
    with transaction.atomic():
        locked_contract(contract)
        version = version_in_force(contract, start, end)
        now = _turn(version, now)
        with appended_together(now=now):
            run = run_outcome(
                contract=contract, period_start=start, period_end=end, as_of=now, by=by, now=now, version=version
            )
            return _known_statement(run, now) or _sealed_first(run, by=by, now=now)


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
    with transaction.atomic():
        locked_contract(named.contract_id)
        old = newest_version(named.contract_id, named.period_start) or named
        now = _turn(old.contract_version, now, known=old.run.as_of)
        with appended_together(now=now):
            return _restated(old, by=by, now=now)


def _restated(old: Statement, *, by: str, now: datetime) -> Statement | None:
    """The next version of the newest one, of a contract that is locked; None when nothing changes."""
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


def _turn(version: ContractVersion, now: datetime, *, known: datetime | None = None) -> datetime:
    """The moment at which somebody settles whose turn it is, of a contract that is locked: now, as a rule.

    They saw the clock before they waited for somebody else. It is never before what is known already; nor, where the
    credits of a year have a limit, before what was sealed last, which has to be counted.
    """
    has_limit = version.document.get("year_cap_minor") is not None
    sealed = last_sealed(version.contract_id) if has_limit else None
    last = max(each for each in (known, sealed, now) if each is not None)
    if last - now > _TURN:
        raise NotBillableError(
            f"The contract was last settled on what was known at {utc_text(last)}, which is later.", place="contract",
            kept="Its statements.", fix="Set the clock right, and try again.",
        )  # fmt: skip
    return last


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
    contract, currency = run.contract_version.contract_id, run.document["outcome"]["currency"]
    charged = open_adjustments(contract, run.period_start, currency)
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


def _refuse_outdated(run: OutcomeRun, now: datetime) -> None:
    """Refuse a run of before, once other terms hold in its period or others have credited of its contract year."""
    version, start, end = run.contract_version, run.period_start, run.period_end
    if run.as_of < end:
        raise _outdated(
            f"The run rests on what was known at {utc_text(run.as_of)}, before the period ended at {utc_text(end)}."
        )
    holding = version_in_force(version.contract_id, start, end)
    if holding.id != version.id:
        raise _outdated(
            f"The run is under version {version.version} of the contract, and version {holding.version} holds in its "
            "period."
        )  # fmt: skip
    year = year_limit(agreement_of(version), start, end, now)
    if year is not None and year.remaining_minor != (counted := run.document["year_cap"]["remaining_minor"]):
        raise _outdated(
            f"The year has {year.remaining_minor} minor units left to be credited, and the run counted on {counted}."
        )


def _outdated(message: str) -> NotBillableError:
    return NotBillableError(
        message, place="run", kept="The run. Nothing was sealed.", fix="Rate the period again, and seal that run."
    )


def _known_statement(run: OutcomeRun, now: datetime) -> Statement | None:
    """The statement of a run that can be billed, where some of its time has one."""
    _refuse_unbillable(run, now)
    other = overlapping(run.contract_version.contract_id, run.period_start, run.period_end)
    if other is None:
        return None
    known = statement_of(run.id)
    if known is None:
        raise SealedError(
            f"There is version {other.version} of a statement from {utc_text(other.period_start)} to "
            f"{utc_text(other.period_end)}.",
            place="run", kept="That statement.", fix="Restate it: the difference is charged in the next period.",
        )  # fmt: skip
    return known
