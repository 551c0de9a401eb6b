"""Twins over the REST API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.findings import FindingOutput
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.edge.openapi import QuestionSchema
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.scope.actors import Permission
from twins.catalog.parts import SLUG
from twins.composer import selectors, services
from twins.composer.blueprinting import remove_blueprint, save_blueprint
from twins.composer.changes import changes_since
from twins.composer.domain.blueprints import MOST_ASSETS
from twins.composer.domain.findings import mark_of, told_to
from twins.composer.models import Twin, TwinVersion
from twins.composer.publishing import publish_twin
from twins.composer.schemas import Blueprint, FleetParameters
from twins.composer.selectors import Draft
from twins.composer.templates import blueprints
from twins.composer.versions import named_versions, version_of

MOST_REVISIONS = 2**31 - 1
MOST_OPERATIONS = 5000
BLUEPRINT = OpenApiParameter("key", str, OpenApiParameter.PATH, description="The key of the blueprint")


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
    parameters = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=999_999), required=False,
        help_text="What the blueprint asks, by key; one that is not said is at its default.",
    )  # fmt: skip
    count = serializers.IntegerField(min_value=1, max_value=500, required=False, help_text="The parameter `count`.")
    first = serializers.IntegerField(min_value=0, max_value=999_999, required=False, help_text="The parameter `first`.")
    gateway = serializers.UUIDField(required=False, help_text="The gateway that all signals are read from.")


class DraftFindingOutput(FindingOutput):
    """What validation says about a draft; an `error` keeps it from being published."""

    severity = serializers.ChoiceField(choices=["error", "hint"])


KNOWN = (
    "The `findings_mark` of the findings that the caller has: then only what differs from them is told. Empty: none."
)


class ToldFindingsOutput(serializers.Serializer[Any]):
    """What validation says about a draft: `findings`, or what differs from those that the caller said they have."""

    findings = DraftFindingOutput(
        many=True, allow_null=True, help_text="All of them, null where `findings_at` says it."
    )
    findings_at = serializers.DictField(
        child=DraftFindingOutput(many=True), allow_null=True,
        help_text="By place, all that is found where something else was found before; an empty list for nothing.",
    )  # fmt: skip
    findings_since = serializers.CharField(
        allow_null=True, help_text="The mark of the findings `findings_at` leads on from."
    )
    findings_mark = serializers.CharField(help_text="Of the findings as they are now, to be sent with the next edit.")


class DraftOutput(serializers.Serializer[Any]):
    """A draft: its document is as in docs/schemas/twin.schema.json."""

    twin = serializers.UUIDField()
    name = serializers.CharField()
    revision = serializers.IntegerField()
    published_version = serializers.IntegerField(allow_null=True)
    document = serializers.DictField()
    findings = DraftFindingOutput(many=True, allow_null=True, help_text="Null when they are asked for later.")
    findings_mark = serializers.CharField(
        allow_null=True, help_text="Of the findings, to be sent with the next edit; null with them."
    )


class DraftInput(serializers.Serializer[Any]):
    """How much of a draft is asked for."""

    findings = serializers.ChoiceField(
        choices=["now", "later"], default="now",
        help_text="`later` leaves them out: the draft comes at once, and `draft/changes/` tells what is found.",
    )  # fmt: skip


class ChangeOutput(serializers.Serializer[Any]):
    """One edit of a draft: `revision` is what it made of it."""

    revision = serializers.IntegerField()
    author = serializers.CharField()
    made_at = serializers.DateTimeField()
    operation = serializers.DictField()


class SavedOutput(ToldFindingsOutput):
    """A draft after edits: `theirs` is what others did since the base revision, and comes before what was sent."""

    revision = serializers.IntegerField()
    theirs = ChangeOutput(many=True)


class PublishedOutput(serializers.Serializer[Any]):
    """A version that was published meanwhile."""

    version = serializers.IntegerField()
    author = serializers.CharField()
    note = serializers.CharField(allow_blank=True)


class ChangesOutput(ToldFindingsOutput):
    """What leads from a revision to the present draft; `people` is what the authors are called."""

    revision = serializers.IntegerField()
    published_version = serializers.IntegerField(allow_null=True)
    published_revision = serializers.IntegerField()
    changes = ChangeOutput(many=True)
    versions = PublishedOutput(many=True)
    people = serializers.DictField(child=serializers.CharField())


class SinceInput(serializers.Serializer[Any]):
    """From which revision."""

    since = serializers.IntegerField(min_value=0, max_value=MOST_REVISIONS)
    findings_mark = serializers.CharField(required=False, allow_blank=True, max_length=64, help_text=KNOWN)


class OperationsInput(serializers.Serializer[Any]):
    """Edits of a draft, made on one of its revisions."""

    base_revision = serializers.IntegerField(min_value=0, max_value=MOST_REVISIONS)
    operations = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=MOST_OPERATIONS)
    findings_mark = serializers.CharField(required=False, allow_blank=True, max_length=64, help_text=KNOWN)


class PublishInput(serializers.Serializer[Any]):
    """The revision that is to become a version."""

    revision = serializers.IntegerField(min_value=0, max_value=MOST_REVISIONS)
    note = serializers.CharField(max_length=500, allow_blank=True, default="")
    name = serializers.CharField(max_length=120, allow_blank=True, default="", help_text="What it is called.")


class VersionOutput(serializers.ModelSerializer[TwinVersion]):
    """A published version, without its document."""

    name = serializers.CharField(read_only=True, allow_blank=True, help_text="What it is called, mostly nothing.")

    class Meta:
        model = TwinVersion
        fields = ("version", "name", "digest", "note", "published_by", "published_at")
        read_only_fields = fields


class VersionDocumentOutput(VersionOutput):
    """A published version with its document."""

    document = serializers.DictField()

    class Meta(VersionOutput.Meta):
        fields = (*VersionOutput.Meta.fields, "document")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class BlueprintParameterOutput(serializers.Serializer[Any]):
    """A number that a blueprint asks for."""

    name = serializers.DictField(child=serializers.CharField())
    minimum = serializers.IntegerField()
    maximum = serializers.IntegerField()
    default = serializers.IntegerField()


class BlueprintOutput(serializers.Serializer[Any]):
    """A way to compose a twin."""

    key = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.DictField(child=serializers.CharField())
    description = serializers.DictField(child=serializers.CharField())
    icon = serializers.CharField()
    parameters = serializers.DictField(child=BlueprintParameterOutput(), help_text="By key.")
    types = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_types(self, blueprint: Blueprint) -> list[str]:
        """The types of its assets, as `key@version`."""
        return list(dict.fromkeys(part.type for part in blueprint.parts.values()))


class BlueprintInput(serializers.Serializer[Any]):
    """A published version, or some of its assets, that is to be a blueprint."""

    twin = serializers.UUIDField()
    version = serializers.IntegerField(min_value=1, max_value=MOST_REVISIONS)
    key = serializers.RegexField(SLUG, max_length=64)
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    assets = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, max_length=MOST_ASSETS,
        help_text="The assets that it is made of; none for all.",
    )  # fmt: skip


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
        "document": {**selectors.NOTHING, **document.as_json()},
        "findings": [finding.as_dict() for finding in draft.findings],
        "findings_mark": mark_of(draft.findings),
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
            parameters = FleetParameters(gateway=gateway and str(gateway), **values)
            by = actor_of(request._request).name
            draft = services.create_fleet(blueprint=blueprint, parameters=parameters, by=by, now=now)
        return Response(draft_json(draft), status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[DraftInput], responses=DraftOutput)
    @action(detail=True, methods=["get"])
    def draft(self, request: Request, pk: UUID, **_: Any) -> HttpResponse:
        """The draft as it is now."""
        wanted = DraftInput(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        if wanted.validated_data["findings"] == "later":
            return HttpResponse(selectors.stored_draft(pk), content_type="application/json")
        return Response(draft_json(selectors.draft(pk)))

    @extend_schema(parameters=[SinceInput], responses=ChangesOutput)
    @action(detail=True, methods=["get"], url_path="draft/changes", schema=QuestionSchema())
    def changes(self, request: Request, pk: UUID, **_: Any) -> Response:
        """What was done to the draft since a revision; 422 says that it is to be loaded anew."""
        wanted = SinceInput(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        found = changes_since(pk, wanted.validated_data["since"], wanted.validated_data.get("findings_mark"))
        told = {
            "revision": found.revision, "published_version": found.published_version,
            "published_revision": found.published_revision, "changes": [each.as_json() for each in found.changes],
            "versions": [asdict(each) for each in found.versions], "people": found.people, **found.findings.as_json(),
        }  # fmt: skip
        return Response(told)

    @extend_schema(request=OperationsInput, responses=SavedOutput)
    @action(detail=True, methods=["post"], url_path="draft/operations")
    def operations(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Edit the draft, all of the operations or none; 409 tells both sides of a conflict."""
        wanted = OperationsInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        known = wanted.validated_data.pop("findings_mark", None)
        saved = services.save_edits(twin=pk, by=by, now=utc_now(), **wanted.validated_data)
        found = told_to(known, saved.draft.findings, saved.found_before)
        theirs = [each.as_json() for each in saved.theirs]
        return Response({"revision": saved.draft.revision, "theirs": theirs, **found.as_json()})

    @extend_schema(request=PublishInput, responses={201: VersionOutput})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Publish a revision of the draft as the next version; one that is a version already gives that one again."""
        wanted = PublishInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        made = publish_twin(twin=pk, by=by, now=utc_now(), **wanted.validated_data)
        return Response(VersionOutput(version_of(pk, made.version)).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=VersionOutput(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def versions(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The published versions, newest first."""
        selectors.twin(pk)
        return Response(VersionOutput(named_versions(pk).defer("document"), many=True).data)

    @extend_schema(responses=VersionDocumentOutput)
    @action(detail=True, methods=["get"], url_path="versions/<int:version>")
    def version(self, request: Request, pk: UUID, version: int, **_: Any) -> Response:
        """One published version with its document."""
        found = version_of(pk, version) if version <= MOST_REVISIONS else None
        if found is None:
            raise NotFoundError("there is no such version", place="version", fix="Take one from the list of versions.")
        return Response(VersionDocumentOutput(found).data)


class BlueprintViewSet(viewsets.ViewSet):
    """Blueprints that twins can be composed from."""

    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.TWINS_PUBLISH}
    lookup_field = "key"
    lookup_value_converter = "slug"

    @extend_schema(responses=BlueprintPage)
    def list(self, request: Request, **_: Any) -> Response:
        """Every blueprint, by key."""
        found = blueprints().values()
        return Response({"next": None, "results": [BlueprintOutput(each).data for each in found]})

    @extend_schema(request=BlueprintInput, responses={201: BlueprintOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Save a published version, or some of its assets, as a blueprint: without bindings, gateways and images."""
        wanted = BlueprintInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data | {"assets": frozenset(map(str, wanted.validated_data["assets"]))}
        made = save_blueprint(**values, by=actor_of(request._request).name, now=utc_now())
        return Response(BlueprintOutput(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None}, parameters=[BLUEPRINT])
    def destroy(self, request: Request, key: str, **_: Any) -> Response:
        """Take one of the organisation's own blueprints away; twins that were made from it stay."""
        remove_blueprint(key=key)
        return Response(status=status.HTTP_204_NO_CONTENT)
