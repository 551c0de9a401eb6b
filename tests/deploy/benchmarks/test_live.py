"""``bench live`` runs at toy size: every browser gets every message, and what it misses would be counted."""

from __future__ import annotations

import argparse

import pytest

from deploy.benchmarks import live, result
from deploy.benchmarks.live import missed


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_runs_at_toy_size() -> None:
    stages: list[str] = []
    options = argparse.Namespace(toy=True, seconds=1, clients=500, groups=50)
    told = result("live", live.run(options, lambda _, what: stages.append(what)))
    assert stages[:2] == ["setting up", "memory of 10 browsers"]
    assert (told["bench"], told["clients"], told["groups"], told["memory_clients"]) == ("live", 6, 2, 10)
    assert (told["dropped"], told["refused"]) == (0, 0)
    assert told["coalesced"] >= 0
    assert 0 < told["p50_ms"] <= told["p99_ms"]
    assert told["p50_ms"] < told["age_p50_ms"] <= told["age_p99_ms"]
    assert 0 < told["delivered_per_s"] <= 61
    assert 0 < told["rss_mb_added"] < told["rss_mb"]
    assert told["browser_us_per_delivery"] > 0
    assert set(told["targets"]) < set(told)


@pytest.mark.parametrize(
    ("published", "received", "count"),
    [
        ([1, 2, 3], [1, 2, 3], 0),
        ([1, 2, 3], [1, 9, 2, 2, 3], 0),
        ([1, 2, 3], [1, 3], 1),
        ([1, 2, 3], [], 3),
        ([1, 2, 3], [2, 1, 3], 1),
        ([], [4], 0),
    ],
)
def test_what_a_browser_missed(published: list[int], received: list[int], count: int) -> None:
    assert missed(published, received) == count
