"""Versions over the REST API: compared, named, gone back to; what was set aside; what publishing would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.errors import NotFoundError
from tenants.scope.actors import Permission
from twins.composer import reverting, versions
from twins.composer.api import MOST_REVISIONS, DraftFindingOutput, DraftOutput, VersionOutput, draft_json
from twins.composer.domain.diff import Change, counted, diff
from twins.composer.models import DraftAside
from twins.composer.previewing import Attributed, Preview, preview
from twins.composer.publishing import NoVersionError, name_version
from twins.composer.reviewing import Standing
from twins.composer.selectors import twin as twin_row

NEEDS: dict[str, Permission] = {
    "read": Permission.TWINS_READ, "write": Permission.TWINS_EDIT, "publish": Permission.TWINS_PUBLISH,
    "rollback": Permission.TWINS_PUBLISH, "rename": Permission.TWINS_EDIT, "reset": Permission.TWINS_EDIT,
}  # fmt: skip


class FieldOutput(serializers.Serializer[Any]):
    """What one field said and says; null for nothing."""

    name = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    unit = serializers.CharField(allow_blank=True)


class DifferenceOutput(serializers.Serializer[Any]):
    """A part that differs; `authors` is who edited it since the last publication, where that is known."""

    kind = serializers.ChoiceField(choices=["added", "removed", "changed", "moved"])
    subject = serializers.ChoiceField(choices=["twin", "asset", "link", "binding", "group", "note"])
    key = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    type = serializers.CharField(allow_blank=True)
    assets = serializers.ListField(child=serializers.CharField())
    fields = FieldOutput(many=True)  # type: ignore[assignment] # the metaclass takes it off before a serializer's own
    authors = serializers.ListField(child=serializers.CharField())
    revision = serializers.IntegerField(help_text="The newest revision that touched it; 0 where it is not known.")


class CountsOutput(serializers.Serializer[Any]):
    """How many parts differ, by how."""

    added = serializers.IntegerField()
    removed = serializers.IntegerField()
    changed = serializers.IntegerField()
    moved = serializers.IntegerField()


class ComparisonOutput(serializers.Serializer[Any]):
    """What differs between two versions of a twin, or a version and the draft."""

    before = serializers.CharField()
    after = serializers.CharField()
    counts = CountsOutput()
    changes = DifferenceOutput(many=True)


class EffectOutput(serializers.Serializer[Any]):
    """One thing that a publication will do; an `error` keeps it from happening."""

    area = serializers.ChoiceField(
        choices=["assets", "signals", "alarms", "dashboards", "views", "contracts", "limits"]
    )
    tone = serializers.ChoiceField(choices=["new", "change", "loss", "error"])
    message = serializers.CharField()
    names = serializers.ListField(child=serializers.CharField())


class ReviewStandingOutput(serializers.Serializer[Any]):
    """Whether a review is wanted, and where it stands."""

    is_needed = serializers.BooleanField()
    is_approved = serializers.BooleanField()
    is_stale = serializers.BooleanField()
    review = serializers.UUIDField(allow_null=True)
    state = serializers.CharField(allow_null=True)
    by = serializers.CharField(allow_null=True)
    comment = serializers.CharField(allow_null=True)


class PublicationOutput(serializers.Serializer[Any]):
    """What publishing the draft as it is would do."""

    revision = serializers.IntegerField()
    published_version = serializers.IntegerField(allow_null=True)
    me = serializers.CharField(help_text="How whoever asks is called as an author.")
    counts = CountsOutput()
    changes = DifferenceOutput(many=True)
    effects = EffectOutput(many=True)
    findings = DraftFindingOutput(many=True)
    review = ReviewStandingOutput()


class CompareInput(serializers.Serializer[Any]):
    """Which versions: a number, `0` for the empty twin, or `draft`."""

    before = serializers.CharField(max_length=9)
    after = serializers.CharField(max_length=9, default=versions.DRAFT)


class NameInput(serializers.Serializer[Any]):
    """What a version is called; empty takes the name away."""

    name = serializers.CharField(max_length=120, allow_blank=True)


class LeapInput(serializers.Serializer[Any]):
    """The version to go back to, and the revision of the draft that was looked at."""

    version = serializers.IntegerField(min_value=1, max_value=MOST_REVISIONS)
    revision = serializers.IntegerField(min_value=0, max_value=MOST_REVISIONS)


class AsideOutput(serializers.ModelSerializer[DraftAside]):
    """Edits that a leap took out of the draft; `version` is what they lead on from."""

    class Meta:
        model = DraftAside
        fields = ("id", "kind", "version", "count", "revision", "put_by", "put_at")
        read_only_fields = fields


class AsidesOutput(serializers.Serializer[Any]):
    """What was set aside and is not back, the newest first."""

    results = AsideOutput(many=True)


class ReturnedOutput(DraftOutput):
    """The draft with edits brought back; `left` are those that no longer fit."""

    left = serializers.ListField(child=serializers.DictField())


class RemovedOutput(serializers.Serializer[Any]):
    """A part that was taken out of the draft; `operations` bring it back."""

    subject = serializers.ChoiceField(choices=["asset", "link", "binding", "group", "note"])
    key = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    by = serializers.CharField()
    at = serializers.DateTimeField()
    links = serializers.IntegerField(help_text="Links that went along.")
    bindings = serializers.IntegerField(help_text="Bindings that went along.")
    operations = serializers.ListField(child=serializers.DictField())


class RemovedListOutput(serializers.Serializer[Any]):
    """What was taken out lately and is not in the draft now, the newest first."""

    revision = serializers.IntegerField()
    results = RemovedOutput(many=True)


def change_json(change: Change, authors: Sequence[str] = (), revision: int = 0) -> dict[str, Any]:
    """A difference as the API tells it."""
    fields = [{"name": f.name, "before": f.before, "after": f.after, "unit": f.unit} for f in change.fields]
    return {
        "kind": change.kind, "subject": change.subject, "key": change.key, "name": change.name, "type": change.type,
        "assets": list(change.assets), "fields": fields, "authors": list(authors), "revision": revision,
    }  # fmt: skip


def _attributed_json(each: Attributed) -> dict[str, Any]:
    return change_json(each.change, each.authors, each.revision)


def standing_json(standing: Standing) -> dict[str, Any]:
    """What a twin needs before it is published, as the API tells it."""
    review = standing.review
    return {
        "is_needed": standing.is_needed, "is_approved": standing.is_approved, "is_stale": standing.is_stale,
        "review": review and review.id, "state": review and review.state,
        "by": review and (review.decided_by or review.asked_by), "comment": review and review.comment,
    }  # fmt: skip


def preview_json(found: Preview, me: str) -> dict[str, Any]:
    """A publication's preview as the API tells it."""
    return {
        "revision": found.revision,
        "published_version": found.published,
        "me": me,
        "counts": counted(each.change for each in found.changes),
        "changes": [_attributed_json(each) for each in found.changes],
        "effects": [
            {"area": each.area, "tone": each.tone, "message": each.message, "names": list(each.names)}
            for each in found.effects
        ],
        "findings": [finding.as_dict() for finding in found.findings],
        "review": standing_json(found.standing),
    }


class TwinVersionsViewSet(viewsets.GenericViewSet[DraftAside]):
    """What is done with versions of a twin beside reading them."""

    queryset = DraftAside.objects.none()
    serializer_class = AsideOutput
    needs: ClassVar = NEEDS

    @extend_schema(parameters=[CompareInput], responses=ComparisonOutput)
    def compare(self, request: Request, pk: UUID, **_: Any) -> Response:
        """What differs between two versions, or a version and the draft, property by property."""
        wanted = CompareInput(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        row = twin_row(pk)
        before, after = (versions.document_at(row, wanted.validated_data[side]) for side in ("before", "after"))
        if before is None or after is None:
            raise NotFoundError("there is no such version", place="version", fix="Take one from the list of versions.")
        changes = diff(before, after, versions.names_for_diff())
        told = [change_json(each) for each in changes]
        return Response({**wanted.validated_data, "counts": counted(changes), "changes": told})

    @extend_schema(responses=PublicationOutput)
    def preview(self, request: Request, pk: UUID, **_: Any) -> Response:
        """What publishing the draft as it is would do to what runs, and whose changes it would take along."""
        actor = actor_of(request._request)
        return Response(preview_json(preview(pk, by=actor, now=utc_now()), actor.name))

    @extend_schema(request=NameInput, responses=VersionOutput)
    def rename(self, request: Request, pk: UUID, version: int, **_: Any) -> Response:
        """Call a version by another name; what it was called before is kept in the record."""
        wanted = NameInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        if version > MOST_REVISIONS:
            raise NoVersionError(version)
        by = actor_of(request._request).name
        name_version(twin=pk, version=version, name=wanted.validated_data["name"], by=by, now=utc_now())
        return Response(VersionOutput(versions.version_of(pk, version)).data)

    @extend_schema(request=LeapInput, responses={201: VersionOutput})
    def rollback(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Publish what an older version says as the next; edits of the draft are set aside."""
        made = reverting.roll_back(twin=pk, by=actor_of(request._request).name, now=utc_now(), **_leap(request))
        return Response(VersionOutput(versions.version_of(pk, made.version)).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=LeapInput, responses=DraftOutput)
    def reset(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Make the draft say what a version says; what it said is set aside."""
        draft = reverting.reset_draft(twin=pk, by=actor_of(request._request).name, now=utc_now(), **_leap(request))
        return Response(draft_json(draft))

    @extend_schema(responses=AsidesOutput)
    def asides(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The edits that were set aside and are not back."""
        twin_row(pk)
        return Response({"results": AsideOutput(versions.asides(pk), many=True).data})

    @extend_schema(request=None, responses=ReturnedOutput)
    def put_back(self, request: Request, pk: UUID, aside: UUID, **_: Any) -> Response:
        """Bring edits that were set aside back into the draft, as far as they still fit."""
        found = reverting.return_aside(twin=pk, aside=aside, by=actor_of(request._request).name, now=utc_now())
        return Response(draft_json(found.draft) | {"left": [each.as_json() for each in found.left]})

    @extend_schema(responses=RemovedListOutput)
    def removed(self, request: Request, pk: UUID, **_: Any) -> Response:
        """What was taken out of the draft in the last 30 days; send its operations to the draft to have it back."""
        row = twin_row(pk)
        draft = versions.document_at(row, versions.DRAFT)
        assert draft is not None
        results = [
            {
                "subject": each.part.subject, "key": each.part.key, "name": each.part.name, "by": each.by,
                "at": isoformat(each.at), "links": len(each.part.parts.links),
                "bindings": len(each.part.parts.bindings),
                "operations": [operation.as_json() for operation in each.part.restoring(draft)],
            }
            for each in versions.removed_lately(row, now=utc_now())
        ]  # fmt: skip
        return Response({"revision": row.revision, "results": results})


def _leap(request: Request) -> dict[str, Any]:
    wanted = LeapInput(data=request.data)
    wanted.is_valid(raise_exception=True)
    return dict(wanted.validated_data)
