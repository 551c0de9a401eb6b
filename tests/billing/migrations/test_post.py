"""Mails that waited in two outboxes wait in the one post room afterwards, and who refused them still does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db import connections, transaction

from billing.disputes.models import Dispute
from billing.reports.models import Report
from tenants.jobs.models import Job
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.post.models import Letter, RefusedLetters
from tenants.post.services import send_due
from tenants.scope.actors import Role
from tenants.scope.context import scope, set_local
from tenants.scope.models import Tenant
from tests.billing.disputes.world import disputed
from tests.billing.world import at
from tests.migrating import database_of_its_own, migrate, migrate_all

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
BEFORE = "0011_report_links_and_mails"
NOW = at("2026-12-10")


@pytest.fixture
def _own(transactional_db: None) -> Iterator[None]:
    with database_of_its_own():
        yield


def insert(cursor: Any, table: str, **values: Any) -> None:
    names, places = ", ".join(f'"{name}"' for name in values), ", ".join(["%s"] * len(values))
    cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", list(values.values()))


def member(tenant: UUID, name: str, role: Role, customer: UUID | None = None) -> UUID:
    user = User.objects.create_user(f"{name}@x.example")
    add_member(tenant=tenant, user=user.id, role=role, customer=customer, now=at("2026-01-02"))
    return user.id


@pytest.mark.usefixtures("_own")
def test_what_waited_is_sent_and_what_was_refused_stays_refused(tenant: Tenant) -> None:
    with scope(tenant.id):
        house = disputed()
        reader = member(tenant.id, "reader", Role.CUSTOMER, house.customer)
        quiet = member(tenant.id, "quiet", Role.CUSTOMER, house.customer)
        finance = member(tenant.id, "finance", Role.FINANCE)
        member(tenant.id, "viewer", Role.VIEWER)
        dispute = house.open().id
        report = house.done.report.id
        Letter.objects.all().delete()
    migrate("billing", BEFORE)
    mails, notice, muted, job = new_id(), new_id(), new_id(), new_id()
    of = {"tenant_id": tenant.id}
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(set_local(tenant.id))
        insert(cursor, "billing_reportmail", **of, id=mails, user=reader, attempts=2, next_at=NOW, report_id=report)
        insert(
            cursor, "billing_reportmail", **of, id=new_id(), user=quiet, attempts=1, sent_at=NOW, report_id=report
        )  # fmt: skip
        insert(cursor, "billing_reportmuted", **of, id=muted, user=quiet)
        waiting = {**of, "dispute_id": dispute, "side": "provider", "created_at": NOW, "next_at": NOW, "attempts": 1}
        insert(cursor, "billing_disputenotice", **waiting, id=notice, news="opened")
        insert(cursor, "billing_disputenotice", **waiting, id=new_id(), news="said", sent_at=NOW)
        cursor.execute(
            "INSERT INTO tenants_job (tenant_id, id, kind, params, state, progress, message, error, cancel_requested,"
            " attempts, energy_j, created_by, created_at)"
            " VALUES (%s, %s, 'billing.mail_report', '{}', 'queued', 0, '', '', false, 0, 0, 'x', %s)",
            [tenant.id, job, NOW],
        )
    migrate_all()
    with scope(tenant.id):
        rows = [(row.kind, row.about, row.user, row.attempts) for row in Letter.objects.order_by("kind")]
        assert rows == [("dispute", notice, finance, 1), ("report", report, reader, 2)]
        assert Letter.objects.get(kind="report").id == mails
        assert list(RefusedLetters.objects.values_list("user", "kind")) == [(quiet, "report")]
        assert Job.objects.get(id=job).state == "done"
        assert (Report.objects.count(), Dispute.objects.count()) == (1, 1)
    mail.outbox.clear()
    assert send_due(tenant.id, now=NOW, most=10) == (2, 0)
    assert {(one.to[0], one.subject) for one in mail.outbox} == {
        ("finance@x.example", "A statement is disputed: Northwind fleet"),
        ("reader@x.example", "Your report is ready: Northwind fleet, November 2026"),
    }
    told = {one.to[0]: one.extra_headers["Message-ID"] for one in mail.outbox}
    assert told["reader@x.example"] == f"<report.{mails}@localhost>"
