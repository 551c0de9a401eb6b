"""What follows a period that is rated again: what stands, what is charged, where, and in which currency."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from billing.contracts.models import ContractVersion
from billing.contracts.selectors import versions
from billing.invoices.domain.tax import TaxUndecidedError
from billing.invoices.models import Invoice
from billing.invoices.services import ChargedLaterError, NoDifferenceError, charge_left, issue_invoice
from billing.outcomes.services import run_outcome
from billing.reports.services import restate_period, settle_period
from billing.statements.models import Adjustment, ChargedAdjustment
from billing.statements.selectors import adjustments_of, is_followed, left_open, settled_periods
from billing.statements.services import restate_statement, seal_statement
from tenants.kernel.canonical import digest
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.invoices.restated import (
    OCTOBER,
    a_patchy_fleet,
    calm,
    ended,
    in_yen,
    lines,
    miss,
    patchy,
    restated,
    settled,
    storm,
    until,
)
from tests.billing.invoices.sellers import a_seller
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.signing import accept
from tests.billing.world import BY, DECEMBER, NOVEMBER, Fleet, a_fleet, agreement, at, fly_daily, published
from tests.twins.evidence.fleet import fly

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


@pytest.fixture
def fleet() -> Fleet:
    return a_patchy_fleet()


class TestTooLittleIsKnown:
    def test_what_was_settled_stands_until_it_is_known_again(self, fleet: Fleet) -> None:
        """Version 1 credits 1,200.00; version 2 is indeterminate and charges nothing; version 3 credits 3,000.00."""
        contract = published(patchy(fleet))
        miss(fleet, "2026-10", 15, 1, told="2026-10-16")
        first = settle_period(contract=contract.id, start=OCTOBER[0], end=OCTOBER[1], by=BY, now=at("2026-11-05"))
        assert lines(first.statement) == [("fee", "fee", 1_200_000), ("clause", "uptime", -120_000)]

        weather = storm(fleet, contract, "2026-10", now="2026-11-10")
        done = restate_period(statement=first.statement.id, by=BY, now=at("2026-11-11"))
        assert done is not None
        assert done.invoice is None
        second = done.statement
        (clause,) = second.document["clauses"]
        assert (clause["status"], clause["amount_minor"]) == ("indeterminate", None)
        assert lines(second) == lines(first.statement)
        assert second.document["lines"][1] == {
            "kind": "clause", "clause": "uptime", "minor": -120_000,
            "text": "uptime: indeterminate, what version 1 settled stands",
            "of": {"settled": {"version": 1, "digest": first.statement.digest}},
        }  # fmt: skip
        assert second.document["relies_on"]["statement"] == [first.statement.digest]
        assert (second.total_minor, second.credits_minor) == (1_080_000, 120_000)
        assert list(adjustments_of(second)) == []
        (period,) = settled_periods(contract.id, *OCTOBER, at("2026-11-30"))
        assert (period.statement, period.credits_minor) == (second.digest, 120_000)

        calm(weather, now="2026-11-20")
        miss(fleet, "2026-10", 16, 7, told="2026-11-20")
        third, _ = restated(second, "2026-11-21")
        assert third is not None
        assert lines(third) == [("fee", "fee", 1_200_000), ("clause", "uptime", -300_000)]
        assert [(one.kind, one.clause, one.minor) for one in adjustments_of(third)] == [("clause", "uptime", -180_000)]
        november, _ = settled(contract, NOVEMBER, "2026-12-05")
        assert lines(november)[2:] == [("adjustment", "uptime", -180_000)]

    def test_what_stands_is_that_of_the_newest_version_that_settled_it(self, fleet: Fleet) -> None:
        contract = published(patchy(fleet))
        first, _ = settled(contract, OCTOBER, "2026-11-05")
        miss(fleet, "2026-10", 15, 1, told="2026-11-06")
        second, _ = restated(first, "2026-11-07")
        storm(fleet, contract, "2026-10", now="2026-11-08")
        third, _ = restated(first, "2026-11-09")
        miss(fleet, "2026-10", 17, 9, told="2026-11-10")
        fourth, _ = restated(first, "2026-11-11")
        assert second is not None
        assert third is not None
        assert fourth is not None
        for version in (third, fourth):
            assert version.document["lines"][1]["of"] == {"settled": {"version": 2, "digest": second.digest}}
            assert lines(version)[1] == ("clause", "uptime", -120_000)
        assert [(one.statement_id, one.minor) for one in Adjustment.objects.all()] == [(second.id, -120_000)]

    def test_a_clause_that_was_never_settled_has_nothing_that_stands(self, fleet: Fleet) -> None:
        contract = published(patchy(fleet))
        miss(fleet, "2026-10", 15, 1, told="2026-10-16")
        weather = storm(fleet, contract, "2026-10", now="2026-11-01")
        first, made = settled(contract, OCTOBER, "2026-11-05")
        assert lines(first) == lines(made) == [("fee", "fee", 1_200_000)]
        calm(weather, now="2026-11-06")
        second, issued = restated(first, "2026-11-07")
        assert second is not None
        assert issued == []
        assert [(one.clause, one.minor) for one in adjustments_of(second)] == [("uptime", -120_000)]

    def test_after_the_last_period_nothing_is_issued_for_it(self, fleet: Fleet) -> None:
        contract = published(patchy(fleet, effective=until("2026-11-01")))
        miss(fleet, "2026-10", 15, 1, told="2026-10-16")
        first, _ = settled(contract, OCTOBER, "2026-11-05")
        storm(fleet, contract, "2026-10", now="2026-11-06")
        done = restate_period(statement=first.id, by=BY, now=at("2026-11-07"))
        assert done is not None
        assert done.invoice is None
        with pytest.raises(NoDifferenceError) as error:
            issue_invoice(statement=done.statement.id, by=BY, now=at("2026-11-07"))
        assert (error.value.code, error.value.place, error.value.status) == ("invoice.no_difference", "statement", 409)
        assert Invoice.objects.count() == 1


class TestTheContractHasEnded:
    def test_all_its_months_are_settled(self, fleet: Fleet) -> None:
        contract = published(patchy(fleet, effective=until("2026-12-01")))
        first, _ = settled(contract, OCTOBER, "2026-11-05")
        settled(contract, NOVEMBER, "2026-12-05")
        miss(fleet, "2026-10", 15, 1, told="2026-12-06")
        done = restate_period(statement=first.id, by=BY, now=at("2026-12-07"))
        assert done is not None
        assert done.invoice is not None
        assert (done.invoice.kind, done.invoice.net_minor) == ("credit_note", -120_000)
        assert lines(done.invoice) == [("adjustment", "uptime", -120_000)]
        assert charge_left(contract=contract.id, by=BY, now=at("2026-12-08")) == []

    def test_a_month_after_it_is_still_to_be_settled(self, fleet: Fleet) -> None:
        contract = published(patchy(fleet, effective=until("2026-12-01")))
        first, _ = settled(contract, OCTOBER, "2026-11-05")
        miss(fleet, "2026-10", 15, 1, told="2026-11-06")
        second, issued = restated(first, "2026-11-07")
        assert second is not None
        assert issued == []
        with pytest.raises(ChargedLaterError):
            issue_invoice(statement=second.id, by=BY, now=at("2026-11-07"))
        november, made = settled(contract, NOVEMBER, "2026-12-05")
        assert lines(made) == lines(november)
        assert lines(made)[2:] == [("adjustment", "uptime", -120_000)]
        assert Invoice.objects.count() == 2

    def test_a_month_between_is_still_to_be_settled(self, fleet: Fleet) -> None:
        """What lies before the last statement may never be settled: the difference does not wait for it."""
        contract = published(patchy(fleet, effective=until("2027-01-01")))
        first, _ = settled(contract, OCTOBER, "2026-11-05")
        settled(contract, DECEMBER, "2027-01-05")
        miss(fleet, "2026-10", 15, 1, told="2027-01-06")
        _, (note,) = restated(first, "2027-01-07")
        assert lines(note) == [("adjustment", "uptime", -120_000)]
        november, _ = settled(contract, NOVEMBER, "2027-01-08")
        assert lines(november) == [("fee", "fee", 1_200_000), ("clause", "uptime", 0)]

    def test_in_the_middle_of_a_month(self, fleet: Fleet) -> None:
        contract = published(patchy(fleet, effective=until("2026-11-16")))
        first, _ = settled(contract, OCTOBER, "2026-11-05")
        miss(fleet, "2026-10", 15, 1, told="2026-11-06")
        second, issued = restated(first, "2026-11-07")
        assert second is not None
        assert issued == []
        last, _ = settled(contract, (NOVEMBER[0], at("2026-11-16")), "2026-12-05")
        assert lines(last)[2:] == [("adjustment", "uptime", -120_000)]
        miss(fleet, "2026-10", 16, 7, told="2026-12-06")
        _, (note,) = restated(first, "2026-12-07")
        assert lines(note) == [("adjustment", "uptime", -180_000)]

    def test_after_its_difference_was_left_to_the_next_statement(self, fleet: Fleet) -> None:
        """The version that ends the contract comes later than the restatement, and no statement is left."""
        wanted = patchy(fleet)
        contract = published(wanted)
        first, _ = settled(contract, OCTOBER, "2026-11-05")
        miss(fleet, "2026-10", 15, 1, told="2026-11-06")
        second, issued = restated(first, "2026-11-07")
        assert second is not None
        assert (issued, is_followed(second), left_open(contract.id)) == ([], True, [])
        ended(contract, wanted, "2026-11-01", now="2026-11-08")
        note = Invoice.objects.get(statement=second)
        assert (note.kind, note.net_minor, note.issued_by) == ("credit_note", -120_000, BY)
        assert (is_followed(second), left_open(contract.id)) == (False, [])

    def test_what_cannot_be_issued_does_not_keep_a_version_from_ending_it(self, fleet: Fleet) -> None:
        """Nobody knows its tax: the version holds, and the difference waits for a person."""
        wanted = patchy(fleet)
        contract = published(wanted)
        first, _ = settled(contract, OCTOBER, "2026-11-05")
        miss(fleet, "2026-10", 15, 1, told="2026-11-06")
        second, _ = restated(first, "2026-11-07")
        a_seller()
        ended(contract, wanted, "2026-11-01", now="2026-11-08")
        assert left_open(contract.id) == [second]
        with pytest.raises(TaxUndecidedError):
            charge_left(contract=contract.id, by=BY, now=at("2026-11-09"))


class TestAnotherCurrency:
    def test_a_difference_in_dollars_is_no_line_in_yen(self, fleet: Fleet) -> None:
        """It was left to a statement in dollars; then the contract went on in yen."""
        wanted = patchy(fleet)
        contract = published(wanted)
        first, _ = settled(contract, OCTOBER, "2026-11-05")
        miss(fleet, "2026-10", 15, 1, told="2026-11-06")
        second, issued = restated(first, "2026-11-07")
        assert second is not None
        assert issued == []
        in_yen(contract, wanted, "2026-11-01", now="2026-11-08")
        november, made = settled(contract, NOVEMBER, "2026-12-05")
        assert (november.currency, lines(november)) == ("JPY", [("fee", "fee", 1_200_000), ("clause", "uptime", 0)])
        assert made.currency == "JPY"
        note = Invoice.objects.get(statement=second)
        assert (note.currency, note.kind, note.net_minor) == ("USD", "credit_note", -120_000)
        assert list(ChargedAdjustment.objects.values_list("statement", flat=True)) == [second.id]

    def test_it_is_issued_once_the_customer_accepts_the_other_one(self, fleet: Fleet) -> None:
        wanted = patchy(fleet, acceptance="required")
        contract = published(wanted)
        accept(contract)
        first, _ = settled(contract, OCTOBER, "2026-11-05")
        miss(fleet, "2026-10", 15, 1, told="2026-11-06")
        second, _ = restated(first, "2026-11-07")
        in_yen(contract, wanted, "2026-11-01", now="2026-11-08")
        assert not Invoice.objects.filter(statement=second).exists()
        accept(contract, 2, now=at("2026-11-09"))
        note = Invoice.objects.get(statement=second)
        assert (note.currency, note.net_minor, note.issued_by) == ("USD", -120_000, BY)

    def test_when_all_that_follows_is_in_another_one_it_waits_for_nothing(self, fleet: Fleet) -> None:
        wanted = patchy(fleet)
        contract = published(wanted)
        in_yen(contract, wanted, "2026-12-01", now="2026-11-01")
        first, _ = settled(contract, OCTOBER, "2026-11-05")
        miss(fleet, "2026-10", 15, 1, told="2026-11-06")
        _, issued = restated(first, "2026-11-07")
        assert issued == []  # November is still in dollars
        november, _ = settled(contract, NOVEMBER, "2026-12-05")
        assert lines(november)[2:] == [("adjustment", "uptime", -120_000)]
        miss(fleet, "2026-10", 16, 7, told="2026-12-06")
        _, (note,) = restated(first, "2026-12-07")
        assert (note.currency, lines(note)) == ("USD", [("adjustment", "uptime", -180_000)])


class TestAClauseCalledAsTheFee:
    def test_of_an_old_contract_both_are_reckoned(self) -> None:
        fleet = a_fleet("2026-09-28", "2026-11-01")
        fee = {"kind": "metered", "unit": "h", "mode": "graduated", "tiers": [{"to": None, "price": "350.00"}]}
        miss(fleet, "2026-10", 15, 1, told="2026-10-16")
        contract = published(agreement(fleet, a_clause(id="uptime", assets=fleet.ids, remedies=[AWS_TIERS]), fee=fee))
        row = versions(contract.id).get()
        document = row.document
        document["terms"]["clauses"][0]["id"] = "fee"
        ContractVersion.objects.create(
            contract=contract, version=2, document=document, digest=digest(document), effective_from=row.effective_from,
            effective_to=None, needs_acceptance=False, published_by=BY, published_at=row.published_at,
        )  # fmt: skip
        now = at("2026-11-05")
        run = run_outcome(contract=contract.id, period_start=OCTOBER[0], period_end=OCTOBER[1], as_of=now, by=BY,
                          now=now)  # fmt: skip
        first = seal_statement(run=run.id, by=BY, now=now)
        assert lines(first) == [("fee", "fee", 4_340_000), ("clause", "fee", -434_000)]
        fly([(fleet.engines[0], at("2026-10-16T06:00"))], received=at("2026-11-10"), keys=["t24"])
        miss(fleet, "2026-10", 18, 8, told="2026-11-10")
        second = restate_statement(statement=first.id, by=BY, now=at("2026-11-11"))
        assert second is not None
        assert lines(second) == [("fee", "fee", 4_480_000), ("clause", "fee", -1_120_000)]
        assert [(one.kind, one.clause, one.minor) for one in adjustments_of(second)] == [
            ("fee", "fee", 140_000), ("clause", "fee", -686_000),
        ]  # fmt: skip
        fly_daily(fleet, "2026-11-02", "2026-11-30")
        november, _ = settled(contract, NOVEMBER, "2026-12-05")
        assert lines(november)[2:] == [("adjustment", "fee", 140_000), ("adjustment", "fee", -686_000)]
