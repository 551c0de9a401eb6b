"""Legal entities, their rates, and what tax needs to know of customers, over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.invoices import parties, selectors
from billing.invoices.models import BillingProfile, LegalEntity, Treatment, VatRate
from billing.invoices.schemas import EntityDetails, ProfileDetails
from tenants.customers.selectors import customer as customer_by_id
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

NEEDS = {"read": Permission.MONEY_READ, "write": Permission.MONEY_BILL}


class RateOutput(serializers.ModelSerializer[VatRate]):
    """The standard rate of tax from a day on."""

    class Meta:
        model = VatRate
        fields = ("percent", "valid_from", "set_by", "set_at")
        read_only_fields = fields


class RateInput(serializers.Serializer[Any]):
    """The standard rate of tax from a day on, in place of one that was set for the same day."""

    percent = serializers.CharField(max_length=6, help_text="Above 0, such as 19 or 8.1.")
    valid_from = serializers.DateField()


class EntityOutput(serializers.ModelSerializer[LegalEntity]):
    """A legal entity with its rates."""

    rates = RateOutput(many=True, read_only=True)

    class Meta:
        model = LegalEntity
        fields = (
            "id", "name", "prefix", "street", "postcode", "city", "country", "vat_id", "registration", "tax_number",
            "exemption", "account", "bank", "rates", "created_at",
        )  # fmt: skip
        read_only_fields = fields


class EntityInput(serializers.Serializer[Any]):
    """What a legal entity is to be, as a whole: what is not said is empty."""

    name = serializers.CharField(max_length=120)
    prefix = serializers.CharField(max_length=8, help_text="What its numbers begin with.")
    street = serializers.CharField(max_length=200)
    postcode = serializers.CharField(max_length=20)
    city = serializers.CharField(max_length=80)
    country = serializers.CharField(max_length=2, help_text="ISO 3166-1 alpha-2.")
    vat_id = serializers.CharField(max_length=24, required=False, allow_blank=True)
    registration = serializers.CharField(max_length=40, required=False, allow_blank=True)
    tax_number = serializers.CharField(max_length=40, required=False, allow_blank=True)
    exemption = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Why it charges no tax at home, if it does not."
    )
    account = serializers.CharField(
        max_length=50, required=False, allow_blank=True, help_text="IBAN, or the national number where there is none."
    )
    bank = serializers.CharField(
        max_length=30, required=False, allow_blank=True, help_text="BIC, or the national routing code."
    )


class ProfileOutput(serializers.ModelSerializer[BillingProfile]):
    """What tax needs to know of a customer."""

    entity = serializers.UUIDField(source="entity_id", allow_null=True)

    class Meta:
        model = BillingProfile
        fields = (
            "entity", "street", "postcode", "city", "country", "vat_id", "registration", "reference", "treatment",
            "reason",
        )  # fmt: skip
        read_only_fields = fields


class ProfileInput(serializers.Serializer[Any]):
    """What tax needs to know of a customer, as a whole: what is not said is empty."""

    entity = serializers.UUIDField(required=False, allow_null=True, help_text="Which of several legal entities sells.")
    street = serializers.CharField(max_length=200, required=False, allow_blank=True)
    postcode = serializers.CharField(max_length=20, required=False, allow_blank=True)
    city = serializers.CharField(max_length=80, required=False, allow_blank=True)
    country = serializers.CharField(max_length=2, required=False, allow_blank=True)
    vat_id = serializers.CharField(max_length=24, required=False, allow_blank=True)
    registration = serializers.CharField(max_length=40, required=False, allow_blank=True)
    reference = serializers.CharField(max_length=80, required=False, allow_blank=True)
    treatment = serializers.ChoiceField(choices=Treatment.choices, required=False)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class LegalEntityViewSet(Idempotent, mixins.ListModelMixin, viewsets.GenericViewSet[LegalEntity]):
    """The companies of the organisation that sell, each with numbers and rates of its own."""

    queryset = selectors.entities().prefetch_related("rates")
    serializer_class = EntityOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = NEEDS

    @extend_schema(responses=EntityOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One legal entity."""
        return Response(EntityOutput(selectors.entity(pk)).data)

    @extend_schema(request=EntityInput, responses={201: EntityOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a legal entity; the first one goes on with the numbers given out so far."""
        row = parties.create_entity(details=_entity(request), by=_by(request), now=utc_now())
        return Response(EntityOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=EntityInput, responses=EntityOutput)
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Change a legal entity as a whole; what is issued stays as it is."""
        row = parties.change_entity(entity_id=pk, details=_entity(request), by=_by(request), now=utc_now())
        return Response(EntityOutput(row).data)

    @extend_schema(request=RateInput, responses={201: RateOutput})
    @action(detail=True, methods=["post"])
    def rates(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Set the rate of tax from a day on."""
        given = RateInput(data=request.data)
        given.is_valid(raise_exception=True)
        row = parties.set_rate(entity_id=pk, by=_by(request), now=utc_now(), **given.validated_data)
        return Response(RateOutput(row).data, status=status.HTTP_201_CREATED)


class BillingProfileView(Idempotent, APIView):
    """What tax needs to know of a customer."""

    needs: ClassVar = NEEDS

    @extend_schema(responses=ProfileOutput)
    def get(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The billing data of a customer; all is empty when nobody has entered any."""
        row = customer_by_id(pk)
        return Response(ProfileOutput(selectors.profile_of(row.id) or BillingProfile(customer=row)).data)

    @extend_schema(request=ProfileInput, responses=ProfileOutput)
    def put(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Set the billing data of a customer as a whole; what is issued stays as it is."""
        given = ProfileInput(data=request.data)
        given.is_valid(raise_exception=True)
        details = ProfileDetails(**given.validated_data)
        return Response(
            ProfileOutput(parties.save_profile(customer=pk, details=details, by=_by(request), now=utc_now())).data
        )


def _entity(request: Request) -> EntityDetails:
    given = EntityInput(data=request.data)
    given.is_valid(raise_exception=True)
    return EntityDetails(**given.validated_data)


def _by(request: Request) -> str:
    return actor_of(request._request).name
