"""The limit of a contract year: what the other settled periods have credited is gone, and the rest is what is left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from billing.contracts.models import Contract
from billing.contracts.periods import PeriodError, contract_year
from billing.contracts.registry import settled_periods
from billing.outcomes.models import OutcomeRun
from billing.outcomes.services import Assumption, run_outcome
from billing.outcomes.years import YearCurrencyError, left_of_year
from billing.reports.bundles import Bundle
from billing.reports.selectors import proof_ok, proven_bundle
from billing.reports.services import Settlement, restate_period, settle_period
from billing.statements.models import LateEvidence, Statement
from billing.statements.services import NotBillableError, seal_statement
from tenants.kernel.calendars import time_zone
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.signing import amended
from tests.billing.world import BY, Fleet, a_fleet, agreement, at, fly_daily, published, say, visit

UTC_ZONE, BERLIN = time_zone("UTC"), time_zone("Europe/Berlin")


class TestContractYears:
    @pytest.mark.parametrize(
        ("first", "moment", "start", "end"),
        [
            ("2026-01-01", "2026-01-01", "2026-01-01", "2027-01-01"),
            ("2026-01-01", "2026-12-31T23:59:59", "2026-01-01", "2027-01-01"),
            ("2026-03-15", "2028-03-14", "2027-03-15", "2028-03-15"),
            ("2026-03-15", "2028-03-15", "2028-03-15", "2029-03-15"),
            ("2024-02-29", "2025-02-28", "2024-02-29", "2025-03-01"),
            ("2024-02-29", "2025-03-01", "2025-03-01", "2026-03-01"),
            ("2024-02-29", "2028-02-29", "2028-02-29", "2029-03-01"),
        ],
    )
    def test_they_begin_on_the_anniversaries_of_the_first_day(
        self, first: str, moment: str, start: str, end: str
    ) -> None:
        assert contract_year(date.fromisoformat(first), at(moment), UTC_ZONE) == (at(start), at(end))

    def test_on_the_clocks_of_the_zone(self) -> None:
        start, end = at("2026-06-30T22:00"), at("2027-06-30T22:00")
        assert contract_year(date(2024, 7, 1), start, BERLIN) == (start, end)
        assert contract_year(date(2024, 7, 1), at("2026-06-30T21:59:59"), BERLIN)[1] == start

    @given(st.dates(date(1990, 1, 1), date(2100, 12, 31)), st.integers(0, 3650 * 24))
    def test_each_moment_lies_in_one_year_and_years_follow_each_other(self, first: date, hours: int) -> None:
        begun = datetime.combine(first, datetime.min.time(), BERLIN)
        moment = at("1990-01-01") if hours < 0 else datetime.fromtimestamp(begun.timestamp() + hours * 3600, UTC_ZONE)
        start, end = contract_year(first, moment, BERLIN)
        assert start <= moment < end
        assert contract_year(first, end, BERLIN)[0] == end
        assert 364 <= (end - start).days <= 367

    @given(st.integers(0, 10**9), st.lists(st.integers(0, 10**8), max_size=12))
    def test_what_is_left_never_lets_credits_exceed_the_limit(self, cap: int, asked: list[int]) -> None:
        granted: list[int] = []
        for credit in asked:
            granted.append(min(credit, left_of_year(cap, granted)))
        assert sum(granted) == min(cap, sum(asked))
        assert left_of_year(cap, [cap + 1]) == 0


MONTHS = {
    number: (at(f"2026-{number:02}-01"), at(f"2026-{number + 1:02}-01" if number < 12 else "2027-01-01"))
    for number in (9, 10, 11, 12)
}
CAP = 250_000


@pytest.mark.django_db
class TestLimits:
    @pytest.fixture(autouse=True)
    def _meridian(self, tenant: Tenant) -> Iterator[None]:
        with scope(tenant.id):
            yield

    @pytest.fixture
    def fleet(self) -> Fleet:
        """One engine, 3000 s in the shop in each of three months: 1,200.00 USD of credit for each."""
        fleet = a_fleet("2026-08-29", "2026-10-01")
        for first, last in (("2026-10-02", "2026-11-01"), ("2026-11-02", "2026-12-01"), ("2026-12-02", "2026-12-31")):
            fly_daily(fleet, first, last)
        for month in (9, 10, 11):
            day = f"2026-{month:02}-10"
            visit(fleet.engines[0], f"{day}T12:00", f"{day}T12:50", told=f"{day}T13:00")
        return fleet

    @pytest.fixture
    def contract(self, fleet: Fleet) -> Contract:
        """From September 2026 on, with 2,500.00 USD of credits a year at most."""
        return published(agreement(fleet, effective={"from": "2026-09-01", "to": None}, year_cap_minor=CAP))

    def settle(self, contract: Contract, month: int, now: str = "2027-01-05") -> Settlement:
        start, end = MONTHS[month]
        return settle_period(contract=contract.id, start=start, end=end, by=BY, now=at(now))

    def run(self, contract: Contract, start: str, end: str, **more: Any) -> OutcomeRun:
        now = at("2027-10-05")
        wanted: dict[str, Any] = {"as_of": now, "by": BY, "now": now} | more
        return run_outcome(contract=contract.id, period_start=at(start), period_end=at(end), **wanted)

    def test_the_limit_is_used_up_month_by_month(self, contract: Contract) -> None:
        done = [self.settle(contract, month) for month in (9, 10, 11)]
        assert [one.statement.credits_minor for one in done] == [120_000, 120_000, 10_000]
        assert [one.statement.total_minor for one in done] == [1_080_000, 1_080_000, 1_190_000]
        digests = [one.statement.digest for one in done]
        document = done[2].statement.run.document
        assert document["year_cap"] == {
            "from": "2026-09-01T00:00:00Z",
            "to": "2027-09-01T00:00:00Z",
            "cap_minor": CAP,
            "credited": [{"statement": digest, "credits_minor": 120_000} for digest in digests[:2]],
            "remaining_minor": 10_000,
        }
        assert document["relies_on"]["statement"] == digests[:2]
        assert document["outcome"]["workings"]["caps"]["year_limit"] == 10_000

    def test_the_report_says_and_recomputes_it(self, contract: Contract) -> None:
        done = [self.settle(contract, month) for month in (9, 10, 11)]
        assert proof_ok(done[2].report)
        bundle = Bundle.read(proven_bundle(done[2].report))
        assert bundle.recomputes()
        assert bundle.rate_document()["contract"]["caps"]["year_remaining_minor"] == 10_000
        assert bundle.documents["contract_version"][bundle.statement["relies_on"]["contract_version"][0]]["terms"][
            "caps"
        ] == {"period_percent": None, "year_remaining_minor": None}
        assert "statement" not in bundle.documents

    def test_the_same_question_gives_the_same_run(self, contract: Contract) -> None:
        self.settle(contract, 9, "2026-10-05")
        first = self.run(contract, "2026-10-01", "2026-11-01", as_of=at("2026-11-03"))
        self.settle(contract, 11, "2026-12-05")
        again = self.run(contract, "2026-10-01", "2026-11-01", as_of=at("2026-11-03"))
        assert (first.id, first.document["year_cap"]["remaining_minor"]) == (again.id, 130_000)
        later = self.run(contract, "2026-10-01", "2026-11-01", as_of=at("2026-12-06"))
        assert later.document["year_cap"]["remaining_minor"] == 10_000

    def test_restating_an_earlier_period_never_credits_more_than_the_year_has_left(
        self, fleet: Fleet, contract: Contract
    ) -> None:
        september, october, november = (self.settle(contract, month) for month in (9, 10, 11))
        visit(fleet.engines[0], "2026-09-12", "2026-09-14", told="2026-10-20")
        new = restate_period(statement=september.statement.id, by=BY, now=at("2027-01-06"))
        assert new is not None
        caps = new.statement.run.document["outcome"]["workings"]["caps"]
        assert (caps["asked"], caps["year_limit"], caps["granted"]) == (1_200_000, 120_000, 120_000)
        assert (new.statement.version, new.statement.total_minor) == (2, september.statement.total_minor)
        others = [october.statement, november.statement]
        assert sum(one.credits_minor or 0 for one in [new.statement, *others]) == CAP

    def test_what_a_restated_period_gives_back_is_there_for_the_next(self, fleet: Fleet, contract: Contract) -> None:
        done = [self.settle(contract, month, f"2026-{month + 1}-05") for month in (9, 10, 11)]
        say(fleet.engines[0], "shop_out", "2026-10-10T12:20", told="2026-11-20")
        new = restate_period(statement=done[1].statement.id, by=BY, now=at("2026-12-05T01:00"))
        assert new is not None
        assert (new.statement.version, new.statement.credits_minor) == (2, 0)
        third = restate_period(statement=done[2].statement.id, by=BY, now=at("2026-12-05T02:00"))
        assert third is not None
        assert third.statement.credits_minor == 120_000
        assert third.statement.run.document["relies_on"]["statement"] == [
            done[0].statement.digest, new.statement.digest,
        ]  # fmt: skip
        assert restate_period(statement=third.statement.id, by=BY, now=at("2026-12-06")) is None

    def test_a_period_settled_before_an_earlier_one_leaves_less(self, contract: Contract) -> None:
        done = [self.settle(contract, month) for month in (11, 10, 9)]
        assert [one.statement.credits_minor for one in done] == [120_000, 120_000, 10_000]

    def test_a_run_is_not_sealed_once_other_credits_leave_less_than_it_counted(self, contract: Contract) -> None:
        now = at("2027-01-05")

        def rate(month: int) -> OutcomeRun:
            start, end = MONTHS[month]
            return run_outcome(contract=contract.id, period_start=start, period_end=end, as_of=now, by=BY, now=now)

        def seal(run: OutcomeRun) -> Statement:
            return seal_statement(run=run.id, by=BY, now=at("2027-01-06"))

        runs = [rate(month) for month in (9, 10, 11, 12)]
        assert {run.document["year_cap"]["remaining_minor"] for run in runs} == {CAP}
        sealed = [seal(runs[3])]  # nothing is credited for December: what the others counted is left
        sealed += [seal(runs[0])]
        for run in runs[1:3]:
            with pytest.raises(NotBillableError) as error:
                seal(run)
        assert (error.value.code, error.value.place) == ("statement.not_billable", "run")
        assert error.value.message == (
            "The year has 130000 minor units left to be credited, and the run counted on 250000."
        )
        assert (error.value.kept, error.value.fix) == (
            "The run. Nothing was sealed.", "Rate the period again, and seal that run.",
        )  # fmt: skip
        now = at("2027-01-07")
        sealed += [seal_statement(run=rate(month).id, by=BY, now=now) for month in (10, 11)]
        assert [one.credits_minor for one in sealed] == [0, 120_000, 120_000, 10_000]
        assert seal(runs[0]).id == sealed[1].id  # the same run gives the same statement for ever

    def test_of_two_who_settle_at_once_the_second_counts_what_the_first_credited(self, contract: Contract) -> None:
        self.settle(contract, 9, "2026-10-05")
        first = self.settle(contract, 11)
        second = self.settle(contract, 10, "2027-01-04T23:59:58")  # it looked at the clock, then waited for the first
        assert (first.statement.credits_minor, second.statement.credits_minor) == (120_000, 10_000)
        assert second.statement.sealed_at == second.statement.run.as_of == first.statement.sealed_at
        assert second.statement.document["as_of"] == second.statement.document["sealed_at"] == "2027-01-05T00:00:00Z"
        assert second.invoice is not None
        assert second.invoice.issued_at == second.report.made_at == first.statement.sealed_at
        assert proof_ok(second.report)

    def test_of_two_who_settle_and_restate_at_once_as_well(self, fleet: Fleet, contract: Contract) -> None:
        september = self.settle(contract, 9, "2026-10-05")
        visit(fleet.engines[0], "2026-09-12", "2026-09-14", told="2026-10-20")
        self.settle(contract, 10)
        waited = at("2027-01-05") - timedelta(seconds=2)
        new = restate_period(statement=september.statement.id, by=BY, now=waited)
        assert new is not None
        assert (new.statement.credits_minor, new.statement.sealed_at) == (130_000, at("2027-01-05"))
        assert restate_period(statement=september.statement.id, by=BY, now=waited) is None
        row = LateEvidence.objects.get(contract=contract, period_start=MONTHS[9][0])
        assert row.rated_at == new.statement.sealed_at

    def test_nobody_settles_by_a_clock_that_is_hours_behind(self, fleet: Fleet, contract: Contract) -> None:
        self.settle(contract, 9)
        for month in (10, 11):
            with pytest.raises(NotBillableError) as error:
                self.settle(contract, month, "2027-01-04T22:59:59")
        assert error.value.message == (
            "The contract was last settled on what was known at 2027-01-05T00:00:00Z, which is later."
        )
        assert (error.value.place, error.value.fix) == ("contract", "Set the clock right, and try again.")
        plain = published(agreement(fleet, effective={"from": "2026-09-01", "to": None}))
        for month, now in ((10, "2027-01-05"), (9, "2026-12-05")):
            assert self.settle(plain, month, now).statement.sealed_at == at(now)

    def test_a_new_year_has_a_limit_of_its_own(self, contract: Contract) -> None:
        for month in (9, 10, 11):
            self.settle(contract, month)
        october = self.run(contract, "2027-09-01", "2027-10-01")
        assert october.document["year_cap"] == {
            "from": "2027-09-01T00:00:00Z", "to": "2028-09-01T00:00:00Z", "cap_minor": CAP, "credited": [],
            "remaining_minor": CAP,
        }  # fmt: skip
        assert october.document["relies_on"]["statement"] == []

    def test_a_period_across_an_anniversary_is_settled_in_two_parts(self, contract: Contract) -> None:
        with pytest.raises(PeriodError) as error:
            self.run(contract, "2027-08-15", "2027-09-15")
        assert error.value.message == (
            "A new year of the contract, with a limit of its own, begins at 2027-09-01T00:00:00Z, within the period."
        )
        assert (error.value.place, error.value.fix) == ("end", "Settle up to that moment, and from it on.")
        for start, end in (("2027-08-15", "2027-09-01"), ("2027-09-01", "2027-09-15")):
            assert self.run(contract, start, end).document["year_cap"]["remaining_minor"] == CAP

    def test_years_count_from_the_first_version_whatever_an_amendment_names(
        self, fleet: Fleet, contract: Contract
    ) -> None:
        self.settle(contract, 9)
        terms = agreement(fleet, effective={"from": "2026-11-01", "to": None}, year_cap_minor=130_000)
        amended(contract, terms)
        assert self.settle(contract, 11).statement.credits_minor == 10_000

    def test_credits_of_before_there_was_a_limit_count(self, fleet: Fleet) -> None:
        contract = published(agreement(fleet, effective={"from": "2026-09-01", "to": None}))
        self.settle(contract, 9)
        run = self.settle(contract, 10).statement.run.document
        assert not {"year_cap"} & run.keys()
        assert "statement" not in run["relies_on"]
        amended(contract, agreement(fleet, effective={"from": "2026-11-01", "to": None}, year_cap_minor=CAP))
        assert self.settle(contract, 11).statement.credits_minor == 10_000

    def test_credits_that_were_not_kept_yet_are_told_by_the_run(self, contract: Contract) -> None:
        row = self.settle(contract, 9).statement
        kept = {field.attname: getattr(row, field.attname) for field in Statement._meta.concrete_fields}
        kept |= {"id": self.settle(contract, 12).statement.run_id, "period_start": at("2026-10-01")}
        Statement.objects.create(**kept | {"credits_minor": None, "period_end": at("2026-11-01")})
        found = settled_periods(contract.id, at("2026-09-01"), at("2026-12-01"), at("2027-01-05"))
        assert [(period.start.month, period.credits_minor) for period in found] == [(9, 120_000), (10, 120_000)]

    def test_a_year_in_two_currencies_is_refused(self, fleet: Fleet, contract: Contract) -> None:
        self.settle(contract, 9)
        terms = agreement(fleet, effective={"from": "2026-10-01", "to": None}, year_cap_minor=CAP, currency="EUR")
        amended(contract, terms)
        with pytest.raises(YearCurrencyError, match="The limit of the year is in EUR, but it has a statement in USD"):
            self.settle(contract, 10)

    def test_a_what_if_is_under_the_same_limit(self, fleet: Fleet, contract: Contract) -> None:
        self.settle(contract, 9)
        assumed = Assumption("all down", [{"asset": fleet.ids[0], "initial": "down"}])
        run = self.run(contract, "2026-10-01", "2026-11-01", assumption=assumed)
        assert run.document["outcome"]["workings"]["caps"]["granted"] == 130_000

    def test_it_takes_two_queries_and_none_without_a_limit(self, fleet: Fleet, contract: Contract) -> None:
        plain = published(agreement(fleet, effective={"from": "2026-09-01", "to": None}))
        for one in (contract, plain):
            self.run(one, "2026-09-01", "2026-10-01")
            self.run(one, "2026-10-01", "2026-11-01")
        counts = []
        for one in (contract, plain):
            with CaptureQueriesContext(connection) as queries:
                self.run(one, "2026-09-01", "2026-10-01")
            counts.append(len(queries))
        assert counts[0] - counts[1] == 2
