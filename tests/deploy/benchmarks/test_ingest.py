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
from twins.telemetry.decode import decode

FEED = Feed(UUID(int=1), UUID(int=2), "token", (("a", 1.0), ("b", 2.0), ("c", 3.0)))


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_runs_at_toy_size() -> None:
    stages: list[tuple[float, str]] = []
    options = argparse.Namespace(peers="influxdb,victoriametrics", toy=True, seconds=1)
    told = result("ingest", ingest.run(options, lambda share, what: stages.append((share, what))))
    assert (told["bench"], told["lost"], told["duplicated"], told["refused"]) == ("ingest", 0, 0, 0)
    for name in ("influxdb", "victoriametrics"):
        measured = f"{name}_1000" in told["peers_points_per_s"]  # where it is installed
        assert (told[f"ratio_{name}"] is not None) is measured
    for figure in (
        "points_per_s",
        "copy_points_per_s",
        "small_batch_points_per_s",
        "mqtt_messages_per_s",
        "tables_points_per_s",
    ):
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


def test_tables_hold_every_reading_once() -> None:
    clock = Clock(FEED, datetime(2025, 1, 1, tzinfo=UTC))
    tables = [msgspec.json.decode(clock.table(40)) for _ in range(3)]
    assert [list(table["columns"]) for table in tables] == [["a", "b"], ["c"], ["a", "b"]]
    assert [len(table["at"]) for table in tables] == [20, 20, 20]
    assert [table["at"][0] for table in tables] == ["2025-01-01T00:00:00Z"] * 2 + ["2025-01-01T00:01:40Z"]
    assert tables[0]["columns"]["b"][:3] == [2.0, 2.1, 2.2]
    assert decode(clock.table(40)).at.size == 20


def test_peers_that_are_not_installed_or_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with installed_peers("influxdb, victoriametrics") as peers:
        assert peers == []
    with pytest.raises(PeerError, match="no peer 'sqlite'"), installed_peers("sqlite"):
        pass
