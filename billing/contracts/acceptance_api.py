"""The contracts of an end customer over the REST API: to read, to accept and to decline."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.contracts import offers
from billing.contracts.acceptance import (
    MOST_LETTERS,
    MOST_REASON,
    NotTheCustomerError,
    Reading,
    accept_version,
    decline_version,
    text_digest,
)
from billing.contracts.models import Contract, ContractAcceptance
from billing.contracts.offers import Standing
from billing.contracts.selectors import agreement_of
from billing.contracts.wording import text_to_sign
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

STATES = ("in_force", "to_come", "past", "waits", "declined", "superseded")
_HASH = r"^[0-9a-f]{64}$"


class VersionAnswerOutput(serializers.ModelSerializer[ContractAcceptance]):
    """What the customer said of a version; its document is what was logged."""

    document = serializers.DictField()

    class Meta:
        model = ContractAcceptance
        fields = ("accepted", "document", "digest", "answered_by", "answered_at")
        read_only_fields = fields


class VersionStandingOutput(serializers.Serializer[Standing]):
    """How it stands with one version of a contract."""

    version = serializers.IntegerField(source="row.version")
    digest = serializers.CharField(source="row.digest")
    effective_from = serializers.DateTimeField(source="row.effective_from")
    effective_to = serializers.DateTimeField(source="row.effective_to", allow_null=True)
    published_at = serializers.DateTimeField(source="row.published_at")
    needs_acceptance = serializers.BooleanField(source="row.needs_acceptance")
    state = serializers.ChoiceField(choices=STATES, help_text="`waits` for the customer to accept or decline it.")
    replaces = serializers.CharField(
        allow_null=True, help_text="What it does to the version before it, in a sentence; null when there is none."
    )
    answer = VersionAnswerOutput(allow_null=True)


class AgreedContractOutput(serializers.ModelSerializer[Contract]):
    """A contract that was offered to an end customer."""

    customer = serializers.UUIDField(source="customer_id")

    class Meta:
        model = Contract
        fields: tuple[str, ...] = ("id", "title", "customer")
        read_only_fields = fields


class AgreedTextOutput(AgreedContractOutput):
    """A contract with the text of its newest version, what that changes, and how it stands with each version."""

    text = serializers.SerializerMethodField()
    text_digest = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()
    versions = serializers.SerializerMethodField()

    class Meta(AgreedContractOutput.Meta):
        fields = (*AgreedContractOutput.Meta.fields, "text", "text_digest", "changes", "versions")
        read_only_fields = fields

    def get_text(self, contract: Contract) -> str:
        """The plain text that is accepted; once it was answered, as it was read then."""
        answer = self._newest.answer
        return text_to_sign(agreement_of(self._newest.row)) if answer is None else answer.text

    def get_text_digest(self, contract: Contract) -> str:
        """SHA-256 of the text in UTF-8."""
        return text_digest(self.get_text(contract))

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_changes(self, contract: Contract) -> list[dict[str, Any]]:
        """The lines that it takes away from the agreed version before it, and those that it adds."""
        before = self._newest.before
        if before is None:
            return []
        found = offers.changes(agreement_of(self._newest.row), agreement_of(before))
        return [{"text": change.text, "is_new": change.is_new} for change in found]

    @extend_schema_field(VersionStandingOutput(many=True))
    def get_versions(self, contract: Contract) -> Any:
        """The versions, the newest first."""
        return VersionStandingOutput(self.context["standings"], many=True).data

    @property
    def _newest(self) -> Standing:
        newest: Standing = self.context["standings"][0]
        return newest


class AcceptVersionInput(serializers.Serializer[Any]):
    """What was read, and who accepts it."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    digest = serializers.RegexField(_HASH, help_text="That of the version.")
    text_digest = serializers.RegexField(_HASH, help_text="SHA-256 of the text that was read.")
    name = serializers.CharField(max_length=MOST_LETTERS, help_text="The name of the person, as they would sign.")


class DeclineVersionInput(AcceptVersionInput):
    """What was read, who declines it, and why."""

    reason = serializers.CharField(max_length=MOST_REASON)


class AgreedContractViewSet(Idempotent, mixins.ListModelMixin, viewsets.GenericViewSet[Contract]):
    """Contracts as their customers read and accept them. An end customer's people see their own."""

    serializer_class = AgreedContractOutput
    lookup_value_converter = "uuid"
    queryset = Contract.objects.filter(published__gt=0)
    needs: ClassVar = {"read": Permission.REPORTS_READ, "write": Permission.REPORTS_READ}

    def get_queryset(self) -> QuerySet[Contract]:
        """The contracts the caller may see."""
        return offers.contracts_seen_by(actor_of(self.request._request))

    @extend_schema(responses=AgreedTextOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One contract with its text and its versions."""
        return self._told(request, pk)

    @extend_schema(request=AcceptVersionInput, responses=AgreedTextOutput)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Accept the version that was read; only a person of the customer may."""
        given = self._given(request, pk, AcceptVersionInput)
        accept_version(**given)
        return self._told(request, pk)

    @extend_schema(request=DeclineVersionInput, responses=AgreedTextOutput)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Decline the version that was read, and say why; only a person of the customer may."""
        given = self._given(request, pk, DeclineVersionInput)
        decline_version(**given)
        return self._told(request, pk)

    def _given(self, request: Request, pk: UUID, form: type[AcceptVersionInput]) -> dict[str, Any]:
        actor = actor_of(request._request)
        contract = offers.contract_seen_by(actor, pk)
        if actor.customer is None:
            raise NotTheCustomerError
        given = form(data=request.data)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        read = Reading(values.pop("version"), values.pop("digest"), values.pop("text_digest"))
        return {"contract": contract.id, "read": read, "by": actor, "now": utc_now(), **values}

    def _told(self, request: Request, pk: UUID) -> Response:
        contract = offers.contract_seen_by(actor_of(request._request), pk)
        context = {"standings": offers.standings(contract.id, utc_now())}
        return Response(AgreedTextOutput(contract, context=context).data)
