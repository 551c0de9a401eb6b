"""Evidence of assets as documents: what is sealed, and what an outcome is rated from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np

from tenants.kernel.calendars import Span, from_epoch_ms
from twins.evidence.domain.flights import BASE, CounterReadings, counter_readings
from twins.evidence.domain.items import HOUR_MS, Events, Flights, Item, Rule
from twins.evidence.domain.knowledge import Reports, reports
from twins.evidence.domain.states import STATES

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NamedAsset:
    """An asset of a twin."""

    id: UUID
    name: str


def segment_documents(
    assets: Sequence[NamedAsset], flights: Flights, events: Events, rule: Rule, span: Span
) -> list[Json]:
    """The evidence of each asset for one span.

    A document is an entry of ``evidence`` in a rate document (``in_service``, ``initial``, ``states``, ``counters``:
    cumulative flight hours) together with what it is about: ``asset``, ``name``, ``start``, ``end`` and ``rule``. Times
    are in UTC with the milliseconds that they have.

    Args:
        assets: In the order in which the columns number them.
        flights: As ``flights_of`` gives them.
        events: Of any order.
        rule: The assumptions.
        span: ``[start, end)``, not empty.
    """
    states = _states(reports(flights, events, rule, span, len(assets)), len(assets))
    counters = _counters(counter_readings(flights, rule, span), assets, rule)
    ended = retired(events, span, len(assets))
    return [
        {
            "asset": str(asset.id),
            "name": asset.name,
            "start": moment_text(span[0]),
            "end": moment_text(span[1]),
            "rule": rule.as_json(),
            "in_service": ended[number],
            "initial": None,
            "states": states[number],
            "counters": counters[number],
        }
        for number, asset in enumerate(assets)
    ]


@lru_cache(maxsize=8192)  # many assets are told of at the same full hours
def moment_text(instant: int) -> str:
    """An instant in milliseconds as documents write it, with milliseconds only where there are some."""
    moment = from_epoch_ms(instant)
    return moment.isoformat(timespec="milliseconds" if instant % 1000 else "seconds").replace("+00:00", "Z")


def hours_text(flown: int, rule: Rule) -> str:
    """The hours of a number of flights, exact, as a decimal."""
    return format((Decimal(flown * rule.flight_ms) / HOUR_MS).normalize(), "f")


def _states(found: Reports, count: int) -> list[list[Json]]:
    by_asset: list[list[Json]] = [[] for _ in range(count)]
    order = np.lexsort((found.received, found.start, found.asset))
    columns = (column[order].tolist() for column in (found.asset, found.start, found.end, found.state, found.received))
    for asset, start, end, state, received in zip(*columns, strict=True):
        by_asset[asset].append(
            {
                "from": moment_text(start),
                "to": moment_text(end),
                "state": STATES[state].value,
                "received": moment_text(received),
            }
        )
    return by_asset


def _counters(found: CounterReadings, assets: Sequence[NamedAsset], rule: Rule) -> list[list[Json]]:
    by_asset: list[list[Json]] = [[] for _ in assets]
    names = [str(asset.id) for asset in assets]
    hours = {flown: hours_text(flown, rule) for flown in np.unique(found.flown).tolist()}
    order = np.lexsort((found.received, found.at, found.asset))
    columns = (
        column[order].tolist() for column in (found.asset, found.take_off, found.at, found.flown, found.received)
    )
    for asset, take_off, at, flown, received in zip(*columns, strict=True):
        name = f"start/{moment_text(at)}" if take_off == BASE else moment_text(take_off)
        by_asset[asset].append(
            {
                "id": f"{names[asset]}/{name}",
                "at": moment_text(at),
                "value": hours[flown],
                "received": moment_text(received),
            }
        )
    return by_asset


def retired(events: Events, span: Span, count: int) -> list[Json | None]:
    """When service ended, for assets whose service did before the end of the span."""
    ended: list[Json | None] = [None] * count
    chosen = (events.kind == Item.RETIRED) & (events.at < span[1])
    for at, asset in sorted(zip(events.at[chosen].tolist(), events.asset[chosen].tolist(), strict=True), reverse=True):
        ended[asset] = {"from": None, "to": moment_text(at)}
    return ended
