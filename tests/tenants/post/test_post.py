"""The post room: a letter is written with what happened, sent once afterwards, and held up by nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from smtplib import SMTPServerDisconnected
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage
from django.utils import translation

from tenants.custody.persons import erase_person
from tenants.kernel.ids import new_id
from tenants.people.language import language_of
from tenants.people.models import CustomRole, Membership, User
from tenants.people.services import add_member
from tenants.post import registry, tasks
from tenants.post.models import Letter, RefusedLetters
from tenants.post.registry import LetterKind, register_letter
from tenants.post.schemas import Delivery, Occasion, Text
from tenants.post.selectors import deliveries, is_refused
from tenants.post.services import MOST_ATTEMPTS, send_due, set_refused, write_letters
from tenants.record.models import AuditEntry
from tenants.scope.actors import PERMISSIONS, Permission, Role
from tenants.scope.context import scope
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 6, tzinfo=UTC)
KIND = LetterKind("parcel", f"{__name__}.parcel", Permission.MONEY_BILL)
FIRM = LetterKind("summons", f"{__name__}.parcel", Permission.MONEY_BILL, may_refuse=False)


def parcel(occasion: Occasion) -> Text | None:
    """Needless when the facts say so, broken when they lack the number."""
    number = occasion.facts["number"]
    if number == 0:
        return None
    return Text(f"Parcel\n{number}", f"From {occasion.organisation}, in {translation.get_language()}.", "https://x/")


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)
    for kind in (KIND, FIRM):
        register_letter(kind)


def write(tenant: UUID, *, customer: UUID | None = None, number: int | None = 7, about: UUID | None = None) -> UUID:
    about = about or new_id()
    facts = {} if number is None else {"number": number}
    with scope(tenant):
        write_letters(kind="parcel", about=about, customer=customer, facts=facts, now=NOW)
    return about


def state(tenant: UUID) -> list[tuple[int, datetime | None, datetime | None, str]]:
    with scope(tenant):
        return [(row.attempts, row.next_at, row.sent_at, row.ended) for row in Letter.objects.order_by("id")]


def away(_mail: EmailMessage) -> None:
    raise SMTPServerDisconnected("away")


class TestWho:
    def test_of_the_own_people_those_who_may_and_of_a_customer_all(self, cast: Cast) -> None:
        second = User.objects.create_user("second@northwind.example")
        held = User.objects.create_user("held@meridian.example")
        own = User.objects.create_user("own@meridian.example")
        with scope(cast.meridian.id):
            permissions = ["money.bill", "money.read"]
            role = CustomRole.objects.create(name="Books", permissions=permissions, created_at=NOW)
        add_member(tenant=cast.meridian.id, user=second.id, role=Role.CUSTOMER, customer=cast.northwind, now=NOW)
        add_member(tenant=cast.meridian.id, user=held.id, role=Role.FINANCE, now=NOW)
        Membership.objects.filter(user=held).update(is_held=True)
        Membership.objects.create(user=own, tenant=cast.meridian, role=str(role.id), created_at=NOW)
        write(cast.meridian.id)
        write(cast.meridian.id, customer=cast.northwind)
        assert send_due(cast.meridian.id, now=NOW, most=10) == (4, 0)
        told = sorted(one.to[0] for one in mail.outbox)
        assert told == sorted([cast.owner.email, own.email, cast.reader.email, second.email])

    def test_who_left_lost_the_right_or_refused_meanwhile_is_not_told(self, cast: Cast) -> None:
        finance = User.objects.create_user("finance@meridian.example")
        add_member(tenant=cast.meridian.id, user=finance.id, role=Role.FINANCE, now=NOW)
        write(cast.meridian.id)
        write(cast.meridian.id, customer=cast.northwind)
        Membership.objects.filter(user=finance).update(role=Role.VIEWER)
        Membership.objects.filter(user=cast.reader).delete()
        with scope(cast.meridian.id):
            set_refused(user=cast.owner.id, kind="parcel", refused=True, by="owner", now=NOW)
        assert send_due(cast.meridian.id, now=NOW, most=10) == (0, 3)
        assert mail.outbox == []
        assert sorted(ended for _, _, _, ended in state(cast.meridian.id)) == ["left", "left", "refused"]
        assert send_due(cast.meridian.id, now=NOW + timedelta(days=9), most=10) == (0, 0)

    def test_a_kind_is_refused_and_wanted_again_and_another_cannot_be(self, cast: Cast) -> None:
        with scope(cast.meridian.id):
            set_refused(user=cast.owner.id, kind="parcel", refused=True, by="owner", now=NOW)
            assert is_refused(user=cast.owner.id, kind="parcel")
            assert not is_refused(user=cast.owner.id, kind="report")
            assert write_letters(kind="parcel", about=new_id(), now=NOW) == 0
            set_refused(user=cast.owner.id, kind="parcel", refused=False, by="owner", now=NOW)
            assert write_letters(kind="parcel", about=new_id(), facts={"number": 1}, now=NOW) == 1
            with pytest.raises(ValueError, match="cannot be refused"):
                set_refused(user=cast.owner.id, kind="summons", refused=True, by="owner", now=NOW)
            told = AuditEntry.objects.filter(action__startswith="parcel.").order_by("id")
            assert [entry.action for entry in told] == ["parcel.mails_refused", "parcel.mails_wanted"]

    def test_letters_go_with_the_person(self, cast: Cast) -> None:
        write(cast.meridian.id, customer=cast.northwind)
        with scope(cast.meridian.id):
            set_refused(user=cast.reader.id, kind="parcel", refused=True, by="reader", now=NOW)
            done = erase_person(email=cast.reader.email, by="owner", now=NOW, may=PERMISSIONS[Role.OWNER])
            assert not Letter.objects.filter(user=cast.reader.id).exists()
            assert not RefusedLetters.objects.exists()
            assert done.document["erased"]["tenants_refusedletters"] == 1

    def test_of_another_tenant_nothing_goes(self, cast: Cast) -> None:
        write(cast.meridian.id)
        assert send_due(cast.stranger.id, now=NOW, most=10) == (0, 0)
        assert mail.outbox == []


class TestOnce:
    def test_the_same_thing_is_told_once(self, cast: Cast) -> None:
        about = write(cast.meridian.id)
        write(cast.meridian.id, about=about)
        assert send_due(cast.meridian.id, now=NOW, most=10) == (1, 0)
        write(cast.meridian.id, about=about)
        assert send_due(cast.meridian.id, now=NOW, most=10) == (0, 0)
        (sent,) = mail.outbox
        assert (sent.subject, sent.body) == ("Parcel 7", "From Meridian Engines, in en.")
        assert sent.extra_headers["List-Unsubscribe"] == "<https://x/>"
        assert sent.extra_headers["Auto-Submitted"] == "auto-generated"

    def test_a_worker_that_dies_between_sending_and_marking_sends_the_same_mail(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(BaseException): ...

        send = EmailMessage.send

        def went(each: EmailMessage) -> None:
            send(each)
            raise Killed

        write(cast.meridian.id)
        with monkeypatch.context() as patch:
            patch.setattr(EmailMessage, "send", went)
            with pytest.raises(Killed):
                send_due(cast.meridian.id, now=NOW, most=10)
        assert send_due(cast.meridian.id, now=NOW, most=10) == (1, 0)
        assert send_due(cast.meridian.id, now=NOW, most=10) == (0, 0)
        first, again = mail.outbox
        with scope(cast.meridian.id):
            row = Letter.objects.get()
        assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"] == f"<parcel.{row.id}@localhost>"

    def test_a_mail_server_that_is_down_is_tried_again_for_a_day(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(cast.meridian.id)
        now, tries = NOW, 0
        with monkeypatch.context() as patch:
            patch.setattr(EmailMessage, "send", away)
            assert send_due(cast.meridian.id, now=now, most=10) == (0, 1)
            assert send_due(cast.meridian.id, now=now + timedelta(seconds=119), most=10) == (0, 0)
            assert state(cast.meridian.id) == [(1, NOW + timedelta(minutes=2), None, "")]
        assert send_due(cast.meridian.id, now=NOW + timedelta(minutes=2), most=10) == (1, 0)
        assert state(cast.meridian.id) == [(2, None, NOW + timedelta(minutes=2), "")]
        write(cast.meridian.id)
        with monkeypatch.context() as patch:
            patch.setattr(EmailMessage, "send", away)
            while send_due(cast.meridian.id, now=now, most=10) == (0, 1):
                tries += 1
                row = state(cast.meridian.id)[1]
                now = row[1] or now
        assert tries == MOST_ATTEMPTS
        assert state(cast.meridian.id)[1] == (MOST_ATTEMPTS, None, None, "undeliverable")
        assert timedelta(hours=24) < now - NOW < timedelta(hours=28)

    def test_a_letter_that_cannot_be_rendered_holds_up_no_other(
        self, cast: Cast, caplog: pytest.LogCaptureFixture
    ) -> None:
        write(cast.meridian.id, number=None)
        write(cast.meridian.id)
        assert send_due(cast.meridian.id, now=NOW, most=10) == (1, 1)
        assert "could not be rendered" in caplog.text
        assert len(mail.outbox) == 1

    def test_what_has_become_needless_is_not_sent(self, cast: Cast) -> None:
        about = write(cast.meridian.id, number=0)
        sent = write(cast.meridian.id)
        assert send_due(cast.meridian.id, now=NOW, most=10) == (1, 1)
        with scope(cast.meridian.id):
            assert deliveries("parcel", [about, sent, new_id()]) == {
                about: Delivery(ended=1), sent: Delivery(sent=1, last_at=NOW)
            }  # fmt: skip


class TestWorkers:
    def test_a_tenant_with_many_letters_lets_the_others_go_first(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        monkeypatch.setattr(tasks, "AT_ONCE", 2)
        monkeypatch.setattr(tasks.send, "apply_async", lambda args, **_: asked.append(args[0]))
        for _ in range(3):
            write(cast.meridian.id)
        tasks.send(str(cast.meridian.id))
        assert (len(mail.outbox), asked) == (2, [str(cast.meridian.id)])
        tasks.send(str(cast.meridian.id))
        assert (len(mail.outbox), len(asked)) == (3, 1)

    def test_a_broker_that_is_away_leaves_letters_to_the_sweeper(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., Any],
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        from kombu.exceptions import OperationalError

        def dead(*_: Any, **__: Any) -> None:
            raise OperationalError("away")

        with monkeypatch.context() as patch:
            patch.setattr(tasks.send, "apply_async", dead)
            with django_capture_on_commit_callbacks(execute=True):
                write(cast.meridian.id)
        assert "wait for the sweeper" in caplog.text
        asked: list[str] = []
        monkeypatch.setattr(tasks.send, "apply_async", lambda args, **_: asked.append(args[0]))
        tasks.sweep()
        assert asked == [str(cast.meridian.id)]
        tasks.send(asked[0])
        tasks.sweep()
        assert (len(mail.outbox), len(asked)) == (1, 1)

    def test_a_kind_has_one_meaning(self) -> None:
        register_letter(KIND)
        with pytest.raises(ValueError, match="two kinds"):
            register_letter(LetterKind("parcel", "elsewhere.parcel", Permission.MONEY_READ))

    def test_people_are_written_to_in_the_language_of_the_installation(self, cast: Cast) -> None:
        assert language_of(cast.owner) == settings.LANGUAGE_CODE
