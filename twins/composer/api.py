"""Twins over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.scope.actors import Permission
from twins.composer import selectors, services
from twins.composer.blueprints import built_in_blueprints
from twins.composer.models import Twin, TwinVersion
from twins.composer.schemas import FleetParameters
from twins.composer.selectors import Draft

MOST_REVISIONS = 2**31 - 1
MOST_OPERATIONS = 5000


class TwinOutput(serializers.ModelSerializer[Twin]):
    """A twin in short."""

    published_version = serializers.SerializerMethodField()

    class Meta:
        model = Twin
        fields = ("id", "slug", "name", "revision", "published_version", "created_at", "updated_at")
        read_only_fields = fields

    def get_published_version(self, twin: Twin) -> int | None:
        """The newest published version, null before the first."""
        return twin.published or None


class TwinInput(serializers.Serializer[Any]):
    """A new twin: empty, or composed from a blueprint."""

    name = serializers.CharField(max_length=200)
    blueprint = serializers.SlugField(max_length=64, required=False, help_text="A key from /blueprints/.")
    count = serializers.IntegerField(min_value=1, max_value=500, required=False, help_text="How many assets.")
    first = serializers.IntegerField(min_value=0, max_value=999_999, required=False, help_text="Number of the first.")
    gateway = serializers.UUIDField(required=False, help_text="The gateway that all signals are read from.")


class FindingOutput(serializers.Serializer[Any]):
    """What validation says about a draft; an `error` keeps it from being published."""

    code = serializers.CharField()
    place = serializers.CharField()
    message = serializers.CharField()
    fix = serializers.CharField()
    severity = serializers.ChoiceField(choices=["error", "hint"])


class DraftOutput(serializers.Serializer[Any]):
    """A draft: its document is as in docs/schemas/twin.schema.json."""

    twin = serializers.UUIDField()
    name = serializers.CharField()
    revision = serializers.IntegerField()
    published_version = serializers.IntegerField(allow_null=True)
    document = serializers.DictField()
    findings = FindingOutput(many=True)


class OperationsInput(serializers.Serializer[Any]):
    """Edits of a draft, made on one of its revisions."""

    base_revision = serializers.IntegerField(min_value=0, max_value=MOST_REVISIONS)
    operations = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=MOST_OPERATIONS)


class PublishInput(serializers.Serializer[Any]):
    """The revision that is to become a version."""

    revision = serializers.IntegerField(min_value=0, max_value=MOST_REVISIONS)
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class VersionOutput(serializers.ModelSerializer[TwinVersion]):
    """A published version, without its document."""

    class Meta:
        model = TwinVersion
        fields = ("version", "digest", "note", "published_by", "published_at")
        read_only_fields = fields


class VersionDocumentOutput(VersionOutput):
    """A published version with its document."""

    document = serializers.DictField()

    class Meta(VersionOutput.Meta):
        fields = (*VersionOutput.Meta.fields, "document")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class BlueprintOutput(serializers.Serializer[Any]):
    """A way to compose a twin."""

    key = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.DictField(child=serializers.CharField())
    description = serializers.DictField(child=serializers.CharField())
    type = serializers.CharField()


@extend_schema_serializer(many=False)
class BlueprintPage(serializers.Serializer[Any]):
    """All blueprints; `next` is always null."""

    next = serializers.CharField(allow_null=True)
    results = BlueprintOutput(many=True)


def draft_json(draft: Draft) -> dict[str, Any]:
    """A draft as the browser and partners get it."""
    document = draft.document
    return {
        "twin": draft.twin,
        "name": document.name,
        "revision": draft.revision,
        "published_version": draft.published_version,
        "document": {"assets": {}, "links": {}, "bindings": {}, "groups": {}, "notes": [], **document.as_json()},
        "findings": [finding.as_dict() for finding in draft.findings],
    }


class TwinViewSet(Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Twin]):
    """Twins: composed as drafts by operations, published as versions that never change."""

    queryset = selectors.twins()
    serializer_class = TwinOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {
        "read": Permission.TWINS_READ,
        "write": Permission.TWINS_EDIT,
        "publish": Permission.TWINS_PUBLISH,
    }

    @extend_schema(request=TwinInput, responses={201: DraftOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a twin, empty or from a blueprint."""
        wanted = TwinInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values: dict[str, Any] = dict(wanted.validated_data)
        blueprint, now = values.pop("blueprint", None), utc_now()
        if blueprint is None:
            draft = selectors.draft_of(services.create_twin(name=values["name"], now=now))
        else:
            gateway = values.pop("gateway", None)
            parameters = FleetParameters(gateway=gateway and str(gateway), **{"count": 1, **values})
            by = actor_of(request._request).name
            draft = services.create_fleet(blueprint=blueprint, parameters=parameters, by=by, now=now)
        return Response(draft_json(draft), status=status.HTTP_201_CREATED)

    @extend_schema(responses=DraftOutput)
    @action(detail=True, methods=["get"])
    def draft(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The draft as it is now."""
        return Response(draft_json(selectors.draft(pk)))

    @extend_schema(request=OperationsInput, responses=DraftOutput)
    @action(detail=True, methods=["post"], url_path="draft/operations")
    def operations(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Edit the draft, all of the operations or none; 409 tells both sides of a conflict."""
        wanted = OperationsInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        draft = services.edit_draft(twin=pk, by=by, now=utc_now(), **wanted.validated_data)
        return Response(draft_json(draft))

    @extend_schema(request=PublishInput, responses={201: VersionOutput})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Publish the draft as the next version."""
        wanted = PublishInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        version = services.publish_twin(twin=pk, by=by, now=utc_now(), **wanted.validated_data)
        return Response(VersionOutput(version).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=VersionOutput(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def versions(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The published versions, newest first."""
        selectors.twin(pk)
        return Response(VersionOutput(selectors.versions(pk), many=True).data)

    @extend_schema(responses=VersionDocumentOutput)
    @action(detail=True, methods=["get"], url_path="versions/<int:version>")
    def version(self, request: Request, pk: UUID, version: int, **_: Any) -> Response:
        """One published version with its document."""
        found = selectors.versions(pk).filter(version=version).first() if version <= MOST_REVISIONS else None
        if found is None:
            raise NotFoundError("there is no such version", place="version", fix="Take one from the list of versions.")
        return Response(VersionDocumentOutput(found).data)


class BlueprintViewSet(viewsets.ViewSet):
    """Blueprints that twins can be composed from."""

    needs: ClassVar = {"read": Permission.TWINS_READ}

    @extend_schema(responses=BlueprintPage)
    def list(self, request: Request, **_: Any) -> Response:
        """Every blueprint, by key."""
        found = built_in_blueprints().values()
        return Response({"next": None, "results": [BlueprintOutput(each).data for each in found]})
