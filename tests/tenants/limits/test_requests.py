"""Requests to the API: counted in one call to Redis, refused beyond the day's, kept in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from tenants.limits import requests, selectors, services
from tenants.limits.domain.plans import Meter
from tenants.limits.domain.standing import LimitReachedError
from tenants.limits.requests import count_request, save_requests
from tenants.limits.schemas import WHOLE
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY, OTHER = uuid4(), uuid4()


def limit(tenant: Tenant, value: int | None) -> None:
    with scope(tenant.id):
        services.raise_limit(meter=Meter.REQUESTS_PER_DAY, value=value, until=None, reason="", by="support", now=NOW)


def test_each_key_and_all_of_them(tenant: Tenant) -> None:
    with scope(tenant.id):
        for key in (KEY, KEY, OTHER):
            count_request(key=key, now=NOW)
        save_requests()
        assert selectors.used_today(Meter.REQUESTS_PER_DAY, NOW.date()) == {WHOLE: 3, KEY: 2, OTHER: 1}


def test_the_one_beyond_the_days_is_refused_and_a_change_holds_at_once(tenant: Tenant) -> None:
    limit(tenant, 2)
    with scope(tenant.id):
        count_request(key=KEY, now=NOW)
        count_request(key=KEY, now=NOW)
        with pytest.raises(LimitReachedError) as caught:
            count_request(key=OTHER, now=NOW)
        assert (caught.value.status, caught.value.extra["used"], caught.value.extra["resets_at"]) == (
            429, 2, "2026-11-22T00:00:00Z",
        )  # fmt: skip
    limit(tenant, 3)
    with scope(tenant.id):
        count_request(key=OTHER, now=NOW)
        with pytest.raises(LimitReachedError):
            count_request(key=OTHER, now=NOW)
    limit(tenant, None)
    with scope(tenant.id):
        count_request(key=OTHER, now=NOW)


def test_a_new_day_begins_with_nothing_and_the_last_one_is_kept(tenant: Tenant) -> None:
    limit(tenant, 1)
    with scope(tenant.id):
        count_request(key=KEY, now=NOW)
        count_request(key=KEY, now=NOW + timedelta(hours=12))
        save_requests()
        tomorrow = (NOW + timedelta(days=1)).date()
        assert selectors.used_today(Meter.REQUESTS_PER_DAY, tomorrow) == {WHOLE: 1, KEY: 1}
        assert selectors.used_today(Meter.REQUESTS_PER_DAY, NOW.date())[WHOLE] == 1


def test_what_redis_forgot_is_known_from_the_database(tenant: Tenant) -> None:
    limit(tenant, 2)
    with scope(tenant.id):
        count_request(key=KEY, now=NOW)
        count_request(key=KEY, now=NOW)
        save_requests()
    requests._redis().delete(requests._name(tenant.id))
    with scope(tenant.id), pytest.raises(LimitReachedError):
        count_request(key=KEY, now=NOW)


def test_without_redis_nothing_is_refused(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(tenant, 0)
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    requests._redis.cache_clear()
    requests._scripts.cache_clear()
    try:
        with scope(tenant.id):
            count_request(key=KEY, now=NOW)
            save_requests()
    finally:
        requests._redis.cache_clear()
        requests._scripts.cache_clear()


def test_a_key_is_told_over_http(tenant: Tenant, with_key: Callable[[Tenant, Role], APIClient]) -> None:
    limit(tenant, 2)
    client: Any = with_key(tenant, Role.VIEWER)
    assert [client.get("/api/v1/plan/").status_code for _ in range(2)] == [200, 200]
    answer = client.get("/api/v1/plan/")
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
    assert (answer.json()["code"], answer.json()["limit"], answer.json()["value"]) == (
        "limit.reached", "requests_per_day", 2,
    )  # fmt: skip
    assert 0 < int(answer["Retry-After"]) <= 86_401
