from __future__ import annotations

import json
import math
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from twins.catalog.domain.formulas import formulas_of
from twins.catalog.domain.inheritance import resolve_all
from twins.catalog.domain.validation import validate
from twins.catalog.library import built_in_types
from twins.catalog.schemas import AssetType, Signal
from twins.gateways.schemas import SENSOR_KEYS, SETTING_KEYS
from twins.language.evaluation import Samples, evaluate
from twins.language.units import conversion

REFERENCE = os.environ.get("OUTTURN_DATA")
RESOLVED = resolve_all(built_in_types())
NEW = [ref for ref in built_in_types() if ref not in {"gas-turbine@1", "turbofan-engine@1"}]


def test_every_built_in_type_is_sound_and_lies_under_its_name() -> None:
    types = built_in_types()
    for ref, document in types.items():
        assert (document.ref, validate(document, types)) == (ref, ())


def test_the_library_has_what_plants_are_made_of() -> None:
    kinds = {ref.partition("@")[0] for ref, document in built_in_types().items() if not document.abstract}
    assert kinds == {
        "air-handling-unit", "battery-pack", "boiler", "building", "centrifugal-pump", "chiller", "cnc-machine",
        "cold-store", "compressor", "control-valve", "conveyor", "diesel-generator", "electric-motor", "excavator",
        "gearbox", "haul-truck", "heat-exchanger", "industrial-robot", "packaging-machine", "production-line",
        "pv-inverter", "site", "tank", "transformer", "turbofan-engine", "wind-turbine",
    }  # fmt: skip
    assert {ref.partition("@")[0] for ref, document in built_in_types().items() if document.abstract} == {
        "asset", "diesel-engine", "electrical-equipment", "equipment", "gas-turbine", "generating-unit",
        "hydronic-unit", "mobile-machine", "place", "production-machine", "rotating-machine", "vessel",
    }  # fmt: skip


@pytest.mark.parametrize("ref", NEW)
def test_every_type_says_where_its_figures_are_from(ref: str) -> None:
    document = built_in_types()[ref]
    assert document.source
    for section in ("properties", "signals", "derived", "failure_modes", "maintenance", "constraints", "commands"):
        for key, part in getattr(document, section).items():
            assert part.source, f"{ref} {section}/{key}"


@pytest.mark.parametrize("ref", NEW)
def test_every_type_speaks_english_and_german(ref: str) -> None:
    document = built_in_types()[ref]
    assert document.description
    sections = ("properties", "signals", "derived", "ports", "components", "failure_modes", "maintenance", "alarms")
    named = [part.name for section in (*sections, "commands") for part in getattr(document, section).values()]
    assert {language for texts in (document.name, document.description, *named) for language in texts} == {"en", "de"}
    assert all(set(texts) == {"en", "de"} for texts in named)


@pytest.mark.parametrize("ref", [ref for ref in NEW if not built_in_types()[ref].abstract])
def test_every_type_that_can_be_placed_is_whole(ref: str) -> None:
    document = RESOLVED[ref].document
    assert {"running", "down"} <= set(document.states)
    assert document.ports
    assert any(text in {"share of time not down", "time running"} for text in document.indicators.values())
    for key, signal in document.signals.items():
        assert signal.range, key
        assert signal.rate, key
    for key, alarm in document.alarms.items():
        assert alarm.message, key
        assert alarm.action, key
    if "equipment@1" in RESOLVED[ref].lineage:
        restored = {mode for task in document.maintenance.values() for mode in task.restores}
        assert restored == set(document.failure_modes)
        assert all(task.skills and task.duration for task in document.maintenance.values())
    icons = json.loads((Path(__file__).parents[3] / "static" / "src" / "icons.json").read_text())
    assert document.appearance is not None
    assert document.appearance.icon in icons
    assert document.appearance.colour


@pytest.mark.parametrize("ref", NEW)
def test_every_formula_gives_a_value_in_the_middle_of_its_ranges(ref: str) -> None:
    """A formula that can be worked out for no reading at all would be sound, and of no use."""
    document = RESOLVED[ref].document
    values = {key: _values(signal, place) for place, (key, signal) in enumerate(document.signals.items())}
    at = np.arange(0, 36 * 3600, 60, dtype=np.int64) * 1_000_000
    samples = {key: Samples(at, value[: at.size], 10**12) for key, value in values.items()}
    checked = formulas_of(document)
    assert checked.findings == ()
    for key, formula in checked.derived.items():
        found = evaluate(formula, samples, _properties(document), at)
        assert np.isfinite(found.value[-1]), f"{ref} {key}"
        samples[key] = Samples(at, found.value, 10**12)
    for key, formula in checked.states.items():
        assert evaluate(formula, samples, _properties(document), at).value[-1] in {0.0, 1.0}, f"{ref} {key}"


def _values(signal: Signal, place: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Readings that climb through the middle of a range, as counters do; those named first stand higher in theirs.

    Types name what is hot or under pressure first, so that differences are positive.
    """
    assert signal.range is not None
    low, high = map(float, signal.range)
    return low + (high - low) * np.linspace(1 / 3, 2 / 3, 2200) * (1 - place / 60)


def _properties(document: AssetType) -> dict[str, float | str | bool]:
    """Every property in the middle of its bounds."""
    found: dict[str, float | str | bool] = {}
    for key, part in document.properties.items():
        if part.minimum is not None and part.maximum is not None:
            found[key] = float(part.minimum + (part.maximum - part.minimum) / 2)
        elif part.type == "number":
            found[key] = 1.0
    return found


def test_the_figures_of_known_states_come_out() -> None:
    """Worked by hand: a pump at its design point, a transformer at 110 °C, a turbine at the Betz limit."""
    pump = figures(
        "centrifugal-pump@1", {"rated_flow": 250.0}, flow=250, suction_pressure=0, discharge_pressure=5.4, power=50
    )
    assert pump["hydraulic_power"] == pytest.approx(37.5)
    assert pump["efficiency"] == pytest.approx(75)
    assert pump["head"] == pytest.approx(55.156, abs=0.001)
    assert figures("transformer@1", {}, hot_spot_temperature=110)["ageing_rate"] == pytest.approx(1)
    assert figures("transformer@1", {}, hot_spot_temperature=120)["ageing_rate"] == pytest.approx(2.71, abs=0.01)
    turbine = figures(
        "wind-turbine@1",
        {"rotor_diameter": 100.0, "rated_power": 3000.0},
        wind_speed=10,
        active_power=2000,
        rotor_speed=15,
    )
    assert turbine["wind_power"] == pytest.approx(4810.6, abs=0.1)
    assert turbine["power_coefficient"] == pytest.approx(0.41575, abs=0.0001)
    assert turbine["tip_speed_ratio"] == pytest.approx(7.854, abs=0.001)
    chiller = figures(
        "chiller@1",
        {"rated_cooling": 1000.0},
        water_flow=172,
        supply_temperature=7,
        return_temperature=12,
        active_power=200,
    )
    assert chiller["thermal_power"] == pytest.approx(1000.18)
    assert chiller["cop"] == pytest.approx(5.0009)
    boiler = figures("boiler@1", {}, flue_gas_temperature=180, combustion_air_temperature=20, flue_gas_oxygen=4)
    assert boiler["flue_gas_loss"] == pytest.approx(7.6518, abs=0.0001)
    exchanger = figures(
        "heat-exchanger@1",
        {"area": 50.0},
        hot_inlet_temperature=90,
        hot_outlet_temperature=60,
        cold_inlet_temperature=40,
        cold_outlet_temperature=60,
        cold_flow=50,
    )
    assert exchanger["mean_temperature_difference"] == pytest.approx(24.6630, abs=0.0001)
    motor = figures(
        "electric-motor@1", {"rated_power": 55.0, "pole_pairs": 2.0}, speed=1485, frequency=50, active_power=50
    )
    assert motor["synchronous_speed"] == pytest.approx(1500)
    assert motor["slip"] == pytest.approx(1)
    assert motor["input_torque"] == pytest.approx(321.5, abs=0.1)


def figures(ref: str, properties: dict[str, float | str | bool], **read: float) -> dict[str, float]:
    """What the derived signals of a type are when these readings have just come."""
    at, formulas = np.array([0], np.int64), formulas_of(RESOLVED[ref].document)
    samples = {key: Samples(at, np.array([float(value)]), 10**9) for key, value in read.items()}
    found: dict[str, float] = {}
    for key, formula in formulas.derived.items():
        value = evaluate(formula, samples, properties, at)
        samples[key] = Samples(at, value.value, 10**9)
        found[key] = float(value.value[0])
    return found


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
def test_no_published_value_is_out_of_range() -> None:
    signals = built_in_types()["turbofan-engine@1"].signals
    values = published("t*_FD*.txt.gz")
    for column, key in enumerate((*SETTING_KEYS, *SENSOR_KEYS)):
        bounds = signals[key].range
        assert bounds is not None
        assert bounds[0] <= values[:, column].min()
        assert values[:, column].max() <= bounds[1]


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
