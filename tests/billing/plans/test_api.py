"""The API of plans: three forms of CloudEvents for the operator, the own fees for everybody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from billing.plans.models import UsageEvent
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.plans.world import Market, event, prices

Keyed = Callable[[Tenant, Role], APIClient]
PATH = "/api/v1/usage-events/"
SINGLE, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


@pytest.fixture
def client(market: Market, with_key: Keyed) -> APIClient:
    """The operator's key."""
    return with_key(market.operator, Role.FINANCE)


def fresh(**changes: Any) -> dict[str, Any]:
    """An event of now."""
    return event(time=timezone.now().isoformat(), **changes)


def send(client: APIClient, body: object, form: str, **headers: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return client.generic("POST", PATH, text, content_type=form, **headers)


def test_one_event_in_structured_mode(client: APIClient, market: Market) -> None:
    answer = send(client, fresh(), SINGLE)
    assert answer.status_code == 200
    told = {"index": 0, "answer": "accepted", "source": "/gpu/1", "id": "e1", "findings": []}
    assert answer.json() == {"accepted": 1, "duplicate": 0, "conflict": 0, "refused": 0, "events": [told]}
    (listed,) = client.get(PATH).json()["results"]
    assert (listed["source"], listed["id"], listed["value"], listed["subject"]) == (
        "/gpu/1", "e1", "3600", str(market.organisation.id),
    )  # fmt: skip


def test_a_batch_tells_each(client: APIClient) -> None:
    one = fresh()
    answer = send(client, [one, one, one | {"data": {"value": 1}}, {"id": "x"}], f"{BATCH}; charset=utf-8")
    assert answer.status_code == 207
    body = answer.json()
    assert [each["answer"] for each in body["events"]] == ["accepted", "duplicate", "conflict", "refused"]
    assert [body[kind] for kind in ("accepted", "duplicate", "conflict", "refused")] == [1, 1, 1, 1]
    assert {each["place"] for each in body["events"][3]["findings"]} >= {"specversion", "source", "time", "data"}


def test_binary_mode(client: APIClient, market: Market) -> None:
    one = fresh(id="e 7")
    headers = {f"HTTP_CE_{name.upper()}": one[name].replace(" ", "%20") for name in one if name != "data"}
    answer = send(client, {"value": "0.5"}, "application/json", **headers)
    assert answer.json()["accepted"] == 1, answer.json()
    with scope(market.operator.id):
        assert UsageEvent.objects.get().event_id == "e 7"


@pytest.mark.parametrize("name", ["ID", "SOURCE"])
def test_a_header_that_cannot_be_kept_is_told(client: APIClient, name: str) -> None:
    one = fresh()
    headers = {f"HTTP_CE_{each.upper()}": one[each] for each in one if each != "data"} | {f"HTTP_CE_{name}": "a%00b"}
    assert send(client, {"value": "0.5"}, "application/json", **headers).status_code == 400


def test_numbers_are_not_rounded_on_the_way(client: APIClient) -> None:
    text = json.dumps(fresh()).replace('"3600"', "123456789012345678.123456789")
    assert send(client, text, SINGLE).json()["accepted"] == 1
    assert client.get(PATH).json()["results"][0]["value"] == "123456789012345678.123456789"


@pytest.mark.parametrize("body", ["{", "NaN", '"\\u0000"', "[" * 100_000, '{"a": Infinity}', "9" * 5000])
def test_what_is_no_json_is_told(client: APIClient, body: str) -> None:
    answer = send(client, body, SINGLE)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_batch_is_a_list(client: APIClient) -> None:
    assert send(client, {}, BATCH).status_code == 400
    assert send(client, [], BATCH).json()["events"] == []


def test_plain_json_is_no_event(client: APIClient) -> None:
    answer = send(client, fresh(), "application/json")
    assert (answer.status_code, answer.json()["code"]) == (415, "usage.form")


def test_too_many_are_told(client: APIClient) -> None:
    assert send(client, [{}] * 1001, BATCH).status_code == 413


def test_nobody_else_is_the_operator(market: Market, with_key: Keyed) -> None:
    other = with_key(market.organisation, Role.OWNER)
    for path in (PATH, "/api/v1/plan-prices/", "/api/v1/plan-accounts/"):
        answer = other.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "plans.not_operator")
    assert send(other, fresh(), SINGLE).status_code == 404
    asked = {"document": prices(), "valid_from": "2099-01-01T00:00:00Z"}
    assert other.post("/api/v1/plan-prices/", asked, format="json").status_code == 404


def test_who_only_reads_sends_nothing(market: Market, with_key: Keyed) -> None:
    assert send(with_key(market.operator, Role.VIEWER), fresh(), SINGLE).status_code == 403


def test_prices_and_accounts(client: APIClient, market: Market) -> None:
    asked = {"document": prices(monthly_minor=5), "valid_from": "2099-01-01T00:00:00Z"}
    answer = client.post("/api/v1/plan-prices/", asked, format="json")
    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    meter = prices()["meters"][0] | {"tiers": [{"from": "1", "to": None, "price": "1"}]}
    refused = client.post("/api/v1/plan-prices/", asked | {"document": prices(meters=[meter])}, format="json")
    assert refused.status_code == 422
    assert [each["code"] for each in refused.json()["findings"]] == ["plan.tiers_hole"]
    (account,) = client.get("/api/v1/plan-accounts/").json()["results"]
    assert (account["slug"], account["time_zone"], account["why"]) == ("meridian", "UTC", "")


def test_ones_own_fees(market: Market, with_key: Keyed) -> None:
    mine = with_key(market.organisation, Role.FINANCE)
    assert mine.get("/api/v1/fees/").json() == {"as_of": None, "sheet": None}
    assert mine.get("/api/v1/plan-invoices/").json()["results"] == []
    assert with_key(market.organisation, Role.VIEWER).get("/api/v1/fees/").status_code == 403
