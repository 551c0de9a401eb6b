"""Errors as problem details: a code to decide on, a place to look at, a fix to try."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import IntegrityError
from django.http import Http404
from rest_framework import exceptions

from tenants.edge.context import set_request_id
from tenants.edge.problems import handle
from tenants.kernel.errors import ConflictError, Finding


class StaleError(ConflictError):
    code = "twin.conflict"


def body(error: Exception) -> dict[str, Any]:
    response = handle(error, {})
    assert response is not None
    assert response.content_type == "application/problem+json"
    assert isinstance(response.data, dict)
    assert response.status_code == response.data["status"]
    return response.data


def test_an_error_of_ours_says_all_it_knows() -> None:
    set_request_id("request-1")
    finding = Finding("twin.place", "assets/a", "taken", "choose another")
    error = StaleError("it changed", place="assets/a", kept="your edit", fix="look", findings=[finding])
    assert body(error) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "twin.conflict",
        "detail": "it changed",
        "request_id": "request-1",
        "place": "assets/a",
        "kept": "your edit",
        "fix": "look",
        "findings": [{"code": "twin.place", "place": "assets/a", "message": "taken", "fix": "choose another"}],
    }
    set_request_id("")


def test_extra_members_stand_beside_the_standard_ones() -> None:
    error = StaleError("it changed")
    error.extra = {"revision": 7}  # type: ignore[attr-defined]
    assert body(error)["revision"] == 7


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404("secret detail"), 404, "request.not_found"),
        (PermissionDenied("secret detail"), 403, "request.not_allowed"),
        (exceptions.MethodNotAllowed("PUT"), 405, "request.method_not_allowed"),
        (exceptions.UnsupportedMediaType("text/xml"), 415, "request.unsupported_media_type"),
        (exceptions.ParseError("JSON parse error"), 400, "request.parse_error"),
        (ModelValidationError("Another customer has this name."), 400, "request.invalid"),
    ],
)
def test_errors_of_the_frameworks_get_a_code(error: Exception, status: int, code: str) -> None:
    found = body(error)
    assert (found["status"], found["code"]) == (status, code)
    assert "secret" not in found["detail"]


def test_a_throttled_caller_learns_when_to_come_back() -> None:
    response = handle(exceptions.Throttled(wait=2.3), {})
    assert response is not None
    assert (response.status_code, response["Retry-After"]) == (429, "4")


def test_nested_validation_names_each_place() -> None:
    error = exceptions.ValidationError(
        {"name": ["too long"], "assets": [{}, {"at": ["two numbers", "in the plane"]}], "non_field_errors": ["odd"]}
    )
    assert [(each["place"], each["message"]) for each in body(error)["findings"]] == [
        ("name", "too long"),
        ("assets/1/at", "two numbers"),
        ("assets/1/at", "in the plane"),
        ("body", "odd"),
    ]


def test_a_duplicate_is_known_by_its_sqlstate_alone() -> None:
    class CauseError(Exception):
        sqlstate = "23505"

    duplicate = IntegrityError("text that a split database may not send")
    duplicate.__cause__ = CauseError()
    assert body(duplicate)["code"] == "request.duplicate"
    assert handle(IntegrityError("something else"), {}) is None


def test_what_we_do_not_know_is_not_answered_here() -> None:
    assert handle(ZeroDivisionError(), {}) is None
