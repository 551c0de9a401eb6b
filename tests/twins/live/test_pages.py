"""What the page of a twin tells its script."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from twins.catalog.services import publish_type
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet, create_twin, edit_draft

pytestmark = pytest.mark.django_db
OWNER = "owner@meridian.example"
PUMP = {
    "key": "pump",
    "version": 1,
    "name": {"en": "Pump"},
    "signals": {
        "pressure": {"unit": "bar", "rate": "PT1S"},
        "flow": {"unit": "m3/h", "rate": "PT1M"},
        "starts": {"unit": "1"},
    },
}
FAN = {"key": "fan", "version": 1, "name": {"en": "Fan"}, "signals": {"flow": {"unit": "m3/h", "rate": "PT1H"}}}


def configuration(client: Client, twin: str) -> dict[str, Any]:
    text = client.get(f"/t/meridian/twins/{twin}/").content.decode()
    found = re.search(r'<script id="live_config" type="application/json">(.*?)</script>', text)
    assert found is not None
    told: dict[str, Any] = json.loads(found[1])
    return told


def published(twin: UUID, revision: int) -> None:
    publish_twin(twin=twin, revision=revision, note="", by=OWNER, now=utc_now())


def test_a_value_is_old_when_three_of_its_readings_did_not_come(cast: Cast, sign_in: Callable[[User], Client]) -> None:
    ids, now = [str(uuid4()), str(uuid4())], utc_now()
    with scope(cast.meridian.id):
        for document in (PUMP, FAN):
            publish_type(document=document, by=OWNER, now=now)
        twin = create_twin(name="Station", now=now)
        operations = [
            {"op": "add_asset", "asset": asset, "type": ref, "name": ref, "at": [0, 0]}
            for asset, ref in zip(ids, ("pump@1", "fan@1"), strict=True)
        ]
        draft = edit_draft(twin=twin.id, base_revision=0, operations=operations, by=OWNER, now=now)
        published(twin.id, draft.revision)
    told = configuration(sign_in(cast.viewer), "station")
    assert told["stale_after"] == {"pump@1": {"pressure": 10.0, "flow": 180.0}, "fan@1": {"flow": 10_800.0}}
    assert {each["id"]: each["type"] for each in told["assets"]} == {ids[0]: "pump@1", ids[1]: "fan@1"}


def test_readings_of_a_flight_come_when_they_come(cast: Cast, sign_in: Callable[[User], Client]) -> None:
    parameters = FleetParameters(name="Fleet", count=1)
    with scope(cast.meridian.id):
        draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by=OWNER, now=utc_now())
        published(draft.twin, draft.revision)
    assert configuration(sign_in(cast.viewer), "fleet")["stale_after"] == {"turbofan-engine@1": {}}
