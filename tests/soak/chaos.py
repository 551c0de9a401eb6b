"""Processes killed at random while readings come: what was acknowledged is there once, and nobody helped."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import psycopg

from tests.faults.flow import Flow
from tests.soak.figures import p50, p99, say
from tests.soak.product import PROGRAMS, SERVERS, Product
from tests.twins.conftest import Fleet, stored

LONGEST_RECOVERY_S = 90.0
MOST_GROWTH_MB = 150.0
_QUIET_S = (5.0, 12.0)
_USED = """
SELECT coalesce(sum(amount), 0) FROM tenants_usageday
WHERE tenant_id = %s AND meter = 'readings_per_day' AND part = '00000000-0000-0000-0000-000000000000'"""


async def chaos(product: Product, flows: Sequence[Flow], *, seconds: float, seed: int) -> dict[str, Any]:
    """Kill one process after the other until the time is over.

    Returns:
        Figures: how often each was killed, seconds until every flow went on, times of acknowledgements, megabytes.
    """
    chance = random.Random(seed)
    recoveries: defaultdict[str, list[float]] = defaultdict(list)
    memory: dict[tuple[str, int], list[float]] = {}
    disturbed: list[tuple[float, float]] = []
    ends_at = time.monotonic() + seconds
    async with AsyncExitStack() as stack:
        for flow in flows:
            await stack.enter_async_context(flow.running())
        await went_on(flows, time.monotonic())
        while time.monotonic() < ends_at:
            await asyncio.sleep(chance.uniform(*_QUIET_S))
            for process, megabytes in product.memory().items():
                memory.setdefault(process, []).append(megabytes)
            name = chance.choice((*PROGRAMS, *SERVERS))
            killed_at = time.monotonic()
            if product.kill(name):
                took = await went_on(flows, killed_at)
                say(f"killed {name}: every flow went on after {took:.1f} s")
                recoveries[name].append(took)
                disturbed.append((killed_at - 1.0, killed_at + took + 1.0))
    growth = {f"{name} {pid}": round(max(seen) - seen[0], 1) for (name, pid), seen in memory.items()}
    quiet = [
        taken
        for flow in flows
        for begun, taken in zip(flow.begun, flow.seconds, strict=True)
        if not any(start <= begun + taken and begun <= end for start, end in disturbed)
    ]
    assert max(growth.values(), default=0.0) < MOST_GROWTH_MB, growth
    return {
        "killed": {name: len(each) for name, each in recoveries.items()},
        "longest_recovery_s": {name: round(max(each), 1) for name, each in recoveries.items()},
        "undisturbed_p50_ms": p50(quiet), "undisturbed_p99_ms": p99(quiet),
        "p99_ms": p99([taken for flow in flows for taken in flow.seconds]),
        "largest_growth_mb": max(growth.values(), default=0.0),
    }  # fmt: skip


async def went_on(flows: Sequence[Flow], since: float) -> float:
    """Seconds until a batch of every flow that was sent after a moment is acknowledged.

    Raises:
        TimeoutError: They did not go on by themselves.
    """
    async with asyncio.timeout(LONGEST_RECOVERY_S):
        while not all(any(begun > since for begun in flow.begun[-20:]) for flow in flows):  # noqa: ASYNC110 (others')
            await asyncio.sleep(0.05)
    return time.monotonic() - since


def assert_all_there(address: str, fleets: Sequence[Fleet], flows: Sequence[Flow]) -> int:
    """What was acknowledged is there once, with its value, and was counted once.

    Args:
        address: Of the database, as the ingest role.
        fleets: Those that nobody else sends for.
        flows: What they were sent.

    Returns:
        How many readings that were.
    """
    total = 0
    with psycopg.connect(address, autocommit=True, options="-c TimeZone=UTC") as connection:
        for fleet in fleets:
            rows = stored(connection, fleet.tenant)
            keys = {number: key for key, number in fleet.signals.items()}
            there = {(keys[signal], int(at.timestamp())): value for signal, at, value, _, _ in rows}
            own = [flow for flow in flows if flow.fleet is fleet]
            acknowledged = {place: value for flow in own for place, value in flow.acknowledged.items()}
            assert all(flow.refused == [] for flow in own)
            assert there == acknowledged, f"{len(there)} are there, {len(acknowledged)} were acknowledged"
            used = connection.execute(_USED, [fleet.tenant]).fetchone()
            assert used is not None
            assert int(used[0]) == len(rows) == len(there), "some were counted twice, or not at all"
            total += len(rows)
    return total


def assert_there(address: str, flow: Flow) -> None:
    """What was acknowledged to one flow, of an organisation to which others belong as well, is there with its value."""
    with psycopg.connect(address, autocommit=True, options="-c TimeZone=UTC") as connection:
        rows = stored(connection, flow.fleet.tenant)
    number = flow.fleet.signals[flow.key]
    there = {(flow.key, int(at.timestamp())): value for signal, at, value, _, _ in rows if signal == number}
    assert there == flow.acknowledged, f"{len(there)} are there, {len(flow.acknowledged)} were acknowledged"
