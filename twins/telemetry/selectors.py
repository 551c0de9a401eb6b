"""Readings to read, in the scope of their tenant; spans of time are half-open."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import QuerySet

from tenants.kernel.clock import isoformat
from tenants.scope.context import required_tenant
from twins.catalog.domain.inheritance import ResolvedType
from twins.catalog.schemas import Signal as SignalOfType
from twins.catalog.selectors import resolved_types
from twins.composer.schemas import Binding, TwinDocument
from twins.composer.selectors import publication_mark, published_twins
from twins.telemetry import stored
from twins.telemetry.instants import moment
from twins.telemetry.models import SetAside, Signal, Traffic, UnboundKey
from twins.telemetry.schemas import BoundSignal, Readings, Rules, usable
from twins.telemetry.series import Arrival, LatestValue, Matrix, RecentKey, Series

# A full join is hashed or merged whatever is believed of a tenant's numbers. With any other, a tenant that statistics
# do not know yet may have each of its 10,000 signals looked for among all of its newest readings, for seconds.
_LATEST = """
SELECT s.asset, s.key, s.unit, l.at, l.value, l.quality
FROM (SELECT * FROM twins_signal WHERE tenant_id = %(tenant)s AND {of}) s FULL JOIN (
    SELECT * FROM twins_latestreading WHERE tenant_id = %(tenant)s AND signal = ANY(ARRAY(
        SELECT id FROM twins_signal WHERE tenant_id = %(tenant)s AND {of}))
) l ON l.signal = s.id"""
_ARRIVALS = """
SELECT gateway, first_at, last_at, commit FROM twins_batch
WHERE tenant_id = %s AND commit > %s AND commit <= %s AND accepted > 0 ORDER BY commit"""


def bound_signals() -> tuple[BoundSignal, ...]:
    """Every binding of the newest published versions, with what the types say of the signals."""
    return _bound_signals(required_tenant("bindings"), publication_mark())


@lru_cache(maxsize=256)
def _bound_signals(_tenant: UUID, _mark: str) -> tuple[BoundSignal, ...]:
    """Worked out once for a publication: documents of thousands of assets take a while to read."""
    types = resolved_types()
    return tuple(
        _bound(place, binding, document, types)
        for document in published_twins()
        for place, binding in document.bindings.items()
    )


def _bound(place: str, binding: Binding, document: TwinDocument, types: Mapping[str, ResolvedType]) -> BoundSignal:
    asset_id, _, key = place.partition("/")
    asset = document.assets[asset_id]
    signal = types[asset.type].document.signals[key]
    return BoundSignal(
        twin=UUID(document.twin), asset=UUID(asset_id), asset_name=asset.name, key=key, unit=signal.unit,
        range=signal.range, gateway=UUID(binding.gateway), sent_key=binding.key, scale=binding.scale,
        offset=binding.offset, sent_unit=binding.unit, expression=binding.expression, rules=_rules(signal),
    )  # fmt: skip


def _rules(signal: SignalOfType) -> Rules:
    quality = signal.quality
    if quality is None:
        return Rules(rate=signal.rate)
    return Rules(signal.rate, quality.stuck, quality.spike, quality.stale)


def signals(assets: Collection[UUID], keys: Collection[str] | None = None) -> QuerySet[Signal]:
    """The signals of some assets; those that no published twin has ever bound do not exist."""
    found = Signal.objects.filter(asset__in=assets).order_by("asset", "key")
    return found if keys is None else found.filter(key__in=keys)


def readings(signal_ids: Collection[int], start: datetime, end: datetime, most: int | None = None) -> dict[int, Series]:
    """The readings of signals, by signal; one without readings has an empty series.

    Args:
        signal_ids: Of the tenant.
        start: First instant.
        end: First instant after.
        most: About how many are read, whichever these are; for all of them None.
    """
    found = stored.stored(signal_ids, start, end, most=most)
    return {signal: Series(kept.at, kept.value, kept.quality) for signal, kept in found.items()}


def series(asset: UUID, key: str, start: datetime, end: datetime, most: int | None = None) -> Series:
    """The readings of one signal of one asset, for a chart; `most` as in `readings`."""
    found = signals([asset], [key]).first()
    if found is None:
        return Series(np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int16))
    return readings([found.id], start, end, most)[found.id]


def matrices(assets: Collection[UUID], keys: Sequence[str], start: datetime, end: datetime) -> dict[UUID, Matrix]:
    """The usable readings of some signals of many assets, side by side and aligned by time, as training wants them.

    Args:
        assets: Of the tenant; one that has no readings gets an empty matrix.
        keys: The signals, which become the columns.
        start: First instant.
        end: First instant after.
    """
    place = {row.id: (row.asset, keys.index(row.key)) for row in signals(assets, keys)}
    by_asset: dict[UUID, list[tuple[int, Series]]] = {asset: [] for asset in assets}
    for signal, one in (readings(place, start, end) if place else {}).items():
        asset, column = place[signal]
        kept = usable(one.quality)
        by_asset[asset].append((column, Series(one.at[kept], one.value[kept], one.quality[kept])))
    return {asset: _matrix(columns, tuple(keys)) for asset, columns in by_asset.items()}


def _matrix(columns: Iterable[tuple[int, Series]], keys: tuple[str, ...]) -> Matrix:
    columns = list(columns)
    at = np.unique(np.concatenate([np.empty(0, np.int64), *(one.at for _, one in columns)]))
    value = np.full((at.size, len(keys)), np.nan)
    for column, one in columns:
        value[np.searchsorted(at, one.at), column] = one.value
    return Matrix(at, keys, value)


def latest(twin: UUID) -> list[LatestValue]:
    """The newest reading of each signal of a twin that has any, in one query."""
    return _latest("twin = %(of)s", twin)


def latest_of(assets: Collection[UUID]) -> list[LatestValue]:
    """The newest reading of each signal of some assets that has any, in one query."""
    return _latest("asset = ANY(%(of)s)", list(assets))


def live_state(twin: UUID) -> dict[str, Any]:
    """The newest readings in the form in which new ones are pushed: what a page starts from."""
    values: dict[str, dict[str, tuple[str, float, int]]] = {}
    for one in latest(twin):
        values.setdefault(str(one.asset), {})[one.key] = (isoformat(one.at), one.value, one.quality)
    return {"twin": str(twin), "values": values}


def latest_within(assets: Collection[UUID], start: datetime, end: datetime | None) -> list[LatestValue]:
    """The newest reading in ``[start, end)``, or from `start` on, of each signal of some assets that has any there."""
    newest = [one for one in _latest("asset = ANY(%(of)s)", list(assets)) if one.at >= start]
    if end is None or all(one.at < end for one in newest):
        return newest
    late = {one.asset for one in newest if one.at >= end}
    rows = {row.id: row for row in signals(late)}
    within = stored.newest(rows, start, end)
    return [one for one in newest if one.asset not in late] + [
        LatestValue(row.asset, row.key, row.unit, moment(one.at), one.value, one.quality)
        for signal, one in within.items()
        for row in (rows[signal],)
    ]


def _latest(condition: str, of: UUID | list[UUID]) -> list[LatestValue]:
    parameters = {"tenant": required_tenant("newest readings"), "of": of}
    rows = stored.fetched(_LATEST.format(of=condition), parameters)
    return [LatestValue._make(row) for row in rows if row[3] is not None]


def commit_count() -> int:
    """How many commits of readings there have been: the mark up to which a later stage has seen everything."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM twins_commitcount WHERE tenant_id = %s", [required_tenant("a count")])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def arrivals(after: int, upto: int) -> list[Arrival]:
    """What came with the commits after one count up to another, batch by batch: where to look for what is new."""
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVALS, [required_tenant("arrivals"), after, upto])
        return [Arrival(*row) for row in cursor.fetchall()]


def new_readings(after: int, upto: int) -> Readings:
    """The readings that came with the commits after one count up to another, by signal in the order of time.

    Those that say what an earlier commit said already may be among them.
    """
    kept = stored.new(after, upto)
    return Readings(kept.signal, kept.at, kept.value, kept.quality)


def set_aside(gateway: UUID) -> QuerySet[SetAside]:
    """What was set aside of a gateway's readings, newest first."""
    return SetAside.objects.filter(gateway=gateway)


def traffic(gateways: Collection[UUID]) -> dict[UUID, Traffic]:
    """What some gateways have sent, by gateway; one that never sent anything is not in it."""
    return {row.gateway: row for row in Traffic.objects.filter(gateway__in=gateways)}


def recent_keys(gateway: UUID) -> list[RecentKey]:
    """The keys that a gateway has sent, by key, each with its newest value: as stored where a signal reads it."""
    bound = [one for one in bound_signals() if one.gateway == gateway]
    newest = {(one.asset, one.key): one for one in latest_of([one.asset for one in bound])}
    found = [
        RecentKey(one.sent_key, value.at, value.value, value.unit, one.twin, one.asset, one.asset_name, one.key)
        for one in bound
        if (value := newest.get((one.asset, one.key))) is not None
    ]
    read = {one.sent_key for one in bound}
    unbound = [row for row in UnboundKey.objects.filter(gateway=gateway) if row.key not in read]
    found += [RecentKey(row.key, row.at, row.value) for row in unbound]
    return sorted(found, key=lambda one: (one.key, str(one.asset)))
