"""Drafts of asset types over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.findings import FindingOutput
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.catalog import drafts, selectors
from twins.catalog.api import OverrideOutput, UpgradeOutput, origins_json
from twins.catalog.domain.preview import span_of
from twins.catalog.models import AssetTypeDraft, AssetTypeVersion
from twins.catalog.parts import SLUG
from twins.catalog.selectors import DraftState
from twins.catalog.upgrading import upgrade_of_draft

MOST_REVISIONS = 2**31 - 1
REFERENCE = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*@[1-9][0-9]{0,8}$"


class TypeFindingOutput(FindingOutput):
    """What keeps a draft from being published."""

    start = serializers.IntegerField(allow_null=True, help_text="First character of the formula that is meant.")
    end = serializers.IntegerField(allow_null=True, help_text="The one after the last.")


class DraftInShortOutput(serializers.ModelSerializer[AssetTypeDraft]):
    """A draft without its document."""

    name = serializers.SerializerMethodField()

    class Meta:
        model = AssetTypeDraft
        fields = ("id", "key", "name", "revision", "author", "changed_by", "created_at", "updated_at")
        read_only_fields = fields

    def get_name(self, draft: AssetTypeDraft) -> str:
        """What people call it, in English."""
        names = draft.document.get("name")
        name = names.get("en") if isinstance(names, dict) else None
        return name if isinstance(name, str) else draft.key


@extend_schema_serializer(many=False)
class DraftPage(serializers.Serializer[Any]):
    """All open drafts; `next` is always null."""

    next = serializers.CharField(allow_null=True)
    results = DraftInShortOutput(many=True)


class TypeDraftOutput(serializers.Serializer[Any]):
    """A draft with everything that is found in it."""

    id = serializers.UUIDField()
    revision = serializers.IntegerField()
    key = serializers.CharField()
    document = serializers.DictField(help_text="As it was saved, with the version that it would be published as.")
    findings = TypeFindingOutput(many=True)
    resolved = serializers.DictField(allow_null=True, help_text="Its sound parts with all that they inherit.")
    origins = serializers.DictField(child=serializers.CharField())
    overrides = serializers.DictField(child=OverrideOutput())
    published = serializers.IntegerField(allow_null=True, help_text="The newest published version of its key.")
    author = serializers.CharField()
    changed_by = serializers.CharField()
    updated_at = serializers.DateTimeField()


class StartInput(serializers.Serializer[Any]):
    """A new draft: empty, of a type that extends another, or from a published version."""

    key = serializers.RegexField(SLUG, max_length=64, required=False, help_text="By default that of `from`.")
    name = serializers.CharField(max_length=200, required=False, help_text="In English; by default that of `from`.")
    extends = serializers.RegexField(REFERENCE, max_length=74, required=False, allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """The fields, with the one whose name is a word of Python."""
        origin = serializers.RegexField(REFERENCE, max_length=74, required=False, allow_null=True)
        return {**super().get_fields(), "from": origin}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Demand a key or what it comes from."""
        if not attrs.get("key") and not attrs.get("from"):
            raise serializers.ValidationError({"key": ["Give a key, or the version that it is the next of."]})
        return attrs


class SaveInput(serializers.Serializer[Any]):
    """A document, made from a revision of the draft."""

    revision = serializers.IntegerField(min_value=0, max_value=MOST_REVISIONS)
    document = serializers.DictField()


class PublishDraftInput(serializers.Serializer[Any]):
    """The revision that is to become a version."""

    revision = serializers.IntegerField(min_value=0, max_value=MOST_REVISIONS)
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class TypeVersionOutput(serializers.ModelSerializer[AssetTypeVersion]):
    """A published version of a type."""

    ref = serializers.CharField(source="__str__")
    document = serializers.DictField()

    class Meta:
        model = AssetTypeVersion
        fields = ("ref", "key", "version", "digest", "note", "published_by", "published_at", "document")
        read_only_fields = fields


def findings_json(findings: Any) -> list[dict[str, Any]]:
    """Findings with the characters of the formula that they mean."""
    told = []
    for finding in findings:
        place, start, end = span_of(finding)
        told.append({**finding.as_dict(), "place": place, "start": start, "end": end})
    return told


def draft_json(state: DraftState) -> dict[str, Any]:
    """A draft as the browser and partners get it."""
    row, reading = state.row, state.reading
    return {
        "id": row.id,
        "revision": row.revision,
        "key": row.key,
        "document": state.document,
        "findings": findings_json(reading.findings),
        "resolved": reading.resolved.document.as_json() if reading.resolved else None,
        **origins_json(reading.origins),
        "published": state.published,
        "author": row.author,
        "changed_by": row.changed_by,
        "updated_at": row.updated_at,
    }


class AssetTypeDraftViewSet(Idempotent, viewsets.ViewSet):
    """Drafts of asset types: saved however unsound, published as versions that never change."""

    lookup_value_converter = "uuid"
    needs: ClassVar = {
        "read": Permission.TWINS_READ,
        "write": Permission.TWINS_EDIT,
        "publish": Permission.TWINS_PUBLISH,
    }

    @extend_schema(responses=DraftPage)
    def list(self, request: Request, **_: Any) -> Response:
        """Every draft with something in it that is not published, by key."""
        found = DraftInShortOutput(selectors.drafts(), many=True).data
        return Response({"next": None, "results": found})

    @extend_schema(request=StartInput, responses={201: TypeDraftOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Start a draft."""
        wanted = StartInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        origin = values.get("from") or None
        row = drafts.start_draft(
            key=values.get("key") or str(origin).partition("@")[0], name=values.get("name", ""),
            extends=values.get("extends") or None, origin=origin, by=actor_of(request._request).name, now=utc_now(),
        )  # fmt: skip
        return Response(draft_json(selectors.draft_state(row)), status=status.HTTP_201_CREATED)

    @extend_schema(responses=TypeDraftOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """A draft, what is wrong with it, and what it inherits."""
        return Response(draft_json(selectors.draft_state(selectors.draft(pk))))

    @extend_schema(request=SaveInput, responses=TypeDraftOutput)
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Save the document of a draft, sound or not; 409 tells both sides when somebody saved another one since."""
        wanted = SaveInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        row = drafts.save_draft(draft=pk, by=by, now=utc_now(), **wanted.validated_data)
        return Response(draft_json(selectors.draft_state(row)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Throw a draft away."""
        drafts.discard_draft(draft=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=UpgradeOutput)
    @action(detail=True, methods=["get"])
    def effects(self, request: Request, pk: UUID, **_: Any) -> Response:
        """What publishing means for the assets of the newest version, once somebody moves them to the one drafted."""
        return Response(UpgradeOutput(upgrade_of_draft(selectors.draft_state(selectors.draft(pk)))).data)

    @extend_schema(request=PublishDraftInput, responses={201: TypeVersionOutput})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Publish the draft as the next version; asked again, it answers with that version."""
        wanted = PublishDraftInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        version = drafts.publish_draft(draft=pk, by=by, now=utc_now(), **wanted.validated_data)
        return Response(TypeVersionOutput(version).data, status=status.HTTP_201_CREATED)
