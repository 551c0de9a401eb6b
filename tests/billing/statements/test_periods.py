"""The open periods of contracts as the database has them: in which zone, which parts, and in how many queries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from billing.contracts.agreement import AgreementTerms
from billing.contracts.models import Contract
from billing.contracts.selectors import contract as contract_by_id
from billing.contracts.selectors import holdings
from billing.contracts.services import edit_contract
from billing.statements.models import Statement
from billing.statements.periods import NotOpenError, asked_period, open_periods, period_of
from billing.statements.services import settle_statement
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.signing import amended
from tests.billing.world import BY, DECEMBER, NOVEMBER, SIGNED, Fleet, a_fleet, agreement, at, e01, published

pytestmark = pytest.mark.django_db
BERLIN, TOKYO = {"time_zone": "Europe/Berlin"}, {"time_zone": "Asia/Tokyo"}
METERED = {"kind": "metered", "unit": "h", "mode": "graduated", "tiers": [{"to": None, "price": "285"}]}


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


@pytest.fixture
def fleet() -> Fleet:
    return a_fleet("2026-08-29", "2026-08-30")


def holding(fleet: Fleet, begins: str, ends: str | None = None, **changes: Any) -> dict[str, Any]:
    return agreement(fleet, effective={"from": begins, "to": ends}, **changes)


def names(contract: Contract, now: str) -> list[str]:
    return [each.name for each in open_periods(contract.id, at(now))]


def seal(contract: Contract, start: datetime, end: datetime, now: str) -> Statement:
    return settle_statement(contract=contract.id, start=start, end=end, by=BY, now=at(now))


def test_months_that_can_be_settled() -> None:
    _, contract = e01()
    assert names(contract, "2026-03-31T23:59") == ["January 2026", "February 2026"]
    assert names(contract, "2026-04-01") == ["January 2026", "February 2026", "March 2026"]
    seal(contract, *NOVEMBER, "2026-12-05")
    assert names(contract, "2027-01-01")[-2:] == ["October 2026", "December 2026"]


def test_a_contract_that_begins_and_ends_within_a_month(fleet: Fleet) -> None:
    contract = published(holding(fleet, "2026-09-03", "2026-11-16", **BERLIN))
    found = open_periods(contract.id, at("2027-01-01"))
    assert [(each.name, each.charges_whole_fee) for each in found] == [
        ("3 to 30 September 2026", True), ("October 2026", False), ("1 to 15 November 2026", True),
    ]  # fmt: skip
    assert found[0].key == "2026-09-02T22:00:00Z/2026-09-30T22:00:00Z"
    with override("de"):
        assert names(contract, "2026-10-01") == ["3. bis 30. September 2026"]


@pytest.mark.parametrize(
    ("fee", "is_whole"),
    [
        ({"kind": "flat", "minor": 100}, True),
        ({"kind": "per_asset", "minor": 100}, True),
        ({"kind": "per_asset", "minor": 100, "prorate": "seconds"}, False),
        (METERED, False),
        (METERED | {"minimum_minor": 100}, True),
    ],
)
def test_a_part_says_whether_the_whole_fee_is_charged(fleet: Fleet, fee: dict[str, Any], is_whole: bool) -> None:
    contract = published(holding(fleet, "2026-09-03", fee=fee))
    assert [each.has_whole_fee for each in holdings(contract.id)] == [is_whole]
    assert [each.charges_whole_fee for each in open_periods(contract.id, at("2026-11-01"))] == [is_whole, False]


def test_a_draft_moves_no_period(fleet: Fleet) -> None:
    contract = published(holding(fleet, "2026-09-01", **BERLIN))
    wanted = AgreementTerms.read(holding(fleet, "2026-09-01", **TOKYO))
    edit_contract(contract=contract.id, revision=contract_by_id(contract.id).revision, wanted=wanted, by=BY, now=SIGNED)
    assert asked_period(contract.id, "2026-09", at("2026-10-01")) == (at("2026-08-31T22:00"), at("2026-09-30T22:00"))


def test_months_before_an_amendment_to_another_zone_keep_theirs(fleet: Fleet) -> None:
    contract = published(holding(fleet, "2026-08-01", **BERLIN))
    amended(contract, holding(fleet, "2026-10-01", **TOKYO))
    assert names(contract, "2026-10-31T15:00") == [
        "August 2026", "01 Sep 2026 00:00 to 30 Sep 2026 17:00", "October 2026",
    ]  # fmt: skip
    assert asked_period(contract.id, "2026-08", at("2026-11-01")) == (at("2026-07-31T22:00"), at("2026-08-31T22:00"))
    assert asked_period(contract.id, "2026-10", at("2026-11-01")) == (at("2026-09-30T15:00"), at("2026-10-31T15:00"))


def test_both_parts_of_a_month_are_settled_and_then_none_is_open() -> None:
    fleet, _ = e01()
    contract = published(holding(fleet, "2026-11-01", "2026-12-01"))
    amended(contract, holding(fleet, "2026-11-16", "2026-12-01", fee={"kind": "flat", "minor": 600_000}))
    for each in open_periods(contract.id, at("2026-12-05")):
        seal(contract, each.start, each.end, "2026-12-05")
    rows = Statement.objects.order_by("period_start").values_list("period_start", "contract_version__version")
    assert list(rows) == [(at("2026-11-01"), 1), (at("2026-11-16"), 2)]
    assert [row.document["lines"][0]["minor"] for row in Statement.objects.order_by("period_start")] == [
        1_200_000, 600_000,
    ]  # fmt: skip
    assert names(contract, "2026-12-05") == []


def test_a_year_with_a_limit_cuts_the_month_of_its_anniversary() -> None:
    fleet, _ = e01()
    contract = published(holding(fleet, "2025-11-16", year_cap_minor=500_000))
    parts = open_periods(contract.id, at("2026-12-05"))[-2:]
    assert [each.name for each in parts] == ["1 to 15 November 2026", "16 to 30 November 2026"]
    for each in parts:
        year = seal(contract, each.start, each.end, "2026-12-05").run.document["year_cap"]
        assert year["from"] == ("2025-11-16T00:00:00Z" if each is parts[0] else "2026-11-16T00:00:00Z")


def test_what_was_settled_by_other_periods_leaves_the_rest() -> None:
    fleet, contract = e01()
    seal(contract, at("2026-11-03"), at("2026-11-16"), "2026-12-05")
    amended(contract, holding(fleet, "2026-11-10"))  # from within what is settled
    assert names(contract, "2026-12-05")[-3:] == ["October 2026", "1 to 2 November 2026", "16 to 30 November 2026"]


class TestAsking:
    def test_for_one_that_is_settled_gives_it_again(self) -> None:
        _, contract = e01()
        seal(contract, *NOVEMBER, "2026-12-05")
        for asked in ("2026-11", NOVEMBER):
            assert asked_period(contract.id, asked, at("2026-12-06")) == NOVEMBER

    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            ("2026-12", "The period ends at 2027-01-01T00:00:00Z: it is not over yet."),
            (DECEMBER, "The period ends at 2027-01-01T00:00:00Z: it is not over yet."),
            ("2025-12", "The contract does not hold in 2025-12."),
            (
                (at("2026-11-01"), at("2026-11-16")),
                "From 2026-11-01T00:00:00Z to 2026-12-01T00:00:00Z there is a statement.",
            ),
            ((at("2026-02-01"), at("2026-02-15")), "That is no period by which the contract is settled."),
            ((at("2026-02-15"), at("2026-02-01")), "That is no period by which the contract is settled."),
        ],
    )
    def test_for_another_is_refused(self, asked: Any, message: str) -> None:
        _, contract = e01()
        seal(contract, *NOVEMBER, "2026-12-05")
        with pytest.raises(NotOpenError) as refused:
            asked_period(contract.id, asked, at("2026-12-06"))
        error = refused.value
        assert (error.message, error.code, error.kept) == (message, "period.not_open", "Nothing was settled.")
        assert error.place == ("month" if isinstance(asked, str) else "start")
        assert error.fix.startswith(
            "Settle one that is open: January 2026 (2026-01-01T00:00:00Z to 2026-02-01T00:00:00Z), February 2026 ("
        )
        assert error.fix.endswith("October 2026 (2026-10-01T00:00:00Z to 2026-11-01T00:00:00Z).")

    def test_of_many_the_first_are_named(self) -> None:
        _, contract = e01()
        with pytest.raises(NotOpenError) as refused:
            asked_period(contract.id, "2020-01", at("2028-01-01"))
        assert refused.value.fix.endswith("December 2026 (2026-12-01T00:00:00Z to 2027-01-01T00:00:00Z) and 12 more.")

    def test_without_an_agreed_version_there_is_none(self, fleet: Fleet) -> None:
        contract = published(agreement(fleet, acceptance="required"))
        with pytest.raises(NotOpenError) as refused:
            asked_period(contract.id, "2026-09", at("2026-10-06"))
        assert refused.value.message == "The contract does not hold in 2026-09."
        assert refused.value.fix == "Wait until a period is over in which the contract holds: none is open now."

    def test_a_job_of_before_knows_its_month(self) -> None:
        _, contract = e01()
        assert period_of({"contract": str(contract.id), "month": "2026-11"}, at("2026-12-05")) == NOVEMBER
        told = {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
        assert period_of({"contract": str(contract.id), **told}, at("2026-12-05")) == NOVEMBER


def test_five_years_of_months_take_two_queries(fleet: Fleet) -> None:
    contract = published(holding(fleet, "2021-01-01", year_cap_minor=500_000))
    with CaptureQueriesContext(connection) as few:
        assert len(open_periods(contract.id, at("2021-02-01"))) == 1
    with CaptureQueriesContext(connection) as more:
        assert len(open_periods(contract.id, at("2026-01-01"))) == 60
    assert len(few) == len(more) == 2
