"""What stands above every page: support in the house, the state of the organisation, notices; and its brand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants.custody.grace import grace_under_way
from tenants.kernel.clock import utc_now
from tenants.lifecycle.branding import style_version
from tenants.lifecycle.domain import State, days_left
from tenants.lifecycle.models import Notice, NoticeKind, NoticeState, Severity
from tenants.lifecycle.selectors import SUPPORT, notices_now
from tenants.limits.schemas import Warned
from tenants.limits.selectors import warnings
from tenants.people.schemas import Organisation
from tenants.record.selectors import log_checks
from tenants.scope.actors import Actor, Permission

DISMISSED = "dismissed_notices"
WARNING_DAYS = 7
GRAVE, MILD = "grave", "mild"


@dataclass(frozen=True, slots=True)
class Line:
    """One line above every page.

    Attributes:
        tone: How it looks: ``grave`` or ``mild``.
        icon: Its icon.
        title: What it says while it is shut.
        more: What it says besides once it is opened, by paragraphs.
        url: Where one can do something about it, or read on.
        label: What that is called.
        start: When it begins or began.
        end: When it ends or ended.
        notice: What is put away with it; None for what stays.
    """

    tone: str
    icon: str
    title: str
    more: tuple[str, ...] = ()
    url: str = ""
    label: str = ""
    start: datetime | None = None
    end: datetime | None = None
    notice: UUID | None = None


def around(request: HttpRequest, actor: Actor) -> Mapping[str, Any]:
    """What the shell shows around a page: ``banner`` and, to an end customer's people, ``brand``."""
    found: Organisation | None = getattr(request, "organisation", None)
    if found is None or found.tenant != actor.tenant:
        return {"banner": None, "brand": None}
    now, dismissed = utc_now(), set(request.session.get(DISMISSED, ()))
    shown = [each for each in notices_now(now=now) if str(each.id) not in dismissed or not can_be_dismissed(each)]
    standing = None if actor.customer else standing_told(found.state, until=found.state_until, now=now)
    lines = list(
        chain(
            _of_state(standing, actor),
            _of_log(request, actor),
            _of_limits(request, actor, now=now),
            _of_retention(request, actor, now=now),
            _of_notices(shown),
        )
    )
    lines.sort(key=lambda line: line.tone != GRAVE)
    banner = {"support": actor.role == SUPPORT, "standing": standing, "lines": lines}
    return {"banner": banner, "brand": brand_shown(found) if actor.customer else None}


def _of_state(standing: Mapping[str, Any] | None, actor: Actor) -> Iterable[Line]:
    if standing is None:
        return
    state = standing["state"]
    title, more = _words_of_state(state, standing["days"])
    can_settle = actor.may(Permission.ORGANISATION_BILL) and state != State.CLOSED
    yield Line(
        MILD if state == State.TRIAL else GRAVE, "alert-circle", title, (more,) if more else (),
        url=reverse("usage-plans", args=[actor.slug]) if can_settle else "", label=_("Choose a plan"),
    )  # fmt: skip


def _words_of_state(state: str, days: int | None) -> tuple[str, str]:
    """What is said of a state that ends in so many days: its title, and what follows."""
    if state == State.TRIAL:
        ending = ngettext("The trial ends in %(days)s day.", "The trial ends in %(days)s days.", days or 0)
        return ending % {"days": days}, _("After that the organisation can only be read until a plan is chosen.")
    if state == State.PAST_DUE:
        due = ngettext(
            "Its trial or payment is due. Readings are taken for %(days)s more day.",
            "Its trial or payment is due. Readings are taken for %(days)s more days.", days or 0,
        )  # fmt: skip
        return _("This organisation can only be read."), "" if days is None else due % {"days": days}
    if state == State.SUSPENDED:
        return _("This organisation is suspended."), _("Nothing is lost; no readings are taken.")
    return _("This organisation is closed."), _("An owner can open it again until it is erased.")


def _of_limits(request: HttpRequest, actor: Actor, *, now: datetime) -> Iterable[Line]:
    """What is nearly used up, in one line; not above the page that tells it at length."""
    told_at = reverse("usage", args=[actor.slug])
    if request.path.startswith(told_at) or not actor.may(Permission.ORGANISATION_READ):
        return
    found: list[Warned] = warnings(now=now)
    if found:
        first, *others = (each.message for each in found)
        rest = _("Only what has run out stops; everything else goes on.")
        yield Line(MILD, "gauge", first, (*others, rest), url=told_at, label=_("Plan and usage"))


def _of_log(request: HttpRequest, actor: Actor) -> Iterable[Line]:
    """That the last check of the log has found faults, to those who may read the audit."""
    told_at = reverse("log", args=[actor.slug])
    if request.path == told_at or not actor.may(Permission.AUDIT_READ):
        return
    last = log_checks().first()
    if last is not None and last.faults:
        yield Line(
            GRAVE, "alert-circle", _("The tamper-evident log does not verify"), tuple(last.faults[:3]), url=told_at,
            label=_("Log"), start=last.finished_at,
        )  # fmt: skip


def _of_retention(request: HttpRequest, actor: Actor, *, now: datetime) -> Iterable[Line]:
    """That readings will go because the plan keeps them for less time, to those who can do something about it."""
    told_at = reverse("data", args=[actor.slug])
    if request.path == told_at or not actor.may(Permission.ORGANISATION_ADMINISTER):
        return
    grace = grace_under_way(now=now)
    if grace is not None:
        title = _("Readings older than %(days)s days go on %(day)s.")
        more = _("The plan keeps no older ones; what is still to be settled stays.")
        yield Line(
            MILD, "alert-triangle", title % {"days": f"{grace.days:,}", "day": f"{grace.until:%Y-%m-%d}"}, (more,),
            url=told_at, label=_("Data"),
        )  # fmt: skip


def _of_notices(shown: Iterable[Notice]) -> Iterable[Line]:
    for each in shown:
        is_mild = each.state == NoticeState.RESOLVED or each.severity == Severity.LOW
        yield Line(
            MILD if is_mild else GRAVE, "alert-triangle" if each.kind == NoticeKind.INCIDENT else "tool",
            f"{each.get_kind_display()}, {each.get_state_display().lower()}: {each.title}",
            tuple(filter(None, (line.strip() for line in each.text.splitlines()))), start=each.start, end=each.end,
            notice=each.id if can_be_dismissed(each) else None,
        )  # fmt: skip


def can_be_dismissed(notice: Notice) -> bool:
    """Whether a reader may put a notice away: what is over, or hardly matters."""
    return notice.state == NoticeState.RESOLVED or notice.severity == Severity.LOW


def standing_told(state: str, *, until: datetime | None, now: datetime) -> dict[str, Any] | None:
    """What every page says of the state: the last week of a trial, what is due, that all is closed; else None."""
    left = days_left(until, now=now)
    is_ending = state == State.TRIAL and left is not None and left <= WARNING_DAYS
    return {"state": state, "days": left} if is_ending or state not in (State.TRIAL, State.ACTIVE) else None


def brand_shown(found: Organisation) -> dict[str, Any]:
    """What an organisation is called by its customers, and the addresses of its style and its logo, if it has any."""
    stored = found.brand
    digest = stored.get("logo")
    style = f"{reverse('brand-style', args=[found.slug])}?v={style_version(stored)}"
    return {
        "name": stored.get("product_name") or found.name,
        "style": style if stored.get("accent_light") else None,
        "logo": f"{reverse('brand-logo', args=[found.slug])}?v={digest}" if digest else None,
    }
