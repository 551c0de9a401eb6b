"""The exclusions claimed under a contract over the REST API, for its customer: to read them and to decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from billing.contracts.offers import contract_seen_by
from billing.outcomes import deciding, selectors
from billing.outcomes.api import DecisionInput, ExclusionOutput
from billing.outcomes.models import Exclusion
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission


class AgreedExclusionViewSet(Idempotent, mixins.ListModelMixin, viewsets.GenericViewSet[Exclusion]):
    """Claims that time under one contract is not to count. Only a person of the customer decides about them here."""

    queryset = selectors.exclusions()
    serializer_class = ExclusionOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.REPORTS_READ, "write": Permission.REPORTS_READ}

    def get_queryset(self) -> QuerySet[Exclusion]:
        """The claims under the contract, for whom it may be shown to."""
        if getattr(self, "swagger_fake_view", False):  # the schema is made without a request
            return selectors.exclusions()
        contract = contract_seen_by(actor_of(self.request._request), self.kwargs["contract"])
        return selectors.exclusions().filter(contract=contract.id)

    @extend_schema(request=DecisionInput, responses=ExclusionOutput)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Approve a claim for the customer, and say why: its time does not count from now on."""
        return self._decided(deciding.approve_exclusion, request, pk)

    @extend_schema(request=DecisionInput, responses=ExclusionOutput)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Decline a claim for the customer, and say why: its time counts."""
        return self._decided(deciding.decline_exclusion, request, pk)

    @extend_schema(request=DecisionInput, responses=ExclusionOutput)
    @action(detail=True, methods=["post"], url_path="object")
    def object_to(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Object to an approval that the other side recorded, and say why: its time counts again."""
        return self._decided(deciding.withdraw_exclusion, request, pk)

    def _decided(self, decide: Callable[..., object], request: Request, claim: UUID) -> Response:
        actor, known = actor_of(request._request), self.get_queryset()
        if actor.customer is None:
            raise PermissionDenied
        if not known.filter(id=claim).exists():
            raise selectors.ExclusionNotFoundError(
                "There is no such exclusion.", place="exclusion", fix="Choose one from the list of exclusions."
            )
        given = DecisionInput(data=request.data)
        given.is_valid(raise_exception=True)
        decide(exclusion=claim, by=actor.name, customer=actor.customer, now=utc_now(), **given.validated_data)
        return Response(ExclusionOutput(selectors.exclusion(claim)).data)
