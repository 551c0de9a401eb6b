"""What is answered when no view could."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from tenants.edge import faults
from tenants.edge.context import set_request_id


@pytest.mark.django_db
def test_an_unknown_address_is_a_page_for_people_and_problem_details_for_programs() -> None:
    page, problem = Client().get("/nowhere/"), Client().get("/api/v1/nowhere/")
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert b"No page has this address" in page.content
    assert (problem.status_code, problem["Content-Type"]) == (401, "application/problem+json")


def test_a_fault_of_ours_names_the_request_and_needs_nothing_that_may_have_failed() -> None:
    set_request_id("request-17")
    page = faults.failed(RequestFactory().get("/t/meridian/"))
    problem = faults.failed(RequestFactory().get("/api/v1/jobs/"))
    set_request_id("")
    assert (page.status_code, problem.status_code) == (500, 500)
    assert isinstance(page, HttpResponse)
    assert isinstance(problem, HttpResponse)
    assert "request-17" in page.content.decode()
    assert b'"code": "server.failed"' in problem.content


@pytest.mark.django_db
def test_a_request_that_cannot_be_read() -> None:
    page = Client().get("/", headers={"Host": "evil.example"})
    assert page.status_code == 400
    assert b"DisallowedHost" not in page.content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/%00", "/certificates/%00/", "/invitations/a%00b/", "/t/meridian/catalogue/%00/"])
def test_no_address_has_a_nul_in_it(path: str) -> None:
    page = Client().get(path)
    assert page.status_code == 404
    assert b"No page has this address" in page.content


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_programs_are_told_alike_that_no_address_has_a_nul_in_it(method: str) -> None:
    problem = getattr(Client(), method)("/api/v1/asset-types/%00/")
    assert (problem.status_code, problem["Content-Type"]) == (404, "application/problem+json")
    assert problem.json()["code"] == "request.not_found"
