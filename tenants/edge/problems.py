"""Answers to requests that went wrong: RFC 9457 problem details with a dotted code and the failing places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import IntegrityError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from tenants.edge.context import request_id
from tenants.kernel.errors import Finding, NotAllowedError, NotFoundError, OutturnError

CONTENT_TYPE = "application/problem+json"
UNIQUE_VIOLATION = "23505"


class UnauthenticatedError(OutturnError):
    """Nobody known is asking."""

    code = "request.unauthenticated"
    status = 401


class InvalidRequestError(OutturnError):
    """The body or the query does not fit."""

    code = "request.invalid"
    status = 400


class DuplicateError(OutturnError):
    """Something of that name is there already."""

    code = "request.duplicate"
    status = 409


class _FrameworkError(OutturnError):
    """An error of the REST framework in our form."""


def document(error: OutturnError) -> dict[str, Any]:
    """The problem details of an error, with its own extra members when it has any (``extra``)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "code": error.code,
        "detail": error.message,
        "request_id": request_id(),
    }
    optional = {"place": error.place, "kept": error.kept, "fix": error.fix}
    body.update({key: value for key, value in optional.items() if value})
    if error.findings:
        body["findings"] = [finding.as_dict() for finding in error.findings]
    body.update(getattr(error, "extra", {}))
    return body


def answer(error: OutturnError) -> JsonResponse:
    """The answer to a request that never reached a view of the REST framework."""
    return JsonResponse(document(error), status=error.status, content_type=CONTENT_TYPE, headers=_retry_after(error))


def unauthenticated() -> JsonResponse:
    """The answer to a caller who has not said who they are, or whose key is not in force."""
    error = UnauthenticatedError(
        "this needs a valid API key", fix="Send `Authorization: Bearer <key>` with a key that is in force."
    )
    response = answer(error)
    response["WWW-Authenticate"] = 'Bearer realm="outturn"'
    return response


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The REST framework's exception handler; None lets what we do not know become a 500."""
    problem = _problem(error)
    if problem is None:
        return None
    return Response(document(problem), status=problem.status, headers=_retry_after(error), content_type=CONTENT_TYPE)


def _retry_after(error: Exception) -> dict[str, str]:
    """When to come again, of an error that knows it (``wait``, in seconds)."""
    wait = getattr(error, "wait", None)
    return {} if wait is None else {"Retry-After": str(int(wait) + 1)}


def _problem(error: Exception) -> OutturnError | None:
    match error:
        case OutturnError():
            return error
        case Http404():
            return NotFoundError("there is no such thing here")
        case PermissionDenied():
            return NotAllowedError("your role does not allow this")
        case exceptions.ValidationError():
            return InvalidRequestError(
                "the request does not fit", fix="Mend the places named in `findings`.",
                findings=tuple(_findings(error.detail)),
            )  # fmt: skip
        case ModelValidationError():
            return InvalidRequestError("; ".join(error.messages))
        case IntegrityError() if getattr(error.__cause__, "sqlstate", "") == UNIQUE_VIOLATION:
            return DuplicateError("something with these values is there already", fix="Choose other values.")
        case exceptions.APIException():
            return _from_framework(error)
    return None


def _from_framework(error: exceptions.APIException) -> OutturnError:
    problem = _FrameworkError(str(error.detail))
    problem.status = error.status_code
    problem.code = f"request.{error.get_codes()}"
    return problem


def _findings(detail: Any, place: str = "") -> Iterator[Finding]:
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            name = "" if key == "non_field_errors" else str(key)
            yield from _findings(inner, "/".join(filter(None, (place, name))))
    elif isinstance(detail, list) and any(isinstance(inner, (Mapping, list)) for inner in detail):
        for index, inner in enumerate(detail):
            yield from _findings(inner, f"{place}/{index}" if place else str(index))
    else:
        for inner in detail if isinstance(detail, list) else [detail]:
            code = getattr(inner, "code", "invalid")
            yield Finding(f"request.{code}", place or "body", str(inner), "Send a value that fits the schema.")
