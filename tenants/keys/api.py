"""API keys over the REST API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.permissions import Needs
from tenants.kernel.clock import utc_now
from tenants.keys import selectors
from tenants.keys.models import ApiKey
from tenants.keys.services import create_key, revoke_key
from tenants.scope.actors import Role


class KeyOutput(serializers.ModelSerializer[ApiKey]):
    """A key, without its secret."""

    class Meta:
        model = ApiKey
        fields = ("id", "name", "prefix", "role", "created_at", "expires_at", "revoked_at")
        read_only_fields = fields


class NewKeyOutput(KeyOutput):
    """A key just made, with its secret for the only time."""

    secret = serializers.CharField(read_only=True)

    class Meta(KeyOutput.Meta):
        fields = (*KeyOutput.Meta.fields, "secret")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class KeyInput(serializers.Serializer[Any]):
    """What a new key is to be."""

    name = serializers.CharField(max_length=120)
    role = serializers.ChoiceField(choices=[role.value for role in Role if role != Role.CUSTOMER])
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class KeyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ApiKey]):
    """API keys of the organisation."""

    queryset = selectors.keys()
    serializer_class = KeyOutput
    lookup_value_converter = "uuid"
    needs = Needs.ADMINISTERING

    @extend_schema(request=KeyInput, responses={201: NewKeyOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a key; the answer holds its secret, which is kept nowhere."""
        wanted = KeyInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        key, token = create_key(
            name=values["name"], role=Role(values["role"]), expires_at=values.get("expires_at"), now=utc_now()
        )
        return Response({**KeyOutput(key).data, "secret": token.text}, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Withdraw a key: it is refused from the next request on."""
        revoke_key(key=self.get_object().id, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)
