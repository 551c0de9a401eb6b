"""Mails about disputes: to the other side, once, and again when they did not go out."""

from __future__ import annotations

from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from billing.disputes.deciding import uphold
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.post.models import Letter
from tenants.post.services import send_due
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.disputes.world import FINANCE, disputed
from tests.billing.world import at

pytestmark = pytest.mark.django_db


def send(tenant: Tenant, now: str) -> tuple[int, int]:
    return send_due(tenant.id, now=at(now), most=10)


def away(_mail: EmailMessage) -> None:
    raise SMTPServerDisconnected("away")


def test_the_other_side_is_told_and_once(tenant: Tenant) -> None:
    with scope(tenant.id):
        house = disputed()
        people = {
            "finance": (Role.FINANCE, None), "viewer": (Role.VIEWER, None), "reader": (Role.CUSTOMER, house.customer),
        }  # fmt: skip
        for name, (role, customer) in people.items():
            user = User.objects.create_user(f"{name}@x.example")
            add_member(tenant=tenant.id, user=user.id, role=role, customer=customer, now=at("2026-01-02"))
        Letter.objects.all().delete()
        row = house.open()
        uphold(dispute=row.id, why="It did.", by=FINANCE, now=at("2026-12-12"))
    mail.outbox.clear()
    assert send(tenant, "2026-12-12") == (2, 0)
    assert [(one.to, one.subject) for one in mail.outbox] == [
        (["finance@x.example"], "A statement is disputed: Northwind fleet"),
        (["reader@x.example"], "A dispute was upheld: Northwind fleet"),
    ]
    assert f"/t/{tenant.slug}/disputes/{row.id}/" in mail.outbox[0].body
    assert "until 2027-01-05 00:00 UTC" in mail.outbox[0].body
    assert "Hamburg" not in mail.outbox[0].body
    assert send(tenant, "2026-12-13") == (0, 0)


def test_a_mail_that_does_not_go_out_is_tried_again(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    with scope(tenant.id):
        user = User.objects.create_user("owner@x.example")
        add_member(tenant=tenant.id, user=user.id, role=Role.OWNER, now=at("2026-01-02"))
        disputed().open()
    with monkeypatch.context() as broken:
        broken.setattr(EmailMessage, "send", away)
        assert send(tenant, "2026-12-10") == (0, 1)
    with scope(tenant.id):
        (letter,) = Letter.objects.all()
    assert (letter.sent_at, letter.next_at) == (None, at("2026-12-10T00:02"))
    mail.outbox.clear()
    assert send(tenant, "2026-12-10T00:01") == (0, 0)
    assert mail.outbox == []
    assert send(tenant, "2026-12-10T00:02") == (1, 0)
    assert [one.to for one in mail.outbox] == [["owner@x.example"]]
