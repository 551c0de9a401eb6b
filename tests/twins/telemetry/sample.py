"""Bindings and messages made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

import numpy as np

from twins.telemetry.bindings import StoredSignal, bindings_of
from twins.telemetry.glimpses import Glimpse
from twins.telemetry.instants import micros, moment
from twins.telemetry.schemas import Bindings, BoundSignal, Delivery, Message, Normalised, Readings, Source

TENANT, GATEWAY, TWIN = UUID(int=1), UUID(int=2), UUID(int=3)
SOURCE = Source(TENANT, GATEWAY)
NOW_US = 1_768_464_000_000_000  # 2026-01-15T08:00:00Z
NOW = moment(NOW_US)


def bound(
    sent_key: str, *, key: str = "flow", asset: int = 10, unit: str = "m3/h", gateway: UUID = GATEWAY,
    span: tuple[str, str] | None = ("0", "100"), scale: str | None = None, offset: str | None = None,
    sent_unit: str | None = None, expression: str | None = None,
) -> BoundSignal:  # fmt: skip
    return BoundSignal(
        twin=TWIN, asset=UUID(int=asset), key=key, unit=unit, gateway=gateway, sent_key=sent_key, asset_name="P-101",
        range=span and (Decimal(span[0]), Decimal(span[1])), scale=None if scale is None else Decimal(scale),
        offset=None if offset is None else Decimal(offset), sent_unit=sent_unit, expression=expression,
    )  # fmt: skip


def bindings(*signals: BoundSignal, units: dict[str, str] | None = None) -> Bindings:
    """The bindings of the gateway, its signals numbered from 1."""
    stored = {
        (one.asset, one.key): StoredSignal(number, (units or {}).get(one.key, one.unit))
        for number, one in enumerate(signals, 1)
    }
    return bindings_of(TENANT, GATEWAY, signals, stored)


def message(*rows: tuple[str, int, float], batch: str = "b1") -> Message:
    """A message of good readings: key, seconds before now, value."""
    keys = list(dict.fromkeys(key for key, _, _ in rows))
    return Message(
        batch=batch,
        keys=keys,
        key=np.array([keys.index(key) for key, _, _ in rows], np.int64),
        at=np.array([NOW_US - seconds * 1_000_000 for _, seconds, _ in rows], np.int64),
        value=np.array([value for _, _, value in rows], np.float64),
        quality=np.zeros(len(rows), np.int16),
    )


def readings(*rows: tuple[int, int, float]) -> Readings:
    """Readings of signals: id, instant in seconds since 2025, value."""
    return Readings(
        signal=np.array([signal for signal, _, _ in rows], np.int64),
        at=np.array([1_735_689_600_000_000 + second * 1_000_000 for _, second, _ in rows], np.int64),
        value=np.array([value for _, _, value in rows], np.float64),
        quality=np.zeros(len(rows), np.int16),
    )


def delivery(*rows: tuple[int, int, float], batch: str = "b1", source: Source = SOURCE, digest: int = 1) -> Delivery:
    return Delivery(source, batch, digest, Normalised(readings(*rows), ()))


def once(at: int, value: float) -> Glimpse:
    """A single value of a key that nothing reads."""
    return Glimpse(((at, value),), 1, value, value)


def listed(one: Readings) -> list[tuple[int, float, float]]:
    """Readings as signal, seconds before now, value."""
    ages = (NOW_US - one.at) / 1_000_000
    return list(zip(one.signal.tolist(), ages.tolist(), one.value.tolist(), strict=True))


def codes(asides: Iterable[object]) -> list[tuple[str, str, int]]:
    """Key, reason and number of each thing set aside."""
    return [(one.key, one.code, one.at.size) for one in asides]  # type: ignore[attr-defined]


__all__ = ["micros", "moment"]
