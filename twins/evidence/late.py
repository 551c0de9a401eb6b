"""Evidence that came in since a moment: of which assets, about which spans, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np

from tenants.kernel.calendars import from_epoch_ms
from twins.evidence.gathering import arrivals
from twins.evidence.models import AssetEvent
from twins.telemetry.arrived import came_since
from twins.telemetry.models import Signal

Spans = Sequence[tuple[datetime, datetime]]


class Arrived(NamedTuple):
    """That evidence of an asset within a span came in at a moment; `span` is the place of the span in its list."""

    span: int
    asset: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """Up to where everything was looked at.

    Attributes:
        commit: The count of commits of readings.
        moment: When what was said of assets was received.
    """

    commit: int
    moment: datetime


def read_since(spans: Spans, known: Known, upto: int, *, each: bool) -> list[Arrived]:
    """The readings that came since, see ``came_since``."""
    came = came_since(spans, known.commit, upto, each=each)
    if not came:
        return []
    owners = dict(Signal.objects.filter(id__in={one.signal for one in came}).values_list("id", "asset"))
    received = arrivals(np.array(sorted({one.commit for one in came}), np.int64))
    return [
        Arrived(one.span, owners[one.signal], from_epoch_ms(received[one.commit]))
        for one in came
        if one.signal in owners and one.commit in received
    ]


def said_since(spans: Spans, known: Known) -> Iterator[Arrived]:
    """The events of assets that were told since, of each span that they lie in."""
    rows = AssetEvent.objects.filter(received_at__gt=known.moment).order_by()
    for asset, at, received in rows.values_list("asset", "at", "received_at"):
        for place, (low, high) in enumerate(spans):
            if low <= at < high:
                yield Arrived(place, asset, received)
