"""The edge nodes of Sparkplug that a gateway may send as, over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.gateways.selectors import gateway as gateway_of
from twins.gateways.sparkplug import selectors, services
from twins.gateways.sparkplug.models import SparkplugNode
from twins.gateways.sparkplug.services import LONGEST_NAME


class EdgeNodeOutput(serializers.ModelSerializer[SparkplugNode]):
    """An edge node; `online` is whether it is born and not dead, `since` when that began."""

    class Meta:
        model = SparkplugNode
        fields = ("id", "group", "node", "created_at", "online", "since")
        read_only_fields = fields


class EdgeNodeInput(serializers.Serializer[Any]):
    """The group, which is the organisation's address or begins with it and a colon, and the name of the node."""

    group = serializers.CharField(max_length=LONGEST_NAME)
    node = serializers.CharField(max_length=LONGEST_NAME)


class EdgeNodesOutput(serializers.Serializer[Any]):
    """The edge nodes of a gateway, by name."""

    nodes = EdgeNodeOutput(many=True)


class EdgeNodeViewSet(viewsets.GenericViewSet[SparkplugNode]):
    """Edge nodes of Sparkplug."""

    queryset = SparkplugNode.objects.none()
    serializer_class = EdgeNodeOutput
    needs: ClassVar = {"read": Permission.GATEWAYS_READ, "write": Permission.GATEWAYS_EDIT}

    @extend_schema(responses=EdgeNodesOutput)
    def list(self, request: Request, gateway: UUID, **_: Any) -> Response:
        """The edge nodes of a gateway."""
        gateway_of(gateway)
        return Response({"nodes": EdgeNodeOutput(selectors.nodes_of(gateway), many=True).data})

    @extend_schema(request=EdgeNodeInput, responses={201: EdgeNodeOutput})
    def create(self, request: Request, gateway: UUID, **_: Any) -> Response:
        """Let the gateway send as an edge node."""
        wanted = EdgeNodeInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        made = services.give_edge_node(gateway=gateway, now=utc_now(), **wanted.validated_data)
        return Response(EdgeNodeOutput(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, gateway: UUID, pk: UUID, **_: Any) -> Response:
        """Have the gateway send as this edge node no longer; what it sent stays."""
        gateway_of(gateway)
        services.take_edge_node(gateway=gateway, node=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)
