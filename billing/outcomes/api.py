"""Exclusions and outcome runs over the REST API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.outcomes import deciding, selectors, services
from billing.outcomes.consents import MOST_HOW, MOST_NAME, Consent
from billing.outcomes.domain.engine import rate
from billing.outcomes.domain.printed import printed
from billing.outcomes.intake import read_rate_document
from billing.outcomes.models import Exclusion, ExclusionDecision, OutcomeRun
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

MOST_ASSETS = 1000


STATES = ("proposed", "approved", "declined", "withdrawn")


class WithdrawalOutput(serializers.ModelSerializer[ExclusionDecision]):
    """The withdrawal of a claim."""

    why = serializers.SerializerMethodField()

    class Meta:
        model = ExclusionDecision
        fields: tuple[str, ...] = ("why", "decided_by", "decided_at", "digest")
        read_only_fields = fields

    def get_why(self, decision: ExclusionDecision) -> str:
        """The reason that was given."""
        return str(decision.document["why"])


class ConsentField(serializers.Serializer[Any]):
    """That the customer agreed elsewhere: who of them, on which day, and how one knows."""

    who = serializers.CharField(max_length=MOST_NAME)
    on = serializers.DateField()
    how = serializers.CharField(max_length=MOST_HOW, help_text="The mail, the call or the meeting.")

    def validate(self, attrs: dict[str, Any]) -> Any:
        """The consent."""
        return Consent(**attrs)


class DecisionOutput(WithdrawalOutput):
    """What was decided about a claim; `consent` where one of the organisation recorded that the customer agreed."""

    consent = serializers.SerializerMethodField()

    class Meta(WithdrawalOutput.Meta):
        fields = ("approved", "consent", *WithdrawalOutput.Meta.fields)
        read_only_fields = fields

    @extend_schema_field(ConsentField(allow_null=True))
    def get_consent(self, decision: ExclusionDecision) -> Any:
        """On whose word it rests; null when it was decided by those whose it is to decide."""
        return decision.document.get("consent")


class ExclusionOutput(serializers.ModelSerializer[Exclusion]):
    """A claim that a span is not to count; its document is what was logged."""

    contract = serializers.UUIDField(source="contract_id", allow_null=True)
    document = serializers.DictField()
    state = serializers.SerializerMethodField()
    decision = serializers.SerializerMethodField()
    withdrawal = serializers.SerializerMethodField()

    class Meta:
        model = Exclusion
        fields = (
            "id", "contract", "category", "start", "end", "document", "digest", "claimed_by", "claimed_at",
            "objection_until", "state", "decision", "withdrawal",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=STATES))
    def get_state(self, claim: Exclusion) -> str:
        """What holds of it: only an approved claim counts; without a decision, once the time to object has passed."""
        return selectors.state_of(claim, utc_now())

    @extend_schema_field(DecisionOutput(allow_null=True))
    def get_decision(self, claim: Exclusion) -> Any:
        """Whether it was approved or declined; null when it was neither."""
        decision = selectors.decision_of(claim)
        return None if decision is None else DecisionOutput(decision).data

    @extend_schema_field(WithdrawalOutput(allow_null=True))
    def get_withdrawal(self, claim: Exclusion) -> Any:
        """That it was withdrawn; null when it was not."""
        withdrawal = selectors.withdrawal_of(claim)
        return None if withdrawal is None else WithdrawalOutput(withdrawal).data


class ExclusionInput(serializers.Serializer[Any]):
    """A claim: a category that the contract excludes, the assets, and the span."""

    contract = serializers.UUIDField(allow_null=True, required=False, default=None)
    category = serializers.CharField(max_length=200)
    assets = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_ASSETS)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    evidence = serializers.DictField(required=False, default=dict, help_text="What the claim rests on.")


class DecisionInput(serializers.Serializer[Any]):
    """Why a claim is approved, declined or withdrawn."""

    why = serializers.CharField(max_length=500)


class ApprovalInput(DecisionInput):
    """Why a claim is approved; what the organisation claims itself it approves only with the customer's consent."""

    consent = ConsentField(required=False, allow_null=True, default=None)


class RunOutput(serializers.ModelSerializer[OutcomeRun]):
    """An outcome run in short."""

    contract = serializers.UUIDField(source="contract_version.contract_id")
    version = serializers.IntegerField(source="contract_version.version")

    class Meta:
        model = OutcomeRun
        fields = (
            "id", "contract", "version", "assumption", "period_start", "period_end", "as_of", "total_minor", "digest",
            "run_by", "run_at",
        )  # fmt: skip
        read_only_fields = fields


class RunDocumentOutput(RunOutput):
    """An outcome run with its document: the outcome, its trace, and what it relies on."""

    document = serializers.DictField()

    class Meta(RunOutput.Meta):
        fields = (*RunOutput.Meta.fields, "document")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class RunInput(serializers.Serializer[Any]):
    """What to rate: a contract, a period, and the moment of knowledge (now, when it is left out)."""

    contract = serializers.UUIDField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    as_of = serializers.DateTimeField(required=False, allow_null=True)


class ExclusionViewSet(
    Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Exclusion]
):
    """Claims that time is not to count, and what is decided about them; written once, never changed."""

    queryset = selectors.exclusions()
    serializer_class = ExclusionOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {
        "read": Permission.CONTRACTS_READ, "write": Permission.CONTRACTS_OPERATE,
        "approve": Permission.CONTRACTS_APPROVE,
        "decline": Permission.CONTRACTS_APPROVE,
    }  # fmt: skip

    @extend_schema(request=ExclusionInput, responses={201: ExclusionOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Claim an exclusion; at once approved where the contract approves the category in advance."""
        given = ExclusionInput(data=request.data)
        given.is_valid(raise_exception=True)
        claim = services.claim_exclusion(by=actor_of(request._request).name, now=utc_now(), **given.validated_data)
        return Response(ExclusionOutput(selectors.exclusion(claim.id)).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ApprovalInput, responses=ExclusionOutput)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Record that the customer agreed to a claim: who of them, when, and how. Without that the answer is 403."""
        return _decided(deciding.approve_exclusion, request, pk, ApprovalInput, customer=None)

    @extend_schema(request=DecisionInput, responses=ExclusionOutput)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Decline a claim under no contract, and say why; one under a contract is the customer's to decide."""
        return _decided(deciding.decline_exclusion, request, pk, customer=None)

    @extend_schema(request=DecisionInput, responses=ExclusionOutput)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Withdraw a claim that is proposed or approved, and say why: its span counts again."""
        return _decided(deciding.withdraw_exclusion, request, pk)


def _decided(
    decide: Callable[..., ExclusionDecision], request: Request, claim: UUID, form: type[DecisionInput] = DecisionInput,
    **whose: None,
) -> Response:  # fmt: skip
    given = form(data=request.data)
    given.is_valid(raise_exception=True)
    decide(exclusion=claim, by=actor_of(request._request).name, now=utc_now(), **whose, **given.validated_data)
    return Response(ExclusionOutput(selectors.exclusion(claim)).data)


class OutcomeRunViewSet(
    Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[OutcomeRun]
):
    """Contracts rated on sealed evidence; the same inputs give the same run."""

    queryset = selectors.outcome_runs()
    serializer_class = RunOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.CONTRACTS_READ, "write": Permission.CONTRACTS_OPERATE}

    @extend_schema(responses=RunDocumentOutput)
    def retrieve(self, request: Request, *_args: Any, pk: UUID, **_: Any) -> Response:
        """One run with its document."""
        return Response(RunDocumentOutput(selectors.outcome_run(pk)).data)

    @extend_schema(request=RunInput, responses={201: RunDocumentOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Seal the evidence of a period and rate a contract on it."""
        given = RunInput(data=request.data)
        given.is_valid(raise_exception=True)
        values, now = given.validated_data, utc_now()
        run = services.run_outcome(
            contract=values["contract"], period_start=values["start"], period_end=values["end"],
            as_of=values.get("as_of") or now, by=actor_of(request._request).name, now=now,
        )  # fmt: skip
        return Response(RunDocumentOutput(selectors.outcome_run(run.id)).data, status=status.HTTP_201_CREATED)


class RateDocumentParser(BaseParser):
    """Leaves the text as it is: the intake reads it more strictly than JSON parsers do."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The bytes of the body."""
        return stream.read()


class DryRunView(APIView):
    """Rating a document that the caller brings along; nothing is kept."""

    parser_classes = (RateDocumentParser,)
    needs: ClassVar = {"read": Permission.CONTRACTS_READ, "write": Permission.CONTRACTS_OPERATE}

    @extend_schema(request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, **_: Any) -> Response:
        """Rate a document (docs/schemas/rate.schema.json), as `manage.py rate` does."""
        content: Any = request.data or b""
        return Response(printed(rate(read_rate_document(content))))
