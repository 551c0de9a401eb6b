"""The journal of a span of days over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from billing.payments.journal import Journal, check_journal, journal_pieces
from billing.payments.journal_domain import ACCOUNTS, DatevTerms
from tenants.edge.http import filed
from tenants.edge.streaming import streamed
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

FILES = (("csv", "CSV"), ("datev", "DATEV"))
FIELDS = {name.replace(".", "_"): name for name in ACCOUNTS}
"""The accounts of the ledger by the names of their fields."""


class JournalInput(serializers.Serializer[Any]):
    """Which days, as which file; what follows the legal entity is for DATEV alone."""

    first = serializers.DateField(help_text="First day of issue or value.")
    last = serializers.DateField(help_text="Last day of issue or value.")
    file = serializers.ChoiceField(choices=FILES, required=False)
    entity = serializers.UUIDField(required=False, help_text="The legal entity; all when not given.")
    consultant = serializers.IntegerField(required=False)
    client = serializers.IntegerField(required=False)
    year_start = serializers.DateField(required=False, help_text="First day of the fiscal year.")
    length = serializers.IntegerField(required=False, help_text="Digits of the accounts.")
    receivable = serializers.CharField(required=False, max_length=9)
    tax = serializers.CharField(required=False, max_length=9)
    revenue_fees = serializers.CharField(required=False, max_length=9)
    revenue_outcomes = serializers.CharField(required=False, max_length=9)
    revenue_adjustments = serializers.CharField(required=False, max_length=9)
    bank = serializers.CharField(required=False, max_length=9, help_text="Asked for when a transfer is in the batch.")
    stripe = serializers.CharField(required=False, max_length=9, help_text="Asked for when Stripe is in the batch.")


_REFUSED = OpenApiResponse(description="The span runs backwards, or DATEV would not take the batch.")


class JournalView(APIView):
    """The journal as a file."""

    needs: ClassVar = {"read": Permission.MONEY_READ}

    @extend_schema(parameters=[JournalInput], responses={(200, "text/csv"): OpenApiTypes.BINARY, 422: _REFUSED})
    def get(self, request: Request, **_: Any) -> HttpResponseBase:
        """The bookings of all invoices issued and payments made on some days, every leg, or as a batch for DATEV."""
        given = JournalInput(data=request.query_params)
        given.is_valid(raise_exception=True)
        return journal_file(request._request, journal_asked(given.validated_data))


def journal_asked(values: dict[str, Any]) -> Journal:
    """What the fields ask for; a number for DATEV that is not given is none, which is refused where it is checked."""
    terms = None
    if values.get("file") == "datev":
        terms = DatevTerms(
            values.get("consultant") or 0, values.get("client") or 0, values.get("year_start") or values["first"],
            values.get("length") or 0, {name: values.get(field) or "" for field, name in FIELDS.items()},
        )  # fmt: skip
    return Journal(values["first"], values["last"], values.get("entity"), terms)


def journal_file(request: HttpRequest, asked: Journal) -> HttpResponseBase:
    """The file, made while it is sent.

    Raises:
        JournalError: It cannot be written.
        EntityNotFoundError: There is no such legal entity.
    """
    check_journal(asked)
    charset = "utf-8" if asked.terms is None else "windows-1252"
    pieces = streamed(request, journal_pieces(asked, now=utc_now()))
    return filed(StreamingHttpResponse(pieces, content_type=f"text/csv; charset={charset}"), asked.file_name)
