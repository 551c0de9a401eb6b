"""Signing: a version that needs the customer's acceptance holds once they have given it, and never before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from billing.contracts.acceptance import (
    AnsweredError,
    ChangedTextError,
    NotTheCustomerError,
    Reading,
    SettledError,
    SignatureError,
    accept_version,
    decline_version,
)
from billing.contracts.models import Contract, ContractAcceptance
from billing.contracts.selectors import (
    ContractNotFoundError,
    NotInForceError,
    acceptance_of,
    agreement_of,
    contracts_about,
    offered,
    version_at,
    version_in_force,
    versions,
)
from billing.contracts.services import ContractRevisionError
from billing.contracts.wording import text_to_sign
from billing.outcomes.services import claim_exclusion, run_outcome
from billing.reports.bundles import Bundle
from billing.reports.selectors import proof_ok, proven_bundle
from billing.reports.services import settle_period
from billing.statements.holds import money_holds
from billing.statements.periods import open_periods
from tenants.customers.services import create_customer
from tenants.kernel.canonical import digest
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.record.selectors import logged_leaves
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.signing import READER, accept, amended, person, shown, version
from tests.billing.world import BY, DECEMBER, NOVEMBER, SIGNED, Fleet, a_fleet, agreement, at, fly_daily, published

pytestmark = pytest.mark.django_db
OFFER = {"acceptance": "required"}


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


@pytest.fixture
def fleet() -> Fleet:
    return a_fleet("2026-10-29", "2026-12-01")


@pytest.fixture
def contract(fleet: Fleet) -> Contract:
    """Offered to Northwind, from January 2026 on."""
    return published(agreement(fleet, **OFFER))


def settle(contract: Contract, period: tuple[Any, Any] = NOVEMBER, now: str = "2026-12-05") -> Any:
    return settle_period(contract=contract.id, start=period[0], end=period[1], by=BY, now=at(now))


def decline(contract: Contract, number: int = 1, reason: str = "Too dear.") -> ContractAcceptance:
    return decline_version(
        contract=contract.id, read=shown(contract, number), name="Nora Winter", reason=reason,
        by=person(contract.customer_id), now=SIGNED,
    )  # fmt: skip


class TestAccepting:
    def test_the_acceptance_is_a_document_in_the_log(self, contract: Contract) -> None:
        row, read = version(contract), shown(contract)
        text = text_to_sign(agreement_of(row))
        assert text.startswith(
            f"Uptime\nVersion 1 of contract {contract.id}\n\n1. Parties and time\n"
            "1.1 Meridian Engines guarantees Northwind Air"
        )  # fmt: skip
        assert text.endswith(f"\nThe document that this text tells has the SHA-256 digest\n{row.digest}\n")
        answer = accept_version(
            contract=contract.id, read=read, name="  Nora   Winter ", by=person(contract.customer_id), now=SIGNED
        )
        assert answer.document == {
            "acceptance": 1,
            "contract": str(contract.id),
            "version": 1,
            "digest": row.digest,
            "text_digest": hashlib.sha256(text.encode()).hexdigest(),
            "accepted_by": READER,
            "name": "Nora Winter",
            "accepted_at": "2026-01-02T00:00:00Z",
            "relies_on": {"contract_version": [row.digest]},
        }
        assert (answer.text, answer.accepted, answer.answered_at) == (text, True, SIGNED)
        assert answer.digest == digest(answer.document)
        name = ("contract_acceptance", answer.digest)
        assert logged_leaves([name])[name].index == 1
        entry = AuditEntry.objects.get(action="contract.accepted")
        assert (entry.by, entry.details["name"], entry.details["version"]) == (READER, "Nora Winter", 1)

    def test_nothing_holds_before_and_it_holds_from_its_first_day_once_accepted(
        self, fleet: Fleet, contract: Contract
    ) -> None:
        assert list(offered()) == [version(contract)]
        with pytest.raises(NotInForceError, match="Version 1 waits for the customer's acceptance") as error:
            settle(contract)
        assert error.value.fix == "Ask the customer to accept it in their portal, or publish another version."
        assert (open_periods(contract.id, at("2026-12-05")), contracts_about(fleet.ids, *NOVEMBER)) == ([], [])
        accept(contract, now=at("2026-12-04"))
        assert list(offered()) == []
        assert version_in_force(contract.id, *NOVEMBER) == version(contract)
        assert open_periods(contract.id, at("2026-12-05"))[-1].name == "November 2026"
        assert settle(contract).statement.total_minor == 1_200_000

    def test_the_report_has_the_acceptance_with_it(self, contract: Contract) -> None:
        answer = accept(contract)
        done = settle(contract)
        assert proof_ok(done.report)
        bundle = Bundle.read(proven_bundle(done.report))
        assert bundle.documents["contract_acceptance"] == {answer.digest: answer.document}
        assert bundle.run["relies_on"]["contract_acceptance"] == [answer.digest]

    def test_a_version_that_needs_none_says_so(self, fleet: Fleet) -> None:
        contract = published(agreement(fleet))
        with pytest.raises(AnsweredError, match="Version 1 needs no acceptance"):
            accept(contract)
        assert "contract_acceptance" not in settle(contract).statement.run.document["relies_on"]


class TestRefusing:
    def test_accepting_again_changes_nothing(self, contract: Contract) -> None:
        accept(contract)
        with pytest.raises(AnsweredError, match=f"Version 1 was accepted by {READER} on 2026-01-02T00:00:00Z"):
            accept(contract)
        with pytest.raises(AnsweredError):
            decline(contract)
        assert (ContractAcceptance.objects.count(), AuditEntry.objects.filter(action="contract.accepted").count()) == (
            1, 1,
        )  # fmt: skip

    def test_nobody_but_the_customers_own_people(self, contract: Contract) -> None:
        southwind = create_customer(name="Southwind Air", now=SIGNED).id
        answer = partial(accept_version, contract=contract.id, read=shown(contract), name="N", now=SIGNED)
        with pytest.raises(ContractNotFoundError):
            answer(by=person(southwind))
        with pytest.raises(NotTheCustomerError) as error:
            answer(by=person(None, Role.OWNER))
        assert error.value.status == 403
        with pytest.raises(NotTheCustomerError):
            answer(by=replace(person(contract.customer_id), user=None, key=new_id()))
        assert not ContractAcceptance.objects.exists()

    def test_only_what_was_read(self, contract: Contract) -> None:
        read, nobody = shown(contract), "0" * 64
        for other in (replace(read, digest=nobody), replace(read, text_digest=nobody)):
            with pytest.raises(ChangedTextError, match="says something else than what you were shown") as error:
                accept_version(contract=contract.id, read=other, name="N", by=person(contract.customer_id), now=SIGNED)
            assert error.value.fix == "Read it again, and answer then."
        with pytest.raises(ContractNotFoundError):
            accept_version(
                contract=contract.id, read=Reading(2, nobody, nobody), name="N", by=person(contract.customer_id),
                now=SIGNED,
            )  # fmt: skip
        assert not ContractAcceptance.objects.exists()

    @pytest.mark.parametrize("name", ["", "  ", "N" * 121])
    def test_without_a_name(self, contract: Contract, name: str) -> None:
        with pytest.raises(SignatureError, match="The name is missing or longer than 120 letters"):
            accept_version(
                contract=contract.id, read=shown(contract), name=name, by=person(contract.customer_id), now=SIGNED
            )

    def test_never_for_what_is_settled_under_another_version(self, fleet: Fleet) -> None:
        contract = published(agreement(fleet))
        amended(contract, agreement(fleet, effective={"from": "2026-11-01", "to": None}, tax_percent="19", **OFFER))
        settle(contract)
        fly_daily(fleet, "2026-12-02", "2026-12-31")
        settle(contract, DECEMBER, "2027-01-03")
        with pytest.raises(SettledError) as error:
            accept(contract, 2, now=at("2027-01-04"))
        assert error.value.message == "2 periods are settled already, under another version, from 1 November 2026 on."
        assert error.value.fix == "Ask for one that takes effect on 1 January 2027 or later."
        amended(contract, agreement(fleet, effective={"from": "2027-01-01", "to": None}, tax_percent="19", **OFFER))
        assert accept(contract, 3, now=at("2027-01-04")).accepted

    def test_what_is_settled_before_it_takes_effect_is_no_obstacle(self, fleet: Fleet) -> None:
        contract = published(agreement(fleet))
        settle(contract)
        amended(contract, agreement(fleet, effective={"from": "2026-12-01", "to": None}, tax_percent="19", **OFFER))
        accept(contract, 2, now=at("2026-12-20"))
        assert version_in_force(contract.id, *DECEMBER).version == 2
        assert version_in_force(contract.id, *NOVEMBER).version == 1


class TestDeclining:
    def test_it_is_written_like_an_acceptance_and_what_held_goes_on(self, fleet: Fleet) -> None:
        contract = published(agreement(fleet))
        amended(contract, agreement(fleet, tax_percent="19", **OFFER))
        row = version(contract, 2)
        answer = decline(contract, 2, "  Tax is 7 %.  ")
        assert answer.document | {"text_digest": ""} == {
            "refusal": 1,
            "contract": str(contract.id),
            "version": 2,
            "digest": row.digest,
            "text_digest": "",
            "declined_by": READER,
            "name": "Nora Winter",
            "reason": "Tax is 7 %.",
            "declined_at": "2026-01-02T00:00:00Z",
            "relies_on": {"contract_version": [row.digest]},
        }
        name = ("contract_refusal", answer.digest)
        assert logged_leaves([name])[name].leaf.digest == answer.digest
        assert AuditEntry.objects.filter(action="contract.declined").count() == 1
        assert acceptance_of(version(contract, 2)) == answer
        assert list(offered()) == []
        assert version_in_force(contract.id, *NOVEMBER).version == 1

    def test_nothing_holds_when_all_is_declined(self, contract: Contract) -> None:
        decline(contract)
        with pytest.raises(NotInForceError, match="No published version holds"):
            settle(contract)
        for reason in ("", "x" * 501):
            with pytest.raises(AnsweredError):
                decline(contract, reason=reason)

    @pytest.mark.parametrize("reason", ["", " ", "x" * 501])
    def test_without_a_reason(self, contract: Contract, reason: str) -> None:
        with pytest.raises(SignatureError, match="The reason is missing or longer than 500 letters"):
            decline(contract, reason=reason)
        assert not ContractAcceptance.objects.exists()


class TestAmending:
    def test_the_next_offer_takes_the_place_of_one_that_waits(self, fleet: Fleet, contract: Contract) -> None:
        amended(contract, agreement(fleet, tax_percent="19", effective={"from": "2025-11-01", "to": None}, **OFFER))
        assert [row.version for row in offered()] == [2]
        with pytest.raises(AnsweredError, match="Version 2 was offered in place of version 1"):
            accept(contract)
        accept(contract, 2)
        assert version_in_force(contract.id, at("2025-12-01"), at("2026-01-01")).version == 2

    def test_of_two_from_the_same_day_the_newer_that_is_accepted_holds(self, fleet: Fleet, contract: Contract) -> None:
        accept(contract)
        amended(contract, agreement(fleet, tax_percent="19", **OFFER))
        assert version_in_force(contract.id, *NOVEMBER).version == 1
        accept(contract, 2)
        assert version_in_force(contract.id, *NOVEMBER).version == 2
        known = list(versions(contract.id))
        assert version_at(known, at("2026-01-01")) == version(contract, 2)
        assert version_at(known, at("2025-12-31")) is None

    def test_no_version_takes_effect_before_one_that_is_agreed(self, fleet: Fleet, contract: Contract) -> None:
        accept(contract)
        with pytest.raises(ContractRevisionError, match="Version 1 takes effect after this draft would"):
            amended(contract, agreement(fleet, effective={"from": "2025-12-01", "to": None}, **OFFER))

    def test_claims_and_runs_are_made_under_what_is_agreed(self, fleet: Fleet, contract: Contract) -> None:
        claim = claim_exclusion(
            contract=None, category="planned", assets=fleet.engines, start=at("2026-11-02"), end=at("2026-11-03"),
            evidence={}, by=BY, now=at("2026-11-01"),
        )  # fmt: skip
        assert claim.contract_id is None
        with pytest.raises(NotInForceError):
            run_outcome(
                contract=contract.id, period_start=NOVEMBER[0], period_end=NOVEMBER[1], as_of=at("2026-12-05"), by=BY,
                now=at("2026-12-05"),
            )  # fmt: skip


def test_answers_stay_as_they_are(contract: Contract) -> None:
    accept(contract)
    attempts = (
        partial(ContractAcceptance.objects.update, accepted=False),
        partial(ContractAcceptance.objects.all()._raw_delete, "default"),
    )
    for attempt in attempts:
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            attempt()


def test_readings_are_kept_for_what_may_still_be_accepted(contract: Contract) -> None:
    now = at("2026-12-05")
    assert [hold.reason for hold in money_holds(now)] == ["Contract “Uptime”: it is not settled from 01 Jan 2026 on."]
    decline(contract)
    assert money_holds(now) == []
