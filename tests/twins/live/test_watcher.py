"""What waits for one browser: every message while it keeps up, the newest values when it does not, never much."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.portal.watcher import LARGEST_WAITING, MOST_WAITING, Watcher
from tests.processes import LONG_S
from twins.live.newest import newest_values

T = "2026-01-01T00:00:0{}Z"


def told(*readings: tuple[str, str, str, float], at: str = "") -> str:
    values: dict[str, dict[str, Any]] = {}
    for asset, key, moment, value in readings:
        values.setdefault(asset, {})[key] = [moment, value, 0]
    return json.dumps({"twin": "t", "at": at, "values": values})


def everything(watcher: Watcher) -> list[str]:
    return list(iter(watcher.take, None))


def test_who_keeps_up_gets_every_message_as_it_is() -> None:
    watcher = Watcher(newest_values)
    for number in range(3):
        watcher.put(str(number))
    assert everything(watcher) == ["0", "1", "2"]


def test_who_is_behind_gets_the_newest_of_each_signal_in_one() -> None:
    watcher = Watcher(newest_values)
    for number in range(5):
        watcher.put(told(("a", "x", T.format(number), float(number)), at=str(number)))
    watcher.put(told(("a", "y", T.format(1), 7.0), ("b", "x", T.format(2), 8.0), at="last"))
    (text,) = everything(watcher)
    assert json.loads(text) == {
        "twin": "t",
        "at": "last",
        "values": {"a": {"x": [T.format(4), 4.0, 0], "y": [T.format(1), 7.0, 0]}, "b": {"x": [T.format(2), 8.0, 0]}},
    }
    assert not watcher.is_lost


def test_an_older_reading_that_is_told_later_does_not_win_and_one_of_the_same_instant_does() -> None:
    half = "2026-01-01T00:00:01.500000Z"
    texts = [told(("a", "x", half, 1.0)), told(("a", "x", T.format(1), 2.0)), told(("a", "x", half, 3.0))]
    assert json.loads(newest_values(texts[:2]))["values"]["a"]["x"] == [half, 1.0, 0]
    assert json.loads(newest_values(texts))["values"]["a"]["x"] == [half, 3.0, 0]


def test_what_waits_for_one_that_never_reads_is_bounded() -> None:
    watcher = Watcher(newest_values)
    for number in range(10_000):
        watcher.put(told(("a", str(number % 7), T.format(1), float(number))))
        assert len(watcher._texts) <= MOST_WAITING
    (text,) = everything(watcher)
    assert {key: value for key, (_, value, _) in json.loads(text)["values"]["a"].items()} == {
        str(number % 7): float(number) for number in range(9993, 10_000)
    }


def test_more_than_is_kept_for_one_browser_is_a_loss_and_it_starts_over() -> None:
    watcher, size = Watcher(newest_values), LARGEST_WAITING // 1000
    for number in range(MOST_WAITING + 1):
        watcher.put(told(*((str(number), f"{'k' * 1000}{place}", T.format(1), 1.0) for place in range(size // 16 + 1))))
    assert watcher.is_lost
    watcher.put("more")
    assert everything(watcher) == []


def test_messages_that_cannot_be_made_one_are_a_loss_when_they_are_too_many() -> None:
    watcher = Watcher()
    for number in range(MOST_WAITING):
        watcher.put(str(number))
    assert not watcher.is_lost
    watcher.put("one more")
    assert watcher.is_lost
    assert watcher.take() is None


@pytest.mark.parametrize("what", ["message", "rights", "loss"])
async def test_it_wakes_for_whatever_comes(what: str) -> None:
    watcher = Watcher()
    waiting = asyncio.create_task(watcher.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    {"message": lambda: watcher.put("text"), "rights": lambda: watcher.put(""), "loss": watcher.lose}[what]()
    async with asyncio.timeout(LONG_S):
        await waiting
        await watcher.wait()  # and does not sleep while it is there
    assert (watcher.take(), watcher.is_unsure, watcher.is_lost) == (
        "text" if what == "message" else None,
        what == "rights",
        what == "loss",
    )


READINGS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 9)), max_size=4)


@given(st.lists(READINGS, min_size=1, max_size=6))
def test_one_message_says_what_all_of_them_say(sent: list[list[tuple[str, str, int]]]) -> None:
    numbered = [[(asset, key, T.format(at), float(place)) for asset, key, at in one] for place, one in enumerate(sent)]
    shown: dict[tuple[str, str], tuple[str, float]] = {}
    for message in numbered:
        for asset, key, at, value in {(asset, key): row for row in message for asset, key in [row[:2]]}.values():
            if (asset, key) not in shown or shown[asset, key][0] <= at:
                shown[asset, key] = (at, value)
    values = json.loads(newest_values([told(*message) for message in numbered]))["values"]
    assert {(asset, key): (at, value) for asset in values for key, (at, value, _) in values[asset].items()} == shown
