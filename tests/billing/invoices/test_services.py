"""Invoices on the real database: equal to the statement, numbered without gaps, booked in balance."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum

from billing.contracts.models import Contract
from billing.invoices.domain.sums import Amounts
from billing.invoices.models import Invoice, InvoiceSeries, LedgerEntry, LedgerLeg
from billing.invoices.selectors import InvoiceNotFoundError, balances, invoice, invoice_of, invoices, legs_of
from billing.invoices.services import ChargedLaterError, InvoiceMismatchError, issue_invoice
from billing.invoices.writing import Wanted, write_invoice
from billing.outcomes.services import run_outcome
from billing.statements.models import Statement
from billing.statements.selectors import StatementNotFoundError, adjustments_of, charged_in
from billing.statements.services import restate_statement, seal_statement
from tenants.kernel.canonical import digest
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import a_clause
from tests.billing.world import BY, NOVEMBER, a_fleet, agreement, at, e01, fly_daily, published, say, visit

NOW = at("2026-12-05")


class Undone(Exception):  # noqa: N818 - no error
    """Undoes a transaction."""


def seal(contract: Contract, period: tuple[Any, Any] = NOVEMBER, now: str = "2026-12-05") -> Statement:
    run = run_outcome(
        contract=contract.id, period_start=period[0], period_end=period[1], as_of=at(now), by=BY, now=at(now)
    )
    return seal_statement(run=run.id, by=BY, now=at(now))


def issue(statement: Statement, now: str = "2026-12-05") -> Invoice:
    return issue_invoice(statement=statement.id, by=BY, now=at(now))


def zero_sum() -> bool:
    totals = LedgerLeg.objects.values("entry", "currency").annotate(total=Sum("minor"))
    return all(each["total"] == 0 for each in totals)


@pytest.mark.django_db
class TestInvoices:
    @pytest.fixture(autouse=True)
    def _meridian(self, tenant: Tenant) -> Any:
        with scope(tenant.id):
            yield

    def test_an_invoice_comes_to_what_the_statement_says(self) -> None:
        fleet, _ = e01()
        contract = published(agreement(fleet, tax_percent="19", payment_days=14))
        made = issue(seal(contract))
        assert (made.kind, made.number) == ("invoice", "ME-2026-0001")
        assert (made.net_minor, made.tax_minor, made.gross_minor) == (1_080_000, 205_200, 1_285_200)
        assert (made.issued_on.isoformat(), made.due_on.isoformat()) == ("2026-12-05", "2026-12-19")
        assert made.document["lines"] == made.statement.document["lines"]
        assert made.document["statement"] == made.statement.digest
        assert made.digest == digest(made.document)
        assert [(leg.account, leg.minor) for leg in legs_of(made)] == [
            ("receivable", 1_285_200),
            ("tax", -205_200),
            ("revenue.fees", -1_200_000),
            ("revenue.outcomes", 120_000),
        ]
        assert zero_sum()
        assert AuditEntry.objects.get(action="invoice.issued").details["number"] == "ME-2026-0001"
        assert invoice(made.id) == made

    def test_a_statement_is_invoiced_once(self) -> None:
        _, contract = e01()
        statement = seal(contract)
        assert issue(statement) == issue(statement, "2026-12-24") == invoice_of(statement.id)
        assert Invoice.objects.count() == LedgerEntry.objects.count() == 1
        with pytest.raises(StatementNotFoundError):
            issue_invoice(statement=new_id(), by=BY, now=NOW)
        with pytest.raises(InvoiceNotFoundError):
            invoice(new_id())

    def test_numbers_count_by_year_and_kind(self) -> None:
        fleet, _ = e01()
        contracts = [published(agreement(fleet, title=f"Contract {number}")) for number in range(4)]
        years = ["2026-12-05", "2026-12-31", "2027-01-01", "2027-01-02"]
        made = [issue(seal(contract), now) for contract, now in zip(contracts, years, strict=True)]
        assert [each.number for each in made] == ["ME-2026-0001", "ME-2026-0002", "ME-2027-0001", "ME-2027-0002"]
        assert balances()["receivable", "USD"] == 4 * 1_080_000

    def test_what_is_taken_back_is_a_credit_note_however_its_taxes_are_rounded(self) -> None:
        made = issue(seal(e01()[1]))
        lines = [{"kind": "adjustment", "clause": "credit", "text": "Goodwill", "minor": -1}]
        note = write_invoice(
            Wanted(
                statement=None, credits=made, entity=None, contract=made.contract_id, customer=made.customer_id,
                currency="USD", lines=lines, sums=Amounts(-1, 2), issued_on=NOW.date(), due_on=NOW.date(),
                document={"statement": made.document["statement"]},
            ),
            by=BY, now=NOW,
        )  # fmt: skip
        assert (note.kind, note.document["kind"], note.number) == ("credit_note", "credit_note", "ME-CN-2026-0001")
        assert (note.gross_minor, Amounts(-1, 2).kind) == (1, "invoice")

    def test_the_year_is_that_of_the_contracts_zone(self) -> None:
        fleet, _ = e01()
        contract = published(agreement(fleet, time_zone="Asia/Tokyo"))
        run = run_outcome(
            contract=contract.id, period_start=at("2026-10-31T15:00"), period_end=at("2026-11-30T15:00"), as_of=NOW,
            by=BY, now=NOW,
        )  # fmt: skip
        made = issue(seal_statement(run=run.id, by=BY, now=NOW), "2026-12-31T15:00")
        assert (made.number, made.issued_on.isoformat()) == ("ME-2027-0001", "2027-01-01")

    def test_a_failure_leaves_no_gap(self) -> None:
        fleet, _ = e01()
        first, second = (seal(published(agreement(fleet, title=title))) for title in ("One", "Two"))
        with suppress(Undone), transaction.atomic():
            issue(first)
            raise Undone
        assert issue(second).number == "ME-2026-0001"
        assert issue(first).number == "ME-2026-0002"

    def test_a_statement_that_does_not_add_up_is_not_invoiced(self) -> None:
        _, contract = e01()
        good = seal(contract)
        document = good.document | {"lines": [{**good.document["lines"][0], "minor": 1}]}
        bad = Statement.objects.create(
            contract=good.contract, contract_version=good.contract_version, run=good.run, version=1, currency="USD",
            period_start=at("2026-10-01"), period_end=at("2026-11-01"), total_minor=1_080_000, document=document,
            digest="0" * 64, sealed_by=BY, sealed_at=NOW,
        )  # fmt: skip
        with pytest.raises(InvoiceMismatchError) as error:
            issue(bad)
        assert error.value.status == 409
        assert (Invoice.objects.count(), LedgerLeg.objects.count(), InvoiceSeries.objects.count()) == (0, 0, 0)

    def test_what_the_customer_is_owed_becomes_a_credit_note(self) -> None:
        """A month whose adjustments come to more than its fee."""
        fleet = a_fleet("2026-10-29", "2026-12-01")
        engine = fleet.engines[0]
        tiers = {"kind": "tiers", "tiers": [{"below": "99.9", "credit": "250"}]}
        clause = a_clause(id="uptime", assets=fleet.ids, remedies=[tiers])
        contract = published(agreement(fleet, clause, tax_percent="19"))
        november = seal(contract)
        assert issue(november).number == "ME-2026-0001"
        visit(engine, "2026-11-10T02:00", "2026-11-10T12:00", told="2026-12-10")
        assert restate_statement(statement=november.id, by=BY, now=at("2026-12-11")) is not None
        fly_daily(fleet, "2026-12-02", "2026-12-31")
        december = seal(contract, (at("2026-12-01"), at("2027-01-01")), "2027-01-03")
        assert december.total_minor == 1_200_000 - 3_000_000
        note = issue(december, "2027-01-03")
        assert (note.kind, note.number) == ("credit_note", "ME-CN-2027-0001")
        assert (note.net_minor, note.tax_minor, note.gross_minor) == (-1_800_000, -342_000, -2_142_000)
        assert zero_sum()
        assert balances()["receivable", "USD"] == 1_428_000 - 2_142_000

    def test_a_difference_is_charged_in_the_next_statement(self) -> None:
        fleet, contract = e01()
        first = seal(contract)
        say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-10")
        second = restate_statement(statement=first.id, by=BY, now=at("2026-12-11"))
        assert second is not None
        with pytest.raises(ChargedLaterError) as error:
            issue(second)
        assert error.value.status == 409
        fly_daily(fleet, "2026-12-02", "2026-12-31")
        assert issue(seal(contract, (at("2026-12-01"), at("2027-01-01")), "2027-01-03")).net_minor == 1_320_000
        with pytest.raises(ChargedLaterError):
            issue(second)

    @pytest.mark.parametrize(
        ("kind", "told", "net"),
        [("shop_out", "2026-11-10T12:20", 120_000), ("failed", "2026-11-20T02:00", -180_000)],
    )
    def test_after_the_last_period_a_difference_is_charged_on_its_own(self, kind: str, told: str, net: int) -> None:
        fleet, _ = e01()
        contract = published(agreement(fleet, effective={"from": "2026-01-01", "to": "2026-12-01"}))
        first = seal(contract)
        issue(first)
        say(fleet.engines[0], kind, told, told="2026-12-10")
        if kind == "failed":
            say(fleet.engines[0], "returned", "2026-11-20T12:00", told="2026-12-10")
        second = restate_statement(statement=first.id, by=BY, now=at("2026-12-11"))
        assert second is not None
        made = issue(second, "2026-12-11")
        assert (made.net_minor, made.kind) == (net, "invoice" if net > 0 else "credit_note")
        assert made.document["lines"] == [
            {"kind": "adjustment", "clause": "uptime", "text": "November 2026, version 2: uptime", "minor": net}
        ]
        (adjustment,) = adjustments_of(second)
        assert charged_in(adjustment.id) == second
        assert issue(second) == made
        assert zero_sum()

    def test_invoices_and_bookings_stay_as_they_are(self) -> None:
        issue(seal(e01()[1]))
        changes: list[tuple[Any, dict[str, Any]]] = [
            (Invoice, {"gross_minor": 0}),
            (LedgerEntry, {"text": "forged"}),
            (LedgerLeg, {"minor": 0}),
        ]
        for model, change in changes:
            assert model.objects.exists()
            attempts = partial(model.objects.update, **change), partial(model.objects.all()._raw_delete, "default")
            for attempt in attempts:
                with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                    attempt()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
class TestTheDatabaseItself:
    def test_a_booking_that_does_not_sum_to_zero_is_never_committed(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            made = issue(seal(e01()[1]))
            entry = LedgerEntry.objects.get(invoice=made)
        with pytest.raises(IntegrityError, match="do not sum to zero in USD") as error, scope(tenant.id):
            LedgerLeg.objects.create(entry=entry, account="receivable", currency="USD", minor=1)
        assert getattr(error.value.__cause__, "sqlstate", "") == "23514"
        with pytest.raises(IntegrityError, match="do not sum to zero in EUR"), scope(tenant.id):
            LedgerLeg.objects.create(entry=entry, account="receivable", currency="EUR", minor=1)
        with scope(tenant.id):
            LedgerLeg.objects.create(entry=entry, account="receivable", currency="USD", minor=1)
            LedgerLeg.objects.create(entry=entry, account="tax", currency="USD", minor=-1)
            assert zero_sum()

    def test_two_who_invoice_at_once_get_numbers_without_a_gap(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            fleet, _ = e01()
            statements = [seal(published(agreement(fleet, title=f"Contract {number}"))) for number in range(6)]
        ready, failures = threading.Barrier(2), list[BaseException]()

        def invoice_some(chosen: list[Statement]) -> None:
            try:
                ready.wait(timeout=30)
                for statement in chosen:
                    with suppress(Undone), scope(tenant.id):
                        issue(statement)
                        raise Undone
                    with scope(tenant.id):
                        issue(statement)
            except BaseException as error:  # noqa: BLE001 - told to the test's own thread
                failures.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=invoice_some, args=(statements[at::2],)) for at in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert failures == []
        with scope(tenant.id):
            assert sorted(each.number for each in invoices()) == [f"ME-2026-{number:04d}" for number in range(1, 7)]
            assert InvoiceSeries.objects.get().last == 6
            assert zero_sum()

    def test_one_statement_invoiced_twice_at_once_is_one_invoice(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            statement = seal(e01()[1])
        ready, numbers = threading.Barrier(2), list[str]()

        def invoice_it() -> None:
            try:
                ready.wait(timeout=30)
                with scope(tenant.id):
                    numbers.append(issue(statement).number)
            finally:
                connection.close()

        threads = [threading.Thread(target=invoice_it) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert numbers == ["ME-2026-0001", "ME-2026-0001"]
        with scope(tenant.id):
            assert Invoice.objects.count() == 1
