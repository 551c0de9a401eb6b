"""``bench tenancy`` and ``bench api`` run at toy size, in databases and processes of their own."""

from __future__ import annotations

import argparse

import pytest

from deploy.benchmarks import api, result, tenancy
from deploy.schemas import SchemasError, schemas
from deploy.stage import empty_database

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_tenancy_runs_at_toy_size() -> None:
    stages: list[str] = []
    options = argparse.Namespace(toy=True, seconds=1, tenants=10_000)
    told = result("tenancy", tenancy.run(options, lambda _, what: stages.append(what)))
    assert stages[0] == "seeding 30 tenants"
    assert told["leaks"] == 0
    assert told["read"] > 0
    assert told["tables"] >= 40
    assert 0 < told["create_ms"] < told["create_schema_ms"]
    assert told["create_ratio_schema"] > 1
    assert 0 < told["request_ratio"] < 5
    assert list(told["connection_kb"]) == ["2", "4", "8"]
    assert set(told["targets"]) < set(told)


def test_memory_is_told_without_the_pages_that_connections_share() -> None:
    smaps = """\
55d0a0000000-55d0a00ff000 rw-p 00000000 00:00 0                          [heap]
Rss:                 900 kB
Private_Clean:        20 kB
Private_Dirty:       700 kB
VmFlags: rd wr mr mw me ac
7f1000000000-7f1008000000 rw-s 00000000 00:01 1024                       /dev/zero (deleted)
Private_Clean:         0 kB
Private_Dirty:       640 kB
VmFlags:
7f2000000000-7f2000010000 r-xp 00000000 08:01 77                         /usr/lib/libc.so.6
Private_Clean:         4 kB
Private_Dirty:         0 kB
"""
    assert tenancy.own_kb(smaps) == 724


def test_api_runs_at_toy_size() -> None:
    options = argparse.Namespace(toy=True, seconds=1, only="/admin/")
    told = result("api", api.run(options, lambda *_: None))
    assert "/t/measured/admin/people/" in told["routes"]
    for figures in told["routes"].values():
        assert len(figures["queries"]) == 2
        assert figures["requests_per_s"] > 0
        assert figures["p99_ms"] > 0
    assert told["queries_most"] == max(max(each["queries"]) for each in told["routes"].values())


def test_the_peer_says_what_is_wrong() -> None:
    with (
        empty_database() as database,
        pytest.raises(SchemasError, match="django-tenants ended"),
        schemas(f"{database}_away", tables=1),
    ):
        pass
