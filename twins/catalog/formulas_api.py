"""Writing formulas, over the REST API: what may stand in one, what it gives, and units to choose from."""

from __future__ import annotations

from math import isnan
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.scope.actors import Permission
from twins.catalog import trying
from twins.catalog.domain.preview import PLACES, Trial, functions
from twins.catalog.domain.sampling import POINTS
from twins.catalog.drafts_api import TypeFindingOutput, findings_json
from twins.language.known_units import KNOWN_UNITS, find_units
from twins.language.parsing import LONGEST
from twins.language.symbols import symbol

MOST_SAMPLES = 100
_UNITS = {
    "q": OpenApiParameter("q", str, description="A code, a symbol, a name or what it measures; all without it."),
    "like": OpenApiParameter("like", str, description="A code that they shall convert into."),
}


@extend_schema_field({
    "oneOf": [
        {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": POINTS},
        {"type": "number"}, {"type": "boolean"}, {"type": "string", "maxLength": 200},
    ]
})  # fmt: skip
class SampleField(serializers.Field[Any, Any, Any, Any]):
    """The readings of a signal in a row, or the value of a property."""

    def to_internal_value(self, data: Any) -> Any:
        """The sample, when it is one."""
        if isinstance(data, list) and 0 < len(data) <= POINTS and all(_is_number(each) for each in data):
            return data
        if isinstance(data, bool) or _is_number(data) or (isinstance(data, str) and len(data) <= 200):
            return data
        raise serializers.ValidationError(f"Send up to {POINTS} numbers for a signal, or one value for a property.")

    def to_representation(self, value: Any) -> Any:
        """The sample as it is."""
        return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


class TryInput(serializers.Serializer[Any]):
    """A formula of a type that is being written."""

    document = serializers.DictField(help_text="The type as it is being written, sound or not.")
    place = serializers.RegexField(
        PLACES.pattern, max_length=160,
        help_text="Such as derived/KEY/formula, states/STATE, constraints/KEY/holds, alarms/KEY/when, indicators/KEY.",
    )  # fmt: skip
    formula = serializers.CharField(
        max_length=LONGEST, trim_whitespace=False,
        help_text="What stands there; of an indicator all of it, such as `share of time not down`.",
    )  # fmt: skip
    samples = serializers.DictField(
        child=SampleField(), required=False, help_text="By name; made from ranges and rates where none are given."
    )

    def validate_samples(self, samples: dict[str, Any]) -> dict[str, Any]:
        """Bound how many there are."""
        if len(samples) > MOST_SAMPLES:
            raise serializers.ValidationError(f"Send samples of at most {MOST_SAMPLES} names.")
        return samples


class SampleOutput(serializers.Serializer[Any]):
    """Readings that a formula was tried on."""

    name = serializers.CharField()
    unit = serializers.CharField()
    symbol = serializers.CharField()
    at = serializers.ListField(child=serializers.FloatField(), help_text="Seconds from the begin.")
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))


class TryOutput(serializers.Serializer[Any]):
    """What a formula gives, or what is wrong with it."""

    findings = TypeFindingOutput(many=True, help_text="When there are any, there is nothing else.")
    sort = serializers.ChoiceField(choices=["number", "truth", "text"], allow_null=True)
    unit = serializers.CharField(allow_null=True, help_text="UCUM code of what it gives, null for a truth or a text.")
    symbol = serializers.CharField(allow_null=True)
    samples = SampleOutput(many=True)
    properties = serializers.DictField(child=serializers.JSONField(), help_text="The values it was tried with.")
    at = serializers.ListField(child=serializers.FloatField(), help_text="Seconds from the begin.")
    values = serializers.ListField(child=serializers.JSONField(), help_text="null is not known.")


class VocabularyInput(serializers.Serializer[Any]):
    """A type that is being written."""

    document = serializers.DictField()


class WordOutput(serializers.Serializer[Any]):
    """A name that formulas may speak of."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=["signal", "derived", "property", "state"])
    sort = serializers.ChoiceField(choices=["number", "truth", "text"])
    unit = serializers.CharField(allow_null=True)
    symbol = serializers.CharField(allow_null=True)
    title = serializers.CharField(allow_null=True, help_text="What people call it.")


class FunctionOutput(serializers.Serializer[Any]):
    """A function of the language."""

    name = serializers.CharField()
    usage = serializers.CharField()
    meaning = serializers.CharField()
    over_time = serializers.BooleanField(help_text="Whether it looks back in time.")


class UnitOutput(serializers.Serializer[Any]):
    """A unit."""

    code = serializers.CharField(help_text="UCUM.")
    name = serializers.CharField()
    symbol = serializers.CharField()
    quantity = serializers.CharField(help_text="What it measures; empty for one that is not listed.")


class VocabularyOutput(serializers.Serializer[Any]):
    """What a formula of a type can be written with."""

    names = WordOutput(many=True)
    functions = FunctionOutput(many=True)
    keywords = serializers.ListField(child=serializers.CharField())
    units = UnitOutput(many=True)


class UnitQuestion(serializers.Serializer[Any]):
    """What unit somebody looks for."""

    q = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    like = serializers.CharField(max_length=64, required=False)


@extend_schema_serializer(many=False)
class UnitPage(serializers.Serializer[Any]):
    """Units, the nearest first; `next` is always null."""

    next = serializers.CharField(allow_null=True)
    results = UnitOutput(many=True)


def trial_json(trial: Trial) -> dict[str, Any]:
    """A trial as the browser gets it."""
    kind = trial.formula.type if trial.formula is not None else None
    unit = kind.measure.code if kind is not None and kind.sort == "number" else None
    return {
        "findings": findings_json(trial.findings),
        "sort": kind.sort.value if kind is not None else None,
        "unit": unit,
        "symbol": symbol(unit) if unit is not None else None,
        "samples": [
            {
                "name": name,
                "unit": unit,
                "symbol": symbol(unit),
                "at": (samples.at / 1e6).tolist(),
                "values": [None if isnan(each) else each for each in samples.value.tolist()],
            }
            for name, unit, samples in trial.samples
        ],
        "properties": {name: value for name, _unit, value in trial.values},
        "at": list(trial.at),
        "values": list(trial.results),
    }


class FormulaViewSet(viewsets.ViewSet):
    """Formulas of a type that is being written."""

    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.TWINS_EDIT}

    @extend_schema(request=TryInput, responses=TryOutput)
    def preview(self, request: Request, **_: Any) -> Response:
        """What a formula gives over sample data, or what is wrong with it and where; the same each time."""
        wanted = TryInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        trial = trying.trial_of(values["document"], values["place"], values["formula"], values.get("samples", {}))
        return Response(trial_json(trial))

    @extend_schema(request=VocabularyInput, responses=VocabularyOutput)
    def vocabulary(self, request: Request, **_: Any) -> Response:
        """What a formula of the type can be written with: names, functions, units."""
        wanted = VocabularyInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        names = [
            {"name": word.name, "kind": word.kind, "sort": word.sort, "unit": word.unit, "title": word.title,
             "symbol": symbol(word.unit) if word.unit is not None else None}
            for word in trying.words_of(wanted.validated_data["document"])
        ]  # fmt: skip
        told = [
            {"name": name, "usage": usage, "meaning": meaning, "over_time": over_time}
            for name, usage, meaning, over_time in functions()
        ]
        words = ["and", "or", "not", "if", "then", "else", "true", "false"]
        units = UnitOutput(KNOWN_UNITS, many=True).data
        return Response({"names": names, "functions": told, "keywords": words, "units": units})


class UnitViewSet(viewsets.ViewSet):
    """Units to choose from."""

    needs: ClassVar = {"read": Permission.TWINS_READ}

    @extend_schema(responses=UnitPage, parameters=list(_UNITS.values()))
    def list(self, request: Request, **_: Any) -> Response:
        """Units by code, symbol, name or quantity, the nearest first."""
        wanted = UnitQuestion(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        found = find_units(wanted.validated_data["q"], like=wanted.validated_data.get("like"))
        return Response({"next": None, "results": UnitOutput(found, many=True).data})
