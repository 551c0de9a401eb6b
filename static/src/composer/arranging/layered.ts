/** A connected web of boxes, laid out in columns from left to right along its lines. */
import type { Position } from "../model/document.ts";
import { topsOf } from "./heights.ts";
import { orderedLanes, type Lanes } from "./lanes.ts";
import { SCREEN, sheetWidth, type Size } from "./packing.ts";
import { ranksOf, withoutCircles, type Link } from "./ranks.ts";

/** Between two columns, and between two boxes of a column. */
export const GAP: Position = [100, 40];
/** A column of so many boxes is never too high. */
const NEVER_HIGH = 24;
/** What is longer than so many sheets of its size goes into several rows, as text does: their links lead far back. */
const SHEETS = 4;

/**
 * Columns that are too high become several beside each other, to which their boxes go in turn, so that those that lay
 * near each other still do. Nothing when none is.
 */
function folded(columns: readonly number[][], sizes: readonly Size[]): number[] | null {
  const height = sizes.reduce((sum, size) => sum + size.height + GAP[1], 0) / sizes.length;
  const width = sizes.reduce((sum, size) => sum + size.width + GAP[0], 0) / sizes.length;
  const most = Math.max(NEVER_HIGH, Math.sqrt((sizes.length * width) / height / SCREEN));
  const rank = sizes.map(() => 0);
  let next = 0;
  for (const column of columns) {
    const boxes = column.filter((item) => item < sizes.length);
    const parts = Math.max(1, Math.round(boxes.length / most));
    boxes.forEach((box, index) => {
      rank[box] = next + (index % parts);
    });
    next += parts;
  }
  return next > columns.length ? rank : null;
}

/** The lanes of the web in columns of which none is too high. */
function columnsOf(sizes: readonly Size[], lines: readonly Link[]): Lanes {
  const heights = sizes.map(({ height }) => height);
  const links = withoutCircles(sizes.length, lines);
  const rank = ranksOf(sizes.length, links);
  const first = [...sizes.keys()].sort((one, other) => (rank[one] ?? 0) - (rank[other] ?? 0));
  const lanes = orderedLanes(links, rank, heights, first);
  const narrower = folded(lanes.columns, sizes);
  if (!narrower) return lanes;
  return orderedLanes(
    links,
    narrower,
    heights,
    lanes.columns.flat().filter((item) => item < sizes.length),
  );
}

/** How far right each column is, and at the end where one more would be. */
function leftsOf(columns: readonly number[][], sizes: readonly Size[]): number[] {
  const lefts = [0];
  for (const column of columns) {
    const width = column.reduce((most, item) => Math.max(most, sizes[item]?.width ?? 0), 0);
    lefts.push((lefts.at(-1) ?? 0) + width + GAP[0]);
  }
  return lefts;
}

/** With which columns rows begin: just one when it is not too long, else where in the last part fewest lines lead on. */
function rowStarts({ columns, after }: Lanes, lefts: readonly number[], sheet: number): number[] {
  if ((lefts.at(-1) ?? 0) <= SHEETS * sheet) return [0];
  const leading = columns.map((column) => column.reduce((sum, item) => sum + (after[item]?.length ?? 0), 0));
  const starts = [0];
  for (let start = 0; (lefts.at(-1) ?? 0) - (lefts[start] ?? 0) > sheet; starts.push(start)) {
    const far = (column: number) => (lefts[column] ?? 0) - (lefts[start] ?? 0);
    const possible = columns.flatMap((_, column) =>
      column > start + 1 && far(column) <= sheet && far(column) > 0.7 * sheet ? [column] : [],
    );
    start = possible.reduce(
      (best, each) => ((leading[each - 1] ?? 0) <= (leading[best - 1] ?? 0) ? each : best),
      possible[0] ?? start + 1,
    );
  }
  return starts;
}

/**
 * Where the boxes of a connected web go.
 *
 * @param sizes Of each box.
 * @param lines Between boxes, by their numbers; circles may be among them, lines from a box to itself may not.
 * @param sheet How wide the sheet is that all is drawn on, in pixels.
 */
export function layered(sizes: readonly Size[], lines: readonly Link[], sheet: number): Position[] {
  const lanes = columnsOf(sizes, lines);
  const tops = topsOf(
    lanes,
    sizes.map(({ height }) => height),
  );
  const lefts = leftsOf(lanes.columns, sizes);
  const height = tops.reduce((low, top) => Math.max(low, top), 0) - tops.reduce((high, top) => Math.min(high, top), 0);
  const starts = rowStarts(lanes, lefts, Math.max(sheet, sheetWidth([{ width: lefts.at(-1) ?? 0, height }], GAP[1])));
  const places = sizes.map((): Position => [0, 0]);
  let bottom = 0;
  starts.forEach((start, row) => {
    const columns = lanes.columns.slice(start, starts[row + 1]);
    const boxes = columns.map((column) => column.filter((item) => item < sizes.length));
    const highest = boxes.flat().reduce((least, box) => Math.min(least, tops[box] ?? 0), Infinity);
    const top = bottom;
    boxes.forEach((column, index) => {
      for (const box of column) {
        const y = top + (tops[box] ?? 0) - highest;
        places[box] = [(lefts[start + index] ?? 0) - (lefts[start] ?? 0), y];
        bottom = Math.max(bottom, y + (sizes[box]?.height ?? 0) + 4 * GAP[1]);
      }
    });
  });
  return places;
}
