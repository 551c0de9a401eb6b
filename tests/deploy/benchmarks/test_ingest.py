"""``bench ingest`` runs, loses nothing and stores nothing twice; its parts say what is wrong."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from deploy.benchmarks import ingest, result
from deploy.load import Clock, Feed
from deploy.peers import PeerError, installed_peers

FEED = Feed(UUID(int=1), UUID(int=2), "token", (("a", 1.0), ("b", 2.0), ("c", 3.0)))


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_runs_at_toy_size() -> None:
    stages: list[tuple[float, str]] = []
    options = argparse.Namespace(peers="", toy=True, seconds=1)
    told = result("ingest", ingest.run(options, lambda share, what: stages.append((share, what))))
    assert (told["bench"], told["lost"], told["duplicated"], told["refused"]) == ("ingest", 0, 0, 0)
    assert (told["ratio_influxdb"], told["ratio_victoriametrics"]) == (None, None)
    for figure in ("points_per_s", "copy_points_per_s", "small_batch_points_per_s", "mqtt_messages_per_s"):
        assert told[figure] > 0
    assert 0 < told["ratio_copy"] < 2
    assert told["ack_p99_ms"] > 0
    assert told["rounds"] == 3
    assert [what for _, what in stages] == ["setting up", "round 1", "round 2", "round 3"]


def test_a_clock_gives_every_reading_once() -> None:
    clock = Clock(FEED, datetime(2025, 1, 1, tzinfo=UTC))
    seen = [(one["key"], one["at"]) for size in (2, 2, 5) for one in msgspec.json.decode(clock.batch(size))["readings"]]
    assert seen[:4] == [
        ("a", "2025-01-01T00:00:00Z"), ("b", "2025-01-01T00:00:00Z"),
        ("c", "2025-01-01T00:00:00Z"), ("a", "2025-01-01T00:00:05Z"),
    ]  # fmt: skip
    assert len(set(seen)) == len(seen) == 9


def test_peers_that_are_not_installed_or_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with installed_peers("influxdb, victoriametrics") as peers:
        assert peers == []
    with pytest.raises(PeerError, match="no peer 'sqlite'"), installed_peers("sqlite"):
        pass
