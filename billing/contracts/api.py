"""Contracts over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.contracts import selectors, services
from billing.contracts.acceptance_api import VersionAnswerOutput
from billing.contracts.agreement import AgreementTerms
from billing.contracts.inputs import StrictInput
from billing.contracts.models import Contract, ContractVersion
from billing.contracts.offers import replaced_by
from billing.contracts.templates import PowerByTheHour
from billing.contracts.wording import describe
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.kernel.money import LARGEST_MINOR
from tenants.scope.actors import Permission

MOST = 2**31 - 1


class ContractOutput(serializers.ModelSerializer[Contract]):
    """A contract in short."""

    customer = serializers.UUIDField(source="customer_id")
    twin = serializers.UUIDField(source="twin_id")
    published_version = serializers.SerializerMethodField()

    class Meta:
        model = Contract
        fields = (
            "id", "slug", "title", "customer", "twin", "revision", "published_version", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_published_version(self, contract: Contract) -> int | None:
        """The newest published version, null before the first."""
        return contract.published or None


class ContractDraftOutput(ContractOutput):
    """A contract with its draft, as in docs/schemas/contract.schema.json, and the draft in plain sentences."""

    draft = serializers.DictField()
    text = serializers.SerializerMethodField()

    class Meta(ContractOutput.Meta):
        fields = (*ContractOutput.Meta.fields, "draft", "text")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    def get_text(self, contract: Contract) -> list[str]:
        """The draft as sentences."""
        return describe(selectors.draft_of(contract))


class ContractInput(StrictInput):
    """A contract: what docs/schemas/contract.schema.json says, without what follows from it (parties, assets)."""

    title = serializers.CharField(max_length=120)
    customer = serializers.UUIDField()
    twin = serializers.UUIDField()
    effective = serializers.DictField(help_text='{"from": "2026-09-01", "to": null}')
    terms = serializers.DictField(help_text="The contract part of a rate document.")
    preapproved = serializers.ListField(child=serializers.DictField(), required=False)
    assumptions = serializers.DictField(required=False, allow_null=True)
    tax_percent = serializers.CharField(max_length=40, required=False)
    payment_days = serializers.IntegerField(min_value=0, max_value=365, required=False)
    acceptance = serializers.ChoiceField(
        choices=("required",), required=False, allow_null=True,
        help_text="With `required` a version takes effect only once the customer has accepted it.",
    )  # fmt: skip
    objection = serializers.CharField(
        max_length=40, required=False, allow_null=True,
        help_text="How long after its claim an exclusion about which nothing was said counts as approved: P14D.",
    )  # fmt: skip
    year_cap_minor = serializers.IntegerField(
        min_value=0, max_value=LARGEST_MINOR, required=False, allow_null=True,
        help_text="The most that the credits of a contract year come to, in minor units.",
    )  # fmt: skip
    grace = serializers.CharField(
        max_length=40, required=False, allow_null=True,
        help_text="How long after its end a month is settled by itself: P5D. Without it somebody settles it.",
    )  # fmt: skip


class ContractEditInput(ContractInput):
    """The draft that replaces the one of a revision."""

    revision = serializers.IntegerField(min_value=0, max_value=MOST)


class PowerByTheHourInput(StrictInput):
    """The figures of a contract from the template "Power by the hour"."""

    title = serializers.CharField(max_length=120, required=False)
    customer = serializers.UUIDField()
    twin = serializers.UUIDField()
    effective = serializers.DictField(help_text='{"from": "2026-09-01", "to": null}')
    currency = serializers.CharField(max_length=3, required=False)
    time_zone = serializers.CharField(max_length=64, required=False)
    fee_per_hour = serializers.CharField(max_length=40, help_text="Major units of the currency, as a decimal.")
    tiers = serializers.ListField(
        child=serializers.DictField(), help_text='[{"below": "97", "credit": "5"}], the highest is the guarantee.'
    )
    minimum_coverage = serializers.CharField(max_length=40, required=False, allow_null=True)
    planned_allowance = serializers.CharField(max_length=40, required=False)
    planned_notice = serializers.CharField(max_length=40, required=False)
    credit_cap = serializers.CharField(max_length=40, required=False, allow_null=True)
    correction_window = serializers.CharField(max_length=40, required=False)
    tax_percent = serializers.CharField(max_length=40, required=False)
    payment_days = serializers.IntegerField(min_value=0, max_value=365, required=False)
    assumptions = serializers.DictField(required=False)


class PublishContractInput(StrictInput):
    """The revision that is to become a version."""

    revision = serializers.IntegerField(min_value=0, max_value=MOST)


class ContractVersionOutput(serializers.ModelSerializer[ContractVersion]):
    """A published version, without its document; `answer` is what the customer said of one that needs acceptance."""

    answer = serializers.SerializerMethodField()

    class Meta:
        model = ContractVersion
        fields = (
            "version", "digest", "effective_from", "effective_to", "published_by", "published_at", "needs_acceptance",
            "answer",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(VersionAnswerOutput(allow_null=True))
    def get_answer(self, version: ContractVersion) -> Any:
        """That it was accepted, or declined and why; null while nothing was said of it."""
        answer = selectors.acceptance_of(version)
        return None if answer is None else VersionAnswerOutput(answer).data


class PublishedVersionOutput(ContractVersionOutput):
    """A version that was published now, and what it does to the one before it."""

    replaces = serializers.SerializerMethodField()

    class Meta(ContractVersionOutput.Meta):
        fields = (*ContractVersionOutput.Meta.fields, "replaces")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    def get_replaces(self, version: ContractVersion) -> str | None:
        """What it does to the agreed version before it, in a sentence; null when there is none."""
        return replaced_by(version)


class ContractVersionDocumentOutput(ContractVersionOutput):
    """A published version with its document and its sentences."""

    document = serializers.DictField()
    text = serializers.SerializerMethodField()

    class Meta(ContractVersionOutput.Meta):
        fields = (*ContractVersionOutput.Meta.fields, "document", "text")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    def get_text(self, version: ContractVersion) -> list[str]:
        """The version as sentences."""
        return describe(selectors.agreement_of(version))


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """Checked values as JSON has them: ids as texts."""
    return {name: str(value) if isinstance(value, UUID) else value for name, value in data.items()}


class ContractViewSet(Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Contract]):
    """Outcome contracts: edited as drafts, published as versions that never change."""

    queryset = selectors.contracts()
    serializer_class = ContractOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {
        "read": Permission.CONTRACTS_READ,
        "write": Permission.CONTRACTS_EDIT,
        "publish": Permission.CONTRACTS_PUBLISH,
    }

    @extend_schema(responses=ContractDraftOutput)
    def retrieve(self, request: Request, *_args: Any, pk: UUID, **_: Any) -> Response:
        """One contract with its draft."""
        return Response(ContractDraftOutput(selectors.contract(pk)).data)

    @extend_schema(request=ContractInput, responses={201: ContractDraftOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a contract as a draft, about all assets of the twin."""
        given = ContractInput(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = AgreementTerms.read(plain(given.validated_data))
        row = services.create_contract(wanted=wanted, by=actor_of(request._request).name, now=utc_now())
        return Response(ContractDraftOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=PowerByTheHourInput, responses={201: ContractDraftOutput})
    @action(detail=False, methods=["post"], url_path="power-by-the-hour")
    def power_by_the_hour(self, request: Request, **_: Any) -> Response:
        """Make a contract from the template: a fee for each hour, against a guaranteed availability."""
        given = PowerByTheHourInput(data=request.data)
        given.is_valid(raise_exception=True)
        parameters = PowerByTheHour.read(plain(given.validated_data))
        by = actor_of(request._request).name
        row = services.create_power_by_the_hour(parameters=parameters, by=by, now=utc_now())
        return Response(ContractDraftOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ContractEditInput, responses=ContractDraftOutput)
    def update(self, request: Request, *_args: Any, pk: UUID, **_: Any) -> Response:
        """Replace the draft of a revision; 409 when somebody edited it since."""
        given = ContractEditInput(data=request.data)
        given.is_valid(raise_exception=True)
        values = plain(given.validated_data)
        row = services.edit_contract(
            contract=pk, revision=values.pop("revision"), wanted=AgreementTerms.read(values),
            by=actor_of(request._request).name, now=utc_now(),
        )  # fmt: skip
        return Response(ContractDraftOutput(row).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, *_args: Any, pk: UUID, **_: Any) -> Response:
        """Delete a contract that was never published."""
        services.delete_contract(contract=pk, by=actor_of(request._request).name, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=PublishContractInput, responses={201: PublishedVersionOutput})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Publish the draft of a revision as the next version."""
        given = PublishContractInput(data=request.data)
        given.is_valid(raise_exception=True)
        version = services.publish_contract(
            contract=pk, by=actor_of(request._request).name, now=utc_now(), **given.validated_data
        )
        return Response(PublishedVersionOutput(version).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=ContractVersionOutput(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def versions(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The published versions, newest first."""
        rows = selectors.versions(selectors.contract(pk).id).prefetch_related("answers")
        return Response(ContractVersionOutput(rows, many=True).data)

    @extend_schema(responses=ContractVersionDocumentOutput)
    @action(detail=True, methods=["get"], url_path="versions/<int:version>")
    def version(self, request: Request, pk: UUID, version: int, **_: Any) -> Response:
        """One published version with its document and its text."""
        found = selectors.versions(pk).filter(version=version).first() if version <= MOST else None
        if found is None:
            raise NotFoundError("There is no such version.", place="version", fix="Take one from the list of versions.")
        return Response(ContractVersionDocumentOutput(found).data)
