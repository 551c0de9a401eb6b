/** What lies in which column and in what order: the boxes, and the lanes of lines that lead past a column. */
import type { Link } from "./ranks.ts";

/** What an item is joined to in the next column, and how far down its side, from 0 to 1. */
interface Touch {
  item: number;
  at: number;
}

export interface Lanes {
  /** The items of each column, from the top. The first numbers are those of boxes, the others those of lanes. */
  columns: number[][];
  /** By the number of an item: what it touches in the column before its own, and in the one after. */
  before: Touch[][];
  after: Touch[][];
  /** The lanes of each link, from left to right. */
  ofLink: Map<Link, number[]>;
}

/** More lanes than this are not laid: the longest lines go where they may. */
const MOST_LANES = 20_000;
/** About how many items may be put in order, over all rounds, before it is good enough. */
const WORK = 200_000;
const LEAST_ROUNDS = 4;
const MOST_ROUNDS = 24;

/** How many columns a link leads past. */
function span({ from, to }: Link, rank: readonly number[]): number {
  return (rank[to] ?? 0) - (rank[from] ?? 0) - 1;
}

/** The links that get lanes, of which the shortest come first when there are too many. */
function laid(links: readonly Link[], rank: readonly number[]): ReadonlySet<Link> {
  let lanes = 0;
  const shortest = links.toSorted((one, other) => span(one, rank) - span(other, rank));
  return new Set(shortest.filter((link) => (lanes += span(link, rank)) <= MOST_LANES));
}

function lanesOf(links: readonly Link[], rank: readonly number[], heights: readonly number[]): Lanes {
  const columns = Array.from({ length: rank.reduce((most, each) => Math.max(most, each), 0) + 1 }, (): number[] => []);
  const [before, after] = [0, 1].map(() => rank.map((): Touch[] => [])) as [Touch[][], Touch[][]];
  const ofLink = new Map<Link, number[]>();
  const wanted = laid(links, rank);
  const part = (height: number, box: number) => height / (heights[box] ?? 1);
  for (const link of links) {
    if (!wanted.has(link)) continue;
    const lanes = Array.from({ length: span(link, rank) }, (_, index) => before.length + index);
    for (const _ of lanes) for (const touches of [before, after]) touches.push([]);
    const way: Touch[] = [
      { item: link.from, at: part(link.leaves, link.from) },
      ...lanes.map((item): Touch => ({ item, at: 0.5 })),
      { item: link.to, at: part(link.arrives, link.to) },
    ];
    way.slice(1).forEach((next, index) => {
      const last = way[index] ?? next;
      after[last.item]?.push(next);
      before[next.item]?.push(last);
    });
    ofLink.set(link, lanes);
  }
  return { columns, before, after, ofLink };
}

/** Fills the columns by walking along the lines, so that what hangs together lies together from the start. */
function fill({ columns, before, after }: Lanes, rank: readonly number[], first: readonly number[]): void {
  const found = new Uint8Array(before.length);
  // What is pushed last is walked first: first what leads here, in its order, then what follows.
  const touched = (item: number, column: number) =>
    [
      ...(before[item] ?? []).map((next) => ({ item: next.item, column: column - 1 })),
      ...(after[item] ?? []).map((next) => ({ item: next.item, column: column + 1 })),
    ].reverse();
  for (const start of first) {
    const path = [{ item: start, column: rank[start] ?? 0 }];
    for (let last = path.pop(); last; last = path.pop()) {
      if (found[last.item]) continue;
      found[last.item] = 1;
      columns[last.column]?.push(last.item);
      path.push(...touched(last.item, last.column));
    }
  }
}

/** Puts a column in the order of the middle of what its items touch; those that touch nothing stay where they are. */
function sort(column: number[], touches: readonly Touch[][], place: Float64Array, wish: Float64Array): void {
  for (const item of column) {
    const touched = touches[item] ?? [];
    let sum = 0;
    for (const { item: near, at } of touched) sum += (place[near] ?? 0) + at;
    wish[item] = sum / touched.length;
  }
  const touching = column.filter((item) => touches[item]?.length);
  touching.sort((one, other) => (wish[one] ?? 0) - (wish[other] ?? 0));
  let next = 0;
  column.forEach((item, index) => {
    if (touches[item]?.length) column[index] = touching[next++] ?? item;
  });
  number(column, place);
}

function number(column: readonly number[], place: Float64Array): void {
  column.forEach((item, index) => {
    place[item] = index;
  });
}

/** Of how many steps a side is, for lines that leave or meet it at different heights. */
const STEPS = 16;

/** How many pairs of lines cross between a column and the next one. */
function crossings(column: readonly number[], size: number, after: readonly Touch[][], place: Float64Array): number {
  // A Fenwick tree counts, for each line from the top on, those before it that end further down.
  const tree = new Int32Array(size * STEPS + 2);
  let [seen, found] = [0, 0];
  for (const item of column) {
    const ends = (after[item] ?? []).map(
      ({ item: far, at }) => (place[far] ?? 0) * STEPS + Math.floor(at * (STEPS - 1)),
    );
    for (const end of ends) {
      let above = 0;
      for (let at = end + 1; at > 0; at -= at & -at) above += tree[at] ?? 0;
      found += seen - above;
    }
    for (const end of ends) for (let at = end + 1; at < tree.length; at += at & -at) tree[at] = (tree[at] ?? 0) + 1;
    seen += ends.length;
  }
  return found;
}

function allCrossings({ columns, after }: Lanes, place: Float64Array): number {
  return columns.reduce(
    (sum, column, index) => sum + crossings(column, columns[index + 1]?.length ?? 0, after, place),
    0,
  );
}

/** Orders the columns so that few lines cross: sweeps through them both ways, and the best order that was seen. */
function untangle(lanes: Lanes): void {
  const { columns, before, after } = lanes;
  const place = new Float64Array(before.length);
  const wish = new Float64Array(before.length);
  for (const column of columns) number(column, place);
  const rounds = Math.min(MOST_ROUNDS, Math.max(LEAST_ROUNDS, Math.floor(WORK / before.length)));
  let [best, fewest] = [columns.map((column) => [...column]), allCrossings(lanes, place)];
  for (let round = 0; round < rounds && fewest > 0; round += 1) {
    for (const column of columns) sort(column, before, place, wish);
    for (const column of columns.toReversed()) sort(column, after, place, wish);
    const now = allCrossings(lanes, place);
    if (now < fewest) [best, fewest] = [columns.map((column) => [...column]), now];
  }
  lanes.columns = best;
}

/**
 * The columns with few lines that cross.
 *
 * @param links Without circles.
 * @param rank The column of each box.
 * @param heights How high each box is.
 * @param first The boxes in the order in which the columns are filled at first.
 */
export function orderedLanes(
  links: readonly Link[],
  rank: readonly number[],
  heights: readonly number[],
  first: readonly number[],
): Lanes {
  const lanes = lanesOf(links, rank, heights);
  fill(lanes, rank, first);
  untangle(lanes);
  return lanes;
}
