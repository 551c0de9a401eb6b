"""Links by which guests read one report without signing in: made, revoked, followed, and each time told to the maker.

The token stands in the address only; a keyed digest of it finds the link before the tenant is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.urls import reverse

from billing.reports.models import Report, ReportLink, ReportLinkDigest, ReportOpening
from billing.reports.selectors import report as report_by_id
from tenants.domains.hosts import address_of_tenant
from tenants.edge.permissions import may_any
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import NotAllowedError, NotFoundError, OutturnError
from tenants.kernel.networks import neighbourhood
from tenants.kernel.secrets import is_same_digest, is_token, new_token, token_digest, token_digests
from tenants.people.domain import browser_name
from tenants.record.services import record_audit
from tenants.scope.actors import Actor, Permission
from tenants.scope.context import required_tenant
from tenants.scope.models import TenantState

KIND = "report"
"""The word in front of the tokens."""
USUAL_DAYS, MOST_DAYS = 14, 90
SHARING = frozenset({Permission.ORGANISATION_ADMINISTER, Permission.CONTRACTS_EDIT, Permission.MONEY_BILL})
"""Who of the organisation's own people may show a report to guests; an end customer's people may show theirs."""
MOST_LINKS = 50
"""Links of one report that are in force."""
_CLOSED = (TenantState.SUSPENDED, TenantState.CLOSED)


class LinkTermsError(OutturnError):
    """A link cannot be like that."""

    code = "report_link.terms"


class LinkNotFoundError(NotFoundError):
    """There is no such link, or it is of the other side."""

    code = "report_link.not_found"


class NotSharerError(NotAllowedError):
    """Somebody may read reports, and not show them to others."""

    code = "report_link.not_yours"


@dataclass(frozen=True, slots=True)
class Followed:
    """Where the token of a link leads, asked before the tenant is known."""

    tenant: UUID
    link: UUID


def may_share(actor: Actor) -> bool:
    """Whether somebody may show guests the reports that they read themselves."""
    return actor.customer is not None or may_any(actor, SHARING)


def make_link(*, report: UUID, name: str, days: int, by: Actor, now: datetime) -> tuple[ReportLink, str]:
    """Let whoever has an address read a report for some days.

    Args:
        report: Which one.
        name: For whom it is, as the maker will know it again.
        days: How long, from 1 to `MOST_DAYS`.
        by: Who shows it; a person of an end customer shows that customer's reports only.
        now: The moment.

    Returns:
        The link, and its whole address, which is not to be had again.

    Raises:
        ReportNotFoundError: There is no such report, or it is another customer's.
        NotSharerError: They may not.
        LinkTermsError: It has no name, or the days are none or too many, or there are too many links.
    """
    _hold_to_sharers(by)
    row = report_by_id(report, by.customer)
    _check_terms(name, days)
    with transaction.atomic():
        held = ReportLink.objects.filter(report=row, revoked_at=None, expires_at__gt=now)
        if held.count() >= MOST_LINKS:
            raise LinkTermsError(
                f"the report has {MOST_LINKS} links in force", place="name", kept="These links.",
                fix="Revoke one that is not needed any more.",
            )  # fmt: skip
        link = ReportLink.objects.create(
            report=row, customer_id=by.customer, name=name.strip(), made_by=by.name, made_at=now,
            expires_at=now + timedelta(days=days),
        )  # fmt: skip
        token, tenant = new_token(KIND), required_tenant("a link")
        ReportLinkDigest.objects.create(
            digest=token_digest(token.text, secret=settings.SEALING_KEYS[0]), tenant_id=tenant, link=link.id
        )
        record_audit(
            action="report.shared", subject=f"report/{row.id}", by=by.name, now=now,
            details={"link": str(link.id), "name": link.name, "expires_at": isoformat(link.expires_at)},
        )  # fmt: skip
    return link, address_of_tenant(tenant) + reverse("guest-report", args=[token.text])


def revoke_link(*, link: UUID, by: Actor, now: datetime) -> ReportLink:
    """End a link at once; one that is ended stays as it is.

    Raises:
        LinkNotFoundError: There is no such link, or an end customer's person asks for one they do not see.
        NotSharerError: They may not.
    """
    _hold_to_sharers(by)
    with transaction.atomic():
        found = links_seen_by(by).select_for_update(of=("self",)).filter(id=link).first()
        if found is None:
            raise LinkNotFoundError("there is no such link", place="link", fix="Choose one from the report's page.")
        if found.revoked_at is None:
            found.revoked_at, found.revoked_by = now, by.name
            found.save(update_fields=["revoked_at", "revoked_by"])
            ReportLinkDigest.objects.filter(link=found.id, tenant_id=required_tenant("a link")).delete()
            record_audit(
                action="report.unshared", subject=f"report/{found.report_id}", by=by.name, now=now,
                details={"link": str(found.id), "name": found.name},
            )  # fmt: skip
    return found


def links_seen_by(actor: Actor) -> QuerySet[ReportLink]:
    """The links somebody may know of, the newest first: the organisation's people all, a customer's people theirs."""
    found = ReportLink.objects.all()
    return found if actor.customer is None else found.filter(customer=actor.customer)


def links_told(actor: Actor, report: UUID) -> list[ReportLink]:
    """The links of a report that somebody may know of, each with ``opened`` (how often) and ``last_opened``."""
    found = links_seen_by(actor).filter(report=report)
    return list(found.annotate(opened=Count("openings"), last_opened=Max("openings__at")).order_by("-id"))


def openings_told(actor: Actor, report: UUID, most: int) -> list[ReportOpening]:
    """The latest openings by links that the side of somebody has made: nobody is told whom the other side let read."""
    found = ReportOpening.objects.filter(link__report=report, link__customer=actor.customer)
    return list(found.select_related("link")[:most])


def followed(token: str) -> Followed | None:
    """Which link a token is of, in force or not; call it outside any scope. None for a token that is none."""
    if not is_token(token, KIND):
        return None
    digests = token_digests(token, keys=settings.SEALING_KEYS)
    rows = ReportLinkDigest.objects.filter(digest__in=digests).exclude(tenant__state__in=_CLOSED)
    for digest, tenant, link in rows.values_list("digest", "tenant_id", "link"):
        if any(is_same_digest(digest, each) for each in digests):
            if digest != digests[0]:  # kept under a former secret: under the newest from now on
                ReportLinkDigest.objects.filter(digest=digest).update(digest=digests[0])
            return Followed(tenant, link)
    return None


def link_in_force(link: UUID, *, now: datetime) -> ReportLink | None:
    """A link of the tenant in scope, with the tenant; None when it leads nowhere any more."""
    held = Q(revoked_at=None, expires_at__gt=now, report__customer__trashed_at=None)
    rows = ReportLink.objects.select_related("tenant")
    return rows.filter(held, id=link).first()


def note_opening(*, link: ReportLink, what: str, address: str, program: str, now: datetime) -> Report:
    """Note that a link was followed; the report that it leads to, with its bytes.

    Args:
        link: Which one, in force.
        what: What is taken: ``page``, or the name of a file.
        address: Where the guest comes from; the network around it is kept.
        program: How their browser describes itself; what it is called is kept.
        now: The moment.
    """
    ReportOpening.objects.create(
        link=link, what=what[:20], at=now, network=neighbourhood(address), program=browser_name(program)
    )
    return report_by_id(link.report_id, None)


def _hold_to_sharers(actor: Actor) -> None:
    if not may_share(actor):
        raise NotSharerError(
            "you may read reports and not show them to others", kept="The links there are.",
            fix="Ask somebody who administers the organisation, edits contracts or bills.",
        )  # fmt: skip


def _check_terms(name: str, days: int) -> None:
    if not 0 < len(name.strip()) <= 120:
        raise LinkTermsError("a link has a name", place="name", fix="Say for whom it is, in at most 120 letters.")
    if not 1 <= days <= MOST_DAYS:
        raise LinkTermsError(
            f"a link is in force for 1 to {MOST_DAYS} days", place="days", fix="Choose fewer, and make another later."
        )
