from __future__ import annotations

import re
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tests.twins.catalog.documents import PUMP, asset_type
from twins.catalog.parts import DecimalText, Duration
from twins.catalog.schemas import AssetType
from twins.composer.schemas import published_schemas

DECIMALS: TypeAdapter[Decimal] = TypeAdapter(DecimalText)
DURATIONS: TypeAdapter[timedelta] = TypeAdapter(Duration)


def changed(path: str, value: Any) -> dict[str, Any]:
    document = deepcopy(PUMP)
    *way, last = path.split("/")
    part = document
    for step in way:
        part = part[step]
    part[last] = value
    return document


def test_the_published_schemas_are_up_to_date() -> None:
    folder = Path(__file__).parents[3] / "docs" / "schemas"
    for name, text in published_schemas().items():
        assert (folder / name).read_text(encoding="utf-8") == text, (
            f"write twins.composer.schemas.published_schemas()[{name!r}] to docs/schemas"
        )


def test_a_document_reads_into_exact_values_and_prints_as_it_was() -> None:
    pump = AssetType.model_validate(PUMP)
    assert pump.ref == "centrifugal-pump@3"
    pressure = pump.signals["discharge_pressure"]
    assert (pressure.range, pressure.rate) == ((Decimal(0), Decimal(16)), timedelta(seconds=5))
    assert pump.as_json() == PUMP


def test_what_stands_at_its_default_does_not_change_the_digest() -> None:
    spelt_out = PUMP | {"abstract": False, "extra": {}, "description": None}
    assert AssetType.model_validate(spelt_out).digest() == AssetType.model_validate(PUMP).digest()
    assert re.fullmatch("[0-9a-f]{64}", AssetType.model_validate(PUMP).digest())
    assert AssetType.model_validate(PUMP | {"version": 4}).digest() != AssetType.model_validate(PUMP).digest()


def test_a_document_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        asset_type().version = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("key", "Centrifugal pump"),
        ("key", "pump--2"),
        ("version", 0),
        ("version", "3"),
        ("version", True),
        ("name", {}),
        ("name", {"english": ""}),
        ("name", "Pump"),
        ("extends", "rotating-machine@2"),
        ("extends", ["rotating-machine"]),
        ("extends", ["rotating-machine@0"]),
        ("semantics/dtdl", "dtmi:x"),
        ("semantics/brick", "water pump"),
        ("semantics/eclass", "0173"),
        ("semantics/other", "x"),
        ("properties/Rated", {"type": "number"}),
        ("properties/rated_flow/type", "decimal"),
        ("properties/rated_flow/minimum", 0),
        ("properties/rated_flow/minimum", "1e3"),
        ("properties/rated_flow/minimum", "01"),
        ("properties/rated_flow/required", "yes"),
        ("signals/flow_total", {}),
        ("signals/flow_total/unit", ""),
        ("signals/flow_total/range", ["0"]),
        ("signals/flow_total/range", ["0", "1", "2"]),
        ("signals/flow_total/range", [0, 1]),
        ("signals/flow_total/range", ["0", "NaN"]),
        ("signals/flow_total/rate", "5 s"),
        ("signals/flow_total/rate", "PT0S"),
        ("signals/flow_total/rate", "P1M"),
        ("signals/flow_total/rate", 5),
        ("ports/inlet/accepts", []),
        ("ports/inlet/max", 0),
        ("components/motor/type", "motor"),
        ("components/motor/count", [-1, 1]),
        ("failure_modes/bearing_wear/effects", ["broken"]),
        ("maintenance/replace_bearing/duration", None),
        ("maintenance/replace_bearing/skills", {"mechanic": 0}),
        ("maintenance/replace_bearing/skills", {"mechanic": 1.5}),
        ("maintenance/replace_bearing/parts", {"": 1}),
        ("indicators/availability", "share of time "),
        ("indicators/availability", "share of running"),
        ("indicators/availability", "time"),
        ("indicators/availability", "time flow > 1 m3/h" + " " * 2000),
        ("indicators/volume", "increase of Flow"),
        ("appearance/icon", ""),
        ("appearance/shape", "../pump.glb"),
        ("extra", {"Not a slug": {}}),
        ("derived", {"hydraulic_power": {"unit": "kW"}}),
        ("derived", {"hydraulic_power": {"unit": "kW", "formula": ""}}),
        ("derived", {"hydraulic_power": {"unit": "kW", "formula": "flow", "patience": "PT0S"}}),
        ("states", {"broken": "speed > 50 {rpm}"}),
        ("alarms", {"dry_run": {"when": "flow < 3 m3/h", "for": "soon"}}),
        ("commands", {"start": {"risk": "none"}}),
        ("constraints", {"bounds": {}}),
        ("properties/rated_flow/of", "number"),
        ("appearance/colour", "red"),
        ("colour", "red"),
    ],
)
def test_what_the_schema_does_not_say_is_refused(path: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        AssetType.model_validate(changed(path, value))


@pytest.mark.parametrize(
    "text",
    [
        "share of time not down",
        "share of time running",
        "time running",
        "time not idle",
        "increase of flow_total",
        "share of time flow > 3 m3/h and not down",
        "time avg(flow, 10min) < 0.5 * rated_flow",
    ],
)
def test_indicators_are_sentences(text: str) -> None:
    assert asset_type(indicators={"it": text}).indicators == {"it": text}


@pytest.mark.parametrize("text", ["0", "-0.5", "12.50", "0.0000001", "123456789012345678901234567890.5"])
def test_decimals_keep_every_digit(text: str) -> None:
    assert DECIMALS.dump_python(DECIMALS.validate_python(text)) == text


@pytest.mark.parametrize("bad", ["", "+1", "1.", ".5", "1,5", "1e5", "Infinity", "٣", 1, 1.5, None, True, "9" * 65])
def test_other_numbers_are_refused(bad: object) -> None:
    with pytest.raises(ValidationError, match="decimal number"):
        DECIMALS.validate_python(bad)


@pytest.mark.parametrize(
    ("text", "span", "canonical"),
    [
        ("PT6H", timedelta(hours=6), "PT6H"),
        ("PT90M", timedelta(minutes=90), "PT1H30M"),
        ("P2W", timedelta(days=14), "P14D"),
        ("P1DT2H3M4.5S", timedelta(days=1, hours=2, minutes=3, seconds=4.5), "P1DT2H3M4.5S"),
        ("PT0.001S", timedelta(milliseconds=1), "PT0.001S"),
        ("PT100S", timedelta(seconds=100), "PT1M40S"),
        ("PT24H", timedelta(days=1), "P1D"),
    ],
)
def test_durations_are_read_and_written(text: str, span: timedelta, canonical: str) -> None:
    assert DURATIONS.validate_python(text) == span
    assert DURATIONS.dump_python(span) == canonical


@pytest.mark.parametrize(
    "bad", ["", "P", "PT", "P1Y", "P1M", "-PT1H", "PT1.5H", "PT0.0001S", "PT1H\n", "1H", "PT1H1D", 60, None]
)
def test_other_durations_are_refused(bad: object) -> None:
    with pytest.raises(ValidationError, match="ISO 8601"):
        DURATIONS.validate_python(bad)


@given(st.integers(1, 99_999 * 86_400_000))
def test_durations_come_back(milliseconds: int) -> None:
    span = timedelta(milliseconds=milliseconds)
    assert DURATIONS.validate_python(DURATIONS.dump_python(span)) == span
