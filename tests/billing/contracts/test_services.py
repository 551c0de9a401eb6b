"""Contracts on the real database: drafts, versions, and who may change what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from billing.contracts.agreement import AgreementTerms
from billing.contracts.fields import DocumentError
from billing.contracts.models import Contract, ContractVersion
from billing.contracts.periods import PeriodError
from billing.contracts.selectors import (
    ContractNotFoundError,
    NotInForceError,
    agreement_of,
    contract,
    contracts_about,
    draft_of,
    version_in_force,
)
from billing.contracts.services import (
    ContractRevisionError,
    ContractTwinError,
    PublishedContractError,
    create_contract,
    create_power_by_the_hour,
    delete_contract,
    edit_contract,
    publish_contract,
)
from billing.contracts.templates import PowerByTheHour
from tenants.customers.services import create_customer
from tenants.kernel.canonical import digest
from tenants.kernel.errors import NotFoundError
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.record.selectors import logged_leaves
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import a_clause
from tests.billing.world import BY, SIGNED, Fleet, agreement, at, customer, published
from tests.twins.evidence.fleet import published_fleet
from twins.composer.services import create_twin

pytestmark = pytest.mark.django_db


@pytest.fixture
def fleet(tenant: Tenant) -> Iterator[Fleet]:
    with scope(tenant.id):
        yield Fleet(*published_fleet(2))


def draft(wanted: dict[str, Any]) -> Contract:
    return create_contract(wanted=AgreementTerms.read(wanted), by=BY, now=SIGNED)


def edit(row: Contract, wanted: dict[str, Any], revision: int | None = None) -> Contract:
    return edit_contract(
        contract=row.id, revision=revision or row.revision, wanted=AgreementTerms.read(wanted), by=BY, now=SIGNED
    )


def publish(row: Contract) -> ContractVersion:
    return publish_contract(contract=row.id, revision=row.revision, by=BY, now=SIGNED)


def test_a_draft_is_a_whole_agreement_with_the_names_of_its_day(fleet: Fleet) -> None:
    row = draft(agreement(fleet))
    document = draft_of(row)
    assert (document.contract, document.version) == (str(row.id), 1)
    assert document.parties.model_dump() == {"provider": "Meridian Engines", "customer": "Northwind Air"}
    assert document.assets == dict(zip(fleet.ids, ("Engine 081", "Engine 082"), strict=True))
    assert (row.slug, row.revision, row.published) == ("uptime", 1, 0)
    assert [entry.action for entry in AuditEntry.objects.all()] == ["contract.created"]


def test_a_contract_is_about_the_assets_its_clauses_speak_of(fleet: Fleet) -> None:
    assert list(draft_of(draft(agreement(fleet, a_clause(assets=fleet.ids[:1])))).assets) == fleet.ids[:1]
    assert len(draft_of(draft(agreement(fleet) | {"terms": agreement(fleet)["terms"] | {"clauses": []}})).assets) == 2


def test_titles_may_repeat_and_addresses_do_not(fleet: Fleet) -> None:
    assert [draft(agreement(fleet, title=title)).slug for title in ("Uptime", "Uptime", "New", "ÜÖ !")] == [
        "uptime", "uptime-2", "new-2", "uo",
    ]  # fmt: skip


def test_a_published_version_is_logged_and_never_changes(fleet: Fleet) -> None:
    row = draft(agreement(fleet))
    version = publish(row)
    assert version.digest == digest(version.document) == agreement_of(version).digest
    assert (version.effective_from, version.effective_to) == (at("2026-01-01"), None)
    name = ("contract_version", version.digest)
    assert logged_leaves([name])[name].index == 0
    attempts: list[Callable[[], object]] = [
        lambda: ContractVersion.objects.update(version=2),
        lambda: ContractVersion.objects.all().delete(),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            attempt()


def test_an_edit_becomes_the_next_version(fleet: Fleet) -> None:
    row = published(agreement(fleet))
    later = agreement(fleet, effective={"from": "2026-06-01"}, tax_percent="19")
    row = edit(contract(row.id), later)
    assert (row.revision, draft_of(row).version, draft_of(row).tax_percent) == (2, 2, "19")
    assert publish(row).version == 2
    assert contract(row.id).published == 2


def test_who_saw_an_older_draft_is_told(fleet: Fleet) -> None:
    row = edit(draft(agreement(fleet)), agreement(fleet, tax_percent="7"))
    with pytest.raises(ContractRevisionError, match="at revision 2, not 1") as error:
        edit(row, agreement(fleet), revision=1)
    assert (error.value.status, error.value.code) == (409, "contract.conflict")
    with pytest.raises(ContractRevisionError):
        publish_contract(contract=row.id, revision=1, by=BY, now=SIGNED)
    publish(row)
    with pytest.raises(ContractRevisionError, match="Nothing was changed since version 1"):
        publish(row)
    assert draft_of(contract(row.id)).tax_percent == "7"


def test_a_version_takes_effect_no_earlier_than_the_one_before(fleet: Fleet) -> None:
    row = published(agreement(fleet, effective={"from": "2026-06-01"}))
    row = edit(contract(row.id), agreement(fleet, effective={"from": "2026-05-01"}))
    with pytest.raises(ContractRevisionError, match="takes effect after"):
        publish(row)


def test_no_clause_is_called_as_the_fee(fleet: Fleet) -> None:
    """Refused as a draft, and where a draft of before has one it is not published."""
    named = agreement(fleet, a_clause(assets=fleet.ids), a_clause(id="fee", assets=fleet.ids))
    with pytest.raises(DocumentError) as error:
        draft(named)
    row = draft(agreement(fleet, a_clause(assets=fleet.ids), a_clause(id="other", assets=fleet.ids)))
    row.draft["terms"]["clauses"][1]["id"] = "fee"
    row.save()
    with pytest.raises(DocumentError) as refused:
        publish(row)
    for one in (error.value, refused.value):
        (finding,) = one.findings
        assert (one.status, finding.code, finding.place) == (422, "contract.clause_name", "terms/clauses/1/id")
        assert finding.message == "No clause can be called fee: that is what the fee is called in statements."
        assert finding.fix == "Give the clause another name."
    assert contract(row.id).published == 0


def test_a_published_contract_stays_and_stays_with_its_customer(fleet: Fleet) -> None:
    row = published(agreement(fleet))
    other = create_customer(name="Southwind Air", now=SIGNED)
    with pytest.raises(PublishedContractError, match="stays with its customer"):
        edit(contract(row.id), agreement(fleet) | {"customer": str(other.id)})
    with pytest.raises(PublishedContractError):
        delete_contract(contract=row.id, by=BY, now=SIGNED)
    unpublished = draft(agreement(fleet))
    edit(unpublished, agreement(fleet) | {"customer": str(other.id)})
    delete_contract(contract=unpublished.id, by=BY, now=SIGNED)
    assert [each.id for each in Contract.objects.all()] == [row.id]


def test_what_a_contract_needs(fleet: Fleet) -> None:
    nobody = str(new_id())
    with pytest.raises(NotFoundError, match="no such customer"):
        draft(agreement(fleet) | {"customer": nobody})
    with pytest.raises(ContractTwinError):
        draft(agreement(fleet) | {"twin": nobody})
    with pytest.raises(ContractTwinError):
        draft(agreement(fleet) | {"twin": str(create_twin(name="Empty", now=SIGNED).id)})
    with pytest.raises(DocumentError) as error:
        draft(agreement(fleet, a_clause(assets=[nobody])))
    assert error.value.findings[0].code == "contract.unknown_asset"
    with pytest.raises(ContractNotFoundError):
        edit_contract(
            contract=UUID(nobody), revision=1, wanted=AgreementTerms.read(agreement(fleet)), by=BY, now=SIGNED
        )
    assert not Contract.objects.exists()


def test_the_version_in_force(fleet: Fleet) -> None:
    row = published(agreement(fleet, effective={"from": "2026-01-01", "to": "2027-01-01"}))
    publish(edit(contract(row.id), agreement(fleet, effective={"from": "2026-06-01"})))
    months = [(at(f"2026-{number:02}-01"), at(f"2026-{number + 1:02}-01")) for number in range(1, 12)]
    assert [version_in_force(row.id, *each).version for each in months] == [1] * 5 + [2] * 6
    with pytest.raises(PeriodError, match="takes effect at 2026-06-01T00:00:00Z, within the period"):
        version_in_force(row.id, at("2026-05-15"), at("2026-06-15"))
    with pytest.raises(NotInForceError):
        version_in_force(row.id, at("2025-12-15"), at("2026-01-15"))
    with pytest.raises(NotInForceError):
        version_in_force(new_id(), *months[0])


def test_a_version_that_has_ended_brings_no_older_one_back(fleet: Fleet) -> None:
    row = published(agreement(fleet))
    publish(edit(contract(row.id), agreement(fleet, effective={"from": "2026-06-01", "to": "2026-08-01"})))
    assert version_in_force(row.id, at("2026-05-01"), at("2026-06-01")).version == 1
    assert version_in_force(row.id, at("2026-07-01"), at("2026-08-01")).version == 2
    for start, end in (("2026-08-01", "2026-09-01"), ("2026-07-15", "2026-08-15")):
        with pytest.raises(NotInForceError):
            version_in_force(row.id, at(start), at(end))


def test_contracts_about_some_assets(fleet: Fleet) -> None:
    both = published(agreement(fleet, effective={"from": "2026-02-01", "to": "2026-03-01"}))
    one = published(agreement(fleet, a_clause(assets=fleet.ids[:1])))
    draft(agreement(fleet))

    def about(assets: list[str], start: str, end: str) -> set[UUID]:
        return {version.contract_id for version in contracts_about(assets, at(start), at(end))}

    assert about(fleet.ids[:1], "2026-02-27", "2026-03-02") == {both.id, one.id}
    assert about(fleet.ids, "2026-02-27", "2026-03-02") == {both.id}
    assert about(fleet.ids[:1], "2026-03-01", "2026-03-02") == {one.id}
    assert about(fleet.ids, "2025-01-01", "2026-02-01") == set()


POWER: dict[str, Any] = {
    "effective": {"from": "2026-09-01"},
    "fee_per_hour": "350.00",
    "tiers": [{"below": "97", "credit": "5"}, {"below": "95", "credit": "10"}, {"below": "90", "credit": "25"}],
}


def test_power_by_the_hour(fleet: Fleet) -> None:
    parameters = PowerByTheHour.read({"customer": str(customer().id), "twin": str(fleet.twin)} | POWER)
    document = draft_of(create_power_by_the_hour(parameters=parameters, by=BY, now=SIGNED))
    terms = document.terms.model_dump(mode="json", by_alias=True)
    assert document.title == "Power by the hour"
    assert terms["fee"] == {
        "kind": "metered", "unit": "h", "mode": "graduated", "tiers": [{"to": None, "price": "350.00"}],
    }  # fmt: skip
    (clause,) = terms["clauses"]
    assert clause["assets"] == fleet.ids
    assert clause["exclusions"] == [{"category": "planned", "allowance": "P5D"}]
    assert clause["remedies"] == [{"kind": "tiers", "tiers": POWER["tiers"]}]
    assert [rule.model_dump() for rule in document.preapproved] == [{"category": "planned", "notice": "PT0S"}]
    assert document.assumptions is not None
    assert document.assumptions.model_dump() == {"planned_visit": "P5D", "repair": "P14D", "bays": 2}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"fee_per_hour": "0"}, "document.out_of_range"),
        ({"tiers": []}, "document.empty"),
        ({"tiers": [{"below": "97", "credit": "5"}, {"below": "97.0", "credit": "6"}]}, "document.repeated"),
        ({"currency": "ABC"}, "contract.unknown_currency"),
        ({"time_zone": "Mars/Olympus"}, "contract.unknown_zone"),
        ({"planned_allowance": "P1M"}, "document.malformed"),
    ],
)
def test_figures_that_do_not_fit_the_template(change: dict[str, Any], code: str) -> None:
    with pytest.raises(DocumentError) as error:
        PowerByTheHour.read({"customer": str(new_id()), "twin": str(new_id())} | POWER | change)
    assert error.value.findings[0].code == code


def test_strangers_find_nothing(tenant: Tenant, stranger: Tenant) -> None:
    with scope(tenant.id):
        row = published(agreement(Fleet(*published_fleet(1))))
    with scope(stranger.id):
        assert not Contract.objects.exists()
        with pytest.raises(ContractNotFoundError):
            publish(row)
