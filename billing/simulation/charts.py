"""The pictures of a simulation as SVG, drawn by the classes that the style sheet of reports names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from math import ceil, floor, log10

WIDTH, LEFT, RIGHT, TOP, HEIGHT, FOOT = 720, 84, 92, 18, 150, 22


def attained(rows: Sequence[tuple[str, float | None]], guaranteed: float | None, label: str) -> str:
    """What was attained month by month as points of a line, what was guaranteed as a line across.

    Args:
        rows: Month and percent; None where there is no outcome, which leaves a hole.
        guaranteed: Percent; None where nothing is.
        label: What the picture is called.
    """
    known = [percent for _, percent in rows if percent is not None]
    low, high, marks = _scale([*known, *([] if guaranteed is None else [guaranteed])])
    step = (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    places = [LEFT + (number + 0.5) * step for number in range(len(rows))]
    parts = [*_across((_y(mark, low, high), f"{mark:g} %") for mark in marks)]
    if guaranteed is not None:
        y = _y(guaranteed, low, high)
        parts.append(f'<line class="target" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.2f}" y2="{y:.2f}"/>')
        parts.append(_text(WIDTH - RIGHT + 4, y + 3, f"{guaranteed:g} % guaranteed"))
    parts += [_line("line", [(x, _y(percent, low, high)) for x, percent in run]) for run in _runs(rows, places)]
    for x, (name, percent) in zip(places, rows, strict=True):
        parts.append(_text(x, TOP + HEIGHT + 14, name, "soft", anchor="middle"))
        if percent is None:
            parts.append(_text(x, TOP + HEIGHT - 4, "none", "soft", anchor="middle"))
            continue
        y = _y(percent, low, high)
        missed = guaranteed is not None and percent < guaranteed
        parts.append(f'<circle class="{"missed" if missed else "reached"}" cx="{x:.2f}" cy="{y:.2f}" r="3.5"/>')
        parts.append(_text(x, y - 7, _cut(percent), "value", anchor="middle"))
    return _svg(label, parts)


def curve(
    points: Sequence[tuple[float, float, float | None]], guaranteed: float, amounts: Sequence[tuple[float, str]],
    label: str,
) -> str:  # fmt: skip
    """A year's credits by guaranteed percentage: what is expected, and what 95 of 100 years stay within.

    Args:
        points: Percent, expected and P95 in minor units, with rising percents.
        guaranteed: Where the contract stands, percent.
        amounts: The marks of the upright axis, minor units with their text; the first is nought.
        label: What the picture is called.
    """
    low, high, top = points[0][0], points[-1][0], amounts[-1][0] or 1

    def at(percent: float, minor: float) -> tuple[float, float]:
        across = (percent - low) / ((high - low) or 1)
        return LEFT + across * (WIDTH - LEFT - RIGHT), _y(minor, 0, top)

    parts = [*_across((_y(minor, 0, top), text) for minor, text in amounts)]
    parts += [_text(at(mark, 0)[0], TOP + HEIGHT + 14, f"{mark:g} %", "soft", anchor="middle")
              for mark in _marks(low, high) if low <= mark <= high]  # fmt: skip
    if low <= guaranteed <= high:
        x = at(guaranteed, 0)[0]
        parts.append(f'<line class="target" x1="{x:.2f}" x2="{x:.2f}" y1="{TOP}" y2="{TOP + HEIGHT}"/>')
        parts.append(_text(x, TOP - 5, f"now {guaranteed:g} %", anchor="middle"))
    rare = [at(percent, p95) for percent, _, p95 in points if p95 is not None]
    usual = [at(percent, expected) for percent, expected, _ in points]
    parts.append(_line("line", usual))
    last = usual[-1][1]
    if rare:
        parts.append(_line("line rare", rare))
        parts.append(_text(WIDTH - RIGHT + 4, min(rare[-1][1], last - 12) + 3, "95 of 100"))
    parts.append(_text(WIDTH - RIGHT + 4, last + 3, "expected"))
    return _svg(label, parts)


def histogram(
    bars: Sequence[tuple[float, float, int]], years: int, marks: Sequence[tuple[float, str]],
    amounts: Sequence[tuple[float, str]], label: str,
) -> str:  # fmt: skip
    """How many years come to which credits, with marks above.

    Args:
        bars: From, to (both included, minor units) and the number of years.
        years: All of them.
        marks: Amounts to mark, with what they are.
        amounts: The marks of the axis below, minor units with their text.
        label: What the picture is called.
    """
    low, high = bars[0][0], bars[-1][1] + 1
    most = max(count for _, _, count in bars)
    scale = (WIDTH - LEFT - RIGHT) / (high - low)
    parts = [
        *_across((_y(share * most, 0, most), f"{100 * share * most / years:.0f} %") for share in (0, 0.5, 1)),
        *(_text(LEFT + (minor - low) * scale, TOP + HEIGHT + 14, text, "soft", anchor="middle")
          for minor, text in amounts if low <= minor <= high),
    ]  # fmt: skip
    for begin, end, count in bars:
        y = _y(count, 0, most)
        width = max((end + 1 - begin) * scale - 1, 1)
        parts.append(
            f'<rect class="reached" x="{LEFT + (begin - low) * scale:.2f}" y="{y:.2f}" width="{width:.2f}" '
            f'height="{TOP + HEIGHT - y:.2f}"/>'
        )
    for number, (minor, text) in enumerate(marks):
        x = LEFT + (min(minor, high) - low) * scale
        parts.append(f'<line class="target" x1="{x:.2f}" x2="{x:.2f}" y1="{TOP}" y2="{TOP + HEIGHT}"/>')
        parts.append(_text(x + 4, TOP + 9 + 12 * number, text, "value"))
    return _svg(label, parts)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from a bound to another, at most about so many, the first at or below ``low``."""
    span = (high - low) or abs(high) or 1
    size = 10 ** floor(log10(span / most))
    step = next(size * factor for factor in (1, 2, 5, 10) if span / (size * factor) <= most)
    first = floor(low / step)
    return [number * step for number in range(first, ceil(high / step) + 1)]


def _marks(low: float, high: float) -> list[float]:
    return [round(mark, 6) for mark in ticks(low, high, 10)]


def _scale(values: Sequence[float]) -> tuple[float, float, list[float]]:
    """The ends of an axis that has all values in it, and its marks."""
    low, high = (min(values), max(values)) if values else (0.0, 100.0)
    if high - low < 0.5:
        low, high = low - 0.5, high + 0.5
    marks = [round(mark, 6) for mark in ticks(low, high, 4)]
    return marks[0], marks[-1], marks


def _runs(rows: Sequence[tuple[str, float | None]], places: Sequence[float]) -> Iterator[list[tuple[float, float]]]:
    """The unbroken stretches of months with an outcome."""
    run: list[tuple[float, float]] = []
    for x, (_, percent) in zip(places, rows, strict=True):
        if percent is not None:
            run.append((x, percent))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _y(value: float, low: float, high: float) -> float:
    return TOP + HEIGHT * (1 - (value - low) / ((high - low) or 1))


def _cut(percent: float) -> str:
    """Two digits, cut off; the small allowance is for what a double cannot hold."""
    return f"{floor(percent * 100 + 1e-9) / 100:.2f}"


def _across(marks: Iterable[tuple[float, str]]) -> Iterator[str]:
    for y, text in marks:
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.2f}" y2="{y:.2f}"/>'
        yield _text(LEFT - 6, y + 3, text, "soft", anchor="end")


def _line(kind: str, points: Iterable[tuple[float, float]]) -> str:
    told = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    return f'<polyline class="{kind}" points="{told}"/>'


def _text(x: float, y: float, text: str, kind: str = "", *, anchor: str = "") -> str:
    chosen = f' class="{kind}"' if kind else ""
    side = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text{chosen}{side} x="{x:.2f}" y="{y:.2f}">{escape(text)}</text>'


def _svg(label: str, parts: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox="0 0 {WIDTH} {TOP + HEIGHT + FOOT}" '
        f'role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )
