from __future__ import annotations

from typing import Any

import pytest

from tests.twins.catalog.documents import asset_type
from twins.catalog.domain.upgrade import upgrade
from twins.catalog.use import Instance

OLD: dict[str, Any] = {
    "properties": {"flow": {"type": "number", "unit": "m3/h"}, "tag": {"type": "text"}},
    "signals": {"t": {"unit": "K", "range": ["0", "900"]}},
    "derived": {"d": {"unit": "K", "formula": "t"}},
    "states": {"running": "t > 300 K"},
    "ports": {"out": {"accepts": ["fluid", "gas"]}},
    "relationships": {"feeds": {}},
    "components": {"motor": {"type": "electric-motor@1", "count": [0, 3]}},
    "indicators": {"availability": "share of time not down"},
    "alarms": {"hot": {"signal": "t", "above": "800"}},
    "constraints": {"small": {"holds": "flow < 500 m3/h"}},
}  # fmt: skip
BUSY = Instance(
    "station",
    "Station",
    "a",
    "P-101",
    {"flow": "120", "tag": "x"},
    frozenset({"t"}),
    {"out": 2},
    {"feeds": 2},
    {"motor": 2},
)
IDLE = Instance("station", "Station", "b", "P-102")


def steps(**sections: Any) -> list[tuple[str, str, str, tuple[int, ...]]]:
    document = {section: {**OLD.get(section, {}), **parts} for section, parts in sections.items()}
    for section, parts in document.items():
        document[section] = {key: part for key, part in parts.items() if part is not None}
    new = asset_type({"key": "part", "version": 2, "name": {"en": "P"}}, **{**OLD, **document})
    return [
        (each.place, each.change, each.effect, each.assets) for each in upgrade(asset_type(**OLD), new, [BUSY, IDLE])
    ]


@pytest.mark.parametrize(
    ("section", "parts", "expected"),
    [
        ("properties", {"flow": None}, ("properties/flow", "removed", "breaks", (0,))),
        ("properties", {"new": {"type": "text"}}, ("properties/new", "added", "safe", ())),
        ("properties", {"new": {"type": "text", "required": True}},
         ("properties/new", "added", "needs a value", (0, 1))),
        ("properties", {"new": {"type": "text", "required": True, "default": "x"}},
         ("properties/new", "added", "safe", ())),
        ("properties", {"tag": {"type": "text", "required": True}},
         ("properties/tag", "changed", "needs a value", (1,))),
        ("properties", {"flow": {"type": "number", "unit": "m3/h", "maximum": "100"}},
         ("properties/flow", "changed", "needs a value", (0,))),
        ("properties", {"flow": {"type": "number", "unit": "m3/h", "maximum": "200"}},
         ("properties/flow", "changed", "safe", ())),
        ("properties", {"flow": {"type": "text"}}, ("properties/flow", "changed", "needs a value", (0,))),
        ("signals", {"t": None}, ("signals/t", "removed", "breaks", (0,))),
        ("signals", {"t": {"unit": "Cel", "range": ["0", "900"]}}, ("signals/t", "changed", "breaks", (0,))),
        ("signals", {"t": {"unit": "K", "range": ["0", "800"]}}, ("signals/t", "changed", "safe", ())),
        ("signals", {"u": {"unit": "K"}}, ("signals/u", "added", "safe", ())),
        ("derived", {"d": None}, ("derived/d", "removed", "breaks", (0, 1))),
        ("derived", {"d": {"unit": "K", "formula": "t + 1 K"}}, ("derived/d", "changed", "safe", ())),
        ("derived", {"d": {"unit": "[degR]", "formula": "t"}}, ("derived/d", "changed", "breaks", (0, 1))),
        ("states", {"running": None}, ("states/running", "removed", "breaks", (0, 1))),
        ("states", {"running": "t > 400 K"}, ("states/running", "changed", "safe", ())),
        ("ports", {"out": None}, ("ports/out", "removed", "breaks", (0,))),
        ("ports", {"out": {"accepts": ["fluid", "gas"], "max": 1}}, ("ports/out", "changed", "breaks", (0,))),
        ("ports", {"out": {"accepts": ["fluid"]}}, ("ports/out", "changed", "breaks", (0,))),
        ("ports", {"out": {"accepts": ["fluid", "gas", "oil"]}}, ("ports/out", "changed", "safe", ())),
        ("relationships", {"feeds": {"max": 1}}, ("relationships/feeds", "changed", "breaks", (0,))),
        ("relationships", {"feeds": {"min": 1}}, ("relationships/feeds", "changed", "needs a value", (1,))),
        ("relationships", {"feeds": {"targets": ["tank"]}}, ("relationships/feeds", "changed", "breaks", (0,))),
        ("relationships", {"feeds": None}, ("relationships/feeds", "removed", "safe", ())),
        ("components", {"motor": None}, ("components/motor", "removed", "breaks", (0,))),
        ("components", {"motor": {"type": "electric-motor@1", "count": [0, 1]}},
         ("components/motor", "changed", "breaks", (0,))),
        ("components", {"motor": {"type": "electric-motor@2", "count": [0, 3]}},
         ("components/motor", "changed", "safe", ())),
        ("components", {"motor": {"type": "gearbox@1", "count": [0, 3]}},
         ("components/motor", "changed", "breaks", (0,))),
        ("components", {"motor": {"type": "electric-motor@1", "count": [1, 3]}},
         ("components/motor", "changed", "needs a value", (1,))),
        ("indicators", {"availability": None}, ("indicators/availability", "removed", "breaks", (0, 1))),
        ("alarms", {"hot": None}, ("alarms/hot", "removed", "safe", ())),
        ("constraints", {"small": {"holds": "flow < 100 m3/h"}},
         ("constraints/small", "changed", "needs a value", (0,))),
        ("constraints", {"small": {"holds": "flow < 100 m3/h", "severity": "hint"}},
         ("constraints/small", "changed", "safe", (0,))),
        ("constraints", {"small": {"holds": "flow < 200 m3/h"}}, ("constraints/small", "changed", "safe", ())),
        ("constraints", {"small": None}, ("constraints/small", "removed", "safe", ())),
    ],
)  # fmt: skip
def test_each_difference_says_what_it_does_to_whom(section: str, parts: dict[str, Any], expected: Any) -> None:
    assert steps(**{section: parts}) == [expected]


def test_the_same_type_changes_nothing() -> None:
    assert upgrade(asset_type(**OLD), asset_type(**OLD), [BUSY, IDLE]) == ()


def test_an_abstract_type_can_have_no_assets() -> None:
    found = upgrade(asset_type(), asset_type(abstract=True), [IDLE])
    assert [(each.place, each.effect, each.assets) for each in found] == [("abstract", "breaks", (0,))]
