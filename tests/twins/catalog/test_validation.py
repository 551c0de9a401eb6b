from __future__ import annotations

from typing import Any

import pytest

from tests.twins.catalog.documents import PUMP, asset_type, catalogue
from twins.catalog.domain.validation import validate
from twins.catalog.schemas import AssetType

COLD = {"temperature": {"unit": "Cel", "rate": "PT1M"}}


def found(document: AssetType, *types: AssetType) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.place, finding.message) for finding in validate(document, catalogue(*types))]


def test_a_sound_type_has_no_findings() -> None:
    assert validate(asset_type(PUMP), catalogue()) == ()


@pytest.mark.parametrize(
    ("sections", "code", "place", "message"),
    [
        (
            {"signals": {"t": {"unit": "rpm"}}},
            "type.unknown_unit",
            "signals/t/unit",
            "'rpm' is not a UCUM unit: it cannot be read, or it cannot be calculated with.",
        ),
        (
            {"properties": {"p": {"type": "number", "unit": "psi"}}},
            "type.unknown_unit",
            "properties/p/unit",
            "'psi' is not a UCUM unit: it cannot be read, or it cannot be calculated with.",
        ),
        (
            {"signals": {"t": {"unit": "K", "range": ["9", "0"]}}},
            "type.reversed",
            "signals/t/range",
            "From 9 to 0 there is nothing.",
        ),
        (
            {"signals": {"t": {"unit": "K", "range": ["9", "9.0"]}}},
            "type.reversed",
            "signals/t/range",
            "From 9 to 9.0 there is nothing.",
        ),
        (
            {"properties": {"p": {"type": "integer", "minimum": "2", "maximum": "1"}}},
            "type.reversed",
            "properties/p/minimum",
            "From 2 to 1 there is nothing.",
        ),
        (
            {"signals": {"t": {"unit": "K", "quality": {"spike": "0"}}}},
            "type.not_positive",
            "signals/t/quality/spike",
            "A spike is a number of standard deviations, and more than 0.",
        ),
        (
            {"signals": {"t": {"unit": "K", "rate": "PT10S", "quality": {"stuck": "PT10S"}}}},
            "type.shorter_than_rate",
            "signals/t/quality/stuck",
            "No longer than the signal's rate, stuck would hold of sound readings too.",
        ),
        (
            {"signals": {"t": {"unit": "K", "rate": "PT10S", "quality": {"stuck": "PT11S", "stale": "PT5S"}}}},
            "type.shorter_than_rate",
            "signals/t/quality/stale",
            "No longer than the signal's rate, stale would hold of sound readings too.",
        ),
        (
            {"properties": {"p": {"type": "text", "unit": "m"}}},
            "type.misplaced",
            "properties/p/unit",
            "A property of type text has no unit.",
        ),
        (
            {"properties": {"p": {"type": "boolean", "minimum": "0"}}},
            "type.misplaced",
            "properties/p/minimum",
            "A property of type boolean has no minimum.",
        ),
        (
            {"properties": {"p": {"type": "text", "maximum": "0"}}},
            "type.misplaced",
            "properties/p/maximum",
            "A property of type text has no maximum.",
        ),
        (
            {"properties": {"p": {"type": "number", "choices": ["1"]}}},
            "type.misplaced",
            "properties/p/choices",
            "A property of type number has no choices.",
        ),
        (
            {"components": {"c": {"type": "electric-motor@1", "count": [2, 1]}}},
            "type.reversed",
            "components/c/count",
            "Between 2 and 1 of them there is nothing.",
        ),
        (
            {"components": {"c": {"type": "electric-motor@1", "count": [0, 0]}}},
            "type.reversed",
            "components/c/count",
            "Between 0 and 0 of them there is nothing.",
        ),
        (
            {"components": {"c": {"type": "electric-motor@2"}}},
            "type.unknown_component",
            "components/c/type",
            "The component 'c' is of the type electric-motor@2, which is not in the catalogue.",
        ),
        (
            {"properties": {"t": {"type": "text"}}, "signals": {"t": {"unit": "K"}}},
            "type.duplicate_key",
            "signals/t",
            "'t' is a property and a signal, so an expression could not tell which is meant.",
        ),
        (
            {"ports": {"p": {"accepts": ["fluid", "fluid"]}}},
            "type.duplicate_key",
            "ports/p/accepts",
            "'fluid' stands twice in ports/p/accepts.",
        ),
        (
            {"properties": {"p": {"type": "text", "choices": ["a", "b", "a"]}}},
            "type.duplicate_key",
            "properties/p/choices",
            "'a' stands twice in properties/p/choices.",
        ),
        (
            {"extends": ["electric-motor@1", "electric-motor@1"]},
            "type.duplicate_key",
            "extends",
            "'electric-motor@1' stands twice in extends.",
        ),
        (
            {"failure_modes": {"m": {"effects": ["down", "down"]}}},
            "type.duplicate_key",
            "failure_modes/m/effects",
            "'down' stands twice in failure_modes/m/effects.",
        ),
        (
            {"failure_modes": {"m": {"signals": ["t"]}}},
            "type.unknown_reference",
            "failure_modes/m/signals",
            "There is no signal 't' in this type or its parents.",
        ),
        (
            {"maintenance": {"m": {"duration": "PT1H", "restores": ["wear"]}}},
            "type.unknown_reference",
            "maintenance/m/restores",
            "There is no failure mode 'wear' in this type or its parents.",
        ),
        (
            {"indicators": {"i": "increase of volume"}},
            "type.unknown_reference",
            "indicators/i",
            "There is no signal 'volume' in this type or its parents.",
        ),
        (
            {"indicators": {"i": "share of time not broken"}},
            "formula.unknown_name",
            "indicators/i:18-24",
            "There is no signal, property or state 'broken' here.",
        ),
        (
            {"signals": COLD, "indicators": {"i": "time temperature"}},
            "formula.type",
            "indicators/i:5-16",
            "This gives a number; a truth is wanted.",
        ),
        (
            {"signals": COLD, "indicators": {"i": "share of time temperature >= 2 Cel and temperature <= 8 bar"}},
            "formula.units",
            "indicators/i:54-59",
            "This is in 'bar', beside a value in 'Cel'.",
        ),
        (
            {"signals": COLD, "indicators": {"i": "time temperature > 2 Cel and down"}},
            "formula.unknown_name",
            "indicators/i:29-33",
            "There is no signal, property or state 'down' here.",
        ),
        (
            {"extends": ["fan@1"]},
            "type.unknown_parent",
            "extends/0",
            "part@1 extends fan@1, which is not in the catalogue.",
        ),
        (
            {"extends": ["rotating-machine@2"], "signals": {"speed": {"unit": "{rpm}", "range": ["0", "9000"]}}},
            "type.wider_than_parent",
            "signals/speed/range",
            "signals/speed has a wider range than that of rotating-machine@2.",
        ),
    ],
)
def test_every_fault_is_found_with_its_place(sections: dict[str, Any], code: str, place: str, message: str) -> None:
    assert found(asset_type(**sections)) == [(code, place, message)]
    assert all(finding.fix.endswith(".") for finding in validate(asset_type(**sections), catalogue()))


@pytest.mark.parametrize("state", ["running", "idle", "down", "unknown", "planned"])
def test_a_state_that_people_tell_needs_no_formula(state: str) -> None:
    for text in (f"share of time {state}", f"time not {state}"):
        assert found(asset_type(signals=COLD, indicators={"i": text})) == []


def test_references_reach_what_is_inherited() -> None:
    child = asset_type(
        extends=["rotating-machine@2"],
        failure_modes={"overspeed": {"signals": ["speed"], "effects": ["down"]}},
        indicators={"turns": "increase of speed"},
    )
    assert found(child) == []


def test_an_own_key_clashes_with_an_inherited_one() -> None:
    child = asset_type(extends=["rotating-machine@2"], properties={"speed": {"type": "number"}})
    assert [finding[:2] for finding in found(child)] == [("type.duplicate_key", "signals/speed")]


def test_an_own_bound_is_held_against_an_inherited_one() -> None:
    parent = asset_type(key="parent", properties={"p": {"type": "number", "maximum": "5"}})
    child = asset_type(extends=["parent@1"], properties={"p": {"type": "number", "minimum": "10"}})
    assert found(child, parent) == [("type.reversed", "properties/p/minimum", "From 10 to 5 there is nothing.")]


def test_all_faults_are_found_at_once() -> None:
    broken = asset_type(
        extends=["fan@1"],
        properties={"p": {"type": "text", "unit": "psi"}},
        signals={"t": {"unit": "°C", "range": ["1", "0"]}},
    )
    assert [finding[0] for finding in found(broken)] == [
        "type.unknown_parent",
        "type.misplaced",
        "type.unknown_unit",
        "type.unknown_unit",
        "type.reversed",
    ]
