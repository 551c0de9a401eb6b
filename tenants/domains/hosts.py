"""From a host to the organisation whose own it is; asked for each request before any organisation is known.

A process remembers an answer, also that a host is nobody's, for `KEPT_S` seconds, and forgets at once what it changed
itself. Our own hosts are never looked up. Thousands of unknown hosts cost one look by primary key each.
"""

from __future__ import annotations

import time
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

from tenants.domains.models import ProvenHost
from tenants.domains.schemas import Home
from tenants.limits.domain.plans import Feature
from tenants.limits.selectors import plan_of
from tenants.scope.models import TenantState

KEPT_S = 5.0
MOST_KEPT = 8192
PLACE = "place"
"""In a session: the organisation whose own host it was opened at; a session of ours has none."""


def home_of(host: str) -> Home | None:
    """The organisation that a ``Host`` header names; None for our own hosts, and for those that nobody has proven."""
    name = split_domain_port(host)[0]
    # “*” answers every host, but makes none of them ours: an organisation's own would show all of them.
    ours = [each for each in settings.ALLOWED_HOSTS if each != "*"]
    if not name or len(name) > 253 or validate_host(name, ours):
        return None
    return _kept(name.removesuffix("."), int(time.monotonic() / KEPT_S))


def home_at(request: HttpRequest) -> Home | None:
    """The organisation whose own host a request came to; None at ours."""
    return getattr(request, "home", None)


def is_at_home(session_place: str | None, home: Home | None) -> bool:
    """Whether a session may be used at a host: only where it was opened.

    Whoever rules over a name in DNS can read what browsers send to it. So a session of an organisation's own host opens
    nothing elsewhere, and one of ours nothing there.
    """
    return (session_place or "") == ("" if home is None else str(home.tenant))


def address_of_host(host: str) -> str:
    """The address of a host of an organisation's own: scheme and port are those of `OUTTURN_URL`."""
    ours = urlsplit(settings.BASE_URL)
    return f"{ours.scheme}://{host}{f':{ours.port}' if ours.port else ''}"


def address_of_tenant(tenant: UUID) -> str:
    """Where links in mails to an organisation's people lead: to its own host that was proven first, else to ours."""
    rows = ProvenHost.objects.filter(tenant_id=tenant).exclude(tenant__state=TenantState.CLOSED)
    for host, plan in rows.order_by("proven_at", "host").values_list("host", "tenant__plan"):
        if _has_hosts(plan):
            return address_of_host(host)
    return settings.BASE_URL


def forget_hosts() -> None:
    """Forget what hosts are whose, once the running transaction has changed it."""
    transaction.on_commit(_kept.cache_clear)


def is_proven_host(host: str) -> bool:
    """Whether a certificate may be had for a host: it is an organisation's own and answered now."""
    return home_of(host) is not None


@lru_cache(maxsize=MOST_KEPT)
def _kept(host: str, _period: int) -> Home | None:
    rows = ProvenHost.objects.filter(host=host).exclude(tenant__state=TenantState.CLOSED)
    for tenant, slug, plan in rows.values_list("tenant_id", "tenant__slug", "tenant__plan"):
        return Home(host, tenant, slug) if _has_hosts(plan) else None
    return None


def _has_hosts(plan: str) -> bool:
    return Feature.CUSTOM_DOMAIN in plan_of(plan).features
