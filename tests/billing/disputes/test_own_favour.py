"""What the provider asks for in a dispute of its own counts by the customer's word, not by its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from billing.disputes import deciding
from billing.disputes.deciding import OtherSideError
from billing.disputes.models import Dispute, DisputeDecision
from billing.outcomes.consents import Consent, ConsentError
from billing.outcomes.models import Correction, Exclusion
from billing.outcomes.selectors import exclusions
from billing.reports.bundles import Bundle
from billing.reports.selectors import content_of, proof_ok, proven_bundle
from billing.reports.services import restate_period
from billing.reports.verifier import verify_report
from billing.statements.services import restate_statement
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.disputes.world import (
    FINANCE,
    READER,
    Disputed,
    by_customer,
    decline,
    disputed,
    offer,
    restated,
    state,
    uphold,
)
from tests.billing.world import BY, at

pytestmark = pytest.mark.django_db
OUTAGE: dict[str, Any] = {"start": at("2026-11-10T12:00"), "end": at("2026-11-10T12:50")}
SAID = Consent("Jo Smith", date(2026, 12, 11), "by telephone, with finance")
TOLD = {"who": "Jo Smith", "on": "2026-12-11", "how": "by telephone, with finance"}


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


@pytest.fixture
def house() -> Disputed:
    return disputed()


def opened(house: Disputed, held: str, **more: Any) -> Dispute:
    """The provider's own, about the outage."""
    return house.open(customer=None, by=FINANCE, held=held, **OUTAGE, **more)


@pytest.mark.parametrize(("held", "more"), [("up", {}), ("excluded", {"category": "weather"})])
def test_the_provider_does_not_grant_itself_what_it_asks_for(house: Disputed, held: str, more: dict[str, Any]) -> None:
    row = opened(house, held)
    with pytest.raises(OtherSideError) as refused:
        uphold(row, **more)
    assert (refused.value.status, refused.value.code, refused.value.place) == (403, "dispute.other_side", "consent")
    assert refused.value.fix == (
        "Offer it, and they agree in their portal; or record who of them agreed, when, and how."
    )
    assert (state(row), Correction.objects.count(), Exclusion.objects.count()) == ("open", 0, 0)
    assert restate_statement(statement=house.statement.id, by=BY, now=at("2026-12-14")) is None


def test_what_is_in_the_customers_favour_it_grants_alone(house: Disputed) -> None:
    row = house.open(customer=None, by=FINANCE, held="down")
    uphold(row)
    assert (state(row), restated(house).document["clauses"][0]["down_s"]) == ("upheld", 46_200)


@pytest.mark.parametrize("held", ["up", "excluded"])
def test_the_customer_agrees_to_what_is_offered(house: Disputed, held: str) -> None:
    row = opened(house, held)
    offer(row, held=held, category="weather" if held == "excluded" else "", **OUTAGE)
    assert restate_statement(statement=house.statement.id, by=BY, now=at("2026-12-12")) is None
    agreed = by_customer(deciding.agree, row)
    assert (agreed.side, agreed.decided_by, state(row)) == ("customer", READER, "settled")
    assert restated(house).total_minor == 1_200_000
    if held == "excluded":
        (claim,) = exclusions()
        (approval,) = claim.decisions.all()
        assert (claim.claimed_by, "side" in claim.document) == (FINANCE, False)
        assert (approval.decided_by, approval.document["side"]) == (READER, "customer")


@pytest.mark.parametrize("step", [deciding.refuse, deciding.withdraw])
def test_the_customer_refuses(house: Disputed, step: Callable[..., DisputeDecision]) -> None:
    row = opened(house, "up")
    offer(row, held="up", **OUTAGE)
    by_customer(step, row)
    assert restate_statement(statement=house.statement.id, by=BY, now=at("2026-12-14")) is None
    assert not Correction.objects.exists()


def test_a_recorded_consent_stands_in_all_that_rests_on_it(house: Disputed) -> None:
    row = opened(house, "up")
    with pytest.raises(ConsentError):
        uphold(row, consent=Consent("Jo Smith", date(2026, 12, 11), "ok"))
    assert state(row) == "open"
    decision = uphold(row, consent=SAID)
    (correction,) = Correction.objects.all()
    assert (decision.document["consent"], correction.document["consent"]) == (TOLD, TOLD)
    entry = AuditEntry.objects.get(action="dispute.upheld")
    assert (entry.by, entry.details) == (FINANCE, {"side": "provider", "consent": TOLD})
    assert AuditEntry.objects.get(action="correction.decided").details == {"consent": TOLD}
    again = restate_period(statement=house.statement.id, by=BY, now=at("2026-12-14"))
    assert again is not None
    assert again.statement.total_minor == 1_200_000
    bundle = proven_bundle(again.report)
    (told,) = content_of(again.report, bundle).corrections
    assert told.decided == (
        f"recorded by {FINANCE}: agreed by Jo Smith on 11 December 2026 (by telephone, with finance), 12 Dec 2026 00:00"
    )
    assert proof_ok(again.report)
    assert Bundle.read(bundle).recomputes()
    assert all(check.holds for check in verify_report(bundle, figures=True))


def test_time_excluded_on_a_recorded_consent_says_so_too(house: Disputed) -> None:
    uphold(opened(house, "excluded"), category="weather", consent=SAID)
    (claim,) = exclusions()
    (approval,) = claim.decisions.all()
    assert (claim.claimed_by, "side" in claim.document) == (FINANCE, False)
    assert (approval.decided_by, approval.document["consent"]) == (FINANCE, TOLD)


def test_what_a_customer_asked_for_is_claimed_in_their_name(house: Disputed) -> None:
    row = house.open(held="excluded", **OUTAGE)
    uphold(row, category="weather")
    (claim,) = exclusions()
    assert (claim.claimed_by, claim.document["side"]) == (READER, "customer")
    (approval,) = claim.decisions.all()
    assert (approval.decided_by, "consent" in approval.document) == (FINANCE, False)
    again = restate_period(statement=house.statement.id, by=BY, now=at("2026-12-14"))
    assert again is not None
    assert all(check.holds for check in verify_report(proven_bundle(again.report), figures=True))


def test_the_provider_may_still_drop_its_own(house: Disputed) -> None:
    row = opened(house, "up")
    decline(row)
    assert (state(row), Correction.objects.count()) == ("declined", 0)
