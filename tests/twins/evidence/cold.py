"""A cold store for medicines, whose readings come in as those of gateways do."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tenants.kernel.ids import new_id
from twins.composer.publishing import publish_twin
from twins.composer.services import create_twin, edit_draft
from twins.telemetry.selectors import bound_signals
from twins.telemetry.services import provide_signals

KEYS = ("goods_temperature", "service_switch", "fault")
LIMITS = {"coldest": "2", "warmest": "8"}


def published_store(*, now: datetime) -> tuple[UUID, UUID]:
    """A published twin with one cold store that keeps 2 to 8 °C; the ids of both."""
    gateway, twin, asset = new_id(), create_twin(name="Pharmacy", now=now), new_id()
    operations = [
        {
            "op": "add_asset",
            "asset": str(asset),
            "type": "cold-store@1",
            "name": "C-01",
            "at": [0, 0],
            "properties": LIMITS,
        },
        *({"op": "bind", "place": f"{asset}/{key}", "gateway": str(gateway), "key": key} for key in KEYS),
    ]
    draft = edit_draft(twin=twin.id, base_revision=0, operations=operations, by="ada", now=now)
    publish_twin(twin=twin.id, revision=draft.revision, note="", by="ada", now=now)
    provide_signals(bound=bound_signals())
    return twin.id, asset
