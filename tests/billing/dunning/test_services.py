"""Letters about invoices that are overdue: which, when, to whom, and never where nothing is to be asked for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from smtplib import SMTPServerDisconnected
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.disputes.models import Dispute, DisputeDecision
from billing.dunning import tasks
from billing.dunning.domain import Level
from billing.dunning.models import DunningNotice, DunningPause
from billing.dunning.selectors import history_of, looks, overdue_invoices, overdue_sums
from billing.dunning.services import (
    DunningError,
    PauseNotFoundError,
    end_pause,
    is_hour,
    pause_dunning,
    set_dunning,
    write_due,
)
from billing.invoices.models import Invoice, InvoiceKind
from billing.payments.models import ProviderInvoice
from billing.payments.services import follow_issue
from billing.statements.models import Statement
from tenants.customers.services import create_customer
from tenants.kernel.ids import new_id
from tenants.people.models import Membership
from tenants.post.models import Letter
from tenants.post.schemas import Delivery
from tenants.post.services import send_due
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.payments.world import BY, DUE, an_invoice, transfer
from tests.billing.world import at
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
LEVELS = [Level(3), Level(14, "Dear {customer}: {open} of {number} since {due}, {days} days."), Level(28)]


def day(days: int, hour: int = 10) -> datetime:
    """So many days after the due date, in UTC."""
    return at("2027-01-04") + timedelta(days=days, hours=hour)


def turn_on(levels: list[Level] | None = None, now: datetime | None = None) -> None:
    set_dunning(is_on=True, levels=LEVELS if levels is None else levels, by=BY, now=now or at("2026-12-01"))


@pytest.fixture
def invoice(cast: Cast) -> Invoice:
    """100.00 USD net, 119.00 gross, due on 4 January 2027; reminders are on."""
    with scope(cast.meridian.id):
        turn_on()
        return an_invoice(cast.northwind, 10_000, tax=1_900)


def write(cast: Cast, now: datetime) -> int:
    with scope(cast.meridian.id):
        return write_due(now=now)


def send(cast: Cast, now: datetime) -> tuple[int, int]:
    return send_due(cast.meridian.id, now=now, most=50)


def notices(cast: Cast) -> list[tuple[int, int, int, str]]:
    with scope(cast.meridian.id):
        return [(row.level, row.days, row.open_minor, row.dropped) for row in DunningNotice.objects.all()]


def holds(cast: Cast, invoice: Invoice, now: datetime) -> tuple[int, str | None]:
    with scope(cast.meridian.id):
        look = looks([invoice], today=now.date(), now=now)[invoice.id]
        return look.open, look.hold


def a_dispute(invoice: Invoice, *, start: datetime | None = None) -> Dispute:
    """One about the statement of the invoice."""
    return Dispute.objects.create(
        statement=invoice.statement, contract=invoice.contract, customer_id=invoice.customer_id, held="down",
        start=at("2026-11-20"), end=at("2026-11-21"), document={}, digest="d" * 64, side="customer", opened_by=BY,
        opened_at=day(5), closes_at=day(90),
    )  # fmt: skip


def decided(dispute: Dispute, verdict: str) -> None:
    DisputeDecision.objects.create(
        dispute=dispute, number=DisputeDecision.objects.filter(dispute=dispute).count() + 1, verdict=verdict,
        side="provider", document={}, digest="d" * 64, decided_by=BY, decided_at=day(6),
    )  # fmt: skip


class TestLevels:
    def test_each_level_is_written_once_and_says_what_is_open(self, cast: Cast, invoice: Invoice) -> None:
        for days in range(1, 60):
            written = write(cast, day(days))
            assert written == (days in (3, 14, 28)), days
            assert write(cast, day(days, hour=11)) == 0
            send(cast, day(days))
        assert notices(cast) == [(1, 3, 11_900, ""), (2, 14, 11_900, ""), (3, 28, 11_900, "")]
        assert [one.to for one in mail.outbox] == [[cast.reader.email]] * 3
        assert [one.subject for one in mail.outbox] == [
            f"Payment reminder: {invoice.number}", f"First notice: {invoice.number}", f"Second notice: {invoice.number}"
        ]  # fmt: skip
        first, second, _ = (str(one.body) for one in mail.outbox)
        assert first.startswith(
            f"Perhaps it was overlooked: our invoice {invoice.number} was due on 4 January 2027, and 119.00 USD are "
            "still open.\n\n"
        )
        assert "Due: 4 January 2027 (3 days ago)\nOpen: 119.00 USD\n" in first
        assert f"by bank transfer to the account that you know from us, with the reference {invoice.number}." in first
        assert f"/t/meridian/invoices/{invoice.id}/\n" in first
        assert second.startswith(
            f"Dear Northwind Air: 119.00 USD of {invoice.number} since 4 January 2027, 14 days.\n\n"
        )
        with scope(cast.meridian.id):
            told = AuditEntry.objects.filter(action="dunning.written").order_by("id")
            assert [(one.subject, one.details["level"], one.details["open_minor"]) for one in told] == [
                (f"invoice/{invoice.id}", level, 11_900) for level in (1, 2, 3)
            ]
            assert history_of(invoice.id)[0][1] == Delivery(sent=1, last_at=day(3))

    def test_old_invoices_get_the_level_that_fits_now_and_only_that(self, cast: Cast) -> None:
        with scope(cast.meridian.id):
            for days in (0, 2, 10, 20, 400):
                an_invoice(cast.northwind, 100, due=day(50 - days).date())
            turn_on(now=day(50))
        assert write(cast, day(50, hour=12)) == 0
        assert write(cast, day(51)) == 4
        assert [(level, days) for level, days, _, _ in notices(cast)] == [(3, 401), (2, 21), (1, 11), (1, 3)]
        assert write(cast, day(51, hour=12)) == 0
        assert write(cast, day(52)) == 0

    def test_days_are_those_of_the_organisation(self, cast: Cast, invoice: Invoice) -> None:
        Tenant.objects.filter(id=cast.meridian.id).update(time_zone="Pacific/Auckland")  # 13 hours ahead of UTC
        assert write(cast, at("2027-01-06T10:59:59")) == 0
        assert write(cast, at("2027-01-06T11:00:00")) == 1
        assert notices(cast) == [(1, 3, 11_900, "")]
        Tenant.objects.filter(id=cast.meridian.id).update(time_zone="America/Los_Angeles")
        assert write(cast, at("2027-01-18T07:59:59")) == 0
        assert write(cast, at("2027-01-18T08:00:00")) == 1
        assert notices(cast)[1] == (2, 14, 11_900, "")

    @pytest.mark.parametrize(
        ("zone", "moment", "is_it"),
        [
            ("UTC", "2027-01-07T08:59:59", False), ("UTC", "2027-01-07T09:00", True),
            ("UTC", "2027-01-07T16:59:59", True), ("UTC", "2027-01-07T17:00", False),
            ("Europe/Berlin", "2027-03-27T08:00", True), ("Europe/Berlin", "2027-03-28T07:00", True),
            ("Europe/Berlin", "2027-03-28T06:59:59", False), ("Asia/Kathmandu", "2027-01-07T03:15", True),
        ],
    )  # fmt: skip
    def test_letters_are_written_by_day(self, cast: Cast, zone: str, moment: str, is_it: bool) -> None:
        Tenant.objects.filter(id=cast.meridian.id).update(time_zone=zone)
        with scope(cast.meridian.id):
            assert is_hour(at(moment)) is is_it

    def test_it_is_off_until_it_is_turned_on_and_when_turned_off(self, cast: Cast) -> None:
        with scope(cast.meridian.id):
            an_invoice(cast.northwind, 100)
            assert write_due(now=day(30)) == 0
            set_dunning(is_on=False, levels=LEVELS, by=BY, now=day(1))
            assert write_due(now=day(30)) == 0

    def test_another_tenants_invoices_are_not_seen(self, cast: Cast, invoice: Invoice) -> None:
        with scope(cast.stranger.id):
            turn_on()
            assert write_due(now=day(30)) == 0
            assert not overdue_invoices(day(30).date()).exists()


class TestHolds:
    def test_what_is_paid_in_part_is_asked_for_the_rest(self, cast: Cast, invoice: Invoice) -> None:
        with scope(cast.meridian.id):
            transfer(invoice, 1_900)
        write(cast, day(3))
        assert notices(cast) == [(1, 3, 10_000, "")]
        with scope(cast.meridian.id):
            transfer(invoice, 10_000)
        assert holds(cast, invoice, day(14)) == (0, "settled")
        assert write(cast, day(14)) == 0
        with scope(cast.meridian.id):
            transfer(invoice, 10_000, back=True)
        assert write(cast, day(15)) == 1

    def test_what_is_credited_in_full_is_not_asked_for_set_off_or_not(self, cast: Cast, invoice: Invoice) -> None:
        with scope(cast.meridian.id):
            note = _credit(invoice, 11_900)
        assert holds(cast, invoice, day(3)) == (0, "settled")
        with scope(cast.meridian.id):
            follow_issue(note, by=BY, now=day(2))
        assert holds(cast, invoice, day(3)) == (0, "settled")
        assert write(cast, day(3)) == 0

    def test_a_dispute_between_two_levels_holds_the_second_until_it_is_over(self, cast: Cast, invoice: Invoice) -> None:
        assert write(cast, day(3)) == 1
        with scope(cast.meridian.id):
            dispute = a_dispute(invoice)
        assert holds(cast, invoice, day(14)) == (11_900, "disputed")
        assert [write(cast, day(each)) for each in (14, 20, 28)] == [0, 0, 0]
        with scope(cast.meridian.id):
            decided(dispute, "offered")
        assert write(cast, day(29)) == 0
        with scope(cast.meridian.id):
            decided(dispute, "declined")
        assert [write(cast, day(each)) for each in (30, 31, 44)] == [1, 0, 0]
        assert [row[:2] for row in notices(cast)] == [(1, 3), (3, 30)]

    def test_a_dispute_about_another_version_of_the_period_holds_too(self, cast: Cast, invoice: Invoice) -> None:
        with scope(cast.meridian.id):
            one = invoice.statement
            assert one is not None
            values = {field.attname: getattr(one, field.attname) for field in Statement._meta.concrete_fields}
            second = Statement.objects.create(**(values | {"id": new_id(), "version": 2}))
            dispute = a_dispute(invoice)
            Dispute.objects.create(**{
                **{field.attname: getattr(dispute, field.attname) for field in Dispute._meta.concrete_fields},
                "id": new_id(), "statement_id": second.id,
            })  # fmt: skip
            decided(dispute, "withdrawn")
        assert holds(cast, invoice, day(14)) == (11_900, "disputed")

    @pytest.mark.parametrize(
        ("there", "hold"),
        [
            ({"is_under_way": True}, "under_way"), ({"finding": {"code": "payment.key_refused"}}, "under_way"),
            ({"look_at": day(3, hour=9)}, "under_way"), ({"look_at": day(3, hour=11)}, None),
        ],
    )  # fmt: skip
    def test_what_the_provider_may_have_is_not_asked_for(
        self, cast: Cast, invoice: Invoice, there: dict[str, Any], hold: str | None
    ) -> None:
        with scope(cast.meridian.id):
            ProviderInvoice.objects.create(invoice=invoice, object_id="in_1", pay_url="https://pay.example/1", **there)
        assert holds(cast, invoice, day(3)) == (11_900, hold)
        assert write(cast, day(3)) == (hold is None)
        if hold is None:
            send(cast, day(3))
            assert "Pay here:\nhttps://pay.example/1\n" in mail.outbox[0].body

    def test_a_customer_of_whom_nobody_signs_in_is_written_to_once_somebody_does(
        self, cast: Cast, invoice: Invoice
    ) -> None:
        row = Membership.objects.get(user=cast.reader)
        row.delete()
        assert holds(cast, invoice, day(3)) == (11_900, "nobody")
        assert write(cast, day(3)) == 0
        row.save()
        assert write(cast, day(4)) == 1

    def test_a_pause_of_an_invoice_or_of_a_customer_holds_until_its_day(self, cast: Cast, invoice: Invoice) -> None:
        with scope(cast.meridian.id):
            other = an_invoice(cast.northwind, 500)
            pause_dunning(
                invoice=invoice.id, whole_customer=False, reason=" They\ncalled. ", until=day(4).date(), by=BY,
                now=day(1),
            )  # fmt: skip
        assert (holds(cast, invoice, day(4))[1], holds(cast, invoice, day(5))[1]) == ("paused", None)
        assert (write(cast, day(3)), write(cast, day(4)), write(cast, day(5))) == (1, 0, 1)
        with scope(cast.meridian.id):
            whole = pause_dunning(
                invoice=other.id, whole_customer=True, reason="Insolvent?", until=None, by=BY, now=day(6)
            )
            again = pause_dunning(
                invoice=invoice.id, whole_customer=True, reason="Insolvent.", until=None, by=BY, now=day(6)
            )
            assert (again.id, DunningPause.objects.filter(ended_at=None).count()) == (whole.id, 2)
        assert write(cast, day(30)) == 0
        with scope(cast.meridian.id):
            end_pause(pause=whole.id, by=BY, now=day(30))
            with pytest.raises(PauseNotFoundError):
                end_pause(pause=whole.id, by=BY, now=day(30))
            deeds = AuditEntry.objects.filter(action__in=("dunning.paused", "dunning.resumed")).order_by("id")
            assert [(one.action, one.subject, one.details.get("reason")) for one in deeds] == [
                ("dunning.paused", f"invoice/{invoice.id}", "They called."),
                ("dunning.paused", f"customer/{cast.northwind}", "Insolvent?"),
                ("dunning.paused", f"customer/{cast.northwind}", "Insolvent."),
                ("dunning.resumed", f"customer/{cast.northwind}", None),
            ]
        assert write(cast, day(31)) == 2


def _credit(invoice: Invoice, minor: int) -> Invoice:
    return Invoice.objects.create(
        kind=InvoiceKind.CREDIT_NOTE, number=f"{invoice.number}-C", credits=invoice, contract=invoice.contract,
        customer_id=invoice.customer_id, currency=invoice.currency, net_minor=-minor, tax_minor=0, gross_minor=-minor,
        issued_on=DUE, due_on=DUE, document={}, digest="c" * 64, issued_by=BY, issued_at=day(0),
    )  # fmt: skip


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


class TestRound:
    def test_a_round_for_all_asks_for_those_alone_whose_hour_it_is(
        self, cast: Cast, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[UUID] = []
        monkeypatch.setattr(tasks, "close_old_connections", lambda: None)
        monkeypatch.setattr(tasks.write, "apply_async", lambda args, **_: asked.append(UUID(args[0])))
        with scope(cast.stranger.id):
            turn_on()
        Tenant.objects.filter(id=cast.stranger.id).update(time_zone="Pacific/Auckland")
        monkeypatch.setattr(tasks, "utc_now", lambda: day(3))
        tasks.write_all()
        assert asked == [cast.meridian.id]
        for _ in range(2):
            tasks.write(str(cast.meridian.id))
        assert notices(cast) == [(1, 3, 11_900, "")]

    def test_what_is_looked_at_takes_as_many_queries_however_many_there_are(self, cast: Cast) -> None:
        def queries() -> int:
            rows = list(overdue_invoices(day(3).date()))
            with CaptureQueriesContext(
                connection,
            ) as seen:
                looks(rows, today=day(3).date(), now=day(3))
            return len(seen)

        with scope(cast.meridian.id):
            an_invoice(cast.northwind, 100)
            few = queries()
            for number in range(12):
                an_invoice(cast.northwind, 100 + number)
            assert (few, queries()) == (4, 4)

    def test_what_is_overdue_is_summed_by_currency(self, cast: Cast) -> None:
        with scope(cast.meridian.id):
            for minor, currency in ((100, "EUR"), (200, "EUR"), (300, "JPY"), (-50, "EUR")):
                an_invoice(cast.northwind, minor, currency=currency)
            paid = an_invoice(cast.northwind, 700)
            transfer(paid, 700)
            part = an_invoice(create_customer(name="Southwind", now=day(0)).id, 900)
            transfer(part, 100)
            assert overdue_sums(DUE) == {}
            assert overdue_sums(day(1).date()) == {"EUR": (2, 300), "JPY": (1, 300), "USD": (1, 800)}


class TestRefused:
    def test_levels_that_do_not_fit_change_nothing(self, cast: Cast) -> None:
        with scope(cast.meridian.id):
            with pytest.raises(DunningError) as bad:
                set_dunning(is_on=True, levels=[Level(5), Level(4, "{x}")], by=BY, now=day(0))
            assert [each.place for each in bad.value.findings] == ["levels/1/days", "levels/1/text"]
            assert bad.value.kept == "The levels as they were."
            with pytest.raises(DunningError, match="no level yet"):
                set_dunning(is_on=True, levels=[], by=BY, now=day(0))
            assert not AuditEntry.objects.filter(action="dunning.settings").exists()

    @pytest.mark.parametrize(
        ("wrong", "place"),
        [({"reason": " "}, "reason"), ({"reason": "x" * 201}, "reason"), ({"until": date(2027, 1, 3)}, "until")],
    )
    def test_a_pause_needs_a_reason_and_a_day_that_is_not_over(
        self, cast: Cast, invoice: Invoice, wrong: dict[str, Any], place: str
    ) -> None:
        given: dict[str, Any] = {"reason": "They called.", "until": None, "whole_customer": False} | wrong
        with scope(cast.meridian.id):
            with pytest.raises(DunningError) as bad:
                pause_dunning(invoice=invoice.id, by=BY, now=day(0), **given)
            assert (bad.value.place, bad.value.kept) == (place, "Nothing was paused.")
            assert not DunningPause.objects.exists()

    def test_a_credit_note_is_not_paused(self, cast: Cast, invoice: Invoice) -> None:
        with scope(cast.meridian.id):
            note = _credit(invoice, 5)
            with pytest.raises(DunningError, match="credit note"):
                pause_dunning(invoice=note.id, whole_customer=False, reason="x", until=None, by=BY, now=day(0))
