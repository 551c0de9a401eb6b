"""Histories as they were asked for, and the notes of people on them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from tenants.kernel.errors import NotFoundError
from twins.history.models import Annotation
from twins.history.schemas import HistoryQuestion, Wanted
from twins.telemetry import query
from twins.telemetry.query import Histories
from twins.telemetry.query_signals import known_signals


class AnnotationNotFoundError(NotFoundError):
    """There is no such note, or it is another's to see."""

    code = "annotation.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such note", place="annotation", fix="Choose one that the chart shows.")


def history(asked: HistoryQuestion) -> Histories:
    """The histories that are asked for.

    Raises:
        UnknownSignalError: A signal is not there, or out of reach.
        HistorySpanError: The time is empty or out of bounds.
        HistoryTooLargeError: More is asked for than one answer holds.
    """
    signals = known_signals(asked.places)
    span = (asked.start, asked.end)
    if asked.wanted is Wanted.READINGS:
        return query.page_of_readings(signals, *span, most=asked.limit, after=asked.after)
    if asked.wanted is Wanted.POINTS:
        return query.points(signals, *span, asked.number)
    if asked.wanted is Wanted.BUCKETS or asked.length_us is not None:
        return query.buckets(signals, *span, number=asked.number, length_us=asked.length_us, zone=asked.zone)
    return query.drawing(signals, *span, asked.number, asked.zone)


def notes_on(twin: UUID, start: datetime, end: datetime, assets: Collection[UUID] = ()) -> QuerySet[Annotation]:
    """The notes on a twin that touch ``[start, end)``, the oldest first; of some assets and of the twin as a whole."""
    touching = Q(start__gte=start) | Q(end__gt=start)
    found = Annotation.objects.filter(touching, twin=twin, start__lt=end).order_by("start", "id")
    return found.filter(Q(asset=None) | Q(asset__in=assets)) if assets else found


def annotation(annotation_id: UUID) -> Annotation:
    """One note.

    Raises:
        AnnotationNotFoundError: There is none, or it is out of reach.
    """
    found = Annotation.objects.filter(id=annotation_id).first()
    if found is None:
        raise AnnotationNotFoundError
    return found
