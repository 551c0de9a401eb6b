"""Months that settle by themselves: when, how often, and what keeps one waiting for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.contracts.models import Contract
from billing.contracts.selectors import draft_of
from billing.contracts.wording import describe
from billing.invoices.models import Invoice
from billing.reports.due import BY, SETTLE_DUE, periods_due, settle_unattended, start_due, wait_letter, waiting_periods
from billing.reports.services import Settlement, settle_period
from billing.statements.models import SettlementWait, Statement
from billing.statements.periods import open_periods
from tenants.jobs.models import Job, JobState
from tenants.jobs.services import start_job
from tenants.people.models import User
from tenants.post.models import Letter
from tenants.post.schemas import Occasion
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.signing import amended
from tests.billing.world import DECEMBER, NOVEMBER, agreement, at, body, e01, published
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
FIFTH = at("2026-12-06")
"""Five days after November, on the clocks of the contract (UTC)."""


@pytest.fixture
def meridian(cast: Cast) -> Iterator[None]:
    with scope(cast.meridian.id):
        yield


def graceful(grace: str = "P5D", **changes: Any) -> Contract:
    fleet, _ = e01()
    clause = a_clause(id="uptime", assets=fleet.ids, remedies=[AWS_TIERS], minimum_coverage="90")
    return published(agreement(fleet, clause, grace=grace, **{"title": "By itself", **changes}))


def due(now: datetime) -> list[tuple[str, str]]:
    return [(str(each.contract), each.month or f"{each.start:%m-%d}/{each.end:%m-%d}") for each in periods_due(now)]


def settled(
    contract: Contract, now: datetime = FIFTH, month: tuple[datetime, datetime] = NOVEMBER
) -> Settlement | None:
    return settle_unattended(contract=contract.id, start=month[0], end=month[1], now=now)


@pytest.mark.usefixtures("meridian")
class TestDue:
    def test_a_month_is_due_when_its_grace_time_is_over(self) -> None:
        contract = graceful()
        assert (str(contract.id), "2026-11") not in due(FIFTH - timedelta(milliseconds=1))
        assert (str(contract.id), "2026-11") in due(FIFTH)

    def test_what_ended_before_the_version_was_published_is_left_to_people(self) -> None:
        contract = graceful(effective={"from": "2025-06-01", "to": None})
        months = [month for _, month in due(FIFTH)]
        assert months == [f"2026-{number:02d}" for number in range(11, 0, -1)]
        assert {contract for contract, _ in due(FIFTH)} == {str(contract.id)}

    def test_only_the_last_twelve_months_are_looked_at(self) -> None:
        graceful()
        assert [month for _, month in due(at("2028-03-10"))][-1] == "2027-03"

    def test_without_a_grace_time_people_settle(self) -> None:
        e01()
        assert due(FIFTH) == []

    def test_a_version_without_it_ends_it(self) -> None:
        fleet, _ = e01()
        contract = published(agreement(fleet, grace="P5D"))
        amended(contract, agreement(fleet, effective={"from": "2026-11-01", "to": None}))
        assert "2026-11" not in [month for _, month in due(FIFTH)]
        assert "2026-10" in [month for _, month in due(FIFTH)]

    def test_parts_of_months_are_due_too(self) -> None:
        fleet, _ = e01()
        contract = published(agreement(fleet, grace="P5D", effective={"from": "2026-10-05", "to": None}))
        amended(contract, agreement(fleet, grace="P10D", effective={"from": "2026-11-16", "to": None}))
        assert [period for _, period in due(FIFTH)] == ["11-01/11-16", "10-05/11-01"]
        assert [period for _, period in due(at("2026-12-11"))] == ["11-16/12-01", "11-01/11-16", "10-05/11-01"]

    def test_what_two_zones_leave_between_them_is_left_to_people(self) -> None:
        fleet, _ = e01()
        tokyo, berlin = ("2026-10-01", "Asia/Tokyo"), ("2026-11-01", "Europe/Berlin")
        wanted = agreement(fleet, grace="P5D", effective={"from": tokyo[0], "to": None}, time_zone=tokyo[1])
        contract = published(wanted)
        later = agreement(fleet, grace="P5D", effective={"from": berlin[0], "to": None}, time_zone=berlin[1])
        amended(contract, later)
        assert [period for _, period in due(FIFTH)] == ["2026-11", "2026-10"]
        assert [each.name for each in open_periods(contract.id, FIFTH)] == [
            "October 2026", "01 Nov 2026 00:00 to 01 Nov 2026 08:00", "November 2026",
        ]  # fmt: skip

    def test_some_time_that_has_a_statement_is_not_due(self) -> None:
        contract = graceful()
        settled(contract, FIFTH, (at("2026-11-01"), at("2026-11-16")))
        assert next(period for _, period in due(FIFTH)) == "11-16/12-01"

    def test_statements_of_long_ago_are_not_read(self) -> None:
        contract = graceful()
        settled(contract)
        with CaptureQueriesContext(connection) as asked:
            due(at("2028-06-10"))
        assert '"period_start" > \'2026-05-' in asked[1]["sql"]

    def test_it_takes_two_queries(self) -> None:
        graceful()
        with CaptureQueriesContext(connection) as few:
            periods_due(FIFTH)
        graceful(title="Another")
        with CaptureQueriesContext(connection) as more:
            periods_due(FIFTH)
        assert len(few) == len(more) == 2


@pytest.mark.usefixtures("meridian")
class TestJobs:
    def test_each_month_is_started_once(self) -> None:
        contract = graceful()
        number = start_due(now=FIFTH)
        assert number == len(due(FIFTH)) == 11
        assert start_due(now=FIFTH) == 0
        november = {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
        job = Job.objects.filter(kind=SETTLE_DUE, params__start=november["start"]).get()
        assert (job.params, job.created_by) == ({"contract": str(contract.id), **november}, BY)

    def test_one_that_was_started_by_its_month_is_not_started_again(self) -> None:
        contract = graceful()
        params = {"contract": str(contract.id), "month": "2026-11"}
        start_job(kind=SETTLE_DUE, params=params, by=BY, now=FIFTH)
        assert start_due(now=FIFTH) == 10
        assert not Job.objects.filter(params__start="2026-11-01T00:00:00Z").exists()

    def test_what_waits_is_tried_again_after_a_day(self) -> None:
        contract = graceful()
        start_due(now=FIFTH)
        Job.objects.update(state=JobState.DONE)
        for each in periods_due(FIFTH):
            SettlementWait.objects.create(contract=contract, period_start=each.start, why="no", looked_at=FIFTH)
        assert start_due(now=FIFTH + timedelta(hours=23)) == 0
        assert start_due(now=FIFTH + timedelta(hours=24)) == 11


@pytest.mark.usefixtures("meridian")
class TestSettling:
    def test_it_is_settled_as_a_person_would(self) -> None:
        contract = graceful()
        done = settled(contract)
        assert done is not None
        assert (done.statement.sealed_by, done.statement.period_start) == (BY, NOVEMBER[0])
        assert done.invoice is not None
        assert settled(contract) == done
        assert "2026-11" not in [month for _, month in due(FIFTH)]
        assert waiting_periods(contract) == []

    def test_nobody_is_charged_by_itself_on_what_is_not_known(self, cast: Cast) -> None:
        contract = graceful()
        assert settled(contract, at("2027-01-06"), DECEMBER) is None
        assert (Statement.objects.count(), Invoice.objects.count()) == (0, 0)
        ((name, row),) = waiting_periods(contract)
        assert name == "December 2026"
        assert "Too little is known of this period for " in row.why
        assert AuditEntry.objects.get(action="settlement.waits").subject == f"contract/{contract.id}"
        waits = Letter.objects.get(kind="settlement")
        about = Occasion(cast.meridian, waits.about, waits.facts, waits.customer, at("2027-01-06"))
        letter = wait_letter(about)
        assert letter is not None
        assert (waits.user, letter.subject) == (
            cast.owner.id, "Meridian Engines: December 2026 waits to be settled"
        )  # fmt: skip
        assert row.why in letter.body
        assert settled(contract, at("2027-01-07"), DECEMBER) is None
        assert Letter.objects.filter(kind="settlement").count() == 1
        assert SettlementWait.objects.get().looked_at == at("2027-01-07")
        later = at("2027-01-08")
        settle_period(contract=contract.id, start=DECEMBER[0], end=DECEMBER[1], by="owner", now=later)
        assert (waiting_periods(contract), wait_letter(about)) == ([], None)
        assert settled(contract, later, DECEMBER) is not None
        assert SettlementWait.objects.count() == 0

    def test_whatever_keeps_it_from_being_settled_is_told(self) -> None:
        contract = graceful(effective={"from": "2026-12-01", "to": None})
        assert settled(contract) is None
        ((_, row),) = waiting_periods(contract)
        assert "No published version holds from 2026-11-01T00:00:00Z" in row.why


@pytest.mark.usefixtures("meridian")
def test_the_sentence_says_when() -> None:
    assert (
        "Each month is settled 5 days after its end on what is received by then; what comes later corrects it in the "
        "next one." in describe(draft_of(graceful()))
    )
    assert "Each month is settled as soon as it is over on" in "\n".join(describe(draft_of(graceful("PT0S"))))


def test_the_page_of_the_contract_tells_what_waits(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        contract = graceful(effective={"from": "2026-12-01", "to": None})
        assert settled(contract) is None
    page = body(sign_in(cast.owner), f"/t/meridian/contracts/{contract.slug}/statements/")
    assert "November 2026 did not settle by itself." in page
    assert "No published version holds from" in page
