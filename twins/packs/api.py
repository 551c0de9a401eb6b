"""Solution packs over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.catalog.parts import SLUG
from twins.packs import selectors, services
from twins.packs.examples import example_packs
from twins.packs.exporting import make_pack
from twins.packs.models import Pack
from twins.packs.schemas import MOST_PARTS, Chosen

OBJECT = OpenApiTypes.OBJECT
_KEY = OpenApiParameter("key", str, OpenApiParameter.PATH, description="The key of the pack")


class PackOutput(serializers.ModelSerializer[Pack]):
    """An installed pack; `made` is what installing it made."""

    made = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))

    class Meta:
        model = Pack
        fields = ("key", "version", "name", "digest", "made", "installed_by", "installed_at")
        read_only_fields = fields


@extend_schema_serializer(many=False)
class PackPage(serializers.Serializer[Any]):
    """All installed packs; `next` is always null."""

    next = serializers.CharField(allow_null=True)
    results = PackOutput(many=True)


class MadeOutput(serializers.Serializer[Any]):
    """What installing a pack would make."""

    types = serializers.ListField(child=serializers.CharField())
    known = serializers.ListField(child=serializers.CharField(), help_text="Types that are there already, just so.")
    rules = serializers.IntegerField(help_text="How many alarm rules.")


def _some(what: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=74), required=False, max_length=MOST_PARTS, default=list, help_text=what
    )


class PackExportInput(serializers.Serializer[Any]):
    """A new pack of what the organisation has."""

    key = serializers.RegexField(SLUG, max_length=64)
    version = serializers.IntegerField(min_value=1, max_value=999_999_999, default=1)
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    types = _some("Own types as `key@version`; what they need comes along.")
    blueprints = _some("Keys of own blueprints.")
    dashboards = _some("Ids of dashboards for a type.")
    alarms = _some("Ids of alarm rules for a type.")
    contracts = _some("Keys of templates of contracts.")


class PackViewSet(viewsets.ViewSet):
    """Packs: types, blueprints, dashboards, alarm rules and figures of contracts that come and go together."""

    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.TWINS_PUBLISH}
    lookup_field = "key"
    lookup_value_converter = "slug"

    @extend_schema(responses=PackPage)
    def list(self, request: Request, **_: Any) -> Response:
        """The installed packs, by name."""
        return Response({"next": None, "results": PackOutput(selectors.packs(), many=True).data})

    @extend_schema(request=OBJECT, responses={201: PackOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Install a pack from its document (docs/schemas/pack.schema.json), whole or not at all."""
        document = services.read_pack(request.data)
        made = services.install_pack(document=document, by=actor_of(request._request).name, now=utc_now())
        return Response(PackOutput(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=OBJECT, responses=MadeOutput)
    @action(detail=False, methods=["post"])
    def check(self, request: Request, **_: Any) -> Response:
        """What installing a pack would make; nothing is installed."""
        document = services.read_pack(request.data)
        made = services.look_at_pack(document=document, by=actor_of(request._request).name, now=utc_now())
        return Response({"types": made.types, "known": made.known, "rules": len(made.rules)})

    @extend_schema(responses=OBJECT)
    @action(detail=False, methods=["get"])
    def examples(self, request: Request, **_: Any) -> Response:
        """The packs that come with the product, as documents that can be installed."""
        return Response({"next": None, "results": [each.as_json() for each in example_packs().values()]})

    @extend_schema(request=PackExportInput, responses=OBJECT)
    @action(detail=False, methods=["post"])
    def export(self, request: Request, **_: Any) -> Response:
        """A pack of what the organisation has, to be installed elsewhere; nothing is changed."""
        wanted = PackExportInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = dict(wanted.validated_data)
        chosen = Chosen(**{name: frozenset(values.pop(name)) for name in Chosen.__dataclass_fields__})
        texts = {name: {"en": values.pop(name)} for name in ("name", "description") if values.get(name)}
        head = {"key": values["key"], "version": values["version"], **texts}
        return Response(make_pack(head=head, chosen=chosen, by=actor_of(request._request)).as_json())

    @extend_schema(responses=OBJECT, parameters=[_KEY])
    def retrieve(self, request: Request, key: str, **_: Any) -> Response:
        """The document of an installed pack."""
        found = selectors.pack_by_key(key)
        if found is None:
            raise services.PackNotFoundError
        return Response(found.document)

    @extend_schema(responses={204: None}, parameters=[_KEY])
    def destroy(self, request: Request, key: str, **_: Any) -> Response:
        """Uninstall a pack; 409 names what of it is in use."""
        actor = actor_of(request._request)
        services.uninstall_pack(key=key, by=actor.name, now=utc_now(), may=actor.may)
        return Response(status=status.HTTP_204_NO_CONTENT)
