"""One commit: the batches, readings and set-aside readings of several deliveries in one transaction of the ingest role.

The readings of a tenant are one packed row of its log, whatever they are of and whenever: revisions are told apart when
they are read and when the log is compacted. The count of commits of each tenant is taken first and stays locked until
the commit: so its order is the order in which commits become visible, and two processes never store one batch. What the
readings use up of the day's quota is added in the same transaction, one row for each tenant and customer. Nearly always
all batches are new: then it is one statement, one way to the database and back, and more only where something of them
was set aside or is written beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation

from tenants.kernel.ids import new_id
from tenants.limits.domain.plans import Meter
from tenants.limits.schemas import WHOLE
from tenants.limits.usage import ADD
from twins.telemetry import binary
from twins.telemetry.binary import Array
from twins.telemetry.errors import BatchReusedError
from twins.telemetry.instants import moment
from twins.telemetry.packing import pack_log
from twins.telemetry.rows import Rows, replaced, rows_of, spans
from twins.telemetry.schemas import NO_TIME, Aside, Delivery, Outcome

Connection = AsyncConnection[Any]
Result = Outcome | BatchReusedError

_COUNT = """
INSERT INTO twins_commitcount AS c (tenant_id, value) SELECT tenant_id, 1 FROM unnest(%s) AS tenant_id
ON CONFLICT (tenant_id) DO UPDATE SET value = c.value + 1 RETURNING tenant_id, value"""
_LOG = """
INSERT INTO twins_readinglog (tenant_id, commit, count, first_at, last_at, received_at, payload)
SELECT tenant_id, value, count, first_at, last_at, %s, payload
FROM unnest(%s, %s, %s, %s, %b::bytea[]) AS log (tenant_id, count, first_at, last_at, payload)
JOIN {counted} USING (tenant_id) RETURNING commit"""
_ENTER = """
INSERT INTO twins_batch
    (tenant_id, gateway, batch, digest, commit, accepted, set_aside, received_at, first_at, last_at)
SELECT tenant_id, gateway, batch, digest, value, accepted, set_aside, %s,
       CASE WHEN accepted > 0 THEN first_at END, CASE WHEN accepted > 0 THEN last_at END
FROM unnest(%s, %s, %s::text[], %s, %s, %s, %s, %s)
     AS b (tenant_id, gateway, batch, digest, accepted, set_aside, first_at, last_at)
JOIN {counted} USING (tenant_id) {conflict} RETURNING tenant_id, gateway, batch"""
# The counts are written, and so locked, before anything that is joined with them.
_AT_ONCE = f"""
WITH counted AS ({_COUNT}), entered AS ({_ENTER.format(counted="counted", conflict="")}),
    logged AS ({_LOG.format(counted="counted")}), used AS ({ADD})
SELECT tenant_id, value FROM counted"""  # noqa: S608
_COUNTED = "unnest(%s, %s) AS counted (tenant_id, value)"
_CLAIM = _ENTER.format(counted=_COUNTED, conflict="ON CONFLICT (tenant_id, gateway, batch) DO NOTHING")
_APPEND = _LOG.format(counted=_COUNTED)
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
    if all(one.batch for one in deliveries):
        with suppress(UniqueViolation):  # a batch that came before
            return await _all_new(connection, deliveries, now)
    async with connection.transaction():
        commits = await _count(connection, _tenants(deliveries))
        claims = await _claim(connection, deliveries, commits, now)
        rows = rows_of([delivery for delivery, claim in zip(deliveries, claims, strict=True) if claim.is_fresh])
        if rows.signal.size:
            await connection.execute(_APPEND, [*_log(rows, now), *_counted(commits)])
        if used := _used(deliveries, [claim.result if claim.is_fresh else None for claim in claims]):
            await connection.execute(ADD, _usage(used))
        await _write_beside(connection, deliveries, claims, now)
    return Committed([claim.result for claim in claims], rows, commits)


async def _all_new(connection: Connection, deliveries: Sequence[Delivery], now: datetime) -> Committed:
    """Store batches that are all new.

    Raises:
        UniqueViolation: One of them is not; nothing was stored.
    """
    if all(one.extra is None and not one.normalised.aside for one in deliveries):
        return await _at_once(connection, deliveries, now)
    async with connection.transaction():
        committed = await _at_once(connection, deliveries, now)
        claims = [_Claim(result, is_fresh=True) for result in committed.results]
        await _write_beside(connection, deliveries, claims, now)
    return committed


async def _at_once(connection: Connection, deliveries: Sequence[Delivery], now: datetime) -> Committed:
    """Store the batches and their readings in one statement; as `_all_new`."""
    rows, outcomes = rows_of(deliveries), _outcomes(deliveries, Counter())
    parameters = [
        Array(binary.UUID, binary.uuids(rows.tenants)),
        *_batches(deliveries, outcomes, now),
        *_log(rows, now),
        *_usage(_used(deliveries, outcomes)),
    ]
    cursor = await connection.execute(_AT_ONCE, parameters, binary=True)
    commits = dict(await cursor.fetchall())
    return Committed(
        [
            one._replace(commit=commits[delivery.source.tenant])
            for delivery, one in zip(deliveries, outcomes, strict=True)
        ],
        rows,
        commits,
    )


async def _write_beside(
    connection: Connection, deliveries: Sequence[Delivery], claims: Sequence[_Claim], now: datetime
) -> None:
    """Write what stands beside the readings: what was set aside, and what is written with a delivery."""
    asides = [
        (delivery, aside)
        for delivery, claim in zip(deliveries, claims, strict=True)
        for aside in (delivery.normalised.aside if claim.is_fresh else claim.aside)
    ]
    if asides:
        await _set_aside(connection, asides, now)
    for delivery, claim in zip(deliveries, claims, strict=True):
        if delivery.extra is not None and isinstance(claim.result, Outcome):
            await delivery.extra.write(connection, delivery, claim.result, is_fresh=claim.is_fresh, now=now)


def _tenants(deliveries: Sequence[Delivery]) -> list[UUID]:
    return sorted({delivery.source.tenant for delivery in deliveries})


def _outcomes(deliveries: Sequence[Delivery], commits: Mapping[UUID, int]) -> list[Outcome]:
    """What becomes of deliveries that are all new."""
    return [
        Outcome(
            accepted=delivery.normalised.readings.size - duplicate,
            duplicate=duplicate,
            set_aside=delivery.normalised.set_aside,
            commit=commits[delivery.source.tenant],
        )
        for delivery, duplicate in zip(deliveries, replaced(deliveries), strict=True)
    ]


def _log(rows: Rows, now: datetime) -> list[Any]:
    """The readings of each tenant as parameters."""
    log = list(rows.by_tenant())
    numbers = [
        (binary.INT4, [readings.size for _, readings in log]),
        (binary.INSTANT, [int(readings.at.min()) for _, readings in log]),
        (binary.INSTANT, [int(readings.at.max()) for _, readings in log]),
    ]
    return [
        *(now, Array(binary.UUID, binary.uuids([tenant for tenant, _ in log]))),
        *(Array(kind, np.array(values, np.int64)) for kind, values in numbers),
        [pack_log(readings) for _, readings in log],
    ]


def _counted(commits: Mapping[UUID, int]) -> list[Array]:
    """The counts of the tenants as parameters."""
    values = np.array(list(commits.values()), np.int64)
    return [Array(binary.UUID, binary.uuids(list(commits))), Array(binary.INT8, values)]


async def _count(connection: Connection, tenants: Sequence[UUID]) -> dict[UUID, int]:
    """Count a commit for each tenant; they are in order, so that two processes cannot wait for each other."""
    cursor = await connection.execute(_COUNT, [Array(binary.UUID, binary.uuids(tenants))], binary=True)
    return dict(await cursor.fetchall())


def _used(deliveries: Sequence[Delivery], results: Sequence[Result | None]) -> Counter[tuple[UUID, date, UUID]]:
    """What was stored, by tenant, day, and the customer whose gateway sent it."""
    used: Counter[tuple[UUID, date, UUID]] = Counter()
    for delivery, result in zip(deliveries, results, strict=True):
        if delivery.day is not None and isinstance(result, Outcome) and result.accepted:
            tenant, customer = delivery.source.tenant, delivery.source.customer
            used[tenant, delivery.day, WHOLE] += result.accepted
            if customer is not None:
                used[tenant, delivery.day, customer] += result.accepted
    return used


def _usage(used: Counter[tuple[UUID, date, UUID]]) -> list[Any]:
    """The same as parameters."""
    return [
        Array(binary.UUID, binary.uuids([tenant for tenant, _, _ in used])),
        [Meter.READINGS_PER_DAY.value] * len(used),
        [day for _, day, _ in used],
        Array(binary.UUID, binary.uuids([part for _, _, part in used])),
        Array(binary.INT8, np.array(list(used.values()), np.int64)),
    ]


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
    outcomes = _outcomes(deliveries, commits)
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
    commits = {one.source.tenant: outcome.commit for one, outcome in named}
    parameters = [*_batches([one for one, _ in named], [outcome for _, outcome in named], now), *_counted(commits)]
    cursor = await connection.execute(_CLAIM, parameters, binary=True)
    return set(await cursor.fetchall())


def _batches(deliveries: Sequence[Delivery], outcomes: Sequence[Outcome], now: datetime) -> list[Any]:
    """The batches as parameters."""
    first, last = spans(deliveries)
    numbers = [
        (binary.INT8, np.array([one.digest for one in deliveries], np.int64)),
        (binary.INT4, np.array([outcome.accepted for outcome in outcomes], np.int64)),
        (binary.INT4, np.array([outcome.set_aside for outcome in outcomes], np.int64)),
        (binary.INSTANT, first),
        (binary.INSTANT, last),
    ]
    return [now, *_names(deliveries), *(Array(kind, values) for kind, values in numbers)]


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
