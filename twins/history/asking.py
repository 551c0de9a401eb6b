"""How a history is asked for in an address, and how it is answered: the same for colleagues and for end customers."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.streaming import streamed
from tenants.kernel.calendars import DURATION_PATTERN, UnknownZoneError, parse_duration, time_zone
from tenants.kernel.clock import isoformat
from twins.history.exporting import File, pieces_of
from twins.history.formats import ARROW, columns_of
from twins.history.schemas import HistoryQuestion, Wanted
from twins.telemetry import query
from twins.telemetry.query import Histories, History, Mark, Shape

_PLACE = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/[a-z][a-z0-9_]{0,63}$"
_CURSOR = r"^[A-Za-z0-9_-]{4,80}$"
_MARK = re.compile(r"^(-?\d{1,18})\.(-?\d{1,18})$")


class SpanInput(serializers.Serializer[Any]):
    """Which signals, over which time, and how it is told."""

    signal = serializers.ListField(
        child=serializers.RegexField(_PLACE, max_length=101), min_length=1, max_length=query.MOST_SIGNALS,
        help_text="ASSET/KEY of a signal; to ask for several, name the parameter as often.",
    )  # fmt: skip
    start = serializers.DateTimeField(help_text="First instant.")
    end = serializers.DateTimeField(help_text="First instant after.")
    every = serializers.RegexField(
        DURATION_PATTERN, required=False, max_length=40, help_text="Length of a bucket, such as PT15M or P1D."
    )
    zone = serializers.CharField(
        required=False, max_length=64, help_text="IANA time zone whose days buckets of whole days are; else UTC."
    )

    def validate_every(self, text: str) -> int:
        """The length in microseconds.

        Raises:
            ValidationError: It is no length.
        """
        length = parse_duration(text) * 1000
        if length <= 0:
            raise serializers.ValidationError("A bucket is at least a millisecond long.")
        return length

    def validate_zone(self, text: str) -> Any:
        """The zone.

        Raises:
            ValidationError: There is none of that name.
        """
        try:
            return time_zone(text)
        except UnknownZoneError as error:
            raise serializers.ValidationError(error.told) from None


class HistoryInput(SpanInput):
    """Which history is wanted."""

    shape = serializers.ChoiceField(
        choices=[one.value for one in Wanted], default=Wanted.DRAWING,
        help_text="`drawing` chooses between points and buckets; `every` makes it buckets.",
    )  # fmt: skip
    n = serializers.IntegerField(
        min_value=3, max_value=query.MOST_BUCKETS, default=500, help_text="At most so many points or buckets a signal."
    )
    limit = serializers.IntegerField(
        min_value=query.MOST_SIGNALS, max_value=query.MOST_PAGE, default=10_000,
        help_text="At most so many readings in all, of the shape `readings`.",
    )  # fmt: skip
    cursor = serializers.RegexField(_CURSOR, required=False, help_text="`next` of the page before.")

    def validate_cursor(self, text: str) -> Mark:
        """What the page goes on after.

        Raises:
            ValidationError: No page gave it.
        """
        try:
            found = _MARK.match(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii"))
        except (binascii.Error, UnicodeDecodeError, ValueError):
            found = None
        if found is None:
            raise serializers.ValidationError("This is the `next` of no page.")
        return Mark(int(found[1]), int(found[2]))


class FileInput(SpanInput):
    """Which history is wanted as a file: the readings, or with `every` buckets of them."""

    file = serializers.ChoiceField(choices=[one.value for one in File], default=File.CSV)


class ColumnsOutput(serializers.Serializer[Any]):
    """Columns of one length. Readings and points have `at`, `value` and `quality`, buckets all others."""

    at = serializers.ListField(child=serializers.IntegerField(), required=False, help_text="Microseconds since 1970.")
    value = serializers.ListField(child=serializers.FloatField(), required=False)
    quality = serializers.ListField(child=serializers.IntegerField(), required=False, help_text="0 is good.")
    start = serializers.ListField(child=serializers.IntegerField(), required=False)
    end = serializers.ListField(child=serializers.IntegerField(), required=False)
    count = serializers.ListField(child=serializers.IntegerField(), required=False)
    min = serializers.ListField(child=serializers.FloatField(allow_null=True), required=False)
    avg = serializers.ListField(child=serializers.FloatField(allow_null=True), required=False)
    max = serializers.ListField(child=serializers.FloatField(allow_null=True), required=False)
    last = serializers.ListField(child=serializers.FloatField(allow_null=True), required=False)
    sum = serializers.ListField(
        child=serializers.FloatField(allow_null=True), required=False, help_text="Null when no number can hold it."
    )
    doubtful = serializers.ListField(
        child=serializers.IntegerField(), required=False, help_text="Readings that are not good; -1 when not known."
    )


class SignalHistoryOutput(serializers.Serializer[Any]):
    """The history of one signal."""

    asset = serializers.UUIDField()
    asset_name = serializers.CharField(help_text="Empty when the asset is no part of the twin any more.")
    key = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.CharField(help_text="UCUM.")
    patience_s = serializers.FloatField(allow_null=True, help_text="How long it may be silent without a gap.")
    columns = ColumnsOutput()
    gaps = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="Where it was silent for longer: [start, end) of each in microseconds since 1970.",
    )


class HistoriesOutput(serializers.Serializer[Any]):
    """The histories of signals over one span."""

    shape = serializers.ChoiceField(choices=[one.value for one in Shape])
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    bucket_s = serializers.FloatField(allow_null=True, help_text="Length of a bucket; days of a zone may differ.")
    signals = SignalHistoryOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="The `cursor` of the next page of readings.")


class HistoryJson(BaseRenderer):
    """JSON, written many times faster than by the standard library."""

    media_type, format, charset = "application/json", "json", None

    def render(self, data: Any, *_: Any) -> bytes:
        """The histories, or what went wrong."""
        return msgspec.json.encode(document_of(data) if isinstance(data, Histories) else data)


class HistoryArrow(BaseRenderer):
    """An Arrow IPC stream."""

    media_type, format, charset = ARROW, "arrow", None

    def render(self, data: Any, *_: Any) -> bytes:
        """The histories, or what went wrong."""
        if not isinstance(data, Histories):
            return msgspec.json.encode(data)
        from twins.history.tables import stream  # noqa: PLC0415 (half a second, and most never ask for it)

        return stream(data)


def question(asked: Request) -> HistoryQuestion:
    """What a request asks for.

    Raises:
        ValidationError: It does not fit.
    """
    form = HistoryInput(data=asked.query_params)
    form.is_valid(raise_exception=True)
    values = form.validated_data
    return HistoryQuestion(
        **_span(values), wanted=Wanted(values["shape"]), number=values["n"], limit=values["limit"],
        after=values.get("cursor"),
    )  # fmt: skip


def file_question(asked: Request) -> tuple[HistoryQuestion, File]:
    """What a request wants as a file, and which.

    Raises:
        ValidationError: It does not fit.
    """
    return file_question_of(asked.query_params)


def file_question_of(said: Any) -> tuple[HistoryQuestion, File]:
    """What an address or a document wants as a file, and which.

    Raises:
        ValidationError: It does not fit.
    """
    form = FileInput(data=said)
    form.is_valid(raise_exception=True)
    values = form.validated_data
    wanted = Wanted.BUCKETS if values.get("every") else Wanted.READINGS
    return HistoryQuestion(**_span(values), wanted=wanted, limit=query.MOST_PAGE), File(values["file"])


def _span(values: Mapping[str, Any]) -> dict[str, Any]:
    places = dict.fromkeys((UUID(one[:36]), one[37:]) for one in values["signal"])
    return {
        "places": tuple(places), "start": values["start"], "end": values["end"], "length_us": values.get("every"),
        "zone": values.get("zone"),
    }  # fmt: skip


def answer(histories: Histories) -> Response:
    """The histories in the form that the request accepts."""
    return Response(histories, headers={"Cache-Control": "private, no-store", "Vary": "Accept"})


def file_answer(request: Request, asked: HistoryQuestion, file: File) -> HttpResponseBase:
    """The histories as a file that is made while it is sent, no more of it held than a piece of time."""
    pieces = pieces_of(asked, file)
    response = StreamingHttpResponse(streamed(request._request, pieces), content_type=file.media_type)
    response["Content-Disposition"] = f'attachment; filename="history-{asked.start:%Y-%m-%d}.{file.value}"'
    response["Cache-Control"] = "private, no-store"
    return response


def document_of(histories: Histories) -> dict[str, Any]:
    """The histories as JSON has them."""
    length, after = histories.length_us, histories.after
    return {
        "shape": histories.shape.value,
        "start": isoformat(histories.start),
        "end": isoformat(histories.end),
        "bucket_s": None if length is None else length / 1_000_000,
        "signals": [_signal(each) for each in histories.signals],
        "next": None if after is None else _cursor(after),
    }


def _signal(each: History) -> dict[str, Any]:
    signal, patience = each.signal, each.signal.patience_us
    return {
        "asset": str(signal.asset), "asset_name": signal.asset_name, "key": signal.key, "name": signal.name,
        "unit": signal.unit, "patience_s": None if patience is None else patience / 1_000_000,
        "columns": {name: values.tolist() for name, values in columns_of(each).items()},
        "gaps": each.gaps.tolist(),
    }  # fmt: skip


def _cursor(mark: Mark) -> str:
    return base64.urlsafe_b64encode(f"{mark.at}.{mark.signal}".encode()).decode().rstrip("=")
