"""Reviews over the REST API, and whether the organisation wants them."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.composer import reviewing
from twins.composer.api import MOST_REVISIONS
from twins.composer.models import ReviewState, TwinReview


class ReviewOutput(serializers.ModelSerializer[TwinReview]):
    """A review of a revision of a draft; it holds for that revision only."""

    twin = serializers.UUIDField(source="twin_id")
    state = serializers.ChoiceField(choices=ReviewState.choices)
    decided_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = TwinReview
        fields = (
            "id", "twin", "revision", "state", "note", "asked_by", "asked_at", "comment", "decided_by", "decided_at",
        )  # fmt: skip
        read_only_fields = fields


class AskInput(serializers.Serializer[Any]):
    """What others are asked to look at."""

    twin = serializers.UUIDField()
    revision = serializers.IntegerField(min_value=0, max_value=MOST_REVISIONS, help_text="Of the draft as it is.")
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class ReviewDecisionInput(serializers.Serializer[Any]):
    """What they say; to ask for changes takes a comment."""

    approve = serializers.BooleanField()
    comment = serializers.CharField(max_length=1000, allow_blank=True, default="")


class RuleData(serializers.Serializer[Any]):
    """How the organisation publishes its twins."""

    needs_review = serializers.BooleanField(help_text="Whether another person has to approve a draft first.")


class ReviewViewSet(Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[TwinReview]):
    """Reviews: asked for by whoever edits, decided by another person who may publish."""

    queryset = TwinReview.objects.none()
    serializer_class = ReviewOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {
        "read": Permission.TWINS_READ, "write": Permission.TWINS_EDIT, "decide": Permission.TWINS_PUBLISH,
    }  # fmt: skip

    def get_queryset(self) -> QuerySet[TwinReview]:
        """All reviews, the newest first."""
        return reviewing.reviews()

    @extend_schema(request=AskInput, responses={201: ReviewOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Ask for a review of the draft as it is; what was asked about an earlier revision is withdrawn."""
        wanted = AskInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        review = reviewing.ask_review(by=by, now=utc_now(), **wanted.validated_data)
        return Response(ReviewOutput(review).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ReviewDecisionInput, responses=ReviewOutput)
    def decide(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Approve, or ask for changes; nobody approves what they made themselves."""
        wanted = ReviewDecisionInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        return Response(
            ReviewOutput(reviewing.decide_review(review=pk, by=by, now=utc_now(), **wanted.validated_data)).data
        )

    @extend_schema(request=None, responses=ReviewOutput)
    def withdraw(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Take the question back."""
        by = actor_of(request._request).name
        return Response(ReviewOutput(reviewing.withdraw_review(review=pk, by=by, now=utc_now())).data)


class PublishingRuleView(APIView):
    """Whether the organisation publishes only what another person has approved."""

    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.ORGANISATION_ADMINISTER}

    @extend_schema(responses=RuleData)
    def get(self, request: Request, **_: Any) -> Response:
        """The rule as it is."""
        return Response({"needs_review": reviewing.needs_review()})

    @extend_schema(request=RuleData, responses=RuleData)
    def put(self, request: Request, **_: Any) -> Response:
        """Change it."""
        wanted = RuleData(data=request.data)
        wanted.is_valid(raise_exception=True)
        reviewing.set_rule(by=actor_of(request._request).name, now=utc_now(), **wanted.validated_data)
        return Response(wanted.validated_data)
