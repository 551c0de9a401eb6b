"""What alarms remember between readings, packed into one row a twin."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from tenants.kernel.ids import new_id
from twins.alarms.domain.conditions import MEMORY, Points, due, fresh_memory
from twins.alarms.models import AlarmMemory
from twins.alarms.planning import Plan
from twins.telemetry.instants import moment

_NEVER_DUE = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """The alarms of some twins with what is remembered of them.

    Attributes:
        twins: The twins.
        numbers: The alarms' numbers in the plan, shape ``(n,)``.
        memory: Of each, shape ``(n,)``.
        forgotten: Alarms that were remembered and are no more, by asset and key.
    """

    twins: Sequence[UUID]
    numbers: NDArray[np.int64]
    memory: NDArray[np.void]
    forgotten: Sequence[tuple[UUID, str]] = ()


def remembered(plan: Plan, twins: Collection[UUID], *, start: int) -> Remembered:
    """What is remembered of the alarms of some twins, in one query.

    Args:
        plan: The alarms there are.
        twins: Some of its twins.
        start: From when on time runs for an alarm that is new.
    """
    wanted = sorted(twins, key=str)
    packed = {row.twin_id: bytes(row.packed) for row in AlarmMemory.objects.filter(twin__in=wanted)}
    numbers, parts, forgotten = [], [], []
    for twin in wanted:
        span = plan.spans[twin]
        numbers.append(np.arange(span.start, span.stop))
        memory, gone = _aligned(plan, span, packed.get(twin), start)
        parts.append(memory)
        forgotten += gone
    none = np.empty(0, np.int64)
    return Remembered(
        wanted, np.concatenate([none, *numbers]), np.concatenate([np.empty(0, MEMORY), *parts]), forgotten
    )


def _aligned(
    plan: Plan, span: slice, packed: bytes | None, start: int
) -> tuple[NDArray[np.void], list[tuple[UUID, str]]]:
    """What is remembered, in the order of the alarms there are now."""
    points = plan.points[span]
    memory = fresh_memory(len(points), start)
    if packed is None:
        return memory, []
    names, old = _unpacked(packed)
    if len(names) == len(points) and names == [f"{each.asset}/{each.key}" for each in points]:
        return old.copy(), []
    place = {name: number for number, name in enumerate(names)}
    for number, point in enumerate(points):
        before = place.pop(f"{point.asset}/{point.key}", None)
        if before is not None:
            memory[number] = old[before]
    gone = [name.partition("/") for name in place]
    return memory, [(UUID(asset), key) for asset, _, key in gone]


def _unpacked(packed: bytes) -> tuple[list[str], NDArray[np.void]]:
    names, raw = msgspec.msgpack.decode(zlib.decompress(packed), type=tuple[list[str], bytes])
    return names, np.frombuffer(raw, MEMORY)


def keep_memory(plan: Plan, held: Remembered, after: NDArray[np.void]) -> None:
    """Write down what is remembered now, in one statement."""
    conditions = plan.conditions
    columns = (getattr(conditions, name)[held.numbers] for name in Points.__dataclass_fields__)
    ends = due(Points(*columns), after)
    rows, place = [], 0
    for twin in held.twins:
        span = plan.spans[twin]
        count = span.stop - span.start
        mine = slice(place, place + count)
        place += count
        first = int(ends[mine].min(initial=_NEVER_DUE))
        names = [f"{each.asset}/{each.key}" for each in plan.points[span]]
        raw = zlib.compress(msgspec.msgpack.encode((names, after[mine].tobytes())), 1)
        due_at = None if first == _NEVER_DUE else moment(first)
        rows.append(AlarmMemory(id=new_id(), twin_id=twin, packed=raw, mark=plan.marks[twin], due_at=due_at))
    AlarmMemory.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["tenant", "twin"], update_fields=["packed", "mark", "due_at"]
    )


def forget_twins(plan: Plan) -> list[tuple[UUID, str]]:
    """Drop what is remembered of twins that have no alarms any more; the alarms that these had, by asset and key."""
    rows = AlarmMemory.objects.exclude(twin__in=list(plan.spans))
    names = [name.partition("/") for row in rows for name in _unpacked(bytes(row.packed))[0]]
    if names:
        AlarmMemory.objects.filter(id__in=[row.id for row in rows]).delete()
    return [(UUID(asset), key) for asset, _, key in names]


def due_twins(plan: Plan, *, upto: datetime) -> tuple[set[UUID], datetime | None]:
    """The twins of which a delay has run out, or whose alarms are others now; and when the next of others does."""
    kept: Mapping[UUID, Any] = {
        twin: (mark, due_at) for twin, mark, due_at in AlarmMemory.objects.values_list("twin", "mark", "due_at")
    }
    found, later = set(), []
    for twin, mark in plan.marks.items():
        known, due_at = kept.get(twin, ("", None))
        if known != mark or (due_at is not None and due_at <= upto):
            found.add(twin)
        elif due_at is not None:
            later.append(due_at)
    return found, min(later, default=None)
