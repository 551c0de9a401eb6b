"""The pictures of a report: every span where it belongs, well-formed, and safe whatever a name holds."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from billing.reports.charts import CATEGORIES, LABEL, PRINT_STYLE, RIGHT, WIDTH, percentages, timeline
from billing.reports.schemas import Bar, TimelineRow

SVG = "{http://www.w3.org/2000/svg}"
SPAN = WIDTH - LABEL - RIGHT


def bars(picture: str) -> list[tuple[str | None, float, float]]:
    """Class, start and width of each bar, without those of the legend."""
    rects = [rect for rect in ET.fromstring(picture).iter(f"{SVG}rect") if rect.get("height") != "10"]
    return [(rect.get("class"), float(rect.get("x", "")), float(rect.get("width", ""))) for rect in rects]


def texts(picture: str) -> list[str | None]:
    return [text.text for text in ET.fromstring(picture).iter(f"{SVG}text")]


def test_spans_lie_where_their_time_is() -> None:
    bars_of = (Bar(0, 0.25, "up"), Bar(0.25, 0.5, "down"), Bar(0.5, 1, "excluded"))
    rows = [TimelineRow(("Engine 081",), bars_of)]
    picture = timeline(rows, [(0, "1"), (0.5, "16")])
    assert bars(picture) == [
        ("up", LABEL, SPAN / 4), ("down", LABEL + SPAN / 4, SPAN / 4), ("excluded", LABEL + SPAN / 2, SPAN / 2),
    ]  # fmt: skip
    assert texts(picture) == ["1", "16", "Engine 081", "up", "down", "excluded"]
    assert ET.fromstring(picture).get("aria-label") == "What the time of each asset counted as"


def test_a_picture_for_one_of_several_clauses_says_so() -> None:
    picture = timeline([TimelineRow(("m",), (Bar(0, 1, "up"),))], [], of="Uptime & cold")
    assert ET.fromstring(picture).get("aria-label") == "What the time of each asset counted as: Uptime & cold"


def test_assets_that_went_alike_are_told_by_their_number_and_named_on_pointing() -> None:
    picture = timeline([TimelineRow(("a", "<b>", "c"), (Bar(0, 1, "up"),))], [])
    (name,) = ET.fromstring(picture).iter(f"{SVG}title")
    assert (name.text, name.tail) == ("a, <b>, c", "3 assets alike")


def test_the_legend_names_what_is_drawn() -> None:
    rows = [TimelineRow(("m",), (Bar(0, 1, category),)) for category in CATEGORIES]
    assert texts(timeline(rows, []))[len(rows) :] == list(CATEGORIES.values())


def test_percentages_are_drawn_from_nought_with_the_guarantee() -> None:
    picture = percentages([("As it was", "97.109999"), ("Without", "50.000000"), ("Beyond", "120.000000")], "97")
    assert [(kind, left, round(width / (WIDTH - RIGHT), 3)) for kind, left, width in bars(picture)] == [
        ("reached", 0, 0.971), ("other", 0, 0.5), ("other", 0, 1.0),
    ]  # fmt: skip
    target = next(line for line in ET.fromstring(picture).iter(f"{SVG}line") if line.get("class") == "target")
    assert target.get("x1") == "649.90"
    assert "97.10 %" in texts(picture), "cut off as in the table beside it"
    assert 'class="target"' not in percentages([("x", "1.000000")], None)


def test_names_cannot_break_out() -> None:
    picture = timeline(
        [TimelineRow(('</text><script>alert("1")</script>',), (Bar(0, 1, "up"),))], [], style=PRINT_STYLE
    )
    assert "<script>" not in picture
    name = next(ET.fromstring(picture).iter(f"{SVG}title"))
    assert name.text == '</text><script>alert("1")</script>'
    assert name.tail == "</text><script>aler…"


def test_a_name_stands_over_its_percentage_as_far_as_there_is_room() -> None:
    picture = percentages([("As it was", "97.100000"), ("w" * 200, "50.000000")], None)
    assert "As it was" in texts(picture)
    assert "w" * 129 + "…" in picture
    assert "w" * 200 in picture
