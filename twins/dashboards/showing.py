"""What the page of a dashboard tells its script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twins.catalog.domain.inheritance import ResolvedType
from twins.catalog.selectors import resolved_types
from twins.composer.schemas import TwinDocument
from twins.dashboards.models import Dashboard
from twins.dashboards.schemas import DashboardDocument
from twins.language.symbols import symbol
from twins.sharing.models import SharedView
from twins.telemetry.query_signals import patience_of, signals_of_type

Shared = Mapping[str, list[str]]


def configuration(
    row: Dashboard, twin: TwinDocument | None, document: DashboardDocument, *, view: SharedView | None = None
) -> dict[str, Any]:
    """The dashboard, and the assets and signals that it can show: with a view only those that it shares."""
    types = resolved_types()
    assets = twin.assets if twin is not None else {}
    shared: Shared | None = None if view is None else view.signals
    shown = {key: each for key, each in assets.items() if shared is None or key in shared}
    names = sorted(shown.items(), key=lambda item: item[1].name)
    return {
        "id": str(row.id),
        "twin": str(row.twin_id),
        "name": row.name,
        "revision": row.revision,
        "document": {"widgets": [], **document.as_json()},
        "assets": [
            {
                "id": key, "name": each.name, "type": each.type, "lineage": _lineage(types[each.type]),
                "keys": None if shared is None else shared[key],
            }
            for key, each in names
        ],
        "signals": {ref: _signals(types[ref], shared) for ref in dict.fromkeys(each.type for _, each in names)},
    }  # fmt: skip


def _lineage(of: ResolvedType) -> list[str]:
    """The keys of a type and of all that it inherits from."""
    return [ref.partition("@")[0] for ref in of.lineage]


def _signals(of: ResolvedType, shared: Shared | None) -> list[dict[str, Any]]:
    found = []
    keys = None if shared is None else {key for keys in shared.values() for key in keys}
    for key, signal in signals_of_type(of.document).items():
        if keys is not None and key not in keys:
            continue
        low_high = getattr(signal, "range", None)
        found.append({
            "key": key, "name": (signal.name or {}).get("en", key), "unit": symbol(signal.unit),
            "range": [str(end) for end in low_high] if low_high else None, "patience": patience_of(signal),
        })  # fmt: skip
    return found
