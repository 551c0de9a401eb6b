"""From a blueprint and a few answers to the operations that compose the twin, the same that the browser sends."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from tenants.kernel.errors import OutturnError
from twins.catalog.schemas import AssetType
from twins.composer.domain.placing import BELOW, FRAME, TITLE, Block, Position, arranged, assets_of, groups_of
from twins.composer.edits import AddAsset, AddGroup, AddLink, AddNote, Bind, Operation, RenameTwin
from twins.composer.schemas import Blueprint, BlueprintLink, BlueprintPart, FleetParameters

MOST_ASSETS, MOST_LINKS = 5_000, 20_000
"""How many a blueprint may make at once."""
NOTE_SIZE = (320, 120)
_HOLE = re.compile(r"\{(number|unit|name|signal)(?::0([1-9]))?\}")


class FleetNamesError(OutturnError):
    """The names given do not fit the number of assets, or two of them are the same."""

    code = "blueprint.names"


class BlueprintParameterError(OutturnError):
    """A parameter is none of the blueprint's, or outside its bounds."""

    code = "blueprint.parameter"
    status = 422


class BlueprintTypeError(OutturnError):
    """A part is of a type that the catalogue does not have."""

    code = "blueprint.unknown_type"
    status = 422


class BlueprintSizeError(OutturnError):
    """The twin would be larger than one that is composed at once may be."""

    code = "blueprint.too_large"
    status = 422


@dataclass(frozen=True, slots=True)
class _Made:
    """An asset that is to be: its part, its unit (0 without a group), its number within the unit, and its id."""

    part: str
    unit: int
    number: int
    name: str
    at: Position
    asset: str


_ByPart = Mapping[str, Sequence[_Made]]


def compose(
    blueprint: Blueprint, answers: FleetParameters, *, types: Mapping[str, AssetType], new_id: Callable[[], UUID]
) -> list[Operation]:
    """The operations that make a twin of the blueprint out of an empty draft, in order.

    Args:
        blueprint: What the twin is made of.
        answers: Those of the person who fills it in.
        types: The types of its parts with all that they inherit, by ``key@version``.
        new_id: Gives each asset, link and note its id.

    Raises:
        BlueprintParameterError: A parameter is none of the blueprint's, or outside its bounds.
        BlueprintTypeError: A part is of a type that is not there.
        BlueprintSizeError: There would be too many assets or links.
        FleetNamesError: There are more or fewer names than assets, or one stands twice.
    """
    values = parameter_values(blueprint, answers.said)
    _check_types(blueprint, types)
    _check_size(blueprint, values)
    made = _assets(blueprint, values, types, answers.names, new_id)
    by_part = defaultdict[str, list[_Made]](list)
    for one in made:
        by_part[one.part].append(one)
    operations: list[Operation] = [RenameTwin(name=answers.name), *_groups(blueprint, values)]
    for one in made:
        operations.append(_added(blueprint, values, by_part, one))
        operations += _bindings(blueprint.parts[one.part], one, types, answers.gateway)
    operations += _links(blueprint, by_part, new_id)
    return [*operations, *_notes(blueprint, made, new_id)]


def parameter_values(blueprint: Blueprint, said: Mapping[str, int]) -> dict[str, int]:
    """What each parameter of a blueprint is when these were said.

    Raises:
        BlueprintParameterError: One is none of the blueprint's, or outside its bounds.
    """
    for key, value in said.items():
        place, known = f"parameters/{key}", blueprint.parameters.get(key)
        if known is None:
            fix = f"Say one of {', '.join(blueprint.parameters)}." if blueprint.parameters else "Leave it out."
            raise BlueprintParameterError(f"{blueprint.key} has no parameter {key}", place=place, fix=fix)
        if not known.minimum <= value <= known.maximum:
            fix = f"Say a number from {known.minimum} to {known.maximum}."
            raise BlueprintParameterError(f"{key} cannot be {value}", place=place, fix=fix)
    return {key: said.get(key, known.default) for key, known in blueprint.parameters.items()}


def _check_types(blueprint: Blueprint, types: Mapping[str, AssetType]) -> None:
    for key, part in blueprint.parts.items():
        if part.type not in types:
            message = f"{blueprint.key} is made of {part.type}, which is not in the catalogue"
            raise BlueprintTypeError(message, place=f"parts/{key}/type", fix=f"Publish {part.type}, or take another.")


def _check_size(blueprint: Blueprint, values: Mapping[str, int]) -> None:
    groups = {key: _several(group.count, values) for key, group in blueprint.groups.items()}
    assets = sum(
        _several(part.count, values) * (groups[part.group] if part.group else 1) for part in blueprint.parts.values()
    )
    if assets + sum(groups.values()) > MOST_ASSETS:
        raise _too_large(f"{assets} assets in {sum(groups.values())} groups")


def _too_large(what: str) -> BlueprintSizeError:
    return BlueprintSizeError(
        f"{what} are too many to be composed at once", place="parameters",
        fix=f"Say smaller numbers: at most {MOST_ASSETS} assets and {MOST_LINKS} links.",
    )  # fmt: skip


def formatted(text: str, *, number: int, unit: int, name: str = "", signal: str = "") -> str:
    """A format of a blueprint with its holes filled in; numbers have as many digits as it says."""
    values: dict[str, int | str] = {"number": number, "unit": unit, "name": name, "signal": signal}
    return _HOLE.sub(lambda hole: str(values[hole[1]]).zfill(int(hole[2] or 1)), text)


def _several(said: int | str, values: Mapping[str, int]) -> int:
    return values[said] if isinstance(said, str) else said


def _assets(
    blueprint: Blueprint, values: Mapping[str, int], types: Mapping[str, AssetType], names: Sequence[str],
    new_id: Callable[[], UUID],
) -> list[_Made]:  # fmt: skip
    """Every asset, part by part, unit by unit."""
    places, made = _places(blueprint, values, types), list[_Made]()
    for key, part in blueprint.wholes_first.items():
        first, count = _several(part.first, values), _several(part.count, values)
        for index, at in enumerate(places[key]):
            unit, number = index // count + 1, first + index % count
            name = names[len(made)] if len(made) < len(names) else formatted(part.name, number=number, unit=unit)
            made.append(_Made(key, unit if part.group else 0, number, name, at, str(new_id())))
    _check(names, [one.name for one in made])
    return made


def _check(given: Sequence[str], names: Sequence[str]) -> None:
    if given and len(given) != len(names):
        message = f"There are {len(given)} names for {len(names)} assets."
        raise FleetNamesError(message, place="names", fix="Give each asset a name, or give none to have them numbered.")
    if len(set(names)) != len(names):
        fix = "Give each asset its own name."
        raise FleetNamesError("Two assets have the same name.", place="names", fix=fix)


def _places(
    blueprint: Blueprint, values: Mapping[str, int], types: Mapping[str, AssetType]
) -> dict[str, list[Position]]:
    """Where the assets of each part lie, in the order of units and numbers."""
    free = {key: part for key, part in blueprint.parts.items() if part.at is None}
    groups = {key: group for key, group in blueprint.groups.items() if any(each.group == key for each in free.values())}
    inner = {key: _arranged_parts(free, values, types, key) for key in groups}
    alone = [key for key, part in free.items() if part.group is None]
    blocks = [_block(free[key], values, types) for key in alone]
    for key, group in groups.items():
        count = _several(group.count, values)
        blocks.append(groups_of(inner[key][1], column=group.column, count=count, columns=group.columns))
    corners, _ = arranged(blocks)
    places = {key: [part.at] for key, part in blueprint.parts.items() if part.at is not None}
    places |= zip(alone, corners, strict=False)
    for key, frames in zip(groups, corners[len(alone) :], strict=True):
        for part, within in inner[key][0].items():
            places[part] = [(x + FRAME + dx, y + TITLE + dy) for x, y in frames for dx, dy in within]
    return places


def _arranged_parts(
    parts: Mapping[str, BlueprintPart], values: Mapping[str, int], types: Mapping[str, AssetType], group: str
) -> tuple[dict[str, list[Position]], Position]:
    """Where the assets of the parts of one group lie in it, and how large all of them are."""
    keys = [key for key, part in parts.items() if part.group == group]
    places, extent = arranged([_block(parts[key], values, types) for key in keys])
    return dict(zip(keys, places, strict=True)), extent


def _block(part: BlueprintPart, values: Mapping[str, int], types: Mapping[str, AssetType]) -> Block:
    count = _several(part.count, values)
    return assets_of(types[part.type], column=part.column, row=part.row, count=count, columns=part.columns)


def _group_key(blueprint: Blueprint, values: Mapping[str, int], group: str, unit: int) -> str:
    return group if _several(blueprint.groups[group].count, values) == 1 else f"{group}_{unit}"


def _groups(blueprint: Blueprint, values: Mapping[str, int]) -> Iterator[Operation]:
    for key, group in blueprint.groups.items():
        for unit in range(1, _several(group.count, values) + 1):
            name = formatted(group.name, number=unit, unit=unit)
            yield AddGroup(group=_group_key(blueprint, values, key, unit), name=name)


def _added(blueprint: Blueprint, values: Mapping[str, int], made: _ByPart, one: _Made) -> AddAsset:
    part = blueprint.parts[one.part]
    group = _group_key(blueprint, values, part.group, one.unit) if part.group else None
    whole = _whole(part, made, one)
    return AddAsset(
        asset=one.asset, type=part.type, name=one.name, at=one.at, properties=part.properties, group=group,
        part_of=whole,
    )  # fmt: skip


def _whole(part: BlueprintPart, made: _ByPart, one: _Made) -> tuple[str, str] | None:
    """What an asset is a component of: the whole of its unit with its own number, or the only one there is."""
    if part.part_of is None:
        return None
    wholes = [other for other in made[part.part_of[0]] if other.unit in (one.unit, 0)]
    same = [other for other in wholes if other.number == one.number] if len(wholes) > 1 else wholes
    return (same[0].asset, part.part_of[1]) if same else None


def _bindings(
    part: BlueprintPart, one: _Made, types: Mapping[str, AssetType], gateway: str | None
) -> Iterator[Operation]:
    if gateway is None or part.gateway_key is None:
        return
    for signal in types[part.type].signals:
        key = formatted(part.gateway_key, number=one.number, unit=one.unit or 1, name=one.name, signal=signal)
        yield Bind(place=f"{one.asset}/{signal}", gateway=gateway, key=key)


def _links(blueprint: Blueprint, made: _ByPart, new_id: Callable[[], UUID]) -> Iterator[Operation]:
    pairs = ((link, *pair) for link in blueprint.links for pair in _pairs(blueprint, link, made))
    for number, (link, source, target) in enumerate(pairs):
        if number == MOST_LINKS:
            raise _too_large(f"more than {MOST_LINKS} links")
        start, end = (source.asset, link.from_[1]), (target.asset, link.to[1])
        yield AddLink(link=str(new_id()), from_=start, to=end, kind=link.kind)


def _pairs(blueprint: Blueprint, link: BlueprintLink, made: _ByPart) -> Iterator[tuple[_Made, _Made]]:
    """The assets that a link of a blueprint joins."""
    sources, targets = (made[end[0]] for end in (link.from_, link.to))
    groups = {blueprint.parts[end[0]].group for end in (link.from_, link.to)}
    if len(groups) > 1 or None in groups:
        yield from _joined(link.how, sources, targets) if link.how != "last" else _lasts(sources, targets)
        return
    for unit in dict.fromkeys(one.unit for one in sources):
        own = ([one for one in side if one.unit == unit] for side in (sources, targets))
        yield from _joined(link.how, *own)


def _lasts(sources: Sequence[_Made], targets: Sequence[_Made]) -> Iterator[tuple[_Made, _Made]]:
    """The last asset of each unit with all targets."""
    last = {one.unit: one for one in sources}
    yield from _joined("all", list(last.values()), targets)


def _joined(how: str, sources: Sequence[_Made], targets: Sequence[_Made]) -> Iterator[tuple[_Made, _Made]]:
    if how == "each":
        yield from zip(sources, targets, strict=False)
    elif how == "next":
        yield from zip(sources, targets[1:], strict=False)
    else:
        chosen = sources[-1:] if how == "last" else sources
        yield from ((source, target) for source in chosen for target in targets)


def _notes(blueprint: Blueprint, made: Sequence[_Made], new_id: Callable[[], UUID]) -> Iterator[Operation]:
    """The notes in a row above everything."""
    left, top = min(one.at[0] for one in made), min(one.at[1] for one in made) - TITLE - BELOW - NOTE_SIZE[1]
    for index, text in enumerate(blueprint.notes):
        at = (left + index * (NOTE_SIZE[0] + FRAME), top)
        yield AddNote(note=str(new_id()), text=text, at=at, size=NOTE_SIZE)
