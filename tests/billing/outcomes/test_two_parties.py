"""Two parties: whoever claims that time is not to count never approves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.contracts.models import Contract
from billing.outcomes.consents import Consent, ConsentError, checked
from billing.outcomes.deciding import (
    NoContractError,
    OtherSideError,
    approve_exclusion,
    decline_exclusion,
    withdraw_exclusion,
)
from billing.outcomes.models import Exclusion, ExclusionDecision
from billing.outcomes.selectors import ExclusionNotFoundError, exclusion, may_be_objected_to, state_of
from billing.outcomes.services import claim_exclusion, claim_for_customer
from billing.reports.bundles import Bundle
from billing.reports.selectors import content_of, proof_ok, proven_bundle
from billing.reports.services import restate_period, settle_period
from billing.reports.verifier import verify_report
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.record.selectors import logged_leaves
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY, NOVEMBER, Fleet, a_fleet, agreement, at, published, visit

pytestmark = pytest.mark.django_db
READER, NOW = "reader@northwind.example", at("2026-12-02")
SAID = Consent("Jo Smith", date(2026, 11, 30), "mail to the planner, 30 November")


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


@pytest.fixture
def fleet() -> Fleet:
    """E01a: 3000 s in the shop, worth 1,200.00 USD of credit when they count."""
    fleet = a_fleet("2026-10-29", "2026-12-01")
    visit(fleet.engines[0], "2026-11-10T12:00", "2026-11-10T12:50", told="2026-11-10T13:00")
    return fleet


@pytest.fixture
def contract(fleet: Fleet) -> Contract:
    rules = [{"category": name, "allowance": None} for name in ("planned", "weather")]
    return published(agreement(fleet, a_clause(id="uptime", assets=fleet.ids, exclusions=rules, remedies=[AWS_TIERS])))


def wanted(fleet: Fleet, contract: Contract | None, by: str = "planner") -> dict[str, Any]:
    return {
        "contract": None if contract is None else contract.id, "category": "weather", "assets": fleet.engines,
        "start": at("2026-11-10T12:00"), "end": at("2026-11-10T12:50"), "evidence": {}, "by": by,
        "now": at("2026-11-11"),
    }  # fmt: skip


@pytest.fixture
def made(fleet: Fleet, contract: Contract) -> Exclusion:
    return claim_exclusion(**wanted(fleet, contract))


def state(made: Exclusion) -> str:
    return state_of(exclusion(made.id), at("2027-03-01"))


def recorded(made: Exclusion, consent: Consent = SAID) -> ExclusionDecision:
    return approve_exclusion(exclusion=made.id, why="a storm", by=BY, customer=None, now=NOW, consent=consent)


class TestWhatTheProviderClaims:
    def test_the_provider_neither_approves_nor_declines_it(self, made: Exclusion) -> None:
        with pytest.raises(OtherSideError) as refused:
            approve_exclusion(exclusion=made.id, why="a storm", by=BY, customer=None, now=NOW)
        assert (refused.value.status, refused.value.code, refused.value.place) == (
            403,
            "exclusion.other_side",
            "consent",
        )
        assert refused.value.told == (
            "Only the customer approves what is claimed under their contract. "
            "Ask them to in their portal, or record who of them agreed, when, and how."
        )
        with pytest.raises(OtherSideError, match="Only the customer declines"):
            decline_exclusion(exclusion=made.id, why="no", by=BY, customer=None, now=NOW)
        assert (state(made), ExclusionDecision.objects.count()) == ("proposed", 0)

    def test_it_takes_no_credit_away_until_the_customer_has_spoken(self, contract: Contract, made: Exclusion) -> None:
        with pytest.raises(OtherSideError):
            approve_exclusion(exclusion=made.id, why="a storm", by=BY, customer=None, now=NOW)
        done = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
        assert done.statement.total_minor == 1_080_000

    def test_the_customer_approves_it_in_their_own_name(self, contract: Contract, made: Exclusion) -> None:
        decision = approve_exclusion(
            exclusion=made.id, why="we saw it", by=READER, customer=contract.customer_id, now=NOW
        )
        assert decision.document == {
            "exclusion": str(made.id), "decision": "approved", "why": "we saw it", "side": "customer",
            "decided_by": READER, "decided_at": "2026-12-02T00:00:00Z", "relies_on": {"exclusion": [made.digest]},
        }  # fmt: skip
        entry = AuditEntry.objects.get(action="exclusion.approved")
        assert (entry.by, entry.details) == (READER, {"side": "customer"})
        with pytest.raises(OtherSideError, match="withdrawn by the side that made it"):
            withdraw_exclusion(exclusion=made.id, why="no", by=READER, customer=contract.customer_id, now=NOW)

    def test_another_customer_finds_nothing(self, made: Exclusion) -> None:
        for step in (approve_exclusion, decline_exclusion, withdraw_exclusion):
            with pytest.raises(ExclusionNotFoundError):
                step(exclusion=made.id, why="x", by=READER, customer=new_id(), now=NOW)

    def test_the_provider_withdraws_it(self, made: Exclusion) -> None:
        withdraw_exclusion(exclusion=made.id, why="it was sunny", by=BY, now=NOW)
        assert state(made) == "withdrawn"


class TestUnderNoContract:
    def test_nobody_approves_it(self, fleet: Fleet) -> None:
        loose = claim_exclusion(**wanted(fleet, None))
        for consent in (None, SAID):
            with pytest.raises(NoContractError) as refused:
                approve_exclusion(exclusion=loose.id, why="a storm", by=BY, customer=None, now=NOW, consent=consent)
            assert (refused.value.status, refused.value.code) == (409, "exclusion.no_contract")
        assert state(loose) == "proposed"
        decline_exclusion(exclusion=loose.id, why="claimed twice", by=BY, customer=None, now=NOW)
        assert state(loose) == "declined"


class TestRecordedConsent:
    def test_it_names_who_agreed_when_and_how_and_who_says_so(self, made: Exclusion) -> None:
        decision = recorded(made, replace(SAID, who="  Jo Smith "))
        consent = {"who": "Jo Smith", "on": "2026-11-30", "how": "mail to the planner, 30 November"}
        assert decision.document == {
            "exclusion": str(made.id), "decision": "approved", "why": "a storm", "consent": consent,
            "decided_by": BY, "decided_at": "2026-12-02T00:00:00Z", "relies_on": {"exclusion": [made.digest]},
        }  # fmt: skip
        assert logged_leaves([("exclusion_decision", decision.digest)])
        entry = AuditEntry.objects.get(action="exclusion.approved")
        assert (entry.by, entry.details) == (BY, {"consent": consent})

    @pytest.mark.parametrize(
        ("change", "place"),
        [
            ({"who": " "}, "who"), ({"who": "J"}, "who"), ({"who": "x" * 121}, "who"), ({"how": "mail"}, "how"),
            ({"how": "    ok  "}, "how"), ({"how": "x" * 501}, "how"), ({"on": date(2026, 12, 3)}, "on"),
            ({"on": date(1899, 12, 31)}, "on"),
        ],
        ids=str,
    )  # fmt: skip
    def test_one_that_does_not_is_refused(self, made: Exclusion, change: dict[str, Any], place: str) -> None:
        with pytest.raises(ConsentError) as refused:
            recorded(made, replace(SAID, **change))
        assert (refused.value.status, refused.value.place, refused.value.kept) == (422, place, "Nothing was recorded.")
        assert not ExclusionDecision.objects.exists()

    def test_where_it_is_tomorrow_already_tomorrow_is_today(self) -> None:
        late = at("2026-12-02T10:00")
        assert checked(replace(SAID, on=date(2026, 12, 3)), late).on == date(2026, 12, 3)
        with pytest.raises(ConsentError):
            checked(replace(SAID, on=date(2026, 12, 3)), at("2026-12-02T09:59"))

    def test_the_report_says_on_whose_word_and_anybody_recomputes_it(self, contract: Contract, made: Exclusion) -> None:
        recorded(made)
        done = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
        assert done.statement.total_minor == 1_200_000
        bundle = proven_bundle(done.report)
        (row,) = content_of(done.report, bundle).exclusions
        assert (row.decision, row.why, row.excluded) == (
            f"recorded by {BY}: agreed by Jo Smith on 30 November 2026 (mail to the planner, 30 November)", "a storm",
            "yes",
        )  # fmt: skip
        assert proof_ok(done.report)
        assert Bundle.read(bundle).recomputes()
        assert all(check.holds for check in verify_report(bundle, figures=True))

    def test_the_customers_own_word_goes_over_it(self, contract: Contract, made: Exclusion) -> None:
        recorded(made)
        done = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
        assert may_be_objected_to(exclusion(made.id))
        withdraw_exclusion(
            exclusion=made.id, why="nobody of us said so", by=READER, customer=contract.customer_id,
            now=at("2026-12-08"),
        )  # fmt: skip
        assert (state(made), may_be_objected_to(exclusion(made.id))) == ("withdrawn", False)
        new = restate_period(statement=done.statement.id, by=BY, now=at("2026-12-09"))
        assert new is not None
        assert (done.statement.total_minor, new.statement.total_minor) == (1_200_000, 1_080_000)
        (row,) = content_of(new.report, proven_bundle(new.report)).exclusions
        assert (row.decision, row.why) == (f"withdrawn by {READER}", "nobody of us said so")


class TestWhatTheCustomerClaims:
    def test_the_provider_decides_and_does_not_take_it_back(self, fleet: Fleet, contract: Contract) -> None:
        made = claim_for_customer(**wanted(fleet, contract, by=READER))
        assert (made.document["side"], made.objection_until) == ("customer", None)
        for step in (approve_exclusion, decline_exclusion):
            with pytest.raises(OtherSideError, match="The provider decides about what the customer claims"):
                step(exclusion=made.id, why="x", by=READER, customer=contract.customer_id, now=NOW)
        approve_exclusion(exclusion=made.id, why="so it was", by=BY, customer=None, now=NOW)
        with pytest.raises(OtherSideError, match="withdrawn by the side that made it"):
            withdraw_exclusion(exclusion=made.id, why="no", by=BY, now=NOW)
        withdraw_exclusion(exclusion=made.id, why="a mistake", by=READER, customer=contract.customer_id, now=NOW)
        assert state(made) == "withdrawn"

    def test_the_provider_may_decline_it(self, fleet: Fleet, contract: Contract) -> None:
        made = claim_for_customer(**wanted(fleet, contract, by=READER))
        decline_exclusion(exclusion=made.id, why="it ran", by=BY, customer=None, now=NOW)
        assert state(made) == "declined"

    def test_their_silence_approves_none_of_their_own(self, fleet: Fleet) -> None:
        rules = [{"category": "weather", "allowance": None}]
        clause = a_clause(id="uptime", assets=fleet.ids, exclusions=rules, remedies=[AWS_TIERS])
        made = claim_for_customer(**wanted(fleet, published(agreement(fleet, clause, objection="P14D")), by=READER))
        assert (made.objection_until, state(made)) == (None, "proposed")


@given(who=st.text(max_size=130), how=st.text(max_size=510))
def test_what_is_kept_of_a_consent_always_says_who_and_how(who: str, how: str) -> None:
    try:
        kept = checked(Consent(who, date(2026, 11, 30), how), NOW)
    except ConsentError:
        assert not 2 <= len(who.strip()) <= 120 or not 5 <= len(how.strip()) <= 500
    else:
        assert (kept.who, kept.how) == (who.strip(), how.strip())
        assert 2 <= len(kept.who) <= 120
        assert 5 <= len(kept.how) <= 500
