from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from tests.twins.composer.drafts import ASSETS, GATEWAY, LINKS, NOTE, TWIN, A, B, twin
from twins.catalog.domain.changes import Changes, diff
from twins.catalog.domain.reading import read_document
from twins.composer.schemas import TwinDocument, TwinFinding

STATION: dict[str, Any] = {
    "twin": TWIN,
    "version": 4,
    "name": "Pump station North",
    "parent": 3,
    "note": "second duty pump",
    "author": "Ada",
    "assets": {
        A: {
            "type": "centrifugal-pump@3",
            "name": "P-101",
            "properties": {"rated_flow": "120"},
            "at": [240, 160],
            "group": "duty",
        },
        B: {"type": "tank@1", "name": "T-1", "at": [0, 0]},
    },
    "links": {LINKS[0]: {"from": [A, "outlet"], "to": [B, "inlet"], "kind": "feeds"}},
    "bindings": {f"{A}/discharge_pressure": {"gateway": GATEWAY, "key": "PT101.PV", "scale": "0.1", "unit": "bar"}},
    "groups": {"duty": {"name": "Duty pumps"}},
    "notes": {NOTE: {"text": "Valve sticks", "at": [1, 2]}},
}
"""The pump station of the design."""


def test_a_document_prints_as_it_was() -> None:
    station, findings = read_document(TwinDocument, STATION)
    assert findings == ()
    assert station is not None
    assert station.as_json() == STATION


def test_the_digest_is_of_the_content() -> None:
    backwards = STATION | {"assets": dict(reversed(STATION["assets"].items()))}
    first, second = TwinDocument.model_validate(STATION), TwinDocument.model_validate(backwards)
    assert first.digest() == second.digest()
    assert first.digest() == TwinDocument.model_validate(STATION | {"links": STATION["links"]}).digest()
    assert first.digest() != TwinDocument.model_validate(STATION | {"version": 5}).digest()
    assert twin().digest() == "29f7485680927147ff7c6c8028d8f6e96d09134026b6ee2fefca02a45dfd0e03"


def test_versions_are_compared_by_path() -> None:
    later = deepcopy(STATION) | {"version": 5, "parent": 4}
    later["assets"][A]["at"] = [250, 160]
    del later["links"][LINKS[0]]
    later["assets"][ASSETS[2]] = {"type": "tank@1", "name": "T-2", "at": [9, 9]}
    assert diff(TwinDocument.model_validate(STATION), TwinDocument.model_validate(later)) == Changes(
        added={f"assets/{ASSETS[2]}": {"type": "tank@1", "name": "T-2", "at": [9, 9]}},
        removed={"links": STATION["links"]},
        changed={f"assets/{A}/at": ([240, 160], [250, 160]), "parent": (3, 4), "version": (4, 5)},
    )


@pytest.mark.parametrize(
    ("sections", "place"),
    [
        ({"twin": "0198"}, "twin"),
        ({"version": -1}, "version"),
        ({"name": ""}, "name"),
        ({"trash": {}}, "trash"),
        ({"extra": {}}, "extra"),
        ({"assets": {"p-101": {"type": "a@1", "name": "a", "at": [0, 0]}}}, "assets/p-101"),
        ({"assets": {A: {"type": "a@1", "name": "a"}}}, f"assets/{A}/at"),
        (
            {"assets": {A: {"type": "a@1", "name": "a", "at": [0, 0], "properties": {"x": 1.5}}}},
            f"assets/{A}/properties/x",
        ),
        ({"links": {LINKS[0]: {"from": [A, "outlet"], "kind": "feeds"}}}, f"links/{LINKS[0]}/to"),
        ({"links": {LINKS[0]: {"from": A, "to": [B, "inlet"], "kind": "feeds"}}}, f"links/{LINKS[0]}/from"),
        ({"bindings": {A: {"gateway": GATEWAY, "key": "k"}}}, f"bindings/{A}"),
        ({"bindings": {f"{A}/x": {"gateway": "g", "key": "k"}}}, f"bindings/{A}/x/gateway"),
        ({"bindings": {f"{A}/x": {"gateway": GATEWAY, "key": "k", "scale": 2}}}, f"bindings/{A}/x/scale"),
        ({"groups": {"Duty": {"name": "Duty"}}}, "groups/Duty"),
        ({"notes": {NOTE: {"text": "x" * 2001, "at": [0, 0]}}}, f"notes/{NOTE}/text"),
        ({"notes": {NOTE: {"image": "photo.png", "at": [0, 0]}}}, f"notes/{NOTE}/image"),
        ({"assets": {A: {"type": "a@1", "name": "a", "at": [0, 0], "part_of": [B]}}}, f"assets/{A}/part_of/1"),
    ],
)
def test_what_the_schema_does_not_say_is_found_with_its_place(sections: dict[str, Any], place: str) -> None:
    document, findings = read_document(TwinDocument, STATION | sections)
    assert document is None
    assert [finding.place for finding in findings] == [place]
    assert all(finding.code.startswith("twin.") for finding in findings)


@pytest.mark.parametrize("value", ["x" * 2000, "120.5", 0, 2**53 - 1, True, ["1.5", 2], {"a": {"b": [True]}}])
def test_property_values_are_texts_integers_truths_and_what_is_made_of_them(value: Any) -> None:
    assets = {A: {"type": "a@1", "name": "a", "at": [0, 0], "properties": {"x": value}}}
    assert twin(assets=assets).as_json()["assets"][A]["properties"] == {"x": value}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x" * 2001,
        1.5,
        2**53,
        -(2**53),
        None,
        [],
        {},
        [1.5],
        {"a": None},
        {"": 1},
        [[[[[["too deep"]]]]]],
        ["x"] * 201,
    ],
)
def test_nothing_else_is_a_property_value(value: Any) -> None:
    assets = {A: {"type": "a@1", "name": "a", "at": [0, 0], "properties": {"x": value}}}
    with pytest.raises(ValidationError, match=r"must (be a text, true, false or a whole number|have keys)"):
        twin(assets=assets)


def test_a_document_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        twin().name = "Other"  # type: ignore[misc]


def test_a_finding_says_how_severe_it_is() -> None:
    finding = TwinFinding("twin.x", "assets", "It is so.", "Do so.")
    assert finding.as_dict() == {
        "code": "twin.x",
        "place": "assets",
        "message": "It is so.",
        "fix": "Do so.",
        "severity": "error",
    }
