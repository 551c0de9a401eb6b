"""A pack with something of everything, in JSON."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

_PACK: dict[str, Any] = {
    "key": "pump-service",
    "version": 2,
    "name": {"en": "Pump service"},
    "description": {"en": "Pumps that are leased by the cubic metre."},
    "author": "Nordwerk",
    "types": [
        {
            "key": "leased-pump",
            "version": 1,
            "name": {"en": "Leased pump"},
            "extends": ["metered-machine@1"],
            "ports": {"inlet": {"accepts": ["fluid"]}, "outlet": {"accepts": ["fluid"]}},
            "signals": {"flow": {"unit": "m3/h", "range": ["0", "400"], "rate": "PT5S"}},
        },
        {
            "key": "metered-machine",
            "version": 1,
            "name": {"en": "Metered machine"},
            "abstract": True,
            "signals": {"hours": {"unit": "h", "range": ["0", "200000"]}},
        },
    ],
    "blueprints": [
        {
            "key": "pair-of-pumps",
            "version": 1,
            "name": {"en": "Pair of pumps"},
            "icon": "engine",
            "description": {"en": "One on duty, one on standby."},
            "parts": {"pump": {"type": "leased-pump@1", "name": "P-{number:03}", "count": 2}},
        }
    ],
    "dashboards": [
        {
            "key": "pump",
            "name": "Pump",
            "document": {
                "asset_type": "leased-pump",
                "widgets": [
                    {
                        "id": "flow",
                        "kind": "value",
                        "x": 0,
                        "y": 0,
                        "width": 4,
                        "height": 2,
                        "signals": [{"key": "flow"}],
                    }
                ],
            },
        }
    ],
    "alarms": [
        {"key": "low_flow", "asset_type": "leased-pump", "alarm": {"signal": "flow", "below": "10", "priority": "high"}}
    ],
    "contracts": [
        {
            "key": "by-the-hour",
            "name": "Pumps by the hour",
            "figures": {"fee_per_hour": "12.5", "currency": "EUR", "tiers": [{"below": "97", "credit": "10"}]},
        }
    ],
}


def type_of(key: str, **sections: Any) -> dict[str, Any]:
    """A type that says little else."""
    return {"key": key, "version": 1, "name": {"en": key}} | sections


def pack(**sections: Any) -> dict[str, Any]:
    """The pack, or one with other sections."""
    return deepcopy(_PACK) | sections
