"""Alarms over the REST API and on their pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.kernel.clock import isoformat, utc_now
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import held_to, scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.lists import MOST_QUERIES
from tests.twins.conftest import make_fleet
from twins.alarms import selectors
from twins.alarms.following import finish
from twins.alarms.models import Alarm, AlarmEvent, AlarmRule
from twins.alarms.planning import current_plan
from twins.alarms.rules import Scope, create_rule
from twins.alarms.transitions import Change, apply_changes
from twins.sharing.models import SharedView
from twins.telemetry.instants import micros

Keyed = Callable[[Tenant, Role], APIClient]
SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db
HOT = {"signal": "t24", "above": "650", "priority": "high", "name": {"en": "Outlet hot"}, "action": "Open the valve."}
API, PAGES = "/api/v1/alarms/", "/t/meridian/alarms/"


def raised(tenant: Tenant, count: int = 2) -> list[UUID]:
    """Alarms of as many engines, active for a minute."""
    make_fleet(tenant, count=count)
    now = utc_now()
    with scope(tenant.id):
        create_rule(key="hot", scope=Scope(asset_type="turbofan-engine"), document=HOT, by="ada", now=now)
        plan = current_plan()
        at = micros(now - timedelta(minutes=1))
        changes = [Change(number, at, active=True, value=651.0) for number in range(count)]
        finish(apply_changes(plan, changes, now=now))
        return list(Alarm.objects.order_by("asset_name").values_list("id", flat=True))


def test_an_alarm_from_its_call_to_its_end(tenant: Tenant, with_key: Keyed) -> None:
    one, two = raised(tenant)
    client = with_key(tenant, Role.ENGINEER)
    body = client.get(f"{API}{one}/").json()
    assert (body["state"], body["priority"], body["value"], body["unit"]) == ("unacknowledged", "high", 651.0, "[degR]")
    done = client.post(f"{API}acknowledge/", {"alarms": [one], "note": "seen"}, format="json")
    assert [each["state"] for each in done.json()] == ["acknowledged"]
    until = isoformat(utc_now() + timedelta(hours=2))
    shelf = {"alarms": [one, two], "until": until, "reason": "cleaning"}
    assert {each["state"] for each in client.post(f"{API}shelve/", shelf, format="json").json()} == {"shelved"}
    assert client.get(f"{API}?state=shelved").json()["results"][0]["reason"] == "cleaning"
    both = {"alarms": [one, two]}
    assert {each["state"] for each in client.post(f"{API}unshelve/", both, format="json").json()} == {"unacknowledged"}
    out = client.post(f"{API}out-of-service/", {**both, "reason": "overhaul"}, format="json").json()
    assert {each["state"] for each in out} == {"out_of_service"}
    assert {each["state"] for each in client.post(f"{API}in-service/", both, format="json").json()} == {
        "unacknowledged"
    }
    assert client.post(f"{API}{one}/comment/", {"note": "valve 3"}, format="json").status_code == 204
    told = client.get(f"{API}{one}/history/").json()["results"]
    assert [each["kind"] for each in reversed(told)] == [
        "activated", "acknowledged", "shelved", "unshelved", "out_of_service", "in_service", "commented",
    ]  # fmt: skip
    assert told[-2]["note"] == "seen"
    assert told[-2]["by"]


@pytest.mark.parametrize(
    ("deed", "body", "code"),
    [
        ("acknowledge", {"alarms": []}, "request.invalid"),
        ("acknowledge", {"alarms": [str(uuid4())]}, "alarm.not_found"),
        ("shelve", {"reason": "x", "until": "2020-01-01T00:00:00Z"}, "alarm.shelf_time"),
        ("shelve", {"reason": "x", "until": "2200-01-01T00:00:00Z"}, "alarm.shelf_time"),
        ("out-of-service", {}, "request.invalid"),
    ],
)
def test_what_cannot_be_done(tenant: Tenant, with_key: Keyed, deed: str, body: dict[str, Any], code: str) -> None:
    (one,) = raised(tenant, count=1)
    answer = with_key(tenant, Role.ENGINEER).post(f"{API}{deed}/", {"alarms": [one], **body}, format="json")
    assert answer.status_code in (400, 404)
    assert answer.json()["code"] == code
    with scope(tenant.id):
        assert AlarmEvent.objects.count() == 1


def test_those_of_one_twin_that_stand(tenant: Tenant, with_key: Keyed) -> None:
    one, two = raised(tenant)
    client = with_key(tenant, Role.ENGINEER)
    twin = client.get(f"{API}{one}/").json()["twin"]
    shelf = {"alarms": [two], "until": isoformat(utc_now() + timedelta(hours=2)), "reason": "cleaning"}
    client.post(f"{API}shelve/", shelf, format="json")

    def listed(**query: str) -> set[str]:
        return {each["id"] for each in client.get(API, query).json()["results"]}

    assert listed(twin=twin) == {str(one), str(two)}
    assert listed(twin=twin, standing="true") == {str(one)}
    assert listed(twin=str(uuid4())) == set()
    assert client.get(API, {"twin": "mine"}).status_code == 400


def test_who_may_look_and_who_may_act(tenant: Tenant, with_key: Keyed) -> None:
    (one,) = raised(tenant, count=1)
    viewer, planner = with_key(tenant, Role.VIEWER), with_key(tenant, Role.PLANNER)
    assert viewer.get(f"{API}{one}/").status_code == 200
    assert viewer.post(f"{API}acknowledge/", {"alarms": [one]}, format="json").status_code == 403
    assert planner.post(f"{API}acknowledge/", {"alarms": [one]}, format="json").status_code == 200
    assert planner.post("/api/v1/alarm-rules/", {}, format="json").status_code == 403
    assert with_key(tenant, Role.CUSTOMER).get(API).status_code == 403


def test_somebody_held_to_other_twins_sees_and_touches_nothing(tenant: Tenant) -> None:
    (one,) = raised(tenant, count=1)
    with scope(tenant.id), held_to(frozenset({uuid4()})):
        assert not selectors.alarms().exists()
        assert not AlarmEvent.objects.exists()
        with pytest.raises(selectors.AlarmNotFoundError):
            selectors.alarm(one)


def test_rules_have_versions_and_an_audit(tenant: Tenant, with_key: Keyed) -> None:
    make_fleet(tenant)
    client = with_key(tenant, Role.ENGINEER)
    body = {"key": "hot", "asset_type": "turbofan-engine", "document": HOT}
    made = client.post("/api/v1/alarm-rules/", body, format="json")
    assert made.status_code == 201, made.json()
    one = f"/api/v1/alarm-rules/{made.json()['id']}/"
    assert client.post("/api/v1/alarm-rules/", body, format="json").json()["code"] == "alarm_rule.taken"
    changed = {"version": 1, "document": {**HOT, "above": "660"}}
    assert client.put(one, changed, format="json").json()["version"] == 2
    assert client.put(one, changed, format="json").json()["code"] == "alarm_rule.stale"
    assert client.post(f"{one}switch/", {"is_enabled": False}, format="json").json()["is_enabled"] is False
    with scope(tenant.id):
        rule = AlarmRule.objects.get()
        assert [row.version for row in selectors.versions(rule.id)] == [3, 2, 1]
        assert not current_plan().points
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"above": "1"}, "signal"),
        ({"signal": "t24"}, "hot"),
        ({"signal": "t24", "above": "1", "below": "0"}, "hot"),
        ({"signal": "nothing", "above": "1"}, "signal"),
        ({"signal": "t24", "above": 1}, "above"),
        ({"signal": "t24", "above": "1", "deadband": "-1"}, "deadband"),
        ({"signal": "t24", "above": "1", "window": "PT1S"}, "window"),
        ({"signal": "t24", "silent": "PT0S"}, "silent"),
        ({"signal": "t24", "above": "1", "suppressed_by": "other"}, "suppressed_by"),
        ({"signal": "t24", "above": "1", "priority": "urgent"}, "priority"),
        ({"signal": "t24", "above": "1", "surprise": 1}, "surprise"),
    ],
)
def test_what_is_no_alarm(tenant: Tenant, with_key: Keyed, document: dict[str, Any], place: str) -> None:
    make_fleet(tenant, count=1)
    body = {"key": "hot", "asset_type": "turbofan-engine", "document": document}
    answer = with_key(tenant, Role.ENGINEER).post("/api/v1/alarm-rules/", body, format="json")
    assert answer.status_code == 422, answer.json()
    assert answer.json()["code"] == "alarm_rule.invalid"
    assert place in str(answer.json())


def test_the_list_takes_as_many_queries_however_long_it_is(
    cast: Cast, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    raised(cast.meridian, count=12)
    client = sign_in(cast.owner)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get(f"{PAGES}?state=standing")
    assert page.status_code == 200
    assert page.content.count(b'name="alarm"') == 12
    assert "Outlet hot" in client.get(f"{PAGES}?format=csv").content.decode()


def test_deeds_on_the_page(cast: Cast, sign_in: SignIn) -> None:
    one, two = raised(cast.meridian)
    client = sign_in(cast.engineer)
    act = f"{PAGES}act/"
    assert b"2" in client.get(f"{PAGES}badge/").content
    client.post(act, {"deed": "all", "shown": [one, two], "back": PAGES})
    with scope(cast.meridian.id):
        assert set(Alarm.objects.values_list("state", flat=True)) == {"acknowledged"}
    answer = client.post(
        act, {"deed": "shelve", "alarm": [one], "hours": "2", "reason": "", "back": PAGES}, follow=True
    )
    assert b"a reason is wanted" in answer.content.lower()
    client.post(act, {"deed": "shelve", "alarm": [one], "hours": "2", "reason": "cleaning", "back": PAGES})
    with scope(cast.meridian.id):
        assert Alarm.objects.get(id=one).state == "shelved"
    assert client.post(act, {"deed": "explode", "back": "https://evil.example/"})["Location"] == PAGES
    assert sign_in(cast.viewer).post(act, {"deed": "all", "shown": [one]}).status_code == 403


def test_the_page_of_an_alarm(cast: Cast, sign_in: SignIn) -> None:
    (one,) = raised(cast.meridian, count=1)
    client = sign_in(cast.engineer)
    page = client.get(f"{PAGES}{one}/")
    assert page.status_code == 200
    assert b"Open the valve." in page.content
    client.post(f"{PAGES}{one}/comment/", {"note": "valve 3 sticks"})
    assert b"valve 3 sticks" in client.get(f"{PAGES}{one}/").content
    assert client.get(f"{PAGES}{uuid4()}/").status_code == 404
    assert sign_in(cast.outsider).get(f"{PAGES}{one}/").status_code in (403, 404)


def test_a_rule_is_made_without_code(cast: Cast, sign_in: SignIn) -> None:
    make_fleet(cast.meridian)
    client = sign_in(cast.engineer)
    assert b"Fleet" in client.get(f"{PAGES}rules/new/").content
    new = f"{PAGES}rules/new/?twin=fleet"
    values = {
        "target": "here turbofan-engine", "name": "Outlet hot", "signal": "t24", "condition": "above", "limit": "650",
        "level": "H", "deadband": "2", "on_delay": "30", "priority": "high", "action": "Open the valve.",
    }  # fmt: skip
    assert client.get(new).status_code == 200
    bad = client.post(new, {**values, "limit": ""})
    assert bad.status_code == 400
    made = client.post(new, values)
    assert made.status_code == 302, made.content.decode()
    with scope(cast.meridian.id):
        rule = AlarmRule.objects.get()
        assert rule.document == {
            "name": {"en": "Outlet hot"}, "signal": "t24", "above": "650", "level": "H", "deadband": "2",
            "for": "PT30S", "priority": "high", "action": "Open the valve.",
        }  # fmt: skip
        assert len(current_plan().points) == 2
    address = made["Location"]
    page = client.get(address)
    assert page.status_code == 200
    assert client.post(address, {**values, "limit": "660"}).status_code == 302
    assert b"outlet_hot" in client.get(f"{PAGES}rules/").content
    assert client.post(f"{address}switch/").status_code == 302
    assert client.post(f"{address}delete/", {"typed": "outlet_hot"}).status_code == 302
    with scope(cast.meridian.id):
        assert not AlarmRule.objects.exists()


def test_figures_of_the_performance(cast: Cast, sign_in: SignIn, with_key: Keyed) -> None:
    raised(cast.meridian, count=12)
    client = sign_in(cast.viewer)
    page = client.get(f"{PAGES}performance/?days=1&operators=2")
    assert page.status_code == 200
    assert client.get(f"{PAGES}performance/?days=x&operators=-1").status_code == 200
    told = with_key(cast.meridian, Role.VIEWER).get(f"{API}performance/?days=1").json()
    assert (told["count"], told["per_hour"], told["most_per_ten_minutes"]) == (12, 0.5, 12)
    assert told["priorities"] == {"low": 0.0, "medium": 0.0, "high": 100.0}


def test_a_customers_people_see_the_alarms_of_what_is_shared_with_them(cast: Cast, sign_in: SignIn) -> None:
    raised(cast.meridian)
    now = utc_now()
    with scope(cast.meridian.id):
        one = Alarm.objects.order_by("asset_name")[0]
        made: dict[str, Any] = {"customer_id": cast.northwind, "twin_id": one.twin_id, "made_by": "ada", "made_at": now}
        signals = {str(one.asset): ["t24"]}
        view = SharedView.objects.create(name="Mine", signals=signals, start=now - timedelta(hours=1), **made).id
        later = SharedView.objects.create(name="Later", signals=signals, start=now, **made).id
        other = SharedView.objects.create(
            name="Other", signals={str(one.asset): ["t30"]}, start=now - timedelta(hours=1), **made
        ).id
    client = sign_in(cast.reader)
    assert client.get(f"/t/meridian/assets/{view}/").content.count(b"Outlet hot") == 1
    for each in (later, other):
        assert b"Outlet hot" not in client.get(f"/t/meridian/assets/{each}/").content
    assert client.get(PAGES).status_code == 403


def test_the_bell_says_how_many_wait(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    assert '<span class="visually-hidden">No alarm to acknowledge</span>' in bell(client)
    raised(cast.meridian)
    assert '<span class="visually-hidden">2 alarms to acknowledge</span>' in bell(client)


def bell(client: Client) -> str:
    return client.get(f"{PAGES}badge/").content.decode()
