"""The pictures of a simulation: every value where it belongs, well-formed, and safe whatever a name holds."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from billing.simulation.charts import HEIGHT, LEFT, RIGHT, TOP, WIDTH, attained, curve, histogram, ticks

SVG = "{http://www.w3.org/2000/svg}"
SPAN = WIDTH - LEFT - RIGHT


def texts(picture: str) -> list[str | None]:
    return [text.text for text in ET.fromstring(picture).iter(f"{SVG}text")]


def classed(picture: str, tag: str, kind: str) -> list[ET.Element]:
    return [each for each in ET.fromstring(picture).iter(f"{SVG}{tag}") if each.get("class") == kind]


def test_months_are_points_with_a_hole_where_nothing_is_known() -> None:
    rows = [("2026-09", 98.0), ("2026-10", None), ("2026-11", 96.0), ("2026-12", 97.129)]
    picture = attained(rows, 97.0, "Attained")
    assert [len(classed(picture, "circle", kind)) for kind in ("reached", "missed")] == [2, 1]
    assert len(classed(picture, "polyline", "line")) == 2
    (due,) = classed(picture, "line", "target")
    # The axis runs from 96 to 98 in halves: 97 is in its middle.
    assert float(due.get("y1", "")) == TOP + HEIGHT / 2
    assert float(classed(picture, "circle", "missed")[0].get("cy", "")) == TOP + HEIGHT
    for text in ("98.00", "96.00", "97.12", "none", "2026-10", "97 % guaranteed"):
        assert text in texts(picture)
    assert ET.fromstring(picture).get("aria-label") == "Attained"


def test_a_clause_that_guarantees_nothing_and_months_without_outcomes_are_drawn_too() -> None:
    picture = attained([("2026-09", None)], None, "Nothing")
    assert classed(picture, "line", "target") == []
    assert "none" in texts(picture)


def test_the_curve_has_what_is_expected_and_what_is_rare() -> None:
    points = [(90.0, 0.0, 0.0), (95.0, 100.0, 300.0), (99.9, 400.0, 800.0)]
    picture = curve(points, 95.0, [(0.0, "0"), (400.0, "4"), (800.0, "8")], "Credits")
    usual, rare = classed(picture, "polyline", "line")[0], classed(picture, "polyline", "line rare")[0]
    assert usual.get("points", "").split()[0] == f"{LEFT:.2f},{TOP + HEIGHT:.2f}"
    assert rare.get("points", "").split()[-1] == f"{LEFT + SPAN:.2f},{TOP:.2f}"
    assert {"expected", "95 of 100", "now 95 %", "90 %"} <= set(texts(picture))
    alone = curve([(90.0, 0.0, None)], 99.0, [(0.0, "0")], "Credits")
    assert classed(alone, "polyline", "line rare") == []
    assert "now 99 %" not in texts(alone)


def test_bars_stand_where_their_amounts_are() -> None:
    bars = [(0.0, 99.0, 50), (100.0, 199.0, 0), (200.0, 299.0, 25)]
    picture = histogram(bars, 100, [(150.0, "expected"), (999.0, "99 of 100")], [(0.0, "0"), (200.0, "2")], "Years")
    drawn = classed(picture, "rect", "reached")
    assert [round((float(bar.get("x", "")) - LEFT) / SPAN, 3) for bar in drawn] == [0, 0.333, 0.667]
    assert [float(bar.get("height", "")) for bar in drawn] == [HEIGHT, 0, HEIGHT / 2]
    assert [round(float(line.get("x1", "")) - LEFT, 2) for line in classed(picture, "line", "target")] == [
        SPAN / 2, SPAN,
    ]  # fmt: skip
    assert {"0 %", "25 %", "50 %", "expected", "2"} <= set(texts(picture))


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [(0, 100, [0, 20, 40, 60, 80, 100]), (0, 0, [0]), (97.2, 99.1, [97, 97.5, 98, 98.5, 99, 99.5]), (5, 5, [5])],
)
def test_marks_are_round(low: float, high: float, marks: list[float]) -> None:
    assert ticks(low, high) == marks


def test_names_cannot_break_out() -> None:
    picture = attained([('</text><script>alert("1")</script>', 1.0)], None, '"><script>')
    assert "<script>" not in picture
    assert ET.fromstring(picture).get("aria-label") == '"><script>'
