"""A gateway with too many connections: ``python -m tests.soak.crowd PORT CONNECTIONS SECONDS`` keeps as many open."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections import Counter

import msgspec


async def crowd(port: int, connections: int, seconds: float) -> Counter[str]:
    """Open connections again and again; what each was told, ``nothing`` when it was kept or closed without a word."""
    told: Counter[str] = Counter()
    ends_at = time.monotonic() + seconds

    async def one() -> None:
        while time.monotonic() < ends_at:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                told["not connected"] += 1
                await asyncio.sleep(1)
                continue
            try:
                async with asyncio.timeout(max(0.0, ends_at - time.monotonic())):
                    line = await reader.readline()
                told[line[9:12].decode() or "nothing"] += 1
                await asyncio.sleep(5)  # as it was told
            except (OSError, TimeoutError):
                told["nothing"] += 1
            finally:
                writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(one())
    return told


if __name__ == "__main__":
    sys.stdout.write("begins\n")
    sys.stdout.flush()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    counted = asyncio.run(crowd(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
    sys.stdout.write(msgspec.json.encode(counted).decode())
