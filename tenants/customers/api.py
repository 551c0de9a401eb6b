"""End customers over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.customers import selectors
from tenants.customers.models import Customer
from tenants.customers.schemas import CustomerDetails
from tenants.customers.services import change_customer, create_customer, remove_customer
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

EDITING = frozenset({Permission.ORGANISATION_ADMINISTER, Permission.CONTRACTS_EDIT})
READING = EDITING | {Permission.CONTRACTS_READ}


class CustomerOutput(serializers.ModelSerializer[Customer]):
    """An end customer."""

    contact_email = serializers.CharField(read_only=True, help_text="An address of mail; empty when there is none.")

    class Meta:
        model = Customer
        fields = ("id", "name", "number", "address", "contact_name", "contact_email", "created_at")
        read_only_fields = fields


class CustomerInput(serializers.Serializer[Any]):
    """What an end customer is to be."""

    name = serializers.CharField(max_length=120)
    number = serializers.CharField(max_length=40, required=False, allow_blank=True)
    address = serializers.CharField(max_length=500, required=False, allow_blank=True)
    contact_name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    contact_email = serializers.EmailField(max_length=254, required=False, allow_blank=True)


class CustomerViewSet(Idempotent, mixins.ListModelMixin, viewsets.GenericViewSet[Customer]):
    """End customers of the organisation."""

    queryset = selectors.customers()
    serializer_class = CustomerOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": READING, "write": EDITING, "destroy": Permission.ORGANISATION_ADMINISTER}

    @extend_schema(responses=CustomerOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One end customer."""
        return Response(CustomerOutput(selectors.customer(pk)).data)

    @extend_schema(request=CustomerInput, responses={201: CustomerOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make an end customer."""
        name, details = _wanted(request)
        row = create_customer(name=name, details=details, by=actor_of(request._request), now=utc_now())
        return Response(CustomerOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=CustomerInput, responses=CustomerOutput)
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Change an end customer as a whole: what is not said is empty."""
        name, details = _wanted(request)
        row = change_customer(customer=pk, name=name, details=details, by=actor_of(request._request), now=utc_now())
        return Response(CustomerOutput(row).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Put an end customer into the trash, from which it can be taken out for 30 days."""
        remove_customer(customer=pk, by=actor_of(request._request), now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _wanted(request: Request) -> tuple[str, CustomerDetails]:
    wanted = CustomerInput(data=request.data)
    wanted.is_valid(raise_exception=True)
    values = dict(wanted.validated_data)
    return values.pop("name"), CustomerDetails(**values)
