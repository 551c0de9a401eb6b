"""What was refused of a gateway's readings, and which of it can be replayed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from twins.telemetry.models import SetAside
from twins.telemetry.selectors import set_aside

STATES = ("open", "replayed", "lost")


def refused(gateway: UUID) -> QuerySet[SetAside]:
    """All that was set aside of a gateway's readings, newest first."""
    return set_aside(gateway)


def in_state(rows: QuerySet[SetAside], state: str) -> QuerySet[SetAside]:
    """Those that are ``open`` (they can be replayed), ``replayed``, or ``lost``: none of their readings is kept."""
    if state == "replayed":
        return rows.exclude(replayed_at=None)
    rows = rows.filter(replayed_at=None)
    return rows.filter(key__gt="", at__len__gt=0) if state == "open" else rows.exclude(key__gt="", at__len__gt=0)


def state_of(row: SetAside) -> str:
    """One of `STATES`."""
    if row.replayed_at is not None:
        return "replayed"
    return "open" if row.key and row.at else "lost"


def reasons(gateway: UUID) -> list[tuple[str, int, int]]:
    """Why readings can be replayed, the most frequent first: the code, in how many rows, how many readings."""
    rows = in_state(refused(gateway), "open").order_by().values("code")
    counted = rows.annotate(rows=Count("id"), readings=Sum("count")).order_by("-readings", "code")
    return [(row["code"], row["rows"], row["readings"]) for row in counted]


def to_replay(gateway: UUID, *, ids: list[UUID] | None, code: str, before: datetime) -> QuerySet[SetAside]:
    """What a replay takes, oldest first: some rows, or all of a reason, that were received before a moment."""
    rows = in_state(refused(gateway), "open").filter(received_at__lt=before).order_by("id")
    if ids is not None:
        rows = rows.filter(id__in=ids)
    return rows.filter(code=code) if code else rows
