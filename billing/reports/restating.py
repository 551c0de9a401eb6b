"""Rating again what late evidence concerns: by itself where the contract settles by itself, else people are told."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from billing.contracts.models import Contract
from billing.reports.due import BY, TRY_AGAIN, UndeterminedError
from billing.reports.late import find_late
from billing.reports.services import Settlement, restate_period
from billing.statements.late import late_notices, rated_again, waiting_evidence
from billing.statements.models import LateEvidence, Statement
from billing.statements.selectors import newest_version
from billing.statements.selectors import statement as statement_by_id
from tenants.edge.addresses import address_for
from tenants.jobs.selectors import jobs_under_way
from tenants.jobs.services import start_job
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from tenants.post.registry import LetterKind
from tenants.post.schemas import Occasion, Text
from tenants.post.services import write_letters
from tenants.record.services import record_audit
from tenants.scope.actors import Permission

RESTATE_LATE = "billing.restate_late"
_RESTATES = "billing.restate"
"""What the kinds of all jobs begin with that rate a period again, whoever asked."""
LATE = LetterKind("late_evidence", "billing.reports.restating.late_letter", Permission.ORGANISATION_ADMINISTER)


def follow_late(*, now: datetime) -> int:
    """Look for late evidence; start a job for each period that is rated again by itself, tell people of the others.

    A period is rated again at once, and then once a day at most.

    Returns:
        How many jobs were started.
    """
    with transaction.atomic():
        find_late(now=now)
        waiting: list[Any] = list(waiting_evidence())
        running = jobs_under_way().filter(kind__startswith=_RESTATES).values_list("params", flat=True)
        under_way = {params["statement"] for params in running}
        statements = [str(row.statement) for row in waiting if row.grace is not None and _is_due(row, now)]
        started = [each for each in statements if each not in under_way]
        for each in started:
            start_job(kind=RESTATE_LATE, params={"statement": each}, by=BY, now=now)
        for row in waiting:
            if row.grace is None and not _is_told(row):
                _tell(row, row.statement, now=now)
    return len(started)


def restate_unattended(*, statement: UUID, now: datetime) -> Settlement | None:
    """Rate the period of a statement again without a person; None when that changes nothing, or waits for one."""
    old = statement_by_id(statement)
    try:
        with transaction.atomic():
            newest = newest_version(old.contract_id, old.period_start) or old
            done = restate_period(statement=newest.id, by=BY, now=now)
            if done is not None:
                _refuse_undetermined(newest, done.statement)
            return done
    except OutturnError as error:
        _wait(old, error.told, now=now)
        return None


def late_letter(occasion: Occasion) -> Text | None:
    """That evidence came in since a statement was sealed; needless once its period was rated again."""
    about = Contract.objects.get(id=UUID(occasion.facts["contract"]))  # one with a statement stays
    statement = UUID(occasion.facts["statement"])
    notices = (each for each in late_notices(about) if each.statement.id == statement)
    notice = next((each for each in notices if each.needs_person), None)
    if notice is None:
        return None
    values = {"organisation": occasion.tenant.name, "title": about.title, "statement": notice.name}
    body = [
        _("Evidence came in since the statement %(statement)s of “%(title)s” was sealed.") % values,
        *([notice.why] if notice.why else []),
        _("Have the period rated again; a new version appears if its figures change.")
        + f"\n{address_for(occasion.tenant.id)}/t/{occasion.tenant.slug}/statements/{statement}/",
    ]
    subject = _("%(organisation)s: evidence came in for %(statement)s of “%(title)s”")
    return Text(subject=subject % values, body="\n\n".join(body))


def _refuse_undetermined(old: Statement, new: Statement) -> None:
    """Refuse a version that knows too little of what was settled before."""
    settled = {each["id"] for each in old.document["clauses"] if each["status"] == "settled"}
    lost = [
        each["id"] for each in new.document["clauses"] if each["id"] in settled and each["status"] == "indeterminate"
    ]
    if lost:
        raise UndeterminedError(
            f"On what came in since too little is known of this period for {', '.join(lost)}: nothing is taken back "
            "by itself.",
            place="statement", kept="The evidence. The statement stays as it was sealed.",
            fix="Have what is missing sent again, or rate the period again by hand.",
        )  # fmt: skip


def _wait(old: Statement, why: str, *, now: datetime) -> None:
    """Leave a period to people."""
    with transaction.atomic():
        rated_again(old.contract_id, old.period_start, now=now, why=why)
        row = LateEvidence.objects.filter(contract=old.contract_id, period_start=old.period_start).first()
        newest = newest_version(old.contract_id, old.period_start) or old
        if row is not None:
            _tell(row, newest.id, now=now)


def _is_due(row: Any, now: datetime) -> bool:
    """Whether a period may be rated again by now: what trickles in for weeks makes no version an hour."""
    return row.rated_at is None or row.rated_at <= now - TRY_AGAIN


def _is_told(row: Any) -> bool:
    """Whether people were told since the period was rated last."""
    return row.told_at is not None and row.told_at > max(row.known_to, row.rated_at or row.known_to)


def _tell(row: LateEvidence, statement: UUID, *, now: datetime) -> None:
    """Tell administrators that a period waits to be rated again."""
    LateEvidence.objects.filter(id=row.id).update(told_at=now)
    record_audit(
        action="restatement.waits", subject=f"statement/{statement}", by=BY, now=now, details={"why": row.why}
    )  # fmt: skip
    facts = {"contract": str(row.contract_id), "statement": str(statement)}
    write_letters(kind=LATE.name, about=new_id(), facts=facts, now=now)
