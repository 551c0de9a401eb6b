"""A host of an organisation's own: it is answered although no setting names it, and shows that organisation alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.defaults import page_not_found

from tenants.domains.hosts import PLACE, home_at, home_of, is_at_home
from tenants.domains.schemas import Home
from tenants.edge import problems
from tenants.edge.permissions import READING
from tenants.kernel.errors import NotFoundError

Respond = Callable[[HttpRequest], HttpResponseBase]
ORGANISATION = re.compile(r"^/t/(?P<slug>[^/]+)/(?P<api>api/)?")
OPEN = re.compile(r"^/(api/|enter/|notices/|shared/|account/logout/|language/$|$)")
"""What a host of an organisation's own answers beside the organisation's pages."""
PERSONAL = re.compile(r"^/(account|certificates|invitations|reports|sso)/")
"""What is a person's, or anybody's: it is answered by our own host only, to which a reader is sent on."""


class HostMiddleware:
    """Finds out whose host a request came to; a host that nobody has proven is left to `ALLOWED_HOSTS` (400)."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; ``request.home`` is the organisation whose own host it is."""
        host = request.META.get("HTTP_HOST", "")
        home = home_of(host)
        request.home = home  # type: ignore[attr-defined]
        if home is not None:
            # Proven: the list of hosts in the settings has no say, neither here nor in the check of forged requests.
            request.get_host = lambda: host  # type: ignore[method-assign]
        return self.respond(request)


class PlaceMiddleware:
    """Takes a session for none where it was not opened: one of an organisation's own host opens nothing elsewhere."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the session the browser sent or with an empty one; the stored one stays as it is."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            session = request.session
            if SESSION_KEY in session and not is_at_home(session.get(PLACE), home_at(request)):
                request.session = SessionStore()
        return self.respond(request)


class GateMiddleware:
    """Keeps a host of an organisation's own to that organisation."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as at any host, or as this one has to."""
        home = home_at(request)
        refusal = None if home is None else _kept_out(request, home)
        return self.respond(request) if refusal is None else refusal


def _kept_out(request: HttpRequest, home: Home) -> HttpResponseBase | None:
    """What is answered in place of a view at an organisation's own host, or None."""
    path, is_reading = request.path_info, request.method in READING
    if path == reverse("account_login"):
        return redirect(f"{reverse('entrance')}?{urlencode({'next': request.GET.get('next', '')})}")
    if match := ORGANISATION.match(path):
        return None if match["slug"] == home.slug else _gone(request, api=bool(match["api"]))
    if path == "/" and not is_reading:
        return _gone(request, api=False)
    if OPEN.match(path):
        return None
    if is_reading and PERSONAL.match(path):
        return HttpResponseRedirect(settings.BASE_URL + request.get_full_path())
    return _gone(request, api=False)


def _gone(request: HttpRequest, *, api: bool) -> HttpResponseBase:
    gone = NotFoundError("there is no such organisation, or you do not belong to it")
    return problems.answer(gone) if api else page_not_found(request, gone)
