"""One commit: the batches, readings and set-aside readings of several deliveries in one transaction of the ingest role.

Readings go in by COPY, which is the fastest way and refuses a reading that is there already, or twice in one commit.
When it does, the transaction is made again with an INSERT that lets the later revision win. The count of commits of
each tenant is taken first and stays locked until the commit: so its order is the order in which commits become
visible, and two processes never store one batch. What the readings use up of the day's quota is added in the same
transaction, one row for each tenant and customer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection, errors

from tenants.kernel.ids import new_id
from tenants.limits.domain.plans import Meter
from tenants.limits.schemas import WHOLE
from tenants.limits.usage import ADD
from twins.telemetry import binary
from twins.telemetry.binary import Array
from twins.telemetry.errors import BatchReusedError
from twins.telemetry.instants import moment
from twins.telemetry.partitions import Partitions
from twins.telemetry.rows import KINDS, Rows, distinct_rows_of, rows_of
from twins.telemetry.schemas import NO_TIME, Aside, Delivery, Ints, Outcome

Connection = AsyncConnection[Any]
Result = Outcome | BatchReusedError
RowsOf = Callable[[Sequence[Delivery]], Rows]

_READING = "tenant_id, signal, at, value, commit, quality"
_COPY = f"COPY twins_reading ({_READING}) FROM STDIN (FORMAT binary)"
_MERGE = f"""
INSERT INTO twins_reading AS r ({_READING})
SELECT * FROM unnest(%s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, at, signal) DO UPDATE
SET value = excluded.value, commit = excluded.commit, quality = excluded.quality
WHERE (r.value, r.quality) IS DISTINCT FROM (excluded.value, excluded.quality)"""  # noqa: S608
_COUNT = """
INSERT INTO twins_commitcount AS c (tenant_id, value) SELECT tenant_id, 1 FROM unnest(%s) AS tenant_id
ON CONFLICT (tenant_id) DO UPDATE SET value = c.value + 1 RETURNING tenant_id, value"""
_CLAIM = """
INSERT INTO twins_batch
    (tenant_id, gateway, batch, digest, commit, accepted, set_aside, received_at, first_at, last_at)
SELECT tenant_id, gateway, batch, digest, commit, accepted, set_aside, %s,
       CASE WHEN accepted > 0 THEN first_at END, CASE WHEN accepted > 0 THEN last_at END
FROM unnest(%s, %s, %s::text[], %s, %s, %s, %s, %s, %s)
     AS b (tenant_id, gateway, batch, digest, commit, accepted, set_aside, first_at, last_at)
ON CONFLICT (tenant_id, gateway, batch) DO NOTHING RETURNING tenant_id, gateway, batch"""
_KNOWN = """
SELECT b.tenant_id, b.gateway, b.batch, b.digest, b.accepted, b.set_aside, b.commit
FROM unnest(%s, %s, %s::text[]) AS k (tenant_id, gateway, batch) JOIN twins_batch b USING (tenant_id, gateway, batch)"""
_ASIDE = """
COPY twins_setaside
    (tenant_id, id, gateway, batch, key, code, message, fix, excerpt, count, at, value, received_at) FROM STDIN"""

_Name = tuple[UUID, UUID, str]


@dataclass(frozen=True, slots=True, eq=False)
class Committed:
    """What one commit came to.

    Attributes:
        results: What became of each delivery.
        rows: The readings that were stored.
        commits: The tenants' counts of commits.
    """

    results: list[Result]
    rows: Rows
    commits: dict[UUID, int]


class Store:
    """Commits deliveries; what it remembers between commits saves looking things up again. One commit at a time."""

    def __init__(self) -> None:
        self._partitions = Partitions()
        self._encoder = binary.RowEncoder(KINDS)

    async def commit(self, connection: Connection, deliveries: Sequence[Delivery], *, now: datetime) -> Committed:
        """Make deliveries durable, all or none.

        Args:
            connection: Of the ingest role, in autocommit mode, outside a transaction.
            deliveries: In the order of their arrival.
            now: When this happens.

        Raises:
            psycopg.Error: Nothing was stored.
        """
        rows = rows_of(deliveries)
        await self._partitions.provide(connection, rows)
        try:
            return await self._transaction(connection, deliveries, rows_of, now)
        except errors.UniqueViolation:
            return await self._transaction(connection, deliveries, distinct_rows_of, now)
        except errors.CheckViolation:  # a partition that was there has been dropped
            self._partitions.forget()
            await self._partitions.provide(connection, rows)
            return await self._transaction(connection, deliveries, distinct_rows_of, now)

    async def _transaction(
        self, connection: Connection, deliveries: Sequence[Delivery], as_rows: RowsOf, now: datetime
    ) -> Committed:
        rows = as_rows(deliveries)
        async with connection.transaction():
            commits = await _count(connection, rows.tenants)
            claims = await _claim(connection, deliveries, rows, commits, now)
            fresh = [delivery for delivery, claim in zip(deliveries, claims, strict=True) if claim.is_fresh]
            if len(fresh) < len(deliveries):
                rows = as_rows(fresh)
            if rows.signal.size and as_rows is rows_of:
                await self._copy(connection, rows.columns(commits))
            elif rows.signal.size:
                await _merge(connection, rows.columns(commits))
            await _use(connection, deliveries, claims)
            asides = [
                (delivery, aside)
                for delivery, claim in zip(deliveries, claims, strict=True)
                for aside in (delivery.normalised.aside if claim.is_fresh else claim.aside)
            ]
            if asides:
                await _set_aside(connection, asides, now)
        return Committed([claim.result for claim in claims], rows, commits)

    async def _copy(self, connection: Connection, columns: Sequence[NDArray[Any]]) -> None:
        async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for part in self._encoder.encode(columns):
                await copy.write(part)


async def _merge(connection: Connection, columns: Sequence[NDArray[Any]]) -> None:
    await connection.execute(_MERGE, [Array(kind, values) for kind, values in zip(KINDS, columns, strict=True)])


async def _count(connection: Connection, tenants: Sequence[UUID]) -> dict[UUID, int]:
    """Count a commit for each tenant; they are in order, so that two processes cannot wait for each other."""
    cursor = await connection.execute(_COUNT, [Array(binary.UUID, binary.uuids(tenants))], binary=True)
    return dict(await cursor.fetchall())


async def _use(connection: Connection, deliveries: Sequence[Delivery], claims: Sequence[_Claim]) -> None:
    """Add what was stored to the usage of the day, of each tenant and of each customer whose gateway sent it."""
    used: Counter[tuple[UUID, date, UUID]] = Counter()
    for delivery, claim in zip(deliveries, claims, strict=True):
        if claim.is_fresh and delivery.day is not None and isinstance(claim.result, Outcome) and claim.result.accepted:
            tenant, customer = delivery.source.tenant, delivery.source.customer
            used[tenant, delivery.day, WHOLE] += claim.result.accepted
            if customer is not None:
                used[tenant, delivery.day, customer] += claim.result.accepted
    if used:
        tenants, days, parts = zip(*used, strict=True)
        meters = [Meter.READINGS_PER_DAY.value] * len(used)
        await connection.execute(ADD, [list(tenants), meters, list(days), list(parts), list(used.values())])


class _Claim(NamedTuple):
    """Whether a delivery is to be stored, and what its sender is told.

    Attributes:
        aside: What to note of a delivery that is not stored.
    """

    result: Result
    is_fresh: bool
    aside: tuple[Aside, ...] = ()


async def _claim(
    connection: Connection, deliveries: Sequence[Delivery], rows: Rows, commits: Mapping[UUID, int], now: datetime
) -> list[_Claim]:
    """Enter the batches; those that are there already are not stored again."""
    outcomes = [
        Outcome(
            accepted=delivery.normalised.readings.size - int(duplicate),
            duplicate=int(duplicate),
            set_aside=delivery.normalised.set_aside,
            commit=commits[delivery.source.tenant],
        )
        for delivery, duplicate in zip(deliveries, rows.duplicate, strict=True)
    ]
    entered = await _enter(connection, deliveries, outcomes, now)
    claims: list[_Claim | None] = []
    for delivery, outcome in zip(deliveries, outcomes, strict=True):
        name = _name(delivery)
        if not delivery.batch or name in entered:
            entered.discard(name)
            claims.append(_Claim(outcome, is_fresh=True))
        else:
            claims.append(None)
    if all(claims):
        return [claim for claim in claims if claim]
    known = await _known(
        connection, [delivery for delivery, claim in zip(deliveries, claims, strict=True) if claim is None]
    )
    return [
        claim or _repeated(delivery, known[_name(delivery)]) for delivery, claim in zip(deliveries, claims, strict=True)
    ]


def _repeated(delivery: Delivery, known: tuple[int, Outcome]) -> _Claim:
    digest, outcome = known
    if digest == delivery.digest:
        return _Claim(outcome, is_fresh=False)
    error = BatchReusedError(
        f"a batch named {delivery.batch} was committed before with other readings",
        place="batch",
        kept="The readings of the first batch of this name.",
        fix="Name each batch differently, and send this one again under its own name.",
    )
    aside = Aside("", error.code, error.message, error.fix, np.empty(0, np.int64), np.empty(0, np.float64))
    return _Claim(error, is_fresh=False, aside=(aside,))


async def _enter(
    connection: Connection, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome], now: datetime
) -> set[_Name]:
    """The names of the batches that were not there."""
    named = [(one, outcome) for one, outcome in zip(deliveries, outcomes, strict=True) if one.batch]
    if not named:
        return set()
    spans = [_span(one.normalised.readings.at) for one, _ in named]
    numbers = [
        (binary.INT8, [one.digest for one, _ in named]),
        (binary.INT8, [outcome.commit for _, outcome in named]),
        (binary.INT4, [outcome.accepted for _, outcome in named]),
        (binary.INT4, [outcome.set_aside for _, outcome in named]),
        (binary.INSTANT, [first for first, _ in spans]),
        (binary.INSTANT, [last for _, last in spans]),
    ]
    names = _names([one for one, _ in named])
    parameters = [now, *names, *(Array(kind, np.array(values, np.int64)) for kind, values in numbers)]
    cursor = await connection.execute(_CLAIM, parameters, binary=True)
    return set(await cursor.fetchall())


async def _known(connection: Connection, deliveries: Sequence[Delivery]) -> dict[_Name, tuple[int, Outcome]]:
    """The digest of each batch that is there, and what its sender is told when it comes again."""
    cursor = await connection.execute(_KNOWN, _names(deliveries), binary=True)
    return {
        (tenant, gateway, batch): (digest, Outcome(0, accepted, set_aside, commit))
        for tenant, gateway, batch, digest, accepted, set_aside, commit in await cursor.fetchall()
    }


async def _set_aside(connection: Connection, asides: Sequence[tuple[Delivery, Aside]], now: datetime) -> None:
    async with connection.cursor() as cursor, cursor.copy(_ASIDE) as copy:
        for delivery, aside in asides:
            await copy.write_row(
                (
                    *(delivery.source.tenant, new_id(), delivery.source.gateway, delivery.batch, aside.key),
                    *(aside.code, aside.message, aside.fix, aside.excerpt, max(aside.at.size, 1)),
                    [moment(at) if at != NO_TIME else None for at in aside.at.tolist()],
                    [value if isfinite(value) else None for value in aside.value.tolist()],
                    now,
                )
            )


def _name(delivery: Delivery) -> _Name:
    return delivery.source.tenant, delivery.source.gateway, delivery.batch


def _names(deliveries: Sequence[Delivery]) -> list[Any]:
    """Their names as parameters, one array for each part."""
    return [
        Array(binary.UUID, binary.uuids([one.source.tenant for one in deliveries])),
        Array(binary.UUID, binary.uuids([one.source.gateway for one in deliveries])),
        [one.batch for one in deliveries],
    ]


def _span(at: Ints) -> tuple[int, int]:
    """The first and the last of some instants; of none, any."""
    return (int(at.min()), int(at.max())) if at.size else (0, 0)
