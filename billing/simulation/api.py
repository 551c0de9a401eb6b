"""Simulations over the REST API: measuring the last months, and asking what they come to."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.contracts.agreement import AgreementTerms, read_document
from billing.contracts.schemas import ContractDocument
from billing.contracts.services import draft_agreement
from billing.simulation import selectors, services
from billing.simulation.domain.chances import MOST_YEARS
from billing.simulation.outputs import SimulationOutput
from billing.simulation.printed import printed
from billing.simulation.schemas import LARGEST_SEED, MOST_MONTHS, Chances, Measurement, SimulationError, Sweep
from billing.simulation.simulating import simulate
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.jobs.api import JobOutput
from tenants.jobs.models import Job
from tenants.kernel.clock import utc_now
from tenants.kernel.money import LARGEST_MINOR
from tenants.scope.actors import Permission
from tenants.scope.changes import take_changes

_REFUSED = OpenApiResponse(description="The terms or the sweep do not fit; the findings say where.")
_OTHERWISE = OpenApiResponse(description="Not measured yet, or the terms measure something else.")


class SimulationInput(serializers.Serializer[Any]):
    """What is measured: the draft of a contract, one of its versions, or terms that are only tried."""

    contract = serializers.UUIDField(allow_null=True, required=False, default=None)
    version = serializers.IntegerField(
        allow_null=True, required=False, default=None, min_value=1, max_value=2**31 - 1,
        help_text="A published version; the draft when null.",
    )  # fmt: skip
    agreement = serializers.DictField(
        allow_null=True, required=False, default=None,
        help_text="In place of a contract: what is sent to make one (docs/schemas/contract.schema.json).",
    )  # fmt: skip
    months = serializers.IntegerField(min_value=1, max_value=MOST_MONTHS, required=False, default=MOST_MONTHS)


class SweepInput(serializers.Serializer[Any]):
    """Guaranteed percentages of a clause to try; all thresholds of its credits move along."""

    clause = serializers.CharField(max_length=200)
    low = serializers.DecimalField(max_digits=12, decimal_places=6, help_text="The first, percent.")
    high = serializers.DecimalField(max_digits=12, decimal_places=6, help_text="None above it, percent.")
    step = serializers.DecimalField(max_digits=12, decimal_places=6, help_text="Points from one to the next.")


class WhatIfInput(serializers.Serializer[Any]):
    """What is asked of months that are measured."""

    terms = serializers.DictField(
        allow_null=True, required=False, default=None,
        help_text="The contract part of a rate document, with other remedies, aggregates, coverage gates, prices, "
        "rounding or caps than measured under; null asks of the terms as they were.",
    )  # fmt: skip
    sweep = SweepInput(allow_null=True, required=False, default=None)
    years = serializers.IntegerField(min_value=1, max_value=MOST_YEARS, required=False, default=10_000)
    seed = serializers.IntegerField(min_value=0, max_value=LARGEST_SEED, required=False, default=1)
    cost_minor = serializers.IntegerField(
        min_value=0, max_value=LARGEST_MINOR, allow_null=True, required=False, default=None,
        help_text="What a year costs the provider, minor units; without it there is no margin.",
    )  # fmt: skip
    year_limit_minor = serializers.IntegerField(
        min_value=0, max_value=LARGEST_MINOR, allow_null=True, required=False,
        help_text="The most that a year's credits come to, minor units; that of the contract when it is left out, "
        "null is without limit.",
    )  # fmt: skip


class SimulationViewSet(Idempotent, viewsets.GenericViewSet[Job]):
    """A contract on the data of the last months: nothing is stored as a statement, nothing is billed.

    Measuring reads a year of evidence and is a job; asking what the months come to is answered at once.
    """

    queryset = selectors.simulations()
    serializer_class = SimulationOutput
    pagination_class = None
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.CONTRACTS_READ, "write": Permission.CONTRACTS_OPERATE}

    @extend_schema(request=SimulationInput, responses={202: JobOutput, 422: _REFUSED})
    def create(self, request: Request, **_: Any) -> Response:
        """Start the job that measures the last whole months; its id is that of the simulation."""
        given = SimulationInput(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        contract, wanted = values["contract"], values["agreement"]
        if (contract is None) == (wanted is None) or (contract is None and values["version"] is not None):
            raise SimulationError(
                "A simulation is of a contract or of an agreement that is sent along.", place="contract",
                fix="Send `contract`, with `version` if you like, or `agreement`.",
            )  # fmt: skip
        agreement = (
            draft_agreement(AgreementTerms.read(wanted))
            if contract is None
            else services.agreement_to_simulate(contract, values["version"])
        )
        job = services.start_simulation(
            agreement=agreement, contract=contract, months=values["months"], by=actor_of(request._request).name,
            now=utc_now(),
        )  # fmt: skip
        return Response(JobOutput(job).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={200: SimulationOutput, 409: _OTHERWISE})
    def retrieve(self, request: Request, *_args: Any, pk: UUID, **_: Any) -> Response:
        """What the months come to under the terms they were measured under."""
        found = selectors.measurement(pk)
        return _answer(found, found.agreement.terms, Chances(year_limit=found.agreement.year_cap_minor), None)


class WhatIfView(APIView):
    """Asking measured months what other terms come to: a question, of which not even the answer is kept."""

    needs: ClassVar = {"write": Permission.CONTRACTS_READ}

    @extend_schema(request=WhatIfInput, responses={200: SimulationOutput, 409: _OTHERWISE, 422: _REFUSED})
    def post(self, request: Request, pk: UUID, **_: Any) -> Response:
        """What the months come to under other terms; nothing is kept."""
        found = selectors.measurement(pk)
        given = WhatIfInput(data=request.data)
        given.is_valid(raise_exception=True)
        take_changes()  # there are none: whoever reads contracts may ask, and a question is no deed for the audit
        values = given.validated_data
        terms = found.agreement.terms
        if values["terms"] is not None:
            terms = read_document(ContractDocument, values["terms"])
        limit = values.get("year_limit_minor", found.agreement.year_cap_minor)
        chances = Chances(values["years"], values["seed"], values["cost_minor"], limit)
        return _answer(found, terms, chances, _sweep(values["sweep"]))


def _sweep(values: dict[str, Any] | None) -> Sweep | None:
    if values is None:
        return None
    return Sweep(values["clause"], *(Fraction(values[name]) for name in ("low", "high", "step")))


def _answer(found: Measurement, terms: ContractDocument, chances: Chances, wanted: Sweep | None) -> Response:
    return Response(printed(found, simulate(found, terms, chances, wanted), chances))
