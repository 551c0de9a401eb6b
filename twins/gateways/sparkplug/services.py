"""Giving edge nodes to gateways, and remembering what they say of themselves."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tenants.kernel.ids import new_id
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant
from twins.gateways import selectors as gateways
from twins.gateways.sparkplug import selectors
from twins.gateways.sparkplug.domain import Birth
from twins.gateways.sparkplug.errors import (
    EdgeNodeNameError,
    EdgeNodeNotFoundError,
    EdgeNodeTakenError,
    TooManyEdgeNodesError,
)
from twins.gateways.sparkplug.models import SparkplugBirth, SparkplugNode
from twins.gateways.sparkplug.selectors import NodeHolder
from twins.gateways.topics import EdgeNode

MOST_NODES = 50
"""Of one gateway."""
LONGEST_NAME = 64
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ._:-]{0,62}[A-Za-z0-9._:-])?", re.ASCII)


def give_edge_node(*, gateway: UUID, group: str, node: str, now: datetime) -> SparkplugNode:
    """Let a gateway of the tenant in scope send as an edge node of Sparkplug.

    The group is the address of the organisation, or begins with it and a colon: so no organisation can have, or find
    out, the names of another.

    Raises:
        EdgeNodeNameError: The group or the node cannot be called so.
        EdgeNodeTakenError: It is given already.
        GatewayNotFoundError: The tenant has no such gateway.
        TooManyEdgeNodesError: The gateway has enough.
    """
    tenant = required_tenant("an edge node")
    _check_names(Tenant.objects.values_list("slug", flat=True).get(id=tenant), group, node)
    with transaction.atomic():
        gateways.gateway(gateway)
        Tenant.objects.select_for_update().get(id=tenant)
        if selectors.nodes_of(gateway).count() >= MOST_NODES:
            raise TooManyEdgeNodesError(
                f"the gateway has {MOST_NODES} edge nodes", place="gateway", fix="Make another gateway for this one."
            )
        if selectors.node_holder(EdgeNode(group, node)) is not None:
            raise EdgeNodeTakenError(
                f"{group}/{node} is given to a gateway", place="node",
                fix="Take it from that gateway first, or choose another name.",
            )  # fmt: skip
        return SparkplugNode.objects.create(
            id=new_id(), tenant_id=tenant, gateway=gateway, group=group, node=node, created_at=now
        )


def take_edge_node(*, gateway: UUID, node: UUID) -> None:
    """Have a gateway send as an edge node no longer: within seconds; what it sent stays.

    Raises:
        EdgeNodeNotFoundError: The gateway has no such edge node.
    """
    with transaction.atomic():
        row = selectors.nodes_of(gateway).filter(id=node).first()
        if row is None:
            raise EdgeNodeNotFoundError
        SparkplugBirth.objects.filter(gateway=gateway, group=row.group, node=row.node).delete()
        row.delete()


def keep_birth(*, holder: NodeHolder, node: EdgeNode, device: str, birth: Birth, at: datetime) -> None:
    """Remember what a birth declared, and that the node is there; opens the scope itself."""
    with scope(holder.tenant):
        SparkplugBirth.objects.update_or_create(
            gateway=holder.gateway, group=node.group, node=node.node, device=device,
            defaults={"metrics": [list(one) for one in birth.metrics], "born_at": at},
        )  # fmt: skip
        if not device:
            SparkplugNode.objects.filter(id=holder.id).update(online=True, since=at)


def note_death(*, holder: NodeHolder, at: datetime) -> None:
    """Remember that a node is gone; needs no scope."""
    SparkplugNode.objects.filter(id=holder.id).update(online=False, since=at)


def _check_names(slug: str, group: str, node: str) -> None:
    for place, name in (("group", group), ("node", node)):
        if not _NAME.fullmatch(name):
            raise EdgeNodeNameError(
                f"the {place} cannot be called so", place=place,
                fix=f"Use 1 to {LONGEST_NAME} letters, digits, spaces and . _ : -, the first a letter or digit.",
            )  # fmt: skip
    if group != slug and not group.startswith(f"{slug}:"):
        raise EdgeNodeNameError(
            f"the group does not begin with {slug}", place="group", fix=f"Call it {slug}, or {slug}:{group}."
        )
