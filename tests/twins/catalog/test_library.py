from __future__ import annotations

import math
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from twins.catalog.domain.inheritance import resolve_all
from twins.catalog.domain.validation import validate
from twins.catalog.library import built_in_types
from twins.gateways.schemas import SENSOR_KEYS, SETTING_KEYS
from twins.language.units import conversion

REFERENCE = os.environ.get("OUTTURN_DATA")


def test_every_built_in_type_is_sound_and_lies_under_its_name() -> None:
    types = built_in_types()
    assert list(types) == ["gas-turbine@1", "turbofan-engine@1"]
    for ref, document in types.items():
        assert (document.ref, validate(document, types)) == (ref, ())


def test_the_turbofan_has_the_published_signals_and_units() -> None:
    engine = resolve_all(built_in_types())["turbofan-engine@1"]
    signals = engine.document.signals
    assert set(signals) == {*SETTING_KEYS, *SENSOR_KEYS}
    units = {key: signals[key].unit for key in (*SETTING_KEYS, *SENSOR_KEYS)}
    assert list(units.values()) == [
        *("10*3.[ft_i]", "1", "deg"),
        *("[degR]", "[degR]", "[degR]", "[degR]"),
        *("[psi]", "[psi]", "[psi]"),
        *("{rpm}", "{rpm}", "1", "[psi]", "[lb_av]/s/[psi]", "{rpm}", "{rpm}"),
        *("1", "1", "1", "{rpm}", "{rpm}", "[lb_av]/s", "[lb_av]/s"),
    ]
    assert conversion(units["t2"], "K").factor * Fraction("518.67") == Fraction("288.15")


def test_the_turbofan_has_what_the_story_needs() -> None:
    engine = resolve_all(built_in_types())["turbofan-engine@1"]
    document = engine.document
    assert engine.lineage == ("turbofan-engine@1", "gas-turbine@1")
    assert not document.abstract
    assert built_in_types()["gas-turbine@1"].abstract
    assert set(document.properties) == {"serial_number", "rated_thrust"}
    assert document.failure_modes["hpc_degradation"].effects == ("down",)
    visit = document.maintenance["shop_visit"].as_json()
    assert (visit["restores"], visit["duration"], visit["shutdown"]) == (["hpc_degradation"], "P5D", True)
    assert visit["skills"] == {"powerplant_mechanic": 3, "borescope_inspector": 1}
    assert document.indicators == {"availability": "share of time not down", "flight_hours": "time running"}
    assert document.ports["pair"].as_json()["max"] == 1
    assert document.appearance is not None
    assert document.appearance.icon == "engine"


def published(pattern: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    files = sorted((Path(str(REFERENCE)) / "data" / "cmapss").glob(pattern))
    return np.vstack([np.loadtxt(file)[:, 2:] for file in files])


@pytest.mark.data
@pytest.mark.data
def test_no_published_value_is_out_of_range() -> None:
    signals = built_in_types()["turbofan-engine@1"].signals
    values = published("t*_FD*.txt.gz")
    for column, key in enumerate((*SETTING_KEYS, *SENSOR_KEYS)):
        bounds = signals[key].range
        assert bounds is not None
        assert bounds[0] <= values[:, column].min()
        assert values[:, column].max() <= bounds[1]


@pytest.mark.data
@pytest.mark.data
def test_the_ranges_are_taken_as_the_document_says() -> None:
    signals = built_in_types()["turbofan-engine@1"].signals
    values = published("train_FD*.txt.gz")
    for column, key in enumerate((*SETTING_KEYS, *SENSOR_KEYS)):
        low, high = (Fraction(repr(float(bound))) for bound in (values[:, column].min(), values[:, column].max()))
        digit = Fraction(10) ** (math.floor(math.log10(high - low)) - 1)
        margin = (high - low) / 10
        expected = (math.floor((low - margin) / digit) * digit, math.ceil((high + margin) / digit) * digit)
        assert tuple(map(Fraction, signals[key].range or ())) == expected
