"""The evidence of assets whose signals say what they are: read from the database a few assets at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np

from tenants.kernel.calendars import Span, from_epoch_ms
from tenants.kernel.errors import OutturnError
from twins.catalog.domain.inheritance import ResolvedType
from twins.catalog.domain.values import plain_values
from twins.catalog.schemas import AssetType
from twins.evidence.domain.conditions import Machine, Sampled
from twins.evidence.domain.rules import SignalRule, signal_rule
from twins.evidence.gathering import PublishedAsset, arrivals, events_of, known_events
from twins.evidence.schemas import KnownEvent
from twins.language.units import conversion
from twins.live.derived_values import RANK
from twins.telemetry import stored
from twins.telemetry.packing import Kept
from twins.telemetry.schemas import USABLE_CODES, Quality
from twins.telemetry.selectors import signals

_AT_A_TIME = 8
"""Assets whose readings are in memory together."""
_MS = 1000
_RANKS = np.array([RANK.get(quality, 0) for quality in Quality], np.int16)


class _Channel(NamedTuple):
    """A signal as it is stored, and the way to the unit of its type."""

    signal: int
    key: str
    factor: float
    offset: float


@dataclass(frozen=True, slots=True)
class KnownMachine:
    """All that is known of one asset whose signals say what it is.

    Attributes:
        said: The events of `machine`, in their order.
    """

    asset: PublishedAsset
    rule: SignalRule
    machine: Machine
    said: tuple[KnownEvent, ...]

    def is_known_within(self, span: Span) -> bool:
        """Whether anything was read or said of it within a span, in milliseconds."""
        instants = [self.machine.events.at * _MS, *(one.at for one in self.machine.signals.values())]
        return any(((at >= span[0] * _MS) & (at < span[1] * _MS)).any() for at in instants)


def machines_among(
    assets: Sequence[PublishedAsset], types: Mapping[str, ResolvedType]
) -> list[tuple[PublishedAsset, SignalRule]]:
    """The assets whose types have a rule for signals, in their order, each with its rule.

    Args:
        assets: Of a twin.
        types: All types by ``key@version``.
    """
    rules = {ref: signal_rule(types[ref].document) for ref in {asset.type for asset in assets}}
    return [(asset, rule) for asset in assets if (rule := rules[asset.type]) is not None]


def known_machines(machines: Sequence[tuple[PublishedAsset, SignalRule]], span: Span) -> Iterator[KnownMachine]:
    """What is known of some machines, in their order.

    Args:
        machines: Assets with their rules.
        span: ``[start, end)`` in milliseconds.
    """
    for first in range(0, len(machines), _AT_A_TIME):
        yield from _some(machines[first : first + _AT_A_TIME], span)


def _some(some: Sequence[tuple[PublishedAsset, SignalRule]], span: Span) -> Iterator[KnownMachine]:
    ids = [asset.id for asset, _ in some]
    channels = _channels(some)
    reach = max(rule.reach_us for _, rule in some)
    wanted = [each.signal for found in channels.values() for each in found]
    start = from_epoch_ms(span[0])
    kept = stored.stored(wanted, start - timedelta(microseconds=reach), from_epoch_ms(span[1] + 1))
    commits = np.unique(np.concatenate([np.empty(0, np.int64), *(one.commit for one in kept.values())]))
    came = arrivals(commits)
    bases = _bases(kept, wanted, span)
    said: defaultdict[UUID, list[KnownEvent]] = defaultdict(list)
    for event in known_events(ids):
        said[event.asset].append(event)
    for asset, rule in some:
        sampled = {
            each.key: _sampled(kept[each.signal], bases.get(each.signal), each, came, rule.patience_us[each.key])
            for each in channels[asset.id]
        }
        properties = plain_values(rule.of.properties, asset.properties)
        events = events_of(said[asset.id], {asset.id: 0})
        yield KnownMachine(asset, rule, Machine(sampled, properties, events), tuple(said[asset.id]))


def _channels(some: Sequence[tuple[PublishedAsset, SignalRule]]) -> dict[UUID, list[_Channel]]:
    """The signals that each asset's rule needs and that have ever been bound."""
    rules = {asset.id: rule for asset, rule in some}
    found: dict[UUID, list[_Channel]] = {asset: [] for asset in rules}
    for signal, asset, key, unit in signals(rules).values_list("id", "asset", "key", "unit"):
        if key not in rules[asset].signals:
            continue
        try:
            way = conversion(unit, _unit(rules[asset].of, key))
        except OutturnError:  # what no longer converts into the unit of the type is as good as not there
            continue
        found[asset].append(_Channel(signal, key, float(way.factor), float(way.offset)))
    return found


def _unit(of: AssetType, key: str) -> str:
    return of.signals[key].unit if key in of.signals else of.derived[key].unit


def _bases(kept: Mapping[int, Kept], wanted: Sequence[int], span: Span) -> dict[int, stored.Newest]:
    """The last usable reading up to the start of a span, of signals that have none near it."""
    far = [signal for signal in wanted if not (kept[signal].at <= span[0] * _MS).any()]
    if not far:
        return {}
    return stored.newest(far, stored.FIRST, from_epoch_ms(span[0]), qualities=USABLE_CODES)


def _sampled(
    kept: Kept, base: stored.Newest | None, channel: _Channel, came: Mapping[int, int], patience_us: int
) -> Sampled:
    """The readings of a signal in the unit of its type.

    A reading is known from when the batches of its commit had come; where none is kept any more, from its own time.
    """
    commits, commit = np.unique(kept.commit, return_inverse=True)
    arrived = np.array([came.get(each, -1) for each in commits.tolist()], np.int64)[commit]
    received = np.where(arrived < 0, kept.at // _MS, arrived)
    at, value, quality = kept.at, kept.value, kept.quality
    if base is not None:
        at, value = np.append(base.at, at), np.append(base.value, value)
        quality, received = np.append(np.int16(base.quality), quality), np.append(base.at // _MS, received)
    value = np.where(quality == Quality.BAD, np.nan, value * channel.factor + channel.offset)
    return Sampled(at, value, _RANKS[quality], received.astype(np.int64), patience_us)
