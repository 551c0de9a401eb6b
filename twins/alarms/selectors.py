"""Alarms to read: how they stand, what happened to them, and how well they serve those who watch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from tenants.kernel.errors import NotFoundError
from twins.alarms.domain.states import HIDDEN, STANDING, AlarmState
from twins.alarms.models import (
    Alarm,
    AlarmChannel,
    AlarmDelivery,
    AlarmEvent,
    AlarmRule,
    AlarmRuleVersion,
    EscalationChain,
    OnCallSchedule,
)

ON_LIST = tuple(each.value for each in STANDING)
PUT_AWAY = tuple(each.value for each in HIDDEN)


class AlarmNotFoundError(NotFoundError):
    """The tenant has no such alarm."""

    code = "alarm.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such alarm", place="alarm", fix="Choose one from the list of alarms.")


class AlarmRuleNotFoundError(NotFoundError):
    """The tenant has no such rule."""

    code = "alarm_rule.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such rule", place="rule", fix="Choose one from the list of rules.")


def alarms() -> QuerySet[Alarm]:
    """The alarms that have ever been active, or touched, with their twins; what needs somebody first."""
    return Alarm.objects.filter(twin__trashed_at=None).select_related("twin")


def alarm(alarm_id: UUID) -> Alarm:
    """One alarm.

    Raises:
        AlarmNotFoundError: The tenant has no such alarm, or it is not within reach.
    """
    found = alarms().filter(id=alarm_id).first()
    if found is None:
        raise AlarmNotFoundError
    return found


def standing_of(signals: Mapping[UUID, Collection[str]], start: datetime, end: datetime | None) -> QuerySet[Alarm]:
    """The alarms on the list that watch some signals and became active in ``[start, end)``, or from `start` on.

    Args:
        signals: The keys of the signals, by asset.
        start: First moment.
        end: First moment after, None for no end.
    """
    watching = reduce(or_, (Q(asset=asset, signal__in=keys) for asset, keys in signals.items()), Q(pk__in=()))
    found = alarms().filter(watching, state__in=ON_LIST, activated_at__gte=start)
    return found if end is None else found.filter(activated_at__lt=end)


def similar_to(row: Alarm) -> QuerySet[Alarm]:
    """The same alarm of other assets, and others of the same asset."""
    return alarms().filter(Q(key=row.key) | Q(asset=row.asset)).exclude(id=row.id)


def history(alarm_id: UUID) -> QuerySet[AlarmEvent]:
    """What happened to an alarm, the newest first."""
    return AlarmEvent.objects.filter(alarm=alarm_id)


def unacknowledged() -> dict[str, int]:
    """How many alarms nobody has acknowledged, by priority."""
    waiting = (AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED)
    rows = alarms().filter(state__in=waiting).order_by().values_list("priority")
    return dict(rows.annotate(number=Count("*")))


def rules() -> QuerySet[AlarmRule]:
    """What people made, with the twins it is for."""
    return AlarmRule.objects.select_related("twin")


def rule(rule_id: UUID) -> AlarmRule:
    """One rule.

    Raises:
        AlarmRuleNotFoundError: The tenant has no such rule.
    """
    found = rules().filter(id=rule_id).first()
    if found is None:
        raise AlarmRuleNotFoundError
    return found


def versions(rule_id: UUID) -> QuerySet[AlarmRuleVersion]:
    """What a rule said from when on, the newest first."""
    return AlarmRuleVersion.objects.filter(rule=rule_id)


def channels() -> QuerySet[AlarmChannel]:
    """Where alarms are told."""
    return AlarmChannel.objects.all()


def schedules() -> QuerySet[OnCallSchedule]:
    """Who is on call when."""
    return OnCallSchedule.objects.all()


def chains() -> QuerySet[EscalationChain]:
    """Who is told of what, and after whom."""
    return EscalationChain.objects.select_related("twin")


def deliveries() -> QuerySet[AlarmDelivery]:
    """What went out, or is to, the newest first."""
    return AlarmDelivery.objects.select_related("channel")
