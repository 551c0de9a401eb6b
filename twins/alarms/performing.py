"""The figures of an organisation's alarms, and the page and the API that show them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.alarms.domain.performance import ACCEPTABLE_PER_HOUR, MOST_PER_HOUR, RECOMMENDED, Performance, performance
from twins.alarms.models import AlarmEvent, AlarmFlood
from twins.alarms.selectors import alarms
from twins.telemetry.instants import micros

DAYS = (1, 7, 30, 90)
STANDING_FROM = timedelta(hours=24)
"""An alarm that is active for longer is standing, which ISA-18.2 calls stale."""
MOST_READ = 200_000
MOST_SHOWN = 20


def figures(start: datetime, end: datetime, *, operators: int = 1) -> tuple[Performance, dict[str, Any]]:
    """The figures of ``[start, end)``, and by their ids the alarms that they name."""
    rows = AlarmEvent.objects.filter(is_annunciation=True, at__gte=start, at__lt=end, twin__trashed_at=None)
    found = rows.order_by("at", "id").values_list("alarm_id", "at", "priority")[:MOST_READ]
    came = [(str(alarm), micros(at), priority) for alarm, at, priority in found]
    shown = performance(came, micros(start), micros(end), operators=operators)
    named = {each.alarm for each in shown.frequent} | set(shown.chattering[:MOST_SHOWN])
    return shown, {str(row.id): row for row in alarms().filter(id__in=named)}


def _asked(value: str | None, known: tuple[int, ...] | range, usual: int) -> int:
    return int(value) if value is not None and value.isdecimal() and len(value) < 4 and int(value) in known else usual


@require_safe
@page(needs=Permission.ALARMS_READ)
def performance_page(request: HttpRequest) -> HttpResponse:
    """How well the alarms serve those who watch them."""
    now = utc_now()
    days, operators = _asked(request.GET.get("days"), DAYS, 7), _asked(request.GET.get("operators"), range(1, 100), 1)
    shown, named = figures(now - timedelta(days=days), now, operators=operators)
    standing = alarms().filter(is_active=True, activated_at__lt=now - STANDING_FROM).order_by("activated_at")
    floods = AlarmFlood.objects.exclude(begun_at=None).order_by("-begun_at")
    context = {
        "shown": shown, "days": days, "choices": DAYS, "operators": operators,
        "frequent": [(each, named[each.alarm]) for each in shown.frequent if each.alarm in named],
        "chattering": [named[each] for each in shown.chattering if each in named],
        "standing": standing[:MOST_SHOWN], "floods": floods[:MOST_SHOWN] if actor_of(request).twins is None else [],
        "priorities": [(name, shown.priorities[name], wanted) for name, wanted in RECOMMENDED.items()],
        "rate_tone": _tone(shown.per_hour, ACCEPTABLE_PER_HOUR, MOST_PER_HOUR),
        "flood_tone": _tone(shown.flooded_percent, 1, 5), "can_edit": actor_of(request).may(Permission.ALARMS_EDIT),
    }  # fmt: skip
    return render(request, "alarms/performance.html", context)


def _tone(value: float, good: float, bad: float) -> str:
    return "good" if value <= good else "warning" if value <= bad else "bad"


class FrequentOutput(serializers.Serializer[Any]):
    """An alarm that comes often."""

    alarm = serializers.UUIDField()
    count = serializers.IntegerField()
    percent = serializers.FloatField()


class PerformanceOutput(serializers.Serializer[Any]):
    """The figures of ISA-18.2 for the last days."""

    count = serializers.IntegerField()
    per_hour = serializers.FloatField(help_text="For each operator.")
    most_per_ten_minutes = serializers.IntegerField()
    flooded_percent = serializers.FloatField()
    frequent = FrequentOutput(many=True)
    frequent_percent = serializers.FloatField()
    chattering = serializers.ListField(child=serializers.UUIDField())
    priorities = serializers.DictField(child=serializers.FloatField())


class PerformanceView(APIView):
    """How well the alarms serve those who watch them."""

    needs: ClassVar = {"read": Permission.ALARMS_READ}

    @extend_schema(
        operation_id="alarms_performance_retrieve", responses=PerformanceOutput,
        parameters=[OpenApiParameter("days", int, enum=DAYS), OpenApiParameter("operators", int)],
    )  # fmt: skip
    def get(self, request: Request, **_: Any) -> Response:
        """The figures of the last days; 7 unless asked otherwise."""
        now = utc_now()
        days = _asked(request.query_params.get("days"), DAYS, 7)
        operators = _asked(request.query_params.get("operators"), range(1, 100), 1)
        shown, _named = figures(now - timedelta(days=days), now, operators=operators)
        return Response(asdict(shown))
