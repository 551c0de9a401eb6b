"""Nested properties, relationships, commands and constraints: what is wrong with them, and how they narrow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.twins.catalog.documents import asset_type, catalogue
from twins.catalog.domain.inheritance import resolve
from twins.catalog.domain.validation import validate
from twins.catalog.library import built_in_types
from twins.catalog.schemas import AssetType

NUMBER: dict[str, Any] = {"type": "number"}


def found(document: AssetType, *types: AssetType) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in validate(document, catalogue(*types))]


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "number"}
    for _ in range(levels - 1):
        inner = {"type": "array", "of": inner}
    return inner


@pytest.mark.parametrize(
    ("sections", "code", "place"),
    [
        ({"properties": {"p": {"type": "object"}}}, "type.missing", "properties/p/fields"),
        ({"properties": {"p": {"type": "array"}}}, "type.missing", "properties/p/of"),
        ({"properties": {"p": {"type": "map"}}}, "type.missing", "properties/p/of"),
        ({"properties": {"p": {"type": "text", "of": NUMBER}}}, "type.misplaced", "properties/p/of"),
        ({"properties": {"p": {"type": "number", "fields": {"a": NUMBER}}}}, "type.misplaced", "properties/p/fields"),
        ({"properties": {"p": {"type": "number", "format": "date"}}}, "type.misplaced", "properties/p/format"),
        (
            {"properties": {"p": {"type": "text", "format": "date", "choices": ["a"]}}},
            "type.misplaced",
            "properties/p/format",
        ),
        (
            {"properties": {"p": {"type": "text", "choices": ["a"], "choice_names": {"b": {"en": "B"}}}}},
            "type.unknown_reference",
            "properties/p/choice_names",
        ),
        (
            {"properties": {"p": {"type": "object", "fields": {"a": {"type": "number", "unit": "rpm"}}}}},
            "type.unknown_unit",
            "properties/p/fields/a/unit",
        ),
        (
            {"properties": {"p": {"type": "array", "of": {"type": "number", "minimum": "2", "maximum": "1"}}}},
            "type.reversed",
            "properties/p/of/minimum",
        ),
        (
            {"properties": {"p": {"type": "number", "maximum": "3", "default": "4"}}},
            "type.default_misfit",
            "properties/p/default",
        ),
        ({"properties": {"p": {"type": "number", "default": 4}}}, "type.default_misfit", "properties/p/default"),
        ({"properties": {"p": nested(6)}}, "type.too_deep", "properties/p/of/of/of/of/of"),
        ({"relationships": {"feeds": {"min": 3, "max": 2}}}, "type.reversed", "relationships/feeds/min"),
        ({"relationships": {"feeds": {"targets": ["tank"]}}}, "type.unknown_target", "relationships/feeds/targets"),
        (
            {"relationships": {"feeds": {"targets": ["part", "part"]}}},
            "type.duplicate_key",
            "relationships/feeds/targets",
        ),
        (
            {"relationships": {"feeds": {"properties": {"length": {"type": "number", "unit": "metres"}}}}},
            "type.unknown_unit",
            "relationships/feeds/properties/length/unit",
        ),
        (
            {"commands": {"go": {"parameters": {"speed": {"unit": "rpm"}}}}},
            "type.unknown_unit",
            "commands/go/parameters/speed/unit",
        ),
        (
            {"commands": {"go": {"parameters": {"speed": {"range": ["3", "0"]}}}}},
            "type.reversed",
            "commands/go/parameters/speed/range",
        ),
        (
            {"commands": {"go": {"parameters": {"mode": {"type": "text", "unit": "m"}}}}},
            "type.misplaced",
            "commands/go/parameters/mode/unit",
        ),
        (
            {"commands": {"go": {"parameters": {"speed": {"choices": ["a"]}}}}},
            "type.misplaced",
            "commands/go/parameters/speed/choices",
        ),
        ({"commands": {"go": {"when": "runing"}}}, "formula.unknown_name", "commands/go/when:0-6"),
        ({"commands": {"go": {"roles": ["planner", "planner"]}}}, "type.duplicate_key", "commands/go/roles"),
        ({"constraints": {"c": {"holds": "head <"}}}, "formula.not_read", "constraints/c/holds:6-6"),
        ({"constraints": {"c": {"holds": "1 + 1"}}}, "formula.type", "constraints/c/holds:0-5"),
        (
            {"signals": {"flow": {"unit": "m3/h"}}, "constraints": {"c": {"holds": "flow > 3 m3/h"}}},
            "formula.unknown_name",
            "constraints/c/holds:0-4",
        ),
        (
            {"properties": {"p": {"type": "map", "of": NUMBER}}, "constraints": {"c": {"holds": "p > 3"}}},
            "formula.unknown_name",
            "constraints/c/holds:0-1",
        ),
        (
            {
                "properties": {"head": {"type": "number", "unit": "m"}, "power": {"type": "number", "unit": "kW"}},
                "constraints": {"c": {"holds": "head < power"}},
            },
            "formula.units",
            "constraints/c/holds:7-12",
        ),
    ],
)
def test_every_fault_is_found_at_its_place(sections: dict[str, Any], code: str, place: str) -> None:
    assert found(asset_type(**sections)) == [(code, place)]


SOUND: dict[str, Any] = {
    "properties": {
        "nameplate": {
            "type": "object",
            "fields": {
                "maker": {"type": "text", "required": True},
                "built": {"type": "text", "format": "date"},
                "masses": {"type": "map", "of": {"type": "number", "unit": "kg", "minimum": "0"}},
            },
            "default": {"maker": "Acme", "built": "2026-03-01", "masses": {"rotor": "12.5"}},
        },
        "duty": {"type": "text", "choices": ["base", "peak"], "choice_names": {"base": {"en": "Base load"}}},
        "stages": {"type": "array", "of": {"type": "integer", "minimum": "1"}},
        "head": {"type": "number", "unit": "m", "semantics": {"dtdl": "dtmi:dtdl:property:Head;1"}},
        "depth": {"type": "number", "unit": "cm"},
    },
    "signals": {"speed": {"unit": "{rpm}"}},
    "states": {"running": "speed > 50 {rpm}"},
    "relationships": {"feeds": {"targets": ["electric-motor"], "min": 1, "max": 4, "properties": {"length": NUMBER}}},
    "commands": {
        "set_speed": {
            "parameters": {
                "speed": {"unit": "{rpm}", "range": ["0", "3000"]},
                "mode": {"type": "text", "choices": ["a"]},
            },
            "risk": "high",
            "roles": ["engineer"],
            "confirm": True,
            "when": "running",
        }
    },
    "constraints": {"bounds": {"holds": 'head > depth and duty != "none"', "message": "Too deep.", "severity": "hint"}},
}


def test_what_is_sound_has_no_findings() -> None:
    document = asset_type(**SOUND)
    assert validate(document, catalogue()) == ()
    assert document.as_json() == {"key": "part", "version": 1, "name": {"en": "Part"}, **SOUND}


def overriding(own: dict[str, Any]) -> tuple[list[tuple[str, str]], AssetType]:
    parent = asset_type(**SOUND)
    child = asset_type({"key": "child", "version": 1, "name": {"en": "C"}, "extends": ["part@1"]}, **own)
    types = catalogue(parent)
    return [(each.code, each.place) for each in validate(child, types)], resolve(child, types)[0].document


@pytest.mark.parametrize(
    ("own", "place"),
    [
        ({"properties": {"nameplate": {"type": "object", "fields": {"maker": {"type": "text", "required": True}}}}},
         "properties/nameplate/fields/built"),
        ({"properties": {"stages": {"type": "array", "of": {"type": "integer"}}}}, "properties/stages/of/minimum"),
        ({"properties": {"stages": {"type": "array", "of": {"type": "text"}}}}, "properties/stages/of/type"),
        ({"properties": {"duty": {"type": "text", "choices": ["base", "idle"]}}}, "properties/duty/choices"),
        ({"relationships": {"feeds": {"targets": []}}}, "relationships/feeds/targets"),
        ({"relationships": {"feeds": {"min": 0}}}, "relationships/feeds/min"),
        ({"relationships": {"feeds": {"max": None}}}, "relationships/feeds/max"),
        ({"relationships": {"feeds": {"properties": {}}}}, "relationships/feeds/properties/length"),
        ({"relationships": {"feeds": {"targets": ["rotating-machine"]}}}, "relationships/feeds/targets"),
        ({"commands": {"set_speed": {"risk": "low"}}}, "commands/set_speed/risk"),
        ({"commands": {"set_speed": {"roles": []}}}, "commands/set_speed/roles"),
        ({"commands": {"set_speed": {"roles": ["planner"]}}}, "commands/set_speed/roles"),
        ({"commands": {"set_speed": {"confirm": False}}}, "commands/set_speed/confirm"),
        ({"commands": {"set_speed": {"parameters": {"speed": {"unit": "{rpm}", "range": ["0", "4000"]},
                                                    "mode": {"type": "text", "choices": ["a"]}}}}},
         "commands/set_speed/parameters/speed/range"),
        ({"commands": {"set_speed": {"parameters": {"speed": {"unit": "{rpm}", "range": ["0", "3000"]}}}}},
         "commands/set_speed/parameters/mode"),
        ({"constraints": {"bounds": {"holds": "head > 2 m"}}}, "constraints/bounds/holds"),
    ],
)  # fmt: skip
def test_overriding_never_widens(own: dict[str, Any], place: str) -> None:
    findings, _ = overriding(own)
    assert ("type.wider_than_parent", place) in findings


@pytest.mark.parametrize(
    "own",
    [
        {"relationships": {"feeds": {"max": 2}}},
        {"commands": {"set_speed": {"roles": ["engineer"], "risk": "high"}}},
        {"constraints": {"bounds": {"holds": SOUND["constraints"]["bounds"]["holds"], "severity": "error"}}},
        {"properties": {"duty": {"type": "text", "choices": ["base"], "choice_names": {}}}},
        {"properties": {"stages": {"type": "array", "of": {"type": "integer", "minimum": "2"}}}},
    ],
)
def test_narrowing_is_allowed_and_keeps_the_rest(own: dict[str, Any]) -> None:
    findings, resolved = overriding(own)
    assert findings == []
    assert set(resolved.commands) == {"set_speed"}
    assert resolved.constraints["bounds"].holds == SOUND["constraints"]["bounds"]["holds"]


def test_several_levels_hand_down_and_narrow_step_by_step() -> None:
    root = asset_type({"key": "root", "version": 1, "name": {"en": "R"}},
                      signals={"t": {"unit": "K", "range": ["0", "900"]}})  # fmt: skip
    middle = asset_type({"key": "middle", "version": 1, "name": {"en": "M"}, "extends": ["root@1"]},
                        signals={"t": {"unit": "K", "range": ["100", "800"]}})  # fmt: skip
    leaf = asset_type({"key": "leaf", "version": 1, "name": {"en": "L"}, "extends": ["middle@1"]},
                      signals={"t": {"unit": "K", "range": ["50", "700"]}})  # fmt: skip
    types = catalogue(root, middle)
    assert validate(middle, types) == ()
    assert found(leaf, root, middle) == [("type.wider_than_parent", "signals/t/range")]


@pytest.mark.parametrize(
    ("formula", "place"),
    [
        ("flow / 0", "derived/x/formula:7-8"),
        ("flow / (2 - 2)", "derived/x/formula:8-13"),
        ("flow / (3 m3/h - 3 m3/h) * 1 m3/h", "derived/x/formula:8-23"),
        ("flow / (flow - flow) * 1 m3/h", "derived/x/formula:8-19"),
    ],
)
def test_a_certain_division_by_zero_is_refused(formula: str, place: str) -> None:
    document = asset_type(
        signals={"flow": {"unit": "m3/h"}}, derived={"x": {"unit": "m3/h", "formula": formula}}
    )  # fmt: skip
    assert found(document) == [("formula.division_by_zero", place)]


def test_a_name_with_script_tags_is_a_text_like_any_other() -> None:
    name = "<script>alert(1)</script>"
    document = asset_type(name={"en": name})
    assert validate(document, catalogue()) == ()
    assert document.name == {"en": name}


def test_the_example_of_the_guide_is_sound() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "catalogue.md").read_text(encoding="utf-8")
    example = json.loads(guide.split("```json\n")[1].split("```")[0])
    assert validate(AssetType.model_validate(example), built_in_types()) == ()
