"""Who somebody is: asked together, remembered for a moment, and never at the cost of those who are known."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence

import pytest

from tenants.kernel.errors import OutturnError
from twins.gateways import lookups
from twins.gateways.lookups import MOST_AT_ONCE, Lookups
from twins.telemetry.errors import BusyError


class Table:
    """What there is to be found; a query waits while it is shut."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {"known": 1}
        self.queries: list[list[str]] = []
        self.open = threading.Event()
        self.open.set()
        self.error: Exception | None = None

    def look_up(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.queries.append(list(keys))
        assert self.open.wait(30)
        if self.error is not None:
            raise self.error
        return {key: self.rows[key] for key in keys if key in self.rows}


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def found(table: Table) -> Lookups[str, int]:
    return Lookups(table.look_up)


@pytest.fixture
def soon_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "REMEMBERED_SECONDS", -1.0)


async def test_what_was_asked_is_remembered_also_that_there_is_nothing(table: Table, found: Lookups[str, int]) -> None:
    for _ in range(3):
        assert await found.get("known") == 1
        assert await found.get("strange") is None
    assert table.queries == [["known"], ["strange"]]


async def test_a_thousand_strangers_cost_a_few_queries(table: Table, found: Lookups[str, int]) -> None:
    names = [f"stranger{n}" for n in range(1000)]
    assert await asyncio.gather(*map(found.get, [*names, *names])) == [None] * 2000
    assert [len(asked) for asked in table.queries] == [MOST_AT_ONCE, 1000 - MOST_AT_ONCE]


@pytest.mark.usefixtures("soon_forgotten")
async def test_who_was_found_does_not_wait_behind_strangers(
    table: Table, found: Lookups[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await found.get("known") == 1
    monkeypatch.setattr(found._first, "_pause", 3600.0)  # the next query for strangers is far away
    first = [asyncio.create_task(found.get(f"stranger{n}")) for n in range(2 * MOST_AT_ONCE)]
    await first[0]
    assert await found.get("known") == 1
    assert table.queries[-1] == ["known"]
    assert not first[-1].done()
    assert found._first._task is not None
    for task in (*first, found._first._task):
        task.cancel()


async def test_who_is_new_among_strangers_is_found_with_the_next_query(table: Table, found: Lookups[str, int]) -> None:
    strangers = [asyncio.create_task(found.get(f"stranger{n}")) for n in range(100)]
    await strangers[0]
    table.rows["new"] = 7
    assert await found.get("new") == 7
    assert len(table.queries) == 2


@pytest.mark.usefixtures("soon_forgotten")
async def test_what_changed_is_seen_when_the_moment_is_over(table: Table, found: Lookups[str, int]) -> None:
    assert (await found.get("known"), await found.get("new")) == (1, None)
    table.rows = {"new": 2}
    assert (await found.get("known"), await found.get("new")) == (None, 2)


async def test_who_comes_when_too_many_wait_is_told_to_come_again(
    table: Table, found: Lookups[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "_MOST_WAITING", 3)
    table.open.clear()
    waiting = [asyncio.create_task(found.get(name)) for name in ("known", "a", "b")]
    await asyncio.sleep(0)  # they are in the line
    with pytest.raises(BusyError):
        await found.get("c")
    waiting[0].cancel()  # nobody else suffers from one that went away
    table.open.set()
    assert (await waiting[1], await waiting[2], await found.get("known")) == (None, None, 1)


async def test_memory_is_bounded(found: Lookups[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "_MOST", 10)
    assert await found.get("known") == 1
    await asyncio.gather(*(found.get(f"stranger{n}") for n in range(100)))
    assert len(found) == 11
    assert "known" in found._known  # strangers take no room of theirs


@pytest.mark.parametrize("error", [OutturnError("the database cannot be reached"), ValueError("broken")])
async def test_an_error_is_the_answer_of_all_who_asked_and_of_nobody_else(
    table: Table, found: Lookups[str, int], error: Exception
) -> None:
    table.error = error
    told = await asyncio.gather(found.get("known"), found.get("other"), return_exceptions=True)
    assert [type(one) for one in told] == [type(error)] * 2
    table.error = None
    assert await found.get("known") == 1
