"""The job that writes substitutions, through the commit of all readings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings

from tenants.jobs.registry import Reporter
from tenants.kernel.errors import NotFoundError
from tenants.scope.context import scope
from twins.telemetry.commit import Writer
from twins.telemetry.instants import micros
from twins.telemetry.models import Substitution
from twins.telemetry.schemas import Delivery, Normalised, Outcome, Place, Readings, Source

PEOPLE = UUID(int=0)
"""Stands for people where a batch names its gateway."""


def store_substitution(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write the readings of a substitution; one that was written before is not written again."""
    with scope(reporter.tenant):
        row = Substitution.objects.filter(id=params["substitution"]).first()
    if row is None:
        raise NotFoundError("there is no such substitution", place="substitution", fix="Replace the readings again.")
    if row.commit is None:
        place = Place(reporter.tenant, row.twin, row.asset, row.key)
        outcome = asyncio.run(_written(_delivery(reporter.tenant, row), {row.signal: place}))
        with scope(reporter.tenant):
            Substitution.objects.filter(id=row.id).update(commit=outcome.commit)
    return {"readings": len(row.at)}


def _delivery(tenant: UUID, row: Substitution) -> Delivery:
    count = len(row.at)
    revision = Readings(
        signal=np.full(count, row.signal, np.int64),
        at=np.array([micros(at) for at in row.at], np.int64),
        value=np.array(row.value, np.float64),
        quality=np.array(row.quality, np.int16),
    )
    return Delivery(Source(tenant, PEOPLE), f"substitution-{row.id}", 0, Normalised(revision, ()))


async def _written(delivery: Delivery, places: Mapping[int, Place]) -> Outcome:
    writer = Writer(settings.REDIS_URL)
    await writer.start()
    writer.learn(places)
    try:
        return await writer.submit(delivery)
    finally:
        await writer.stop()
