"""The catalogue over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar, get_args

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.catalog import selectors, services, upgrading
from twins.catalog.domain.formulas import signal_patience_us
from twins.catalog.domain.inheritance import Deprecation
from twins.catalog.domain.origins import Origins
from twins.catalog.selectors import CatalogueEntry
from twins.catalog.use import Kind

OBJECT = OpenApiTypes.OBJECT
REF = OpenApiParameter("ref", str, OpenApiParameter.PATH, description="KEY@VERSION")
TWIN = OpenApiParameter("twin", str, description="The slug of the twin whose assets are meant; all twins without it.")
TO = OpenApiParameter("to", str, required=True, description="KEY@VERSION that the assets would have.")


class DeprecatedOutput(serializers.Serializer[Any]):
    """That a type is not to be used any more."""

    at = serializers.DateTimeField()
    reason = serializers.CharField()
    successor = serializers.CharField(allow_null=True, help_text="KEY@VERSION to use in its place.")


class AssetTypeOutput(serializers.Serializer[Any]):
    """A published type in short: what a palette shows and what may be connected."""

    key = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.DictField(child=serializers.CharField())
    description = serializers.DictField(child=serializers.CharField(), allow_null=True)
    icon = serializers.CharField(allow_null=True)
    colour = serializers.CharField(allow_null=True, help_text="#rrggbb")
    abstract = serializers.BooleanField()
    built_in = serializers.BooleanField()
    deprecated = DeprecatedOutput(allow_null=True)
    outdated_by = serializers.CharField(allow_null=True, help_text="KEY@VERSION to use in its place.")
    extends = serializers.ListField(child=serializers.CharField(), help_text="Its parents, KEY@VERSION each.")
    lineage = serializers.ListField(child=serializers.CharField(), help_text="Itself, then all its ancestors.")
    signals = serializers.DictField(
        child=serializers.JSONField(),
        help_text="What is measured of an asset of it, each with `name`, `unit`, `range` and `patience`: the seconds "
        "after which a reading says nothing about now, null where the type does not say how often one comes.",
    )
    derived = serializers.DictField(child=serializers.JSONField(), help_text="Each with `name` and `unit`.")
    ports = serializers.DictField(child=serializers.JSONField())
    properties = serializers.DictField(child=serializers.JSONField())
    components = serializers.DictField(child=serializers.JSONField())
    relationships = serializers.DictField(child=serializers.JSONField())
    constraints = serializers.DictField(child=serializers.JSONField())
    commands = serializers.DictField(child=serializers.JSONField())


@extend_schema_serializer(many=False)
class AssetTypePage(serializers.Serializer[Any]):
    """The whole catalogue; `next` is always null."""

    next = serializers.CharField(allow_null=True)
    results = AssetTypeOutput(many=True)


class OverrideOutput(serializers.Serializer[Any]):
    """What a type says itself about a part that it inherits."""

    of = serializers.CharField(help_text="The ancestor whose part it narrows, KEY@VERSION.")
    fields = serializers.ListField(child=serializers.CharField(), help_text="The fields it gives itself.")  # type: ignore[assignment]


class ResolvedTypeOutput(serializers.Serializer[Any]):
    """A type with all that it inherits: its document is as in docs/schemas/asset-type.schema.json."""

    document = serializers.DictField()
    origins = serializers.DictField(
        child=serializers.CharField(), help_text="By the place of each part the type that says it last."
    )
    overrides = serializers.DictField(child=OverrideOutput(), help_text="By the place of each part it narrows itself.")


class UseOutput(serializers.Serializer[Any]):
    """One thing that uses a type."""

    kind = serializers.ChoiceField(choices=get_args(Kind))
    name = serializers.CharField()
    ref = serializers.CharField(
        help_text="The slug of a twin, KEY@VERSION of a type, the key of a template, else an id."
    )
    assets = serializers.IntegerField(help_text="How many assets of the type its draft has.")
    versions = serializers.ListField(child=serializers.IntegerField(), help_text="Published versions with such assets.")


class UsesOutput(serializers.Serializer[Any]):
    """What uses a type."""

    uses = UseOutput(many=True)
    hidden = serializers.IntegerField(help_text="How many other things do that you may not see.")


class DeprecateInput(serializers.Serializer[Any]):
    """Why a type is not to be used any more."""

    reason = serializers.CharField(max_length=500)
    successor = serializers.CharField(max_length=74, allow_null=True, required=False)


class UpgradeQuestion(serializers.Serializer[Any]):
    """Which type the assets would have."""

    to = serializers.CharField(max_length=74)
    twin = serializers.CharField(max_length=80, required=False)


class UpgradedAssetOutput(serializers.Serializer[Any]):
    """An asset that an item concerns."""

    twin = serializers.CharField(help_text="The slug of its twin.")
    twin_name = serializers.CharField()
    asset = serializers.CharField()
    name = serializers.CharField()


class UpgradeItemOutput(serializers.Serializer[Any]):
    """One thing that is different."""

    place = serializers.CharField()
    change = serializers.ChoiceField(choices=["added", "removed", "changed"])
    effect = serializers.ChoiceField(choices=["safe", "needs a value", "breaks"])
    message = serializers.CharField()
    count = serializers.IntegerField(help_text="How many assets it happens to.")
    assets = UpgradedAssetOutput(many=True, help_text="The first of them.")


class UpgradeOutput(serializers.Serializer[Any]):
    """What changes for the assets of a type that become assets of another."""

    of = serializers.CharField()
    to = serializers.CharField()
    effect = serializers.ChoiceField(choices=["safe", "needs a value", "breaks"], help_text="The worst of the items.")
    instances = serializers.IntegerField(help_text="How many assets of the type the drafts of twins have.")
    items = UpgradeItemOutput(many=True)


def short_json(entry: CatalogueEntry) -> dict[str, Any]:
    """A published type in short."""
    resolved = entry.resolved
    looks = resolved.appearance
    parts = {
        section: {key: part.as_json() for key, part in getattr(resolved, section).items()}
        for section in ("ports", "properties", "components", "relationships", "constraints", "commands")
    }
    return {
        "key": resolved.key,
        "version": resolved.version,
        "name": resolved.name,
        "description": resolved.description,
        "icon": looks.icon if looks else None,
        "colour": looks.colour if looks else None,
        "abstract": resolved.abstract,
        "built_in": entry.published_by is None,
        "deprecated": deprecated_json(entry.deprecated),
        "outdated_by": entry.outdated_by,
        "extends": list(resolved.extends),
        "lineage": list(entry.lineage),
        "signals": {
            key: {
                "name": part.name,
                "unit": part.unit,
                "range": [format(each, "f") for each in part.range or ()] or None,
                "patience": signal_patience_us(part) / 1_000_000 if part.rate else None,
            }
            for key, part in resolved.signals.items()
        },
        "derived": {key: {"name": part.name, "unit": part.unit} for key, part in resolved.derived.items()},
        **parts,
    }


def deprecated_json(deprecated: Deprecation | None) -> dict[str, Any] | None:
    """That a type is not to be used any more."""
    if deprecated is None:
        return None
    return {"at": deprecated.at, "reason": deprecated.reason, "successor": deprecated.successor}


def origins_json(found: Origins) -> dict[str, Any]:
    """Where the parts of a type come from."""
    overrides = {place: {"of": each.of, "fields": list(each.fields)} for place, each in found.overrides.items()}
    return {"origins": dict(found.parts), "overrides": overrides}


class AssetTypeViewSet(viewsets.ViewSet):
    """Asset types: built in and published by the organisation. A published version never changes."""

    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.TWINS_PUBLISH}

    @extend_schema(responses=AssetTypePage)
    def list(self, request: Request, **_: Any) -> Response:
        """Every published type with what it inherits, by key and version."""
        return Response({"next": None, "results": [short_json(entry) for entry in selectors.catalogue()]})

    @extend_schema(responses=OBJECT, parameters=[REF])
    def retrieve(self, request: Request, ref: str, **_: Any) -> Response:
        """The document of a published type, as in docs/schemas/asset-type.schema.json."""
        return Response(selectors.published_type(ref).own.as_json())

    @extend_schema(request=OBJECT, responses={201: OBJECT})
    def create(self, request: Request, **_: Any) -> Response:
        """Publish a version of a type from its document."""
        made = services.publish_type(document=request.data, by=actor_of(request._request).name, now=utc_now())
        return Response(made.as_json(), status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None}, parameters=[REF])
    def destroy(self, request: Request, ref: str, **_: Any) -> Response:
        """Take a published version away that nothing uses; 409 names what does. Its number stays taken."""
        actor = actor_of(request._request)
        services.remove_type(ref=ref, by=actor.name, now=utc_now(), may=actor.may)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=ResolvedTypeOutput, parameters=[REF])
    def resolved(self, request: Request, ref: str, **_: Any) -> Response:
        """The type with all that it inherits, and where each part of it comes from."""
        entry = selectors.published_type(ref)
        return Response({"document": entry.resolved.as_json(), **origins_json(selectors.origins_of(entry))})

    @extend_schema(responses=UsesOutput, parameters=[REF])
    def use(self, request: Request, ref: str, **_: Any) -> Response:
        """What uses the type: twins, types, drafts of types, blueprints; rules and dashboards for all of its key."""
        found = selectors.uses_of(selectors.published_type(ref).own.ref, may=actor_of(request._request).may)
        return Response({"uses": [UseOutput(each).data for each in found.seen], "hidden": found.hidden})

    @extend_schema(request=DeprecateInput, responses=AssetTypeOutput, parameters=[REF])
    def deprecate(self, request: Request, ref: str, **_: Any) -> Response:
        """Say that the type is not to be used any more; what uses it goes on, and is told."""
        wanted = DeprecateInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        entry = services.deprecate_type(
            ref=ref, reason=wanted.validated_data["reason"], successor=wanted.validated_data.get("successor") or None,
            by=actor_of(request._request).name, now=utc_now(),
        )  # fmt: skip
        return Response(short_json(entry))

    @extend_schema(request=None, responses=AssetTypeOutput, parameters=[REF])
    def restore(self, request: Request, ref: str, **_: Any) -> Response:
        """Let a type be used again that was deprecated or taken away."""
        return Response(short_json(services.restore_type(ref=ref)))

    @extend_schema(responses=UpgradeOutput, parameters=[REF, TO, TWIN])
    def upgrade(self, request: Request, ref: str, **_: Any) -> Response:
        """What changes for the assets of the type that would become assets of another."""
        wanted = UpgradeQuestion(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        found = upgrading.upgrade_of(ref, **wanted.validated_data)
        return Response(UpgradeOutput(found).data)
