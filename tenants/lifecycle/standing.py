"""What the state of an organisation lets through: the one place that asks is ``tenants.portal.middleware``."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, resolve

from tenants.custody.selectors import erasure
from tenants.edge import problems
from tenants.edge.context import client_address
from tenants.edge.permissions import READING
from tenants.kernel.clock import utc_now
from tenants.lifecycle.domain import IN_FULL, Asker, State, StateRefusedError, state_refusal
from tenants.lifecycle.models import SupportAccess
from tenants.lifecycle.selectors import access_in_force, is_operator
from tenants.scope.actors import Actor, Permission


class ClosedError(Exception):
    """A closed organisation was asked for by somebody else than its owners."""


def support_entrance(request: HttpRequest, slug: str) -> SupportAccess | None:
    """The access by which somebody who does not belong to an organisation may be there as its support."""
    if not is_operator(request.user, session=request.session, address=client_address()):
        return None
    assert request.user.pk is not None  # operators have signed in
    return access_in_force(user=request.user.pk, slug=slug, now=utc_now())


def refusal_for(request: HttpRequest, actor: Actor, state: str) -> StateRefusedError | None:
    """What stands against a request in the state of its organisation; in the scope of it.

    Raises:
        ClosedError: The organisation is closed, and who asks does not own it: to them it is gone.
    """
    standing = State(state)
    if standing in IN_FULL:
        return None
    owns = actor.may(Permission.ORGANISATION_OWN) and actor.user is not None
    if standing is State.CLOSED and not owns:
        raise ClosedError
    try:
        view = resolve(request.path_info).view_name
    except Resolver404:
        return None  # there is nothing at this address, whatever the state
    asker = Asker(owns=owns, settles=owns or actor.may(Permission.ORGANISATION_BILL))
    return state_refusal(standing, view=view, is_reading=request.method in READING, asker=asker)


def answer_state(
    request: HttpRequest, actor: Actor, refusal: StateRefusedError, *, api: bool, name: str = ""
) -> HttpResponseBase:
    """Problem details for a program, a page that says what to do for a person."""
    if api:
        return problems.answer(refusal)
    request.actor = actor  # type: ignore[attr-defined]
    found = erasure() if refusal.state is State.CLOSED else None
    can_settle = actor.may(Permission.ORGANISATION_BILL)
    context = {"refusal": refusal, "name": name, "erasure": found, "can_settle": can_settle}
    return render(request, "lifecycle/refused.html", context, status=refusal.status)
