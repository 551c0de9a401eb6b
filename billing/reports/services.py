"""Making reports, and settling a period: every step a service of its own, here in their order."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import override
from pydantic import JsonValue

from billing.contracts.acceptance import ACCEPTANCE
from billing.contracts.agreement import AgreementDocument
from billing.contracts.selectors import acceptances_by_digest, locked_contract, version_by_digest
from billing.invoices.models import Invoice
from billing.invoices.services import charge_left, issue_invoice
from billing.outcomes import selectors as outcomes
from billing.reports.bundles import Bundle
from billing.reports.mails import put_in_post
from billing.reports.models import Report
from billing.reports.selectors import ProofError, document_of, report_of, reports
from billing.reports.verifier import verify_report
from billing.statements.late import rated_again
from billing.statements.models import Statement
from billing.statements.selectors import first_version
from billing.statements.selectors import statement as statement_by_id
from billing.statements.services import LEAF, restate_statement, settle_statement
from tenants.kernel.collection import collection_paused
from tenants.kernel.errors import ConflictError
from tenants.record.selectors import log_verifier, proof_bundle
from tenants.record.services import record_audit, seal_head
from twins.evidence.domain.sites import batch_count
from twins.evidence.selectors import sealed_documents, site_records

Names = dict[str, set[str]]

MOST_SEALED = 20_000
"""Batches of sites in a report; records beyond are given by their digest alone, and to be had over the API."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling a period gave; a restated statement has an invoice of its own only when no other follows it."""

    statement: Statement
    invoice: Invoice | None
    report: Report


@collection_paused()
def settle_period(*, contract: UUID, start: datetime, end: datetime, by: str, now: datetime) -> Settlement:
    """Settle a period of a contract: seal the evidence and rate it, statement, invoice, head of the log and report.

    Settled before, it gives what was made then.

    Args:
        contract: The contract.
        start: First instant of the period.
        end: First instant after.
        by: Who settles.
        now: When; what was received and approved by now counts.

    Raises:
        OutturnError: What the steps raise; then none of them is done.
    """
    with transaction.atomic():
        locked_contract(contract)
        statement = first_version(contract, start, end)
        if statement is None:
            statement = settle_statement(contract=contract, start=start, end=end, by=by, now=now)
        invoice = issue_invoice(statement=statement.id, by=by, now=now)
        report = make_report(statement=statement.id, by=by, now=now)
    return Settlement(statement, invoice, report)


@collection_paused()
def restate_period(*, statement: UUID, by: str, now: datetime) -> Settlement | None:
    """Restate the period of a statement on what is known now: statement, invoice, head of the log and report.

    Returns:
        What was made, or None when the outcome is what it was.

    Raises:
        OutturnError: What the steps raise; then none of them is done.
    """
    with transaction.atomic():
        new = restate_statement(statement=statement, by=by, now=now)
        row = new or statement_by_id(statement)
        rated_again(row.contract_id, row.period_start, now=now)
        if new is None:
            return None
        left = charge_left(contract=new.contract_id, by=by, now=now)
        invoice = next((each for each in left if each.statement_id == new.id), None)
        return Settlement(new, invoice, make_report(statement=new.id, by=by, now=now))


@collection_paused()
def make_report(*, statement: UUID, by: str, now: datetime) -> Report:
    """Make the report of a statement, once: the proof bundle, checked as its reader will, and the document.

    A head of the log is sealed for it, and the proof reaches back to the head in the customer's last report. Their
    people are told by mail.

    Raises:
        StatementNotFoundError: There is no such statement.
        ProofError: The proof does not hold; nothing is kept.
    """
    found = statement_by_id(statement)
    with transaction.atomic():
        locked_contract(found.contract_id)
        known = report_of(found.id)
        if known is not None:
            return known
        customer = UUID(AgreementDocument.read(found.contract_version.document).customer)
        head = seal_head(now=now)  # locks the log: whoever waited for it sees the report that was made meanwhile
        last = reports(customer).defer(None).first()
        data = proof_bundle(
            statement=found.document,
            documents=_documents(found),
            previous_size=None if last is None else last.head_size,
        ).to_bytes()
        bundle = _checked(data, None if last is None else bytes(last.bundle))
        report = Report(
            statement=found, customer_id=customer, head_size=head.size, fingerprint=bundle.fingerprint, bundle=data,
            bundle_sha256=hashlib.sha256(data).hexdigest(), made_by=by, made_at=now,
        )  # fmt: skip
        with override(settings.LANGUAGE_CODE):  # what is kept is the same whoever asks for it
            report.pdf = document_of(report, bundle, data)
        report.pdf_sha256 = hashlib.sha256(report.pdf).hexdigest()
        report.save(force_insert=True)
        record_audit(action="report.made", subject=f"report/{report.id}", by=by, now=now)
        put_in_post(report=report, now=now)
    return report


def _checked(data: bytes, last: bytes | None) -> Bundle:
    """The bundle, once the verifier and a second run of the engine have nothing against it."""
    checks = verify_report(data, trusted=log_verifier().fingerprint, kept=last, figures=True)
    failed = [f"{check.claim}: {check.found}" for check in checks if not check.holds]
    if failed:
        raise _not_proven(failed[0])
    bundle = Bundle.read(data)
    if not bundle.recomputes():
        raise _not_proven("the outcome computed again from the evidence in the report is another")
    return bundle


def _not_proven(reason: str) -> ProofError:
    return ProofError(
        f"The proof does not hold: {reason}.", place="report", kept="The statement and the log as they are.",
        fix="Tell support the statement's number; send nothing.",
    )  # fmt: skip


def _documents(statement: Statement) -> dict[tuple[str, str], JsonValue]:
    """All that a statement relies on, directly and through what it relies on, by kind and digest.

    Earlier statements are named by their digest alone: they have reports of their own.
    """
    found: dict[tuple[str, str], JsonValue] = {(LEAF, statement.digest): None}
    waiting = _named(statement.document)
    while waiting:
        kind, names = waiting.popitem()
        missing = {name for name in names if (kind, name) not in found}
        if kind == LEAF:
            found |= {(kind, name): None for name in missing}
            continue
        documents = _by_digest(statement, kind, missing)
        if missing - documents.keys():
            raise ConflictError(
                f"A document of the kind {kind} that the statement relies on is not there.", place="statement",
                kept="Nothing was made.", fix="Tell support the statement's number.",
            )  # fmt: skip
        for name, document in documents.items():
            found[kind, name] = document
            for other, more in _named(document or {}).items():
                waiting.setdefault(other, set()).update(more)
    return found


def _named(document: dict[str, Any]) -> Names:
    return {kind: set(names) for kind, names in document.get("relies_on", {}).items() if names}


def _by_digest(statement: Statement, kind: str, names: Collection[str]) -> dict[str, Any]:
    if kind == "contract_version":
        return dict(version_by_digest(names).values_list("digest", "document"))
    if kind == ACCEPTANCE:
        return acceptances_by_digest(names)
    twin = UUID(statement.contract_version.document["twin"])
    if kind == "evidence_segment":
        return sealed_documents(twin, statement.period_start, statement.period_end, names)
    if kind == "site_record":
        return _bounded(site_records(twin, names))
    return outcomes.documents_by_digest(kind, names)


def _bounded(records: dict[str, Any]) -> dict[str, Any]:
    """Site records as a report has them: as many as it has room for, None in place of the others."""
    room, found = MOST_SEALED, {}
    for name, record in sorted(records.items()):
        count = batch_count(record)
        found[name] = record if count <= room else None
        room -= count if count <= room else 0
    return found
