"""Something of everything in Meridian's house, for strangers to try their hands on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from analytics.health.models import Prediction
from tenants.jobs.services import start_job
from tenants.kernel.clock import utc_now
from tenants.keys.services import create_key
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.analytics.fleets import a_plan_and_an_order, predict_by_hand
from tests.billing.isolation import settled
from tests.conftest import Cast
from twins.catalog.services import publish_type
from twins.composer.models import Twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet, publish_twin
from twins.evidence.services import record_event
from twins.gateways.services import create_gateway

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
        engine = UUID(next(iter(twin.draft["assets"])))
        predict_by_hand(twin.id, {engine: 12.0}, as_of=now)
        prediction = Prediction.objects.get()
        plan, order = a_plan_and_an_order(twin.id, now)
        asset = UUID(next(iter(twin.draft["assets"])))
        event = record_event(asset=asset, kind="failed", at=now, source="shop", reference="F-1", now=now).id
        gateway = create_gateway(name="Northwind hangar", now=now)[0].id
        worth = settled(cast.northwind)
    return {
        "job": {"job_id": job},
        "job-cancel": {"job_id": job},
        "api:job-detail": {"pk": job},
        "api:job-cancel": {"pk": job},
        "api-key-withdraw": {"key_id": key},
        "api:key-detail": {"pk": key},
        "asset-type": {"ref": ref},
        "api:asset-type-detail": {"ref": ref},
        "gateway": {"gateway": gateway},
        **{f"gateway-{name}": {"gateway": gateway} for name in ("arriving", "disable", "rotate")},
        **{f"api:gateway-{name}": {"pk": gateway} for name in ("detail", "disable", "recent", "rotate", "set-aside")},
        "model": {"model_id": prediction.model_id},
        "asset-health": {"asset_id": engine},
        **{name: {"plan_id": plan} for name in ("plan", "plan-approve", "plan-reject")},
        "order-cancel": {"order_id": order},
        "api:model-detail": {"pk": prediction.model_id},
        "api:prediction-detail": {"pk": prediction.id},
        **{f"api:plan-{name}": {"pk": plan} for name in ("detail", "approve", "reject")},
        **{f"api:work-order-{name}": {"pk": order} for name in ("detail", "cancel")},
        **worth,
        "canvas": {"twin": twin.slug},
        "fleet": {"twin": twin.slug},
        "evidence": {"twin": twin.slug},
        "api:event-detail": {"pk": event},
        "api:twin-evidence": {"pk": twin.id},
        **{
            f"api:twin-{name}": {"pk": twin.id}
            for name in ("detail", "draft", "operations", "publish", "versions", "latest")
        },
        "api:twin-version": {"pk": twin.id, "version": 1},
    }
