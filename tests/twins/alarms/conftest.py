"""A fleet with alarms, and its readings as the follower would bring them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from tenants.scope.context import scope
from tests.twins.conftest import Fleet
from twins.alarms.following import STEP
from twins.alarms.models import Alarm, AlarmEvent, AlarmRule
from twins.alarms.rules import Scope, create_rule
from twins.live.following import News
from twins.telemetry.instants import micros
from twins.telemetry.models import Signal
from twins.telemetry.schemas import Readings

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOT = {"signal": "t24", "above": "650", "deadband": "2", "priority": "high", "name": {"en": "Outlet hot"}}


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@dataclass
class Watch:
    """The alarms of a fleet; seconds count from `NOW`."""

    fleet: Fleet
    assets: list[UUID] = field(default_factory=list)

    def rule(self, key: str = "hot", *, of: Scope | None = None, **changes: Any) -> AlarmRule:
        document = {name: value for name, value in {**HOT, **changes}.items() if value is not None}
        with scope(self.fleet.tenant):
            return create_rule(
                key=key, scope=of or Scope(asset_type="turbofan-engine"), document=document, by="ada", now=NOW
            )

    def read(
        self, *rows: tuple[float, float], asset: int = 0, key: str = "t24", now: float = 0, quality: int = 0
    ) -> None:
        """Readings of one signal come in, in one commit."""
        with scope(self.fleet.tenant):
            signal = Signal.objects.get(asset=self.assets[asset], key=key).id
            count = len(rows)
            readings = Readings(
                np.full(count, signal), np.array([micros(at(row[0])) for row in rows]),
                np.array([row[1] for row in rows], np.float64), np.full(count, quality, np.int16),
            )  # fmt: skip
            STEP.follow(News(0, 0, readings), now=at(now or max(row[0] for row in rows)))

    def tick(self, seconds: float) -> datetime | None:
        with scope(self.fleet.tenant):
            return STEP.tick(now=at(seconds))

    def alarm(self, key: str = "hot", asset: int = 0) -> Alarm:
        with scope(self.fleet.tenant):
            return Alarm.objects.get(asset=self.assets[asset], key=key)

    def events(self, key: str = "hot", asset: int = 0) -> list[tuple[str, float]]:
        """What happened, in seconds."""
        with scope(self.fleet.tenant):
            rows = AlarmEvent.objects.filter(alarm__asset=self.assets[asset], alarm__key=key).order_by("at", "id")
            return [(row.kind, (row.at - NOW).total_seconds()) for row in rows]

    def do(self, work: Callable[[], Any]) -> Any:
        with scope(self.fleet.tenant):
            return work()


@pytest.fixture
def watch(fleet: Fleet) -> Watch:
    with scope(fleet.tenant):
        assets = sorted(set(Signal.objects.values_list("asset", flat=True)), key=str)
    return Watch(fleet, assets)
