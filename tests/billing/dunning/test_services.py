"""Letters about invoices that are overdue: which level, on which day, once, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.dunning import tasks
from billing.dunning.domain import Level
from billing.dunning.models import DunningPause
from billing.dunning.selectors import history_of, looks, overdue_invoices, overdue_sums
from billing.dunning.services import (
    DunningError,
    is_hour,
    pause_dunning,
    set_dunning,
    write_due,
)
from billing.invoices.models import Invoice
from tenants.customers.services import create_customer
from tenants.post.schemas import Delivery
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.dunning.world import LEVELS, a_credit, day, notices, send, turn_on, write
from tests.billing.payments.world import BY, DUE, an_invoice, transfer
from tests.billing.world import at
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


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

    @pytest.mark.parametrize(
        ("paid_to", "told"),
        [
            ({"account": "DE89370400440532013000", "bank": "COBADEFFXXX"}, "DE89 3704 0044 0532 0130 00 (COBADEFFXXX)"),
            ({"account": "1234567890"}, "1234567890"),
            ({}, "the account that you know from us"),
        ],
    )
    def test_the_account_on_the_invoice_is_told(self, cast: Cast, paid_to: dict[str, str], told: str) -> None:
        with scope(cast.meridian.id):
            turn_on()
            made = an_invoice(cast.northwind, 10_000, seller={"name": "Meridian Engines GmbH", **paid_to})
        assert write(cast, day(3)) == 1
        send(cast, day(3))
        (letter,) = mail.outbox
        assert f"Please pay by bank transfer to {told}, with the reference {made.number}.\n" in str(letter.body)

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
            note = a_credit(invoice, 5)
            with pytest.raises(DunningError, match="credit note"):
                pause_dunning(invoice=note.id, whole_customer=False, reason="x", until=None, by=BY, now=day(0))
