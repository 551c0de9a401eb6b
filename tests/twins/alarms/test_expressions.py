"""Alarms on expressions, on stored readings, through the follower."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.live.station import NOW, Station, make_station
from twins.alarms import following
from twins.alarms.following import AlarmStep
from twins.alarms.models import Alarm, AlarmEvent, AlarmRule
from twins.alarms.rules import AlarmRuleError, Scope, change_rule, create_rule
from twins.live.following import follow_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
START = NOW - timedelta(hours=1)
DRY = {"when": "flow < 2 m3/h and outlet > inlet", "for": "PT5S", "priority": "critical"}


@pytest.fixture
def station(transactional_db: None, tenant: Tenant) -> Station:
    return make_station(tenant)


def rule(station: Station, document: dict[str, Any], key: str = "dry") -> None:
    with scope(station.tenant):
        create_rule(key=key, scope=Scope(asset_type="test-pump"), document=document, by="ada", now=NOW)


def follow(station: Station, step: AlarmStep, *, commits: int = 1000, now: datetime = NOW) -> None:
    while follow_once(station.tenant, step, commits=commits, now=now).has_more:
        pass


def happened(station: Station) -> list[tuple[str, float]]:
    with scope(station.tenant):
        rows = AlarmEvent.objects.order_by("at", "id")
        return [(row.kind, (row.at - START).total_seconds()) for row in rows]


ROWS = [
    ("A/flow", 0, 1.0), ("A/inlet", 0, 1.0), ("A/outlet", 3, 2.0), ("A/flow", 6, 1.5), ("A/flow", 10, 3.0),
    ("B/flow", 0, 1.0),
]  # fmt: skip


def test_an_expression_over_signals_that_are_read_at_different_times(station: Station) -> None:
    rule(station, DRY)
    station.send(ROWS)
    follow(station, AlarmStep())
    assert happened(station) == [("activated", 8.0), ("cleared", 10.0)]


def test_commit_by_commit_as_all_at_once(station: Station) -> None:
    rule(station, DRY)
    for row in sorted(ROWS, key=lambda row: row[1]):
        station.send([row])
    step = AlarmStep()
    follow(station, step, commits=1)
    assert happened(station) == [("activated", 8.0), ("cleared", 10.0)]
    follow(station, AlarmStep())
    assert len(happened(station)) == 2


def test_a_step_that_dies_leaves_nothing_and_goes_on_where_it_was(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(station, DRY)
    station.send(ROWS)
    with monkeypatch.context() as broken:
        broken.setattr(following, "run_escalations", lambda *, now: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            follow(station, AlarmStep())
    assert happened(station) == []
    with scope(station.tenant):
        assert not Alarm.objects.exists()
    follow(station, AlarmStep())
    assert happened(station) == [("activated", 8.0), ("cleared", 10.0)]


def test_an_expression_that_means_nothing_is_refused(station: Station) -> None:
    for text in ("flow <", "flow < 2 bar", "speed > 1", "flow"):
        with pytest.raises(AlarmRuleError):
            rule(station, {"when": text})


def test_a_derived_signal_is_watched_like_any_other(station: Station) -> None:
    rule(station, {"signal": "head", "above": "1", "priority": "low"}, key="high_head")
    with scope(station.tenant):
        from twins.alarms.planning import current_plan

        (one, _two) = current_plan().points
        assert (one.unit, one.alarm.signal) == ("bar", "head")


HIGH = {"signal": "outlet", "above": "5", "priority": "high", "suppressed_when": "flow < 2 m3/h"}


def standing(station: Station, key: str = "dry") -> str:
    with scope(station.tenant):
        return Alarm.objects.get(key=key, asset_name="A").state


def test_an_alarm_is_suppressed_while_an_expression_holds(station: Station) -> None:
    rule(station, HIGH)
    step = AlarmStep()
    station.send([("A/flow", 0, 1.0), ("A/outlet", 5, 9.0)])
    follow(station, step)
    assert happened(station) == [("suppressed", 0.0), ("activated", 5.0)]
    assert standing(station) == "suppressed"
    station.send([("A/flow", 10, 3.0)])
    follow(station, step)
    assert happened(station)[2:] == [("unsuppressed", 10.0)]
    assert standing(station) == "unacknowledged"  # it is active still, and calls now
    station.send([("A/outlet", 12, 1.0), ("A/flow", 15, 1.0)])
    follow(station, step)
    assert happened(station)[3:] == [("cleared", 12.0), ("suppressed", 15.0)]
    with scope(station.tenant):
        notes = AlarmEvent.objects.filter(kind="suppressed").values_list("note", "is_annunciation")
        assert list(notes) == [("flow < 2 m3/h", False)] * 2


def test_what_suppresses_and_what_calls_at_one_instant(station: Station) -> None:
    rule(station, HIGH)
    station.send([("A/outlet", 5, 9.0), ("A/flow", 5, 1.0)])
    follow(station, AlarmStep())
    assert happened(station) == [("suppressed", 5.0), ("activated", 5.0)]


def test_an_alarm_stays_suppressed_while_either_of_two_wants_it(station: Station) -> None:
    rule(station, {"signal": "inlet", "above": "5", "priority": "low"}, key="inlet_high")
    rule(station, {**HIGH, "suppressed_by": "inlet_high"})
    step = AlarmStep()
    station.send([("A/flow", 0, 1.0), ("A/inlet", 1, 9.0), ("A/flow", 2, 3.0)])
    follow(station, step)
    assert standing(station) == "suppressed"  # the other alarm still does
    station.send([("A/flow", 3, 1.0), ("A/inlet", 4, 1.0)])
    follow(station, step)
    assert standing(station) == "suppressed"  # the expression still does
    station.send([("A/flow", 6, 3.0)])
    follow(station, step)
    assert standing(station) == "normal"


def test_an_alarm_is_shown_again_when_its_rule_suppresses_it_no_longer(station: Station) -> None:
    rule(station, HIGH)
    step = AlarmStep()
    station.send([("A/flow", 0, 1.0), ("A/outlet", 5, 9.0)])
    follow(station, step)
    with scope(station.tenant):
        row = AlarmRule.objects.get()
        document = {name: value for name, value in HIGH.items() if name != "suppressed_when"}
        change_rule(rule=row.id, version=1, document=document, by="ada", now=NOW + timedelta(seconds=1))
        step.tick(now=NOW + timedelta(seconds=10))
    assert standing(station) == "unacknowledged"


def test_an_expression_that_suppresses_and_means_nothing_is_refused(station: Station) -> None:
    with pytest.raises(AlarmRuleError) as caught:
        rule(station, {**HIGH, "suppressed_when": "flow < 2 bar"})
    assert caught.value.findings[0].place.startswith("alarms/dry/suppressed_when")
