"""What every page of an organisation shows around its content."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from tenants.edge.context import request_id
from tenants.jobs.selectors import jobs_under_way
from tenants.people.selectors import organisations
from tenants.portal.jobs import card
from tenants.portal.registry import entries
from tenants.scope.actors import Actor, Permission, Role


def shell(request: HttpRequest) -> dict[str, Any]:
    """Template context: ``shell`` (rail, organisations, jobs, search; computed when first used) and ``request_id``."""
    return {"shell": SimpleLazyObject(lambda: _shell(request)), "request_id": request_id()}


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
        }
    mine = [
        {"name": each.name, "url": reverse(_start(each.role), args=[each.slug]), "active": each.slug == actor.slug}
        for each in organisations(actor.user)
    ]
    nav = []
    for entry in entries():
        if actor.may(entry.needs):
            url = reverse(entry.view, args=[actor.slug])
            exact = entry.label == "Overview"
            active = request.path == url if exact else request.path.startswith(url)
            nav.append({"label": entry.label, "icon": entry.icon, "url": url, "active": active})
    return {
        "nav": nav,
        "organisations": mine,
        "organisation": next((each for each in mine if each["active"]), None),
        "jobs": [card(job, actor) for job in jobs_under_way()[:20]] if actor.may(Permission.READ) else [],
        "actor": actor,
        "account_url": reverse("account"),
        "search_url": reverse("search", args=[actor.slug]),
    }


def _start(role: Role) -> str:
    """The view on which a person of a role begins: an end customer's people have their reports only."""
    return "reports" if role == Role.CUSTOMER else "overview"
