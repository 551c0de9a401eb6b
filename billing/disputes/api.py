"""Disputes over the REST API: for the organisation with its keys, for a customer's people with their session."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from billing.disputes import deciding, selectors, services
from billing.disputes.acting import may_decide, side_of
from billing.disputes.domain.files import KINDS, MOST_BYTES, AttachmentError, read_file
from billing.disputes.models import Dispute
from billing.disputes.pages import download
from billing.disputes.selectors import DisputeNotFoundError
from billing.outcomes.api import ConsentField
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Actor, Permission

HELD = ("up", "down", "excluded")
STATES = ("open", "offered", "settled", "upheld", "declined", "withdrawn")
_LETTERS = (MOST_BYTES + 2) // 3 * 4 + 4
_TYPES = sorted({media_type for media_type, _ in KINDS.values()})


class DisputeOutput(serializers.ModelSerializer[Dispute]):
    """A dispute in short; until `closes_at` a decision in its favour changes the statement."""

    statement = serializers.UUIDField(source="statement_id")
    contract = serializers.UUIDField(source="contract_id")
    customer = serializers.UUIDField(source="customer_id")
    held = serializers.ChoiceField(choices=HELD)
    state = serializers.SerializerMethodField()

    class Meta:
        model = Dispute
        fields: tuple[str, ...] = (
            "id", "statement", "contract", "customer", "clause", "held", "start", "end", "state", "digest", "side",
            "opened_by", "opened_at", "closes_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=STATES))
    def get_state(self, row: Dispute) -> str:
        """Where it is."""
        return selectors.state_of(row)


class DisputeFileOutput(serializers.Serializer[Any]):
    """A file that was attached; its bytes are below the dispute, under `files/<id>/`."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    media_type = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class DisputeEntryOutput(serializers.Serializer[Any]):
    """One entry of the conversation; `verdict` is empty for what was only said."""

    side = serializers.ChoiceField(choices=("customer", "provider"))
    by = serializers.CharField()
    at = serializers.DateTimeField()
    text = serializers.CharField()
    verdict = serializers.CharField()
    effect = serializers.DictField(allow_null=True)
    consent = ConsentField(allow_null=True, help_text="On which consent of the customer a decision was recorded.")
    files = DisputeFileOutput(many=True)


class DisputeDocumentOutput(DisputeOutput):
    """A dispute with its document, which is what was logged, and all that was said and decided."""

    document = serializers.DictField()
    conversation = serializers.SerializerMethodField()

    class Meta(DisputeOutput.Meta):
        fields = (*DisputeOutput.Meta.fields, "document", "conversation")
        read_only_fields = fields

    @extend_schema_field(DisputeEntryOutput(many=True))
    def get_conversation(self, row: Dispute) -> Any:
        """All of it, in the order of time."""
        return DisputeEntryOutput(selectors.conversation(row), many=True).data


class DisputeFileInput(serializers.Serializer[Any]):
    """A file to attach: PDF, PNG, JPEG, text, CSV, JSON, XLSX or DOCX, at most 5 MB."""

    name = serializers.CharField(max_length=255)
    content = serializers.CharField(max_length=_LETTERS, help_text="The bytes as base64.")

    def validate(self, attrs: dict[str, Any]) -> Any:
        """The file.

        Raises:
            ValidationError: It is no base64, or not taken.
        """
        try:
            return read_file(attrs["name"], b64decode(attrs["content"], validate=True))
        except (binascii.Error, ValueError):
            raise serializers.ValidationError({"content": "This is no base64."}) from None
        except AttachmentError as error:
            raise serializers.ValidationError({"name": error.told}) from None


class DisputeInput(serializers.Serializer[Any]):
    """An interval of a statement, and what is held to have been the case."""

    statement = serializers.UUIDField(help_text="The newest version.")
    assets = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=1000)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(help_text="The first instant after.")
    held = serializers.ChoiceField(choices=HELD)
    clause = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="Empty: the assets' own state."
    )
    reason = serializers.CharField(max_length=services.MOST_LETTERS)
    files = DisputeFileInput(many=True, required=False, default=list)


class DisputeMessageInput(serializers.Serializer[Any]):
    """What is said, and attached."""

    text = serializers.CharField(max_length=services.MOST_LETTERS)
    files = DisputeFileInput(many=True, required=False, default=list)


class DisputeWhyInput(serializers.Serializer[Any]):
    """Why a step is taken."""

    why = serializers.CharField(max_length=services.MOST_LETTERS)


class DisputeUpholdInput(DisputeWhyInput):
    """Why it is upheld; `category` where time is to be excluded and the contract has several.

    What the organisation asked for in its own favour needs the customer's `consent`.
    """

    category = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    consent = ConsentField(required=False, allow_null=True, default=None)


class DisputeOfferInput(DisputeWhyInput):
    """A middle way: what some of the interval is to count as."""

    category = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    held = serializers.ChoiceField(choices=HELD)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(help_text="The first instant after.")


class DisputeViewSet(Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Dispute]):
    """Disputes about statements. An end customer's people see, open and answer those of their own company."""

    serializer_class = DisputeOutput
    lookup_value_converter = "uuid"
    queryset = selectors.disputes(None)
    needs: ClassVar = {"read": Permission.REPORTS_READ, "write": Permission.REPORTS_READ}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse those who only read, before anything is looked at."""
        super().initial(request, *args, **kwargs)
        if request.method == "POST":
            self._require(side_of(self._actor(request)) is not None)
        if self.action in ("uphold", "offer", "decline"):
            self._require(may_decide(self._actor(request)))

    def get_queryset(self) -> QuerySet[Dispute]:
        """The disputes the caller may see."""
        return selectors.disputes(self._actor(self.request).customer)

    @extend_schema(responses=DisputeDocumentOutput)
    def retrieve(self, request: Request, *_args: Any, pk: UUID, **_: Any) -> Response:
        """One dispute with its document and its conversation."""
        return self._answer(request, pk)

    @extend_schema(request=DisputeInput, responses={201: DisputeDocumentOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Dispute an interval of a statement while its correction window is open."""
        given = DisputeInput(data=request.data)
        given.is_valid(raise_exception=True)
        actor = self._actor(request)
        row = services.open_dispute(
            wanted=services.Objection(**given.validated_data), customer=actor.customer, by=actor.name, now=utc_now()
        )
        return self._answer(request, row.id, status.HTTP_201_CREATED)

    @extend_schema(request=DisputeMessageInput, responses=DisputeDocumentOutput)
    @action(detail=True, methods=["post"])
    def say(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Say something, and attach files."""
        return self._of_either(services.say, DisputeMessageInput, request, pk)

    @extend_schema(request=DisputeUpholdInput, responses=DisputeDocumentOutput)
    @action(detail=True, methods=["post"])
    def uphold(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Grant what is asked for; the period is rated again.

        What the organisation asked for in its own favour is 403 without the customer's consent.
        """
        return self._of_provider(deciding.uphold, DisputeUpholdInput, request, pk)

    @extend_schema(request=DisputeOfferInput, responses=DisputeDocumentOutput)
    @action(detail=True, methods=["post"])
    def offer(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Offer a middle way, which counts once the customer agrees."""
        return self._of_provider(_offer, DisputeOfferInput, request, pk)

    @extend_schema(request=DisputeWhyInput, responses=DisputeDocumentOutput)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Decline it: nothing changes."""
        return self._of_provider(deciding.decline, DisputeWhyInput, request, pk)

    @extend_schema(request=DisputeWhyInput, responses=DisputeDocumentOutput)
    @action(detail=True, methods=["post"])
    def agree(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Agree, for the customer, to the middle way that is offered; the period is rated again."""
        return self._of_either(deciding.agree, DisputeWhyInput, request, pk)

    @extend_schema(request=DisputeWhyInput, responses=DisputeDocumentOutput)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Refuse, for the customer, the middle way that is offered."""
        return self._of_either(deciding.refuse, DisputeWhyInput, request, pk)

    @extend_schema(request=DisputeWhyInput, responses=DisputeDocumentOutput)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Withdraw it, for the customer."""
        return self._of_either(deciding.withdraw, DisputeWhyInput, request, pk)

    @extend_schema(request=DisputeWhyInput, responses=DisputeDocumentOutput)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Take up again, for the customer and once, what was declined."""
        return self._of_either(deciding.reopen, DisputeWhyInput, request, pk)

    @extend_schema(
        parameters=[OpenApiParameter("file", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Its id")],
        responses={(200, kind): OpenApiTypes.BINARY for kind in _TYPES},
    )
    @action(detail=True, methods=["get"], url_path="files/<uuid:file>")
    def files(self, request: Request, pk: UUID, file: UUID, **_: Any) -> HttpResponse:
        """A file that was attached."""
        found = selectors.file_of(selectors.dispute(pk, self._actor(request).customer), file)
        if found is None:
            raise DisputeNotFoundError("There is no such file.", place="file", fix="Take its id from the conversation.")
        return download(found)

    def _of_either(
        self, does: Callable[..., object], form: type[serializers.Serializer[Any]], request: Request, pk: UUID
    ) -> Response:
        """What the customer's side does, or both."""
        return self._done(does, form, request, pk, customer=self._actor(request).customer)

    def _of_provider(
        self, does: Callable[..., object], form: type[serializers.Serializer[Any]], request: Request, pk: UUID
    ) -> Response:
        return self._done(does, form, request, pk)

    def _done(
        self, does: Callable[..., object], form: type[serializers.Serializer[Any]], request: Request, pk: UUID,
        **whose: UUID | None,
    ) -> Response:  # fmt: skip
        given = form(data=request.data)
        given.is_valid(raise_exception=True)
        does(dispute=pk, by=self._actor(request).name, now=utc_now(), **whose, **given.validated_data)
        return self._answer(request, pk)

    def _answer(self, request: Request, pk: UUID, code: int = status.HTTP_200_OK) -> Response:
        row = selectors.dispute(pk, self._actor(request).customer)
        return Response(DisputeDocumentOutput(row).data, status=code)

    def _actor(self, request: Any) -> Actor:
        return actor_of(request._request)

    def _require(self, allowed: bool) -> None:  # noqa: FBT001 (what is asked is said where it is called)
        if not allowed:
            raise PermissionDenied


def _offer(*, dispute: UUID, by: str, now: Any, why: str, **offer: Any) -> object:
    return deciding.offer_middle(dispute=dispute, offer=deciding.Offer(**offer), why=why, by=by, now=now)
