"""Signals as a history tells of them: whose they are, what they are called, and how long they may be silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from tenants.kernel.errors import NotFoundError
from tenants.scope.context import required_tenant
from twins.catalog.schemas import AssetType, Derived
from twins.catalog.schemas import Signal as SignalType
from twins.catalog.selectors import resolved_types
from twins.composer.selectors import publication_mark, published_twins, twins
from twins.telemetry.models import Signal

MISSED = 3
"""So many readings after their time must have failed to come before a signal counts as silent."""
LEAST_PATIENCE_S = 10.0
"""What a gateway that gathers its readings, and the way here, may always take."""

Place = tuple[UUID, str]
"""An asset and the key of one of its signals."""


@dataclass(frozen=True, slots=True)
class KnownSignal:
    """A signal that somebody asks the history of.

    Attributes:
        id: Its number; None for one that no published twin has ever bound, which has no readings.
        name: What its type calls it, or its key.
        unit: UCUM code of its values.
        patience_us: How long it may be silent, in microseconds; None where its type does not say how often it comes.
        range: Smallest and largest credible value.
    """

    id: int | None
    twin: UUID
    asset: UUID
    asset_name: str
    key: str
    name: str
    unit: str
    patience_us: int | None
    range: tuple[float, float] | None

    @property
    def place(self) -> str:
        """As it is named in addresses: ``ASSET/KEY``."""
        return f"{self.asset}/{self.key}"


@dataclass(frozen=True, slots=True)
class _Asset:
    twin: UUID
    name: str
    type: str


class UnknownSignalError(NotFoundError):
    """There is no such signal, or it is not the caller's to see."""

    code = "history.signal_not_found"

    def __init__(self, place: Place) -> None:
        super().__init__(
            f"there is no signal {place[1]} of the asset {place[0]} here", place="signal",
            fix="Name signals of a published twin as ASSET/KEY.",
        )  # fmt: skip


def patience_of(signal: SignalType | Derived) -> float | None:
    """Seconds after which a signal counts as silent; None where its type does not say how often a reading comes."""
    if isinstance(signal, Derived):
        return None if signal.patience is None else max(LEAST_PATIENCE_S, signal.patience.total_seconds())
    return None if signal.rate is None else max(LEAST_PATIENCE_S, MISSED * signal.rate.total_seconds())


def signals_of_type(of: AssetType) -> Mapping[str, SignalType | Derived]:
    """What assets of a type are read of, and what is worked out from that, by key."""
    return {**of.signals, **of.derived}


def known_signals(places: Sequence[Place]) -> list[KnownSignal]:
    """The signals at some places, in their order.

    Raises:
        UnknownSignalError: One is neither in a published twin nor stored, or stands in a twin out of reach.
    """
    assets, types = _assets(required_tenant("signals"), publication_mark()), resolved_types()
    rows = Signal.objects.filter(asset__in={asset for asset, _ in places})
    stored = {(row.asset, row.key): row for row in rows}
    of_twins = {row.twin for row in stored.values()} | {one.twin for asset, _ in places if (one := assets.get(asset))}
    seen = set(twins().filter(id__in=of_twins).values_list("id", flat=True))
    found = []
    for place in places:
        asset, row = assets.get(place[0]), stored.get(place)
        type_ = signals_of_type(types[asset.type].document).get(place[1]) if asset else None
        known = _known(place, asset, row, type_)
        if known is None or known.twin not in seen:
            raise UnknownSignalError(place)
        found.append(known)
    return found


def _known(
    place: Place, asset: _Asset | None, row: Signal | None, type_: SignalType | Derived | None
) -> KnownSignal | None:
    twin = row.twin if row is not None else asset.twin if asset and type_ else None
    if twin is None:
        return None
    patience = patience_of(type_) if type_ else None
    range_ = type_.range if isinstance(type_, SignalType) else None
    return KnownSignal(
        id=row.id if row else None, twin=twin, asset=place[0], asset_name=asset.name if asset else "", key=place[1],
        name=(type_.name or {}).get("en", place[1]) if type_ else place[1],
        unit=row.unit if row else type_.unit if type_ else "1",
        patience_us=None if patience is None else int(patience * 1_000_000),
        range=(float(range_[0]), float(range_[1])) if range_ else None,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _assets(_tenant: UUID, _mark: str) -> Mapping[UUID, _Asset]:
    """Worked out once for a publication: documents of thousands of assets take a while to read."""
    return {
        UUID(key): _Asset(UUID(document.twin), each.name, each.type)
        for document in published_twins()
        for key, each in document.assets.items()
    }
