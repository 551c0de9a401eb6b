"""The bucket of a rate: against a slow reference of exact fractions, and the script in Redis against both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as options
from hypothesis import strategies as st

from tenants.limits.domain.bucket import SCALE, Bucket, full, take
from tenants.limits.rates import _TAKE, Rate, Rates
from tenants.limits.schemas import WHOLE

START = 1_768_464_000_000_000
TENANT = UUID(int=7)
steps = st.lists(st.tuples(st.integers(0, 5_000_000), st.integers(1, 400)), min_size=1, max_size=40)
rates = st.integers(1, 1000)
capacities = st.integers(1, 300)


def reference(rate: int, capacity: int, tries: list[tuple[int, int]]) -> list[bool]:
    """Whether each attempt (microseconds after the last, amount) is let in, in exact fractions of a reading."""
    level, answers = Fraction(capacity), []
    for gap, amount in tries:
        level = min(Fraction(capacity), level + Fraction(gap * rate, 1_000_000))
        answers.append(level >= min(amount, capacity))
        if answers[-1]:
            level -= amount
    return answers


def test_a_burst_and_what_comes_after() -> None:
    bucket = full(100, START)
    first = take(bucket, rate=10, capacity=100, amount=100, at=START)
    assert (first.wait_us, first.bucket.level) == (0, 0)
    refused = take(first.bucket, rate=10, capacity=100, amount=5, at=START)
    assert refused.wait_us == 500_000
    assert take(refused.bucket, rate=10, capacity=100, amount=5, at=START + 499_999).wait_us == 1
    assert take(refused.bucket, rate=10, capacity=100, amount=5, at=START + 500_000).wait_us == 0


def test_what_is_larger_than_the_bucket_leaves_a_debt() -> None:
    taken = take(full(100, START), rate=10, capacity=100, amount=250, at=START)
    assert (taken.wait_us, taken.bucket.level) == (0, -150 * SCALE)
    assert take(taken.bucket, rate=10, capacity=100, amount=1, at=START).wait_us == 15_100_000


def test_a_clock_that_goes_back_changes_nothing() -> None:
    bucket = Bucket(5 * SCALE, START)
    assert take(bucket, rate=10, capacity=100, amount=5, at=START - 10_000_000).bucket == Bucket(0, START)


@given(rate=rates, capacity=capacities, tries=steps)
def test_as_the_reference(rate: int, capacity: int, tries: list[tuple[int, int]]) -> None:
    bucket, at, answers = full(capacity, START), START, []
    for gap, amount in tries:
        at += gap
        taken = take(bucket, rate=rate, capacity=capacity, amount=amount, at=at)
        answers.append(taken.wait_us == 0)
        if taken.wait_us:  # the wait is the shortest that helps
            late = take(taken.bucket, rate=rate, capacity=capacity, amount=amount, at=at + taken.wait_us)
            early = take(taken.bucket, rate=rate, capacity=capacity, amount=amount, at=at + taken.wait_us - 1)
            assert (late.wait_us == 0, early.wait_us > 0) == (True, True)
        bucket = taken.bucket
    assert answers == reference(rate, capacity, tries)


@pytest.fixture(scope="module")
def script() -> Any:
    client = redis.from_url(settings.REDIS_URL, decode_responses=True)
    yield client.register_script(_TAKE)
    client.close()


@given(rate=rates, capacity=capacities, tries=steps)
@options(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_redis_counts_the_same(script: Any, rate: int, capacity: int, tries: list[tuple[int, int]]) -> None:
    bucket, at, name = full(capacity, START), START, f"outturn:test:{uuid4()}"
    for gap, amount in tries:
        at += gap
        taken = take(bucket, rate=rate, capacity=capacity, amount=amount, at=at)
        told = script(keys=[name], args=[amount, 0, at, rate, capacity])
        assert (told[0], int(told[1])) == (0 if taken.wait_us else amount, taken.wait_us)
        bucket = taken.bucket
    level, since = script.registered_client.hmget(name, "level", "at")
    assert Bucket(int(level), int(since)) == bucket


@pytest.fixture
async def processes() -> AsyncIterator[tuple[Rates, Rates]]:
    """The rates of two processes."""
    made = Rates(settings.REDIS_URL), Rates(settings.REDIS_URL)
    yield made
    for one in made:
        await one.close()


async def test_processes_give_out_no_more_than_the_bucket_holds(processes: tuple[Rates, Rates]) -> None:
    tenant, whole, let_in = uuid4(), (Rate(WHOLE, 100, 1000),), 0
    for number in range(300):
        if await processes[number % 2].take(tenant, whole, 7, now_us=START) is None:
            let_in += 7
    assert 1000 - 2 * 7 < let_in <= 1000


async def test_the_share_of_a_customer_stops_it_and_nobody_else(processes: tuple[Rates, Rates]) -> None:
    tenant, customer, rates = uuid4(), uuid4(), processes[0]
    whole, share = Rate(WHOLE, 100, 1000), Rate(customer, 5, 50)
    assert await rates.take(tenant, (whole, share), 50, now_us=START) is None
    wait = await rates.take(tenant, (whole, share), 10, now_us=START)
    assert wait is not None
    assert (wait.rate, wait.seconds) == (share, 2.0)
    assert await rates.take(tenant, (whole,), 950, now_us=START) is None  # nothing of the refused ten was taken
    assert await rates.take(tenant, (whole,), 1, now_us=START) is not None


async def test_without_redis_a_process_counts_by_itself() -> None:
    rates, customer = Rates("redis://127.0.0.1:1/0"), uuid4()
    whole, share = Rate(WHOLE, 100, 1000), Rate(customer, 5, 50)
    assert await rates.take(TENANT, (whole, share), 50, now_us=START) is None
    wait = await rates.take(TENANT, (whole, share), 10, now_us=START)
    assert wait is not None
    assert (wait.rate, wait.seconds) == (share, 2.0)
    assert await rates.take(TENANT, (whole,), 950, now_us=START) is None  # nothing of the refused ten was taken
    assert await rates.take(TENANT, (whole,), 1, now_us=START) is not None
    assert await rates.take(uuid4(), (whole,), 1000, now_us=START) is None  # nobody else is in the way
    await rates.close()


async def test_when_redis_does_not_answer_it_goes_on_from_what_it_said_last(processes: tuple[Rates, Rates]) -> None:
    tenant, whole = uuid4(), (Rate(WHOLE, 100, 1000),)
    here, there = processes
    for amount in (300, 300):
        assert await there.take(tenant, whole, amount, now_us=START) is None
    assert await here.take(tenant, whole, 300, now_us=START) is None  # and learns of the other
    here._redis.connection_pool.connection_kwargs |= {"path": "/nowhere", "host": "127.0.0.1", "port": 1}
    await here._redis.connection_pool.disconnect()
    assert await here.take(tenant, whole, 70, now_us=START) is None  # all that is left: each took ten in advance
    wait = await here.take(tenant, whole, 20, now_us=START)
    assert wait is not None
    assert wait.seconds == 0.2
    assert await here.take(tenant, whole, 20, now_us=START + 200_000) is None
