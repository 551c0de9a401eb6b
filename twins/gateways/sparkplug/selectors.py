"""Edge nodes to read: whose they are, and what their last births said."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from tenants.scope.context import required_tenant, scope
from twins.gateways.sparkplug.domain import Birth
from twins.gateways.sparkplug.models import SparkplugBirth, SparkplugNode
from twins.gateways.topics import EdgeNode


@dataclass(frozen=True, slots=True)
class NodeHolder:
    """The gateway that an edge node is.

    Attributes:
        id: Of the node's row.
    """

    id: UUID
    tenant: UUID
    gateway: UUID


def edge_nodes() -> list[tuple[UUID, EdgeNode]]:
    """All edge nodes of the installation, each with its gateway; needs no scope."""
    rows = SparkplugNode.objects.values_list("gateway", "group", "node")
    return [(gateway, EdgeNode(group, node)) for gateway, group, node in rows]


def online_nodes() -> list[EdgeNode]:
    """The edge nodes that were there when somebody last listened; needs no scope."""
    return [EdgeNode(*row) for row in SparkplugNode.objects.filter(online=True).values_list("group", "node")]


def node_holder(node: EdgeNode) -> NodeHolder | None:
    """Whose an edge node is; needs no scope."""
    row = SparkplugNode.objects.filter(group=node.group, node=node.node).first()
    return None if row is None else NodeHolder(row.id, row.tenant_id, row.gateway)


def nodes_of(gateway: UUID) -> QuerySet[SparkplugNode]:
    """The edge nodes of a gateway of the tenant in scope, by name."""
    rows = SparkplugNode.objects.filter(tenant=required_tenant("an edge node"), gateway=gateway)
    return rows.order_by("group", "node")


def births_of(node: SparkplugNode) -> QuerySet[SparkplugBirth]:
    """The last births of an edge node of the tenant in scope: its own first, then its devices' by name."""
    rows = SparkplugBirth.objects.filter(gateway=node.gateway, group=node.group, node=node.node)
    return rows.order_by("device")


def births(holder: NodeHolder, node: EdgeNode) -> dict[str, Birth]:
    """By device, what the last births of an edge node declared; opens the scope itself."""
    with scope(holder.tenant):
        rows = SparkplugBirth.objects.filter(gateway=holder.gateway, group=node.group, node=node.node)
        found = list(rows.values_list("device", "metrics"))
    return {device: Birth(tuple((name, alias, kind) for name, alias, kind in metrics)) for device, metrics in found}
