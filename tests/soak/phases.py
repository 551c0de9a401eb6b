"""The parts of a soak, one after the other."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

import httpx
from django.db import connections

from tenants.kernel.clock import utc_now
from tenants.limits.domain.plans import Meter
from tenants.limits.services import raise_limit
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.faults.flow import Flow, over_http, over_mqtt
from tests.soak.chaos import assert_all_there, chaos, went_on
from tests.soak.figures import p50, p99, say
from tests.soak.product import Product
from tests.twins.conftest import Fleet, make_fleet

PHASE_S = 20.0
CONNECTIONS = 10_000
QUOTA = 200
"""Readings a second of the one that asks for more: a batch of it in five seconds, after a burst of twelve."""
MOST_TIMES, NOISE_MS = 2.0, 10.0


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
    port, for_long = product.url.rpartition(":")[2], str(PHASE_S / 2 + PHASE_S)
    return {
        "chaos": asyncio.run(_killed(product, fleets, seconds=seconds, seed=seed)),
        "fairness": asyncio.run(_beside(product, fleets[0], hog, "tests.soak.hog", product.url, for_long, "16")),
        "connections": asyncio.run(
            _beside(product, fleets[1], hog, "tests.soak.crowd", port, str(CONNECTIONS), for_long)
        ),
    }


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
    """The times of one that sends moderately, alone and beside a program; and what the program told."""
    flow = _from_elsewhere(product, fleet)
    async with flow.running():
        await went_on([flow], time.monotonic())
        warm = len(flow.seconds)
        await asyncio.sleep(PHASE_S)
        alone = len(flow.seconds)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *command, env=os.environ | {"TOKEN": hog.token}, stdout=asyncio.subprocess.PIPE
        )
        await asyncio.sleep(PHASE_S / 2)  # the burst that its quota allows is used up by then
        settled = len(flow.seconds)
        told, _ = await process.communicate()
    assert process.returncode == 0, command
    quiet, crowded = flow.seconds[warm:alone], flow.seconds[settled:]
    figures = {
        "alone_p50_ms": p50(quiet), "alone_p99_ms": p99(quiet), "beside_p50_ms": p50(crowded),
        "beside_p99_ms": p99(crowded), "times_p99": round(p99(crowded) / p99(quiet), 2), "it": json.loads(told),
    }  # fmt: skip
    say(f"{command[0]}: {json.dumps(figures)}")
    assert flow.refused == []
    assert p99(crowded) < MOST_TIMES * p99(quiet) + NOISE_MS, figures
    return figures


def _from_elsewhere(product: Product, fleet: Fleet) -> Flow:
    """A flow from another address than everything else's."""
    flow = over_http(product.url, fleet, "2/t24", lines=1, pause=0.05)
    flow.uplink._client = httpx.AsyncClient(  # type: ignore[attr-defined]
        base_url=product.url, timeout=60, transport=httpx.AsyncHTTPTransport(local_address="127.0.0.2"),
        headers={"Authorization": f"Bearer {fleet.token}", "Content-Type": "application/json"},
    )  # fmt: skip
    return flow
