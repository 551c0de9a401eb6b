"""A small picture of a composed twin: frames, boxes and lines where the canvas has groups, assets and links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from twins.catalog.schemas import AssetType
from twins.composer.domain.placing import FRAME, HEAD, ROW, TITLE, WIDTH, Position, height_of, is_inward
from twins.composer.schemas import Asset, TwinDocument

MARGIN = 40
BEND = 60
"""How far a line leaves an asset before it turns, in pixels."""
DETOUR = 20
"""The same of a line that goes back: it is led around what it joins, as on the canvas."""


@dataclass(frozen=True, slots=True)
class Box:
    """An asset, or the frame of a group; lengths in pixels of the canvas."""

    x: int
    y: int
    width: int
    height: int
    name: str
    icon: str = ""
    colour: str = ""

    @property
    def middle(self) -> Position:
        """Its centre."""
        return self.x + self.width // 2, self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture.

    Attributes:
        view: Left, top, width and height of all that is drawn.
        lines: As paths of SVG.
    """

    view: tuple[int, int, int, int]
    frames: tuple[Box, ...]
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]


def drawing(document: TwinDocument, types: Mapping[str, AssetType]) -> Drawing:
    """The picture of a twin with at least one asset.

    Args:
        document: The twin.
        types: The types of its assets with all that they inherit, by ``key@version``.
    """
    boxes = {key: _box(asset, types[asset.type]) for key, asset in document.assets.items()}
    frames = tuple(_frames(document, boxes))
    ends = [tuple(_end(document, types, boxes, end) for end in link.ends) for link in document.links.values()]
    return Drawing(
        _view([*boxes.values(), *frames]), frames, tuple(boxes.values()), tuple(_line(*pair) for pair in ends)
    )


def _box(asset: Asset, of: AssetType) -> Box:
    look = of.appearance
    icon, colour = (look.icon, look.colour or "") if look else ("box", "")
    return Box(*asset.at, WIDTH, height_of(of), asset.name, icon, colour)


def _frames(document: TwinDocument, boxes: Mapping[str, Box]) -> Iterator[Box]:
    members: defaultdict[str, list[Box]] = defaultdict(list)
    for key, asset in document.assets.items():
        if asset.group is not None:
            members[asset.group].append(boxes[key])
    for group, inside in members.items():
        left, top, width, height = _around(inside)
        name = document.groups[group].name
        yield Box(left - FRAME, top - TITLE, width + 2 * FRAME, height + TITLE + FRAME, name)


def _around(boxes: list[Box]) -> tuple[int, int, int, int]:
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    return left, top, max(box.x + box.width for box in boxes) - left, max(box.y + box.height for box in boxes) - top


def _view(boxes: list[Box]) -> tuple[int, int, int, int]:
    left, top, width, height = _around(boxes)
    return left - MARGIN, top - MARGIN, width + 2 * MARGIN, height + 2 * MARGIN


def _end(
    document: TwinDocument, types: Mapping[str, AssetType], boxes: Mapping[str, Box], end: tuple[str, str]
) -> tuple[int, int, int]:
    """Where a port is drawn, and to which side a line leaves it: -1 left, 1 right."""
    key, port = end
    side = is_inward(port)
    ports = [name for name in types[document.assets[key].type].ports if is_inward(name) == side]
    box = boxes[key]
    y = box.y + HEAD + ROW * ports.index(port) + ROW // 2
    return (box.x, y, -1) if side else (box.x + box.width, y, 1)


def _line(start: tuple[int, int, int], end: tuple[int, int, int]) -> str:
    (x1, y1, out), (x2, y2, back) = start, end
    if out == -back and (x2 - x1) * out < 0:
        return f"M{x1} {y1}H{x1 + out * DETOUR}V{(y1 + y2) // 2}H{x2 + back * DETOUR}V{y2}H{x2}"
    return f"M{x1} {y1}C{x1 + out * BEND} {y1} {x2 + back * BEND} {y2} {x2} {y2}"
