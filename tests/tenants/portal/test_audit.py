"""The audit of requests: every write is told, with what it changed, from where, under which id."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tenants.jobs.models import Job
from tenants.kernel.clock import utc_now
from tenants.people.models import CustomRole, Membership, Space, SpaceKind, User
from tenants.record.models import AuditEntry
from tenants.record.services import record_audit, seal_head
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def entries(cast: Cast) -> list[AuditEntry]:
    with scope(cast.meridian.id):
        return list(AuditEntry.objects.order_by("id"))


def test_a_service_that_tells_has_its_changes_and_where_they_came_from(cast: Cast, sign_in: SignIn) -> None:
    fields = {"name": "Auditor", "permissions": ["audit.read"]}
    headers = {"X-Request-Id": "request-0001", "X-Forwarded-For": "203.0.113.9"}
    assert sign_in(cast.owner).post("/t/meridian/admin/roles/new/", fields, headers=headers).status_code == 302
    with scope(cast.meridian.id):
        role = CustomRole.objects.get()
    (entry,) = [each for each in entries(cast) if each.action.startswith("role.")]
    assert (entry.action, entry.subject, entry.by) == ("role.created", f"role/{role.id}", "owner@meridian.example")
    assert (entry.address, entry.request_id) == ("127.0.0.1", "request-0001")
    (change,) = entry.changes
    assert change["row"] == f"customrole/{role.id}"
    assert change["after"]["permissions"] == ["audit.read"]


def test_a_write_that_no_service_tells_is_told_by_its_view(
    cast: Cast, with_key: Callable[[Tenant, Role], APIClient]
) -> None:
    client = with_key(cast.meridian, Role.ENGINEER)
    answer = client.post("/api/v1/twins/", {"name": "Fleet"})
    assert answer.status_code == 201
    (entry,) = [each for each in entries(cast) if each.subject.startswith("/api/")]
    assert (entry.action, entry.subject, entry.details) == ("twin.list", "/api/v1/twins/", {"method": "POST"})
    (change,) = [each for each in entry.changes if each["row"].startswith("twin/")]
    assert change["after"]["name"] == "Fleet"
    assert "draft" not in change["after"]


def test_reading_and_refused_requests_leave_no_entry(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    before = len(entries(cast))
    assert client.get("/t/meridian/admin/roles/").status_code == 200
    assert client.post("/t/meridian/admin/roles/new/", {"name": ""}).status_code == 400
    assert sign_in(cast.viewer).post("/t/meridian/admin/roles/new/", {"name": "x"}).status_code == 403
    told = [each for each in entries(cast)[before:] if not each.action.startswith("person.")]
    assert told == []


def test_the_page_shows_what_was_done_and_that_the_chain_verifies(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        Space.objects.create(name="Works", kind=SpaceKind.PRODUCTION, created_at=utc_now())
        entry = record_audit(action="plan.approved", subject="plan/1", by="<b>x</b>", now=utc_now())
        seal_head(now=utc_now())
    client = sign_in(cast.owner)
    page = client.get("/t/meridian/admin/audit/").content.decode()
    assert "The chain verifies" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<b>x</b>" not in page
    narrowed = client.get("/t/meridian/admin/audit/?about=plan&q=approved").content.decode()
    assert "plan.approved" in narrowed
    assert "plan.approved" not in client.get("/t/meridian/admin/audit/?about=contract").content.decode()
    one = client.get(f"/t/meridian/admin/audit/{entry.id}/").content.decode()
    assert "Unchanged, entry 0" in one
    assert client.get("/t/meridian/admin/audit/?format=csv").content.decode("utf-8-sig").startswith("When,Who,What")


def test_the_whole_log_is_checked_by_a_job(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.owner).post("/t/meridian/admin/audit/verify/").status_code == 302
    with scope(cast.meridian.id):
        assert Job.objects.get().kind == "record.verify"


def test_an_auditors_role_opens_the_audit_and_nothing_else_of_the_administration(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        role = CustomRole.objects.create(
            name="Auditor", permissions=["audit.read", "organisation.read"], created_at=utc_now()
        )
    Membership.objects.filter(user=cast.viewer).update(role=str(role.id))
    client = sign_in(cast.viewer)
    assert client.get("/t/meridian/admin/audit/").status_code == 200
    assert client.get("/t/meridian/admin/roles/").status_code == 403
    assert client.get("/t/meridian/twins/").status_code == 403


def test_a_page_of_the_audit_takes_as_many_queries_at_any_length(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        for number in range(120):
            record_audit(action="thing.done", subject=f"thing/{number}", by="x", now=utc_now())
        seal_head(now=utc_now())
    client = sign_in(cast.owner)
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/t/meridian/admin/audit/").status_code == 200
    # Beside the four that enter and leave the tenant inside a test's transaction.
    assert len([each for each in captured if each["sql"].startswith("SELECT")]) <= 12
