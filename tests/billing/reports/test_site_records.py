"""From a batch that a site sealed to the report whose reader checks the site's signature, and back to the body."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync

from billing.reports import services
from billing.reports.services import settle_period
from billing.reports.verifier import verify_report
from tenants.kernel.canonical import digest
from tenants.kernel.clock import isoformat, utc_now
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.world import BY, Fleet, agreement, at, published
from tests.ingest import ingesting
from tests.twins.conftest import make_fleet
from tests.twins.gateways.edge_platform.site import Site, body_of
from twins.composer.selectors import draft
from twins.gateways.edge.platform.routes import PREFIX
from twins.gateways.http import PATH

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
NOVEMBER = at("2025-11-01"), at("2025-12-01")
CLAIM = "Batches carry the site's signature, each naming the one before it"


@async_to_sync
async def send(token: str, site: Site, bodies: list[bytes]) -> None:
    """The site's agent tells its key, and sends what it has sealed."""
    async with ingesting(token) as client:
        assert (await client.post(f"{PREFIX}/status", json=site.status())).status_code == 200
        for body in bodies:
            answer = (await client.post(PATH, **site.signed(body))).json()
            assert (answer["accepted"], answer["seal"]) == (1, {"kept": True})


@pytest.mark.parametrize("room", [20_000, 3])
def test_from_a_sealed_batch_to_the_report_and_back(
    tenant: Tenant, with_key: Any, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(services, "MOST_SEALED", room)
    made, site = make_fleet(tenant, count=1), Site()
    days = [at("2025-10-30") + timedelta(days=number, hours=20) for number in range(6)]
    bodies = [body_of(f"day-{day:%F}", ("1/t24", 640.0), at=isoformat(day)) for day in days]
    send(made.token, site, bodies)
    with scope(tenant.id):
        (asset,) = draft(made.twin).document.assets
        fleet = Fleet(made.twin, [UUID(asset)])
        contract = published(agreement(fleet, effective={"from": "2025-01-01", "to": None}))
        done = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=utc_now())
        data = bytes(done.report.bundle)
    checks = {check.claim: check for check in verify_report(data)}
    assert all(check.holds for check in checks.values())
    leaves = json.loads(data)["leaves"]
    (record,) = [leaf for leaf in leaves if leaf["kind"] == "site_record"]
    (segment,) = [leaf for leaf in leaves if leaf["kind"] == "evidence_segment"]
    assert segment["payload"]["relies_on"] == {"site_record": [record["digest"]]}
    client = with_key(tenant, Role.ENGINEER)
    document = client.get(f"/api/v1/twins/{made.twin}/site-records/{record['digest']}/").json()
    assert digest(document) == record["digest"]
    if room < 4:  # there are four batches of November
        assert record["payload"] is None
        assert checks[CLAIM].found == "0 batches of the keys -; 1 site record is given by its digest alone"
    else:
        assert record["payload"] == document
        assert checks[CLAIM].found == f"4 batches of the keys {site.fingerprint}"
    ((key,),) = [gateway["keys"] for gateway in document["gateways"]]
    assert [batch["sequence"] for batch in key["batches"]] == [3, 4, 5, 6]
    for batch, body in zip(key["batches"], bodies[2:], strict=True):
        fetched = client.get(f"/api/v1/gateways/{made.gateway}/edge/seals/{batch['sequence']}/body/").content
        assert fetched == body
        assert hashlib.sha256(fetched).hexdigest() == batch["body"]
