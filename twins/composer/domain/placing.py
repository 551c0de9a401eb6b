"""Where the assets of a blueprint lie: in columns from left to right, each centred on the others, none over another.

All lengths are pixels of the canvas; an asset is as large as the browser draws it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twins.catalog.schemas import AssetType

WIDTH, HEAD, ROW, GRID = 220, 60, 20, 20
"""Of an asset: its width, its head, one row of ports; and of the grid that it snaps to."""
BESIDE, BELOW, BETWEEN = 40, 60, 100
"""The space right of an asset, below one, and between columns."""
FRAME, TITLE = 40, 60
"""The space around the assets of a group, and above them for its name."""
_INWARD = re.compile(r"(in|input|inlet|suction|intake|supply|feed|return|drain)(_.*)?|.*_(in|input|inlet)")

Position = tuple[int, int]


def is_inward(port: str) -> bool:
    """Whether things come in by a port, going by its name; it is drawn on the left."""
    return _INWARD.fullmatch(port) is not None


def height_of(of: AssetType) -> int:
    """The height of an asset of a type, which grows with the ports of the fuller side."""
    inward = sum(map(is_inward, of.ports))
    rows = max(inward, len(of.ports) - inward)
    return HEAD + rows * ROW + (GRID if rows else 0)


@dataclass(frozen=True, slots=True)
class Block:
    """Things of one size in rows.

    Attributes:
        column: Which column it stands in.
        size: Width and height of one of them, with the space around it.
        count: How many there are.
        columns: How many stand side by side.
        gap: The space that the last in a row or column does not need, right and below.
    """

    column: int
    size: Position
    count: int
    columns: int
    gap: Position = (BESIDE, BELOW)

    @property
    def extent(self) -> Position:
        """Width and height of all of them."""
        wide, high = min(self.count, self.columns), -(-self.count // self.columns)
        return wide * self.size[0] - self.gap[0], high * self.size[1] - self.gap[1]

    def places(self, corner: Position) -> list[Position]:
        """Where each of them lies when the first lies at a corner."""
        rows = (divmod(index, self.columns) for index in range(self.count))
        return [(corner[0] + column * self.size[0], corner[1] + row * self.size[1]) for row, column in rows]


def assets_of(of: AssetType, *, column: int, count: int, columns: int) -> Block:
    """Assets of one type as a block."""
    return Block(column, (WIDTH + BESIDE, height_of(of) + BELOW), count, columns)


def groups_of(extent: Position, *, column: int, count: int, columns: int) -> Block:
    """Groups as a block.

    Args:
        extent: Width and height of what is in each of them.
        column: As for `Block`.
        count: As for `Block`.
        columns: As for `Block`.
    """
    framed = (extent[0] + 2 * FRAME + BESIDE, extent[1] + TITLE + FRAME + BELOW)
    return Block(column, framed, count, columns)


def arranged(blocks: Sequence[Block]) -> tuple[list[list[Position]], Position]:
    """Where the things of each block lie, the leftmost and uppermost at the origin, and how large all of them are."""
    columns: defaultdict[int, list[int]] = defaultdict(list)
    for index, block in enumerate(blocks):
        columns[block.column].append(index)
    heights = {column: _stacked(blocks[index] for index in members) for column, members in columns.items()}
    whole = max(heights.values(), default=0)
    places: list[list[Position]] = [[] for _ in blocks]
    left = 0
    for column in sorted(columns):
        width = max(blocks[index].extent[0] for index in columns[column])
        top = _snapped((whole - heights[column]) / 2)
        for index in columns[column]:
            inset = _snapped((width - blocks[index].extent[0]) / 2)
            places[index] = blocks[index].places((left + inset, top))
            top += blocks[index].extent[1] + BELOW
        left += width + BETWEEN
    return places, (max(left - BETWEEN, 0), whole)


def _stacked(blocks: Iterable[Block]) -> int:
    return sum(block.extent[1] + BELOW for block in blocks) - BELOW


def _snapped(length: float) -> int:
    return int(length) // GRID * GRID
