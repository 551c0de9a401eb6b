"""From a request to an actor and a tenant scope: the one way in for pages and the REST API."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.views.defaults import page_not_found

from tenants.domains.hosts import home_at
from tenants.edge import problems
from tenants.edge.context import client_address
from tenants.edge.permissions import READING
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.kernel.networks import is_within
from tenants.keys import selectors as keys
from tenants.keys.services import admit_token
from tenants.keys.uses import REFUSED, USED, ForeignNetworkError, note_use
from tenants.lifecycle.models import SupportAccess
from tenants.lifecycle.selectors import actor_of_support, organisation_of, support_name
from tenants.lifecycle.standing import ClosedError, answer_state, refusal_for, support_entrance
from tenants.lifecycle.support import note_visit
from tenants.limits.domain.standing import LimitReachedError
from tenants.limits.requests import count_request
from tenants.people import selectors as people
from tenants.people.admission import key_refusal
from tenants.people.schemas import Organisation
from tenants.portal.entering import EntryRefusedError, answer_refusal, entry_refusal
from tenants.record.services import record_audit
from tenants.scope.actors import Actor
from tenants.scope.changes import watched_changes
from tenants.scope.context import held_to, scope
from tenants.scope.models import TenantState
from tenants.signon.sessions import as_signed_on, session_reaches

Respond = Callable[[HttpRequest], HttpResponseBase]
ORGANISATION = re.compile(r"^/t/(?P<slug>[-a-zA-Z0-9_]+)/(?P<api>api/)?")
API = re.compile(r"^/api/v\d+/")
OPEN_API = re.compile(r"^/api/v\d+/(schema/|docs/)?$")
_DEEDS = {"POST": "created", "DELETE": "deleted"}


class SignedOutError(OutturnError):
    """A page asks for a part of it, and its person has signed out since it was opened."""

    code = "request.signed_out"
    status = 401

    def __init__(self, sign_in: str) -> None:
        super().__init__("you are signed out", fix="Sign in again in another tab, and go on in this one.")
        self.extra = {"sign_in": sign_in}


class ScopeMiddleware:
    """Finds out who acts for which tenant and answers inside that tenant's scope.

    ``/t/<organisation>/…`` is for people who have signed in, ``/api/v1/…`` for holders of an API key. A refused or
    failed request (status 400 and above) leaves nothing behind: its transaction is rolled back.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request in the scope of its tenant, or outside any."""
        request.actor = None  # type: ignore[attr-defined]
        if match := ORGANISATION.match(request.path_info):
            return self._as_person(request, slug=match["slug"], api=bool(match["api"]))
        if API.match(request.path_info) and not OPEN_API.match(request.path_info):
            return self._as_key(request)
        return self.respond(request)

    def _as_person(self, request: HttpRequest, *, slug: str, api: bool) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _signed_out(request, api=api)
        found = _membership(request, slug, api=api)
        access = support_entrance(request, slug) if found is None and home_at(request) is None else None
        if access is not None:
            return self._as_support(request, access, api=api)
        if found is None or not session_reaches(request.session, found.tenant):
            # To a session by another organisation's single sign-on it does not even tell who is a member.
            return _gone(request, api=api)
        refusal = entry_refusal(
            found, user=request.user.pk, session=request.session, address=client_address(), now=utc_now()
        )
        if refusal is not None:
            # A part of a page shows no other page: what is asked of the person is told above it.
            return answer_refusal(request, found, refusal, api=api or _is_part(request))
        with scope(found.tenant):
            actor = people.actor_of_member(
                found, user=request.user.pk, name=request.user.email, address=client_address()
            )
            return self._in_state(request, as_signed_on(actor, request.session), found, api=api)

    def _as_support(self, request: HttpRequest, access: SupportAccess, *, api: bool) -> HttpResponseBase:
        """Answer an operator whom the organisation let in; the request stands in its audit whatever comes of it."""
        found = organisation_of(access)
        if not request.user.is_authenticated or not session_reaches(request.session, found.tenant):
            return _gone(request, api=api)
        with scope(found.tenant):
            note_visit(
                access=access, operator=request.user.pk, by=support_name(request.user.email), path=request.path_info,
                method=str(request.method), now=utc_now(),
            )  # fmt: skip
        with scope(found.tenant):
            actor = actor_of_support(access, user=request.user.pk, name=request.user.email, address=client_address())
            return self._in_state(request, actor, found, api=api)

    def _in_state(
        self, request: HttpRequest, actor: Actor, organisation: Organisation, *, api: bool
    ) -> HttpResponseBase:
        """Answer as far as the state of the organisation lets it; to others than its owners a closed one is gone."""
        request.organisation = organisation  # type: ignore[attr-defined]
        if api:
            # The API has one set of addresses; under an organisation's pages a session takes the place of a key.
            request.path_info = request.path_info.removeprefix(f"/t/{organisation.slug}")
        try:
            refusal = refusal_for(request, actor, organisation.state)
        except ClosedError:
            return _gone(request, api=api)
        if refusal is not None:
            return answer_state(request, actor, refusal, api=api, name=organisation.name)
        return self._answer(request, actor)

    def _as_key(self, request: HttpRequest) -> HttpResponseBase:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        now = utc_now()
        holder = admit_token(text=text.strip(), now=now) if kind.lower() == "bearer" else None
        home = home_at(request)
        is_elsewhere = home is not None and holder is not None and holder.tenant != home.tenant
        if holder is None or holder.state == TenantState.CLOSED or is_elsewhere:
            return problems.unauthenticated()
        if refusal := key_refusal(policy=holder.policy, address=client_address()):
            return problems.answer(EntryRefusedError(refusal))
        with scope(holder.tenant):
            key = keys.key_in_force(holder.key, now=now)
            if key is None:
                return problems.unauthenticated()
            actor = keys.actor_of_key(key, slug=holder.slug, address=client_address())
            is_taken = not key.networks or is_within(actor.address, key.networks)
            response = (
                self._within_limits(request, actor, holder.state, now=now)
                if is_taken
                else problems.answer(ForeignNetworkError(actor.address))
            )
        note_use(key=key, by=actor, now=now, action=USED if is_taken else REFUSED)
        return response

    def _within_limits(self, request: HttpRequest, actor: Actor, state: str, *, now: datetime) -> HttpResponseBase:
        assert actor.key is not None  # only keys are counted
        try:
            count_request(key=actor.key, now=now)
        except LimitReachedError as error:
            return problems.answer(error)
        if (refusal := refusal_for(request, actor, state)) is not None:
            return problems.answer(refusal)
        return self._answer(request, actor)

    def _answer(self, request: HttpRequest, actor: Actor) -> HttpResponseBase:
        request.actor = actor  # type: ignore[attr-defined]
        with held_to(actor.twins), watched_changes() if request.method not in READING else nullcontext() as changes:
            response = self.respond(request)
            if response.status_code >= 400:
                transaction.set_rollback(True)
            elif changes is not None and (changes.rows or not changes.is_told):
                _tell(request, actor)
        return response


def _membership(request: HttpRequest, slug: str, *, api: bool) -> Organisation | None:
    """The organisation as the person's membership shows it; a page's shell lists the others too, read with it."""
    assert request.user.is_authenticated  # asked before
    if api:
        return people.organisation(request.user.pk, slug)
    mine, home = people.organisations(request.user.pk), home_at(request)
    if home is not None:
        mine = [each for each in mine if each.tenant == home.tenant]
    request.organisations = mine  # type: ignore[attr-defined]
    return next((each for each in mine if each.slug == slug), None)


def _signed_out(request: HttpRequest, *, api: bool) -> HttpResponseBase:
    """A page is answered by the one to sign in on; a part of one is not, for that would be shown inside it."""
    if api:
        return problems.unauthenticated()
    if not _is_part(request):
        return redirect_to_login(request.get_full_path())
    back = request.htmx.current_url_abs_path or reverse("home")  # type: ignore[attr-defined]
    return problems.answer(SignedOutError(f"{reverse('account_login')}?{urlencode({'next': back})}"))


def _is_part(request: HttpRequest) -> bool:
    """Whether a page asks for a part of itself."""
    return bool(request.htmx)  # type: ignore[attr-defined]


def _gone(request: HttpRequest, *, api: bool) -> HttpResponseBase:
    gone = NotFoundError("there is no such organisation, or you do not belong to it")
    return problems.answer(gone) if api else page_not_found(request, gone)


def _tell(request: HttpRequest, actor: Actor) -> None:
    """Write into the audit what no service has told: what the view does, by its name, and the address."""
    view = getattr(request.resolver_match, "view_name", None) or "unknown"
    action = _action(view.removeprefix("api:"), str(request.method))
    subject = request.path_info.removeprefix(f"/t/{actor.slug}")
    details = {"method": str(request.method)}
    record_audit(action=action, subject=subject[:200], by=actor.name, now=utc_now(), details=details)


def _action(view: str, method: str) -> str:
    """What a write to a view is called: ``new-twin`` and a POST to ``twin-list`` are ``twin.created``."""
    thing, _, deed = view.rpartition("-")
    if view.startswith("new-") or deed in ("list", "detail"):
        thing = view.removeprefix("new-") if view.startswith("new-") else thing
        return f"{thing.replace('-', '.')}.{_DEEDS.get(method, 'changed')}"
    return view.replace("-", ".")
