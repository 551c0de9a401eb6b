"""The pictures of a report as SVG, drawn from its content: by classes on a page, with their own style in a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from billing.reports.schemas import Bar

WIDTH, LABEL, RIGHT, ROW, PITCH, TOP = 720, 110, 50, 13, 17, 14
LETTER = 5.5
"""What a letter takes on average."""
CATEGORIES = {
    "up": "up",
    "down": "down",
    "excluded": "excluded",
    "unknown": "unknown",
    "off_calendar": "no service owed",
    "out_of_service": "not in service",
}
"""The categories of time as they are named beside their colour, in the order of the legend."""

PRINT_STYLE = (
    "text{font-family:'Libertinus Serif';font-size:10px;fill:#2b303a}.soft{fill:#5a6170}.grid{stroke:#d5d8de;"
    "stroke-width:.5}.up{fill:#bcd8c6}.down{fill:#b3261e}.excluded{fill:#8a7fc4}.unknown{fill:#c4c8cf}"
    ".off_calendar,.out_of_service{fill:#eceef2}.reached{fill:#2f6f9f}.other{fill:#9aa3b2}"
    ".target{stroke:#b3261e;stroke-width:1;stroke-dasharray:3 2}"
)
"""What the classes look like in a document; a page has them in its style sheet."""


def timeline(rows: Sequence[tuple[str, Sequence[Bar]]], days: Iterable[tuple[float, str]], *, style: str = "") -> str:
    """The period of each asset as a bar of coloured spans, with local midnights marked and a legend below."""
    bottom = TOP + len(rows) * PITCH
    used = {bar.category for _, bars in rows for bar in bars}
    parts = [*_grid(days, bottom)]
    for number, (name, bars) in enumerate(rows):
        top = TOP + number * PITCH
        parts.append(_text(0, top + 10, name, room=LABEL))
        parts += [_bar(bar.category, bar.start, bar.end, top) for bar in bars]
    parts += _legend([category for category in CATEGORIES if category in used], bottom + 14)
    return _svg("What the time of each asset counted as", bottom + 28, parts, style)


def percentages(rows: Sequence[tuple[str, float]], target: float | None, *, style: str = "") -> str:
    """Percentages as bars from nought to a hundred, the guarantee as a line; the first is how it was.

    Args:
        rows: Name and percent of each bar.
        target: The guaranteed percent.
        style: Rules for where no style sheet reaches.
    """
    bottom = TOP + 2 * len(rows) * PITCH
    parts = [*_grid([(at / 100, f"{at} %") for at in range(0, 101, 20)], bottom, left=0)]
    for number, (name, percent) in enumerate(rows):
        top = TOP + (2 * number + 1) * PITCH
        parts.append(_text(0, top - 4, name, room=WIDTH))
        parts.append(_bar("other" if number else "reached", 0, min(percent / 100, 1), top, left=0))
        parts.append(_text(_x(1) + 6, top + 10, f"{percent:.2f} %"))
    if target is not None:
        x = _x(target / 100, left=0)
        parts.append(f'<line class="target" x1="{x:.2f}" x2="{x:.2f}" y1="{TOP - 4}" y2="{bottom}"/>')
    return _svg("Outcome in percent beside what is guaranteed", bottom + 4, parts, style)


def _x(share: float, left: float = LABEL) -> float:
    return left + share * (WIDTH - left - RIGHT)


def _bar(kind: str, start: float, end: float, top: float, left: float = LABEL) -> str:
    begin, finish = _x(start, left), _x(end, left)
    return f'<rect class="{kind}" x="{begin:.2f}" y="{top}" width="{finish - begin:.2f}" height="{ROW}"/>'


def _text(x: float, y: float, text: str, kind: str = "", room: float = WIDTH) -> str:
    """A line of text; what there is no room for is told by three dots and read in full on pointing at it."""
    chosen, most = f' class="{kind}"' if kind else "", int(room / LETTER)
    told = escape(text) if len(text) <= most else f"<title>{escape(text)}</title>{escape(text[: most - 1])}…"
    return f'<text{chosen} x="{x:.2f}" y="{y}">{told}</text>'


def _grid(marks: Iterable[tuple[float, str]], bottom: float, left: float = LABEL) -> Iterator[str]:
    for share, text in marks:
        x = _x(share, left)
        yield f'<line class="grid" x1="{x:.2f}" x2="{x:.2f}" y1="{TOP - 2}" y2="{bottom}"/>'
        yield _text(x, TOP - 5, text, "soft")


def _legend(categories: Sequence[str], y: float) -> Iterator[str]:
    x = float(LABEL)
    for category in categories:
        name = CATEGORIES[category]
        yield f'<rect class="{category}" x="{x:.2f}" y="{y}" width="10" height="10"/>'
        yield _text(x + 14, y + 9, name, "soft")
        x += 32 + 6 * len(name)


def _svg(label: str, height: float, parts: Iterable[str], style: str) -> str:
    rules = f"<style>{style}</style>" if style else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox="0 0 {WIDTH} {height:g}" role="img" '
        f'aria-label="{escape(label)}">{rules}{"".join(parts)}</svg>'
    )
