/**
 * Spans of time in layers. A period is cut wherever anything begins or ends; in each of the cells between two cuts
 * nothing changes, so that all questions are asked of whole cells. Spans end where the next may start.
 */
export type Span<Says> = [start: number, end: number, says: Says];

/** Where a period is cut: at its bounds, and where any layer begins or ends within them. */
export function cutsOf(bounds: [number, number], ...layered: Span<unknown>[][]): number[] {
  const cuts = new Set(bounds);
  for (const layers of layered)
    for (const [start, end] of layers)
      for (const edge of [start, end]) if (bounds[0] < edge && edge < bounds[1]) cuts.add(edge);
  return [...cuts].sort((one, other) => one - other);
}

/**
 * What the topmost layer says in each cell, null where there is none: later layers lie over earlier ones, so that from
 * the top down each takes the cells that are still free.
 */
export function fromAbove<Says>(cuts: number[], layers: Span<Says>[]): (Says | null)[] {
  const cells = Array<Says | null>(Math.max(0, cuts.length - 1)).fill(null);
  const free = Array.from(cuts, (_, at) => at); // of each cell the next one that is free
  for (const [start, end, says] of layers.toReversed()) {
    const stop = Math.min(firstFrom(cuts, end), cells.length);
    let at = next(free, firstFrom(cuts, start));
    while (at < stop) {
      cells[at] = says;
      free[at] = at + 1;
      at = next(free, at);
    }
  }
  return cells;
}

/** The cells of a span: start, end, and what lies on top there. */
export function cellsOf<Says>(bounds: [number, number], layers: Span<Says>[]): Span<Says | null>[] {
  const cuts = cutsOf(bounds, layers);
  return fromAbove(cuts, layers).map((says, at): Span<Says | null> => [cuts[at] ?? 0, cuts[at + 1] ?? 0, says]);
}

/** The first cut that is not before an instant. */
function firstFrom(cuts: number[], instant: number): number {
  let [low, high] = [0, cuts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cuts[middle] ?? 0) < instant) low = middle + 1;
    else high = middle;
  }
  return low;
}

function next(free: number[], from: number): number {
  let at = Math.min(from, free.length - 1);
  while (free[at] !== at) {
    free[at] = free[free[at] ?? at] ?? at;
    at = free[at] ?? at;
  }
  return at;
}

/** Pieces of time in their order, neighbours that say the same as one. */
export function joined<Says>(
  pieces: Span<Says>[],
  same: (one: Says, other: Says) => boolean = Object.is,
): Span<Says>[] {
  const found: Span<Says>[] = [];
  for (const [start, end, says] of pieces) {
    const last = found.at(-1);
    if (last?.[1] === start && same(last[2], says)) last[1] = end;
    else if (start < end) found.push([start, end, says]);
  }
  return found;
}

/** How long some disjoint spans last within others. */
export function overlap(some: Span<unknown>[], others: Span<unknown>[]): number {
  let length = 0;
  for (const [start, end] of some)
    for (const [since, until] of others) length += Math.max(0, Math.min(end, until) - Math.max(start, since));
  return length;
}
