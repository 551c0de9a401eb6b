"""Links of a kind, components, constraints and deprecated types, in a twin."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.twins.catalog.documents import asset_type
from tests.twins.composer.drafts import twin, uuid
from twins.catalog.domain.inheritance import Deprecation, ResolvedType, resolve_all
from twins.composer.domain.relations import relation_findings
from twins.composer.domain.validation import is_publishable, validate

PUMP_A, PUMP_B, MOTOR, TANK, LINK, OTHER = (uuid(number) for number in range(0xA0, 0xA6))
_TYPES = [
    asset_type({"key": "machine", "version": 1, "name": {"en": "M"}}),
    asset_type({"key": "motor", "version": 1, "name": {"en": "M"}}),
    asset_type({"key": "servo", "version": 3, "name": {"en": "S"}, "extends": ["motor@1"]}),
    asset_type({"key": "tank", "version": 1, "name": {"en": "T"}}, ports={"in": {"accepts": ["fluid"]}}),
    asset_type(
        {"key": "pump", "version": 1, "name": {"en": "P"}, "extends": ["machine@1"]},
        properties={"head": {"type": "number"}, "depth": {"type": "number", "required": True, "default": "5"}},
        ports={"out": {"accepts": ["fluid"]}},
        components={"motor": {"type": "motor@1", "count": [2, 2]}},
        relationships={"fills": {"targets": ["tank"], "max": 1}},
        constraints={"deep": {"holds": "head > depth"}, "odd": {"holds": "head != 7", "severity": "hint"}},
    ),
    asset_type(
        {"key": "drain", "version": 1, "name": {"en": "D"}, "extends": ["pump@1"]},
        relationships={"fills": {"targets": ["tank"], "min": 1, "max": 1}},
    ),
]
TYPES = resolve_all({each.ref: each for each in _TYPES})


def found(
    assets: dict[str, Any], links: dict[str, Any] | None = None, types: dict[str, ResolvedType] = TYPES
) -> list[tuple[str, str, str]]:
    document = twin(
        assets={key: {"name": key[-2:], "at": [0, 0]} | asset for key, asset in assets.items()}, links=links or {}
    )
    return [(each.code, each.place, each.severity) for each in relation_findings(document, types)]


def fills(begin: str, end: str) -> dict[str, Any]:
    return {"from": [begin, "out"], "to": [end, "in"], "kind": "fills"}


PUMP: dict[str, Any] = {"type": "pump@1"}


@pytest.mark.parametrize(
    ("assets", "links", "expected"),
    [
        ({PUMP_A: PUMP, TANK: {"type": "tank@1"}}, {LINK: fills(PUMP_A, TANK)}, []),
        ({PUMP_A: PUMP, PUMP_B: PUMP}, {LINK: fills(PUMP_A, PUMP_B)},
         [("twin.unfit_target", f"links/{LINK}/to", "error")]),
        ({PUMP_A: PUMP, TANK: {"type": "tank@1"}}, {LINK: fills(PUMP_A, TANK), OTHER: fills(PUMP_A, TANK)},
         [("twin.too_many_links", f"assets/{PUMP_A}", "error")]),
        ({PUMP_A: {"type": "drain@1"}}, {}, [("twin.too_few_links", f"assets/{PUMP_A}", "error")]),
        ({PUMP_A: PUMP}, {}, []),
        ({PUMP_A: PUMP, PUMP_B: PUMP}, {LINK: fills(PUMP_A, PUMP_B) | {"kind": "cools"}}, []),
        ({PUMP_A: PUMP}, {LINK: fills(PUMP_A, TANK)}, []),  # that there is no such asset is said elsewhere
        ({PUMP_A: {"type": "unknown@1"}}, {LINK: fills(PUMP_A, TANK)}, []),
    ],
)  # fmt: skip
def test_links_of_a_kind(assets: dict[str, Any], links: dict[str, Any], expected: list[Any]) -> None:
    assert found(assets, links) == expected


def part(of: str, component: str = "motor", kind: str = "motor@1") -> dict[str, Any]:
    return {"type": kind, "part_of": [of, component]}


@pytest.mark.parametrize(
    ("assets", "expected"),
    [
        ({PUMP_A: PUMP, MOTOR: part(PUMP_A), TANK: part(PUMP_A, kind="servo@3")}, []),
        ({PUMP_A: PUMP, MOTOR: part(PUMP_A)}, [("twin.too_few_components", f"assets/{PUMP_A}", "hint")]),
        ({PUMP_A: PUMP, MOTOR: part(PUMP_A), TANK: part(PUMP_A), LINK: part(PUMP_A)},
         [("twin.too_many_components", f"assets/{PUMP_A}", "error")]),
        ({MOTOR: part(PUMP_A)}, [("twin.unknown_asset", f"assets/{MOTOR}/part_of", "error")]),
        ({PUMP_A: PUMP, MOTOR: part(PUMP_A, "gearbox")},
         [("twin.unknown_component", f"assets/{MOTOR}/part_of", "error")]),
        ({PUMP_A: PUMP, MOTOR: part(PUMP_A), TANK: part(PUMP_A, kind="tank@1")},
         [("twin.unfit_component", f"assets/{TANK}/part_of", "error")]),
        ({PUMP_A: {"type": "x@1", "part_of": [PUMP_A, "motor"]}},
         [("twin.part_of_itself", f"assets/{PUMP_A}/part_of", "error")]),
        ({PUMP_A: {"type": "x@1", "part_of": [PUMP_B, "a"]}, PUMP_B: {"type": "x@1", "part_of": [PUMP_A, "a"]},
          TANK: {"type": "x@1", "part_of": [PUMP_A, "a"]}},
         [("twin.part_of_itself", f"assets/{PUMP_A}/part_of", "error")]),
    ],
)  # fmt: skip
def test_components(assets: dict[str, Any], expected: list[Any]) -> None:
    assert found(assets) == expected


def test_constraints_are_told_at_a_property() -> None:
    assets = {PUMP_A: PUMP | {"properties": {"head": "4"}}, PUMP_B: PUMP | {"properties": {"head": "7"}}}
    assert found(assets) == [
        ("twin.constraint", f"assets/{PUMP_A}/properties/head", "error"),
        ("twin.constraint", f"assets/{PUMP_B}/properties/head", "hint"),
    ]


def test_a_deprecated_type_is_a_hint_that_keeps_nothing_from_being_published() -> None:
    said = Deprecation(datetime(2026, 3, 1, tzinfo=UTC), "Leaks.", "pump@2")
    types = TYPES | {"pump@1": replace(TYPES["pump@1"], deprecated=said)}
    document = twin(assets={PUMP_A: {"name": "P-101", "at": [0, 0], "type": "pump@1"}})
    findings = validate(document, types)
    assert [(each.code, each.message, each.fix) for each in findings] == [
        ("twin.deprecated_type", "P-101 is of the type pump@1, which is deprecated: Leaks.", "Upgrade it to pump@2.")
    ]
    assert is_publishable(findings)


def test_a_required_property_with_a_default_need_not_be_said() -> None:
    document = twin(assets={PUMP_A: {"name": "P-101", "at": [0, 0], "type": "pump@1"}})
    assert validate(document, TYPES) == ()
