"""Evidence that rests on batches a site has sealed, and evidence that does not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from tenants.kernel.canonical import digest
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.evidence.fleet import DAY, OCTOBER, SEPTEMBER, day, fly, published_fleet
from tests.twins.gateways.edge_platform.site import Site
from twins.evidence.domain.sites import site_record
from twins.evidence.models import SiteRecord
from twins.evidence.schemas import SealedSegment
from twins.evidence.selectors import asset_states, site_records
from twins.evidence.services import seal_evidence
from twins.gateways.edge.platform.models import KeyState, SealedBatch, SealState, SiteKey
from twins.gateways.edge.signing import SiteSeal, seal_digest
from twins.telemetry.schemas import Quality
from twins.telemetry.selectors import commit_count, signals

pytestmark = pytest.mark.django_db
START, END = SEPTEMBER
SPAN = int(START.timestamp() * 1000), int(END.timestamp() * 1000)
GATEWAY = new_id()
Fleet = tuple[UUID, list[UUID]]


@pytest.fixture
def fleet(tenant: Tenant) -> Iterator[Fleet]:
    with scope(tenant.id):
        yield published_fleet(2)


@pytest.fixture
def site(fleet: Fleet) -> Site:
    made = Site()
    SiteKey.objects.create(
        gateway=GATEWAY, public_key=made.public, fingerprint=made.fingerprint, state=KeyState.APPROVED,
        first_seen_at=OCTOBER,
    )  # fmt: skip
    return made


def sealed(site: Site, flights: list[tuple[UUID, datetime]], **changes: Any) -> SiteSeal:
    """Flights come in one batch that the site has sealed; what it sealed."""
    quality = changes.pop("quality", Quality.GOOD)
    fly(flights, received=OCTOBER, keys=["t24"], quality=quality)
    body = repr(flights).encode()
    seal = site.seal(body)
    row = {
        "gateway": GATEWAY, "fingerprint": seal.key, "sequence": seal.sequence, "previous": seal.previous,
        "digest": seal_digest(body, sequence=seal.sequence, previous=seal.previous), "signature": seal.signature,
        "body_digest": hashlib.sha256(body).hexdigest(), "body": b"", "batch": f"b{seal.sequence}",
        "commit": commit_count(), "readings": len(flights), "received_at": OCTOBER, "state": SealState.KEPT,
        "signals": list(signals({asset for asset, _ in flights}, ["t24"]).values_list("id", flat=True)),
        "first_at": min(at for _, at in flights), "last_at": max(at for _, at in flights),
    }  # fmt: skip
    made = SealedBatch.objects.create(**{**row, **changes})
    return SiteSeal(
        GATEWAY, site.public, seal.key, seal.sequence, seal.previous, made.body_digest, seal.signature
    )  # fmt: skip


def seal(twin: UUID, now: datetime = OCTOBER) -> list[SealedSegment]:
    return seal_evidence(twin=twin, start=START, end=END, now=now)


def test_evidence_names_the_batches_that_gave_its_readings(fleet: Fleet, site: Site) -> None:
    twin, (one, other) = fleet
    first = sealed(site, [(one, day(2, 6)), (one, day(3, 6))])
    both = sealed(site, [(one, day(4, 6)), (other, day(4, 6))])
    last = sealed(site, [(other, day(30, 6))])
    segments = seal(twin)
    documents = [site_record([first, both], SPAN), site_record([both, last], SPAN)]
    assert [segment.document["relies_on"] for segment in segments] == [
        {"site_record": [digest(document)]} for document in documents
    ]
    assert [segment.site_records for segment in segments] == [[digest(document)] for document in documents]
    assert [segment.digest for segment in segments] == [digest(segment.document) for segment in segments]
    assert site_records(twin, [digest(document) for document in documents]) == {
        digest(document): document for document in documents
    }
    assert [state.is_current for state in asset_states(twin, START, END)] == [True, True]


def test_assets_of_the_same_batches_share_a_record(fleet: Fleet, site: Site) -> None:
    twin, assets = fleet
    sealed(site, [(asset, day(2, 6)) for asset in assets])
    one, other = seal(twin)
    assert one.site_records == other.site_records
    assert SiteRecord.objects.count() == 1
    assert seal(twin, OCTOBER + DAY) == [one, other]  # the same again


def test_evidence_without_a_sealed_batch_is_as_it_always_was(fleet: Fleet, site: Site) -> None:
    twin, (one, other) = fleet
    fly([(one, day(2, 6))], received=OCTOBER, keys=["t24"])
    before = [segment.document for segment in seal(twin)]
    assert all("relies_on" not in document for document in before)
    sealed(site, [(other, day(2, 6))])
    after = [segment.document for segment in seal(twin, OCTOBER + DAY)]
    assert after[0] == before[0]
    assert "relies_on" in after[1]


@pytest.mark.parametrize(
    "changes",
    [{"state": SealState.BROKEN, "code": "seal.gap"}, {"quality": Quality.BAD}, {"signals": []}, {"commit": 99}],
)
def test_what_does_not_count_is_not_named(fleet: Fleet, site: Site, changes: dict[str, Any]) -> None:
    twin, (one, _) = fleet
    sealed(site, [(one, day(2, 6))], **changes)
    assert [segment.site_records for segment in seal(twin)] == [[], []]
    assert SiteRecord.objects.count() == 0


def test_readings_outside_the_span_do_not_count(fleet: Fleet, site: Site) -> None:
    twin, (one, other) = fleet
    sealed(site, [(one, START - DAY), (one, END)])
    across = sealed(site, [(one, START - DAY), (other, START)])
    assert [segment.site_records for segment in seal(twin)] == [[], [digest(site_record([across], SPAN))]]


def test_a_batch_whose_reading_was_replaced_no_longer_counts(fleet: Fleet, site: Site) -> None:
    twin, (one, _) = fleet
    sealed(site, [(one, day(2, 6))])
    first = seal(twin)
    assert first[0].site_records
    fly([(one, day(2, 6))], received=OCTOBER + DAY, keys=["t24"])  # the same value again
    assert seal(twin, OCTOBER + DAY) == first
    fly([(one, day(2, 6))], received=OCTOBER + DAY, keys=["t24"], value=2.0)
    again = seal(twin, OCTOBER + DAY)[0]
    assert (again.site_records, again.revision) == ([], 2)


def test_another_tenant_s_seals_are_not_seen(fleet: Fleet, site: Site, stranger: Tenant, tenant: Tenant) -> None:
    twin, (one, _) = fleet
    fly([(one, day(2, 6))], received=OCTOBER, keys=["t24"])
    made = sealed(site, [(one, day(3, 6))])
    assert seal(twin)[0].site_records == [digest(site_record([made], SPAN))]
    assert site_records(new_id(), seal(twin)[0].site_records) == {}
