"""The REST framework's view of who acts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from tenants.scope.actors import Actor


def _no_response(request: HttpRequest) -> HttpResponse:
    """Stands where the CSRF check wants the next step, which it never takes."""
    return HttpResponse(status=500)


class ActorAuthentication(BaseAuthentication):
    """Takes the actor from the middleware; a person's session also needs the CSRF token for writes."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        """The person (nobody, for a key) and the actor."""
        actor: Actor | None = getattr(request._request, "actor", None)
        if actor is None:
            return None
        if actor.user is None:
            return AnonymousUser(), actor
        self._check_csrf(request)
        return request._request.user, actor

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says is wanted."""
        return 'Bearer realm="outturn"'

    def _check_csrf(self, request: Request) -> None:
        check = CSRFCheck(_no_response)
        check.process_request(request._request)
        reason = check.process_view(request._request, _no_response, (), {})
        if reason:
            raise PermissionDenied(f"CSRF: {reason}", code="csrf")


class ActorScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names it."""

    target_class = "tenants.edge.authentication.ActorAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer token."""
        return {"type": "http", "scheme": "bearer", "description": "An API key of the organisation."}
