"""Which spans of which assets are to be worked out anew, and which of them together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twins.telemetry.schemas import Ints

_LITTLE_US = 600 * 1_000_000
"""What may be read in vain to save a query."""


@dataclass(frozen=True, slots=True)
class Span:
    """Instants of one asset, in microseconds, both inclusive.

    Attributes:
        asset: Its number in the plan.
    """

    asset: int
    start: int
    end: int


def changed_spans(asset: Ints, at: Ints, reach_us: int) -> list[Span]:
    """The spans whose values readings can change, apart where a span between two readings is not touched.

    Args:
        asset: The number of the asset of each reading, shape ``(n,)``.
        at: Their instants in microseconds, shape ``(n,)``.
        reach_us: How far ahead a reading can matter.
    """
    order = np.lexsort((at, asset))
    asset, at = asset[order], at[order]
    apart = (asset[1:] != asset[:-1]) | (at[1:] - at[:-1] > reach_us)
    first = np.flatnonzero(np.append(True, apart))
    last = np.append(first[1:], asset.size) - 1
    rows = zip(asset[first].tolist(), at[first].tolist(), at[last].tolist(), strict=True)
    return [Span(number, start, end + reach_us) for number, start, end in rows]


def clusters(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Spans that lie so close together that reading all of them at once costs little more than each by itself."""
    ordered = sorted(spans, key=lambda span: span.start)
    while ordered:
        longest = ordered[0].end - ordered[0].start
        limit = ordered[0].start + 2 * longest + _LITTLE_US
        size = next((place for place, span in enumerate(ordered) if span.end > limit), len(ordered))
        yield ordered[: max(size, 1)]
        ordered = ordered[max(size, 1) :]
