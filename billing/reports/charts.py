"""The pictures of a report as SVG, drawn from its content: by classes on a page, with their own style in a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from django.utils.translation import gettext, gettext_noop

from billing.contracts.shown import percent_shown
from billing.reports.schemas import TimelineRow
from tenants.edge.formats import number_shown

WIDTH, LABEL, RIGHT, ROW, PITCH, TOP = 720, 110, 50, 13, 17, 14
STRIP, TALL, BROAD = 84, 90, 40
"""The height of one clause among the months, and that and the breadth of the bars of their amounts."""
LETTER = 5.5
"""What a letter takes on average."""
CATEGORIES = {
    "up": gettext_noop("up"),
    "down": gettext_noop("down"),
    "excluded": gettext_noop("excluded"),
    "unknown": gettext_noop("unknown"),
    "off_calendar": gettext_noop("no service owed"),
    "out_of_service": gettext_noop("not in service"),
}
"""The categories of time as they are named beside their colour, in the order of the legend."""
AMOUNTS = {"other": gettext_noop("fee"), "reached": gettext_noop("total")}
"""The bars of each month as they are named beside their colour."""

PRINT_STYLE = (
    "text{font-family:'Libertinus Serif';font-size:10px;fill:#2b303a}.soft{fill:#5a6170}.grid{stroke:#d5d8de;"
    "stroke-width:.5}.up{fill:#bcd8c6}.down{fill:#b3261e}.excluded{fill:#8a7fc4}.unknown{fill:#c4c8cf}"
    ".off_calendar,.out_of_service{fill:#eceef2}.reached{fill:#2f6f9f}.other{fill:#9aa3b2}"
    ".target{stroke:#b3261e;stroke-width:1;stroke-dasharray:3 2}.trend{fill:none;stroke:#2f6f9f;stroke-width:1.5}"
    ".dot{fill:#2f6f9f}.value{stroke:#fff;stroke-width:3px;paint-order:stroke}"
)
"""What the classes look like in a document; a page has them in its style sheet."""


def timeline(
    rows: Sequence[TimelineRow], days: Iterable[tuple[float, str]], *, of: str = "", style: str = ""
) -> str:  # fmt: skip
    """The period of each asset as a bar of coloured spans, with local midnights marked and a legend below.

    Args:
        rows: The assets, or those whose time went alike.
        days: Where midnights are, as shares of the period, and how they are called.
        of: The clauses that it holds for; empty where there is only one.
        style: Rules for where no style sheet reaches.
    """
    bottom = TOP + len(rows) * PITCH
    used = {bar.category for row in rows for bar in row.bars}
    parts = [*_grid(days, bottom)]
    for number, row in enumerate(rows):
        top = TOP + number * PITCH
        parts.append(_names(row.names, top + 10))
        parts += [_bar(bar.category, bar.start, bar.end, top) for bar in row.bars]
    parts += _legend([category for category in CATEGORIES if category in used], bottom + 14)
    label = gettext("What the time of each asset counted as")
    return _svg(f"{label}: {of}" if of else label, bottom + 28, parts, style)


def percentages(rows: Sequence[tuple[str, str]], target: str | None, *, style: str = "") -> str:
    """Percentages as bars from nought to a hundred, the guarantee as a line; the first is how it was.

    Args:
        rows: Name and percent of each bar, as statements have it; the figure beside it is cut off as everywhere.
        target: The guaranteed percent.
        style: Rules for where no style sheet reaches.
    """
    bottom = TOP + 2 * len(rows) * PITCH
    parts = [*_grid([(at / 100, f"{at} %") for at in range(0, 101, 20)], bottom, left=0)]
    for number, (name, percent) in enumerate(rows):
        top = TOP + (2 * number + 1) * PITCH
        parts.append(_text(0, top - 4, name, room=WIDTH))
        parts.append(_bar("other" if number else "reached", 0, min(float(percent) / 100, 1), top, left=0))
        parts.append(_text(_x(1) + 6, top + 10, f"{percent_shown(percent)} %"))
    if target is not None:
        x = _x(float(target) / 100, left=0)
        parts.append(f'<line class="target" x1="{x:.2f}" x2="{x:.2f}" y1="{TOP - 4}" y2="{bottom}"/>')
    return _svg(gettext("Outcome in percent beside what is guaranteed"), bottom + 4, parts, style)


def trends(
    months: Sequence[str], clauses: Sequence[tuple[str, Sequence[str | None], str | None]], *, style: str = ""
) -> str:  # fmt: skip
    """What each clause reached month by month, one strip below the other, the guarantee as a line.

    Args:
        months: What each is called, shortly.
        clauses: Name, percent of each month as statements have it (None where it is not known), and the guaranteed
            percent of each clause.
        style: Rules for where no style sheet reaches.
    """
    parts: list[str] = []
    for number, (name, values, target) in enumerate(clauses):
        parts += _strip(name, values, target, TOP + number * STRIP)
    bottom = TOP + len(clauses) * STRIP
    parts += _months(months, bottom)
    return _svg(gettext("What each clause reached, month by month"), bottom + 6, parts, style)


def amounts(months: Sequence[str], fees: Sequence[int], totals: Sequence[int], *, style: str = "") -> str:
    """Fee and total of each month as bars beside each other, from nought.

    Args:
        months: What each is called, shortly.
        fees: Of each month, in minor units.
        totals: Of each month, in minor units.
        style: Rules for where no style sheet reaches.
    """
    low, high = min(0, *fees, *totals), max(0, *fees, *totals)
    scale, width = TALL / ((high - low) or 1), min(_slot(months) / 3, BROAD)
    zero = TOP + high * scale
    parts = []
    for number, pair in enumerate(zip(fees, totals, strict=True)):
        for place, (kind, minor) in enumerate(zip(("other", "reached"), pair, strict=True)):
            x, y, tall = _middle(number, months) + (place - 1) * width, zero - max(minor, 0) * scale, abs(minor) * scale
            parts.append(f'<rect class="{kind}" x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{tall:.2f}"/>')
    parts.append(f'<line class="grid" x1="0" x2="{WIDTH}" y1="{zero:.2f}" y2="{zero:.2f}"/>')
    bottom = TOP + TALL + 14
    parts += [
        *_months(months, bottom),
        *_legend(["other", "reached"], bottom + 8, AMOUNTS),
    ]
    return _svg(gettext("Fee and total, month by month"), bottom + 24, parts, style)


def _strip(name: str, percents: Sequence[str | None], target: str | None, top: float) -> Iterator[str]:
    """The percents of one clause as a line with a figure at each, lifted where nothing is known."""
    known = [float(each) for each in (*percents, target) if each is not None]
    low, high = min(known, default=0.0), max(known, default=100.0)
    spread = max(high - low, 0.1)

    def y(percent: str) -> float:
        return top + 30 + (high - float(percent)) / spread * (STRIP - 50)

    yield _text(0, top + 4, _strip_name(name, target), "soft")
    if target is not None:
        yield f'<line class="target" x1="0" x2="{WIDTH}" y1="{y(target):.2f}" y2="{y(target):.2f}"/>'
    pen, path = "M", ""
    figures = []
    for number, percent in enumerate(percents):
        if percent is None:
            pen = "M"
            continue
        x = _middle(number, percents)
        path += f"{pen}{x:.2f},{y(percent):.2f}"
        pen = "L"
        yield f'<circle class="dot" cx="{x:.2f}" cy="{y(percent):.2f}" r="3"/>'
        figures.append(_text(x - 14, y(percent) - 7, percent_shown(percent), "value"))
    yield f'<path class="trend" d="{path}"/>'
    yield from figures


def _strip_name(name: str, target: str | None) -> str:
    """What a strip is about, and what its dashed line is."""
    if target is None:
        return f"{name}, %"
    values = {"name": name, "target": number_shown(target)}
    return gettext("%(name)s, %%; dashed line: guaranteed %(target)s %%") % values


def _slot(months: Sequence[object]) -> float:
    return WIDTH / max(len(months), 1)


def _middle(number: int, months: Sequence[object]) -> float:
    return (number + 0.5) * _slot(months)


def _months(months: Sequence[str], y: float) -> Iterator[str]:
    for number, name in enumerate(months):
        yield _text(_middle(number, months) - len(name) * LETTER / 2, y, name, "soft")


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


def _names(names: Sequence[str], y: float) -> str:
    """The asset of a row; of several how many they are, all of them to be read on pointing at it."""
    if len(names) == 1:
        return _text(0, y, names[0], room=LABEL)
    told = gettext("%(count)s assets alike") % {"count": len(names)}
    return f'<text x="0" y="{y}"><title>{escape(", ".join(names))}</title>{escape(told)}</text>'


def _grid(marks: Iterable[tuple[float, str]], bottom: float, left: float = LABEL) -> Iterator[str]:
    for share, text in marks:
        x = _x(share, left)
        yield f'<line class="grid" x1="{x:.2f}" x2="{x:.2f}" y1="{TOP - 2}" y2="{bottom}"/>'
        yield _text(x, TOP - 5, text, "soft")


def _legend(categories: Sequence[str], y: float, names: Mapping[str, str] = CATEGORIES) -> Iterator[str]:
    x = float(LABEL)
    for category in categories:
        name = gettext(names[category])
        yield f'<rect class="{category}" x="{x:.2f}" y="{y}" width="10" height="10"/>'
        yield _text(x + 14, y + 9, name, "soft")
        x += 32 + 6 * len(name)


def _svg(label: str, height: float, parts: Iterable[str], style: str) -> str:
    rules = f"<style>{style}</style>" if style else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox="0 0 {WIDTH} {height:g}" role="img" '
        f'aria-label="{escape(label)}">{rules}{"".join(parts)}</svg>'
    )
