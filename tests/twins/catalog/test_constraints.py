from __future__ import annotations

from typing import Any

import pytest

from tests.twins.catalog.documents import asset_type
from twins.catalog.domain.constraints import violations

PUMP = asset_type(
    properties={
        "head": {"type": "number", "unit": "m"},
        "depth": {"type": "number", "unit": "cm", "default": "500"},
        "stages": {"type": "integer"},
        "duty": {"type": "text"},
        "sealed": {"type": "boolean"},
    },
    constraints={
        "deep": {"holds": "head > depth", "message": "The head does not reach the surface."},
        "staged": {"holds": 'stages >= 2 or duty != "boiler feed"', "severity": "hint"},
        "closed": {"holds": "not sealed or stages = 1"},
        "wrong": {"holds": "head > power"},
    },
)


def broken(*assets: dict[str, Any]) -> list[tuple[int, str, str | None, str]]:
    return [(each.index, each.key, each.property, each.severity) for each in violations(PUMP, assets)]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"head": "6"}, []),
        ({"head": "4.9"}, [(0, "deep", "head", "error")]),
        ({"head": "5"}, [(0, "deep", "head", "error")]),
        ({"head": "4.9", "depth": "100"}, []),
        ({}, []),  # what is not said is not known
        ({"head": "tall"}, []),
        ({"head": 3}, []),
        ({"duty": "boiler feed", "stages": 1}, [(0, "staged", "stages", "hint")]),
        ({"duty": "boiler feed", "stages": 2}, []),
        ({"duty": "drain", "stages": 1}, []),
        ({"duty": "boiler feed"}, []),
        ({"sealed": True, "stages": 3}, [(0, "closed", "sealed", "error")]),
        ({"sealed": False, "stages": 3}, []),
    ],
)
def test_what_does_not_hold_is_told(properties: dict[str, Any], expected: list[Any]) -> None:
    assert broken(properties) == expected


def test_many_assets_are_looked_at_at_once() -> None:
    assets = [{"head": str(number)} for number in range(10)]
    assert broken(*assets) == [(index, "deep", "head", "error") for index in range(6)]


def test_the_message_is_the_types_own_or_the_constraint_itself() -> None:
    told = [(each.message, each.fix) for each in violations(PUMP, [{"head": "1", "sealed": True, "stages": 3}])]
    assert told == [
        ("The head does not reach the surface.", "Change head or depth."),
        ("It must hold that not sealed or stages = 1.", "Change sealed or stages."),
    ]


def test_nothing_is_asked_of_no_assets_and_no_constraints() -> None:
    assert list(violations(PUMP, [])) == []
    assert list(violations(asset_type(), [{}])) == []
