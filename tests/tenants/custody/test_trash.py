"""What is put into the trash is gone for everyone, comes back whole, and goes for good unless money names it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from billing.contracts.agreement import AgreementTerms
from billing.contracts.models import Contract
from billing.contracts.services import create_contract, delete_contract
from tenants.custody import services
from tenants.custody.models import TrashItem
from tenants.custody.services import NameTakenError, TrashRefusedError, put_in_trash, restore, sweep_trash
from tenants.customers.models import Customer
from tenants.customers.services import create_customer
from tenants.kernel.errors import NotAllowedError, NotFoundError
from tenants.kernel.ids import new_id
from tenants.limits.domain.standing import LimitReachedError
from tenants.record.models import AuditEntry
from tenants.scope.actors import Permission
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.world import Fleet, a_fleet, agreement, published
from tests.conftest import Cast
from tests.isolation.world import furnish
from tests.readings import stored_readings
from tests.tenants.custody.conftest import BY, NOW, InterruptedJobError
from twins.composer.models import DraftOperation, Twin
from twins.composer.schemas import FleetParameters
from twins.composer.selectors import publication_mark, published_twins, twin_by_slug
from twins.composer.services import create_fleet, create_twin
from twins.gateways.models import Gateway, GatewayToken
from twins.gateways.services import create_gateway
from twins.telemetry import erasing
from twins.telemetry.models import LatestReading, Signal

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
ALL = frozenset(Permission)
MONTH = timedelta(days=30)


def put(kind: str, thing: UUID) -> TrashItem:
    return put_in_trash(kind=kind, thing=thing, by=BY, now=NOW)


def test_a_customer_there_and_back(tenant: Tenant) -> None:
    with scope(tenant.id):
        made = create_customer(name="Northwind Air", now=NOW)
        item = put("customer", made.id)
        assert (item.name, item.trashed_by, item.due_at) == ("Northwind Air", BY, NOW + MONTH)
        assert not Customer.objects.exists()
        with pytest.raises(NotFoundError):
            put("customer", made.id)
        other = create_customer(name="Northwind Air", now=NOW)
        with pytest.raises(NameTakenError, match="has the name “Northwind Air” by now") as error:
            restore(item=item.id, by=BY, now=NOW, may=ALL)
        assert (error.value.status, error.value.code, error.value.place) == (409, "trash.name_taken", "name")
        put("customer", other.id)
        restore(item=item.id, by=BY, now=NOW, may=ALL)
        assert [row.id for row in Customer.objects.all()] == [made.id]
        actions = [entry.action for entry in AuditEntry.objects.order_by("id")]
        assert actions == ["customer.trashed", "customer.trashed", "customer.restored"]


def test_whoever_may_not_edit_may_not_restore(tenant: Tenant) -> None:
    with scope(tenant.id):
        item = put("twin", create_twin(name="Pumps", now=NOW).id)
        with pytest.raises(NotAllowedError):
            restore(item=item.id, by=BY, now=NOW, may=frozenset({Permission.GATEWAYS_EDIT}))
        with pytest.raises(NotFoundError):
            restore(item=new_id(), by=BY, now=NOW, may=ALL)
        with pytest.raises(NotFoundError):
            put("planet", new_id())
    assert not Tenant.objects.filter(slug="nobody").exists()


def test_others_things_are_nobodys(cast: Cast) -> None:
    with scope(cast.stranger.id), pytest.raises(NotFoundError):
        put("customer", cast.northwind)
    with scope(cast.meridian.id):
        assert Customer.objects.filter(id=cast.northwind).exists()


def test_a_gateway_is_shut_out(tenant: Tenant) -> None:
    with scope(tenant.id):
        gateway, _ = create_gateway(name="Hangar", now=NOW)
        item = put("gateway", gateway.id)
        assert GatewayToken.objects.get(gateway=gateway.id).revoked_at == NOW
        create_gateway(name="Hangar", now=NOW)
        with pytest.raises(NameTakenError):
            restore(item=item.id, by=BY, now=NOW, may=ALL)
    assert sweep_trash(tenant.id, now=NOW + MONTH) == 1
    with scope(tenant.id):
        assert Gateway.everything.count() == 1


def test_a_twin_leaves_what_is_published_and_what_is_bound(tenant: Tenant) -> None:
    with scope(tenant.id):
        fleet = a_fleet("2026-11-01", "2026-11-03")
        before, slug = publication_mark(), Twin.objects.get().slug
        item = put("twin", fleet.twin)
        assert (published_twins(), twin_by_slug(slug)) == ([], None)
        assert publication_mark() != before
        restore(item=item.id, by=BY, now=NOW, may=ALL)
        assert publication_mark() == before
        assert [twin.name for twin in published_twins()] == ["Northwind fleet"]


def test_what_is_under_contract_stays(cast: Cast) -> None:
    furnish(cast)
    with scope(cast.meridian.id):
        contract = Contract.objects.get()
        for kind, thing in (("twin", contract.twin_id), ("customer", contract.customer_id)):
            with pytest.raises(TrashRefusedError, match="there is a contract about it") as error:
                put(kind, thing)
            assert (error.value.status, error.value.code) == (409, "trash.refused")
        with pytest.raises(TrashRefusedError, match="has version 1, which stays"):
            put("contract", contract.id)


def test_a_draft_of_a_contract_that_is_deleted_can_come_back(cast: Cast) -> None:
    with scope(cast.meridian.id):
        row = create_contract(
            wanted=AgreementTerms.read(agreement(a_fleet("2026-11-01", "2026-11-03"))), by=BY, now=NOW
        )
        delete_contract(contract=row.id, by=BY, now=NOW)
        assert not Contract.objects.exists()
        with pytest.raises(TrashRefusedError, match="the trash has a contract"):
            put("twin", row.twin_id)
        restore(item=TrashItem.objects.get().id, by=BY, now=NOW, may=ALL)
        assert Contract.objects.get().draft == row.draft
        delete_contract(contract=row.id, by=BY, now=NOW)
    assert sweep_trash(cast.meridian.id, now=NOW + MONTH) == 1
    with scope(cast.meridian.id):
        assert not Contract.everything.exists()


def test_after_its_time_it_goes_with_all_that_is_its_own(tenant: Tenant, stranger: Tenant) -> None:
    for house in (tenant, stranger):
        with scope(house.id):
            parameters = FleetParameters(name="Fleet", count=1)
            create_fleet(blueprint="turbofan-fleet", parameters=parameters, by=BY, now=NOW)
    with scope(tenant.id):
        put("twin", Twin.objects.get().id)
    assert sweep_trash(tenant.id, now=NOW + MONTH - timedelta(seconds=1)) == 0
    assert sweep_trash(tenant.id, now=NOW + MONTH) == 1
    with scope(tenant.id):
        assert not Twin.everything.exists()
        assert not DraftOperation.objects.exists()
        assert not TrashItem.objects.exists()
        assert AuditEntry.objects.filter(action="twin.erased", by="Outturn").count() == 1
    with scope(stranger.id):
        assert Twin.objects.count() == 1
        assert DraftOperation.objects.exists()


def test_what_a_record_of_money_names_stays_and_says_so(cast: Cast) -> None:
    furnish(cast)
    with scope(cast.meridian.id):
        contract = Contract.objects.get()
        item = put_past_objections("customer", contract.customer_id)
    assert sweep_trash(cast.meridian.id, now=NOW + MONTH) == 1  # the gateway that lay there already
    with scope(cast.meridian.id):
        item.refresh_from_db()
        assert item.kept_because.startswith("A record that must be kept names it")
        assert Customer.everything.filter(id=contract.customer_id).exists()
        assert Contract.objects.filter(id=contract.id).exists()


def flown(house: Tenant) -> tuple[UUID, int, int]:
    """A twin whose engine flies for ten days, a second one beside it, and how many readings each has."""
    with scope(house.id):
        first = a_fleet("2026-11-01", "2026-11-10", name="First fleet")
        second = a_fleet("2026-11-01", "2026-11-10", count=2, name="Second fleet")
        return first.twin, readings_of(first), readings_of(second)


def readings_of(fleet: Fleet) -> int:
    return len(stored_readings(list(Signal.objects.filter(asset__in=fleet.engines).values_list("id", flat=True))))


def test_a_twin_takes_its_readings_along_in_bounded_steps(
    tenant: Tenant, stranger: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "BATCH", 3)
    twin, mine, beside = flown(tenant)
    _, *theirs = flown(stranger)
    assert (mine, beside) == (10, 20)
    with scope(tenant.id):
        item = put("twin", twin)
        signals = list(Signal.objects.filter(twin=twin).values_list("id", flat=True))
        restore(item=item.id, by=BY, now=NOW, may=ALL)
        assert len(stored_readings(signals)) == mine
        put("twin", twin)
    assert sweep_trash(tenant.id, now=NOW + MONTH) == 1
    with scope(tenant.id):
        assert stored_readings(signals) == []
        assert not LatestReading.objects.filter(signal__in=signals).exists()
        assert not Signal.objects.filter(twin=twin).exists()
        assert len(stored_readings()) == beside
        (entry,) = AuditEntry.objects.filter(action="twin.erased")
        assert entry.details["rows"] > mine
    with scope(stranger.id):
        assert len(stored_readings()) == sum(theirs)


def test_killed_in_between_it_goes_on_and_cannot_be_restored(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "BATCH", 3)
    twin, *_ = flown(tenant)
    with scope(tenant.id):
        item = put("twin", twin)
    with monkeypatch.context() as broken:
        broken.setattr(services, "record_audit", _killed)
        with pytest.raises(InterruptedJobError):
            sweep_trash(tenant.id, now=NOW + MONTH)
    with scope(tenant.id), pytest.raises(TrashRefusedError, match="it is being erased"):
        restore(item=item.id, by=BY, now=NOW + MONTH, may=ALL)
    assert sweep_trash(tenant.id, now=NOW + MONTH) == 1
    with scope(tenant.id):
        assert not TrashItem.objects.exists()
        assert not Twin.everything.filter(id=twin).exists()


def _killed(**_: object) -> None:
    raise InterruptedJobError


def test_what_money_still_needs_the_readings_of_waits(tenant: Tenant) -> None:
    with scope(tenant.id):
        fleet = a_fleet("2026-10-29", "2026-12-01")
        other = a_fleet("2026-10-29", "2026-12-01", name="Other fleet")
        contract = published(agreement(fleet, effective={"from": "2026-11-01", "to": "2026-12-01"}))
        before = len(stored_readings())
        Contract.objects.filter(id=contract.id).update(twin_id=other.twin)  # its assets are read elsewhere by now
        item = put("twin", fleet.twin)
    assert sweep_trash(tenant.id, now=NOW + MONTH) == 0
    with scope(tenant.id):
        item.refresh_from_db()
        assert item.kept_because == (
            "Money needs its readings. Contract “Uptime”: it is not settled from 01 Nov 2026 on."
        )
        assert len(stored_readings()) == before
        restore(item=item.id, by=BY, now=NOW + MONTH, may=ALL)
        assert Twin.objects.filter(id=fleet.twin).exists()


def put_past_objections(kind: str, thing: UUID) -> TrashItem:
    """As a version of the product without an objection would have left it."""
    Customer.objects.filter(id=thing).update(trashed_at=NOW)
    return TrashItem.objects.create(
        kind=kind, thing=thing, name="Northwind", trashed_by=BY, trashed_at=NOW, due_at=NOW + MONTH
    )


def test_what_is_taken_out_again_needs_room(tenant: Tenant) -> None:
    Tenant.objects.filter(id=tenant.id).update(plan="trial")
    with scope(tenant.id):
        rows = [create_gateway(name=f"Gateway {number}", now=NOW)[0] for number in range(10)]
        item = put("gateway", rows[0].id)
        create_gateway(name="The eleventh", now=NOW)
        with pytest.raises(LimitReachedError):
            restore(item=item.id, by=BY, now=NOW, may=ALL)
        assert TrashItem.objects.filter(id=item.id).exists()
        put("gateway", rows[1].id)
        restore(item=item.id, by=BY, now=NOW, may=ALL)
        assert Gateway.objects.filter(id=rows[0].id).exists()
