"""What every page of an organisation shows around its content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tenants.edge.context import request_id
from tenants.edge.texts import texts
from tenants.jobs.selectors import jobs_seen_by
from tenants.lifecycle.banner import around
from tenants.lifecycle.selectors import SUPPORT
from tenants.people.schemas import Organisation
from tenants.people.selectors import organisations
from tenants.portal.jobs import ACTIVE, card
from tenants.portal.registry import admin_pages, bells, entries, personal_pages
from tenants.scope.actors import Actor, Permission, Role
from tenants.signon.sessions import session_reaches


def shell(request: HttpRequest) -> dict[str, Any]:
    """Template context: ``shell`` (rail, organisations, jobs, search; when first used), ``request_id``, ``texts``."""
    return {"shell": SimpleLazyObject(lambda: _shell(request)), "request_id": request_id(), "texts": texts()}


def _shell(request: HttpRequest) -> dict[str, Any]:
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or actor.user is None:
        return {
            "nav": [],
            "organisation": None,
            "organisations": [],
            "jobs": [],
            "actor": None,
            "account_url": reverse("account"),
            "search_url": None,
            "personal": SimpleLazyObject(lambda: _personal(_all_of(request))),
        }
    reached = _reached(request, getattr(request, "organisations", ()))
    mine = [
        {"name": each.name, "url": reverse(_start(each.role), args=[each.slug]), "active": each.slug == actor.slug}
        for each in reached
    ]
    entered = getattr(request, "organisation", None)
    if entered is not None and actor.role == SUPPORT:
        mine.append({"name": entered.name, "url": reverse("overview", args=[actor.slug]), "active": True})
    nav = []
    for entry in entries():
        if actor.may(entry.needs) and (actor.customer is not None or not entry.for_customers):
            url = reverse(entry.view, args=[actor.slug])
            exact = entry.label == "Overview"
            active = request.path == url if exact else request.path.startswith(url)
            nav.append({"label": gettext(entry.label), "icon": entry.icon, "url": url, "active": active})
    return {
        "nav": nav,
        "admin": list(_administration(request, actor)),
        "bells": [
            {
                "url": reverse(bell.view, args=[actor.slug]),
                "count_url": reverse(bell.count, args=[actor.slug]),
                "icon": bell.icon,
                "label": bell.label,
            }
            for bell in bells(actor)
        ],
        "organisations": mine,
        "organisation": next((each for each in mine if each["active"]), None),
        "jobs": [card(job, actor) for job in jobs_seen_by(actor).filter(state__in=ACTIVE)[:20]]
        if actor.may(Permission.ORGANISATION_READ)
        else [],
        "actor": actor,
        "account_url": reverse("account"),
        "search_url": reverse("search", args=[actor.slug]),
        "personal": _personal(reached),
        **around(request, actor),
    }


GROUPS = {
    "organisation": _("Organisation"), "access": _("Access"), "data": _("Data"), "money": _("Money"),
    "platform": _("Platform"),
}  # fmt: skip


def _administration(request: HttpRequest, actor: Actor) -> Iterator[dict[str, Any]]:
    """The pages of the administration beside each other; none outside of it."""
    if not request.path.startswith(reverse("admin", args=[actor.slug])):
        return
    for group, found in admin_pages(actor):
        shown = []
        for page in found:
            url = reverse(page.view, args=[actor.slug])
            shown.append({"label": page.label, "icon": page.icon, "url": url, "active": request.path.startswith(url)})
        yield {"key": group, "label": GROUPS[group], "pages": shown}


def _all_of(request: HttpRequest) -> list[Organisation]:
    """The organisations of whoever has signed in, where no organisation is entered; one query."""
    user = getattr(request, "user", None)
    return _reached(request, organisations(user.pk)) if user is not None and user.is_authenticated else []


def _reached(request: HttpRequest, mine: Iterable[Organisation]) -> list[Organisation]:
    """Those of a person's organisations that their session opens."""
    return [each for each in mine if session_reaches(request.session, each.tenant)]


def _personal(mine: Iterable[Organisation]) -> list[dict[str, Any]]:
    """The pages of a person's own menu."""
    pages = personal_pages({each.role for each in mine})
    return [{"label": page.label, "icon": page.icon, "url": reverse(page.view)} for page in pages]


def _start(role: str) -> str:
    """The view on which a person of a role begins: an end customer's people have their reports only."""
    return "reports" if role == Role.CUSTOMER else "overview"
