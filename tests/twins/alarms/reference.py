"""The conditions of alarms read slowly: one reading after the other, one alarm at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from twins.alarms.domain.conditions import NEVER, Kind


@dataclass
class Slow:
    """One condition; `feed` and `tick` append to `told` what changes: instant, state."""

    kind: Kind
    limit: float
    deadband: float
    on_delay: int
    off_delay: int
    window: int
    since: int = 0
    raw: bool = False
    active: bool = False
    read_at: int = NEVER
    told_at: int = NEVER
    anchor: tuple[int, float] | None = None
    told: list[tuple[int, bool]] = field(default_factory=list)

    def _tell(self, at: int, active: bool) -> None:
        if active != self.active:
            self.active, self.told_at = active, at
            self.told.append((at, active))

    def _run_out(self, upto: int, inclusive: bool) -> None:
        if self.kind == Kind.STALE:
            over, state = self.since + self.on_delay, True
        else:
            over, state = self.since + (self.on_delay if self.raw else self.off_delay), self.raw
        if over < upto or (inclusive and over == upto):
            self._tell(over, state)

    def tick(self, horizon: int) -> None:
        self._run_out(horizon, inclusive=True)

    def feed(self, at: int, value: float) -> None:
        if at <= self.read_at:
            return
        read, at = at, max(at, self.told_at)
        self.read_at = read
        if self.kind == Kind.STALE:
            self._run_out(at, inclusive=False)
            self._tell(at, active=False)
            self.since = at
            return
        raw = self._passed(read, value)
        if raw != self.raw:
            self._run_out(at, inclusive=False)
            self.raw, self.since = raw, at
        self._run_out(at, inclusive=True)

    def _passed(self, read: int, value: float) -> bool:
        if self.kind in (Kind.RISING, Kind.FALLING) and not math.isnan(value):
            value = self._slope(read, value)
        if math.isnan(value):
            return self.raw
        beyond = (self.limit - value) if self.kind in (Kind.BELOW, Kind.FALLING) else (value - self.limit)
        if beyond > 0:
            return True
        return False if beyond <= -self.deadband else self.raw

    def _slope(self, read: int, value: float) -> float:
        if self.anchor is not None and read // self.window == self.anchor[0] // self.window:
            return math.nan
        old, self.anchor = self.anchor, (read, value)
        return math.nan if old is None else (value - old[1]) / max((read - old[0]) / 1e6, 1e-6)
