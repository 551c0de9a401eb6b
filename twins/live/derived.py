"""The step that works out derived signals as their readings arrive.

What a late reading changes is worked out anew, as far ahead as it can matter: so the derived readings are always those
that there would be if everything had come in its order. They are stored like any others, from a source of our own; a
batch is named after the commits that it comes of and its content, so a repeated one is not stored twice.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import numpy as np

from tenants.scope.context import required_tenant
from twins.composer.selectors import publication_mark
from twins.live.derived_plan import Plan, TypePlan, current_plan
from twins.live.derived_spans import Span, changed_spans, clusters
from twins.live.derived_values import derived_readings
from twins.live.following import News
from twins.live.writing import PEN, SYSTEM, Pen
from twins.telemetry.instants import moment
from twins.telemetry.schemas import Delivery, Ints, Normalised, Readings, Source
from twins.telemetry.selectors import readings

_MOST_TENANTS = 2000
_LARGEST_BATCH = 20_000


class DerivedSignals:
    """Works out derived signals.

    Args:
        pen: Writes them.
    """

    name = "derived signals"

    def __init__(self, pen: Pen) -> None:
        self._pen = pen
        self._plans: OrderedDict[UUID, tuple[str, Plan]] = OrderedDict()

    def prepare(self, *, now: datetime) -> None:
        """Make the derived signals that a publication brought."""
        tenant, mark = required_tenant("derived signals"), publication_mark()
        known = self._plans.get(tenant)
        if known is None or known[0] != mark:
            self._plans[tenant] = mark, current_plan()
        self._plans.move_to_end(tenant)
        while len(self._plans) > _MOST_TENANTS:
            self._plans.popitem(last=False)

    def follow(self, news: News, *, now: datetime) -> None:
        """Work out what new readings change, and store it."""
        tenant = required_tenant("derived signals")
        _, plan = self._plans[tenant]
        found = list(_worked_out(plan, news.readings))
        size = sum(one.size for one in found)
        if size:
            source = Source(tenant, SYSTEM)
            deliveries = [_delivery(source, news, part) for one in found for part in _parts(one)]
            self._pen.write(deliveries, plan.places)

    def tick(self, *, now: datetime) -> datetime | None:
        """Time alone changes no derived signal."""
        return None


def _worked_out(plan: Plan, new: Readings) -> Iterator[Readings]:
    signal, first = np.unique(new.signal, return_index=True)
    readers = [plan.readers.get(one) for one in signal.tolist()]
    count = np.diff(np.append(first, new.size))
    for number, of in enumerate(plan.types):
        mine = [reader if reader is not None and reader[0] == number else None for reader in readers]
        touched = {reader[2] for reader in mine if reader is not None}
        keys = {key for key, needs in of.needs.items() if needs & touched}
        if keys:
            asset = np.repeat(np.array([-1 if one is None else one[1] for one in mine], np.int64), count)
            yield from _of_type(of, asset[asset >= 0], new.at[asset >= 0], keys)


def _of_type(of: TypePlan, asset: Ints, at: Ints, keys: set[str]) -> Iterator[Readings]:
    reach = max(of.reach.values())
    for together in clusters(changed_spans(asset, at, reach)):
        yield from _of_spans(of, together, reach, keys)


def _of_spans(of: TypePlan, spans: list[Span], reach: int, keys: set[str]) -> Iterator[Readings]:
    wanted = keys.union(*(of.formulas[key].signals for key in keys))
    signals = {
        channel.signal
        for span in spans
        for key, channel in of.assets[span.asset].channels.items()
        if key in wanted
    }  # fmt: skip
    start, end = min(span.start for span in spans) - reach, max(span.end for span in spans)
    stored = readings(signals, moment(start), moment(end + 1))
    found = derived_readings(of, spans, stored, keys)
    if found.size:
        yield found


def _parts(found: Readings) -> Iterator[Readings]:
    for start in range(0, found.size, _LARGEST_BATCH):
        part = slice(start, start + _LARGEST_BATCH)
        yield Readings(found.signal[part], found.at[part], found.value[part], found.quality[part])


def _delivery(source: Source, news: News, part: Readings) -> Delivery:
    content = b"".join(column.tobytes() for column in (part.signal, part.at, part.value, part.quality))
    digest = zlib.crc32(content)
    return Delivery(source, f"{news.after}-{news.upto}-{digest:08x}", digest, Normalised(part, ()))


DERIVED_SIGNALS = DerivedSignals(PEN)
