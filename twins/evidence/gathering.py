"""Everything that is known of the assets of a twin, brought together in a number of queries that does not grow."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import Max

from tenants.kernel.calendars import Span, epoch_ms
from tenants.scope.context import required_tenant
from twins.evidence.domain.documents import NamedAsset
from twins.evidence.domain.flights import flights_of
from twins.evidence.domain.items import EventKind, Events, Flights, Item, Rule
from twins.evidence.models import AssetEvent
from twins.evidence.schemas import Evidence, KnownEvent
from twins.telemetry.models import LatestReading, Signal
from twins.telemetry.packing import joined
from twins.telemetry.schemas import Ints, usable
from twins.telemetry.selectors import signals
from twins.telemetry.stored import FIRST, LAST, stored

NEVER = -1
"""Stands for the arrival of a commit that is not known."""

_ASSETS = """
SELECT DISTINCT ON (asset.key) asset.key::uuid, asset.value->>'name', asset.value->>'type',
       asset.value->'properties', version.version, max(version.version) OVER ()
FROM twins_twinversion AS version, jsonb_each(version.document->'assets') AS asset
WHERE version.tenant_id = %s AND version.twin_id = %s ORDER BY asset.key, version.version DESC"""
_ARRIVALS = """
SELECT commit, floor(extract(epoch FROM max(received_at)) * 1000)::bigint FROM twins_batch
WHERE tenant_id = %s AND commit = ANY(%s) GROUP BY commit"""


class PublishedAsset(NamedTuple):
    """An asset as the last version that had it had it."""

    id: UUID
    name: str
    type: str
    properties: Mapping[str, Any]
    version: int
    newest: int

    @property
    def is_current(self) -> bool:
        """Whether the newest version has it."""
        return self.version == self.newest


def gather(assets: Sequence[PublishedAsset], span: Span, rule: Rule) -> Evidence:
    """The evidence about assets that fly: those whose type has the indicator ``flight_hours``.

    An asset that was taken out of its twin is among them when something is known of it within the span.
    """
    if not assets:
        return Evidence((), Flights.none(), Events(*np.empty((4, 0), np.int64)), ())
    place = {asset.id: number for number, asset in enumerate(assets)}
    flights = flights_of(_snapshots(place), rule)
    said = known_events(place)
    events = events_of(said, place)
    is_there = np.array([asset.is_current for asset in assets], np.bool_)
    for known in (flights, events):
        is_there[known.asset[(known.at >= span[0]) & (known.at < span[1])]] = True
    number = np.cumsum(is_there) - 1
    flights = flights.where(is_there[flights.asset])
    said = [event for event in said if is_there[place[event.asset]]]
    present = [asset for asset, there in zip(assets, is_there, strict=True) if there]
    return Evidence(
        assets=tuple(NamedAsset(asset.id, asset.name) for asset in present),
        flights=Flights(number[flights.asset], flights.at, flights.received),
        events=events_of(said, {asset.id: number for number, asset in enumerate(present)}),
        said=tuple(said),
    )


def known_events(assets: Collection[UUID]) -> list[KnownEvent]:
    """Every event of some assets, by asset in the order of time."""
    rows = AssetEvent.objects.filter(asset__in=assets).order_by("asset", "at", "id")
    fields = ("id", "asset", "kind", "at", "received_at", "source", "reference", "note")
    return [KnownEvent(each[0], each[1], EventKind(each[2]), *each[3:]) for each in rows.values_list(*fields)]


def events_of(said: Sequence[KnownEvent], place: Mapping[UUID, int]) -> Events:
    """Events as columns; ``place`` numbers the assets."""
    rows = [(place[one.asset], epoch_ms(one.at), Item[one.kind.name], epoch_ms(one.received_at)) for one in said]
    return Events(*np.array(rows, np.int64).reshape(-1, 4).T)


def last_known_at(twin: UUID) -> datetime | None:
    """When the newest reading of a twin was taken, or its newest event happened; None when nothing is known of it."""
    found = [
        LatestReading.objects.filter(signal__in=Signal.objects.filter(twin=twin).values("id")).aggregate(at=Max("at"))[
            "at"
        ],
        AssetEvent.objects.filter(twin=twin).aggregate(at=Max("at"))["at"],
    ]
    return max((at for at in found if at is not None), default=None)


def published_assets(twin: UUID) -> list[PublishedAsset]:
    """The assets that any published version of a twin had, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_ASSETS, [required_tenant("a twin"), twin])
        rows = cursor.fetchall()
    assets = [
        PublishedAsset(key, name, of, json.loads(properties or "{}"), *rest)
        for key, name, of, properties, *rest in rows
    ]
    return sorted(assets, key=lambda asset: (asset.name, asset.id))


def arrivals(commits: Ints) -> Mapping[int, int]:
    """When the batches of some commits had come, in milliseconds; one of which none is kept any more is not in it."""
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVALS, [required_tenant("readings"), commits.tolist()])
        return dict(cursor.fetchall())


def _snapshots(place: Mapping[UUID, int]) -> Flights:
    """The usable readings, as snapshots, and when they became known.

    A reading is known from when the batches of its commit had come; where none is kept any more, from its own time.
    """
    owners = dict(signals(place).values_list("id", "asset"))
    kept = joined(list(stored(owners, FIRST, LAST).values()))
    kept = kept.where(usable(kept.quality))
    commits, commit = np.unique(kept.commit, return_inverse=True)
    came = arrivals(commits)
    known, signal = np.unique(kept.signal, return_inverse=True)
    asset = np.array([place[owners[each]] for each in known.tolist()], np.int64)[signal]
    at = kept.at // 1000
    received = np.array([came.get(each, NEVER) for each in commits.tolist()], np.int64)[commit]
    return Flights(asset, at, np.where(received == NEVER, at, received))
