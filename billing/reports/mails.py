"""Mails to an end customer's people: that a report is ready, and that a figure of one has changed.

Each person is written to once for each statement version: a row says so, made in the transaction of the report. A row
is held while its mail goes out and marked in the same transaction; should a worker die in between, the mail that is
sent again has the same ``Message-ID``, and is known as the same one.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from billing.contracts.figures import money_text, percent_short
from billing.contracts.periods import period_text
from billing.reports.models import Report, ReportMail, ReportMuted
from billing.statements.models import Statement
from billing.statements.selectors import statements_of
from tenants.customers.selectors import people_of
from tenants.domains.hosts import address_of_tenant
from tenants.edge.mail import mail_of
from tenants.jobs.services import start_job
from tenants.kernel.calendars import time_zone
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant

logger = logging.getLogger("outturn.mail")
MAIL = "billing.mail_report"
MOST_ATTEMPTS = 10
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=6)


def put_in_post(*, report: Report, by: str, now: datetime) -> int:
    """Have a new report told to its customer's people who want that; acts in the report's transaction.

    Returns:
        How many people.
    """
    people = people_of(report.customer_id).filter(user__is_active=True).order_by("user_id")
    muted = set(ReportMuted.objects.values_list("user", flat=True))
    told = [user for user in people.values_list("user_id", flat=True) if user not in muted]
    if told:
        ReportMail.objects.bulk_create(ReportMail(report=report, user=user, next_at=now) for user in told)
        start_job(kind=MAIL, params={"report": str(report.id)}, by=by, now=now)
    return len(told)


def send_due(tenant: UUID, *, now: datetime, report: UUID | None = None) -> tuple[int, int]:
    """Send what is due of a tenant, or of one of its reports, outside any scope.

    Returns:
        How many mails went, and how many the mail server did not take; these are tried again later.
    """
    sent = failed = 0
    while True:
        with scope(tenant):
            is_sent = _send_next(report, now)
        if is_sent is None:
            return sent, failed
        sent, failed = sent + is_sent, failed + (not is_sent)


def is_due(*, now: datetime) -> bool:
    """Whether a mail of the tenant in scope waits to be sent."""
    return _due(now).exists()


def set_muted(*, user: UUID, muted: bool, by: str, now: datetime) -> None:
    """Write to a person about reports from now on, or not any more."""
    with transaction.atomic():
        if muted:
            ReportMuted.objects.get_or_create(user=user)
        else:
            ReportMuted.objects.filter(user=user).delete()
        action = "report.mails_refused" if muted else "report.mails_wanted"
        record_audit(action=action, subject=f"person/{user}", by=by, now=now)


def is_muted(user: UUID) -> bool:
    """Whether a person wants no mail about reports."""
    return ReportMuted.objects.filter(user=user).exists()


def _due(now: datetime) -> QuerySet[ReportMail]:
    """What was never tried, and what is to be tried again by now."""
    waiting = ReportMail.objects.filter(sent_at=None, next_at__isnull=False)
    return waiting.filter(Q(attempts=0) | Q(next_at__lte=now))


def _send_next(report: UUID | None, now: datetime) -> bool | None:
    """Send the mail that has waited longest, and say whether it went; None when no other is due."""
    due = _due(now) if report is None else _due(now).filter(report=report)
    waiting = due.select_for_update(skip_locked=True, of=("self",)).order_by("next_at", "id")
    while (row := waiting.first()) is not None:
        about = Report.objects.select_related("statement").defer("bundle", "pdf").get(id=row.report_id)
        address = _address(row, about)
        if address is not None:
            return _sent(row, _letter(row, about, address), now)
        row.next_at = None  # they have left, or want no more mail: nobody is to be told
        row.save(update_fields=["next_at"])
    return None


def _sent(row: ReportMail, letter: EmailMessage, now: datetime) -> bool:
    row.attempts += 1
    try:
        letter.send()
        row.sent_at, row.next_at = now, None
    except (OSError, SMTPException) as error:
        logger.warning("the mail “%s” could not be sent: %s", letter.subject, error)
        row.next_at = now + _pause(row.attempts) if row.attempts < MOST_ATTEMPTS else None
    row.save(update_fields=["attempts", "sent_at", "next_at"])
    return row.sent_at is not None


def _address(row: ReportMail, about: Report) -> str | None:
    """Where a person is written to who still belongs to the customer and has not refused meanwhile."""
    if is_muted(row.user):
        return None
    people = people_of(about.customer_id).filter(user__is_active=True, user=row.user)
    return people.values_list("user__email", flat=True).first()


def _letter(row: ReportMail, about: Report, address: str) -> EmailMessage:
    tenant = Tenant.objects.get(id=required_tenant("a mail"))
    told = _told(tenant, about)
    kind = "ready" if about.statement.version == 1 else "changed"
    subject = " ".join(render_to_string(f"reports/email/{kind}_subject.txt", told).split())
    body = render_to_string(f"reports/email/{kind}_message.txt", told)
    message = mail_of(tenant.brand, subject=subject, body=body, to=address)
    message.extra_headers = {
        "Message-ID": f"<report.{row.id}@{urlsplit(settings.BASE_URL).hostname}>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{told['list']}>",
    }
    return message


def _told(tenant: Tenant, about: Report) -> dict[str, Any]:
    """What stands in the mail: what it is about, what was reached, and the total beside that of the version before."""
    statement, house = about.statement, address_of_tenant(tenant.id)
    document = statement.document
    start, end = statement.period_start, statement.period_end
    before = _version_before(statement)
    return {
        "organisation": tenant.brand.get("product_name") or tenant.name,
        "title": document["title"],
        "period": period_text(start, end, time_zone(document["period"]["time_zone"])),
        "version": statement.version,
        "clauses": [(each["id"], percent_short(each["percent"])) for each in document["clauses"]],
        "total": money_text(statement.total_minor, statement.currency),
        "before": before and money_text(before.total_minor, before.currency),
        "difference": before and money_text(statement.total_minor - before.total_minor, statement.currency),
        "link": house + reverse("report", args=[tenant.slug, about.id]),
        "list": house + reverse("reports", args=[tenant.slug]),
    }


def _version_before(statement: Statement) -> Statement | None:
    versions = statements_of(statement.contract_id).filter(period_start=statement.period_start)
    return versions.filter(version=statement.version - 1).first()


def _pause(attempts: int) -> timedelta:
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << (attempts - 1)))
