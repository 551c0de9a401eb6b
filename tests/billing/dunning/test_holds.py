"""Nothing is written where nothing is to be asked for: paid, credited, disputed, under way, paused, nobody there."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from billing.disputes.models import Dispute
from billing.dunning.models import DunningPause
from billing.dunning.services import (
    PauseNotFoundError,
    end_pause,
    pause_dunning,
)
from billing.invoices.models import Invoice
from billing.payments.models import ProviderInvoice
from billing.payments.services import follow_issue
from billing.statements.models import Statement
from tenants.kernel.ids import new_id
from tenants.people.models import Membership
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.billing.dunning.world import a_credit, a_dispute, day, decided, holds, notices, send, write
from tests.billing.payments.world import BY, an_invoice, transfer
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


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
            note = a_credit(invoice, 11_900)
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
