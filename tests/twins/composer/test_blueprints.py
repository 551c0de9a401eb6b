from __future__ import annotations

from itertools import count
from uuid import UUID

import pytest
from pydantic import ValidationError

from tests.twins.composer.drafts import GATEWAY, twin
from twins.catalog.domain.inheritance import resolve_all
from twins.catalog.library import built_in_types
from twins.composer.blueprints import built_in_blueprints
from twins.composer.domain.blueprints import FleetNamesError, compose
from twins.composer.domain.operations import apply_all
from twins.composer.domain.validation import validate
from twins.composer.schemas import FleetParameters, Operation

FLEET = built_in_blueprints()["turbofan-fleet"]
TYPES = resolve_all(built_in_types())
SIGNALS = list(TYPES[FLEET.type].document.signals)


def composed(parameters: FleetParameters) -> list[Operation]:
    numbers = count(1)
    return compose(FLEET, parameters, signals=SIGNALS, new_id=lambda: UUID(int=next(numbers)))


def test_every_built_in_blueprint_lies_under_its_name_and_has_a_type() -> None:
    assert list(built_in_blueprints()) == ["turbofan-fleet"]
    assert all(blueprint.key == key and blueprint.type in TYPES for key, blueprint in built_in_blueprints().items())


def test_a_fleet_of_twenty_engines_is_composed_and_sound() -> None:
    operations = composed(FleetParameters(name="North fleet", count=20, first=81, gateway=GATEWAY))
    document = apply_all(twin(), operations).document
    assert validate(document, TYPES) == ()
    assert document.name == "North fleet"
    engines = list(document.assets.values())
    assert [engine.name for engine in engines] == [f"Engine {number:03}" for number in range(81, 101)]
    assert {engine.type for engine in engines} == {"turbofan-engine@1"}
    assert [engine.at for engine in engines[:6]] == [(0, 0), (260, 0), (520, 0), (780, 0), (1040, 0), (0, 160)]
    assert len({engine.at for engine in engines}) == 20
    assert len(document.bindings) == 20 * 24
    assert document.bindings[f"{UUID(int=1)}/t24"].as_json() == {"gateway": GATEWAY, "key": "81/t24"}
    assert document.bindings[f"{UUID(int=20)}/w32"].as_json() == {"gateway": GATEWAY, "key": "100/w32"}


def test_without_a_gateway_nothing_is_bound() -> None:
    operations = composed(FleetParameters(name="Fleet", count=2))
    assert [operation.as_json() for operation in operations] == [
        {"op": "rename_twin", "name": "Fleet"},
        {"op": "add_asset", "asset": str(UUID(int=1)), "type": "turbofan-engine@1", "name": "Engine 001", "at": [0, 0]},
        {
            "op": "add_asset",
            "asset": str(UUID(int=2)),
            "type": "turbofan-engine@1",
            "name": "Engine 002",
            "at": [260, 0],
        },
    ]


def test_engines_may_have_names_of_their_own() -> None:
    operations = composed(FleetParameters(name="Fleet", count=2, names=("Left", "Right")))
    document = apply_all(twin(), operations).document
    assert [asset.name for asset in document.assets.values()] == ["Left", "Right"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("Left",), "There are 1 names for 2 assets."),
        (("Left", "Right", "Third"), "There are 3 names for 2 assets."),
        (("Left", "Left"), "Two assets have the same name."),
    ],
)
def test_names_fit_the_engines(names: tuple[str, ...], message: str) -> None:
    with pytest.raises(FleetNamesError) as caught:
        composed(FleetParameters(name="Fleet", count=2, names=names))
    assert (caught.value.code, caught.value.place, caught.value.message) == ("blueprint.names", "names", message)


@pytest.mark.parametrize(
    "answers",
    [
        {"name": "Fleet"},
        {"name": "", "count": 1},
        {"name": "Fleet", "count": 0},
        {"name": "Fleet", "count": 501},
        {"name": "Fleet", "count": "2"},
        {"name": "Fleet", "count": 1, "first": -1},
        {"name": "Fleet", "count": 1, "gateway": "g"},
        {"name": "Fleet", "count": 1, "names": [""]},
        {"name": "Fleet", "count": 1, "colour": "red"},
    ],
)
def test_other_answers_are_refused(answers: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FleetParameters.model_validate(answers)
