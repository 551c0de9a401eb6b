"""The twins of the story, composed from a blueprint by the service that the browser uses, and their gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from deploy.story.calendar import HISTORY_TWIN, TWIN
from deploy.story.frame import Story, Tell
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet
from twins.gateways.services import create_gateway


def compose(story: Story, tell: Tell) -> Mapping[str, Any]:
    """A gateway with its own credential, the twin of the retired engines, and the leased fleet, both published."""
    with scope(UUID(story.facts["tenant"])):
        gateway, token = create_gateway(name="Engine monitoring", now=utc_now())
        tell(0.1, HISTORY_TWIN)
        history = _published(story, HISTORY_TWIN, story.cut.history, gateway.id)
        tell(0.7, TWIN)
        fleet = _published(story, TWIN, story.cut.fleet, gateway.id)
    return {
        "gateway": str(gateway.id), "gateway_token": token.text, "history_twin": history["twin"],
        "history_assets": history["assets"], "fleet_twin": fleet["twin"], "fleet_assets": fleet["assets"],
    }  # fmt: skip


def _published(story: Story, name: str, units: range, gateway: UUID) -> dict[str, Any]:
    """The twin's id, and the asset of each engine by its number."""
    by = story.facts["people"]["engineer"]["email"]
    parameters = FleetParameters(name=name, count=len(units), first=units.start, gateway=str(gateway))
    draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by=by, now=utc_now())
    publish_twin(twin=draft.twin, revision=draft.revision, note="Composed from a blueprint", by=by, now=utc_now())
    keys = {binding.key: place for place, binding in draft.document.bindings.items()}
    assets = {str(unit): keys[f"{unit}/t24"].partition("/")[0] for unit in units}
    return {"twin": str(draft.twin), "assets": assets}
