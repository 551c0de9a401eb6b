"""What lets gateways in by themselves, over the REST API: provisioning keys and authorities."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.gateways.models import Authority, ProvisioningKey
from twins.gateways.provisioning import authorities, keys
from twins.gateways.schemas import KeyTerms

KEY_STATES = ("in_force", "used_up", "expired", "revoked")
LONGEST_PEM = 20_000
LONGEST_LIST = 400_000
NEEDS: dict[str, Permission] = {"read": Permission.GATEWAYS_READ, "write": Permission.GATEWAYS_EDIT}


class ProvisioningKeyOutput(serializers.ModelSerializer[ProvisioningKey]):
    """A provisioning key: how many gateways it made of how many it may, and until when."""

    customer = serializers.UUIDField(source="customer_id", allow_null=True, read_only=True)
    site = serializers.UUIDField(source="site_id", allow_null=True, read_only=True)
    state = serializers.SerializerMethodField()

    class Meta:
        model = ProvisioningKey
        fields = (
            "id", "name", "prefix", "state", "allowed", "made", "name_prefix", "needs_claim", "customer", "site",
            "created_by", "created_at", "expires_at", "revoked_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=KEY_STATES))
    def get_state(self, row: ProvisioningKey) -> str:
        """Whether it makes gateways, or why not."""
        return keys.state_of(row, now=utc_now())


class NewProvisioningKeyOutput(ProvisioningKeyOutput):
    """A provisioning key with its text, for the only time."""

    key = serializers.CharField(read_only=True)

    class Meta(ProvisioningKeyOutput.Meta):
        fields = (*ProvisioningKeyOutput.Meta.fields, "key")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class ProvisioningKeyInput(serializers.Serializer[Any]):
    """What a new provisioning key is to be."""

    name = serializers.CharField(max_length=120)
    allowed = serializers.IntegerField(min_value=1, max_value=keys.MOST_ALLOWED, help_text="How many gateways.")
    name_prefix = serializers.CharField(
        max_length=60, required=False, allow_blank=True, trim_whitespace=False, help_text="Before each gateway's name."
    )
    needs_claim = serializers.BooleanField(default=True, help_text="Whether a person must enter each device's code.")
    customer = serializers.UUIDField(required=False, allow_null=True)
    site = serializers.UUIDField(required=False, allow_null=True)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class ProvisioningKeyViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ProvisioningKey]
):
    """Provisioning keys. An answer with a key is never repeated, so there is no Idempotency-Key."""

    queryset = keys.provisioning_keys()
    serializer_class = ProvisioningKeyOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = NEEDS

    @extend_schema(request=ProvisioningKeyInput, responses={201: NewProvisioningKeyOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a provisioning key; the answer holds its text, which is kept nowhere."""
        wanted = ProvisioningKeyInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        terms = KeyTerms(**wanted.validated_data)
        row, token = keys.make_provisioning_key(terms=terms, by=actor_of(request).name, now=utc_now())
        told = {**ProvisioningKeyOutput(row).data, "key": token.text}
        return Response(told, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=ProvisioningKeyOutput)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Let nothing more register with the key; the gateways that it made stay."""
        row = keys.revoke_provisioning_key(key=pk, by=actor_of(request).name, now=utc_now())
        return Response(ProvisioningKeyOutput(row).data)


class AuthorityOutput(serializers.ModelSerializer[Authority]):
    """An authority that signs devices' certificates, and what its revocation list says."""

    revoked = serializers.SerializerMethodField(help_text="Certificates on its revocation list.")

    class Meta:
        model = Authority
        fields = (
            "id", "name", "fingerprint", "subject", "not_after", "allowed", "made", "revoked", "list_issued_at",
            "list_due_at", "created_by", "created_at", "withdrawn_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_revoked(self, row: Authority) -> int:
        """How many."""
        return len(row.revoked_serials)


class AuthorityInput(serializers.Serializer[Any]):
    """An authority, and the proof that it is yours: a certificate it signed, whose common name is the proof code."""

    name = serializers.CharField(max_length=120)
    certificate = serializers.CharField(max_length=LONGEST_PEM, help_text="PEM.")
    proof = serializers.CharField(max_length=LONGEST_PEM, help_text="PEM.")
    allowed = serializers.IntegerField(
        min_value=0, max_value=keys.MOST_ALLOWED, default=0,
        help_text="How many devices with serials that nobody knows become new gateways.",
    )  # fmt: skip


class ProofCodeOutput(serializers.Serializer[Any]):
    """The common name that a proving certificate must have."""

    code = serializers.CharField()


class RevocationListInput(serializers.Serializer[Any]):
    """An authority's revocation list."""

    list = serializers.CharField(max_length=LONGEST_LIST, help_text="PEM.")


class AuthorityViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Authority]):
    """Authorities that sign the certificates of devices."""

    queryset = authorities.authorities()
    serializer_class = AuthorityOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = NEEDS

    @extend_schema(request=AuthorityInput, responses={201: AuthorityOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Trust an authority, once the proof shows that it is yours."""
        wanted = AuthorityInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        row = authorities.add_authority(
            name=values["name"], pem=values["certificate"], proof=values["proof"], allowed=values["allowed"],
            by=actor_of(request).name, now=utc_now(),
        )  # fmt: skip
        return Response(AuthorityOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=ProofCodeOutput)
    @action(detail=False, methods=["get"], pagination_class=None)
    def proof(self, request: Request, **_: Any) -> Response:
        """What the common name of a proving certificate must be: the same at all times."""
        return Response({"code": authorities.proof_code()})

    @extend_schema(request=None, responses=AuthorityOutput)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Trust the authority no more, for good: its devices get no new tokens."""
        row = authorities.withdraw_authority(authority=pk, by=actor_of(request).name, now=utc_now())
        return Response(AuthorityOutput(row).data)

    @extend_schema(request=RevocationListInput, responses=AuthorityOutput)
    @action(detail=True, methods=["post"], url_path="revocation-list")
    def revocation_list(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Take the authority's revocation list in place of the one before."""
        wanted = RevocationListInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        row = authorities.put_revocation_list(
            authority=pk, data=wanted.validated_data["list"].encode(), by=actor_of(request).name, now=utc_now()
        )
        return Response(AuthorityOutput(row).data)
