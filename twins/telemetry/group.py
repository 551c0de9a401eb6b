"""One commit: the batches, readings and set-aside readings of several deliveries in one transaction of the ingest role.

The readings of a tenant are one packed row of its log, whatever they are of and whenever: revisions are told apart when
they are read and when the log is compacted. The count of commits of each tenant is taken first and stays locked until
the commit: so its order is the order in which commits become visible, and two processes never store one batch. What the
readings use up of the day's quota is added in the same transaction, one row for each tenant and customer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from psycopg import AsyncConnection

from tenants.kernel.ids import new_id
from tenants.limits.domain.plans import Meter
from tenants.limits.schemas import WHOLE
from tenants.limits.usage import ADD
from twins.telemetry import binary
from twins.telemetry.binary import Array
from twins.telemetry.errors import BatchReusedError
from twins.telemetry.instants import moment
from twins.telemetry.packing import pack_log
from twins.telemetry.rows import Rows, replaced, rows_of
from twins.telemetry.schemas import NO_TIME, Aside, Delivery, Ints, Outcome

Connection = AsyncConnection[Any]
Result = Outcome | BatchReusedError

_LOG = """
INSERT INTO twins_readinglog (tenant_id, commit, count, first_at, last_at, received_at, payload)
SELECT tenant_id, commit, count, first_at, last_at, %s, payload
FROM unnest(%s, %s, %s, %s, %s, %b) AS log (tenant_id, commit, count, first_at, last_at, payload)
RETURNING commit"""
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


async def commit_together(connection: Connection, deliveries: Sequence[Delivery], *, now: datetime) -> Committed:
    """Make deliveries durable, all or none.

    Args:
        connection: Of the ingest role, in autocommit mode, outside a transaction.
        deliveries: In the order of their arrival.
        now: When this happens.

    Raises:
        psycopg.Error: Nothing was stored.
    """
    async with connection.transaction():
        commits = await _count(connection, sorted({delivery.source.tenant for delivery in deliveries}))
        claims = await _claim(connection, deliveries, commits, now)
        rows = rows_of([delivery for delivery, claim in zip(deliveries, claims, strict=True) if claim.is_fresh])
        await _log(connection, rows, commits, now)
        await _use(connection, deliveries, claims)
        asides = [
            (delivery, aside)
            for delivery, claim in zip(deliveries, claims, strict=True)
            for aside in (delivery.normalised.aside if claim.is_fresh else claim.aside)
        ]
        if asides:
            await _set_aside(connection, asides, now)
    return Committed([claim.result for claim in claims], rows, commits)


async def _log(connection: Connection, rows: Rows, commits: Mapping[UUID, int], now: datetime) -> None:
    """Append the readings to the logs of their tenants."""
    log = list(rows.by_tenant())
    if not log:
        return
    numbers = [
        (binary.INT8, [commits[tenant] for tenant, _ in log]),
        (binary.INT4, [readings.size for _, readings in log]),
        (binary.INSTANT, [int(readings.at.min()) for _, readings in log]),
        (binary.INSTANT, [int(readings.at.max()) for _, readings in log]),
    ]
    parameters = [
        *(now, Array(binary.UUID, binary.uuids([tenant for tenant, _ in log]))),
        *(Array(kind, np.array(values, np.int64)) for kind, values in numbers),
        [pack_log(readings) for _, readings in log],
    ]
    await connection.execute(_LOG, parameters)


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
    connection: Connection, deliveries: Sequence[Delivery], commits: Mapping[UUID, int], now: datetime
) -> list[_Claim]:
    """Enter the batches; those that are there already are not stored again."""
    outcomes = [
        Outcome(
            accepted=delivery.normalised.readings.size - duplicate,
            duplicate=duplicate,
            set_aside=delivery.normalised.set_aside,
            commit=commits[delivery.source.tenant],
        )
        for delivery in deliveries
        for duplicate in (replaced(delivery.normalised.readings),)
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
