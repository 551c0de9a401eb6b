from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.kernel.errors import Finding
from tests.twins.catalog.documents import MACHINE, PUMP, asset_type, catalogue
from twins.catalog.domain.inheritance import MAXIMUM_DEPTH, resolve, resolve_all
from twins.catalog.schemas import AssetType


def part(key: str, *extends: str, **sections: Any) -> AssetType:
    return asset_type(key=key, extends=list(extends), **sections)


def codes(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in findings]


def test_a_type_has_what_its_parents_have() -> None:
    pump = asset_type(PUMP)
    resolved, findings = resolve(pump, catalogue())
    assert findings == ()
    assert resolved.ref == "centrifugal-pump@3"
    assert resolved.lineage == ("centrifugal-pump@3", "rotating-machine@2")
    assert resolved.document.signals == asset_type(MACHINE).signals | pump.signals
    assert not resolved.document.abstract


def test_a_type_without_parents_is_what_it_says() -> None:
    resolved, findings = resolve(part("a"), {})
    assert (resolved.lineage, resolved.document, findings) == (("a@1",), part("a"), ())


def test_what_is_not_said_again_is_inherited_field_by_field() -> None:
    parent = part("a", signals={"t": {"unit": "K", "range": ["0", "500"], "rate": "PT1M", "name": {"en": "Heat"}}})
    child = part("b", "a@1", signals={"t": {"unit": "K", "range": ["100", "400"]}})
    resolved, findings = resolve(child, catalogue(parent))
    assert findings == ()
    assert resolved.document.signals["t"].as_json() == {
        "unit": "K",
        "range": ["100", "400"],
        "rate": "PT1M",
        "name": {"en": "Heat"},
    }


def test_appearance_comes_from_the_first_parent_that_has_one_and_abstractness_from_none() -> None:
    plain = part("a", abstract=True)
    drawn = part("b", appearance={"icon": "pump"}, semantics={"brick": "Pump"}, extra={"dtdl": 1})
    resolved, _ = resolve(part("c", "a@1", "b@1"), catalogue(plain, drawn))
    appearance = resolved.document.appearance
    assert appearance is not None
    assert (appearance.icon, resolved.document.abstract) == ("pump", False)
    assert (resolved.document.semantics, resolved.document.extra) == (None, {})
    own, _ = resolve(part("c", "b@1", appearance={"icon": "fan"}), catalogue(drawn))
    assert own.document.appearance == asset_type(appearance={"icon": "fan"}).appearance


def test_one_ancestor_by_two_ways_is_no_conflict() -> None:
    top = part("top", signals={"t": {"unit": "K"}})
    left, right = part("left", "top@1"), part("right", "top@1")
    resolved, findings = resolve(part("bottom", "left@1", "right@1"), catalogue(top, left, right))
    assert findings == ()
    assert resolved.lineage == ("bottom@1", "left@1", "top@1", "right@1")


@pytest.mark.parametrize(
    ("section", "one", "other"),
    [
        ("signals", {"unit": "K"}, {"unit": "Cel"}),
        ("signals", {"unit": "K", "range": ["0", "1"]}, {"unit": "K", "range": ["0", "2"]}),
        ("properties", {"type": "text"}, {"type": "number"}),
        ("ports", {"accepts": ["fluid"]}, {"accepts": ["gas"]}),
        ("components", {"type": "a@1"}, {"type": "a@2"}),
        ("failure_modes", {"effects": ["down"]}, {"effects": ["idle"]}),
        ("maintenance", {"duration": "PT1H"}, {"duration": "PT2H"}),
        ("indicators", "time running", "time idle"),
    ],
)
def test_parents_that_disagree_are_both_named(section: str, one: object, other: object) -> None:
    types = catalogue(part("a", **{section: {"it": one}}), part("b", **{section: {"it": other}}))
    _, (finding,) = resolve(part("c", "a@1", "b@1"), types)
    assert (finding.code, finding.place) == ("type.conflict", f"{section}/it")
    assert finding.message == f"a@1 and b@1 hand down different {section}/it."


def test_a_type_settles_a_conflict_within_the_bounds_of_both() -> None:
    types = catalogue(
        part("a", signals={"t": {"unit": "K", "range": ["0", "300"]}}),
        part("b", signals={"t": {"unit": "K", "range": ["200", "500"]}}),
    )
    between = {"t": {"unit": "K", "range": ["200", "300"]}}
    assert resolve(part("c", "a@1", "b@1", signals=between), types)[1] == ()
    outside = {"t": {"unit": "K", "range": ["100", "300"]}}
    _, (finding,) = resolve(part("c", "a@1", "b@1", signals=outside), types)
    assert (finding.code, finding.place) == ("type.wider_than_parent", "signals/t/range")
    assert finding.message == "signals/t has a wider range than that of b@1."
    rest = {"t": {"unit": "K"}}
    assert codes(resolve(part("c", "a@1", "b@1", signals=rest), types)[1]) == [("type.conflict", "signals/t")]


def test_a_missing_parent_is_named() -> None:
    resolved, (finding,) = resolve(part("b", "a@1", signals={"t": {"unit": "K"}}), {})
    assert (finding.code, finding.place) == ("type.unknown_parent", "extends/0")
    assert finding.message == "b@1 extends a@1, which is not in the catalogue."
    assert list(resolved.document.signals) == ["t"]


def test_a_missing_grandparent_is_told_at_the_parent() -> None:
    _, (finding,) = resolve(part("c", "b@1"), catalogue(part("b", "a@1")))
    assert (finding.code, finding.place) == ("type.unknown_parent", "extends/0")
    assert finding.message == "b@1 extends a@1, which is not in the catalogue."


def test_a_circle_of_ancestors_is_told_as_a_whole() -> None:
    _, (finding,) = resolve(part("a", "a@1"), {})
    assert finding.message == "a@1 extends a@1: no type can be its own ancestor."
    types = catalogue(part("b", "c@1"), part("c", "a@1"))
    _, (finding,) = resolve(part("a", "b@1"), types)
    assert (finding.code, finding.place) == ("type.cycle", "extends/0")
    assert finding.message == "a@1 extends b@1 extends c@1 extends a@1: no type can be its own ancestor."


def test_a_parent_that_widens_its_own_cannot_be_extended() -> None:
    top = part("top", signals={"t": {"unit": "K", "range": ["0", "1"]}})
    wide = part("wide", "top@1", signals={"t": {"unit": "K", "range": ["0", "2"]}})
    _, (finding,) = resolve(part("bottom", "wide@1"), catalogue(top, wide))
    assert (finding.code, finding.place) == ("type.broken_parent", "extends/0")
    assert finding.message == "wide@1 cannot be extended: signals/t has a wider range than that of top@1."


def test_a_line_of_ancestors_has_an_end() -> None:
    line = [part("t0"), *(part(f"t{index}", f"t{index - 1}@1") for index in range(1, MAXIMUM_DEPTH + 1))]
    assert resolve(line[-2], catalogue(*line))[1] == ()
    assert codes(resolve(line[-1], catalogue(*line))[1]) == [("type.too_deep", "extends/0")]


def test_a_lattice_of_ancestors_is_resolved_once_each() -> None:
    levels = [
        [part(f"{side}{level}", *(f"{up}{level - 1}@1" for up in "lr" if level)) for side in "lr"]
        for level in range(31)
    ]
    types = catalogue(*(document for level in levels for document in level))
    resolved, findings = resolve(part("bottom", "l30@1", "r30@1"), types)
    assert (len(resolved.lineage), findings) == (63, ())


def test_a_catalogue_is_resolved_at_once() -> None:
    types = catalogue(asset_type(PUMP))
    assert resolve_all(types) == {ref: resolve(document, types)[0] for ref, document in types.items()}


BASES: dict[str, dict[str, Any]] = {
    "properties": {"type": "number"},
    "signals": {"unit": "K"},
    "ports": {"accepts": ["a"]},
    "components": {"type": "a@1"},
    "failure_modes": {},
    "maintenance": {"duration": "PT1H"},
}
LOOSENED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("properties", {"minimum": "0"}, {"minimum": "-1"}, "has a wider minimum than that"),
    ("properties", {"maximum": "9"}, {"maximum": "10"}, "has a wider maximum than that"),
    ("properties", {"type": "text", "choices": ["a"]}, {"choices": ["a", "b"]}, "disagrees about b with the choices"),
    ("properties", {"type": "text", "choices": ["a"]}, {"choices": []}, "allows any text, unlike that"),
    ("properties", {"required": True}, {"required": False}, "is optional, unlike that"),
    ("signals", {"range": ["0", "9"]}, {"range": ["-1", "9"]}, "has a wider range than that"),
    ("signals", {"range": ["0", "9"]}, {"range": None}, "has a wider range than that"),
    ("signals", {"rate": "PT1S"}, {"rate": "PT2S"}, "has a wider rate than that"),
    ("signals", {"quality": {"stuck": "PT1S"}}, {"quality": {}}, "has a wider quality/stuck than that"),
    ("signals", {"quality": {"spike": "6"}}, {"quality": {"spike": "7"}}, "has a wider quality/spike than that"),
    ("signals", {"quality": {"stale": "PT9S"}}, {"quality": {"stale": "PT10S"}}, "has a wider quality/stale than that"),
    ("ports", {"accepts": ["a"]}, {"accepts": ["a", "b"]}, "disagrees about b with the accepts"),
    ("ports", {"max": 1}, {"max": 2}, "has a wider max than that"),
    ("components", {"count": [1, 2]}, {"count": [0, 2]}, "has a wider count than that"),
    ("failure_modes", {"signals": ["x", "y"]}, {"signals": ["x"]}, "disagrees about y with the signals"),
    ("failure_modes", {"effects": ["down"]}, {"effects": []}, "disagrees about down with the effects"),
    ("maintenance", {"restores": ["m"]}, {"restores": []}, "disagrees about m with the restores"),
    ("maintenance", {"shutdown": True}, {"shutdown": False}, "keeps the asset in service, unlike that"),
]
"""Section, what is handed down beside the base, the field that a type makes of it, and the problem with that field."""


def path(own: dict[str, Any]) -> str:
    field, value = next(iter(own.items()))
    return f"quality/{next(iter(value), 'stuck')}" if field == "quality" else field


@pytest.mark.parametrize(("section", "inherited", "own", "problem"), LOOSENED)
def test_overriding_never_widens(section: str, inherited: dict[str, Any], own: dict[str, Any], problem: str) -> None:
    handed_down = BASES[section] | inherited
    types = catalogue(part("a", **{section: {"it": handed_down}}))
    _, (finding,) = resolve(part("b", "a@1", **{section: {"it": handed_down | own}}), types)
    assert (finding.code, finding.place) == ("type.wider_than_parent", f"{section}/it/{path(own)}")
    assert finding.message == f"{section}/it {problem} of a@1."
    assert finding.fix == "Narrow it, or give it another key than the one inherited from a@1."


@pytest.mark.parametrize(("section", "narrow", "wide", "problem"), LOOSENED)
def test_the_same_the_other_way_round_is_narrowing(
    section: str, narrow: dict[str, Any], wide: dict[str, Any], problem: str
) -> None:
    inherited = BASES[section] | narrow | wide
    types = catalogue(part("a", **{section: {"it": inherited}}))
    resolved, findings = resolve(part("b", "a@1", **{section: {"it": inherited | narrow}}), types)
    assert (findings, resolved.document) == ((), part("b", "a@1", **{section: {"it": inherited | narrow}})), problem


@pytest.mark.parametrize(
    ("section", "inherited", "own", "place", "problem"),
    [
        ("properties", {"type": "text"}, {"type": "boolean"}, "/type", "has the type 'boolean' instead of the 'text'"),
        ("properties", {"unit": "m"}, {"unit": "mm"}, "/unit", "has the unit 'mm' instead of the 'm'"),
        ("signals", {"unit": "K"}, {"unit": "Cel"}, "/unit", "has the unit 'Cel' instead of the 'K'"),
        ("components", {"type": "a@1"}, {"type": "b@1"}, "/type", "has the type 'b@1' instead of the 'a@1'"),
    ],
)
def test_overriding_never_changes_what_a_value_means(
    section: str, inherited: dict[str, Any], own: dict[str, Any], place: str, problem: str
) -> None:
    handed_down = BASES[section] | inherited
    types = catalogue(part("a", **{section: {"it": handed_down}}))
    _, (finding,) = resolve(part("b", "a@1", **{section: {"it": handed_down | own}}), types)
    assert (finding.code, finding.place) == ("type.wider_than_parent", f"{section}/it{place}")
    assert finding.message == f"{section}/it {problem} of a@1."


def test_overriding_never_redefines_an_indicator() -> None:
    types = catalogue(part("a", indicators={"hours": "time running"}))
    assert resolve(part("b", "a@1", indicators={"hours": "time running"}), types)[1] == ()
    _, (finding,) = resolve(part("b", "a@1", indicators={"hours": "time idle"}), types)
    assert (finding.code, finding.place) == ("type.wider_than_parent", "indicators/hours")
    assert finding.message == "indicators/hours means something else than that of a@1."


@given(st.lists(st.integers(-50, 50), min_size=4, max_size=4))
def test_a_range_is_accepted_exactly_when_it_lies_inside(bounds: list[int]) -> None:
    low, high, own_low, own_high = (str(bound) for bound in bounds)
    types = catalogue(part("a", signals={"t": {"unit": "K", "range": [low, high]}}))
    _, findings = resolve(part("b", "a@1", signals={"t": {"unit": "K", "range": [own_low, own_high]}}), types)
    assert (not findings) == (bounds[0] <= bounds[2] and bounds[3] <= bounds[1])
