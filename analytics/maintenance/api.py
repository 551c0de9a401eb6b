"""Plans and work orders over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.maintenance import selectors, services
from analytics.maintenance.assumptions import ASSUMED_COSTS, PlanAssumptions
from analytics.maintenance.models import OrderCancellation, Plan, WorkOrder
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.edge.parsers import asked
from tenants.jobs.api import JobOutput
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

MOST_MINOR = 10**12


class TermsOutput(serializers.Serializer[Any]):
    """A cost by term, in minor units."""

    failure = serializers.IntegerField()
    visit = serializers.IntegerField()
    downtime = serializers.IntegerField()
    life = serializers.IntegerField()
    lateness = serializers.IntegerField()
    moved = serializers.IntegerField()
    overtime = serializers.IntegerField()


class AlternativeOutput(serializers.Serializer[Any]):
    """Another start of a visit, and what the plan would then cost more."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    overtime = serializers.BooleanField()
    extra_minor = serializers.IntegerField()
    terms = TermsOutput()


class VisitOutput(serializers.Serializer[Any]):
    """A visit of a plan, and why it is there."""

    asset = serializers.UUIDField()
    name = serializers.CharField()
    maintenance = serializers.CharField(help_text="Key of the maintenance task in the asset's type.")
    bay = serializers.CharField()
    removal = serializers.DateTimeField(help_text="When the asset is taken out of service.")
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    overtime = serializers.BooleanField()
    failure_probability = serializers.FloatField(help_text="That it fails before its removal.")
    cost_minor = serializers.IntegerField()
    terms = TermsOutput()
    reasons = serializers.ListField(child=serializers.CharField())
    alternatives = AlternativeOutput(many=True)
    left_out_extra_minor = serializers.IntegerField(allow_null=True)


class DeferralOutput(serializers.Serializer[Any]):
    """An asset without a visit within the plan, and why."""

    asset = serializers.UUIDField()
    name = serializers.CharField()
    later = serializers.DateTimeField(help_text="When its cheapest visit after the plan would start.")
    failure_probability = serializers.FloatField(help_text="That it fails before the end of the plan.")
    cost_minor = serializers.IntegerField()
    terms = TermsOutput()
    reasons = serializers.ListField(child=serializers.CharField())


class LeftOutOutput(serializers.Serializer[Any]):
    """An asset that was not planned, and why."""

    asset = serializers.UUIDField()
    name = serializers.CharField()
    why = serializers.CharField()


class PlanSummaryOutput(serializers.ModelSerializer[Plan]):
    """A plan in short."""

    class Meta:
        model = Plan
        fields = (
            "id", "twin", "state", "start", "end", "currency", "cost_minor", "bound_minor", "gap", "outcome", "engine",
            "solved_in_s", "digest", "problem_digest", "made_by", "made_at", "decided_by", "decided_at", "why",
        )  # fmt: skip
        read_only_fields = fields


class PlanOutput(PlanSummaryOutput):
    """A plan with its visits and reasons."""

    terms = TermsOutput()
    visits = VisitOutput(many=True)
    deferrals = DeferralOutput(many=True)
    left_out = LeftOutOutput(many=True)

    class Meta(PlanSummaryOutput.Meta):
        fields = (*PlanSummaryOutput.Meta.fields, "terms", "visits", "deferrals", "left_out")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class CostsInput(serializers.Serializer[Any]):
    """Prices in minor units, alike for all assets; what is left out is as assumed."""

    visit_minor = serializers.IntegerField(min_value=0, max_value=MOST_MINOR, required=False)
    downtime_minor_per_h = serializers.IntegerField(min_value=0, max_value=MOST_MINOR, required=False)
    life_minor_per_h = serializers.IntegerField(min_value=0, max_value=MOST_MINOR, required=False)
    repair_minor = serializers.IntegerField(min_value=0, max_value=MOST_MINOR, required=False)
    secondary_damage_minor = serializers.IntegerField(min_value=0, max_value=MOST_MINOR, required=False)
    credit_minor = serializers.IntegerField(min_value=0, max_value=MOST_MINOR, required=False)
    unscheduled_downtime_h = serializers.IntegerField(min_value=0, max_value=100_000, required=False)
    unscheduled_downtime_minor_per_h = serializers.IntegerField(min_value=0, max_value=MOST_MINOR, required=False)


class ShiftInput(serializers.Serializer[Any]):
    """People who are there every week at the same hours."""

    name = serializers.CharField(max_length=100)
    days = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), min_length=1, max_length=7, help_text="0 is Monday."
    )
    start_s = serializers.IntegerField(min_value=0, max_value=86_399, help_text="Seconds after midnight.")
    end_s = serializers.IntegerField(min_value=0, max_value=86_400)
    people = serializers.DictField(
        child=serializers.IntegerField(min_value=1, max_value=100), help_text="How many have each skill."
    )
    overtime = serializers.BooleanField(default=False)


class PlanInput(serializers.Serializer[Any]):
    """What a plan of shop visits is made on."""

    twin = serializers.UUIDField()
    as_of = serializers.DateTimeField(help_text="The plan begins with the first local day from then on; now if absent.",
                                      required=False)  # fmt: skip
    days = serializers.IntegerField(min_value=1, max_value=180, required=False)
    zone = serializers.CharField(max_length=64, required=False, help_text="IANA zone of the shop's clocks.")
    bays = serializers.IntegerField(min_value=1, max_value=20, required=False)
    flights_per_day = serializers.FloatField(min_value=0.01, max_value=50, required=False)
    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False)
    costs = CostsInput(required=False)
    crew = ShiftInput(many=True, required=False, help_text="Empty: round the clock, people enough for every bay.")
    seconds = serializers.FloatField(min_value=1, max_value=300, required=False, help_text="The most a search takes.")
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)


class RejectInput(serializers.Serializer[Any]):
    """Why a plan is turned down."""

    why = serializers.CharField(max_length=500, allow_blank=True, default="")


class CancelInput(serializers.Serializer[Any]):
    """Why a visit does not take place."""

    why = serializers.CharField(max_length=500)


class CancellationOutput(serializers.ModelSerializer[OrderCancellation]):
    """Why a visit does not take place."""

    class Meta:
        model = OrderCancellation
        fields = ("why", "cancelled_by", "cancelled_at")
        read_only_fields = fields


class WorkOrderOutput(serializers.ModelSerializer[WorkOrder]):
    """A visit that an approved plan ordered."""

    exclusions = serializers.ListField(child=serializers.UUIDField())
    cancellation = serializers.SerializerMethodField(help_text="Null while the order stands.")

    class Meta:
        model = WorkOrder
        fields = (
            "id", "plan", "twin", "asset", "name", "task", "bay", "removal", "start", "end", "exclusions",
            "ordered_by", "ordered_at", "cancellation",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(CancellationOutput(allow_null=True))
    def get_cancellation(self, order: WorkOrder) -> dict[str, Any] | None:
        """As it is kept, if there is one."""
        found = selectors.cancellation_of(order)
        return None if found is None else CancellationOutput(found).data


def assumptions_of(values: dict[str, Any]) -> PlanAssumptions:
    """What a plan is asked on, the prices that were left out as assumed.

    Raises:
        InvalidRequestError: The values do not fit.
        OutturnError: The zone or the currency is none.
    """
    costs = {**ASSUMED_COSTS.model_dump(), **values.pop("costs", {})}
    return asked(PlanAssumptions, {"as_of": utc_now(), **values, "costs": costs})


class PlanViewSet(Idempotent, mixins.ListModelMixin, viewsets.GenericViewSet[Plan]):
    """Plans of shop visits: made by a job, decided by people."""

    queryset = selectors.plans()
    serializer_class = PlanSummaryOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {
        "read": Permission.PLANS_READ, "write": Permission.PLANS_OPERATE, "approve": Permission.PLANS_APPROVE,
        "reject": Permission.PLANS_APPROVE,
    }  # fmt: skip

    @extend_schema(responses=PlanOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One plan with its visits and reasons."""
        return Response(PlanOutput(selectors.plan(pk)).data)

    @extend_schema(request=PlanInput, responses={202: JobOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Ask for a plan; the job's result names it."""
        wanted = PlanInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        assumptions = assumptions_of(dict(wanted.validated_data))
        job = services.start_planning(assumptions=assumptions, by=actor_of(request._request).name, now=utc_now())
        return Response(JobOutput(job).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses=WorkOrderOutput(many=True))
    @action(detail=True, methods=["post"], pagination_class=None)
    def approve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Approve a plan: order its visits and claim their downtime as planned."""
        orders = services.approve_plan(plan=pk, by=actor_of(request._request).name, now=utc_now())
        return Response(WorkOrderOutput(orders, many=True).data)

    @extend_schema(request=RejectInput, responses=PlanOutput)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Turn a plan down."""
        wanted = RejectInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        services.reject_plan(plan=pk, by=by, now=utc_now(), why=wanted.validated_data["why"])
        return Response(PlanOutput(selectors.plan(pk)).data)


class WorkOrderViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[WorkOrder]):
    """The work that approved plans ordered."""

    queryset = selectors.work_orders()
    serializer_class = WorkOrderOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.PLANS_READ, "cancel": Permission.PLANS_APPROVE}

    @extend_schema(request=CancelInput, responses=WorkOrderOutput)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Cancel a visit that does not take place: no plan goes around it, and its downtime counts again."""
        wanted = CancelInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        services.cancel_order(order=pk, why=wanted.validated_data["why"], by=by, now=utc_now())
        return Response(WorkOrderOutput(selectors.work_order(pk)).data)
