"""Letters of dunning in the post: what has happened until one goes out counts, and each goes once."""

from __future__ import annotations

from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from billing.invoices.models import Invoice
from tenants.post.models import Letter
from tenants.scope.context import scope
from tests.billing.dunning.world import day, notices, send, write
from tests.billing.payments.world import transfer
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


class TestPost:
    def test_paid_between_writing_and_sending_nobody_is_told_and_the_level_can_still_come(
        self, cast: Cast, invoice: Invoice
    ) -> None:
        assert write(cast, day(3)) == 1
        with scope(cast.meridian.id):
            transfer(invoice, 11_900)
        assert send(cast, day(3)) == (0, 1)
        assert mail.outbox == []
        assert notices(cast) == [(1, 3, 11_900, "settled")]
        with scope(cast.meridian.id):
            transfer(invoice, 11_900, back=True)
        assert write(cast, day(5)) == 1
        assert send(cast, day(5)) == (1, 0)
        assert [row[3] for row in notices(cast)] == ["settled", ""]

    def test_a_mail_server_that_is_down_delays_a_letter_which_then_says_what_is_open(
        self, cast: Cast, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(_mail: EmailMessage) -> None:
            raise SMTPServerDisconnected("away")

        write(cast, day(3))
        with monkeypatch.context() as patch:
            patch.setattr(EmailMessage, "send", away)
            assert send(cast, day(3)) == (0, 1)
        with scope(cast.meridian.id):
            transfer(invoice, 900)
        assert write(cast, day(3, hour=11)) == 0
        assert send(cast, day(3, hour=11)) == (1, 0)
        assert "Open: 110.00 USD" in mail.outbox[0].body

    def test_a_worker_killed_between_sending_and_marking_sends_the_same_mail(
        self, cast: Cast, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(BaseException): ...

        real = EmailMessage.send

        def went(each: EmailMessage) -> None:
            real(each)
            raise Killed

        write(cast, day(3))
        with monkeypatch.context() as patch:
            patch.setattr(EmailMessage, "send", went)
            with pytest.raises(Killed):
                send(cast, day(3))
        assert send(cast, day(3)) == (1, 0)
        first, again = mail.outbox
        with scope(cast.meridian.id):
            letter = Letter.objects.get()
        assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"] == (
            f"<dunning.{letter.id}@localhost>"
        )  # fmt: skip
        assert first.body == again.body
