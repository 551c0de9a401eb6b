from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twins.catalog.documents import PUMP, asset_type, catalogue
from twins.catalog.domain.inheritance import resolve
from twins.catalog.domain.lenient import read_leniently
from twins.catalog.domain.origins import Override, origins

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def read(raw: Any) -> tuple[list[str], list[str]]:
    reading = read_leniently(raw, key="part", version=1, types=catalogue())
    parts = sorted(reading.origins.parts)
    return parts, [finding.place for finding in reading.findings]


@pytest.mark.parametrize(
    ("raw", "parts", "places"),
    [
        ([], [], [""]),
        ("text", [], [""]),
        ({}, [], ["key", "name"]),
        ({"key": "part", "name": {"en": "P"}}, [], []),
        ({"key": "part", "name": 3, "signals": {"t": {"unit": "K"}}}, ["signals/t"], ["name"]),
        (
            {"key": "part", "name": {"en": "P"}, "signals": {"t": {"unit": "K"}, "u": {}, "v": 3}},
            ["signals/t"],
            ["signals/u/unit", "signals/v"],
        ),
        ({"key": "part", "name": {"en": "P"}, "signals": [], "appearance": {}}, [], ["signals", "appearance/icon"]),
        ({"key": "part", "name": {"en": "P"}, "extends": ["nowhere"]}, [], ["extends/0"]),
        ({"key": "part", "name": {"en": "P"}, "extends": ["rotating-machine@2"], "odd": 1}, ["signals/speed"], ["odd"]),
    ],
)
def test_what_can_be_read_is_read(raw: Any, parts: list[str], places: list[str]) -> None:
    assert read(raw) == (parts, places)


def test_what_is_left_out_is_not_told_twice() -> None:
    raw = {"key": "part", "name": {"en": "P"}, "signals": {"t": {}},
           "failure_modes": {"f": {"signals": ["t"]}}, "states": {"running": "t > 3 K"}}  # fmt: skip
    assert read(raw)[1] == ["signals/t/unit"]


@given(st.dictionaries(st.sampled_from(["key", "name", *asset_type().model_dump()]), JSON, max_size=6))
@settings(max_examples=150, deadline=None)
def test_nothing_that_is_json_breaks_it(raw: dict[str, Any]) -> None:
    reading = read_leniently(raw, key="part", version=1, types={})
    assert reading.own is None or reading.own.key == "part"
    assert reading.findings or reading.own is not None


def test_where_parts_come_from_over_several_levels() -> None:
    root = asset_type({"key": "root", "version": 1, "name": {"en": "R"}},
                      signals={"t": {"unit": "K", "range": ["0", "900"]}, "u": {"unit": "K"}},
                      appearance={"icon": "pump"})  # fmt: skip
    middle = asset_type({"key": "middle", "version": 1, "name": {"en": "M"}, "extends": ["root@1"]},
                        signals={"t": {"unit": "K", "range": ["100", "800"]}})  # fmt: skip
    other = asset_type({"key": "other", "version": 1, "name": {"en": "O"}}, ports={"inlet": {"accepts": ["fluid"]}})
    leaf = asset_type({"key": "leaf", "version": 1, "name": {"en": "L"}, "extends": ["middle@1", "other@1"]},
                      signals={"t": {"unit": "K", "range": ["200", "700"]}, "v": {"unit": "K"}},
                      states={"running": "t > 300 K"})  # fmt: skip
    types = catalogue(root, middle, other)
    found = origins(leaf, resolve(leaf, types)[0].document, types)
    assert found.parts == {
        "signals/t": "leaf@1", "signals/u": "root@1", "signals/v": "leaf@1", "states/running": "leaf@1",
        "ports/inlet": "other@1", "appearance": "root@1",
    }  # fmt: skip
    assert found.overrides == {"signals/t": Override("middle@1", ("range", "unit"))}


def test_a_sound_document_is_read_whole() -> None:
    reading = read_leniently(PUMP, key="centrifugal-pump", version=3, types=catalogue())
    assert (reading.findings, reading.own) == ((), asset_type(PUMP))
