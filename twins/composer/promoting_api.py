"""Promotions over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.composer import promoting
from twins.composer.api import MOST_REVISIONS
from twins.composer.domain.diff import counted
from twins.composer.models import TwinLineage
from twins.composer.selectors import twin as twin_row
from twins.composer.versions_api import CountsOutput, DifferenceOutput, change_json

MOST_GATEWAYS = 200


class LineageOutput(serializers.ModelSerializer[TwinLineage]):
    """A twin that versions of this one were promoted into, and which one last."""

    target = serializers.UUIDField(source="target_id")
    name = serializers.CharField(source="target.name")
    revision = serializers.IntegerField(source="target.revision")
    gateways = serializers.DictField(child=serializers.CharField(allow_null=True))

    class Meta:
        model = TwinLineage
        fields = ("target", "name", "revision", "version", "gateways", "promoted_by", "promoted_at")
        read_only_fields = fields


class LineagesOutput(serializers.Serializer[Any]):
    """The targets of a twin."""

    results = LineageOutput(many=True)


class PromotionPlanInput(serializers.Serializer[Any]):
    """What is promoted into what; a gateway that none stands for is not read."""

    version = serializers.IntegerField(min_value=1, max_value=MOST_REVISIONS)
    target = serializers.UUIDField(allow_null=True, default=None, help_text="Null for a new twin.")
    gateways = serializers.DictField(
        child=serializers.UUIDField(allow_null=True), default=dict,
        help_text="The gateway that stands for each of the source's, by id.",
    )  # fmt: skip

    def validate_gateways(self, value: dict[str, UUID | None]) -> dict[str, str | None]:
        """The ids as documents have them.

        Raises:
            ValidationError: There are too many.
        """
        if len(value) > MOST_GATEWAYS:
            raise serializers.ValidationError(f"No more than {MOST_GATEWAYS} gateways.")
        return {key: None if each is None else str(each) for key, each in value.items()}


class PromotionInput(PromotionPlanInput):
    """A promotion, as its differences were looked at."""

    revision = serializers.IntegerField(
        min_value=0, max_value=MOST_REVISIONS, default=0, help_text="Of the target's draft that was looked at."
    )
    name = serializers.CharField(max_length=200, allow_blank=True, default="", help_text="Of a new twin.")
    site = serializers.UUIDField(allow_null=True, default=None, help_text="Where a new twin stands.")


class PromotionPlanOutput(serializers.Serializer[Any]):
    """What a promotion would do to its target; `overruled` is what was changed there too, and will be as here."""

    version = serializers.IntegerField()
    target = serializers.UUIDField(allow_null=True)
    revision = serializers.IntegerField()
    counts = CountsOutput()
    changes = DifferenceOutput(many=True)
    overruled = DifferenceOutput(many=True)
    left = serializers.IntegerField(help_text="Edits that no longer fit, because the target lacks what they edit.")


class PromotedOutput(serializers.Serializer[Any]):
    """The target of a promotion; its draft is to be published like any other."""

    target = serializers.UUIDField()
    slug = serializers.CharField()
    revision = serializers.IntegerField()


class PromotionViewSet(Idempotent, viewsets.GenericViewSet[TwinLineage]):
    """Carrying a version of one twin over into another."""

    queryset = TwinLineage.objects.none()
    serializer_class = LineageOutput
    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.TWINS_PUBLISH}

    @extend_schema(responses=LineagesOutput)
    def list(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The twins that this one was promoted into."""
        twin_row(pk)
        return Response({"results": LineageOutput(promoting.lineages(pk), many=True).data})

    @extend_schema(request=PromotionPlanInput, responses=PromotionPlanOutput)
    def plan(self, request: Request, pk: UUID, **_: Any) -> Response:
        """What a promotion would do; nothing is changed."""
        wanted = PromotionPlanInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        found = promoting.plan_promotion(source=pk, **wanted.validated_data)
        return Response(
            {
                "version": found.version, "target": found.target and found.target.id,
                "revision": found.target.revision if found.target is not None else 0,
                "counts": counted(found.changes), "changes": [change_json(each) for each in found.changes],
                "overruled": [change_json(each) for each in found.carried.overruled], "left": len(found.carried.left),
            }
        )  # fmt: skip

    @extend_schema(request=PromotionInput, responses={201: PromotedOutput})
    def create(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Carry a version over into the draft of a new twin, or of one that was promoted into before."""
        wanted = PromotionInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        target = promoting.Target(values["target"], values["revision"], values["name"], values["site"])
        row = promoting.promote_twin(
            source=pk, version=values["version"], target=target, gateways=values["gateways"],
            by=actor_of(request._request).name, now=utc_now(),
        )  # fmt: skip
        told = {"target": row.id, "slug": row.slug, "revision": row.revision}
        return Response(told, status=status.HTTP_201_CREATED)
