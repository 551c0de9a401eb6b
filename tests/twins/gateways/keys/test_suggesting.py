"""Which key goes with which signal, on lists of tags such as plants have them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.gateways.keys.domain.offers import OfferedKey, Suggestion, WantedSignal
from twins.gateways.keys.domain.suggesting import GOOD, suggest
from twins.gateways.keys.domain.units import guess_unit

GATEWAY = "00000000-0000-7000-8000-000000000001"
PUMP = {
    "suction_pressure": ("bar", (-1.0, 16.0)),
    "discharge_pressure": ("bar", (0.0, 40.0)),
    "flow": ("m3/h", (0.0, 400.0)),
    "bearing_temperature": ("Cel", (0.0, 120.0)),
    "speed": ("{rpm}", (0.0, 3600.0)),
    "vibration_rms": ("mm/s", (0.0, 45.0)),
}
ENGINE = {"t24": ("[degR]", (400.0, 800.0)), "t30": ("[degR]", (1000.0, 1800.0)), "nf": ("{rpm}", (0.0, 3000.0))}
ROOM = {"temperature": ("Cel", (0.0, 40.0)), "humidity": ("%", (0.0, 100.0)), "co2": ("[ppm]", (300.0, 5000.0))}


def wanted(name: str, kind: dict[str, tuple[str, tuple[float, float]]], asset: str = "") -> list[WantedSignal]:
    return [
        WantedSignal(asset or name, name, "type", signal, unit=unit, range=span)
        for signal, (unit, span) in kind.items()
    ]


def offered(*keys: str, **seen: tuple[float, float]) -> list[OfferedKey]:
    return [OfferedKey(GATEWAY, key, seen.get(key), guess_unit(key)) for key in keys]


def good(found: tuple[Suggestion, ...]) -> dict[str, str]:
    return {one.signal.place: one.taken.key.key for one in found if one.is_good and one.taken}


def test_topics_that_name_asset_and_signal() -> None:
    keys = offered(*(f"plant/hall2/pump{number}/{signal}" for number in (1, 2, 12) for signal in PUMP))
    signals = [*wanted("Pump 1", PUMP), *wanted("Pump 2", PUMP)]
    assert good(suggest(signals, keys)) == {
        f"Pump {number}/{signal}": f"plant/hall2/pump{number}/{signal}" for number in (1, 2) for signal in PUMP
    }


def test_tags_after_isa_5_1() -> None:
    keys = offered(
        "PT-101A_SUCT", "PT-101B_DISCH", "FT-101", "TE-101_BRG", "ST-101", "VT-101", "FT-102", "LT-101", "TI-205"
    )
    assert good(suggest(wanted("P-101", PUMP), keys)) == {
        "P-101/suction_pressure": "PT-101A_SUCT",
        "P-101/discharge_pressure": "PT-101B_DISCH",
        "P-101/flow": "FT-101",
        "P-101/bearing_temperature": "TE-101_BRG",
        "P-101/speed": "ST-101",
        "P-101/vibration_rms": "VT-101",
    }


def test_paths_of_opc_ua() -> None:
    prefix = "ns=2;s=Plant1.PumpStation.P101"
    tags = ("SuctionPressure", "DischargePressure", "FlowRate", "BearingTemp", "MotorSpeed", "VibrationRMS")
    keys = offered(
        *(f"{prefix}.{tag}" for tag in tags), "ns=2;s=Plant1.PumpStation.P102.SuctionPressure", "ns=2;s=Plant1.Alive",
    )  # fmt: skip
    assert good(suggest(wanted("P-101", PUMP), keys)) == {
        "P-101/suction_pressure": f"{prefix}.SuctionPressure",
        "P-101/discharge_pressure": f"{prefix}.DischargePressure",
        "P-101/flow": f"{prefix}.FlowRate",
        "P-101/bearing_temperature": f"{prefix}.BearingTemp",
        "P-101/speed": f"{prefix}.MotorSpeed",
        "P-101/vibration_rms": f"{prefix}.VibrationRMS",
    }


def test_numbers_of_units_before_short_names() -> None:
    keys = offered(*(f"{unit}/{signal}" for unit in (8, 24, 81, 82) for signal in ENGINE))
    assert good(suggest([*wanted("Engine 081", ENGINE), *wanted("Engine 024", ENGINE)], keys)) == {
        f"Engine {name}/{signal}": f"{unit}/{signal}" for name, unit in (("081", 81), ("024", 24)) for signal in ENGINE
    }


def test_one_asset_whose_keys_do_not_name_it() -> None:
    found = suggest(wanted("Meeting room", ROOM), offered("temp", "RH", "co2_ppm", "door"))
    assert good(found) == {
        "Meeting room/temperature": "temp", "Meeting room/humidity": "RH", "Meeting room/co2": "co2_ppm",
    }  # fmt: skip
    both = suggest([*wanted("North room", ROOM), *wanted("South room", ROOM)], offered("temp"))
    assert good(both) == {}
    assert [len(one.candidates) for one in both] == [1, 0, 0, 1, 0, 0]


def test_nothing_is_offered_that_measures_something_else() -> None:
    (found,) = suggest(
        [WantedSignal("a", "P-101", "pump", "temperature", unit="Cel")],
        offered("P-101/pressure", "P-101/flow_m3h", "P-102/level"),
    )
    assert (found.candidates, found.taken) == ((), None)


def test_the_number_of_the_plant_is_not_that_of_the_asset() -> None:
    keys = offered("PLANT1.ENGINE-3.t24", "1/t24", "PLANT1.ENGINE-1.nf", "PLANT1.ENGINE-2.nf")
    assert good(suggest(wanted("Engine 001", ENGINE), keys)) == {
        "Engine 001/t24": "1/t24", "Engine 001/nf": "PLANT1.ENGINE-1.nf",
    }  # fmt: skip


def test_the_name_of_an_asset_says_nothing_of_what_is_measured() -> None:
    signal = WantedSignal("a", "Engine 1", "engine", "epr", names=("Engine pressure ratio",))
    (found,) = suggest([signal], offered("ENGINE-1.t24"))
    assert found.candidates == ()


def test_opposites_are_told_apart_and_ties_are_left_open() -> None:
    pressures = {key: value for key, value in PUMP.items() if key.endswith("pressure")}
    assert good(suggest(wanted("P-7", pressures), offered("P7_PRES_OUT", "P7_PRES_IN"))) == {
        "P-7/suction_pressure": "P7_PRES_IN", "P-7/discharge_pressure": "P7_PRES_OUT",
    }  # fmt: skip
    assert good(suggest(wanted("P-7", pressures), offered("PT-7"))) == {}


def test_a_unit_is_suggested_by_the_key_and_by_the_range() -> None:
    signal = WantedSignal("a", "Oven", "oven", "temperature", unit="Cel", range=(0.0, 300.0))
    sure = OfferedKey(GATEWAY, "oven/temp_degF", (68.0, 450.0), guess_unit("oven/temp_degF"))
    (found,) = suggest([signal], [sure])
    assert found.taken is not None
    assert (found.taken.unit, found.taken.in_range, found.is_good) == ("[degF]", True, True)
    unsure = OfferedKey(GATEWAY, "oven/temperature", (350.0, 450.0), guess_unit("oven/temperature", 450.0))
    (found,) = suggest([signal], [unsure])
    assert found.taken is not None
    assert (found.taken.unit, found.taken.in_range) == ("[degF]", True)
    fits = OfferedKey(GATEWAY, "oven/temperature", (20.0, 290.0), guess_unit("oven/temperature", 290.0))
    (found,) = suggest([signal], [fits])
    assert found.taken is not None
    assert (found.taken.unit, found.taken.in_range) == (None, True)
    far = OfferedKey(GATEWAY, "oven/temperature", (0.0, 65_535.0), None)
    (found,) = suggest([signal], [far])
    assert found.taken is not None
    assert (found.taken.unit, found.taken.in_range, found.is_good) == (None, False, False)


def test_a_unit_that_does_not_fit_keeps_a_key_from_being_good() -> None:
    signal = WantedSignal("a", "Oven", "oven", "load", unit="kW", range=(0.0, 300.0))
    (found,) = suggest([signal], offered("oven/load_pct"))
    assert not found.is_good


def test_without_keys_or_signals_nothing_is_suggested() -> None:
    assert suggest([], offered("a")) == ()
    (found,) = suggest([WantedSignal("a", "P", "pump", "flow")], [])
    assert (found.candidates, found.taken, found.is_good) == ((), None, False)


@pytest.mark.parametrize(
    ("key", "high", "said", "unit", "source"),
    [
        ("plant/T1_degC", None, "", "Cel", "name"),
        ("Boiler.SupplyTemp [°C]", None, "", "Cel", "name"),
        ("FT-101.m3/h", None, "", "m3/h", "name"),
        ("MainsVoltage_V", None, "", "V", "name"),
        ("x/V", None, "", None, None),
        ("p1/pressure", 12.0, "", "bar", "quantity"),
        ("p1/pressure", 900.0, "", "kPa", "quantity"),
        ("p1/pressure", 900_000.0, "", "Pa", "quantity"),
        ("node/17", 3.0, "°C", "Cel", "device"),
        ("node/17", 3.0, "kW", "kW", "device"),
        ("node/17", 3.0, "furlongs?", None, None),
        ("line1.motor.rpm", None, "", "{rpm}", "name"),
        ("alive", 1.0, "", None, None),
    ],
)
def test_the_unit_that_a_key_is_sent_in(
    key: str, high: float | None, said: str, unit: str | None, source: str | None
) -> None:
    found = guess_unit(key, high, said)
    assert (found and found.unit, found and found.source) == (unit, source)


NAMES = st.text("abPT101_/.- ", min_size=1, max_size=12)


@given(st.lists(NAMES, max_size=6, unique=True), st.lists(NAMES, max_size=4, unique=True), st.randoms())
def test_every_key_is_given_once_and_the_order_of_keys_means_nothing(
    keys: list[str], names: list[str], order: random.Random
) -> None:
    signals = [one for name in names for one in wanted(name, PUMP)]
    found = suggest(signals, offered(*keys))
    taken = [one.taken.key.key for one in found if one.taken]
    assert len(taken) == len(set(taken))
    assert all(one.taken.score >= GOOD for one in found if one.is_good and one.taken)
    assert all(0 <= candidate.score <= 1 for one in found for candidate in one.candidates)
    order.shuffle(keys)
    assert suggest(signals, offered(*keys)) == found
