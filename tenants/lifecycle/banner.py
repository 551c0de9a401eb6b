"""What stands above every page: support in the house, the state of the organisation, notices; and its brand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from tenants.kernel.clock import utc_now
from tenants.lifecycle.branding import style_version
from tenants.lifecycle.domain import State, days_left
from tenants.lifecycle.models import Notice, NoticeState, Severity
from tenants.lifecycle.selectors import SUPPORT, notices_now
from tenants.limits.schemas import Warned
from tenants.limits.selectors import warnings
from tenants.people.schemas import Organisation
from tenants.scope.actors import Actor, Permission

DISMISSED = "dismissed_notices"
WARNING_DAYS = 7


def around(request: HttpRequest, actor: Actor) -> Mapping[str, Any]:
    """What the shell shows around a page: ``banner`` and, to an end customer's people, ``brand``."""
    found: Organisation | None = getattr(request, "organisation", None)
    if found is None or found.tenant != actor.tenant:
        return {"banner": None, "brand": None}
    now, dismissed = utc_now(), set(request.session.get(DISMISSED, ()))
    shown = [each for each in notices_now(now=now) if str(each.id) not in dismissed or not can_be_dismissed(each)]
    banner = {
        "support": actor.role == SUPPORT,
        "standing": None if actor.customer else standing_told(found.state, until=found.state_until, now=now),
        "can_settle": actor.may(Permission.ORGANISATION_BILL),
        "limits": _limits(request, actor, now=now),
        "notices": [{"notice": each, "can_go": can_be_dismissed(each)} for each in shown],
    }
    return {"banner": banner, "brand": _brand(found) if actor.customer else None}


def _limits(request: HttpRequest, actor: Actor, *, now: datetime) -> list[Warned]:
    """What is nearly used up; not above the page that tells it at length."""
    is_told_below = request.path.startswith(reverse("usage", args=[actor.slug]))
    return [] if is_told_below or not actor.may(Permission.ORGANISATION_READ) else warnings(now=now)


def can_be_dismissed(notice: Notice) -> bool:
    """Whether a reader may put a notice away: what is over, or hardly matters."""
    return notice.state == NoticeState.RESOLVED or notice.severity == Severity.LOW


def standing_told(state: str, *, until: datetime | None, now: datetime) -> dict[str, Any] | None:
    """What every page says of the state: the last week of a trial, what is due, that all is closed; else None."""
    left = days_left(until, now=now)
    is_ending = state == State.TRIAL and left is not None and left <= WARNING_DAYS
    return {"state": state, "days": left} if is_ending or state not in (State.TRIAL, State.ACTIVE) else None


def _brand(found: Organisation) -> dict[str, Any]:
    stored = found.brand
    digest = stored.get("logo")
    style = f"{reverse('brand-style', args=[found.slug])}?v={style_version(stored)}"
    return {
        "name": stored.get("product_name") or found.name,
        "style": style if stored.get("accent_light") else None,
        "logo": f"{reverse('brand-logo', args=[found.slug])}?v={digest}" if digest else None,
    }
