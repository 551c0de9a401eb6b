"""Drivers of a prediction in the words of the asset's type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.health.schemas import AGE
from twins.catalog.selectors import resolved_types

_AGE_NAME = "Flights flown"


def signal_names(asset_type: str) -> Mapping[str, str]:
    """What people call the signals of a type, by key."""
    resolved = resolved_types().get(asset_type)
    signals = resolved.document.signals.items() if resolved else ()
    return {AGE: _AGE_NAME} | {key: (signal.name or {}).get("en", key) for key, signal in signals}


def driver_words(driver: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A driver for a page: its name, what it does in flights, and what it shows."""
    flights = driver["flights"]
    shown = ""
    if driver["deviation"] is not None:
        side = "above" if driver["deviation"] >= 0 else "below"
        shown = f"{driver['feature']}: {abs(driver['deviation']):.1f} standard deviations {side} the training set"
    return {
        "name": names.get(driver["signal"], driver["signal"]),
        "signal": driver["signal"],
        "flights": f"{flights:+.1f}",
        "effect": f"{driver['direction']} it by {abs(flights):.0f} flights",
        "shown": shown,
    }
