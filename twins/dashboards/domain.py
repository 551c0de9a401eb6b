"""What the shape of a dashboard's document alone cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from tenants.kernel.errors import Finding
from twins.dashboards.schemas import COLUMNS, DashboardDocument, Widget


def findings(document: DashboardDocument) -> list[Finding]:
    """What is wrong with a document: widgets beyond the grid, over one another, or of one name."""
    return [*_beyond(document.widgets), *_over(document.widgets), *_twice(document.widgets), *_scales(document.widgets)]


def _beyond(widgets: Sequence[Widget]) -> Iterator[Finding]:
    for index, each in enumerate(widgets):
        if each.x + each.width > COLUMNS:
            yield Finding(
                "dashboard.beyond_grid", f"widgets/{index}", f"the widget reaches beyond column {COLUMNS}",
                "Make it narrower or move it to the left.",
            )  # fmt: skip


def _over(widgets: Sequence[Widget]) -> Iterator[Finding]:
    for (index, one), (_, other) in combinations(enumerate(widgets), 2):
        if overlap(one, other):
            yield Finding(
                "dashboard.overlap", f"widgets/{index}", f"the widget lies over “{other.title or other.id}”",
                "Move one of them.",
            )  # fmt: skip


def overlap(one: Widget, other: Widget) -> bool:
    """Whether two widgets share a cell of the grid."""
    return (
        one.x < other.x + other.width and other.x < one.x + one.width
        and one.y < other.y + other.height and other.y < one.y + one.height
    )  # fmt: skip


def _twice(widgets: Sequence[Widget]) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, each in enumerate(widgets):
        if each.id in seen:
            yield Finding("dashboard.id", f"widgets/{index}/id", "two widgets have one id", "Give each its own.")
        seen.add(each.id)


def _scales(widgets: Sequence[Widget]) -> Iterator[Finding]:
    for index, each in enumerate(widgets):
        if each.low is not None and each.high is not None and each.low >= each.high:
            yield Finding(
                "dashboard.scale", f"widgets/{index}/high", "the scale ends before it begins",
                "Give it an end above its beginning.",
            )  # fmt: skip
