"""Bodies of CloudEvents: JSON whose numbers stay exactly what was written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from billing.plans.domain.events import is_binary, read_headers
from tenants.edge.parsers import is_keepable
from tenants.kernel.errors import OutturnError

SINGLE, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


class EventFormError(OutturnError):
    """The request is none of the forms in which CloudEvents are sent."""

    code = "usage.form"
    status = 415


class ExactJSONParser(BaseParser):
    """JSON as RFC 8259 has it, numbers with a point as decimals: nothing is rounded before it is looked at."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """The value.

        Raises:
            ParseError: The body is not such JSON.
        """
        try:
            value = json.loads(stream.read().decode("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant)
        except RecursionError:
            raise ParseError("the body is nested too deeply") from None
        except (ValueError, ArithmeticError) as error:
            raise ParseError(f"the body is no JSON: {str(error)[:200]}") from None
        if not is_keepable(value):
            raise ParseError("text must not hold NUL characters or lone surrogates")
        return value


class EventParser(ExactJSONParser):
    """One event in structured mode."""

    media_type = SINGLE


class BatchParser(ExactJSONParser):
    """A batch of events."""

    media_type = BATCH


def events_in(request: Request) -> list[Any]:
    """The events of a request, in whichever of the three forms it has.

    Raises:
        ParseError: The body is no JSON, or a batch that is no list.
        EventFormError: It is plain JSON without the headers of an event.
    """
    form = (request.content_type or "").partition(";")[0].strip().lower()
    if form == BATCH:
        if not isinstance(request.data, list):
            raise ParseError("a batch is a JSON array of events")
        return request.data
    if form == SINGLE:
        return [request.data]
    if not is_binary(request.headers):
        raise EventFormError(
            "This is no form of CloudEvents.", place="Content-Type", kept="Nothing was taken.",
            fix=f"Send {SINGLE}, {BATCH}, or the attributes as headers such as ce-id beside JSON data.",
        )  # fmt: skip
    told = read_headers(request.headers, request.data)
    if not is_keepable(told):
        raise ParseError("a header has a character that cannot be kept")
    return [told]


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
