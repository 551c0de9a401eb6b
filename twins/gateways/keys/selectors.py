"""Keys to read: what gateways have sent, which of them go with signals of a draft, and what a binding makes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from tenants.kernel.errors import NotFoundError
from twins.catalog.domain.inheritance import ResolvedType
from twins.catalog.selectors import resolved_types
from twins.composer.schemas import Binding
from twins.composer.selectors import twin as twin_row
from twins.gateways.connections.selectors import named_units
from twins.gateways.errors import GatewayNotFoundError
from twins.gateways.keys.domain.offers import OfferedKey, Suggestion, WantedSignal
from twins.gateways.keys.domain.patterns import Row, read_pattern, rows
from twins.gateways.keys.domain.suggesting import suggest
from twins.gateways.keys.domain.transforms import Preview, preview, sent_before
from twins.gateways.keys.domain.units import guess_unit
from twins.gateways.keys.schemas import SentKey
from twins.gateways.models import Gateway
from twins.telemetry.glimpses import GLIMPSED
from twins.telemetry.selectors import bound_signals
from twins.telemetry.sent_keys import Heard, Read, bound_keys, heard, last_stored, unbound_keys, with_newest

Named = tuple[UUID, str]
MOST_OFFERED = 5000
"""Keys that suggestions are made of."""


class UnknownSignalError(NotFoundError):
    """The type has no such signal."""

    code = "signal.not_found"


@dataclass(frozen=True, slots=True)
class After:
    """Where a page of keys begins: behind a key of a gateway, which nothing reads or something does."""

    is_read: bool
    gateway: UUID
    key: str


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What a binding makes of the newest readings of a key.

    Attributes:
        at: Instants.
        sent: Values as they were sent.
        made: What becomes of them.
    """

    at: Sequence[datetime]
    sent: Sequence[float]
    made: Preview


@dataclass(frozen=True, slots=True)
class Place:
    """A signal of an asset, which need not be saved yet, and what it is to read.

    Attributes:
        type_ref: The asset's type as ``key@version``.
    """

    asset: UUID
    type_ref: str
    signal: str
    binding: Binding


class Newest(NamedTuple):
    """The newest value of a place, in the unit of its signal."""

    asset: UUID
    signal: str
    at: datetime
    value: float


def sent_keys(
    *, gateway: UUID | None, words: Sequence[str], twin: UUID | None, state: str, after: After | None, most: int
) -> list[SentKey]:
    """Keys that gateways have sent, those that nothing reads first, by key.

    Args:
        gateway: Whose, None for all.
        words: That the key holds, in lower case.
        twin: Whose draft reads keys already: these are left out of those that nothing reads.
        state: ``unbound``, ``bound`` or ``all``.
        after: Behind which the page begins.
        most: How many at most.
    """
    gateways = _gateways(gateway)
    found: list[SentKey] = []
    if state != "bound" and not (after and after.is_read):
        without = _read_in_draft(twin)
        mark = (after.gateway, after.key) if after else None
        page = unbound_keys(gateways, words, without=without, after=mark, most=most)
        found = _unread(page, gateways)
    if state != "unbound" and len(found) < most:
        mark = (after.gateway, after.key) if after and after.is_read else None
        found += [_read(one, gateways) for one in bound_keys(gateways, words, after=mark, most=most - len(found))]
    return found


def known_keys(names: Sequence[Named]) -> list[SentKey]:
    """What is known of some keys, read or not, in their order; those that were never heard of are left out."""
    gateways = _gateways(None)
    wanted = {name for name in names if name[0] in gateways}
    read = {(one.gateway, one.sent_key): one for one in bound_signals() if (one.gateway, one.sent_key) in wanted}
    stored = {(one.bound.gateway, one.bound.sent_key): one for one in with_newest(list(read.values()))}
    others = {(one.gateway, one.key): one for one in _unread(heard([*wanted - read.keys()]).values(), gateways)}
    found = {**others, **{name: _read(one, gateways) for name, one in stored.items()}}
    return [found[name] for name in dict.fromkeys(names) if name in found]


def suggestions(
    *, twin: UUID, assets: Collection[str], gateway: UUID | None, only: Named | None
) -> Sequence[Suggestion]:
    """Which keys go with the signals of some assets of a draft that nothing is read for.

    Args:
        twin: Whose draft.
        assets: Ids; one that the draft does not have is left out.
        gateway: Whose keys, None for those of all.
        only: The one key that a signal is looked for, None for all that nothing reads.
    """
    draft = twin_row(twin).draft
    gateways = _gateways(gateway)
    without = _sources(draft.get("bindings", {}))
    if only is None:
        offered = unbound_keys(gateways, without=without, most=MOST_OFFERED)
    else:
        offered = list(heard([only] if only[0] in gateways else []).values())
    open_signals = [one for one in _wanted(draft, assets) if one.bound is None]
    return suggest(open_signals, [_offered(one) for one in _unread(offered, gateways)])


def pattern_rows(*, twin: UUID, assets: Collection[str], gateway: UUID, pattern: str) -> Sequence[Row]:
    """What a pattern makes of the signals of some assets of a draft.

    Raises:
        PatternError: It cannot be read; findings say where.
        GatewayNotFoundError: There is no such gateway.
    """
    read = read_pattern(pattern)
    draft, gateways = twin_row(twin).draft, _gateways(gateway)
    if not gateways:
        raise GatewayNotFoundError
    elsewhere = {
        one.sent_key: f"{one.asset}/{one.key}" for one in bound_signals() if one.gateway == gateway and one.twin != twin
    }
    here = {one["key"]: place for place, one in draft.get("bindings", {}).items() if one["gateway"] == str(gateway)}
    sent = [_offered(one) for one in _unread(unbound_keys(gateways, most=MOST_OFFERED), gateways)]
    bound = [OfferedKey(str(gateway), one.sent_key) for one in bound_signals() if one.gateway == gateway]
    return rows(read, _wanted(draft, assets), [*bound, *sent], {**here, **elsewhere})


def sample(*, gateway: UUID, key: str, type_ref: str, signal: str, binding: Binding) -> Sample:
    """What a binding makes of the newest readings of a key.

    Raises:
        UnknownSignalError: The type has no such signal.
    """
    unit = _declared(type_ref, signal).unit
    recent = _recent((gateway, key)) if gateway in _gateways(None) else []
    sent = np.array([value for _, value in recent], np.float64)
    return Sample([at for at, _ in recent], sent.tolist(), preview(binding, unit, sent))


def newest_made(places: Sequence[Place]) -> list[Newest]:
    """What bindings make of the newest values that came of their keys while nothing published read them.

    A place is left out whose key was never heard of, whose binding is wrong, or whose type has no such signal.
    """
    gateways, types = _gateways(None), resolved_types()
    names = {(UUID(one.binding.gateway), one.binding.key) for one in places}
    known = heard([name for name in names if name[0] in gateways])
    found = []
    for one in places:
        of_type, sent = types.get(one.type_ref), known.get((UUID(one.binding.gateway), one.binding.key))
        signal = of_type.document.signals.get(one.signal) if of_type else None
        if sent is None or signal is None:
            continue
        made = preview(one.binding, signal.unit, np.array([sent.value])).value
        if made is not None and np.isfinite(made[0]):
            found.append(Newest(one.asset, one.signal, sent.at, float(made[0])))
    return found


def _declared(type_ref: str, signal: str) -> Any:
    found = resolved_types().get(type_ref)
    if found is None or signal not in found.document.signals:
        raise UnknownSignalError(
            f"there is no signal {signal} of {type_ref}", place="signal", fix="Choose another one."
        )
    return found.document.signals[signal]


def _recent(name: Named) -> list[tuple[datetime, float]]:
    """The newest readings of a key as they were sent, worked back where they are stored otherwise."""
    bound = next((one for one in bound_signals() if (one.gateway, one.sent_key) == name), None)
    if bound is not None:
        (read,) = with_newest([bound])
        stored = last_stored(read, GLIMPSED)
        binding = Binding(
            gateway=str(name[0]), key=name[1], scale=bound.scale, offset=bound.offset, unit=bound.sent_unit,
            expression=bound.expression,
        )  # fmt: skip
        unit = read.newest.unit if read.newest else bound.unit
        if stored and (sent := sent_before(np.array([value for _, value in stored]), binding, unit)) is not None:
            return list(zip([at for at, _ in stored], sent.tolist(), strict=True))
    found = heard([name]).get(name)
    return found.recent[-GLIMPSED:] if found else []


def _gateways(only: UUID | None) -> dict[UUID, str]:
    """The gateways that whoever asks may see, with their names."""
    found = Gateway.objects.all() if only is None else Gateway.objects.filter(id=only)
    return dict(found.values_list("id", "name"))


def _read_in_draft(twin: UUID | None) -> set[Named]:
    return _sources(twin_row(twin).draft.get("bindings", {})) if twin is not None else set()


def _sources(bindings: Mapping[str, Any]) -> set[Named]:
    return {(UUID(one["gateway"]), one["key"]) for one in bindings.values()}


def _wanted(draft: Mapping[str, Any], assets: Collection[str]) -> list[WantedSignal]:
    types, bindings = resolved_types(), draft.get("bindings", {})
    found = []
    for asset in assets:
        declared = draft.get("assets", {}).get(asset)
        known = types.get(declared["type"]) if declared else None
        if known is not None:
            found += list(_signals(asset, declared["name"], known, bindings))
    return found


def _signals(asset: str, name: str, known: ResolvedType, bindings: Mapping[str, Any]) -> Iterable[WantedSignal]:
    for key, signal in known.document.signals.items():
        bound = bindings.get(f"{asset}/{key}")
        span = signal.range
        yield WantedSignal(
            asset=asset, asset_name=name, type_key=known.document.key, signal=key,
            names=tuple((signal.name or {}).values()), unit=signal.unit,
            range=(float(span[0]), float(span[1])) if span else None,
            bound=(bound["gateway"], bound["key"]) if bound else None,
        )  # fmt: skip


def _unread(found: Iterable[Heard], gateways: Mapping[UUID, str]) -> list[SentKey]:
    found = list(found)
    units = named_units({one.gateway for one in found})
    return [_unread_key(one, gateways[one.gateway], units.get(one.name, "")) for one in found]


def _unread_key(one: Heard, name: str, said: str) -> SentKey:
    low, high = (one.value, one.value) if one.low is None or one.high is None else (one.low, one.high)
    return SentKey(
        gateway=one.gateway, gateway_name=name, key=one.key, at=one.at, value=one.value, seen=one.seen, low=low,
        high=high, recent=one.recent[-GLIMPSED:], guess=guess_unit(one.key, max(abs(low), abs(high)), said),
    )  # fmt: skip


def _read(one: Read, gateways: Mapping[UUID, str]) -> SentKey:
    bound, newest = one
    return SentKey(
        gateway=bound.gateway, gateway_name=gateways[bound.gateway], key=bound.sent_key,
        at=newest.at if newest else None, value=newest.value if newest else None,
        unit=newest.unit if newest else bound.unit, twin=bound.twin, asset=bound.asset, asset_name=bound.asset_name,
        signal=bound.key,
    )  # fmt: skip


def _offered(one: SentKey) -> OfferedKey:
    seen = None if one.low is None or one.high is None else (one.low, one.high)
    return OfferedKey(str(one.gateway), one.key, seen, one.guess)
