"""The audit of requests: every write is told, with what it changed, from where, under which id."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tenants.jobs.models import Job
from tenants.kernel.clock import utc_now
from tenants.people.models import CustomRole, Membership, Space, SpaceKind, User
from tenants.portal.audit import AREAS
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
    assert (entry.action, entry.subject, entry.details) == ("twin.created", "/api/v1/twins/", {"method": "POST"})
    (change,) = [each for each in entry.changes if each["row"].startswith("twin/")]
    assert change["after"]["name"] == "Fleet"
    assert "draft" not in change["after"]


def test_reading_and_refused_requests_leave_no_entry(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    before = len(entries(cast))
    assert client.get("/t/meridian/admin/roles/").status_code == 200
    assert client.post("/t/meridian/admin/roles/new/", {"name": ""}).status_code == 400
    assert sign_in(cast.viewer).post("/t/meridian/admin/roles/new/", {"name": "x"}).status_code == 403
    assert len(entries(cast)) == before


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
    narrowed = client.get("/t/meridian/admin/audit/?about=plans&q=approved").content.decode()
    assert "plan.approved" in narrowed
    assert "plan.approved" not in client.get("/t/meridian/admin/audit/?about=contracts").content.decode()
    one = client.get(f"/t/meridian/admin/audit/{entry.id}/").content.decode()
    assert "Unchanged, entry 0" in one


def actions_in_the_code() -> set[str]:
    """Every action that a service names when it tells the audit of something."""
    named = re.compile(r'(?:action=|tell\(|_factor\()\s*"([a-z_]+\.[a-z_]+)"')
    domains = (Path(settings.BASE_DIR) / each for each in ("tenants", "twins", "billing", "analytics"))
    return {each for domain in domains for path in domain.rglob("*.py") for each in named.findall(path.read_text())}


def test_every_action_is_in_an_area_of_the_audit() -> None:
    found = actions_in_the_code()
    assert {"sign_in.refused", "key.rotated", "member.role_changed", "factor.added"} <= found
    prefixes = [each for _, area in AREAS.values() for each in area]
    assert [
        each for each in sorted(found) if not any(each == one or each.startswith(f"{one}.") for one in prefixes)
    ] == []


def shown(client: Client, query: str) -> list[dict[str, str]]:
    text = client.get(f"/t/meridian/admin/audit/?format=csv&{query}").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_file_has_what_was_changed_and_what_the_log_vouches_for(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    client.post("/t/meridian/admin/roles/new/", {"name": "Auditor", "permissions": ["audit.read"]})
    (row,) = shown(client, "about=roles")
    (entry,) = [each for each in entries(cast) if each.action == "role.created"]
    assert row["Digest"] == bytes(entry.digest).hex()
    assert json.loads(row["Changes"])[0]["after"]["name"] == "Auditor"
    assert row["Who"] == "owner@meridian.example"


def test_entries_are_found_by_area_by_time_and_by_what_they_tell(cast: Cast, sign_in: SignIn) -> None:
    now = utc_now()
    long_ago = now - timedelta(days=200)
    client = sign_in(cast.owner)
    with scope(cast.meridian.id):
        record_audit(action="sign_in.succeeded", subject="person/1", by="ada", now=now)
        record_audit(
            action="customer.trashed", subject="customer/1", by="ada", now=long_ago, details={"name": "Zephyr"}
        )
        record_audit(action="plan.changed", subject="organisation/1", by="ada", now=now - timedelta(days=3))

    def found(query: str) -> list[str]:
        return [row["What"] for row in shown(client, query)]

    assert found("about=sign-ins") == ["sign_in.succeeded"]
    assert found("about=data") == found("about=customers") == ["customer.trashed"]
    assert found("about=organisation") == ["plan.changed"]
    assert found("q=zephyr") == ["customer.trashed"]
    assert found("when=1") == ["sign_in.succeeded"]
    assert found("when=7") == ["sign_in.succeeded", "plan.changed"]
    assert found(f"when={long_ago:%Y-%m}") == ["customer.trashed"]
    assert len(found("when=1999-13&about=nothing")) == 3


def test_the_api_gives_a_span_of_the_audit(cast: Cast, with_key: Callable[[Tenant, Role], APIClient]) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with scope(cast.meridian.id):
        for minute in range(3):
            record_audit(action="thing.done", subject=f"thing/{minute}", by="x", now=noon + timedelta(minutes=minute))
    client = with_key(cast.meridian, Role.ADMINISTRATOR)
    span = {"since": "2026-03-01T12:01:00Z", "until": "2026-03-01T12:02:00Z"}
    answer = client.get("/api/v1/audit/", span).json()
    assert [each["subject"] for each in answer["results"]] == ["thing/1"]
    assert client.get("/api/v1/audit/", {"since": "yesterday"}).json()["findings"][0]["place"] == "since"
    assert (
        client.get("/api/v1/audit/", {"action": "thing.done", "by": "x"}).json()["results"][2]["subject"] == "thing/0"
    )
    assert client.get("/api/v1/audit/", {"subject": "x" * 5000}).json()["results"] == []


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
    assert len([each for each in captured if each["sql"].startswith("SELECT")]) <= 14
