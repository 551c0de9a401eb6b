"""The agent at a gateway's site over the REST API: how it does, what it is to do, its keys, and what it sealed."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.edge.http import actor_of
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.gateways.edge.platform import selectors, services
from twins.gateways.edge.platform.errors import EdgeConfigurationNotFoundError
from twins.gateways.edge.platform.models import EdgeConfiguration, KeyState, SealedBatch, SealState, SiteKey
from twins.gateways.edge.platform.routes import etags
from twins.gateways.edge.platform.selectors import EdgeState
from twins.gateways.edge.signing import HEADER, Seal
from twins.gateways.selectors import gateway as gateway_of

NEEDS: dict[str, Any] = {"read": Permission.GATEWAYS_READ, "write": Permission.GATEWAYS_EDIT}
STATES = ("connected", "late", "unknown")
KEY_STATES, SEAL_STATES = tuple(KeyState.values), tuple(SealState.values)
APPLIED = ("applied", "refused", "pending")


class SealCountsOutput(serializers.Serializer[Any]):
    """How many seals were kept, and how many are broken."""

    kept = serializers.IntegerField()
    broken = serializers.IntegerField()


class EdgeOutput(serializers.Serializer[Any]):
    """The agent of a gateway; `late` means that it fell silent, `unknown` that it never spoke."""

    status = serializers.ChoiceField(choices=STATES)
    version = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True, help_text="When it spoke last.")
    said = serializers.DictField(allow_null=True, help_text="What it said of itself: store, sources, configuration.")
    wanted = serializers.IntegerField(allow_null=True, help_text="The number of the newest configuration.")
    applied = serializers.ChoiceField(
        choices=APPLIED, allow_null=True, help_text="Whether it follows that one; `pending` until it says."
    )
    seals = SealCountsOutput()


class EdgeConfigurationInput(serializers.Serializer[Any]):
    """What the agent is to do."""

    document = serializers.DictField()


class EdgeConfigurationOutput(serializers.ModelSerializer[EdgeConfiguration]):
    """A version of what the agent is to do; the digest is the SHA-256 of the document's canonical JSON (RFC 8785)."""

    document = serializers.DictField()

    class Meta:
        model = EdgeConfiguration
        fields = ("number", "digest", "document", "saved_by", "saved_at")
        read_only_fields = fields


class SiteKeyOutput(serializers.ModelSerializer[SiteKey]):
    """A key of the site; only what an approved one signs counts as the site's word."""

    state = serializers.ChoiceField(choices=KEY_STATES)

    class Meta:
        model = SiteKey
        fields = ("id", "fingerprint", "state", "first_seen_at", "approved_by", "approved_at", "retired_at", "sequence")
        read_only_fields = fields


class SiteKeysOutput(serializers.Serializer[Any]):
    """The keys of a gateway's site, the last seen first."""

    keys = SiteKeyOutput(many=True)


class SealedBatchOutput(serializers.ModelSerializer[SealedBatch]):
    """A batch that came with a seal; `code` and `reason` say why a broken one is."""

    state = serializers.ChoiceField(choices=SEAL_STATES)

    class Meta:
        model = SealedBatch
        fields = (
            "id", "state", "code", "reason", "fingerprint", "sequence", "previous", "digest", "body_digest", "batch",
            "commit", "readings", "first_at", "last_at", "received_at",
        )  # fmt: skip
        read_only_fields = fields


class SealFilter(serializers.Serializer[Any]):
    """Which seals to list."""

    state = serializers.ChoiceField(choices=SEAL_STATES, required=False)


class EdgeView(APIView):
    """How the agent does."""

    needs: ClassVar = NEEDS

    @extend_schema(operation_id="gateways_edge_retrieve", responses=EdgeOutput)
    def get(self, request: Request, gateway: UUID, **_: Any) -> Response:
        """What the agent says of itself, what it is to do, and what became of its seals."""
        gateway_of(gateway)
        return Response(_told(selectors.edge_state(gateway, now=utc_now())))


class EdgeConfigurationView(APIView):
    """What the agent is to do."""

    needs: ClassVar = NEEDS

    @extend_schema(operation_id="gateways_edge_configuration_retrieve", responses=EdgeConfigurationOutput)
    def get(self, request: Request, gateway: UUID, **_: Any) -> Response:
        """The newest version; its quoted digest is the ETag."""
        gateway_of(gateway)
        found = selectors.newest_configuration(gateway)
        if found is None:
            raise EdgeConfigurationNotFoundError
        return _version(found)

    @extend_schema(
        operation_id="gateways_edge_configuration_update", request=EdgeConfigurationInput,
        responses={
            200: EdgeConfigurationOutput,
            (412, "application/problem+json"): OpenApiResponse(OpenApiTypes.OBJECT, "Another version stands there."),
        },
        parameters=[
            OpenApiParameter(
                "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER,
                description="The ETag of the version that was changed; without it, it is saved whatever stands there.",
            )
        ],
    )  # fmt: skip
    def put(self, request: Request, gateway: UUID, **_: Any) -> Response:
        """Save another version; the findings name the places that no agent could follow."""
        wanted = EdgeConfigurationInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        header = request.headers.get("If-Match")
        base = None if header is None or header.strip() == "*" else "".join(sorted(etags(header)))
        saved = services.save_configuration(
            gateway=gateway, document=wanted.validated_data["document"], by=actor_of(request).name, now=utc_now(),
            base=base,
        )  # fmt: skip
        return _version(saved)


class EdgeVersionViewSet(viewsets.GenericViewSet[EdgeConfiguration]):
    """The versions of what the agent is to do."""

    queryset = EdgeConfiguration.objects.none()
    serializer_class = EdgeConfigurationOutput
    needs: ClassVar = NEEDS

    @extend_schema(responses=EdgeConfigurationOutput(many=True))
    def list(self, request: Request, gateway: UUID, **_: Any) -> Response:
        """The versions, newest first."""
        gateway_of(gateway)
        page = self.paginate_queryset(selectors.configurations(gateway))
        return self.get_paginated_response(EdgeConfigurationOutput(page, many=True).data)

    @extend_schema(responses=EdgeConfigurationOutput)
    def retrieve(self, request: Request, gateway: UUID, number: int, **_: Any) -> Response:
        """One version."""
        gateway_of(gateway)
        return _version(selectors.configuration(gateway, number))

    @extend_schema(request=None, responses=EdgeConfigurationOutput)
    def restore(self, request: Request, gateway: UUID, number: int, **_: Any) -> Response:
        """Have an older version stand again, as a new one."""
        gateway_of(gateway)
        by = actor_of(request).name
        return _version(services.restore_configuration(gateway=gateway, number=number, by=by, now=utc_now()))


class SiteKeyViewSet(viewsets.GenericViewSet[SiteKey]):
    """The keys of a gateway's site."""

    queryset = SiteKey.objects.none()
    serializer_class = SiteKeyOutput
    needs: ClassVar = NEEDS

    @extend_schema(responses=SiteKeysOutput)
    def list(self, request: Request, gateway: UUID, **_: Any) -> Response:
        """The keys that the agent has shown."""
        gateway_of(gateway)
        return Response({"keys": SiteKeyOutput(selectors.site_keys(gateway), many=True).data})

    @extend_schema(request=None, responses=SiteKeyOutput)
    def approve(self, request: Request, gateway: UUID, pk: UUID, **_: Any) -> Response:
        """Let what this key signs count from now on; the one before is retired."""
        gateway_of(gateway)
        by = actor_of(request).name
        return Response(SiteKeyOutput(services.approve_key(gateway=gateway, key=pk, by=by, now=utc_now())).data)


class SealViewSet(viewsets.GenericViewSet[SealedBatch]):
    """Batches that came with a seal."""

    queryset = SealedBatch.objects.none()
    serializer_class = SealedBatchOutput
    needs: ClassVar = NEEDS

    @extend_schema(parameters=[SealFilter], responses=SealedBatchOutput(many=True))
    def list(self, request: Request, gateway: UUID, **_: Any) -> Response:
        """The seals, newest first."""
        gateway_of(gateway)
        asked = SealFilter(data=request.query_params)
        asked.is_valid(raise_exception=True)
        page = self.paginate_queryset(selectors.seals(gateway).filter(**asked.validated_data))
        return self.get_paginated_response(SealedBatchOutput(page, many=True).data)

    @extend_schema(
        responses={(200, "application/json"): OpenApiTypes.OBJECT},
        parameters=[OpenApiParameter("key", OpenApiTypes.STR, description="Fingerprint; else the newest that has it.")],
    )
    def body(self, request: Request, gateway: UUID, sequence: int, **_: Any) -> HttpResponseBase:
        """The body of a kept seal, byte for byte as the site signed it; its seal is in the header `X-Batch-Seal`."""
        gateway_of(gateway)
        asked = BodyFilter(data=request.query_params)
        asked.is_valid(raise_exception=True)
        row = selectors.kept_seal(gateway, sequence, asked.validated_data.get("key", ""))
        seal = Seal(row.fingerprint, row.sequence, row.previous, bytes(row.signature))
        return HttpResponse(selectors.body_of_seal(row), content_type="application/json", headers={HEADER: seal.header})


class BodyFilter(serializers.Serializer[Any]):
    """Whose number it is."""

    key = serializers.CharField(max_length=64, required=False)


def _version(row: EdgeConfiguration) -> Response:
    return Response(EdgeConfigurationOutput(row).data, headers={"ETag": f'"{row.digest}"'})


def _told(state: EdgeState) -> dict[str, Any]:
    agent, wanted = state.agent, state.wanted
    told = {
        "status": state.state, "version": agent.version if agent else None, "at": agent.at if agent else None,
        "said": agent.status if agent else None, "wanted": wanted.number if wanted else None,
        "applied": state.applied, "seals": state.seals,
    }  # fmt: skip
    return dict(EdgeOutput(told).data)
