/** Tidying: lays boxes out along the lines that join them, and leaves alone those that a person has placed. */
import type { Position } from "../model/document.ts";
import { snapped } from "../model/geometry.ts";
import { GAP, layered } from "./layered.ts";
import { packed, SCREEN, sheetWidth, type Size } from "./packing.ts";
import type { Link } from "./ranks.ts";

/** Less than this between two boxes is too close. */
const NEAR = GAP[1] / 2;
/** The breadth of the stripes in which boxes are looked for. */
const STRIPE = 400;
/** Between what no line joins. */
const APART = 4 * GAP[1];
/** A sheet is never so narrow that a train of a dozen machines would not go onto it. */
const LEAST_SHEET = 4000;

/** Something that lies on the canvas: an asset, or a group that is drawn as one box. */
export interface Box {
  id: string;
  at: Position;
  width: number;
  height: number;
  /** Whether it stays where it is. */
  kept: boolean;
  /** What it lies in a frame with, by the key of the group. */
  group?: string;
}

export interface Plan {
  boxes: Box[];
  /**
   * The ids of what is joined, in the direction of the flow, and how far below the top of the one the line leaves it
   * and meets the other: in the middle when it is not said.
   */
  lines: [from: string, to: string, leaves?: number | undefined, arrives?: number | undefined][];
  /** The room that a frame takes beside and below its boxes, and above them. */
  frame?: Position;
  /** Whether the lines only say what lies near what: for webs that cannot be laid out along them in good time. */
  rough?: boolean;
}

type Places = Map<string, Position>;
type Lines = Plan["lines"];

/** Boxes that were laid out as a whole: how large it is, and where each lies in it. */
interface Block extends Size {
  places: Places;
}

function blockOf(boxes: readonly Box[], places: readonly Position[]): Block {
  const [left, top] = [0, 1].map((axis) => places.reduce((least, at) => Math.min(least, at[axis] ?? 0), Infinity));
  const found: Places = new Map();
  let [width, height] = [0, 0];
  boxes.forEach((box, index) => {
    const [x, y] = places[index] ?? [0, 0];
    const at = snapped([x - (left ?? 0), y - (top ?? 0)]);
    found.set(box.id, at);
    width = Math.max(width, at[0] + box.width);
    height = Math.max(height, at[1] + box.height);
  });
  return { places: found, width, height };
}

function inGrid(boxes: readonly Box[]): Position[] {
  const width = boxes.reduce((most, box) => Math.max(most, box.width), 0);
  const height = boxes.reduce((most, box) => Math.max(most, box.height), 0);
  const columns = Math.max(1, Math.round(Math.sqrt(boxes.length * SCREEN * (height / width))));
  return boxes.map((_, index) => [
    (index % columns) * (width + GAP[1]),
    Math.floor(index / columns) * (height + GAP[1]),
  ]);
}

/** The boxes in parts that no line leads out of: in each from one box on what it leads to and comes from, nearest first. */
function partsOf(boxes: readonly Box[], lines: Lines): Box[][] {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const near = new Map(boxes.map((box): [Box, Box[]] => [box, []]));
  for (const [source, target] of lines) {
    const [from, to] = [byId.get(source), byId.get(target)];
    if (!from || !to || from === to) continue;
    near.get(from)?.push(to);
    near.get(to)?.push(from);
  }
  const found = new Set<Box>();
  return boxes.flatMap((box) => {
    if (found.has(box)) return [];
    const part = new Set([box]);
    // A set is walked in the order in which it grows, and here it grows while it is walked.
    for (const each of part) for (const next of near.get(each) ?? []) part.add(next);
    for (const each of part) found.add(each);
    return [[...part]];
  });
}

/** The lines within a part, by the numbers of its boxes. */
function linksOf(part: readonly Box[], touching: ReadonlyMap<string, Lines>): Link[] {
  const numbers = new Map(part.map(({ id }, number) => [id, number]));
  const middle = (number: number) => (part[number]?.height ?? 0) / 2;
  return part.flatMap(({ id }, from) =>
    (touching.get(id) ?? []).flatMap(([, target, leaves, arrives]): Link[] => {
      const to = numbers.get(target);
      if (to === undefined || to === from) return [];
      return [{ from, to, leaves: leaves ?? middle(from), arrives: arrives ?? middle(to) }];
    }),
  );
}

function byStart(lines: Lines): Map<string, Lines> {
  const found = new Map<string, Lines>();
  for (const line of lines) {
    const known = found.get(line[0]);
    if (known) known.push(line);
    else found.set(line[0], [line]);
  }
  return found;
}

/** What is joined in parts beside and below each other, and under them in a grid what nothing is joined to. */
function laidOut(boxes: readonly Box[], lines: Lines, rough: boolean): Block {
  const leaving = byStart(lines);
  const sheet = Math.max(LEAST_SHEET, sheetWidth(boxes, GAP[1]));
  const parts = partsOf(boxes, lines);
  const joined = parts.filter((part) => part.length > 1);
  const alone = parts.filter((part) => part.length === 1).flat();
  const blocks = joined.map((part) =>
    blockOf(part, rough ? inGrid(part) : layered(part, linksOf(part, leaving), sheet)),
  );
  const corners = packed(blocks, APART);
  const bottom = blocks.reduce(
    (low, { height }, index) => Math.max(low, (corners[index]?.[1] ?? 0) + height + APART),
    0,
  );
  const places = blocks.flatMap((block, index) => {
    const [x, y] = corners[index] ?? [0, 0];
    return [...block.places.values()].map(([right, down]): Position => [x + right, y + down]);
  });
  return blockOf(
    [...joined.flat(), ...alone],
    [...places, ...inGrid(alone).map(([x, y]): Position => [x, bottom + y])],
  );
}

/** The boxes of each group as a block, by the key of the group. */
function groupsOf({ boxes, lines, rough = false }: Plan): Map<string, Block> {
  const members = new Map<string, Box[]>();
  for (const box of boxes) {
    if (box.group === undefined) continue;
    const known = members.get(box.group);
    if (known) known.push(box);
    else members.set(box.group, [box]);
  }
  return new Map([...members].map(([group, each]) => [group, laidOut(each, lines, rough)]));
}

/** Where all boxes would go if none were kept: those of a group together, and each group as one box among the others. */
function wishes(plan: Plan): Places {
  const { boxes, lines, rough = false, frame: [beside, above] = [0, 0] } = plan;
  const groups = groupsOf(plan);
  const frameOf = new Map(boxes.flatMap(({ id, group }) => (group === undefined ? [] : [[id, group] as const])));
  const frames = [...groups].map(([group, { width, height }]): Box => {
    return { id: group, at: [0, 0], width: width + 2 * beside, height: height + beside + above, kept: false };
  });
  const down = (id: string, within: number | undefined) => {
    const at = groups.get(frameOf.get(id) ?? "")?.places.get(id);
    return at && within !== undefined ? at[1] + above + within : within;
  };
  const between = lines.map(([from, to, leaves, arrives]): Lines[number] => [
    frameOf.get(from) ?? from,
    frameOf.get(to) ?? to,
    down(from, leaves),
    down(to, arrives),
  ]);
  const { places } = laidOut([...frames, ...boxes.filter(({ group }) => group === undefined)], between, rough);
  for (const [group, block] of groups) {
    const [x, y] = places.get(group) ?? [0, 0];
    for (const [id, at] of block.places) places.set(id, [x + beside + at[0], y + above + at[1]]);
  }
  return places;
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
