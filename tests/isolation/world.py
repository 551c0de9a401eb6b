"""Something of everything in Meridian's house, for strangers to try their hands on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tenants.jobs.services import start_job
from tenants.kernel.clock import utc_now
from tenants.keys.services import create_key
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.conftest import Cast
from twins.catalog.services import publish_type
from twins.composer.models import Twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet, publish_twin

PUMP = {"key": "meridian-pump", "version": 1, "name": {"en": "Pump"}, "signals": {"flow": {"unit": "m3/h"}}}
Samples = dict[str, dict[str, str | int | UUID]]


def _published_twin(now: datetime) -> Twin:
    parameters = FleetParameters(name="Northwind fleet", count=1)
    draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by="owner@meridian.example", now=now)
    publish_twin(twin=draft.twin, revision=draft.revision, note="", by="owner@meridian.example", now=now)
    return Twin.objects.get()


def furnish(cast: Cast) -> Samples:
    """Make one of each thing that has an address of its own; the arguments of those addresses by their names."""
    now = utc_now()
    with scope(cast.meridian.id):
        job = start_job(kind="health.train", params={}, by="owner@meridian.example", now=now).id
        key = create_key(name="historian", role=Role.VIEWER, now=now)[0].id
        ref = publish_type(document=PUMP, by="owner@meridian.example", now=now).ref
        twin = _published_twin(now)
    return {
        "job": {"job_id": job},
        "job-cancel": {"job_id": job},
        "api:job-detail": {"pk": job},
        "api:job-cancel": {"pk": job},
        "api-key-withdraw": {"key_id": key},
        "api:key-detail": {"pk": key},
        "asset-type": {"ref": ref},
        "api:asset-type-detail": {"ref": ref},
        "canvas": {"twin": twin.slug},
        "fleet": {"twin": twin.slug},
        **{
            f"api:twin-{name}": {"pk": twin.id}
            for name in ("detail", "draft", "operations", "publish", "versions", "latest")
        },
        "api:twin-version": {"pk": twin.id, "version": 1},
    }
