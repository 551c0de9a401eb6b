from __future__ import annotations

import re
from collections import Counter
from itertools import combinations, count, pairwise
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from tenants.kernel.errors import OutturnError
from tests.twins.composer.drafts import GATEWAY, twin
from twins.catalog.domain.inheritance import resolve_all
from twins.catalog.library import built_in_types
from twins.composer.blueprints import built_in_blueprints
from twins.composer.domain.blueprints import FleetNamesError, compose, formatted
from twins.composer.domain.drawing import drawing
from twins.composer.domain.operations import apply_all
from twins.composer.domain.placing import HEAD, ROW, WIDTH, height_of, is_inward
from twins.composer.domain.validation import validate
from twins.composer.edits import Operation
from twins.composer.schemas import Blueprint, FleetParameters, TwinDocument

RESOLVED = resolve_all(built_in_types())
TYPES = {ref: resolved.document for ref, resolved in RESOLVED.items()}
BLUEPRINTS = built_in_blueprints()
FLEET = BLUEPRINTS["turbofan-fleet"]
Point = tuple[float, float]
End = tuple[int, int, int]
"""Where a port is drawn, and to which side a link leaves it: -1 left, 1 right."""
PUMPS: dict[str, Any] = {
    "key": "pumps", "version": 1, "name": {"en": "Pumps"}, "description": {"en": "Pumps."}, "icon": "droplet",
    "parameters": {"pumps": {"name": {"en": "Pumps"}, "minimum": 1, "maximum": 9, "default": 2}},
    "groups": {"train": {"name": "Train {unit}", "count": "pumps"}},
    "parts": {
        "motor": {"type": "electric-motor@1", "name": "M-{unit}01", "group": "train"},
        "pump": {
            "type": "centrifugal-pump@1", "name": "P-{unit}{number:02}", "group": "train", "count": 2, "column": 1,
        },
        "tank": {"type": "tank@1", "name": "Tank", "column": 1},
    },
}  # fmt: skip


def composed(parameters: FleetParameters, blueprint: Blueprint = FLEET) -> list[Operation]:
    numbers = count(1)
    return compose(blueprint, parameters, types=TYPES, new_id=lambda: UUID(int=next(numbers)))


def made(blueprint: Blueprint, **said: int) -> TwinDocument:
    answers = FleetParameters(name="Twin", parameters=said, gateway=GATEWAY)
    return apply_all(twin(), composed(answers, blueprint)).document


def pumps(**changed: Any) -> Blueprint:
    return Blueprint.model_validate(PUMPS | changed)


def joined(document: TwinDocument) -> list[tuple[str, str]]:
    names = {key: asset.name for key, asset in document.assets.items()}
    return [(names[link.from_[0]], names[link.to[0]]) for link in document.links.values()]


def test_the_built_in_blueprints_lie_under_their_names() -> None:
    assert list(BLUEPRINTS) == [
        "chiller-plant", "cnc-cell", "compressed-air", "heating-plant", "microgrid", "open-pit-fleet",
        "packaging-line", "pump-station", "turbofan-fleet", "wind-farm",
    ]  # fmt: skip
    for key, blueprint in BLUEPRINTS.items():
        assert blueprint.key == key
        assert set(blueprint.name) == set(blueprint.description) == {"en", "de"}


@pytest.mark.parametrize("said", ["minimum", "default", "maximum"])
@pytest.mark.parametrize("key", BLUEPRINTS)
def test_every_blueprint_composes_a_twin_that_could_be_published(key: str, said: str) -> None:
    blueprint = BLUEPRINTS[key]
    document = made(blueprint, **{name: getattr(each, said) for name, each in blueprint.parameters.items()})
    assert [finding for finding in validate(document, RESOLVED) if finding.severity == "error"] == []
    assert [finding for finding in validate(document, RESOLVED) if finding.code == "twin.unbound_signals"] == []
    linked = {end for link in document.links.values() for end, _ in link.ends}
    wholes = {asset.part_of[0] for asset in document.assets.values() if asset.part_of}
    alone = {asset.name for key, asset in document.assets.items() if key not in linked | wholes}
    assert alone == set() or key == "turbofan-fleet"


@pytest.mark.parametrize("said", ["minimum", "default", "maximum"])
@pytest.mark.parametrize("key", BLUEPRINTS)
def test_nothing_lies_over_anything_else(key: str, said: str) -> None:
    blueprint = BLUEPRINTS[key]
    document = made(blueprint, **{name: getattr(each, said) for name, each in blueprint.parameters.items()})
    rows: dict[int, list[tuple[int, int]]] = {}
    for asset in document.assets.values():
        assert asset.at[0] % 20 == asset.at[1] % 20 == 0, "on the grid"
        rows.setdefault(asset.at[0] // WIDTH, []).append((asset.at[1], asset.at[0]))
    for asset in document.assets.values():
        (x, y), height = asset.at, height_of(TYPES[asset.type])
        near = [place for column in (-1, 0, 1) for place in rows.get(x // WIDTH + column, [])]
        over = [place for place in near if abs(place[1] - x) < WIDTH and y <= place[0] < y + height]
        assert over == [(y, x)], asset.name
    frames = drawing(document, TYPES).frames
    for one, other in combinations(frames, 2):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert beside or one.y + one.height <= other.y or other.y + other.height <= one.y
    alone = [asset for asset in document.assets.values() if asset.group is None]
    for frame in frames:
        for asset in alone:
            right = asset.at[0] >= frame.x + frame.width or asset.at[0] + WIDTH <= frame.x
            below = asset.at[1] >= frame.y + frame.height
            assert right or below or asset.at[1] + height_of(TYPES[asset.type]) <= frame.y
    top = min(asset.at[1] for asset in document.assets.values())
    assert all(note.size and note.at[1] + note.size[1] < top for note in document.notes.values())


def curve(start: End, end: End) -> list[Point]:
    """Points of a link as the canvas draws it: a curve, or round corners where it goes back."""
    (x1, y1, out), (x2, y2, back) = start, end
    if out == -back and (x2 - x1) * out < 0:
        middle, outer, inner = (y1 + y2) / 2, x1 + out * 20, x2 + back * 20
        turns = [(x1, y1), (outer, y1), (outer, middle), (inner, middle), (inner, y2), (x2, y2)]
        return [mixed(one, other, step / 100) for one, other in pairwise(turns) for step in range(101)]
    reach = abs(x2 - x1) / 2
    bends: list[Point] = [(x1, y1), (x1 + out * reach, y1), (x2 + back * reach, y2), (x2, y2)]
    return [bezier(bends, step / 100) for step in range(101)]


def mixed(one: Point, other: Point, share: float) -> Point:
    return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share


def bezier(bends: list[Point], share: float) -> Point:
    while len(bends) > 1:
        bends = [mixed(one, other, share) for one, other in pairwise(bends)]
    return bends[0]


def port(document: TwinDocument, key: str, name: str) -> End:
    asset = document.assets[key]
    inward = is_inward(name)
    beside = [each for each in TYPES[asset.type].ports if is_inward(each) == inward]
    y = asset.at[1] + HEAD + ROW * beside.index(name) + ROW // 2
    return (asset.at[0], y, -1) if inward else (asset.at[0] + WIDTH, y, 1)


@pytest.mark.parametrize("key", BLUEPRINTS)
def test_no_link_runs_through_an_asset(key: str) -> None:
    document = made(BLUEPRINTS[key])
    boxes = [(asset.name, *asset.at, height_of(TYPES[asset.type])) for asset in document.assets.values()]
    assert {
        (link.from_, link.to, name)
        for link in document.links.values()
        for x, y in curve(port(document, *link.from_), port(document, *link.to))
        for name, left, top, height in boxes
        if left < x < left + WIDTH and top < y < top + height
    } == set()


def test_a_pump_station_has_a_train_for_each_pump() -> None:
    document = made(BLUEPRINTS["pump-station"], pumps=2)
    assert [asset.name for asset in document.assets.values()] == [
        "T-100", "P-101", "P-201", "M-101", "M-201", "V-101", "V-201", "T-200",
    ]  # fmt: skip
    assert {key: group.name for key, group in document.groups.items()} == {
        "train_1": "Pump train 1", "train_2": "Pump train 2",
    }  # fmt: skip
    assert [asset.group for asset in document.assets.values()] == [
        None, "train_1", "train_2", "train_1", "train_2", "train_1", "train_2", None,
    ]  # fmt: skip
    assert joined(document) == [
        ("T-100", "P-101"), ("T-100", "P-201"), ("M-101", "P-101"), ("M-201", "P-201"), ("P-101", "V-101"),
        ("P-201", "V-201"), ("V-101", "T-200"), ("V-201", "T-200"),
    ]  # fmt: skip
    ids = {asset.name: key for key, asset in document.assets.items()}
    assert document.assets[ids["M-201"]].part_of == (ids["P-201"], "motor")
    assert document.bindings[f"{ids['P-201']}/flow"].key == "P-201.flow"
    assert len(document.notes) == 1


def test_turbines_feed_one_after_the_other_and_the_last_of_each_string_the_transformer() -> None:
    assert joined(made(BLUEPRINTS["wind-farm"], strings=2, turbines=3)) == [
        ("WT-101", "WT-102"), ("WT-102", "WT-103"), ("WT-201", "WT-202"), ("WT-202", "WT-203"),
        ("WT-103", "TR-001"), ("WT-203", "TR-001"), ("TR-001", "Grid connection"),
    ]  # fmt: skip


def test_the_machines_of_a_cell_are_linked_within_it() -> None:
    pairs = joined(made(BLUEPRINTS["cnc-cell"], cells=2, machines=2))
    assert Counter(one for one, _ in pairs)["R-101"] == 2
    assert all(re.findall(r"\d", one)[0] == re.findall(r"\d", other)[0] for one, other in pairs)


def test_a_fleet_of_twenty_engines_is_composed_and_sound() -> None:
    operations = composed(FleetParameters(name="North fleet", count=20, first=81, gateway=GATEWAY))
    document = apply_all(twin(), operations).document
    assert validate(document, RESOLVED) == ()
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
    one, other = (str(UUID(int=number)) for number in (1, 2))
    assert [operation.as_json() for operation in operations] == [
        {"op": "rename_twin", "name": "Fleet"},
        {"op": "add_asset", "asset": one, "type": "turbofan-engine@1", "name": "Engine 001", "at": [0, 0]},
        {"op": "add_asset", "asset": other, "type": "turbofan-engine@1", "name": "Engine 002", "at": [260, 0]},
    ]


def test_what_is_not_said_is_at_its_default() -> None:
    assert len(made(FLEET).assets) == 10
    assert len(made(pumps()).assets) == 2 + 4 + 1


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
    ("said", "place", "fix"),
    [
        ({"pumps": 0}, "parameters/pumps", "Say a number from 1 to 9."),
        ({"pumps": 10}, "parameters/pumps", "Say a number from 1 to 9."),
        ({"wells": 1}, "parameters/wells", "Say one of pumps."),
    ],
)
def test_parameters_fit_the_blueprint(said: dict[str, int], place: str, fix: str) -> None:
    with pytest.raises(OutturnError) as caught:
        composed(FleetParameters(name="Twin", parameters=said), pumps())
    assert (caught.value.code, caught.value.place, caught.value.fix) == ("blueprint.parameter", place, fix)
    tank = pumps(parameters={}, groups={}, parts={"tank": PUMPS["parts"]["tank"]})
    with pytest.raises(OutturnError, match="has no parameter x") as caught:
        composed(FleetParameters(name="Twin", parameters={"x": 1}), tank)
    assert caught.value.fix == "Leave it out."


def test_a_blueprint_without_its_types_or_too_large_is_told() -> None:
    parts = {"submarine": {"type": "submarine@1", "name": "S"}}
    with pytest.raises(OutturnError, match="submarine@1, which is not in the catalogue") as caught:
        composed(FleetParameters(name="Twin"), pumps(parts=parts))
    assert (caught.value.code, caught.value.place) == ("blueprint.unknown_type", "parts/submarine/type")
    many = {"tank": {"type": "tank@1", "name": "T-{unit}{number}", "count": 3000, "group": "train"}}
    with pytest.raises(OutturnError, match="6000 assets in 2 groups") as caught:
        composed(FleetParameters(name="Twin"), pumps(parts=many))
    assert caught.value.code == "blueprint.too_large"
    all_with_all = {"from": ["tank", "outlet"], "to": ["tank", "inlet"], "kind": "feeds", "how": "all"}
    tanks = {"tank": {"type": "tank@1", "name": "T-{number}", "count": 200}}
    with pytest.raises(OutturnError, match="more than 20000 links"):
        composed(FleetParameters(name="Twin"), pumps(parts=tanks, links=[all_with_all]))


def test_a_component_without_its_number_belongs_to_the_only_whole_or_to_none() -> None:
    parts = {"line": {"type": "production-line@1", "name": "Line {number}", "count": 2}}
    conveyor = {"type": "conveyor@1", "name": "CV-{number}", "count": 3, "part_of": ["line", "conveyors"]}
    document = made(pumps(parts=parts | {"conveyor": conveyor}))
    assert [bool(asset.part_of) for asset in document.assets.values()] == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"parts": {}}, "at least 1"),
        ({"parts": {"tank": {"type": "tank@1", "name": "{place}"}}}, "match pattern"),
        ({"parts": {"tank": {"type": "tank@1", "name": "{number.real}"}}}, "match pattern"),
        ({"parts": {"tank": {"type": "tank@1", "name": "T", "count": "tanks"}}}, "takes a number from tanks"),
        ({"parts": {"tank": {"type": "tank@1", "name": "T", "group": "yard"}}}, "in yard, which is no group"),
        ({"parts": {"tank": {"type": "tank@1", "name": "T", "part_of": ["tank", "x"]}}}, "a component of itself"),
        ({"parts": {"tank": {"type": "tank@1", "name": "T", "part_of": ["pump", "x"]}}}, "which is no part"),
        ({"parts": {"tank": {"type": "tank@1", "name": "T", "count": 2, "at": [0, 0]}}}, "one place for several"),
        ({"links": [{"from": ["pump", "outlet"], "to": ["sea", "inlet"], "kind": "feeds"}]}, "ends at something"),
        ({"groups": {"train": {"name": "T", "count": "lines"}}}, "takes a number from lines"),
        (
            {"parameters": {"pumps": {"name": {"en": "P"}, "minimum": 0, "maximum": 9, "default": 2}}},
            "or one that may be 0",
        ),
        (
            {"parameters": {"pumps": {"name": {"en": "P"}, "minimum": 1, "maximum": 9, "default": 10}}},
            "default outside its bounds",
        ),
    ],
)
def test_a_blueprint_speaks_only_of_what_it_has(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        pumps(**changed)


@pytest.mark.parametrize(
    "answers",
    [
        {"name": ""},
        {"name": "Fleet", "count": -1},
        {"name": "Fleet", "count": "2"},
        {"name": "Fleet", "first": -1},
        {"name": "Fleet", "parameters": {"count": "2"}},
        {"name": "Fleet", "count": 1, "gateway": "g"},
        {"name": "Fleet", "count": 1, "names": [""]},
        {"name": "Fleet", "count": 1, "colour": "red"},
    ],
)
def test_other_answers_are_refused(answers: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FleetParameters.model_validate(answers)


def test_formats_fill_in_numbers_with_the_digits_they_ask_for() -> None:
    assert formatted("P-{unit}{number:02}/{name}.{signal}", number=7, unit=3, name="A", signal="flow") == "P-307/A.flow"
    assert formatted("{number:03}", number=1234, unit=1) == "1234"


def test_a_drawing_shows_what_lies_on_the_canvas() -> None:
    document = made(pumps(links=[{"from": ["motor", "shaft_output"], "to": ["pump", "shaft_input"], "kind": "drives"}]))
    picture = drawing(document, TYPES)
    assert [box.name for box in picture.boxes][:2] == ["M-101", "M-201"]
    assert [frame.name for frame in picture.frames] == ["Train 1", "Train 2"]
    motor, frame = picture.boxes[0], picture.frames[0]
    assert (motor.icon, motor.width, motor.height) == ("circuit-motor", 220, 100)
    assert (frame.x, frame.y) == (motor.x - 40, frame.y)
    assert len(picture.lines) == 2
    start, end = re.findall(r"M(-?\d+) (-?\d+)C.* (-?\d+) (-?\d+)$", picture.lines[0])[0][:2], motor
    assert start == (str(end.x + 220), str(end.y + 70))


def test_ports_are_on_the_side_where_the_canvas_has_them() -> None:
    ports = ("inlet", "shaft_input", "supply", "hot_inlet", "outlet", "output", "supplies", "loads")
    assert [port for port in ports if is_inward(port)] == ["inlet", "shaft_input", "supply", "hot_inlet"]


def test_wholes_come_before_their_components_in_whatever_order_the_database_gives_them_back() -> None:
    station = built_in_blueprints()["pump-station"].as_json()
    turned = Blueprint.model_validate(station | {"parts": dict(sorted(station["parts"].items()))})
    order = list(turned.wholes_first)
    assert list(turned.parts)[:2] == ["high_tank", "motor"]
    assert order == ["high_tank", "pump", "motor", "suction_tank", "valve"]
