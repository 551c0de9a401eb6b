"""What is to be worked out for a tenant: the derived signals of the published twins' assets, by type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from tenants.kernel.errors import OutturnError
from tenants.scope.context import required_tenant
from twins.catalog.domain.formulas import formulas_of, patience_us
from twins.catalog.domain.values import plain_values
from twins.catalog.schemas import AssetType
from twins.catalog.selectors import resolved_types
from twins.composer.schemas import Asset
from twins.composer.selectors import published_twins
from twins.language.typed import Formula
from twins.language.units import conversion
from twins.live.writing import SYSTEM
from twins.telemetry.bindings import StoredSignal
from twins.telemetry.schemas import BoundSignal, Place
from twins.telemetry.selectors import bound_signals
from twins.telemetry.services import provide_signals


@dataclass(frozen=True, slots=True)
class Channel:
    """A signal as it is stored, and the way to the unit of its type: ``factor * stored + offset``."""

    signal: int
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class PlannedAsset:
    """An asset whose type has derived signals.

    Attributes:
        channels: Its signals by key, derived ones among them.
        properties: The values of its properties, numbers in the unit of the type.
    """

    id: UUID
    twin: UUID
    channels: Mapping[str, Channel]
    properties: Mapping[str, float | str | bool]


@dataclass(frozen=True)
class TypePlan:
    """The derived signals of one type.

    Attributes:
        formulas: By key, each after what it needs.
        patience: For each of them, how long the readings that it needs hold, in microseconds by key.
        assets: The assets of this type.
    """

    formulas: Mapping[str, Formula]
    patience: Mapping[str, Mapping[str, int]]
    assets: tuple[PlannedAsset, ...]

    @cached_property
    def reach(self) -> Mapping[str, int]:
        """How far back the readings of gateways can matter to each derived signal, through others too, in microseconds.

        As far ahead a late one can change it.
        """
        found: dict[str, int] = {}
        for key, formula in self.formulas.items():
            behind = max((found[name] for name in formula.signals if name in found), default=0)
            found[key] = formula.reach_us(self.patience[key]) + behind
        return found

    @cached_property
    def needs(self) -> Mapping[str, frozenset[str]]:
        """The signals of gateways that each derived signal comes of, through others too."""
        found: dict[str, frozenset[str]] = {}
        for key, formula in self.formulas.items():
            found[key] = frozenset().union(*(found.get(name, frozenset((name,))) for name in formula.signals))
        return found


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it, with the way from a gateway's signal to those that need it.

    Attributes:
        readers: For each signal that a formula needs, the number of the type, that of the asset in it, and its key.
        places: Where the derived signals are shown.
    """

    types: tuple[TypePlan, ...]
    readers: Mapping[int, tuple[int, int, str]]
    places: Mapping[int, Place]


def current_plan() -> Plan:
    """The plan of the tenant in scope; signals that do not exist yet are made."""
    types = {ref: found.document for ref, found in resolved_types().items() if found.document.derived}
    assets: defaultdict[str, list[tuple[UUID, str, Asset]]] = defaultdict(list)
    for document in published_twins():
        for key, asset in document.assets.items():
            if asset.type in types:
                assets[asset.type].append((UUID(document.twin), key, asset))
    stored = provide_signals(bound=[*bound_signals(), *_derived_signals(assets, types)]) if assets else {}
    by_asset: defaultdict[UUID, dict[str, StoredSignal]] = defaultdict(dict)
    for (owner, key), one in stored.items():
        by_asset[owner][key] = one
    plans = tuple(_type_plan(types[ref], rows, by_asset) for ref, rows in assets.items())
    return Plan(plans, dict(_readers(plans)), dict(_places(plans)))


def _derived_signals(
    assets: Mapping[str, Iterable[tuple[UUID, str, Asset]]], types: Mapping[str, AssetType]
) -> Iterator[BoundSignal]:
    for ref, rows in assets.items():
        for twin, key, asset in rows:
            for signal, part in types[ref].derived.items():
                yield BoundSignal(
                    twin=twin, asset=UUID(key), asset_name=asset.name, key=signal, unit=part.unit, gateway=SYSTEM,
                    sent_key=signal,
                )  # fmt: skip


def _type_plan(
    of: AssetType, rows: Iterable[tuple[UUID, str, Asset]], stored: Mapping[UUID, Mapping[str, StoredSignal]]
) -> TypePlan:
    formulas = formulas_of(of).derived
    usual = patience_us(of)
    patience = {}
    for key, formula in formulas.items():
        own = of.derived[key].patience
        held = None if own is None else round(own.total_seconds() * 1_000_000)
        patience[key] = {name: usual[name] if held is None else held for name in formula.signals}
    assets = []
    for twin, key, asset in rows:
        channels = dict(_channels(of, stored[UUID(key)]))
        assets.append(PlannedAsset(UUID(key), twin, channels, plain_values(of.properties, asset.properties)))
    return TypePlan(formulas, patience, tuple(assets))


def _channels(of: AssetType, stored: Mapping[str, StoredSignal]) -> Iterator[tuple[str, Channel]]:
    """The signals that are there; one whose unit no longer converts into that of its type is as good as not."""
    units = {key: part.unit for key, part in of.signals.items()} | {key: part.unit for key, part in of.derived.items()}
    for key, one in stored.items():
        try:
            way = conversion(one.unit, units[key])
        except (OutturnError, KeyError):
            continue
        yield key, Channel(one.id, float(way.factor), float(way.offset))


def _readers(plans: Iterable[TypePlan]) -> Iterator[tuple[int, tuple[int, int, str]]]:
    for number, plan in enumerate(plans):
        wanted = frozenset().union(*plan.needs.values())
        for place, asset in enumerate(plan.assets):
            for key in wanted & asset.channels.keys():
                yield asset.channels[key].signal, (number, place, key)


def _places(plans: Iterable[TypePlan]) -> Iterator[tuple[int, Place]]:
    tenant = required_tenant("derived signals")
    for plan in plans:
        for asset in plan.assets:
            for key in plan.formulas.keys() & asset.channels.keys():
                yield asset.channels[key].signal, Place(tenant, asset.twin, asset.id, key)
