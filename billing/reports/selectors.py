"""Reports to read: those of a customer, their content, and the bytes as they are delivered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from billing.contracts.acceptance import text_digest
from billing.contracts.selectors import answer_text
from billing.invoices.models import Invoice
from billing.invoices.selectors import invoice_of
from billing.reports.ahead import ahead_of
from billing.reports.bundles import Bundle
from billing.reports.content import report_content
from billing.reports.document import pdf_of
from billing.reports.history import history_of
from billing.reports.models import Report
from billing.reports.schemas import Content
from billing.reports.verifier import Check, Found, verify_report
from billing.statements.selectors import version_before
from tenants.domains.hosts import address_of_tenant
from tenants.kernel.canonical import digest
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.lifecycle.selectors import letterhead
from tenants.record.schemas import Growth, with_previous, with_stamp
from tenants.record.selectors import first_stamp_over, growth_between, known_fingerprint, places_in_log
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

_SIZE = re.compile(r"[1-9][0-9]{0,14}")


class ReportNotFoundError(NotFoundError):
    """There is no such report, or it is another customer's."""

    code = "report.not_found"


class ProofError(OutturnError):
    """The report does not hold: it is not delivered."""

    code = "report.not_proven"
    status = 500


class HeadUnknownError(OutturnError):
    """A report cannot reach back to the head that its reader kept."""

    code = "report.head_unknown"
    status = 422


def reports(customer: UUID | None) -> QuerySet[Report]:
    """The reports of one end customer, or of all of them, the latest first; without their bytes."""
    found = Report.objects.select_related("statement__contract", "statement__contract_version", "customer")
    found = found.defer("bundle", "pdf")
    return found if customer is None else found.filter(customer_id=customer)


def reports_listed(customer: UUID | None) -> QuerySet[Report]:
    """The reports of one end customer, or of all of them, without the documents that they rest on."""
    found = Report.objects.select_related("statement__contract", "customer")
    found = found.defer("bundle", "pdf", "statement__document", "statement__contract__draft")
    return found if customer is None else found.filter(customer_id=customer)


def reports_of(statements: Collection[UUID]) -> dict[UUID, UUID]:
    """The ids of the reports on some statement versions, by statement."""
    return dict(Report.objects.filter(statement__in=statements).values_list("statement", "id"))


def report(report_id: UUID, customer: UUID | None) -> Report:
    """One report, with its bytes.

    Args:
        report_id: Which one.
        customer: The end customer who asks; None for the tenant's own people.

    Raises:
        ReportNotFoundError: There is none, or it is another customer's.
    """
    found = reports(customer).defer(None).filter(id=report_id).first()
    if found is None:
        raise ReportNotFoundError(
            "There is no such report.", place="report", fix="Choose one from the list of reports."
        )
    return found


def made_since(moment: datetime) -> list[tuple[UUID, datetime]]:
    """The reports that were made from a moment on, and when: the first first."""
    found = Report.objects.filter(made_at__gte=moment).order_by("made_at", "id")
    return list(found.values_list("id", "made_at"))


def report_of(statement: UUID) -> Report | None:
    """The report on a statement version."""
    return reports(None).filter(statement_id=statement).first()


def checks_of(row: Report) -> list[Check]:
    """What the verifier that customers run says of a report's bytes, and whether they are those that were kept."""
    bundle = bytes(row.bundle)
    kept = hashlib.sha256(bundle).hexdigest() == row.bundle_sha256
    found = Found(f"SHA-256 {row.bundle_sha256}", "kept", digest=row.bundle_sha256)
    own = Check("The bytes are those that were kept", found, kept)
    return [own, *verify_report(bundle, trusted=known_fingerprint(row.fingerprint))]


def proof_ok(row: Report) -> bool:
    """Whether every check of a report holds."""
    return all(check.holds for check in checks_of(row))


def proven_bundle(row: Report, checks: Sequence[Check] = ()) -> bytes:
    """The proof bundle of a report, checked before it is delivered.

    Args:
        row: The report, with its bytes.
        checks: What ``checks_of`` has found just before; else it is asked.

    Raises:
        ProofError: It does not hold.
    """
    failed = [check for check in checks or checks_of(row) if not check.holds]
    if failed:
        raise ProofError(
            f"The report is not delivered: {failed[0].claim}: {failed[0].found}.", place="report",
            kept="The report, the statement and the log as they are.", fix="Tell support the report's number.",
        )  # fmt: skip
    return bytes(row.bundle)


def delivered_bundle(row: Report, known: int | None = None) -> bytes:
    """The proof bundle as its readers get it: as it was made, with the time-stamp that came since, if one did.

    Args:
        row: The report, with its bytes.
        known: The size of a head that its reader kept, to which it reaches back then in place of the customer's last
            report.

    Raises:
        ProofError: It does not hold.
        HeadUnknownError: It cannot reach back to a head of that size.
    """
    data = proven_bundle(row)
    if known is not None:
        data = with_previous(data, _growth_since(known, row.head_size))
    (place,) = places_in_log([bytes.fromhex(row.statement.digest)]).values()
    stamped = first_stamp_over(place, row.head_size)
    return data if stamped is None else with_stamp(data, stamped)


def size_kept(text: str) -> int:
    """The size of a head that somebody kept, from an address.

    Raises:
        HeadUnknownError: It is no size of a head.
    """
    if not _SIZE.fullmatch(text):
        raise _refused(f"“{text[:40]}” is no number of entries.", "Give the number alone, such as 4711.")
    return int(text)


def _growth_since(known: int, size: int) -> Growth:
    """From the head of ``known`` entries to that of ``size``, which a report was made under."""
    if known > size:
        raise _refused(
            f"Your head of {known} entries is newer than that of this report, which has {size}.",
            "Check the newer report, and give this one as the earlier.",
        )
    try:
        return growth_between(known, size)
    except NotFoundError:
        raise _refused(
            f"No head of {known} entries was signed.",
            "Take the number from the second line of the head that you kept. If it stands there, the log was rewritten:"
            " show the head to others whose reports are in this log.",
        ) from None


def _refused(message: str, fix: str) -> HeadUnknownError:
    return HeadUnknownError(message, place="known", kept="The report as it was made. Keep your head too.", fix=fix)


def proven_pdf(row: Report) -> bytes:
    """The document of a report; it and the proof in it are checked before it is delivered.

    Raises:
        ProofError: It does not hold.
    """
    proven_bundle(row)
    document = bytes(row.pdf)
    if hashlib.sha256(document).hexdigest() != row.pdf_sha256:
        raise ProofError("The document is not the one that was made.", place="report", fix="Take the file instead.")
    return document


def content_of(row: Report, bundle: bytes) -> Content:
    """What a report says, from its bundle once that is checked, and what is known of the periods before."""
    return content_with(row, Bundle.read(bundle), invoice_of(row.statement_id))


def content_with(row: Report, bundle: Bundle, invoice: Invoice | None) -> Content:
    """What a report says beside its invoice, from its bundle once that is checked.

    Raises:
        ProofError: The text of the contract is not the one that was accepted.
    """
    document, page = None if invoice is None else invoice.document, page_of(row.id)
    accepted = _accepted_text(bundle)
    before = version_before(row.statement)
    return report_content(
        bundle, document, accepted=accepted, history=history_of(row.statement),
        replaced_minor=None if before is None else before.total_minor, page=page,
    )  # fmt: skip


def document_of(row: Report, bundle: Bundle, data: bytes) -> bytes:
    """The report as a PDF in the language that is spoken, with what was planned when it was made.

    Args:
        row: The report.
        bundle: What its proof says, once that is checked.
        data: The proof itself, attached to it.
    """
    content = content_with(row, bundle, invoice_of(row.statement_id))
    ahead = ahead_of(row, bundle.agreement.assets, now=row.made_at)
    return pdf_of(content, ahead=ahead, bundle=data, sealed_at=row.statement.sealed_at, letterhead=letterhead())


def _accepted_text(bundle: Bundle) -> str | None:
    """The text of the contract that the customer accepted; None where the contract needed nobody to.

    Raises:
        ProofError: What is kept is not the text whose digest was logged.
    """
    acceptance = bundle.acceptance
    if acceptance is None:
        return None
    text = answer_text(digest(acceptance))
    if text is None or text_digest(text) != acceptance["text_digest"]:
        raise ProofError(
            "The text of the contract that is kept is not the one that was accepted.", place="report",
            kept="The report, the statement and the log as they are.", fix="Tell support the report's number.",
        )  # fmt: skip
    return text


def page_of(report: UUID) -> str:
    """The address of a report of the tenant in scope, for who signs in there."""
    tenant = Tenant.objects.get(id=required_tenant("a report"))
    return address_of_tenant(tenant.id) + reverse("report", args=[tenant.slug, report])
