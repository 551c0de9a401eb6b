"""The catalogue over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.scope.actors import Permission
from twins.catalog import selectors
from twins.catalog.selectors import CatalogueEntry
from twins.catalog.services import publish_type

OBJECT = OpenApiTypes.OBJECT


class AssetTypeOutput(serializers.Serializer[Any]):
    """A published type in short: what a palette shows and what may be connected."""

    key = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.DictField(child=serializers.CharField())
    icon = serializers.CharField(allow_null=True)
    abstract = serializers.BooleanField()
    built_in = serializers.BooleanField()
    signals = serializers.DictField(
        child=serializers.JSONField(), help_text="What is measured of an asset of it, each with `name` and `unit`."
    )
    ports = serializers.DictField(child=serializers.JSONField())
    properties = serializers.DictField(child=serializers.JSONField())


@extend_schema_serializer(many=False)
class AssetTypePage(serializers.Serializer[Any]):
    """The whole catalogue; `next` is always null."""

    next = serializers.CharField(allow_null=True)
    results = AssetTypeOutput(many=True)


def _short(entry: CatalogueEntry) -> dict[str, Any]:
    resolved = entry.resolved
    return {
        "key": resolved.key,
        "version": resolved.version,
        "name": resolved.name,
        "icon": resolved.appearance.icon if resolved.appearance else None,
        "abstract": resolved.abstract,
        "built_in": entry.published_by is None,
        "signals": {key: {"name": part.name, "unit": part.unit} for key, part in resolved.signals.items()},
        "ports": {key: port.as_json() for key, port in resolved.ports.items()},
        "properties": {key: part.as_json() for key, part in resolved.properties.items()},
    }


class AssetTypeViewSet(viewsets.ViewSet):
    """Asset types: built in and published by the organisation. A published version never changes."""

    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.TWINS_PUBLISH}

    @extend_schema(responses=AssetTypePage)
    def list(self, request: Request, **_: Any) -> Response:
        """Every published type with what it inherits, by key and version."""
        return Response({"next": None, "results": [_short(entry) for entry in selectors.catalogue()]})

    @extend_schema(
        responses=OBJECT, parameters=[OpenApiParameter("ref", str, OpenApiParameter.PATH, description="KEY@VERSION")]
    )
    def retrieve(self, request: Request, ref: str, **_: Any) -> Response:
        """The document of a published type, as in docs/schemas/asset-type.schema.json."""
        entry = selectors.catalogue_entry(ref)
        if entry is None:
            raise NotFoundError(f"the catalogue has no {ref}", fix="Take key and version from the list of types.")
        return Response(entry.own.as_json())

    @extend_schema(request=OBJECT, responses={201: OBJECT})
    def create(self, request: Request, **_: Any) -> Response:
        """Publish a version of a type from its document."""
        made = publish_type(document=request.data, by=actor_of(request._request).name, now=utc_now())
        return Response(made.as_json(), status=status.HTTP_201_CREATED)
