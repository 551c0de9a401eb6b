"""An organisation's own domains over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.domains import selectors, services
from tenants.domains.domain import Pointing, Result, State
from tenants.domains.models import Domain
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.edge.permissions import Needs
from tenants.kernel.clock import utc_now


class RecordOutput(serializers.Serializer[Any]):
    """A record to be set in DNS."""

    kind = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    text = serializers.CharField(read_only=True)


class DomainOutput(serializers.ModelSerializer[Domain]):
    """A domain that the organisation says is its own."""

    state = serializers.ChoiceField(choices=[each.value for each in State], read_only=True)
    result = serializers.ChoiceField(
        choices=[each.value for each in Result], read_only=True, help_text="What the last look at the record came to."
    )
    pointing = serializers.ChoiceField(
        choices=[each.value for each in Pointing], read_only=True, help_text="Where the name led at the last look."
    )
    found = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="What stood there.")
    records = serializers.SerializerMethodField(help_text="What has to stand in DNS.")
    lapses_at = serializers.SerializerMethodField(help_text="When a proven one whose record is gone lapses.")

    class Meta:
        model = Domain
        fields = (
            "id", "name", "is_web", "is_mail", "state", "records", "result", "found", "pointing", "leads_to",
            "created_at", "checked_at", "proven_at", "missing_since", "lapses_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(RecordOutput(many=True))
    def get_records(self, row: Domain) -> Any:
        """The records, as they are written in a zone."""
        return RecordOutput(selectors.records(row), many=True).data

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_lapses_at(self, row: Domain) -> Any:
        """The end of the seven days."""
        at = selectors.lapses_at(row)
        return None if at is None else serializers.DateTimeField().to_representation(at)


class UsesInput(serializers.Serializer[Any]):
    """What a domain is to be used for."""

    is_web = serializers.BooleanField(help_text="Whether the organisation's pages are shown there.")
    is_mail = serializers.BooleanField(help_text="Whether it stands in the addresses of the organisation's people.")


class DomainInput(UsesInput):
    """A domain to be claimed."""

    name = serializers.CharField(max_length=500, help_text="In any script.")


class DomainViewSet(Idempotent, mixins.ListModelMixin, viewsets.GenericViewSet[Domain]):
    """The organisation's own domains."""

    queryset = selectors.domains()
    serializer_class = DomainOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = Needs.ADMINISTERING

    @extend_schema(responses=DomainOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One domain."""
        return Response(DomainOutput(selectors.domain(pk)).data)

    @extend_schema(request=DomainInput, responses={201: DomainOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Claim a domain; it counts for nothing until it is proven."""
        wanted = DomainInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        row = services.add_domain(**wanted.validated_data, by=_name(request), now=utc_now())
        return Response(DomainOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=UsesInput, responses=DomainOutput)
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Use a domain for something else."""
        wanted = UsesInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        row = services.change_uses(domain_id=pk, **wanted.validated_data, by=_name(request), now=utc_now())
        return Response(DomainOutput(row).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Give a domain up: its address shows nothing from now on."""
        services.remove_domain(domain_id=pk, by=_name(request), now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=DomainOutput)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Ask DNS now; takes five seconds at most."""
        row = services.check_domain(domain_id=pk, by=_name(request), now=utc_now())
        return Response(DomainOutput(row).data)


def _name(request: Request) -> str:
    return actor_of(request._request).name
