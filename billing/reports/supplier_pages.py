"""One sign-in, the reports of several suppliers: a person's own page about all organisations they are a customer of.

Each organisation is read in a scope of its own, by what this person may read there, one after the other; no query ever
names two. The page is answered at our own host only (docs/decisions/033-suppliers.md).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.reports.suppliers import NewReport, Summary, summary_for
from tenants.domains.hosts import address_of_tenant
from tenants.kernel.clock import utc_now
from tenants.portal.supplying import Supplier, actor_at, suppliers_of
from tenants.scope.actors import Permission
from tenants.scope.context import scope

logger = logging.getLogger(__name__)

MOST_SUPPLIERS = 25
"""So many are read for one page; the others are named with their address."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Card:
    """A supplier on the page.

    Attributes:
        supplier: The organisation, and whether it may be entered.
        address: Scheme and host of its own, where its pages are read; empty where that is ours.
        summary: What it has for the customer; None where it may not be read, or could not be.
        is_broken: Whether reading it failed.
    """

    supplier: Supplier
    address: str
    summary: Summary | None = None
    is_broken: bool = False

    @property
    def slug(self) -> str:
        """Its name in addresses."""
        return self.supplier.organisation.slug

    @property
    def id(self) -> UUID:
        """Its id."""
        return self.supplier.organisation.tenant

    @property
    def newest(self) -> datetime:
        """When its newest report was made."""
        return (self.summary and self.summary.newest) or _LONG_AGO


@require_safe
@never_cache
@login_required
def suppliers(request: HttpRequest) -> HttpResponse:
    """The suppliers of a person: what waits at each, its contracts, and the newest reports of all, the latest first."""
    now = utc_now()
    found = suppliers_of(request, now=now)
    cards = [_read(request, each, now) for each in found[:MOST_SUPPLIERS]]
    cards.sort(key=lambda card: card.newest, reverse=True)
    context = {"cards": cards, "others": found[MOST_SUPPLIERS:], "reports": _newest(cards), "today": now.date()}
    return render(request, "reports/suppliers.html", context)


def _read(request: HttpRequest, supplier: Supplier, now: datetime) -> Card:
    tenant = supplier.organisation.tenant
    address = address_of_tenant(tenant).removeprefix(settings.BASE_URL)
    if supplier.refusal:
        return Card(supplier, address)
    try:
        with scope(tenant):
            actor = actor_at(request, supplier)
            summary = summary_for(actor, now=now) if actor.may(Permission.REPORTS_READ) else None
    except Exception:
        # Whatever is wrong at one supplier, the others are read: a person is not to lose all for the sake of one.
        logger.exception("the data of a supplier cannot be read", extra={"tenant": str(tenant)})
        return Card(supplier, address, is_broken=True)
    return Card(supplier, address, summary)


def _newest(cards: list[Card]) -> list[dict[str, Any]]:
    """The newest reports of all suppliers, each with its card, the latest first."""
    found: list[tuple[Card, NewReport]] = [
        (card, report) for card in cards if card.summary for report in card.summary.reports
    ]
    found.sort(key=lambda each: each[1].made_at, reverse=True)
    return [{"card": card, "report": report} for card, report in found]
