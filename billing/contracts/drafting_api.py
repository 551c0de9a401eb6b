"""Drafting contracts over the REST API: templates that fit a twin, contracts begun from them, drafts looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.contracts import drafting
from billing.contracts.api import ContractDraftOutput, plain
from billing.contracts.inputs import StrictInput
from billing.contracts.library.bases import Misfit, written_unit
from billing.contracts.library.templates import ContractTemplate
from billing.contracts.library.told import KnownAsset
from billing.contracts.wording import sections, text_to_sign
from tenants.edge.findings import FindingOutput
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from tenants.scope.changes import take_changes

_TWIN = OpenApiParameter("twin", {"type": "string", "format": "uuid"}, required=True, description="A published twin.")


class TwinQuestion(serializers.Serializer[Any]):
    """The twin that a contract is to be about."""

    twin = serializers.UUIDField()


class KnownAssetOutput(serializers.Serializer[Any]):
    """An asset of the twin and what its evidence will tell."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    type = serializers.CharField()
    measures = serializers.DictField(child=serializers.CharField(), help_text="Unit by name.")
    conditions = serializers.ListField(child=serializers.CharField())


class ContractTemplateOutput(serializers.Serializer[Any]):
    """A template, with what it asks for and whether it fits the twin."""

    key = serializers.CharField()
    title = serializers.CharField()
    purpose = serializers.CharField()
    fits = serializers.BooleanField()
    why = serializers.CharField(allow_blank=True, help_text="Why it does not fit.")
    fix = serializers.CharField(allow_blank=True)
    price = serializers.CharField(help_text="What the price is for.")
    target = serializers.CharField(allow_null=True, help_text="What the target is; null where it needs none.")
    assets = serializers.ListField(child=serializers.UUIDField(), help_text="What it would be about.")
    usual = serializers.DictField(child=serializers.CharField(), help_text="What it suggests, by field.")


class ContractTemplatesOutput(serializers.Serializer[Any]):
    """What a contract about a twin can be made of."""

    assets = KnownAssetOutput(many=True)
    templates = ContractTemplateOutput(many=True)


class BeginInput(StrictInput):
    """A contract to begin from a template."""

    template = serializers.CharField(max_length=200)
    title = serializers.CharField(max_length=120, required=False, allow_null=True)
    customer = serializers.UUIDField()
    twin = serializers.UUIDField()
    effective = serializers.DictField(help_text='{"from": "2026-09-01", "to": null}')
    currency = serializers.CharField(max_length=3, required=False)
    time_zone = serializers.CharField(max_length=64, required=False)
    price = serializers.CharField(max_length=40, help_text="Major units of the currency, as a decimal.")
    target = serializers.CharField(max_length=40, required=False, allow_null=True)


class LookInput(StrictInput):
    """A draft as it is being written, sound or not."""

    contract = serializers.UUIDField(required=False, allow_null=True, help_text="Whose next version it would be.")
    draft = serializers.DictField(help_text="As docs/schemas/contract.schema.json, without what follows from it.")


class LineOutput(serializers.Serializer[Any]):
    """A sentence and the places of the draft that it tells."""

    text = serializers.CharField()
    places = serializers.ListField(child=serializers.CharField())


class TextSectionOutput(serializers.Serializer[Any]):
    """Some sentences under a heading."""

    title = serializers.CharField()
    place = serializers.CharField()
    lines = LineOutput(many=True)


class LookOutput(serializers.Serializer[Any]):
    """What is to be mended, or the contract as it would read."""

    findings = FindingOutput(many=True)
    sections = TextSectionOutput(many=True, help_text="Empty while something is to be mended.")
    text = serializers.CharField(allow_null=True, help_text="The text to sign.")
    version = serializers.IntegerField(allow_null=True, help_text="That it would be published as.")
    digest = serializers.CharField(allow_null=True, help_text="SHA-256 of the canonical JSON of that version.")


class ContractTemplatesView(APIView):
    """The templates a contract about a twin can be begun from."""

    needs: ClassVar = {"read": Permission.CONTRACTS_EDIT}

    @extend_schema(
        parameters=[_TWIN],
        responses={
            200: ContractTemplatesOutput,
            422: OpenApiResponse(description="There is no such twin, or none of its versions is published."),
        },
    )
    def get(self, request: Request, **_: Any) -> Response:
        """What the assets of the twin tell, and which templates fit it."""
        asked = TwinQuestion(data=request.query_params)
        asked.is_valid(raise_exception=True)
        assets = drafting.known_assets(str(asked.validated_data["twin"]))
        told = {
            "assets": [_asset(asset) for asset in assets],
            "templates": [_template(each, assets) for each in drafting.contract_templates().values()],
        }
        return Response(ContractTemplatesOutput(told).data)


class BeginContractView(Idempotent, APIView):
    """Contracts begun from a template."""

    needs: ClassVar = {"write": Permission.CONTRACTS_EDIT}

    @extend_schema(request=BeginInput, responses={201: ContractDraftOutput})
    def post(self, request: Request, **_: Any) -> Response:
        """Make a contract as a draft, from a template and what only people know: who, when and for how much."""
        given = BeginInput(data=request.data)
        given.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        row = drafting.begin_contract(begun=plain(given.validated_data), by=by, now=utc_now())
        return Response(ContractDraftOutput(row).data, status=status.HTTP_201_CREATED)


class LookView(APIView):
    """Drafts looked at while they are being written; nothing is kept."""

    needs: ClassVar = {"write": Permission.CONTRACTS_EDIT}

    @extend_schema(request=LookInput, responses=LookOutput)
    def post(self, request: Request, **_: Any) -> Response:
        """What is to be mended in a draft, by place; or how it reads, and the digest of what would be published."""
        given = LookInput(data=request.data)
        given.is_valid(raise_exception=True)
        take_changes()  # there are none: a question that an editor asks at every pause is no deed for the audit
        looked = drafting.look_at(given.validated_data["draft"], given.validated_data.get("contract"))
        agreement = looked.agreement
        told = {
            "findings": [finding.as_dict() for finding in looked.findings],
            "sections": sections(agreement) if agreement else [],
            "text": text_to_sign(agreement) if agreement else None,
            "version": agreement.version if agreement else None,
            "digest": looked.digest,
        }
        return Response(LookOutput(told).data)


def _asset(asset: KnownAsset) -> Mapping[str, Any]:
    measures = {name: written_unit(unit) for name, unit in asset.told.measures.items()}
    conditions = sorted(asset.told.conditions)
    return {"id": asset.id, "name": asset.name, "type": asset.type, "measures": measures, "conditions": conditions}


def _template(template: ContractTemplate, assets: Sequence[KnownAsset]) -> Mapping[str, Any]:
    basis = template.find(assets)
    told: dict[str, Any] = {"why": "", "fix": "", "assets": []}
    unit = "unit"
    if isinstance(basis, Misfit):
        told |= {"why": basis.message, "fix": basis.fix}
    else:
        unit = basis.counted
        told |= {"assets": basis.assets}
    return told | {
        "key": template.key,
        "title": template.title,
        "purpose": template.purpose,
        "fits": not isinstance(basis, Misfit),
        "price": template.price.replace("{unit}", unit),
        "target": template.target and template.target.replace("{unit}", unit),
        "usual": template.usual,
    }
