"""Limits under concurrency: real threads, each with a connection and a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

from tenants.limits import selectors, services
from tenants.limits.domain.plans import Meter
from tenants.limits.domain.standing import LimitReachedError
from tenants.limits.schemas import WHOLE
from tenants.limits.usage import add_usage
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.processes import LONG_S
from twins.composer.models import Twin
from twins.composer.services import create_twin
from twins.gateways.services import create_gateway

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def at_once(tenant: Tenant, times: int, work: Callable[[int], object]) -> list[object]:
    """Do it so many times at the same moment, each in a transaction of its own; what came of each."""
    barrier = Barrier(times)

    def one(number: int) -> object:
        try:
            with scope(tenant.id):
                barrier.wait(timeout=LONG_S)
                return work(number)
        except LimitReachedError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(one, range(times)))


def test_of_two_that_make_the_last_one_exactly_one_passes(tenant: Tenant) -> None:
    with scope(tenant.id):
        services.raise_limit(meter=Meter.TWINS, value=3, until=None, reason="", by="support", now=NOW)
        for number in range(2):
            create_twin(name=f"Twin {number}", now=NOW)
    told = at_once(tenant, 2, lambda number: create_twin(name=f"Last {number}", now=NOW).name)
    assert sorted(map(str, told))[1] == "limit.reached"
    with scope(tenant.id):
        assert Twin.objects.count() == 3


def test_of_many_as_many_pass_as_there_is_room_for(tenant: Tenant) -> None:
    told = at_once(tenant, 16, lambda number: create_gateway(name=f"Gateway {number}", now=NOW)[0].name)
    assert told.count("limit.reached") == 6
    with scope(tenant.id):
        assert selectors.standing(Meter.GATEWAYS, now=NOW).used == 10


def test_counters_lose_nothing(tenant: Tenant) -> None:
    customer = uuid4()

    def add(number: int) -> None:
        for _ in range(5):
            add_usage(meter=Meter.READINGS_PER_DAY, amount=number, now=NOW, part=customer if number % 2 else WHOLE)

    at_once(tenant, 12, add)
    with scope(tenant.id):
        used = selectors.used_today(Meter.READINGS_PER_DAY, NOW.date())
    assert used == {WHOLE: 5 * sum(range(12)), customer: 5 * sum(range(1, 12, 2))}


def test_a_plan_is_not_made_smaller_while_something_is_made(tenant: Tenant) -> None:
    with scope(tenant.id):
        services.change_plan(plan="business", by="owner", now=NOW)
        for number in range(50):
            create_twin(name=f"Twin {number}", now=NOW)

    def race(number: int) -> object:
        if number:
            return create_twin(name="One more", now=NOW).name
        try:
            return services.change_plan(plan="team", by="owner", now=NOW).key
        except services.PlanTooSmallError as error:
            return error.code

    told = at_once(tenant, 2, race)
    assert told in (["team", "limit.reached"], ["plan.too_small", "One more"])
