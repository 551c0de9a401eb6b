"""Turns: the same share for each, in the order of arrival within one, and nothing lost on the way."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.processes import LONG_S
from twins.telemetry.turns import QUANTUM, FairLock, Lines

Item = tuple[str, int, int]


def lines_of(items: list[Item]) -> Lines[str, Item]:
    made: Lines[str, Item] = Lines()
    for item in items:
        made.put(item[0], item, item[2])
    return made


def test_one_alone_is_an_ordinary_queue() -> None:
    lines = lines_of([("a", number, 300) for number in range(10)])
    assert [[item[1] for item in lines.take(1000)] for _ in range(4)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]
    assert len(lines) == 0
    assert lines.take(1000) == []


def test_what_is_larger_than_a_group_goes_alone() -> None:
    lines = lines_of([("a", 0, 10), ("a", 1, 50_000), ("a", 2, 10)])
    assert [[item[1] for item in lines.take(1000)] for _ in range(3)] == [[0], [1], [2]]


def test_who_comes_late_is_in_the_next_group() -> None:
    lines = lines_of([("flood", number, 1000) for number in range(1000)])
    lines.take(20_000)
    lines.put("other", ("other", 0, 10), 10)
    assert ("other", 0, 10) in lines.take(20_000)


@pytest.mark.parametrize("size", [1, 10, 999, 1000, 5000])
def test_readings_are_shared_and_not_batches(size: int) -> None:
    lines = lines_of([("large", n, 4000) for n in range(100)] + [("small", n, size) for n in range(200_000 // size)])
    got: Counter[str] = Counter()
    for _ in range(10):
        for key, _, items in lines.take(20_000):
            got[key] += items
    assert abs(got["large"] - got["small"]) <= 4000 + size + QUANTUM


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 10_000)), max_size=80),
    st.integers(1, 30_000),
    st.integers(0, 80),
)
def test_all_come_once_in_their_order_and_no_group_is_too_large(
    sizes: list[tuple[str, int]], most: int, before: int
) -> None:
    items = [(key, number, size) for number, (key, size) in enumerate(sizes)]
    lines, taken = lines_of(items[:before]), []
    taken += lines.take(most)
    for item in items[before:]:
        lines.put(item[0], item, item[2])
    while len(lines):
        group = lines.take(most)
        assert group
        assert len(group) == 1 or sum(item[2] for item in group) <= most
        taken += group
    assert sorted(taken, key=lambda item: item[1]) == items
    for key in "abc":
        own = [item[1] for item in taken if item[0] == key]
        assert own == sorted(own)


async def test_a_lock_goes_to_each_that_waits_in_turn() -> None:
    lock: FairLock[str] = FairLock()
    order: list[str] = []

    async def work(key: str) -> None:
        async with lock.held(key):
            order.append(key)
            await asyncio.sleep(0)

    await asyncio.gather(*(work(key) for key in ["a"] * 10 + ["b"] * 3 + ["c"]))
    assert order[:8] == ["a", "a", "b", "c", "a", "b", "a", "b"]
    assert Counter(order) == {"a": 10, "b": 3, "c": 1}


async def test_who_goes_away_while_waiting_holds_up_nobody() -> None:
    lock: FairLock[str] = FairLock()
    order: list[int] = []

    async def work(number: int) -> None:
        async with lock.held("a"):
            order.append(number)

    async with lock.held("a"):
        tasks = [asyncio.create_task(work(number)) for number in range(4)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[2].cancel()
    tasks[1].cancel()  # whose turn it is already
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [3]
    async with asyncio.timeout(LONG_S), lock.held("b"):
        order.append(9)
    assert order == [3, 9]
