"""The formulas of a type: checked when it is published, handed down to those that extend it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twins.catalog.documents import asset_type, catalogue
from twins.catalog.domain.formulas import MOST_BEHIND, formulas_of, patience_us
from twins.catalog.domain.inheritance import resolve, resolve_all
from twins.catalog.domain.validation import validate
from twins.catalog.library import built_in_types
from twins.catalog.schemas import AssetType

SIGNALS = {
    "flow": {"unit": "m3/h", "rate": "PT5S"},
    "inlet": {"unit": "bar"},
    "outlet": {"unit": "bar", "rate": "PT1S"},
    "speed": {"unit": "{rpm}"},
    "demand": {"unit": "1"},
}
PROPERTIES = {
    "rated_flow": {"type": "number", "unit": "m3/h"},
    "mode": {"type": "text"},
    "is_spare": {"type": "boolean"},
    "stages": {"type": "integer"},
}


def pump(**sections: Any) -> AssetType:
    return asset_type(signals=SIGNALS, properties=PROPERTIES, **sections)


def derived(**formulas: str) -> dict[str, dict[str, str]]:
    """Derived signals by key, as ``UNIT: FORMULA``."""
    return {key: dict(zip(("unit", "formula"), text.split(": ", 1), strict=True)) for key, text in formulas.items()}


def told(of: AssetType) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in validate(of, catalogue())]


def test_the_pump_of_the_design_is_sound() -> None:
    of = pump(
        derived=derived(hydraulic_power="kW: flow * (outlet - inlet)", load="%: hydraulic_power / 10 kW"),
        states={"running": "speed > 50 {rpm}", "down": "not running and demand > 0"},
        alarms={"dry_run": {"when": "running and flow < 0.1 * rated_flow", "for": "PT30S", "priority": "high"}},
    )
    assert told(of) == []
    found = formulas_of(of)
    assert list(found.derived) == ["hydraulic_power", "load"]
    assert found.derived["load"].signals == {"hydraulic_power"}
    assert found.states["down"].signals == {"speed", "demand"}


@pytest.mark.parametrize(
    ("sections", "code", "place"),
    [
        ({"derived": derived(x="kW: flow * presure")}, "formula.unknown_name", "derived/x/formula:7-14"),
        ({"derived": derived(x="kW: flow +")}, "formula.not_read", "derived/x/formula:6-6"),
        ({"derived": derived(x="kW: flow")}, "formula.units", "derived/x/formula:0-4"),
        ({"derived": derived(x="1: flow > 3 m3/h")}, "formula.type", "derived/x/formula:0-13"),
        ({"derived": derived(x="bananas: flow")}, "type.unknown_unit", "derived/x/unit"),
        ({"states": {"running": "speed"}}, "formula.type", "states/running:0-5"),
        ({"states": {"running": "runing"}}, "formula.unknown_name", "states/running:0-6"),
        ({"alarms": {"a": {"when": "flow < 3"}}}, "formula.units", "alarms/a/when:7-8"),
        ({"alarms": {"a": {"when": "flow"}}}, "formula.type", "alarms/a/when:0-4"),
        ({"derived": derived(flow="m3/h: inlet / inlet * 1 m3/h")}, "type.duplicate_key", "derived/flow"),
        (
            {"derived": derived(running="1: stages"), "states": {"running": "is_spare"}},
            "type.duplicate_key", "states/running",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_at_its_place(sections: dict[str, Any], code: str, place: str) -> None:
    assert (code, place) in told(pump(**sections))


def test_formulas_that_go_in_circles_are_found() -> None:
    of = pump(
        derived=derived(a="1: if running then b else 0", b="1: c", c="1: a + 1", d="1: c", e="1: demand", f="1: f"),
        states={"running": "e > 0"},
    )
    found = formulas_of(of)
    assert [(one.place, one.message) for one in found.findings if one.code == "formula.loop"] == [
        (f"derived/{key}/formula", f"{circle}: none of them can be worked out first.")
        for circle, keys in (("a needs b needs c needs a", "abc"), ("f needs f", "f"))
        for key in keys
    ]
    assert list(found.derived) == ["e"]


def test_only_so_many_stand_behind_one_another() -> None:
    chain = {"x0": "1: demand"} | {f"x{number}": f"1: x{number - 1}" for number in range(1, MOST_BEHIND + 1)}
    findings = formulas_of(pump(derived=derived(**chain))).findings
    assert [(one.code, one.place) for one in findings] == [("formula.too_deep", f"derived/x{MOST_BEHIND}/formula")]


def test_what_is_wrong_with_one_is_not_said_of_those_that_need_it() -> None:
    of = pump(derived=derived(a="1: nothing", b="1: a + 1"), states={"running": "b > nowhere", "idle": "not running"})
    assert [finding.place for finding in formulas_of(of).findings] == ["derived/a/formula:0-7", "states/running:4-11"]


def test_a_type_may_know_better_than_its_parents_but_in_the_same_unit() -> None:
    parent = pump(derived=derived(power="kW: flow * outlet"), states={"running": "speed > 50 {rpm}"})
    child = asset_type(
        {"key": "child", "version": 1, "name": {"en": "Child"}, "extends": ["part@1"]},
        derived=derived(power="kW: flow * (outlet - inlet)"), states={"running": "speed > 300 {rpm}"},
    )  # fmt: skip
    types = catalogue(parent)
    assert validate(child, types) == ()
    resolved, _ = resolve(child, types)
    assert formulas_of(resolved.document).derived["power"].names == {"flow", "outlet", "inlet"}
    wider = asset_type(
        {"key": "child", "version": 1, "name": {"en": "Child"}, "extends": ["part@1"]},
        derived=derived(power="W: flow * outlet"),
    )
    assert [finding.code for finding in validate(wider, types)] == ["type.wider_than_parent"]


def test_how_long_a_reading_holds() -> None:
    own = {"unit": "1", "formula": "demand", "patience": "PT2H"}
    of = pump(derived=derived(power="kW: flow * outlet", twice="kW: 2 * power") | {"patient": own})
    seconds = {key: us / 1e6 for key, us in patience_us(of).items()}
    assert seconds == {
        "flow": 25.0, "inlet": 600.0, "outlet": 10.0, "speed": 600.0, "demand": 600.0, "power": 25.0, "twice": 25.0,
        "patient": 7200.0,
    }  # fmt: skip


def test_the_formulas_of_the_library_are_sound() -> None:
    for found in resolve_all(built_in_types()).values():
        assert formulas_of(found.document).findings == (), found.ref
