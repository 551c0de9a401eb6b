"""How much of a machine an agent takes: ``python -m tests.twins.gateways.edge.load [SECONDS]``, without a platform.

It prints, for messages of one value and for waveforms of a hundred at up to 5,000 samples a second: samples a second
that were sent, the share of one core that 5,000 of them take, resident megabytes and bytes on disk for each reading.
The values are a random walk of two decimals at instants of their own.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from tests.twins.gateways.edge.conftest import Broker, Site, mqtt_section

RATE = 5_000
SENSORS = 50
FEATURES = """
[[features]]
key = "wave/0"
window_s = 1
statistics = ["rms", "max"]
bands = [{low_hz = 10, high_hz = 1000}]
"""


def measure(folder: Path, seconds: int, *, values: int) -> None:
    """Send so many values in each message, and print what that took."""
    broker = Broker(folder / "broker")
    site = Site(folder, "http://127.0.0.1:9", "a-token")
    site.write(mqtt_section(broker.url, "wave/#"), FEATURES)
    site.start()
    try:
        while not site.said("broker is connected"):
            time.sleep(0.1)
        process = psutil.Process(site.pid)
        before, begun = process.cpu_times(), time.monotonic()
        sent = _publish(broker, seconds, values)
        took = time.monotonic() - begun
        while _stored(site) < sent:
            time.sleep(0.2)
        after = process.cpu_times()
        memory = process.memory_info().rss / 1e6
        busy = after.user + after.system - before.user - before.system
        site.stop()
        found = sqlite3.connect(site.home / "store.db")
        readings, held, batches = found.execute(
            "SELECT total(readings), total(length(body)), count(*) FROM batch"
        ).fetchone()
        pages = found.execute("SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count")
        size = pages.fetchone()[0] * 1024
    finally:
        site.kill()
        broker.close()
    sys.stdout.write(
        f"{values:4} values a message: {sent / took:6.0f} samples/s sent, {100 * busy / sent * RATE:3.0f} % of a core "
        f"at {RATE} samples/s, {memory:.0f} MB, {readings:.0f} readings of {sent} in {batches} batches, "
        f"{size / readings:.2f} bytes on disk each ({held / readings:.2f} packed)\n"
    )


def _stored(site: Site) -> float:
    found = sqlite3.connect(f"file:{site.home / 'store.db'}?mode=ro", uri=True)
    try:
        return float(found.execute("SELECT total(readings) FROM batch").fetchone()[0])
    finally:
        found.close()


def _publish(broker: Broker, seconds: int, values: int) -> int:
    chance, messages = np.random.default_rng(1), RATE // values
    walk = np.round(20 + np.cumsum(chance.normal(0, 0.05, seconds * RATE)), 2).tolist()
    begun = time.monotonic()
    for second in range(seconds):
        for number in range(messages):
            at = int(time.time() * 1000)
            place = second * RATE + number * values
            topic = f"wave/{number % SENSORS}"
            part = walk[place : place + values]
            told = {"at": at, "value": part[0]} if values == 1 else {"at": at, "rate_hz": RATE, "values": part}
            broker.send(topic, json.dumps(told))
        time.sleep(max(0.0, begun + second + 1 - time.monotonic()))
    broker.settle()
    return seconds * messages * values


if __name__ == "__main__":
    for count in (1, 100):
        with tempfile.TemporaryDirectory() as made:
            measure(Path(made), int(sys.argv[1]) if len(sys.argv) > 1 else 20, values=count)
