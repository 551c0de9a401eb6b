"""The parts of a soak, one after the other."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter
from typing import Any

import httpx
from django.db import connections

from tenants.kernel.clock import utc_now
from tenants.limits.domain.plans import Meter
from tenants.limits.services import raise_limit
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.faults.flow import Flow, over_http, over_mqtt
from tests.soak.chaos import assert_all_there, assert_there, chaos, went_on
from tests.soak.figures import p50, p99, say, waited_seconds
from tests.soak.hog import READINGS
from tests.soak.product import Product
from tests.twins.conftest import Fleet, make_fleet

ROUNDS, PHASE_S, SETTLE_S = 5, 8.0, 4.0
"""How often it is alone and then beside the other, for how long each, and how much of that is not looked at."""
CONNECTIONS = 10_000
SENDERS = 16
QUOTA = 200
"""Readings a second of the one that asks for more: a batch of it in five seconds, after a burst of twelve."""
MOST_TIMES = 2.0
FEWEST = 400
"""Acknowledgements of which a 99th percentile is worth something."""


def soak(product: Product, *, seconds: float, seed: int) -> dict[str, Any]:
    """All of it; the figures of each part.

    Args:
        product: Where nobody else works.
        seconds: How long processes are killed.
        seed: Of the order in which they are.

    Raises:
        AssertionError: Something does not hold.
        TimeoutError: Something did not go on by itself.
    """
    *fleets, hog = _organisations()
    port, for_long = product.url.rpartition(":")[2], str(SETTLE_S + PHASE_S)
    killed = asyncio.run(_killed(product, fleets, seconds=seconds, seed=seed)) if seconds else None
    flooded = asyncio.run(_beside(product, fleets[0], hog, "tests.soak.hog", product.url, for_long, str(SENDERS)))
    asked = READINGS * sum(flooded["it"].values())
    assert asked > 10 * QUOTA * ROUNDS * (SETTLE_S + PHASE_S), f"{asked} readings are not ten times its quota"
    assert flooded["it"]["429"] > 10 * flooded["it"].get("200", 0), "its quota does not hold"
    crowded = asyncio.run(_beside(product, fleets[1], hog, "tests.soak.crowd", port, str(CONNECTIONS), for_long))
    assert crowded["it"]["503"] > 0
    return {"chaos": killed, "fairness": flooded, "connections": crowded}


def _organisations() -> list[Fleet]:
    fleets = []
    for slug in ("meridian", "stranger", "northwind", "hog"):
        tenant = Tenant.objects.create(slug=slug, name=slug.title(), plan="business", created_at=utc_now())
        fleets.append(make_fleet(tenant))
    with scope(fleets[-1].tenant):
        raise_limit(
            meter=Meter.READINGS_PER_SECOND, value=QUOTA, until=None, reason="", by="support", now=utc_now()
        )  # fmt: skip
    connections.close_all()
    return fleets


async def _killed(product: Product, fleets: list[Fleet], *, seconds: float, seed: int) -> dict[str, Any]:
    flows = [over_http(product.url, fleet, "1/t24", lines=2, pause=0.02) for fleet in fleets]
    flows += [over_mqtt(product.broker_url, fleet, "1/t30", lines=2, pause=0.02) for fleet in fleets]
    figures = await chaos(product, flows, seconds=seconds, seed=seed)
    total = assert_all_there(os.environ["DATABASE_INGEST_URL"], fleets, flows)
    say(f"{total} readings were acknowledged, and all are there once")
    return {"readings": total, "lost": 0, "twice": 0, **figures}


async def _beside(product: Product, fleet: Fleet, hog: Fleet, *command: str) -> dict[str, Any]:
    """The times of one that sends moderately, in turns alone and beside a program; and what the program told.

    The program gives way to all others (nice 19), as one on another machine would not be in theirs at all. How long
    something on this machine waited for a processor, whoever it was, is told beside the times: where it is near 1
    with and without the program, other work on the machine makes the times.
    """
    flow = _from_elsewhere(product, fleet)
    alone, beside, told = _Phase(flow, product), _Phase(flow, product), Counter[str]()
    async with flow.running():
        await went_on([flow], time.monotonic())
        for _ in range(ROUNDS):
            await asyncio.sleep(SETTLE_S)
            async with alone:
                await asyncio.sleep(PHASE_S)
            process = await asyncio.create_subprocess_exec(
                "nice", "-n", "19", sys.executable, "-m", *command,
                env=os.environ | {"TOKEN": hog.token}, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            assert process.stdout is not None
            await process.stdout.readline()  # it begins
            await asyncio.sleep(SETTLE_S)
            async with beside:
                await asyncio.sleep(PHASE_S)
            said, _ = await process.communicate()
            assert process.returncode == 0, command
            told.update(json.loads(said))
    times = round(p99(beside.seconds) / p99(alone.seconds), 2)
    figures = {
        "alone": alone.figures(), "beside": beside.figures(),
        "times_p50": round(p50(beside.seconds) / p50(alone.seconds), 2),
        "times_p99": times, "it": dict(told),
    }  # fmt: skip
    say(f"{command[0]}: {json.dumps(figures)}")
    assert flow.refused == []
    assert_there(os.environ["DATABASE_INGEST_URL"], flow)
    assert min(len(alone.seconds), len(beside.seconds)) >= FEWEST, figures
    assert times < MOST_TIMES, figures
    return figures


class _Phase:
    """What was measured while it was entered, over all times that it was."""

    def __init__(self, flow: Flow, product: Product) -> None:
        self.seconds: list[float] = []
        self._flow = flow
        self._product = product
        self._length = self._busy = self._waited = 0.0

    async def __aenter__(self) -> None:
        self._begun = len(self._flow.seconds), time.monotonic(), self._product.busy_seconds("web"), waited_seconds()

    async def __aexit__(self, *_: object) -> None:
        number, at, busy, waited = self._begun
        self.seconds += self._flow.seconds[number:]
        self._length += time.monotonic() - at
        self._busy += self._product.busy_seconds("web") - busy
        self._waited += waited_seconds() - waited

    def figures(self) -> dict[str, float]:
        """Times of acknowledgements, and what part of the time the web server worked and anything waited to."""
        return {
            "acknowledged": len(self.seconds), "p50_ms": p50(self.seconds), "p99_ms": p99(self.seconds),
            "web_busy": round(self._busy / self._length, 2), "waited_for_cpu": round(self._waited / self._length, 2),
        }  # fmt: skip


def _from_elsewhere(product: Product, fleet: Fleet) -> Flow:
    """A flow from another address than everything else's."""
    flow = over_http(product.url, fleet, "2/t24", lines=2, pause=0.02)
    flow.uplink._client = httpx.AsyncClient(  # type: ignore[attr-defined]
        base_url=product.url, timeout=60, transport=httpx.AsyncHTTPTransport(local_address="127.0.0.2"),
        headers={"Authorization": f"Bearer {fleet.token}", "Content-Type": "application/json"},
    )  # fmt: skip
    return flow
