"""A simulation as the API's document describes it; `printed` makes it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

STATUSES = ("settled", "indeterminate")


class SimulatedClauseOutput(serializers.Serializer[Any]):
    """One clause in one month."""

    id = serializers.CharField()
    status = serializers.ChoiceField(choices=STATUSES)
    ratio = serializers.CharField(allow_null=True, help_text="Exact, as a fraction.")
    percent = serializers.CharField(allow_null=True, help_text="Cut off at six digits.")
    coverage_percent = serializers.CharField(allow_null=True)
    committed_s = serializers.FloatField()
    down_s = serializers.FloatField()
    unknown_s = serializers.FloatField()
    excluded_s = serializers.FloatField()
    credit_minor = serializers.IntegerField(help_text="After caps.")
    bonus_minor = serializers.IntegerField()


class SimulatedMonthOutput(serializers.Serializer[Any]):
    """One month; one that is indeterminate is in no figure of a year."""

    month = serializers.CharField()
    status = serializers.ChoiceField(choices=STATUSES)
    fee_minor = serializers.IntegerField()
    volume = serializers.CharField(required=False, help_text="What a metered fee counted.")
    credit_minor = serializers.IntegerField(help_text="After caps.")
    asked_minor = serializers.IntegerField(help_text="Before caps.")
    cap_minor = serializers.IntegerField(allow_null=True)
    bonus_minor = serializers.IntegerField()
    total_minor = serializers.IntegerField()
    clauses = SimulatedClauseOutput(many=True)


class LeftOutOutput(serializers.Serializer[Any]):
    """A month that could not be measured."""

    month = serializers.CharField()
    why = serializers.CharField()


class SimulatedPointOutput(serializers.Serializer[Any]):
    """A year's credits at one guaranteed percentage."""

    guaranteed = serializers.CharField()
    expected_credits_minor = serializers.IntegerField()
    p95_credits_minor = serializers.IntegerField(allow_null=True)


class SimulatedSweepOutput(serializers.Serializer[Any]):
    """A year's credits by the guaranteed percentage of a clause."""

    clause = serializers.CharField()
    guaranteed = serializers.CharField(help_text="Where the terms stand.")
    points = SimulatedPointOutput(many=True)


class AtRiskOutput(serializers.Serializer[Any]):
    """Credits that a year rarely exceeds."""

    minor = serializers.IntegerField()
    percent_of_fees = serializers.CharField(allow_null=True)


class AtRisksOutput(serializers.Serializer[Any]):
    """What 95 and 99 of 100 years stay within."""

    p95 = AtRiskOutput()
    p99 = AtRiskOutput()


class SimulatedBarOutput(serializers.Serializer[Any]):
    """The years whose credits come to this much, both ends included."""

    from_minor = serializers.IntegerField()
    to_minor = serializers.IntegerField()
    years = serializers.IntegerField()


class SimulatedMarginOutput(serializers.Serializer[Any]):
    """What is left of a year after its cost; 95 and 99 of 100 years leave at least that much."""

    cost_minor = serializers.IntegerField()
    expected_minor = serializers.IntegerField()
    p95_minor = serializers.IntegerField()
    p99_minor = serializers.IntegerField()
    loss = serializers.FloatField(help_text="Share of the years.")


class SimulatedYearOutput(serializers.Serializer[Any]):
    """What a year's credits come to, over years drawn from the months."""

    months = serializers.IntegerField()
    years = serializers.IntegerField()
    seed = serializers.IntegerField()
    fees_minor = serializers.IntegerField()
    expected_credits_minor = serializers.IntegerField()
    p50_credits_minor = serializers.IntegerField()
    p90_credits_minor = serializers.IntegerField()
    p95_credits_minor = serializers.IntegerField()
    p99_credits_minor = serializers.IntegerField()
    any_credit = serializers.FloatField(help_text="Share of the years.")
    month_capped = serializers.FloatField(allow_null=True, help_text="Share of the years; null without such a cap.")
    year_capped = serializers.FloatField(allow_null=True, help_text="Share of the years; null without such a limit.")
    at_risk = AtRisksOutput()
    histogram = SimulatedBarOutput(many=True)
    margin = SimulatedMarginOutput(allow_null=True)


class SimulationOutput(serializers.Serializer[Any]):
    """A simulation; amounts are minor units of its currency."""

    simulation = serializers.UUIDField()
    engine = serializers.CharField()
    currency = serializers.CharField()
    time_zone = serializers.CharField()
    as_of = serializers.DateTimeField()
    assumptions = serializers.ListField(child=serializers.CharField())
    months = SimulatedMonthOutput(many=True)
    left_out = LeftOutOutput(many=True)
    unknown_assets = serializers.ListField(child=serializers.CharField())
    sweep = SimulatedSweepOutput(allow_null=True)
    distribution = SimulatedYearOutput(allow_null=True)
