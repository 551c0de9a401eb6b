from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from billing.outcomes.domain.spans import earliest, intersect, overlay, subtract, total, union

spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)))


def points(some: list[tuple[int, int]]) -> set[int]:
    return {point for start, end in some for point in range(start, end)}


def is_normal(some: list[tuple[int, int]]) -> bool:
    edges = [edge for span in some for edge in span]
    return edges == sorted(set(edges))


@given(spans)
def test_union_is_the_set_of_all_points(some: list[tuple[int, int]]) -> None:
    assert points(union(some)) == points(some)
    assert is_normal(union(some))


@given(spans, spans)
def test_intersect_and_subtract_part_a_set(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    left, right = union(one), union(other)
    assert points(intersect(left, right)) == points(left) & points(right)
    assert points(subtract(left, right)) == points(left) - points(right)
    assert is_normal(subtract(left, right))
    assert total(intersect(left, right)) + total(subtract(left, right)) == total(left)


@given(spans, st.integers(0, 60))
def test_earliest_takes_the_first_points(some: list[tuple[int, int]], limit: int) -> None:
    assert points(earliest(union(some), limit)) == set(sorted(points(some))[:limit])


def test_earliest_without_limit_takes_all() -> None:
    assert earliest([(0, 5), (7, 9)], None) == [(0, 5), (7, 9)]


@given(spans)
def test_overlay_shows_the_last_layer_at_every_point(some: list[tuple[int, int]]) -> None:
    layers = [(start, end, number) for number, (start, end) in enumerate(some)]
    seen = overlay(layers)
    top = {point: number for start, end, number in layers for point in range(start, end)}
    assert {point: number for start, end, number in seen for point in range(start, end)} == top
    assert seen == sorted(seen)
