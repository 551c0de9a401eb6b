"""Signals: made when a published twin first binds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from tenants.kernel.errors import OutturnError
from tenants.scope.context import required_tenant
from twins.telemetry.bindings import StoredSignal, declared_range
from twins.telemetry.models import Signal
from twins.telemetry.schemas import BoundSignal


def provide_signals(*, bound: Iterable[BoundSignal]) -> Mapping[tuple[UUID, str], StoredSignal]:
    """The signals of the tenant in scope that bindings lead to, by asset and key; new ones are made.

    A signal keeps the unit it was made with. Its range is that of the newest published version.
    """
    wanted = {(one.asset, one.key): one for one in bound}
    known = _signals(wanted)
    missing = [_signal(one) for name, one in wanted.items() if name not in known]
    if missing:
        # Another process may make them at the same moment.
        Signal.objects.bulk_create(missing, ignore_conflicts=True)
        known = _signals(wanted)
    _renew(known, wanted)
    return {name: StoredSignal(row.id, row.unit) for name, row in known.items()}


def _renew(known: Mapping[tuple[UUID, str], Signal], wanted: Mapping[tuple[UUID, str], BoundSignal]) -> None:
    changed = []
    for name, one in wanted.items():
        row = known[name]
        try:
            low, high = _ends(one, row.unit)
        except OutturnError:  # its type now measures something else; the signal stays what it was
            continue
        if (row.twin, row.low, row.high) != (one.twin, low, high):
            row.twin, row.low, row.high = one.twin, low, high
            changed.append(row)
    if changed:
        Signal.objects.bulk_update(changed, ["twin", "low", "high"], batch_size=500)


def _signals(wanted: Mapping[tuple[UUID, str], BoundSignal]) -> dict[tuple[UUID, str], Signal]:
    rows = Signal.objects.filter(asset__in={asset for asset, _ in wanted})
    return {(row.asset, row.key): row for row in rows if (row.asset, row.key) in wanted}


def _signal(bound: BoundSignal) -> Signal:
    low, high = _ends(bound, bound.unit)
    return Signal(
        tenant_id=required_tenant("a signal"), twin=bound.twin, asset=bound.asset, key=bound.key, unit=bound.unit,
        low=low, high=high,
    )  # fmt: skip


def _ends(bound: BoundSignal, unit: str) -> tuple[float | None, float | None]:
    return (None, None) if bound.range is None else declared_range(bound, unit)
