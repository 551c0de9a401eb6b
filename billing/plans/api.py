"""The platform's own plans over the REST API: prices, accounts and usage events for the operator, fees for all."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.plans import selectors, services
from billing.plans.domain.events import plain
from billing.plans.following import hint
from billing.plans.models import PlanAccount, PlanInvoice, PlanPrice, UsageEvent
from billing.plans.parsing import BATCH, SINGLE, BatchParser, EventParser, ExactJSONParser, events_in
from tenants.edge.findings import FindingOutput
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

NEEDS: dict[str, Permission] = {"read": Permission.MONEY_READ, "write": Permission.MONEY_BILL}
KINDS = ("accepted", "duplicate", "conflict", "refused")


class UsageEventInput(serializers.Serializer[Any]):
    """A CloudEvent, version 1.0, in its JSON form."""

    specversion = serializers.ChoiceField(choices=["1.0"])
    id = serializers.CharField(max_length=255, help_text="With `source`, one event for ever.")
    source = serializers.CharField(max_length=255)  # type: ignore[assignment]
    type = serializers.CharField(max_length=255, help_text="Of a meter that published prices name.")
    subject = serializers.CharField(max_length=255, help_text="The organisation: its id, or its name in addresses.")
    time = serializers.CharField(help_text="When it was used, after RFC 3339.")
    data = serializers.DictField(  # type: ignore[assignment]
        help_text='`{"value": "12.5"}`, or `{"item": "…"}` for a meter that counts which.'
    )


class UsageAnswerOutput(serializers.Serializer[Any]):
    """What became of one event."""

    index = serializers.IntegerField()
    answer = serializers.ChoiceField(source="kind", choices=KINDS)
    source = serializers.CharField()  # type: ignore[assignment]
    id = serializers.CharField()
    findings = serializers.SerializerMethodField()

    @extend_schema_field(FindingOutput(many=True))
    def get_findings(self, answer: services.Answer) -> Any:
        """What was wrong; empty for what was taken."""
        return [finding.as_dict() for finding in answer.findings]


class UsageTakenOutput(serializers.Serializer[Any]):
    """What became of all events of a request, in their order."""

    accepted = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    conflict = serializers.IntegerField()
    refused = serializers.IntegerField()
    events = UsageAnswerOutput(many=True)


class UsageEventOutput(serializers.ModelSerializer[UsageEvent]):
    """A usage event as it was taken."""

    id = serializers.CharField(source="event_id")
    subject = serializers.UUIDField(source="account.organisation")
    time = serializers.DateTimeField(source="at")
    value = serializers.SerializerMethodField("value_of")

    class Meta:
        model = UsageEvent
        fields = ("source", "id", "type", "subject", "time", "value", "item", "digest", "received_by", "received_at")
        read_only_fields = fields

    def value_of(self, event: UsageEvent) -> str | None:
        """How much, as a decimal text; null where the event says which."""
        return None if event.value is None else plain(event.value)


class _OfTheOperator(APIView):
    """What exists for the organisation that runs the platform only."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After permissions: nobody else learns that there is anything."""
        super().initial(request, *args, **kwargs)
        selectors.require_operator()


class UsageEventViewSet(_OfTheOperator, mixins.ListModelMixin, viewsets.GenericViewSet[UsageEvent]):
    """Usage events of the organisations on plans with prices."""

    queryset = selectors.events()
    serializer_class = UsageEventOutput
    parser_classes = (EventParser, BatchParser, ExactJSONParser)
    needs: ClassVar = NEEDS

    @extend_schema(
        request={SINGLE: UsageEventInput, BATCH: UsageEventInput(many=True)},
        responses={200: UsageTakenOutput, 207: UsageTakenOutput},
    )
    def create(self, request: Request, **_: Any) -> Response:
        """Take events, each once for ever; 207 when one conflicts with what is known, or was refused."""
        given, now = events_in(request), utc_now()
        answers = services.take_events(given=given, by=actor_of(request._request).name, now=now)
        for organisation in services.organisations_of(answers, given):
            hint(organisation)
        kinds = Counter(answer.kind for answer in answers)
        told = UsageTakenOutput({**{kind: kinds[kind] for kind in KINDS}, "events": answers}).data  # type: ignore[index]
        is_all = not (kinds["conflict"] or kinds["refused"])
        return Response(told, status=status.HTTP_200_OK if is_all else status.HTTP_207_MULTI_STATUS)


class PlanFeesOutput(serializers.ModelSerializer[PlanPrice]):
    """A version of a plan's prices."""

    document = serializers.DictField()

    class Meta:
        model = PlanPrice
        fields = ("id", "plan", "version", "document", "digest", "valid_from", "published_by", "published_at")
        read_only_fields = fields


class PlanFeesInput(serializers.Serializer[Any]):
    """What a plan is to cost, and from when."""

    document = serializers.DictField()
    valid_from = serializers.DateTimeField()


class PlanPriceViewSet(_OfTheOperator, Idempotent, mixins.ListModelMixin, viewsets.GenericViewSet[PlanPrice]):
    """What the platform's plans cost."""

    queryset = selectors.prices()
    serializer_class = PlanFeesOutput
    needs: ClassVar = NEEDS

    @extend_schema(
        request=PlanFeesInput,
        responses={201: PlanFeesOutput, 422: OpenApiResponse(description="It leaves a hole, or contradicts others.")},
    )
    def create(self, request: Request, **_: Any) -> Response:
        """Publish prices that hold from a moment to come."""
        given = PlanFeesInput(data=request.data)
        given.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        row = services.publish_prices(by=by, now=utc_now(), **given.validated_data)
        return Response(PlanFeesOutput(row).data, status=status.HTTP_201_CREATED)


class PlanAccountOutput(serializers.ModelSerializer[PlanAccount]):
    """An organisation that is charged."""

    customer = serializers.UUIDField(source="customer_id")

    class Meta:
        model = PlanAccount
        fields = ("id", "organisation", "slug", "customer", "time_zone", "since", "why", "why_place", "looked_at")
        read_only_fields = fields


class PlanAccountViewSet(_OfTheOperator, mixins.ListModelMixin, viewsets.GenericViewSet[PlanAccount]):
    """The organisations that are charged; `why` says why a bill of one waits, `why_place` where that is mended."""

    queryset = selectors.accounts()
    serializer_class = PlanAccountOutput
    needs: ClassVar = NEEDS


class PlanInvoiceOutput(serializers.ModelSerializer[PlanInvoice]):
    """An invoice of the platform, or a credit note with negative sums."""

    document = serializers.DictField()
    bill = serializers.DictField()

    class Meta:
        model = PlanInvoice
        fields = (
            "id", "number", "kind", "currency", "gross_minor", "open_minor", "issued_on", "due_on", "pay_url",
            "document", "bill",
        )  # fmt: skip
        read_only_fields = fields


class PlanInvoiceViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[PlanInvoice]):
    """The invoices that the organisation got from the platform, each with its bill."""

    queryset = selectors.invoices_seen()
    serializer_class = PlanInvoiceOutput
    needs: ClassVar = {"read": Permission.ORGANISATION_BILL}


class RunningFeesOutput(serializers.Serializer[Any]):
    """What the running month of the organisation comes to so far; `sheet` is null while nothing is charged."""

    as_of = serializers.DateTimeField(allow_null=True)
    sheet = serializers.DictField(source="document", allow_null=True)


class FeesView(APIView):
    """What the organisation pays for its plan."""

    needs: ClassVar = {"read": Permission.ORGANISATION_BILL}

    @extend_schema(operation_id="fees_retrieve", responses=RunningFeesOutput)
    def get(self, request: Request, **_: Any) -> Response:
        """The running month so far: fees, each meter with what is included, the price, and a forecast."""
        found = selectors.sheet()
        return Response(RunningFeesOutput(found or {"as_of": None, "document": None}).data)
