"""How long sealed batches are kept, and what is erased with a twin and with a gateway."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tenants.custody.retaining import drop_past, set_policy
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.twins.conftest import Fleet
from twins.gateways.edge.platform.erasing import erase_twin
from twins.gateways.edge.platform.models import EdgeAgent, EdgeConfiguration, SealedBatch, SealState, SiteKey
from twins.gateways.trash import GATEWAY, TWIN

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def keep(gateway: UUID, sequence: int, *, days: int = 0, signals: tuple[int, ...] = ()) -> None:
    at = utc_now() - timedelta(days=days)
    SealedBatch.objects.create(
        gateway=gateway, fingerprint="1" * 64, sequence=sequence, body_digest="2" * 64, signature=bytes(64), body=b"",
        batch=f"b{sequence}", commit=sequence, readings=len(signals), signals=list(signals), first_at=at, last_at=at,
        received_at=utc_now(), state=SealState.KEPT,
    )  # fmt: skip


def left(tenant: UUID) -> list[int]:
    with scope(tenant):
        return list(SealedBatch.objects.order_by("sequence").values_list("sequence", flat=True))


def test_sealed_batches_are_kept_as_long_as_the_readings_of_their_time(fleet: Fleet, their_fleet: Fleet) -> None:
    for one in (fleet, their_fleet):
        with scope(one.tenant):
            for sequence, days in enumerate((90, 32, 28, 0), 1):
                keep(one.gateway, sequence, days=days)
    with scope(fleet.tenant):
        set_policy(days={"readings": 30}, by="ada", now=utc_now())
    assert drop_past(fleet.tenant, now=utc_now())["readings"] == 2
    assert (left(fleet.tenant), left(their_fleet.tenant)) == ([3, 4], [1, 2, 3, 4])


def test_what_a_site_sealed_of_a_twin_is_erased_with_it(fleet: Fleet) -> None:
    signal = next(iter(fleet.signals.values()))
    with scope(fleet.tenant):
        keep(fleet.gateway, 1, signals=(signal, 999_999))
        keep(fleet.gateway, 2, signals=(999_999,))
    assert erase_twin(fleet.tenant, fleet.twin) == 1
    assert left(fleet.tenant) == [2]
    assert TWIN.purge == f"{erase_twin.__module__}.{erase_twin.__name__}"


def test_all_that_is_kept_of_an_agent_goes_with_its_gateway() -> None:
    named = {(model.__name__, column) for model, column in GATEWAY.loose}
    kept = (EdgeAgent, EdgeConfiguration, SealedBatch, SiteKey)
    assert {(model.__name__, "gateway") for model in kept} <= named
