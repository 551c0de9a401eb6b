"""What the pages of statements, invoices and reports show of disputes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.contracts.figures import utc_text
from billing.contracts.selectors import agreement_of
from billing.disputes import selectors
from billing.disputes.acting import side_of
from billing.disputes.models import Dispute
from billing.disputes.services import closing_of
from billing.reports.schemas import Timeline
from billing.statements.models import Statement
from tenants.kernel.calendars import from_epoch_ms
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

register = template.Library()


@dataclass(frozen=True, slots=True)
class Found:
    """The disputes about a period that are open, and the clauses they put in question."""

    open: list[Dispute]
    clauses: frozenset[str]


@register.simple_tag
def disputes_about(statement: Statement) -> Found:
    """What is disputed of a period."""
    open_ = [row for row in selectors.about_period(statement) if selectors.is_living(row)]
    known = [line["clause"] for line in statement.document["lines"] if line["kind"] == "clause"] if open_ else []
    return Found(open_, frozenset(name for row in open_ for name in ([row.clause] if row.clause else known)))


@register.inclusion_tag("disputes/_about.html", takes_context=True)
def disputed(context: Mapping[str, Any], found: Found) -> dict[str, Any]:
    """That something is disputed, and where both sides talk about it."""
    return {"shell": context["shell"], "found": found}


@register.simple_tag(takes_context=True)
def dispute_url(context: Mapping[str, Any], statement: Statement) -> str:
    """Where a statement is disputed; nothing for who cannot, or once the correction window is over."""
    actor = context["shell"]["actor"]
    is_over = utc_now() > closing_of(statement, agreement_of(statement.contract_version))
    return "" if is_over or side_of(actor) is None else reverse("new-dispute", args=[actor.slug, statement.id])


@register.simple_tag
def outage_urls(timeline: Timeline, address: str) -> list[str]:
    """Where each outage of a timeline is disputed, in the order of the report; nothing without the address for it."""
    if not address:
        return []
    clause = {"clause": timeline.clause} if timeline.clause else {}
    return [
        f"{address}?{urlencode({'asset': one.asset_id, 'from': _moment(one.start), 'to': _moment(one.end), **clause})}"
        for one in timeline.outages
    ]


def _moment(milliseconds: int) -> str:
    return utc_text(from_epoch_ms(milliseconds))


@register.simple_tag(takes_context=True)
def statement_link(context: Mapping[str, Any], statement: Statement, name: str) -> SafeString:
    """A statement's name, leading to its page, or to its report for a customer's people."""
    actor = context["shell"]["actor"]
    if actor.may(Permission.MONEY_READ):
        return format_html('<a href="{}">{}</a>', reverse("statement", args=[actor.slug, statement.id]), name)
    report = statement.reports.values_list("id", flat=True).first()
    if report is None:
        return format_html("{}", name)
    return format_html('<a href="{}">{}</a>', reverse("report", args=[actor.slug, report]), name)
