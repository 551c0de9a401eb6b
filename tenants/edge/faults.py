"""What is answered when no view could: problem details to programs, a page that helps on to people."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template import loader
from django.views import defaults

from tenants.edge import problems
from tenants.edge.context import request_id
from tenants.kernel.errors import NotAllowedError, NotFoundError, OutturnError

PROGRAMS = re.compile(r"^(/t/[-a-zA-Z0-9_]+)?/api/")


class BrokenError(OutturnError):
    """Something failed that is no fault of the caller's."""

    code = "server.failed"
    status = 500


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """A request that could not be read at all."""
    if PROGRAMS.match(request.path):
        return problems.answer(problems.InvalidRequestError("the request could not be read"))
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """A view that the caller's role does not reach."""
    if PROGRAMS.match(request.path):
        return problems.answer(NotAllowedError("your role does not allow this"))
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """An address that nothing has, or nothing of the caller's."""
    if PROGRAMS.match(request.path):
        return problems.answer(NotFoundError("there is no such address", fix="See /api/v1/schema/ for the addresses."))
    return defaults.page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponseBase:
    """A fault of ours; the log has it under the request's id."""
    if PROGRAMS.match(request.path):
        return problems.answer(
            BrokenError("something went wrong on our side", fix="Try again; if it stays, tell us the request's id.")
        )
    # No context processor may run here: one of them may be what failed.
    page = loader.render_to_string("500.html", {"request_id": request_id(), "shell": {"nav": []}, "request": request})
    return HttpResponse(page, status=500)
