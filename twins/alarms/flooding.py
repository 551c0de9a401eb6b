"""Floods of alarms: how fast they come at each site, and since when that is too fast for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from tenants.kernel.ids import new_id
from twins.alarms.domain.floods import Flood, Turn, flood_after
from twins.alarms.models import AlarmFlood
from twins.telemetry.instants import micros, moment


def note_annunciations(came: Iterable[tuple[UUID | None, datetime]], *, now: datetime) -> list[Turn]:
    """Count annunciations where they came; the floods that begin or end with them.

    Args:
        came: The site and the instant of each.
        now: When this happens.
    """
    by_site: dict[UUID | None, list[int]] = defaultdict(list)
    for site, at in came:
        by_site[site].append(micros(at))
    if not by_site:
        return []
    rows = {row.site: row for row in AlarmFlood.objects.select_for_update().filter(ended_at=None).order_by("id")}
    turns = []
    for site, instants in by_site.items():
        row = rows.get(site) or AlarmFlood(id=new_id(), site=site)
        turns += _advance(row, sorted(instants), sorted(instants)[-1])
    return turns


def end_floods(*, now: datetime) -> datetime | None:
    """End the floods that are over; when the next one is if nothing more comes."""
    waiting = []
    rows = AlarmFlood.objects.select_for_update().filter(ended_at=None).exclude(begun_at=None).order_by("id")
    for row in rows:
        _advance(row, [], micros(now))
        ends_at = _flood(row).ends_at
        if ends_at is not None:
            waiting.append(moment(ends_at))
    return min(waiting, default=None)


def flooded_sites() -> set[UUID | None]:
    """Where a flood goes on."""
    return set(AlarmFlood.objects.filter(ended_at=None).exclude(begun_at=None).values_list("site", flat=True))


def _flood(row: AlarmFlood) -> Flood:
    return Flood(tuple(row.recent), None if row.begun_at is None else micros(row.begun_at), row.count)


def _advance(row: AlarmFlood, came: list[int], horizon: int) -> list[Turn]:
    after, turns = flood_after(_flood(row), came, horizon)
    begun_at = row.begun_at
    for turn in turns:
        if turn.begins:
            begun_at = moment(turn.at)
        else:
            AlarmFlood.objects.create(
                site=row.site, recent=[], count=turn.count, begun_at=begun_at, ended_at=moment(turn.at)
            )
    row.recent, row.count = list(after.recent), after.count
    row.begun_at = None if after.since is None else moment(after.since)
    row.save()
    return turns
