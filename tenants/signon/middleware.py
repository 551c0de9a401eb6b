"""Keeps sessions that rest on single sign-on out of what is the person's own."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from tenants.signon.sessions import is_confined

OWN = re.compile(r"^/(account/(?!logout/)|invitations/)")
"""The person's account: password, addresses, second factors, sessions, and joining others; signing out is for all."""


class ConfinedSessionMiddleware:
    """Answers 403 where a confined session asks for the person's own account.

    Else an organisation's provider could change the password of a person who belongs to others too.
    """

    def __init__(self, respond: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, or refuse."""
        is_own = OWN.match(request.path_info) or (request.path_info == "/" and request.method == "POST")
        if is_own and request.user.is_authenticated and is_confined(request.session):
            return render(request, "signon/confined.html", status=403)
        return self.respond(request)
