"""Keys that gateways have sent: those that nothing reads, and those that published twins read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from tenants.scope.context import required_tenant
from twins.telemetry.instants import moment
from twins.telemetry.schemas import BoundSignal
from twins.telemetry.selectors import bound_signals, latest_of, series
from twins.telemetry.series import LatestValue
from twins.telemetry.stored import fetched

Named = tuple[UUID, str]
"""A gateway and one of its keys."""

_COLUMNS = "u.gateway, u.key, u.at, u.value, u.seen, u.low, u.high, u.recent_at, u.recent_value"
# Keys that are read by now leave the list at once, though their rows stay.
_PAGE = f"""
SELECT {_COLUMNS} FROM twins_unboundkey u
WHERE u.tenant_id = %(tenant)s AND u.gateway = ANY(%(gateways)s)
  AND NOT EXISTS (SELECT FROM unnest(%(words)s::text[]) AS word WHERE strpos(lower(u.key), word) = 0)
  AND (u.key, u.gateway) > (%(key)s, %(gateway)s)
  AND NOT EXISTS (SELECT FROM unnest(%(read_gateways)s::uuid[], %(read_keys)s::text[]) AS read (gateway, key)
                  WHERE read.gateway = u.gateway AND read.key = u.key)
ORDER BY u.key, u.gateway LIMIT %(most)s"""  # noqa: S608
_NAMED = f"""
SELECT {_COLUMNS} FROM twins_unboundkey u
JOIN unnest(%(gateways)s::uuid[], %(keys)s::text[]) AS named (gateway, key) USING (gateway, key)
WHERE u.tenant_id = %(tenant)s"""  # noqa: S608
_FIRST = UUID(int=0)
_BEFORE = timedelta(hours=1)


class Heard(NamedTuple):
    """A key that nothing reads, or nothing read when it came; fields as `models.UnboundKey`."""

    gateway: UUID
    key: str
    at: datetime
    value: float
    seen: int
    low: float | None
    high: float | None
    recent_at: list[datetime]
    recent_value: list[float]

    @property
    def recent(self) -> list[tuple[datetime, float]]:
        """The newest readings in the order of time, each once."""
        return sorted({*zip(self.recent_at, self.recent_value, strict=True), (self.at, self.value)})

    @property
    def name(self) -> Named:
        """Its gateway and key."""
        return self.gateway, self.key


class Read(NamedTuple):
    """A key that a published twin reads, with the newest value that is stored of it."""

    bound: BoundSignal
    newest: LatestValue | None


def unbound_keys(
    gateways: Collection[UUID], words: Iterable[str] = (), *, without: Collection[Named] = (),
    after: Named | None = None, most: int,
) -> list[Heard]:  # fmt: skip
    """Keys that no published twin reads, by key and gateway, in one query.

    Args:
        gateways: Whose.
        words: That the key holds, whatever their capitals.
        without: Keys to leave out.
        after: The one before the first.
        most: How many at most.
    """
    read = {(one.gateway, one.sent_key) for one in bound_signals() if one.gateway in gateways} | set(without)
    gateway, key = after or (_FIRST, "")
    parameters: dict[str, Any] = {
        "tenant": required_tenant("keys"), "gateways": list(gateways), "most": most, "key": key, "gateway": gateway,
        "words": [word.lower() for word in words],
        "read_gateways": [gateway for gateway, _ in read], "read_keys": [key for _, key in read],
    }  # fmt: skip
    return [Heard(*row) for row in fetched(_PAGE, parameters)]


def heard(names: Sequence[Named]) -> dict[Named, Heard]:
    """What is known of some keys from the time when nothing read them, in one query."""
    gateways, keys = [gateway for gateway, _ in names], [key for _, key in names]
    rows = fetched(_NAMED, {"tenant": required_tenant("keys"), "gateways": gateways, "keys": keys})
    return {one.name: one for one in (Heard(*row) for row in rows)}


def bound_keys(
    gateways: Collection[UUID], words: Iterable[str] = (), *, after: Named | None = None, most: int
) -> list[Read]:
    """Keys that published twins read, otherwise as `unbound_keys`."""
    wanted = [word.lower() for word in words]
    found = sorted(
        (
            one
            for one in bound_signals()
            if one.gateway in gateways and all(word in one.sent_key.lower() for word in wanted)
        ),
        key=lambda one: (one.sent_key, one.gateway, one.asset, one.key),
    )
    if after is not None:
        found = [one for one in found if (one.sent_key, one.gateway) > (after[1], after[0])]
    return with_newest(found[:most])


def with_newest(found: Sequence[BoundSignal]) -> list[Read]:
    """Some bindings of published twins with the newest values that are stored of them, in one query."""
    newest = {(one.asset, one.key): one for one in latest_of({one.asset for one in found})}
    return [Read(one, newest.get((one.asset, one.key))) for one in found]


def last_stored(one: Read, most: int) -> list[tuple[datetime, float]]:
    """The newest stored readings of a key that is read, at most an hour before the last, in the order of time."""
    if one.newest is None:
        return []
    end = one.newest.at + timedelta(microseconds=1)
    found = series(one.bound.asset, one.bound.key, one.newest.at - _BEFORE, end)
    return [
        (moment(at), value) for at, value in zip(found.at[-most:].tolist(), found.value[-most:].tolist(), strict=True)
    ]
