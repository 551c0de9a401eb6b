"""The latest state of a twin over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.scope.actors import Permission
from twins.composer.selectors import twin as twin_row
from twins.telemetry.selectors import live_state


class LatestOutput(serializers.Serializer[Any]):
    """The newest reading of each signal: `values[asset][signal]` is `[instant, value, quality]`, quality 0 is good."""

    twin = serializers.UUIDField()
    values = serializers.DictField(child=serializers.DictField(child=serializers.ListField()))


class LatestView(APIView):
    """What a twin's signals are now."""

    needs: ClassVar = {"read": Permission.TWINS_READ}

    @extend_schema(operation_id="twins_latest_retrieve", responses=LatestOutput)
    def get(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The newest reading of each signal that has any."""
        return Response(live_state(twin_row(pk).id))
