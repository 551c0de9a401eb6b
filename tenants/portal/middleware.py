"""From a request to an actor and a tenant scope: the one way in for pages and the REST API."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.views.defaults import page_not_found

from tenants.edge import problems
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.keys import selectors as keys
from tenants.people import selectors as people
from tenants.scope.actors import Actor, Role
from tenants.scope.context import scope

Respond = Callable[[HttpRequest], HttpResponseBase]
ORGANISATION = re.compile(r"^/t/(?P<slug>[a-z0-9-]+)/(?P<api>api/)?")
API = re.compile(r"^/api/v\d+/")
OPEN_API = re.compile(r"^/api/v\d+/(schema/|docs/)?$")


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
            if api:
                return problems.unauthenticated()
            return redirect_to_login(request.get_full_path())
        found = people.organisation(request.user.pk, slug)
        if found is None:
            gone = NotFoundError("there is no such organisation, or you do not belong to it")
            return problems.answer(gone) if api else page_not_found(request, gone)
        actor = Actor(
            tenant=found.tenant, slug=found.slug, role=found.role, name=request.user.email, user=request.user.pk,
            customer=found.customer,
        )  # fmt: skip
        if api:
            # The API has one set of addresses; under an organisation's pages a session takes the place of a key.
            request.path_info = request.path_info.removeprefix(f"/t/{slug}")
        with scope(actor.tenant):
            return self._answer(request, actor)

    def _as_key(self, request: HttpRequest) -> HttpResponseBase:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        holder = keys.holder(text.strip()) if kind.lower() == "bearer" and text else None
        if holder is None:
            return problems.unauthenticated()
        tenant, slug, key_id = holder
        with scope(tenant):
            key = keys.key_in_force(key_id, now=utc_now())
            if key is None:
                return problems.unauthenticated()
            actor = Actor(tenant=tenant, slug=slug, role=Role(key.role), name=f"key {key.name}", key=key.id)
            return self._answer(request, actor)

    def _answer(self, request: HttpRequest, actor: Actor) -> HttpResponseBase:
        request.actor = actor  # type: ignore[attr-defined]
        response = self.respond(request)
        if response.status_code >= 400:
            transaction.set_rollback(True)
        return response
