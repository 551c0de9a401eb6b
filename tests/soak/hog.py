"""A gateway that asks for far more than its organisation may have: ``python -m tests.soak.hog URL SECONDS SENDERS``."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter

import httpx
import msgspec

PATH = "/ingest/v1/readings"
READINGS = 1000
FIRST = 1_735_689_600


async def flood(url: str, token: str, seconds: float, senders: int) -> Counter[str]:
    """Send batches until the time is over, each at once after the answer to the one before; how each was answered."""
    answers: Counter[str] = Counter()
    ends_at = time.monotonic() + seconds
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def send(client: httpx.AsyncClient, number: int) -> None:
        sent = 0
        while time.monotonic() < ends_at:
            at = [1000 * (FIRST + number * 1_000_000 + sent * READINGS + n) for n in range(READINGS)]
            batch = {
                "batch": f"hog.{os.getpid()}.{number}.{sent}",
                "key": "1/t24",
                "at": at,
                "value": [640.5] * READINGS,
            }
            told = await client.post(PATH, content=msgspec.json.encode(batch))
            answers[str(told.status_code)] += 1
            sent += 1

    limits = httpx.Limits(max_connections=senders)
    client = httpx.AsyncClient(base_url=url, headers=headers, timeout=60, limits=limits)
    async with client, asyncio.TaskGroup() as group:
        for number in range(senders):
            group.create_task(send(client, number))
    return answers


if __name__ == "__main__":
    sys.stdout.write("begins\n")
    sys.stdout.flush()
    told = asyncio.run(flood(sys.argv[1], os.environ["TOKEN"], float(sys.argv[2]), int(sys.argv[3])))
    sys.stdout.write(msgspec.json.encode(told).decode())
