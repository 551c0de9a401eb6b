/** Tidying: lays boxes out along the lines that join them, and leaves alone those that a person has placed. */
import { graphlib, layout } from "@dagrejs/dagre";
import type { Position } from "../model/document.ts";
import { snapped } from "../model/geometry.ts";

const GAP: Position = [100, 40];
/** Less than this between two boxes is too close. */
const NEAR = GAP[1] / 2;
/** The breadth of the stripes in which boxes are looked for. */
const STRIPE = 400;

/** Something that lies on the canvas: an asset, or a group that is drawn as one box. */
export interface Box {
  id: string;
  at: Position;
  width: number;
  height: number;
  /** Whether it stays where it is. */
  kept: boolean;
}

export interface Plan {
  boxes: Box[];
  /** The ids of what is joined, in the direction of the flow. */
  lines: [from: string, to: string][];
  /** Whether the lines only say what lies near what: for webs that cannot be laid out along them in good time. */
  rough?: boolean;
}

type Places = Map<string, Position>;

function alongLines(boxes: Box[], lines: Plan["lines"]): Places {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", ranksep: GAP[0], nodesep: GAP[1] });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of boxes) graph.setNode(id, { width, height });
  for (const [from, to] of lines) if (from !== to && graph.hasNode(from) && graph.hasNode(to)) graph.setEdge(from, to);
  layout(graph);
  return new Map(
    boxes.map(({ id, width, height }) => {
      const { x, y } = graph.node(id) as { x: number; y: number };
      return [id, [x - width / 2, y - height / 2]];
    }),
  );
}

function inGrid(boxes: Box[], top: number): Places {
  const [width, height] = [
    Math.max(0, ...boxes.map((box) => box.width)),
    Math.max(0, ...boxes.map((box) => box.height)),
  ];
  // Wider than high, as screens are.
  const columns = Math.max(1, Math.round(Math.sqrt(boxes.length * 1.6 * (height / width))));
  return new Map(
    boxes.map(({ id }, index) => [
      id,
      [(index % columns) * (width + GAP[1]), top + Math.floor(index / columns) * (height + GAP[1])],
    ]),
  );
}

/** The boxes with what is joined side by side: from each on, what it leads to and comes from, nearest first. */
function neighbourly(boxes: Box[], lines: Plan["lines"]): Box[] {
  const near = new Map(boxes.map((box): [string, string[]] => [box.id, []]));
  for (const [from, to] of lines) {
    near.get(from)?.push(to);
    near.get(to)?.push(from);
  }
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const found = new Set<string>();
  for (const { id } of boxes) {
    found.add(id);
    // A set is walked in the order in which it grows, and here it grows while it is walked.
    for (const each of found) for (const next of near.get(each) ?? []) if (byId.has(next)) found.add(next);
  }
  return [...found].flatMap((id) => byId.get(id) ?? []);
}

function joinedPlaces(connected: Box[], { lines, rough = false }: Plan): Places {
  if (connected.length === 0) return new Map();
  return rough ? inGrid(neighbourly(connected, lines), 0) : alongLines(connected, lines);
}

function wishes(plan: Plan): Places {
  const { boxes, lines } = plan;
  const joined = new Set(lines.flat());
  const connected = boxes.filter((box) => joined.has(box.id));
  const places = joinedPlaces(connected, plan);
  const bottom = connected.reduce((y, box) => Math.max(y, (places.get(box.id)?.[1] ?? 0) + box.height), 0);
  const alone = boxes.filter((box) => !joined.has(box.id));
  return new Map([...places, ...inGrid(alone, connected.length ? bottom + 2 * GAP[1] : 0)]);
}

/** How far the wished places have to be shifted so that they lie, on average, where the kept boxes lie. */
function shift(kept: Box[], wished: Places): Position {
  if (kept.length === 0) return [0, 0];
  const sum: Position = [0, 0];
  for (const { id, at } of kept) {
    const [x, y] = wished.get(id) ?? at;
    sum[0] += at[0] - x;
    sum[1] += at[1] - y;
  }
  return [sum[0] / kept.length, sum[1] / kept.length];
}

type Space = Pick<Box, "at" | "width" | "height">;

function collides(one: Space, other: Space): boolean {
  return (
    one.at[0] < other.at[0] + other.width + NEAR &&
    other.at[0] < one.at[0] + one.width + NEAR &&
    one.at[1] < other.at[1] + other.height + NEAR &&
    other.at[1] < one.at[1] + one.height + NEAR
  );
}

/** The room that is taken, found by stripes from left to right: only what lies in the same ones can be in the way. */
class Taken {
  private readonly stripes = new Map<number, Space[]>();

  add(space: Space): void {
    for (const stripe of Taken.stripesOf(space)) {
      const found = this.stripes.get(stripe);
      if (found) found.push(space);
      else this.stripes.set(stripe, [space]);
    }
  }

  /** Where a box is free, going down from where it wishes to be. */
  freeFor(wished: Space): Position {
    const moved = { ...wished };
    const near = Taken.stripesOf(wished).flatMap((stripe) => this.stripes.get(stripe) ?? []);
    const below = near.sort((one, other) => one.at[1] + one.height - other.at[1] - other.height);
    for (const each of below) {
      if (collides(moved, each)) moved.at = snapped([moved.at[0], each.at[1] + each.height + GAP[1]]);
    }
    return moved.at;
  }

  private static stripesOf({ at, width }: Space): number[] {
    const first = Math.floor((at[0] - NEAR) / STRIPE);
    const last = Math.floor((at[0] + width + NEAR) / STRIPE);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  }
}

/**
 * Where all boxes but the kept ones go, without those that lie there already; none covers another. The layout is made
 * of all, so that what moves lies in order with what stays.
 */
export function tidy(plan: Plan): Places {
  const wished = wishes(plan);
  const kept = plan.boxes.filter((box) => box.kept);
  const [right, down] = shift(kept, wished);
  const taken = new Taken();
  for (const box of kept) taken.add(box);
  const moved: Places = new Map();
  for (const box of plan.boxes) {
    if (box.kept) continue;
    const [x, y] = wished.get(box.id) ?? box.at;
    const wish = { ...box, at: snapped([x + right, y + down]) };
    // Without anything to keep clear of, the layout itself lets nothing cover anything.
    const at = kept.length ? taken.freeFor(wish) : wish.at;
    if (kept.length) taken.add({ ...wish, at });
    if (box.at[0] !== at[0] || box.at[1] !== at[1]) moved.set(box.id, at);
  }
  return moved;
}
