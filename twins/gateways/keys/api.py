"""Keys that gateways send, over the REST API: what a builder binds signals to."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

import numpy as np
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.edge.findings import FindingOutput
from tenants.edge.openapi import QuestionSchema
from tenants.scope.actors import Permission
from twins.composer.domain.expressions import LONGEST as LONGEST_EXPRESSION
from twins.composer.schemas import Binding
from twins.gateways.keys import selectors
from twins.gateways.keys.domain.offers import Candidate, Suggestion
from twins.gateways.keys.domain.patterns import State
from twins.gateways.keys.domain.units import Source
from twins.gateways.keys.schemas import SentKey

MOST_ASSETS = 2000
MOST_SUGGESTED = 300
MOST_NAMED = 500
DECIMAL = r"^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?$"
NEEDS = {"read": Permission.GATEWAYS_READ, "write": Permission.GATEWAYS_READ}


class KeyQuestionInput(serializers.Serializer[Any]):
    """Which keys."""

    state = serializers.ChoiceField(
        choices=["unbound", "bound", "all"], default="unbound", help_text="Of all, those that nothing reads come first."
    )
    gateway = serializers.UUIDField(required=False)
    twin = serializers.UUIDField(required=False, help_text="Leave out what the draft of this twin reads.")
    q = serializers.CharField(required=False, max_length=100, allow_blank=True, help_text="Words that the key holds.")
    limit = serializers.IntegerField(min_value=1, max_value=500, default=50)
    after = serializers.CharField(required=False, max_length=2000, help_text="As `next` has it.")


class KeyReadingOutput(serializers.Serializer[Any]):
    """A value at an instant."""

    at = serializers.DateTimeField()
    value = serializers.FloatField(allow_null=True)


class GuessOutput(serializers.Serializer[Any]):
    """The unit that a key seems to be sent in, and what says so: its device, its name, or what it measures."""

    unit = serializers.CharField()
    by = serializers.ChoiceField(choices=[one.value for one in Source], source="source")


class SentKeyOutput(serializers.Serializer[Any]):
    """A key that a gateway has sent; one that a published twin reads has its value as it is stored."""

    gateway = serializers.UUIDField()
    gateway_name = serializers.CharField()
    key = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    seen = serializers.IntegerField(allow_null=True, help_text="Readings that came while nothing read it.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    recent = KeyReadingOutput(many=True)
    guess = GuessOutput(allow_null=True)
    twin = serializers.UUIDField(allow_null=True)
    asset = serializers.UUIDField(allow_null=True)
    asset_name = serializers.CharField(allow_blank=True)
    signal = serializers.CharField(allow_null=True)


class KeyPageOutput(serializers.Serializer[Any]):
    """A page of keys, and where the next begins."""

    results = SentKeyOutput(many=True)
    next = serializers.CharField(allow_null=True)


class NamedKeyInput(serializers.Serializer[Any]):
    """A key of a gateway."""

    gateway = serializers.UUIDField()
    key = serializers.CharField(max_length=256, trim_whitespace=False)


class NamedKeysInput(serializers.Serializer[Any]):
    """Keys by name."""

    keys = serializers.ListField(child=NamedKeyInput(), max_length=MOST_NAMED)


class KnownKeysOutput(serializers.Serializer[Any]):
    """What is known of the keys; those that were never heard of are left out."""

    keys = SentKeyOutput(many=True)


class SuggestInput(serializers.Serializer[Any]):
    """For the signals of which assets of a draft keys are looked for."""

    twin = serializers.UUIDField()
    assets = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_SUGGESTED)
    gateway = serializers.UUIDField(required=False, allow_null=True, help_text="Null for the keys of all gateways.")
    only = NamedKeyInput(required=False, allow_null=True, help_text="The one key that a signal is looked for.")


class CandidateOutput(serializers.Serializer[Any]):
    """A key for a signal."""

    gateway = serializers.CharField(source="key.gateway")
    key = serializers.CharField(source="key.key")
    score = serializers.FloatField(help_text="From 0 to 1.")
    unit = serializers.CharField(allow_null=True, help_text="To take it in; null for the unit of the signal.")
    in_range = serializers.BooleanField(allow_null=True, help_text="Whether its values lie in the signal's range then.")


class SuggestionOutput(serializers.Serializer[Any]):
    """What is suggested for a signal that nothing is read for; `taken` is its share when every key is given once."""

    place = serializers.CharField(help_text="ASSET/SIGNAL")
    candidates = CandidateOutput(many=True)
    taken = CandidateOutput(allow_null=True)
    good = serializers.BooleanField(help_text="Whether `taken` is right in all likelihood.")


class SuggestionsOutput(serializers.Serializer[Any]):
    """Suggestions in the order of the assets and their signals."""

    suggestions = SuggestionOutput(many=True)


class PatternInput(serializers.Serializer[Any]):
    """A pattern for the keys of the signals of assets."""

    twin = serializers.UUIDField()
    assets = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_ASSETS)
    gateway = serializers.UUIDField()
    pattern = serializers.CharField(max_length=256, trim_whitespace=False, help_text="Such as {asset}/{signal}.")


class PatternRowOutput(serializers.Serializer[Any]):
    """What a pattern makes of a signal; `fits`, `alike` and `unsent` can be bound."""

    place = serializers.CharField(source="signal.place", help_text="ASSET/SIGNAL")
    key = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=[one.value for one in State])
    unit = serializers.CharField(allow_null=True, help_text="To take it in; null for the unit of the signal.")


class PatternOutput(serializers.Serializer[Any]):
    """What the pattern makes of every signal, in the order of the assets and their signals."""

    rows = PatternRowOutput(many=True)


class SampleInput(serializers.Serializer[Any]):
    """A binding to look at before it is saved."""

    gateway = serializers.UUIDField()
    key = serializers.CharField(max_length=256, trim_whitespace=False)
    type = serializers.RegexField(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*@[1-9][0-9]{0,8}$", max_length=74)
    signal = serializers.RegexField(r"^[a-z][a-z0-9_]*$", max_length=64)
    scale = serializers.RegexField(DECIMAL, max_length=64, required=False, allow_null=True)
    offset = serializers.RegexField(DECIMAL, max_length=64, required=False, allow_null=True)
    unit = serializers.CharField(max_length=64, required=False, allow_null=True)
    expression = serializers.CharField(max_length=LONGEST_EXPRESSION, required=False, allow_null=True)


class PlaceInput(SampleInput):
    """A binding of a signal of an asset, saved or not."""

    asset = serializers.UUIDField()


class PlacesInput(serializers.Serializer[Any]):
    """Bindings whose newest values are wanted, such as those of a draft that is in sight."""

    bindings = serializers.ListField(child=PlaceInput(), max_length=MOST_NAMED)


class NewestOutput(serializers.Serializer[Any]):
    """The newest value that a binding makes, in the unit of the signal."""

    asset = serializers.UUIDField()
    signal = serializers.CharField()
    at = serializers.DateTimeField()
    value = serializers.FloatField()


class NewestValuesOutput(serializers.Serializer[Any]):
    """The newest values; a binding of which there is none is left out."""

    values = NewestOutput(many=True)


class KeySampleOutput(serializers.Serializer[Any]):
    """The newest readings of the key as they are sent, and what becomes of them; nothing while something is wrong."""

    sent = KeyReadingOutput(many=True)
    made = serializers.ListField(
        child=serializers.FloatField(allow_null=True), allow_null=True, help_text="Null where no number comes of it."
    )
    findings = FindingOutput(many=True)


class KeysView(APIView):
    """Keys that gateways have sent."""

    schema = QuestionSchema()
    needs: ClassVar = {"read": Permission.GATEWAYS_READ}

    @extend_schema(operation_id="gateway_keys_list", parameters=[KeyQuestionInput], responses=KeyPageOutput)
    def get(self, request: Request, **_: Any) -> Response:
        """Keys that gateways have sent, those that nothing reads first, each with what it is like."""
        values = _read(KeyQuestionInput, request.query_params)
        after, most = values.get("after"), values["limit"]
        found = selectors.sent_keys(
            gateway=values.get("gateway"), words=values.get("q", "").lower().split(), twin=values.get("twin"),
            state=values["state"], after=_mark(after) if after else None, most=most,
        )  # fmt: skip
        following = None
        if len(found) == most:
            asked = {**request.query_params.dict(), "after": _cursor(found[-1])}
            following = f"{request.path}?{urlencode(asked)}"
        return Response(KeyPageOutput({"results": [_told(one) for one in found], "next": following}).data)


class KnownKeysView(APIView):
    """What is known of keys by name."""

    needs: ClassVar = NEEDS

    @extend_schema(operation_id="gateway_keys_known", request=NamedKeysInput, responses=KnownKeysOutput)
    def post(self, request: Request, **_: Any) -> Response:
        """What some keys are like now, such as those that the signals on a page read."""
        names = [(one["gateway"], one["key"]) for one in _read(NamedKeysInput, request.data)["keys"]]
        return Response(KnownKeysOutput({"keys": [_told(one) for one in selectors.known_keys(names)]}).data)


class SuggestionsView(APIView):
    """Keys for signals."""

    needs: ClassVar = NEEDS

    @extend_schema(operation_id="gateway_keys_suggest", request=SuggestInput, responses=SuggestionsOutput)
    def post(self, request: Request, **_: Any) -> Response:
        """Which keys go with the signals of a draft that nothing is read for: by name, asset, unit and range."""
        values = _read(SuggestInput, request.data)
        only = values.get("only")
        found = selectors.suggestions(
            twin=values["twin"], assets=[str(one) for one in values["assets"]], gateway=values.get("gateway"),
            only=(only["gateway"], only["key"]) if only else None,
        )  # fmt: skip
        return Response(SuggestionsOutput({"suggestions": [_suggestion(one) for one in found]}).data)


class PatternView(APIView):
    """Keys of many signals by a pattern."""

    needs: ClassVar = NEEDS

    @extend_schema(operation_id="gateway_keys_pattern", request=PatternInput, responses=PatternOutput)
    def post(self, request: Request, **_: Any) -> Response:
        """What a pattern would bind the signals of a draft to, what has no such key and what is bound already."""
        values = _read(PatternInput, request.data)
        assets = [str(one) for one in values["assets"]]
        found = selectors.pattern_rows(
            twin=values["twin"], assets=assets, gateway=values["gateway"], pattern=values["pattern"]
        )
        return Response(PatternOutput({"rows": found}).data)


class SampleView(APIView):
    """A binding on the readings that came."""

    needs: ClassVar = NEEDS

    @extend_schema(operation_id="gateway_keys_sample", request=SampleInput, responses=KeySampleOutput)
    def post(self, request: Request, **_: Any) -> Response:
        """What a scale, an offset, a unit or an expression makes of the newest readings of a key."""
        values = _read(SampleInput, request.data)
        found = selectors.sample(
            gateway=values["gateway"], key=values["key"], type_ref=values["type"], signal=values["signal"],
            binding=_binding(values),
        )  # fmt: skip
        made = found.made.value
        told = {
            "sent": _readings(zip(found.at, found.sent, strict=True)),
            "made": None if made is None else [one if np.isfinite(one) else None for one in made.tolist()],
            "findings": found.made.findings,
        }
        return Response(KeySampleOutput(told).data)


class NewestView(APIView):
    """Values of bindings that are not published yet."""

    needs: ClassVar = NEEDS

    @extend_schema(operation_id="gateway_keys_newest", request=PlacesInput, responses=NewestValuesOutput)
    def post(self, request: Request, **_: Any) -> Response:
        """What bindings make of the newest values of keys that nothing published reads."""
        asked = _read(PlacesInput, request.data)["bindings"]
        places = [selectors.Place(one["asset"], one["type"], one["signal"], _binding(one)) for one in asked]
        return Response(NewestValuesOutput({"values": selectors.newest_made(places)}).data)


def _binding(values: Mapping[str, Any]) -> Binding:
    fields = {name: values.get(name) or None for name in ("scale", "offset", "unit", "expression")}
    return Binding.model_validate({"gateway": str(values["gateway"]), "key": values["key"], **fields})


def _read(form: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    read = form(data=data)
    read.is_valid(raise_exception=True)
    values: dict[str, Any] = read.validated_data
    return values


def _told(one: SentKey) -> dict[str, Any]:
    names = ("gateway", "gateway_name", "key", "at", "value", "unit", "seen", "low", "high", "guess", "twin", "asset")
    rest = {"asset_name": one.asset_name, "signal": one.signal, "recent": _readings(one.recent)}
    return {name: getattr(one, name) for name in names} | rest


def _readings(pairs: Any) -> list[dict[str, Any]]:
    return [{"at": at, "value": value} for at, value in pairs]


def _suggestion(one: Suggestion) -> dict[str, Any]:
    taken: Candidate | None = one.taken
    return {"place": one.signal.place, "candidates": one.candidates, "taken": taken, "good": one.is_good}


def _cursor(last: SentKey) -> str:
    text = json.dumps([last.signal is not None, str(last.gateway), last.key])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _mark(cursor: str) -> selectors.After:
    try:
        is_read, gateway, key = json.loads(base64.urlsafe_b64decode(cursor))
        return selectors.After(bool(is_read), UUID(gateway), str(key))
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise serializers.ValidationError({"after": ["Take it as `next` has it."]}, code="invalid") from error
