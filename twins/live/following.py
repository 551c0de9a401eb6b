"""What follows the readings: steps that see every commit of a tenant once, in order, and are called as time passes.

A step is registered by the domain that has it and run by ``manage.py follow`` (see `twins.live.follower`). What it
writes in the scope it is given and its watermark are one transaction: a process that is killed leaves neither, and the
next one goes on where the watermark stands. A lock of the database keeps two processes from one step of one tenant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol, runtime_checkable
from uuid import UUID

from django.db import connection
from django.db.models import Case, DateTimeField, F, Q, Value, When
from django.db.models.functions import Least
from django.utils.module_loading import import_string

from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant
from twins.live.models import Watermark
from twins.telemetry.schemas import Readings
from twins.telemetry.selectors import commit_count, new_readings


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """What was committed after one count of commits up to another.

    Attributes:
        after: The count before it.
        upto: The count with it.
        readings: By signal, in the order of time; late ones among them.
    """

    after: int
    upto: int
    readings: Readings


class Step(Protocol):
    """Something that follows the readings.

    One object serves all tenants, several of them at the same time in different threads; what it keeps in memory is
    only to save looking things up again.

    Attributes:
        name: Its name for ever: watermarks are kept under it.
    """

    name: str

    def follow(self, news: News, *, now: datetime) -> None:
        """Take what is new, in the tenant's scope; what is written there and the watermark are one transaction."""

    def tick(self, *, now: datetime) -> datetime | None:
        """Do what time alone asks for, in the tenant's scope.

        It is called after each `follow` in the same transaction, when the time comes that it said last, at that which
        `call_step` says, and when the step meets a tenant for the first time.

        Returns:
            When it is wanted next, None for not before there is something new.
        """


@runtime_checkable
class Preparing(Protocol):
    """A step that needs something committed before it follows, such as rows that others are to refer to."""

    def prepare(self, *, now: datetime) -> None:
        """Provide it, in the tenant's scope and a transaction of its own; called before each `follow` and `tick`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What one call came to.

    Attributes:
        readings: How many were followed.
        has_more: Whether more is there already.
        wanted_at: When the step wants to be called next.
        was_busy: Whether another process is at this step of this tenant, so that nothing was done.
    """

    readings: int = 0
    has_more: bool = False
    wanted_at: datetime | None = None
    was_busy: bool = False


_paths: dict[str, None] = {}


def register_step(path: str) -> None:
    """Have a step run by the follower; to be called in ``AppConfig.ready``.

    Args:
        path: Dotted path of the `Step` object, which is imported when it is first wanted.
    """
    _paths[path] = None


@cache
def steps() -> Sequence[Step]:
    """Every registered step."""
    return tuple(import_string(path) for path in _paths)


def follow_once(tenant: UUID, step: Step, *, commits: int, now: datetime) -> Progress:
    """Let a step see what is new to it, and do what time asks of it.

    Args:
        tenant: Whose readings.
        step: The step.
        commits: How many commits it is shown at most.
        now: When this happens.
    """
    if isinstance(step, Preparing):
        with scope(tenant):
            step.prepare(now=now)
    with scope(tenant):
        if not _lock(step.name):
            return Progress(was_busy=True)
        mark = Watermark.objects.filter(step=step.name).first()
        is_first = mark is None
        if mark is None:
            if not Tenant.objects.filter(id=tenant).exists():  # erased since its readings were committed
                return Progress()
            mark, _ = Watermark.objects.get_or_create(step=step.name)
        count = commit_count()
        upto = min(count, mark.upto + commits)
        size = 0
        if upto > mark.upto:
            news = News(mark.upto, upto, new_readings(mark.upto, upto))
            step.follow(news, now=now)
            size = news.readings.size
        elif not is_first and (mark.wanted_at is None or mark.wanted_at > now):
            return Progress(wanted_at=mark.wanted_at)
        wanted_at = step.tick(now=now)
        _advance(mark, upto, wanted_at)
    return Progress(size, has_more=upto < count, wanted_at=wanted_at)


def call_step(name: str, *, at: datetime) -> None:
    """Have a step of the tenant in scope called at a time though nothing is new: what it depends on has changed.

    Args:
        name: Of the step.
        at: When; an earlier time that it wants stays.
    """
    wanted = Least("wanted_at", Value(at, DateTimeField()))
    if not Watermark.objects.filter(step=name).update(wanted_at=wanted):
        _, is_made = Watermark.objects.get_or_create(step=name, defaults={"wanted_at": at})
        if not is_made:
            Watermark.objects.filter(step=name).update(wanted_at=wanted)


def _advance(mark: Watermark, upto: int, wanted_at: datetime | None) -> None:
    """Move a watermark; what `call_step` wrote since it was read stays, for the step cannot know of it yet."""
    unchanged = Q(wanted_at__isnull=True) if mark.wanted_at is None else Q(wanted_at=mark.wanted_at)
    called = Case(When(unchanged, then=None), default=F("wanted_at"), output_field=DateTimeField())
    Watermark.objects.filter(id=mark.id).update(upto=upto, wanted_at=Least(Value(wanted_at, DateTimeField()), called))


def _lock(name: str) -> bool:
    """Take the step of the tenant in scope for this transaction, unless somebody has it."""
    place = hashlib.blake2b(required_tenant("a step").bytes + name.encode(), digest_size=8).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(place, signed=True)])
        row = cursor.fetchone()
    return bool(row and row[0])
