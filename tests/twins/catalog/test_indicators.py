"""What the indicators of a type ask for."""

from __future__ import annotations

from typing import Any

from tests.twins.catalog.documents import asset_type
from twins.catalog.domain.indicators import indicators_of
from twins.catalog.domain.inheritance import resolve_all
from twins.catalog.library import built_in_types

STORE: dict[str, Any] = {
    "signals": {"air": {"unit": "Cel"}, "door": {"unit": "1"}, "total": {"unit": "kW.h"}},
    "derived": {"over": {"unit": "K", "formula": "air - 2 Cel"}},
    "properties": {"warmest": {"type": "number", "unit": "Cel"}},
    "states": {"running": "door < 0.5"},
}


def test_conditions_speak_of_signals_derived_ones_states_and_properties() -> None:
    of = asset_type(
        **STORE,
        indicators={
            "cold": "share of time air <= warmest and over > 0 K",
            "shut": "time running",
            "closed": "share of time not running",
            "steady": "time avg(air, 1h) < 8 Cel and not running",
            "energy": "increase of total",
        },
    )
    found = indicators_of(of)
    assert {key: (one.text, sorted(one.signals)) for key, one in found.conditions.items()} == {
        "cold": ("air <= warmest and over > 0 K", ["air", "over"]),
        "shut": ("running", ["door"]),
        "closed": ("not running", ["door"]),
        "steady": ("avg(air, 1h) < 8 Cel and not running", ["air", "door"]),
    }
    assert found.conditions["cold"].properties == {"warmest"}
    assert found.increases == {"energy": "total"}


def test_what_means_nothing_is_left_out() -> None:
    of = asset_type(
        **STORE, indicators={"up": "share of time not down", "wrong": "time air", "gone": "increase of nothing"}
    )
    assert (indicators_of(of).conditions, indicators_of(of).increases) == ({}, {})


def test_the_cold_store_sells_time_within_its_limits_and_tells_who_is_there() -> None:
    found = indicators_of(resolve_all(built_in_types())["cold-store@1"].document)
    assert sorted(found.conditions) == ["availability", "operating_hours", "technician_on_site", "within_limits"]
    assert found.conditions["within_limits"].properties == {"coldest", "warmest"}
    assert found.increases == {"energy": "energy_total"}
