"""Opening a dispute, and talking about it; what is decided is in `billing.disputes.deciding`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.contracts.agreement import AgreementDocument
from billing.contracts.figures import utc_text
from billing.contracts.periods import check_moments
from billing.contracts.schemas import AvailabilityDocument, ClauseDocument
from billing.contracts.selectors import agreement_of, locked_contract
from billing.disputes.domain.files import MOST_FILES, AttachedFile, AttachmentError
from billing.disputes.domain.steps import LIVING, Held, Side, state_after
from billing.disputes.models import Dispute, DisputeFile, DisputeMessage
from billing.disputes.selectors import categories, disputes, living, verdicts_of
from billing.disputes.selectors import dispute as dispute_by_id
from billing.disputes.telling import tell_other_side
from billing.statements.models import Statement
from billing.statements.selectors import StatementNotFoundError, newest_version
from billing.statements.selectors import statement as statement_by_id
from tenants.kernel.calendars import epoch_ms, parse_duration
from tenants.kernel.canonical import digest
from tenants.kernel.errors import ConflictError, OutturnError
from tenants.kernel.ids import new_id
from tenants.record.schemas import NewEntry
from tenants.record.services import append_leaves, record_audit
from twins.evidence.selectors import sealed_documents

DISPUTE, MESSAGE = "dispute", "dispute_message"
MOST_LETTERS = 4000
MOST_OPEN = 50
"""Disputes about one period that are open at a time."""
MOST_MESSAGES = 200
Json = dict[str, Any]


class DisputeError(OutturnError):
    """Nothing can be disputed so."""

    code = "dispute.invalid"
    status = 422


class DisputeClosedError(ConflictError):
    """The time for it is over, or it was decided."""

    code = "dispute.closed"


class OldVersionError(ConflictError):
    """There is a newer version of the statement."""

    code = "dispute.old_version"


@dataclass(frozen=True, slots=True)
class Objection:
    """What is disputed.

    Attributes:
        statement: The newest version of the statement it is about.
        assets: Which assets it was otherwise for.
        start: First instant of the interval.
        end: First instant after.
        held: What the customer holds them to have been; `excluded` is time that should not count.
        reason: Why, in the customer's words.
        clause: The clause it is about; empty for the assets' own state under all clauses.
        files: What is attached.
    """

    statement: UUID
    assets: Sequence[UUID]
    start: datetime
    end: datetime
    held: Held
    reason: str
    clause: str = ""
    files: Sequence[AttachedFile] = field(default_factory=tuple)


def open_dispute(*, wanted: Objection, customer: UUID | None, by: str, now: datetime) -> Dispute:
    """Dispute an interval of a statement, bound to the evidence that it was rated on.

    Args:
        wanted: What is disputed.
        customer: The end customer whose person opens it; None when the organisation does it for its customer.
        by: Who opens it.
        now: When.

    Raises:
        StatementNotFoundError: There is no such statement, or it is another customer's.
        OldVersionError: There is a newer version of it.
        DisputeClosedError: The correction window is over, or there are too many disputes about the period.
        DisputeError: The interval, the assets or the clause are not of the statement, or nothing is measured there.
        AttachmentError: There are too many files.
    """
    statement, agreement = _disputable(wanted.statement, customer)
    with transaction.atomic():
        locked_contract(statement.contract_id)
        _refuse_old(statement)
        closes_at = closing_of(statement, agreement)
        _refuse_late(closes_at, now)
        assets = _assets_of(wanted, agreement)
        _refuse_outside(wanted, statement)
        condition = _condition_of(wanted, agreement, assets)
        row = Dispute(
            id=new_id(), statement=statement, contract_id=statement.contract_id, customer_id=UUID(agreement.customer),
            clause=wanted.clause, held=wanted.held, start=wanted.start, end=wanted.end, opened_by=by, opened_at=now,
            side="provider" if customer is None else "customer", closes_at=closes_at,
        )  # fmt: skip
        row.document = _document(row, assets, condition, wanted, agreement)
        row.digest = digest(row.document)
        _refuse_again(row)
        row.save(force_insert=True)
        _keep_files(row, None, wanted.files, by=by, now=now)
        record_audit(action="dispute.opened", subject=f"dispute/{row.id}", by=by, now=now)
        append_leaves(entries=[NewEntry(DISPUTE, row.digest)], now=now)
        tell_other_side(row, side=_side(customer), news="opened", about=row.id, now=now)
    return row


def say(
    *, dispute: UUID, customer: UUID | None, text: str, files: Sequence[AttachedFile], by: str, now: datetime
) -> DisputeMessage:
    """Say something about a dispute that is not over.

    Raises:
        DisputeNotFoundError: There is none, or it is another customer's.
        DisputeClosedError: It is over, or there are very many messages.
        DisputeError: Nothing is said.
        AttachmentError: There are too many files.
    """
    with transaction.atomic():
        row = dispute_by_id(dispute, customer)
        locked_contract(row.contract_id)
        state = state_after(verdicts_of(row))
        if state not in LIVING:
            raise DisputeClosedError(f"The dispute is {state}.", place="text", kept="What was said.", fix=_again(state))
        if DisputeMessage.objects.filter(dispute=row).count() >= MOST_MESSAGES:
            raise DisputeClosedError(
                f"A dispute has at most {MOST_MESSAGES} messages.",
                place="text",
                fix="Decide it, or offer a middle way.",
            )
        message = DisputeMessage(
            id=new_id(), dispute=row, side=_side(customer), said_by=by, said_at=now,
        )  # fmt: skip
        message.document = {
            "message": 1,
            "dispute": row.digest,
            "side": message.side,
            "text": words_of(text, "text"),
            "attachments": [one.as_json() for one in files],
            "said_by": by,
            "said_at": utc_text(now),
        }
        message.digest = digest(message.document)
        message.save(force_insert=True)
        _keep_files(row, message, files, by=by, now=now)
        record_audit(action="dispute.answered", subject=f"dispute/{row.id}", by=by, now=now)
        append_leaves(entries=[NewEntry(MESSAGE, message.digest)], now=now)
        tell_other_side(row, side=_side(customer), news="said", about=message.id, now=now)
    return message


def words_of(text: str, place: str) -> str:
    """What somebody says, without white space around it.

    Raises:
        DisputeError: It is nothing, or too long.
    """
    words = text.strip()
    if not 0 < len(words) <= MOST_LETTERS:
        raise DisputeError(
            f"Say something, in at most {MOST_LETTERS} characters.", place=place, kept="Nothing was sent.",
            fix="Attach what is longer as a file.",
        )  # fmt: skip
    return words


def closing_of(statement: Statement, agreement: AgreementDocument) -> datetime:
    """The end of the correction window of a statement: what is decided later changes no figure."""
    return statement.period_end + timedelta(milliseconds=parse_duration(agreement.terms.correction_window))


def _side(customer: UUID | None) -> Side:
    return "provider" if customer is None else "customer"


def _again(state: str) -> str:
    return "Take it up again, with the reason." if state == "declined" else "Open another about what is still wrong."


def _disputable(statement_id: UUID, customer: UUID | None) -> tuple[Statement, AgreementDocument]:
    """The statement, for whom it is addressed to."""
    statement = statement_by_id(statement_id)
    agreement = agreement_of(statement.contract_version)
    if customer is not None and agreement.customer != str(customer):
        raise StatementNotFoundError(
            "There is no such statement.", place="statement", fix="Choose one from the list of statements."
        )
    return statement, agreement


def _refuse_old(statement: Statement) -> None:
    newest = newest_version(statement.contract_id, statement.period_start)
    if newest is not None and newest.id != statement.id:
        raise OldVersionError(
            f"Version {statement.version} of the statement was replaced by version {newest.version}.",
            place="statement", kept="Both versions.", fix=f"Dispute version {newest.version}, statement {newest.id}.",
        )  # fmt: skip


def _refuse_late(closes_at: datetime, now: datetime) -> None:
    if now > closes_at:
        raise DisputeClosedError(
            f"The correction window of the statement closed at {utc_text(closes_at)}; nothing that is decided later "
            "changes it.",
            place="statement", kept="The statement.",
            fix="Ask for a credit note; the contract says how long figures can be corrected.",
        )  # fmt: skip


def _refuse_outside(wanted: Objection, statement: Statement) -> None:
    check_moments(wanted.start, wanted.end)
    if not epoch_ms(wanted.start) < epoch_ms(wanted.end):
        raise DisputeError(
            "The interval ends before it begins, or when it does.", place="end", fix="Give a start before the end."
        )
    if wanted.start < statement.period_start or statement.period_end < wanted.end:
        place = "start" if wanted.start < statement.period_start else "end"
        raise DisputeError(
            f"The interval is not within the period of the statement, {utc_text(statement.period_start)} to "
            f"{utc_text(statement.period_end)}.",
            place=place, fix="Give times within it, and dispute the statement of the other period for the rest.",
        )  # fmt: skip


def _assets_of(wanted: Objection, agreement: AgreementDocument) -> list[str]:
    """The assets disputed, each once; the contract, and the clause, are about all of them."""
    clause = _clause_of(wanted, agreement)
    known = set(agreement.assets if clause is None else clause.assets)
    assets = sorted({str(asset) for asset in wanted.assets})
    if not assets or not known.issuperset(assets):
        raise DisputeError(
            "The statement is not about these assets." if assets else "No asset was chosen.", place="assets",
            fix="Choose from " + ", ".join(sorted(agreement.assets[asset] for asset in known)[:20]) + ".",
        )  # fmt: skip
    return assets


def _clause_of(wanted: Objection, agreement: AgreementDocument) -> ClauseDocument | None:
    found = next((one for one in agreement.terms.clauses if one.id == wanted.clause), None)
    if wanted.clause and found is None:
        raise DisputeError(
            f"The contract has no clause {wanted.clause}.", place="clause",
            fix=f"Choose one of {', '.join(one.id for one in agreement.terms.clauses)}, or none.",
        )  # fmt: skip
    return found


def _condition_of(wanted: Objection, agreement: AgreementDocument, assets: Sequence[str]) -> str | None:
    """The condition whose state is disputed, None for the assets' own; refused where it would change nothing."""
    if wanted.held == "excluded":
        if not categories(agreement, wanted.clause, assets):
            raise DisputeError(
                "The contract excludes nothing here, so that no time can be left out.", place="held",
                fix="Say that it was up, or down.",
            )  # fmt: skip
        return None
    clause = _clause_of(wanted, agreement)
    if clause is not None and isinstance(clause.indicator, AvailabilityDocument):
        return clause.indicator.of
    measured = (
        one.indicator.of is None and not set(one.assets).isdisjoint(assets)
        for one in agreement.terms.clauses
        if isinstance(one.indicator, AvailabilityDocument)
    )
    if clause is not None or not any(measured):
        raise DisputeError(
            "No share of time is measured here: what is held up or down would change no figure.", place="held",
            fix="Choose a clause that measures a share of time, or say that the time should not count.",
        )  # fmt: skip
    return None


def _refuse_again(row: Dispute) -> None:
    """The same is not disputed twice at a time, and not very much of one period."""
    open_ = list(living(disputes(None).filter(statement=row.statement_id)))
    if len(open_) >= MOST_OPEN:
        raise DisputeClosedError(
            f"{MOST_OPEN} disputes about the period are open.", place="statement",
            fix="Wait until some are decided, or withdraw some.",
        )  # fmt: skip
    same = ("assets", "from", "to", "held", "clause")
    if any(all(one.document[name] == row.document[name] for name in same) for one in open_):
        raise DisputeClosedError(
            "The same is disputed already.",
            place="statement",
            kept="That dispute.",
            fix="Say there what is to be added.",
        )


def _document(
    row: Dispute, assets: Sequence[str], condition: str | None, wanted: Objection, agreement: AgreementDocument
) -> Json:
    """What is logged; it rests on the statement, its run, and the evidence of the assets in that run."""
    statement = row.statement
    sealed = sealed_documents(
        UUID(agreement.twin), statement.period_start, statement.period_end,
        statement.run.document["relies_on"].get("evidence_segment", ()),
    )  # fmt: skip
    return {
        "dispute": 1,
        "id": str(row.id),
        "contract": str(row.contract_id),
        "customer": agreement.customer,
        "version": statement.version,
        "assets": list(assets),
        "clause": row.clause or None,
        "of": condition,
        "from": utc_text(row.start),
        "to": utc_text(row.end),
        "held": row.held,
        "reason": words_of(wanted.reason, "reason"),
        "attachments": [one.as_json() for one in wanted.files],
        "side": row.side,
        "opened_by": row.opened_by,
        "opened_at": utc_text(row.opened_at),
        "relies_on": {
            "statement": [statement.digest],
            "outcome_run": [statement.run.digest],
            "evidence_segment": sorted(name for name, document in sealed.items() if document["asset"] in assets),
        },
    }


def _keep_files(
    row: Dispute, message: DisputeMessage | None, files: Sequence[AttachedFile], *, by: str, now: datetime
) -> None:
    if len(files) + DisputeFile.objects.filter(dispute=row).count() > MOST_FILES:
        raise AttachmentError(
            f"A dispute has at most {MOST_FILES} files.", place="files", kept="Nothing was sent.",
            fix="Put several into one document.",
        )  # fmt: skip
    for one in files:
        DisputeFile.objects.create(
            dispute=row, message=message, name=one.name, media_type=one.media_type, size=len(one.content),
            sha256=one.sha256, content=one.content, added_by=by, added_at=now,
        )  # fmt: skip
