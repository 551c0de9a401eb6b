"""Whether somebody may enter an organisation now, and where to send them when not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from tenants.domains.hosts import home_at
from tenants.edge import problems
from tenants.edge.permissions import READING
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotAllowedError
from tenants.people.account_pages import CONTINUE
from tenants.people.admission import person_refusal, proved_at
from tenants.people.entry import Refusal, Way
from tenants.people.schemas import Organisation
from tenants.signon.sessions import Session, is_confined, must_sign_on, session_reaches, signed_on_at

RECENTLY = timedelta(minutes=10)
"""For how long after a proof of who somebody is they may do what cannot be undone."""


class EntryRefusedError(NotAllowedError):
    """The organisation's rules of entry are in the way."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message, fix=refusal.fix)
        self.code = refusal.code


def entry_refusal(
    organisation: Organisation, *, user: UUID, session: Session, address: str, now: datetime
) -> Refusal | None:
    """Why a person may not enter an organisation now, or None; for requests and for sockets alike.

    Args:
        organisation: The organisation, as the person's membership shows it.
        user: The person.
        session: Their session.
        address: The network address they come from.
        now: The moment.
    """
    if not session_reaches(session, organisation.tenant):
        return Refusal(
            "entry.other_sign_on", "this session came through another organisation's single sign-on",
            "Sign in with your own account.", Way.SIGN_IN_AGAIN,
        )  # fmt: skip
    at = signed_on_at(session, organisation.tenant)
    return person_refusal(
        organisation=organisation, user=user, session=session, address=address, now=now,
        signed_on_at=None if at is None else datetime.fromtimestamp(at, UTC),
        must_sign_on=must_sign_on(
            session, tenant=organisation.tenant, policy=organisation.policy, role=organisation.role
        ),
    )  # fmt: skip


def answer_refusal(
    request: HttpRequest, organisation: Organisation, refusal: Refusal, *, api: bool
) -> HttpResponseBase:
    """Problem details for a program; for a person the page on which they do what is asked, and come back from."""
    if api:
        return problems.answer(EntryRefusedError(refusal))
    if refusal.way is Way.OTHER_NETWORK:
        context = {"refusal": refusal, "organisation": organisation}
        return render(request, "people/not_from_here.html", context, status=403)
    back = request.get_full_path() if request.method in READING else reverse("home")
    if home_at(request) is not None:
        # People sign in at our own host only, and are asked there for what is missing.
        return redirect(f"{reverse('entrance-out')}?{urlencode({'next': back})}")
    if refusal.way is Way.SET_UP_FACTOR:
        request.session[CONTINUE] = back
        return redirect("second-factor")
    sign_on = f"{reverse('sign-on', args=[organisation.slug])}?{urlencode({'next': back})}"
    if refusal.way is Way.SINGLE_SIGN_ON or (refusal.way is Way.SIGN_IN_AGAIN and is_confined(request.session)):
        return redirect(sign_on)
    return _prove_again(request, refusal, back)


def proven_again(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Mark a page below `page` for which a person must have proved who they are a moment ago; else they are asked."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        organisation: Organisation = request.organisation  # type: ignore[attr-defined]
        at, now = proved_at(request.session), utc_now()
        if at is None or now - at > RECENTLY:
            refusal = Refusal(
                "entry.prove_again", "this asks who you are again", "Confirm that it is you.", Way.SIGN_IN_AGAIN
            )
            return answer_refusal(request, organisation, refusal, api=False)
        return view(request, *args, **kwargs)

    return guarded


def _prove_again(request: HttpRequest, refusal: Refusal, back: str) -> HttpResponseBase:
    ways = get_adapter().get_reauthentication_methods(request.user)
    if refusal.way is Way.PROVE_FACTOR:
        ways = [each for each in ways if each["id"].startswith("mfa_")]
    if ways:
        return redirect(f"{ways[0]['url']}?{urlencode({'next': back})}")
    logout(request)
    return redirect_to_login(back)
