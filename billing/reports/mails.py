"""Mails to an end customer's people: that a report is ready, and that a figure of one has changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse

from billing.contracts.shown import money_shown, period_shown
from billing.reports.models import Report
from billing.statements.reached import percent_or_word
from billing.statements.selectors import version_before
from tenants.domains.hosts import address_of_tenant
from tenants.kernel.calendars import time_zone
from tenants.post.registry import LetterKind
from tenants.post.schemas import Occasion, Text
from tenants.post.services import write_letters
from tenants.scope.actors import Permission

REPORT = LetterKind("report", "billing.reports.mails.report_letter", Permission.REPORTS_READ)


def put_in_post(*, report: Report, now: datetime) -> int:
    """Have a new report told to its customer's people who want that; acts in the report's transaction.

    Returns:
        How many people.
    """
    return write_letters(kind=REPORT.name, about=report.id, customer=report.customer_id, now=now)


def report_letter(occasion: Occasion) -> Text:
    """That a report is ready, or that a figure has changed."""
    report = Report.objects.select_related("statement").defer("bundle", "pdf").get(id=occasion.about)
    told = _told(occasion, report)
    kind = "ready" if report.statement.version == 1 else "changed"
    return Text(
        subject=render_to_string(f"reports/email/{kind}_subject.txt", told),
        body=render_to_string(f"reports/email/{kind}_message.txt", told),
        refuse=told["list"],
    )


def _told(occasion: Occasion, about: Report) -> dict[str, Any]:
    """What stands in the mail: what it is about, what was reached, and the total beside that of the version before."""
    statement, house, slug = about.statement, address_of_tenant(occasion.tenant.id), occasion.tenant.slug
    document = statement.document
    start, end = statement.period_start, statement.period_end
    before = version_before(statement)
    return {
        "organisation": occasion.organisation,
        "title": document["title"],
        "period": period_shown(start, end, time_zone(document["period"]["time_zone"])),
        "version": statement.version,
        "clauses": [(each["id"], percent_or_word(each), each["status"] == "settled") for each in document["clauses"]],
        "total": money_shown(statement.total_minor, statement.currency),
        "before": before and money_shown(before.total_minor, before.currency),
        "difference": before and money_shown(statement.total_minor - before.total_minor, statement.currency),
        "link": house + reverse("report", args=[slug, about.id]),
        "list": house + reverse("reports", args=[slug]),
    }
