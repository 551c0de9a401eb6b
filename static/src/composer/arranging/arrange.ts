/** Lining things up: by command, and by guides that show while something is dragged. Lengths in pixels of the canvas. */

export interface Box {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Alignment = "left" | "centre" | "right" | "top" | "middle" | "bottom";
export type Axis = "x" | "y";

/** A line that something dragged has in common with something else. */
export interface Guide {
  axis: Axis;
  /** Where the line is on its axis. */
  at: number;
  /** From where to where it is drawn, on the other axis. */
  from: number;
  to: number;
}

export type Places = Map<string, [x: number, y: number]>;

const SIZE = { x: "width", y: "height" } as const;
const OTHER = { x: "y", y: "x" } as const;

/** The least box around some. */
export function around(boxes: readonly Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { id: "", x, y, width: right - x, height: bottom - y };
}

const SHARE: Record<Alignment, [Axis, number]> = {
  left: ["x", 0],
  centre: ["x", 0.5],
  right: ["x", 1],
  top: ["y", 0],
  middle: ["y", 0.5],
  bottom: ["y", 1],
};

/** Where the boxes go so that they have an edge or their middle in common with the box around them all. */
export function aligned(boxes: readonly Box[], how: Alignment): Places {
  const [axis, share] = SHARE[how];
  const whole = around(boxes);
  const line = whole[axis] + whole[SIZE[axis]] * share;
  return new Map(
    boxes.map((box) => {
      const place = Math.round(line - box[SIZE[axis]] * share);
      return [box.id, axis === "x" ? [place, box.y] : [box.x, place]];
    }),
  );
}

/** Where the boxes go so that the gaps between them are equal; the first and the last stay. */
export function distributed(boxes: readonly Box[], axis: Axis): Places {
  const size = SIZE[axis];
  const inOrder = [...boxes].sort((one, other) => one[axis] + one[size] / 2 - (other[axis] + other[size] / 2));
  const [first, last] = [inOrder[0], inOrder.at(-1)];
  if (!first || !last || boxes.length < 3) return new Map(boxes.map((box) => [box.id, [box.x, box.y]]));
  const taken = inOrder.reduce((sum, box) => sum + box[size], 0);
  const gap = (last[axis] + last[size] - first[axis] - taken) / (inOrder.length - 1);
  let next = first[axis];
  return new Map(
    inOrder.map((box) => {
      const place = Math.round(next);
      next += box[size] + gap;
      return [box.id, axis === "x" ? [place, box.y] : [box.x, place]];
    }),
  );
}

interface Fit {
  /** How far the dragged box has to go to have the line in common. */
  by: number;
  at: number;
  others: Box[];
}

function linesOf(box: Box, axis: Axis): number[] {
  const size = box[SIZE[axis]];
  return [box[axis], box[axis] + size / 2, box[axis] + size];
}

/** How far one has to go to have any of its lines in common with each of the other's. */
function* stepsTo(moving: Box, other: Box, axis: Axis): Generator<[by: number, at: number]> {
  for (const at of linesOf(other, axis)) for (const line of linesOf(moving, axis)) yield [at - line, at];
}

/** The nearest line on one axis that the box can have in common with others, with all that have it. */
function nearest(moving: Box, others: readonly Box[], axis: Axis, reach: number): Fit | null {
  let best = null as Fit | null;
  for (const other of others) {
    for (const [by, at] of stepsTo(moving, other, axis)) {
      const distance = Math.abs(by);
      if (distance > (best ? Math.abs(best.by) : reach)) continue;
      if (best && best.by === by && best.at === at) best.others.push(other);
      else if (!best || distance < Math.abs(best.by)) best = { by, at, others: [other] };
    }
  }
  return best;
}

function guideOf(moving: Box, fit: Fit, axis: Axis): Guide {
  const across = OTHER[axis];
  const whole = around([moving, ...fit.others]);
  return { axis, at: fit.at, from: whole[across], to: whole[across] + whole[SIZE[across]] };
}

/**
 * How far a dragged box goes to line up with others nearby, and the lines that show it.
 *
 * `reach` is how near it has to be already. One pass over the others, so that it can be done at every move.
 */
export function guided(moving: Box, others: readonly Box[], reach: number): { by: [number, number]; guides: Guide[] } {
  const fits = (["x", "y"] as const).map((axis) => [axis, nearest(moving, others, axis, reach)] as const);
  const [byX, byY] = fits.map(([, fit]) => fit?.by ?? 0);
  const by: [number, number] = [byX ?? 0, byY ?? 0];
  const moved = { ...moving, x: moving.x + by[0], y: moving.y + by[1] };
  return { by, guides: fits.flatMap(([axis, fit]) => (fit ? [guideOf(moved, fit, axis)] : [])) };
}
