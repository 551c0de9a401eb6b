"""Twins and gateways in the trash."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from tenants.custody.kinds import TrashKind
from tenants.limits.domain.plans import Meter
from tenants.scope.actors import Permission
from twins.composer.models import Twin
from twins.gateways.edge.platform.models import EdgeAgent, EdgeConfiguration, SealedBatch, SiteKey
from twins.gateways.models import Gateway, GatewayToken
from twins.gateways.sparkplug.models import SparkplugBirth, SparkplugNode
from twins.telemetry.models import Batch, SetAside, Signal, Substitution, Traffic, UnboundKey


def _shut_out(gateway: Gateway, now: datetime) -> None:
    """Its token is refused within seconds, for good: one that is taken out of the trash needs a new one."""
    GatewayToken.objects.filter(gateway=gateway.id, revoked_at=None).update(revoked_at=now)
    SparkplugNode.objects.filter(gateway=gateway.id).delete()


TWIN = TrashKind(
    key="twin", label=_("Twin"), model=Twin, needs=Permission.TWINS_EDIT, unique="slug", unique_label=_("address"),
    meter=Meter.TWINS, loose=((Signal, "twin"), (Substitution, "twin")),
    purge="twins.gateways.edge.platform.erasing.erase_twin",
)  # fmt: skip
GATEWAY = TrashKind(
    key="gateway", label=_("Gateway"), model=Gateway, needs=Permission.GATEWAYS_EDIT, unique="name",
    unique_label=_("name or serial"), meter=Meter.GATEWAYS, on_trash=_shut_out,
    loose=(
        *((SetAside, "gateway"), (UnboundKey, "gateway"), (Traffic, "gateway"), (Batch, "gateway")),
        *((SparkplugBirth, "gateway"), (EdgeAgent, "gateway"), (EdgeConfiguration, "gateway")),
        *((SiteKey, "gateway"), (SealedBatch, "gateway")),
    ),
    note=_("The token it had is refused for good; once it is back, make it a new one on its page."),
)  # fmt: skip
