"""Two who settle at once, on two real connections: neither loses what the other did, and none waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from billing.contracts.models import Contract
from billing.contracts.selectors import locked_contract
from billing.invoices.writing import hold_numbers
from billing.outcomes.services import run_outcome
from billing.reports.services import Settlement, settle_period
from billing.statements.models import Statement
from billing.statements.services import seal_statement
from tenants.record.services import hold_log
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.world import BY, DECEMBER, NOVEMBER, agreement, at, e01, fly_daily, published, visit

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def settle(contract: UUID, period: tuple[datetime, datetime], now: str) -> Settlement:
    return settle_period(contract=contract, start=period[0], end=period[1], by=BY, now=at(now))


class _Other(threading.Thread):
    """Somebody on a connection of their own; `is_at_log` is set when they come to the log, or are done."""

    def __init__(self, tenant: UUID, do: Callable[[], object]) -> None:
        super().__init__()
        self.tenant, self.do = tenant, do
        self.is_at_log = threading.Event()
        self.failures: list[BaseException] = []

    def run(self) -> None:
        try:
            with connection.execute_wrapper(self._note), scope(self.tenant):
                self.do()
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            self.failures.append(error)
        finally:
            self.is_at_log.set()
            connection.close()

    def _note(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if 'FROM "tenants_log"' in sql and "FOR UPDATE" in sql:
            self.is_at_log.set()
        return execute(sql, params, many, context)

    def done(self) -> None:
        self.join(timeout=60)
        assert not self.is_alive()
        assert self.failures == []


def sealed_over_the_api(contract: Contract) -> Statement:
    """A month with a statement, and without an invoice or a report."""
    now = at("2026-12-05")
    run = run_outcome(contract=contract.id, period_start=NOVEMBER[0], period_end=NOVEMBER[1], as_of=now, by=BY, now=now)
    return seal_statement(run=run.id, by=BY, now=now)


def test_who_finds_a_statement_takes_the_log_before_the_numbers(tenant: Tenant) -> None:
    with scope(tenant.id):
        statement = sealed_over_the_api(e01()[1])
    other = _Other(tenant.id, lambda: settle(statement.contract_id, NOVEMBER, "2026-12-06"))
    with scope(tenant.id):
        hold_log(now=at("2026-12-06"))  # as whoever has just sealed a statement of another contract
        other.start()
        assert other.is_at_log.wait(timeout=60)
        hold_numbers()  # and now issues its invoice: who waits for the log has none of the numbers
    other.done()
    with scope(tenant.id):
        assert settle(statement.contract_id, NOVEMBER, "2026-12-07").report.made_at == at("2026-12-06")


def test_two_months_settled_at_once_share_the_limit_of_their_year(tenant: Tenant) -> None:
    with scope(tenant.id):
        fleet, _ = e01()
        fly_daily(fleet, "2026-12-02", "2026-12-31")
        visit(fleet.engines[0], "2026-12-10T12:00", "2026-12-10T12:50", told="2026-12-10T13:00")
        contract = published(agreement(fleet, title="With a limit", year_cap_minor=150_000)).id
    other = _Other(tenant.id, lambda: settle(contract, DECEMBER, "2027-01-05T00:00:00"))
    with scope(tenant.id):
        locked_contract(contract)
        other.start()
        settle(contract, NOVEMBER, "2027-01-05T00:00:01")
    other.done()
    with scope(tenant.id):
        found = Statement.objects.filter(contract_id=contract).order_by("period_start")
        assert [(row.credits_minor, row.sealed_at) for row in found] == [
            (120_000, at("2027-01-05T00:00:01")), (30_000, at("2027-01-05T00:00:01")),
        ]  # fmt: skip
