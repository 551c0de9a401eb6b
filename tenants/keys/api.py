"""Service accounts and API keys over the REST API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.kernel.clock import utc_now
from tenants.kernel.networks import MOST
from tenants.keys import selectors
from tenants.keys.accounts import change_account, disable_account, enable_account, open_account
from tenants.keys.models import ApiKey, ServiceAccount
from tenants.keys.schemas import LIFETIME, LONGEST_OVERLAP, AccountTerms, KeyTerms
from tenants.keys.services import issue_key, revoke_key, rotate_key
from tenants.scope.actors import Permission, Role

PERMISSIONS = [(each.value, each.value) for each in Permission]
STATES = [(each, each) for each in ("in_force", "ending", "expired", "disabled", "revoked")]
MOST_PLACES = 200


def _permissions(**options: Any) -> serializers.MultipleChoiceField:
    return serializers.MultipleChoiceField(choices=PERMISSIONS, **options)


class KeyOutput(serializers.ModelSerializer[ApiKey]):
    """A key, without its secret."""

    account = serializers.UUIDField(source="account_id", read_only=True)
    role = serializers.CharField(source="account.role", read_only=True, help_text="Of its account, or empty.")
    scopes = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        allow_null=True,
        help_text="Null for all its account may do.",
    )
    networks = serializers.ListField(child=serializers.CharField(), read_only=True)
    state = serializers.SerializerMethodField()

    class Meta:
        model = ApiKey
        fields = (
            "id", "account", "name", "prefix", "role", "scopes", "networks", "state", "created_at", "rotated_at",
            "expires_at", "revoked_at", "last_used_at", "last_used_from",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=STATES))
    def get_state(self, row: ApiKey) -> str:
        """Whether it is taken."""
        return selectors.state_of(row, now=utc_now())


class NewKeyOutput(KeyOutput):
    """A key with its secret, for the only time."""

    secret = serializers.CharField(read_only=True)

    class Meta(KeyOutput.Meta):
        fields = (*KeyOutput.Meta.fields, "secret")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class KeyInput(serializers.Serializer[Any]):
    """What a new key is to be: of a service account, or of a role, for which a service account of its name is made."""

    name = serializers.CharField(max_length=120)
    account = serializers.UUIDField(required=False)
    role = serializers.ChoiceField(choices=[role.value for role in Role if role != Role.CUSTOMER], required=False)
    scopes = _permissions(required=False, allow_null=True, help_text="Null for all that the account may do.")
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="A year from now unless said; null for a key without end."
    )
    networks = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=MOST, help_text="CIDR; all when empty."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a key of nothing, or of two things.

        Raises:
            ValidationError: It names neither an account nor a role, or both.
        """
        if "account" not in attrs and "role" not in attrs:
            raise serializers.ValidationError({"role": ["Name a role, or a service account."]}, code="required")
        if "account" in attrs and "role" in attrs:
            raise serializers.ValidationError({"role": ["The service account has one already."]}, code="invalid")
        return attrs


class RotateInput(serializers.Serializer[Any]):
    """How long the former secret goes on."""

    overlap_days = serializers.IntegerField(min_value=0, max_value=LONGEST_OVERLAP.days, default=0)


class AccountOutput(serializers.ModelSerializer[ServiceAccount]):
    """A service account; its places are told by `GET` of the account itself."""

    permissions = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ServiceAccount
        fields = (
            "id", "name", "purpose", "role", "permissions", "is_held", "created_by", "created_at", "disabled_at",
        )  # fmt: skip
        read_only_fields = fields


class PlacedAccountOutput(AccountOutput):
    """A service account with the places it is held to."""

    sites = serializers.SerializerMethodField()
    twins = serializers.SerializerMethodField()

    class Meta(AccountOutput.Meta):
        fields = (*AccountOutput.Meta.fields, "sites", "twins")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    def get_sites(self, row: ServiceAccount) -> list[UUID]:
        """The sites it is held to."""
        return selectors.places_of(row)[0]

    def get_twins(self, row: ServiceAccount) -> list[UUID]:
        """The twins it is held to."""
        return selectors.places_of(row)[1]


class AccountInput(serializers.Serializer[Any]):
    """What a service account is to be: of a role, or with permissions of its own."""

    name = serializers.CharField(max_length=120)
    purpose = serializers.CharField(max_length=200, required=False, allow_blank=True)
    role = serializers.CharField(
        max_length=36, required=False, allow_blank=True, help_text="A role's name, or the id of one of your own."
    )
    permissions = _permissions(required=False)
    sites = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=MOST_PLACES)
    twins = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=MOST_PLACES)


class KeyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ApiKey]):
    """API keys of the organisation's service accounts."""

    queryset = selectors.keys()
    serializer_class = KeyOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.ORGANISATION_ADMINISTER, "write": Permission.ORGANISATION_ADMINISTER}

    @extend_schema(request=KeyInput, responses={201: NewKeyOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a key; the answer holds its secret, which is kept nowhere."""
        wanted = KeyInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values, actor, now = wanted.validated_data, actor_of(request._request), utc_now()
        account = values.get("account")
        if account is None:
            terms = AccountTerms(name=values["name"], role=values["role"])
            account = open_account(terms=terms, by=actor, now=now).id
        scopes = values.get("scopes")
        key_terms = KeyTerms(
            name=values["name"], scopes=None if scopes is None else frozenset(map(Permission, scopes)),
            expires_at=values.get("expires_at", now + LIFETIME), networks=tuple(values.get("networks", ())),
        )  # fmt: skip
        key, token = issue_key(account=account, terms=key_terms, by=actor, now=now)
        return Response({**KeyOutput(key).data, "secret": token.text}, status=status.HTTP_201_CREATED)

    @extend_schema(request=RotateInput, responses=NewKeyOutput)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: UUID, **_: Any) -> Response:
        """A new secret, in the answer only; the former one goes on for the days chosen."""
        wanted = RotateInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        overlap = timedelta(days=wanted.validated_data["overlap_days"])
        key, token = rotate_key(key=pk, overlap=overlap, by=actor_of(request._request), now=utc_now())
        return Response({**KeyOutput(key).data, "secret": token.text})

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Withdraw a key: it is refused from the next request on."""
        revoke_key(key=self.get_object().id, by=actor_of(request._request), now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class AccountViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[ServiceAccount]):
    """Service accounts: the programs that work for the organisation."""

    queryset = selectors.accounts()
    serializer_class = AccountOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.ORGANISATION_ADMINISTER, "write": Permission.ORGANISATION_ADMINISTER}

    @extend_schema(responses=PlacedAccountOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One service account."""
        return Response(PlacedAccountOutput(selectors.account(pk)).data)

    @extend_schema(request=AccountInput, responses={201: PlacedAccountOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Open a service account; keys are made of it afterwards."""
        row = open_account(terms=_terms(request), by=actor_of(request._request), now=utc_now())
        return Response(PlacedAccountOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=AccountInput, responses=PlacedAccountOutput)
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Change a service account as a whole: what is not said is empty."""
        row = change_account(account=pk, terms=_terms(request), by=actor_of(request._request), now=utc_now())
        return Response(PlacedAccountOutput(row).data)

    @extend_schema(request=None, responses=AccountOutput)
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Refuse its keys from the next request on."""
        row = disable_account(account=pk, by=actor_of(request._request), now=utc_now())
        return Response(AccountOutput(row).data)

    @extend_schema(request=None, responses=AccountOutput)
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Take its keys again, those in force."""
        row = enable_account(account=pk, by=actor_of(request._request), now=utc_now())
        return Response(AccountOutput(row).data)


def _terms(request: Request) -> AccountTerms:
    wanted = AccountInput(data=request.data)
    wanted.is_valid(raise_exception=True)
    values = wanted.validated_data
    return AccountTerms(
        name=values["name"], purpose=values.get("purpose", ""), role=values.get("role", ""),
        permissions=frozenset(map(Permission, values.get("permissions", ()))),
        sites=frozenset(values.get("sites", ())), twins=frozenset(values.get("twins", ())),
    )  # fmt: skip
