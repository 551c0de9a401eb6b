"""Where the assets of a blueprint lie: in rows of columns, each centred on the others of its row, none over another.

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
        row: Which row of the whole it stands in; what stands in a later one lies below all of this.
    """

    column: int
    size: Position
    count: int
    columns: int
    gap: Position = (BESIDE, BELOW)
    row: int = 0

    @property
    def extent(self) -> Position:
        """Width and height of all of them."""
        wide, high = min(self.count, self.columns), -(-self.count // self.columns)
        return wide * self.size[0] - self.gap[0], high * self.size[1] - self.gap[1]

    def places(self, corner: Position) -> list[Position]:
        """Where each of them lies when the first lies at a corner."""
        rows = (divmod(index, self.columns) for index in range(self.count))
        return [(corner[0] + column * self.size[0], corner[1] + row * self.size[1]) for row, column in rows]


def assets_of(of: AssetType, *, column: int, row: int, count: int, columns: int) -> Block:
    """Assets of one type as a block."""
    return Block(column, (WIDTH + BESIDE, height_of(of) + BELOW), count, columns, row=row)


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
    rows: defaultdict[int, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    widths: defaultdict[int, int] = defaultdict(int)
    for index, block in enumerate(blocks):
        rows[block.row][block.column].append(index)
        widths[block.column] = max(widths[block.column], block.extent[0])
    places: list[list[Position]] = [[] for _ in blocks]
    top = 0
    for row in sorted(rows):
        heights = {column: _stacked(blocks[index] for index in members) for column, members in rows[row].items()}
        for column, members in rows[row].items():
            left = sum(width + BETWEEN for other, width in widths.items() if other < column)
            down = top + _snapped((max(heights.values()) - heights[column]) / 2)
            for index in members:
                inset = _snapped((widths[column] - blocks[index].extent[0]) / 2)
                places[index] = blocks[index].places((left + inset, down))
                down += blocks[index].extent[1] + BELOW
        top += max(heights.values()) + BELOW
    return places, (max(sum(widths.values()) + BETWEEN * (len(widths) - 1), 0), max(top - BELOW, 0))


def _stacked(blocks: Iterable[Block]) -> int:
    return sum(block.extent[1] + BELOW for block in blocks) - BELOW


def _snapped(length: float) -> int:
    return int(length) // GRID * GRID
