"""The type document can hold what public libraries of DTDL say: interfaces of three of them, written in our words."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.twins.catalog.documents import asset_type
from twins.catalog.domain.inheritance import resolve
from twins.catalog.domain.validation import validate
from twins.catalog.domain.values import misfit

pytestmark = pytest.mark.data
REC, ISA, CASES = (
    "opendigitaltwins-building-rec33-dtdlv3.tgz", "manufacturing-isa95-dtdlv2.tgz", "dtdl-testcases-v2v3.tgz",
)  # fmt: skip
_ELECTRICAL = "Ontology/Asset/Equipment/ElectricalEquipment/ElectricalDistributionEquipment/"
_FIRE = "Ontology/Asset/Equipment/FireProtectionEquipment/FireDetectionEquipment/"


def interface(archive: str, member: str) -> dict[str, Any]:
    folder = Path(str(os.environ["OUTTURN_DATA"])) / "standards" / "dtdl"
    with tarfile.open(folder / archive) as packed:
        found = packed.extractfile(member)
        assert found is not None
        document = json.loads(found.read().decode("utf-8-sig"))
    made: dict[str, Any] = document["input"][0] if "input" in document else document
    return made


def contents(of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    parts = of["contents"] if isinstance(of["contents"], list) else [of["contents"]]
    return {part["name"]: part for part in parts}


def kinds(part: dict[str, Any]) -> set[str]:
    return {part["@type"]} if isinstance(part["@type"], str) else set(part["@type"])


DISTRIBUTION = asset_type({
    "key": "electrical-distribution-equipment", "version": 1, "name": {"en": "Electrical Distribution Equipment"},
    "abstract": True, "semantics": {"dtdl": "dtmi:digitaltwins:rec_3_3:asset:ElectricalDistributionEquipment;1"},
})  # fmt: skip
BUS = asset_type({"key": "electrical-bus", "version": 1, "name": {"en": "Electrical bus"}})
SWITCHGEAR = asset_type({
    "key": "switchgear", "version": 1, "name": {"en": "Switchgear"},
    "extends": ["electrical-distribution-equipment@1"],
    "semantics": {"dtdl": "dtmi:digitaltwins:rec_3_3:asset:Switchgear;1"},
    "properties": {
        "short_circuit_rating": {"type": "text", "name": {"en": "short circuit rating"}},
        "input_voltage": {
            "type": "number", "name": {"en": "input voltage"}, "unit": "V",
            "semantics": {"dtdl": "dtmi:dtdl:extension:quantitativeTypes:class:Voltage;1"},
        },
        "input_phases": {
            "type": "text", "name": {"en": "input phases"}, "choices": ["Three", "One"],
            "choice_names": {"Three": {"en": "Three"}, "One": {"en": "One"}},
        },
    },
    "components": {"main_bus": {"type": "electrical-bus@1", "name": {"en": "main bus"}}},
})  # fmt: skip


def test_semantic_types_units_enums_and_components() -> None:
    parts = contents(interface(REC, f"{_ELECTRICAL}Switchgear.json"))
    assert kinds(parts["inputVoltage"]) == {"Voltage", "Property"}
    assert (parts["inputVoltage"]["unit"], parts["inputPhases"]["schema"]["@type"]) == ("volt", "Enum")
    assert kinds(parts["mainBus"]) == {"Component"}
    assert set(parts) == {"shortCircuitRating", "inputVoltage", "inputPhases", "mainBus"}
    types = {each.ref: each for each in (DISTRIBUTION, BUS)}
    assert validate(SWITCHGEAR, types) == ()
    values = [each["enumValue"] for each in parts["inputPhases"]["schema"]["enumValues"]]
    assert list(SWITCHGEAR.properties["input_phases"].choices) == values


def test_multiple_inheritance_from_one_root() -> None:
    both = interface(REC, f"{_FIRE}CarbonMonoxideDetector/SmokeCarbonMonoxideDetector.json")
    assert len(both["extends"]) == 2
    root = asset_type({"key": "fire-detection", "version": 1, "name": {"en": "Fire detection"}, "abstract": True,
                       "properties": {"zone": {"type": "text"}}})  # fmt: skip
    smoke, monoxide = (
        asset_type({"key": key, "version": 1, "name": {"en": key}, "extends": ["fire-detection@1"]})
        for key in ("smoke-detector", "carbon-monoxide-detector")
    )
    detector = asset_type({
        "key": "smoke-carbon-monoxide-detector", "version": 1, "name": {"en": both["displayName"]["en"]},
        "extends": ["smoke-detector@1", "carbon-monoxide-detector@1"], "semantics": {"dtdl": both["@id"]},
    })  # fmt: skip
    types = {each.ref: each for each in (root, smoke, monoxide)}
    resolved, findings = resolve(detector, types)
    assert findings == validate(detector, types) == ()
    assert len(resolved.lineage) == 4
    assert set(resolved.document.properties) == {"zone"}


def test_relationships_with_their_multiplicity() -> None:
    parts = contents(interface(REC, "Ontology/Asset/ArchitecturalAsset/BarrierAsset/BarrierAsset.json"))
    told = parts["toSpace"]
    assert (told["minMultiplicity"], told["target"]) == (0, "dtmi:digitaltwins:rec_3_3:core:Space;1")
    space = asset_type({"key": "space", "version": 1, "name": {"en": "Space"}, "semantics": {"dtdl": told["target"]}})
    barrier = asset_type({
        "key": "barrier-asset", "version": 1, "name": {"en": "Barrier asset"},
        "properties": {"fire_rating": {"type": "number", "unit": "h", "name": {"en": "fire rating"}}},
        "relationships": {
            "to_space": {"targets": ["space"], "name": {"en": "to space"}},
            "from_space": {"targets": ["space"], "name": {"en": "from space"}},
        },
    })  # fmt: skip
    assert validate(barrier, {space.ref: space}) == ()
    isa = contents(interface(ISA, "Ontologies/ISA95/EquipmentHierarchy/Site.json"))
    assert any(kinds(part) == {"Relationship"} for part in isa.values())


def test_objects_maps_and_arrays() -> None:
    fields = contents(interface(CASES, "doc-examples/ObjectDocExample-en-US-1-V3.json"))["accelerometer"]["schema"]
    modules = contents(interface(CASES, "doc-examples/MapDocExample-en-US-1-V3.json"))["modules"]["schema"]
    states = contents(interface(CASES, "doc-examples/ArrayDocExample-en-US-1-V3.json"))["ledState"]["schema"]
    assert ([each["name"] for each in fields["fields"]], modules["@type"], states["elementSchema"]) == (
        ["x", "y", "z"], "Map", "boolean",
    )  # fmt: skip
    device = asset_type({
        "key": "device", "version": 1, "name": {"en": "Device"},
        "properties": {
            "accelerometer": {"type": "object", "fields": {axis: {"type": "number"} for axis in "xyz"}},
            "modules": {"type": "map", "of": {"type": "text"}},
            "led_state": {"type": "array", "of": {"type": "boolean"}},
        },
        "extra": {"dtdl": {"map-key": modules["mapKey"]}},
    })  # fmt: skip
    assert validate(device, {}) == ()
    for key, value in (
        ("accelerometer", {"x": "0.1", "y": "0", "z": "-9.81"}), ("modules", {"a": "up"}), ("led_state", [True, False]),
    ):  # fmt: skip
        assert misfit(device.properties[key], value) is None
    assert misfit(device.properties["accelerometer"], {"x": 1}) == (
        'one whose x is a decimal number written as a string, such as "12.5"'
    )
    assert asset_type(device.as_json()).as_json() == device.as_json()


def test_commands() -> None:
    command = contents(interface(CASES, "doc-examples/SpecExample-Command-V3.json"))["beta_wum"]
    device = asset_type({"key": "device", "version": 1, "name": {"en": "D"}, "commands": {command["name"]: {}}})
    assert validate(device, {}) == ()
