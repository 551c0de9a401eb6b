"""Steps for tests."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path

from twins.live.following import News
from twins.live.models import Watermark


class Noting:
    """Notes each reading in a row of its own, which cannot be there twice; in the middle of it, it can be killed."""

    name = "noting"

    def follow(self, news: News, *, now: datetime) -> None:
        readings = news.readings
        seen = [f"{signal}.{at}" for signal, at in zip(readings.signal.tolist(), readings.at.tolist(), strict=True)]
        half = len(seen) // 2
        Watermark.objects.bulk_create(Watermark(step=step, upto=news.upto) for step in seen[:half])
        if half_done := os.environ.get("TEST_STEP_HANGS"):
            Path(half_done).touch()
            time.sleep(60)
        Watermark.objects.bulk_create(Watermark(step=step, upto=news.upto) for step in seen[half:])

    def tick(self, *, now: datetime) -> datetime | None:
        return None


class Failing:
    """Fails whenever something is new."""

    name = "failing"

    def follow(self, news: News, *, now: datetime) -> None:
        raise ValueError("a bug of this step")

    def tick(self, *, now: datetime) -> datetime | None:
        return None


NOTING, FAILING = Noting(), Failing()
