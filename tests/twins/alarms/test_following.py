"""Readings become alarms: the follower's step on a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.scope.context import scope
from tests.twins.alarms.conftest import NOW, Watch, at
from twins.alarms.models import Alarm, AlarmEvent, AlarmFlood
from twins.alarms.rules import Scope, change_rule, delete_rule
from twins.alarms.services import (
    acknowledge_alarms,
    put_in_service,
    reset_alarms,
    shelve_alarms,
    take_out_of_service,
    touch_alarm,
    unshelve_alarms,
)
from twins.telemetry.schemas import Quality

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_limit_that_is_passed_becomes_an_alarm_with_its_exact_instant(watch: Watch) -> None:
    watch.rule()
    watch.read((1, 640.0), (2, 651.5), (3, 652.0))
    row = watch.alarm()
    assert (row.state, row.priority, row.name, row.value) == ("unacknowledged", "high", "Outlet hot", 651.5)
    assert (row.activated_at, row.annunciated_at) == (at(2), at(2))
    watch.read((4, 647.0))
    assert watch.alarm().state == "returned"
    assert watch.events() == [("activated", 2.0), ("cleared", 4.0)]


def test_the_same_news_again_tells_nothing_twice(watch: Watch) -> None:
    watch.rule()
    watch.read((1, 640.0), (2, 651.5))
    watch.read((1, 640.0), (2, 651.5))
    assert watch.events() == [("activated", 2.0)]


def test_a_delay_runs_out_by_the_clock(watch: Watch) -> None:
    watch.rule(for_="PT30S")
    watch.read((1, 651.5))
    assert watch.tick(2) == at(33)
    watch.tick(32.9)
    assert watch.events() == []
    watch.tick(33)
    assert watch.events() == [("activated", 31.0)]


def test_a_signal_falls_silent_and_speaks_again(watch: Watch) -> None:
    watch.rule("silent", above=None, deadband=None, silent="PT1M")
    watch.tick(0)
    watch.read((5, 640.0))
    watch.tick(70)
    assert watch.events("silent") == [("activated", 65.0)]
    watch.read((80, 640.0))
    assert watch.events("silent") == [("activated", 65.0), ("cleared", 80.0)]


def test_values_that_cannot_be_trusted_raise_no_alarm(watch: Watch) -> None:
    watch.rule()
    watch.read((1, 900.0), quality=Quality.SPIKE)
    assert watch.events() == []


def test_readings_of_days_ago_are_history(watch: Watch) -> None:
    watch.rule()
    watch.read((-90_000, 900.0), now=1)
    assert watch.events() == []


def test_late_readings_change_nothing_that_was_told(watch: Watch) -> None:
    watch.rule()
    watch.read((10, 651.5))
    watch.read((5, 600.0), now=11)
    assert watch.events() == [("activated", 10.0)]


def test_acknowledged_and_over(watch: Watch) -> None:
    watch.rule()
    watch.read((1, 651.5))
    watch.do(lambda: acknowledge_alarms(alarms=[Alarm.objects.get().id], by="bo", now=at(5)))
    row = watch.alarm()
    assert (row.state, row.acknowledged_by, row.acknowledged_at) == ("acknowledged", "bo", at(5))
    watch.read((6, 600.0))
    assert watch.alarm().state == "normal"


def test_a_latched_alarm_waits_for_its_reset(watch: Watch) -> None:
    watch.rule(latched=True)
    watch.read((1, 651.5), (2, 600.0))
    alarm = watch.alarm().id
    watch.do(lambda: acknowledge_alarms(alarms=[alarm], by="bo", now=at(5)))
    assert watch.alarm().state == "latched"
    watch.do(lambda: reset_alarms(alarms=[alarm], by="bo", now=at(6)))
    assert watch.alarm().state == "normal"


def test_shelved_alarms_come_back_when_their_time_is_over(watch: Watch) -> None:
    watch.rule()
    watch.read((1, 651.5))
    alarm = watch.alarm().id
    watch.do(lambda: shelve_alarms(alarms=[alarm], until=at(60), reason="cleaning", by="bo", now=at(5)))
    row = watch.alarm()
    assert (row.state, row.reason, row.hidden_by) == ("shelved", "cleaning", "bo")
    assert watch.tick(10) == at(60)
    watch.tick(61)
    row = watch.alarm()
    assert (row.state, row.reason, row.shelved_until) == ("unacknowledged", "", None)
    assert watch.events()[-1] == ("unshelved", 60.0)
    watch.do(lambda: shelve_alarms(alarms=[alarm], until=at(99), reason="again", by="bo", now=at(62)))
    watch.read((63, 600.0))
    watch.do(lambda: unshelve_alarms(alarms=[alarm], by="bo", now=at(64)))
    assert watch.alarm().state == "normal"


def test_out_of_service_before_it_was_ever_active(watch: Watch) -> None:
    watch.rule()
    alarm = watch.do(lambda: touch_alarm(asset=watch.assets[0], key="hot", now=NOW)).id
    watch.do(lambda: take_out_of_service(alarms=[alarm], reason="overhaul", by="bo", now=NOW))
    watch.read((1, 651.5))
    assert watch.alarm().state == "out_of_service"
    watch.do(lambda: put_in_service(alarms=[alarm], by="bo", now=at(5)))
    assert watch.alarm().state == "unacknowledged"


def test_suppressed_by_the_graver_alarm_also_at_the_same_reading(watch: Watch) -> None:
    watch.rule("very_hot", above="660", priority="critical", level="HH")
    watch.rule("hot", suppressed_by="very_hot", level="H")
    watch.read((1, 665.0))
    assert watch.alarm("very_hot").state == "unacknowledged"
    assert watch.alarm("hot").state == "suppressed"
    watch.read((2, 655.0))
    assert watch.alarm("very_hot").state == "returned"
    assert watch.alarm("hot").state == "unacknowledged"
    watch.read((3, 662.0))
    assert watch.alarm("hot").state == "suppressed"


def test_the_narrower_rule_counts(watch: Watch) -> None:
    watch.rule()
    watch.rule(of=Scope(twin=watch.fleet.twin, asset_type="turbofan-engine"), above="670")
    watch.rule(of=Scope(twin=watch.fleet.twin, asset=watch.assets[1]), above="680")
    watch.read((1, 675.0), asset=0)
    watch.read((1, 675.0), asset=1)
    assert watch.alarm(asset=0).state == "unacknowledged"
    with scope(watch.fleet.tenant):
        assert Alarm.objects.count() == 1


def test_a_changed_limit_counts_from_the_next_reading(watch: Watch) -> None:
    rule = watch.rule()
    watch.read((1, 655.0))
    document = {**rule.document, "above": "660"}
    watch.do(lambda: change_rule(rule=rule.id, version=1, document=document, by="bo", now=at(2)))
    watch.read((3, 655.0))
    assert watch.events() == [("activated", 1.0), ("cleared", 3.0)]


def test_an_alarm_whose_rule_is_gone_is_withdrawn(watch: Watch) -> None:
    rule = watch.rule()
    watch.read((1, 655.0))
    watch.do(lambda: delete_rule(rule=rule.id, by="bo", now=at(2)))
    watch.tick(3)
    assert watch.alarm().state == "normal"
    assert watch.events()[-1] == ("withdrawn", 3.0)


def test_a_flood_begins_and_ends(watch: Watch) -> None:
    watch.rule()
    rows = [(float(n), 655.0 if n % 2 else 600.0) for n in range(1, 24)]
    watch.read(*rows)
    with scope(watch.fleet.tenant):
        present = AlarmFlood.objects.get()
        assert (present.begun_at, present.count) == (at(21), 12)
    watch.tick(23 + 600)
    with scope(watch.fleet.tenant):
        over = AlarmFlood.objects.exclude(ended_at=None).get()
        assert (over.begun_at, over.ended_at, over.count) == (at(21), at(15) + timedelta(minutes=10), 12)


def test_what_happened_is_never_changed(watch: Watch) -> None:
    watch.rule()
    watch.read((1, 655.0))
    with pytest.raises(Exception, match="never changed"), scope(watch.fleet.tenant):
        AlarmEvent.objects.update(note="it was not me")


def test_a_thousand_alarms_take_as_many_queries_as_one(watch: Watch) -> None:
    for number in range(20):
        watch.rule(f"hot_{number}")
    watch.read((1, 600.0))
    with CaptureQueriesContext(
        connection,
    ) as few:
        watch.read((2, 655.0))
    for number in range(20, 60):
        watch.rule(f"hot_{number}")
    watch.read((3, 600.0))
    with CaptureQueriesContext(connection) as many:
        watch.read((4, 655.0))
    assert len(many) <= len(few) + 1  # the first round made rows, the second makes some and changes some
