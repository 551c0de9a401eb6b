"""Mails to a customer's people: each is told once of each version of a statement, whatever is tried again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client

from billing.reports.services import Settlement, make_report, restate_period
from tenants.people.models import Membership, User
from tenants.people.services import add_member
from tenants.post.models import Letter
from tenants.post.selectors import is_refused
from tenants.post.services import MOST_ATTEMPTS, send_due, set_refused
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.world import BY, SIGNED, House, at, body, say
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NOW = at("2026-12-06")


class Killed(BaseException):
    """What a worker dies of."""


def work(cast: Cast) -> tuple[int, int]:
    """How many mails went, and how many did not."""
    return send_due(cast.meridian.id, now=NOW, most=10)


def restated(cast: Cast, house: House) -> Settlement:
    """The engine is proven to have been back half an hour earlier."""
    with scope(cast.meridian.id):
        say(house.fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-10")
        done = restate_period(statement=house.done.statement.id, by=BY, now=at("2026-12-12"))
        assert done is not None
        return done


def test_a_ready_report_is_told_to_the_customers_people(cast: Cast, house: House) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(
        brand={"product_name": "Meridian Care", "mail_sender": "Meridian Care", "reply_to": "care@meridian.example"}
    )
    assert work(cast) == (1, 0)
    (sent,) = mail.outbox
    assert sent.to == ["reader@meridian.example"]
    assert sent.subject == "Your report is ready: Uptime, November 2026"
    assert sent.from_email.startswith("Meridian Care <")
    assert sent.reply_to == ["care@meridian.example"]
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
    text = str(sent.body)
    for words in (
        "Meridian Care has settled November 2026 of Uptime.", "\nuptime: 99.88 %\n", "Total: 10,800.00 USD\n",
        f"/t/meridian/reports/{house.done.report.id}/\n",
    ):  # fmt: skip
        assert words in text, words


def test_a_changed_figure_is_told_with_what_it_was(cast: Cast, house: House) -> None:
    work(cast)
    restated(cast, house)
    mail.outbox.clear()
    assert work(cast) == (1, 0)
    (sent,) = mail.outbox
    assert sent.subject == "A figure has changed: Uptime, November 2026"
    text = str(sent.body)
    assert "This is version 2" in text
    assert "Total: 10,800.00 USD → 12,000.00 USD (difference 1,200.00 USD)" in text


def test_each_is_told_once_however_often_the_job_is_run(cast: Cast, house: House) -> None:
    for _ in range(3):
        work(cast)
    with scope(cast.meridian.id):
        made = make_report(statement=house.done.statement.id, by=BY, now=at("2027-01-01"))
        assert made == house.done.report
    assert work(cast) == (0, 0)
    assert len(mail.outbox) == 1


def test_a_worker_that_dies_before_the_mail_went_has_told_nobody(
    cast: Cast, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", _dies)
        with pytest.raises(Killed):
            work(cast)
    assert mail.outbox == []
    work(cast)
    work(cast)
    assert len(mail.outbox) == 1


def test_a_worker_that_dies_after_the_mail_went_sends_the_same_mail(
    cast: Cast, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = EmailMessage.send

    def went(each: EmailMessage) -> None:
        send(each)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", went)
        with pytest.raises(Killed):
            work(cast)
    work(cast)
    work(cast)
    first, again = mail.outbox
    assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"]
    assert (first.subject, first.body, first.to) == (again.subject, again.body, again.to)


def _dies(_mail: EmailMessage) -> None:
    raise Killed


def test_what_the_mail_server_does_not_take_is_tried_again_later(
    cast: Cast, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_mail: EmailMessage) -> None:
        raise SMTPServerDisconnected("away")

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", away)
        assert send_due(cast.meridian.id, now=NOW, most=10) == (0, 1)
        assert send_due(cast.meridian.id, now=NOW, most=10) == (0, 0)
        assert _row(cast) == (1, NOW + timedelta(minutes=2), None)
        assert send_due(cast.meridian.id, now=NOW + timedelta(minutes=2), most=10) == (0, 1)
        assert _row(cast) == (2, NOW + timedelta(minutes=6), None)
    assert send_due(cast.meridian.id, now=NOW + timedelta(minutes=6), most=10) == (1, 0)
    assert _row(cast) == (3, None, NOW + timedelta(minutes=6))
    with scope(cast.meridian.id):
        Letter.objects.update(attempts=MOST_ATTEMPTS - 1, next_at=NOW, sent_at=None)
    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", away)
        assert send_due(cast.meridian.id, now=NOW, most=10) == (0, 1)
    assert _row(cast) == (MOST_ATTEMPTS, None, None)
    assert len(mail.outbox) == 1


def _row(cast: Cast) -> tuple[int, datetime | None, datetime | None]:
    with scope(cast.meridian.id):
        row = Letter.objects.get()
        return row.attempts, row.next_at, row.sent_at


def test_who_refused_or_left_is_not_told(cast: Cast, house: House) -> None:
    other = User.objects.create_user("second@northwind.example")
    add_member(tenant=cast.meridian.id, user=other.id, role=Role.CUSTOMER, customer=cast.northwind, now=SIGNED)
    with scope(cast.meridian.id):
        set_refused(user=cast.reader.id, kind="report", refused=True, by="reader", now=NOW)
    assert work(cast) == (0, 1)
    done = restated(cast, house)
    with scope(cast.meridian.id):
        assert set(Letter.objects.filter(about=done.report.id).values_list("user", flat=True)) == {other.id}
    Membership.objects.filter(user=other).delete()
    assert work(cast) == (0, 1)
    assert mail.outbox == []


def test_a_customer_without_people_is_told_nothing(cast: Cast, house: House) -> None:
    Membership.objects.filter(user=cast.reader).delete()
    done = restated(cast, house)
    with scope(cast.meridian.id):
        assert not Letter.objects.filter(about=done.report.id).exists()


def test_mails_are_refused_and_wanted_again_on_the_page(cast: Cast, house: House, sign_in: SignIn) -> None:
    client, path = sign_in(cast.reader), "/t/meridian/reports/mails/"
    assert "No more mails" in body(client, "/t/meridian/reports/")
    for wants, word in (("no", "Mail me"), ("yes", "No more mails")):
        assert client.post(path, {"wants": wants}).status_code == 302
        assert word in body(client, "/t/meridian/reports/")
        with scope(cast.meridian.id):
            assert is_refused(user=cast.reader.id, kind="report") is (wants == "no")
    assert client.post(path, {"wants": "maybe"}).status_code == 400
    assert sign_in(cast.owner).post(path, {"wants": "no"}).status_code == 403
    assert "report-mails" not in body(sign_in(cast.owner), "/t/meridian/reports/")
    with scope(cast.meridian.id):
        told = AuditEntry.objects.filter(action__startswith="report.mails_").order_by("id")
        assert [entry.action for entry in told] == ["report.mails_refused", "report.mails_wanted"]
