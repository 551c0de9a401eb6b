"""The organisations that somebody is a customer of: what each is called, and whether they may enter it now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest

from tenants.edge.context import client_address
from tenants.lifecycle.banner import brand_shown
from tenants.lifecycle.domain import Asker, State, state_refusal
from tenants.people.models import User
from tenants.people.schemas import Organisation
from tenants.people.selectors import actor_of_member, organisations
from tenants.portal.entering import entry_refusal
from tenants.scope.actors import Actor, Role
from tenants.signon.sessions import as_signed_on, session_reaches


@dataclass(frozen=True, slots=True)
class Supplier:
    """An organisation that a person is a customer of.

    Attributes:
        organisation: The organisation, as their membership shows it.
        refusal: Why they may not read there now; empty when they may.
        fix: What is to be done about that.
        can_enter: Whether its pages answer them: they may read, or are asked there for what is missing.
    """

    organisation: Organisation
    refusal: str = ""
    fix: str = ""
    can_enter: bool = True

    @property
    def brand(self) -> dict[str, Any]:
        """Its name, as its customers know it, and the address of its logo."""
        return brand_shown(self.organisation)


def suppliers_of(request: HttpRequest, *, now: datetime) -> list[Supplier]:
    """The organisations that who has signed in is a customer of, by name; only those that the session opens are named.

    One query, and one for each that asks for a second factor.
    """
    user = cast("User", request.user)
    return [
        _supplier(request, user, each, now)
        for each in organisations(user.id)
        if each.role == Role.CUSTOMER and session_reaches(request.session, each.tenant)
    ]


def actor_at(request: HttpRequest, supplier: Supplier) -> Actor:
    """Who has signed in, as they act at a supplier; in its scope."""
    user, address = cast("User", request.user), client_address()
    actor = actor_of_member(supplier.organisation, user=user.id, name=user.email, address=address)
    return as_signed_on(actor, request.session)


def _supplier(request: HttpRequest, user: User, found: Organisation, now: datetime) -> Supplier:
    """The same questions, in the same order, as when one of its pages is asked for (`tenants.portal.middleware`)."""
    entry = entry_refusal(found, user=user.id, session=request.session, address=client_address(), now=now)
    if entry is not None:
        return Supplier(found, entry.message, entry.fix)
    asker = Asker(owns=False, settles=False)
    standing = state_refusal(State(found.state), view="reports", is_reading=True, asker=asker)
    if standing is not None:
        return Supplier(found, standing.message, fix="Ask them when their pages are open again.", can_enter=False)
    return Supplier(found)
