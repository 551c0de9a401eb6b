"""Asset types to start a test from."""

from __future__ import annotations

from typing import Any

from twins.catalog.schemas import AssetType

PUMP: dict[str, Any] = {
    "key": "centrifugal-pump",
    "version": 3,
    "name": {"en": "Centrifugal pump"},
    "extends": ["rotating-machine@2"],
    "semantics": {"dtdl": "dtmi:com:example:Pump;1", "brick": "Water_Pump", "eclass": "0173-1#01-AKE795#017"},
    "properties": {
        "rated_flow": {
            "type": "number",
            "unit": "m3/h",
            "minimum": "0",
            "required": True,
            "source": "maker's data sheet",
        }
    },
    "signals": {
        "discharge_pressure": {
            "unit": "bar",
            "range": ["0", "16"],
            "rate": "PT5S",
            "quality": {"stuck": "PT10M", "spike": "6"},
        },
        "flow_total": {"unit": "m3"},
        "vibration_rms": {"unit": "mm/s"},
        "bearing_temperature": {"unit": "Cel"},
    },
    "ports": {"inlet": {"accepts": ["fluid"], "max": 1}, "outlet": {"accepts": ["fluid"]}},
    "components": {"motor": {"type": "electric-motor@1", "count": [1, 2]}},
    "failure_modes": {"bearing_wear": {"signals": ["vibration_rms", "bearing_temperature"], "effects": ["down"]}},
    "maintenance": {
        "replace_bearing": {
            "restores": ["bearing_wear"],
            "duration": "PT6H",
            "skills": {"mechanic": 2},
            "parts": {"bearing-6308": 2},
            "shutdown": True,
        }
    },
    "indicators": {"availability": "share of time not down", "volume": "increase of flow_total"},
    "appearance": {"icon": "pump", "shape": "pump.glb"},
}
"""The pump of the design, without the sections that need the expression language."""

MACHINE: dict[str, Any] = {
    "key": "rotating-machine",
    "version": 2,
    "name": {"en": "Rotating machine"},
    "abstract": True,
    "signals": {"speed": {"unit": "{rpm}", "range": ["0", "6000"]}},
}
MOTOR: dict[str, Any] = {"key": "electric-motor", "version": 1, "name": {"en": "Electric motor"}}


def asset_type(base: dict[str, Any] | None = None, **sections: Any) -> AssetType:
    """A type named ``part@1``, or the base with some sections replaced."""
    start = base or {"key": "part", "version": 1, "name": {"en": "Part"}}
    return AssetType.model_validate(start | sections)


def catalogue(*types: AssetType) -> dict[str, AssetType]:
    """The types by ``key@version``, with those that the pump refers to."""
    known = (asset_type(MACHINE), asset_type(MOTOR), *types)
    return {document.ref: document for document in known}
