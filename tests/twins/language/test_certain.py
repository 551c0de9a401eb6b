from __future__ import annotations

import pytest

from twins.language.certain import divisions_by_zero
from twins.language.checking import check
from twins.language.typed import Known, Role, Sort

NAMES = {
    "flow": Known(Role.SIGNAL, Sort.NUMBER, "m3/h"), "ratio": Known(Role.SIGNAL),
    "rated": Known(Role.PROPERTY, Sort.NUMBER, "m3/h"),
}  # fmt: skip


def found(text: str) -> list[tuple[int, int]]:
    return [(each.span.start, each.span.end) for each in divisions_by_zero(check(text, NAMES), NAMES)]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("ratio / 0", [(8, 9)]),
        ("ratio / -0", [(8, 10)]),
        ("ratio / (1 - 1)", [(9, 14)]),
        ("ratio / (flow - flow) * 1 m3/h", [(9, 20)]),
        ("ratio / (0 * ratio)", [(9, 18)]),
        ("ratio / (1 m3/h - 1000 L/h) * 1 m3/h", [(9, 26)]),
        ("1 / 0 + 2 / 0", [(4, 5), (12, 13)]),
        ("if ratio > 1 then ratio / min(0, 1) else 2", [(26, 35)]),
        ("ratio / 2", []),
        ("ratio / (flow - rated) * 1 m3/h", []),
        ("ratio / ratio", []),
        ("0 / ratio", []),
        ("flow / (rated - 0 m3/h)", []),
    ],
)
def test_divisors_that_are_always_zero(text: str, spans: list[tuple[int, int]]) -> None:
    assert found(text) == spans
