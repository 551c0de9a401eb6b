/** How large assets are drawn, and where there is room for another one. All lengths in pixels of the canvas. */
import { isInward, type AssetType } from "./catalogue.ts";
import type { Position, TwinDocument } from "./document.ts";

export const GRID = 20;
export const WIDTH = 220;
export const HEAD = 60;
export const PORT_ROW = 20;
const GAP = 40;

export interface PlacedPort {
  name: string;
  side: "left" | "right";
  /** From the top of the asset to the middle of the port. */
  y: number;
}

interface Shape {
  ports: readonly PlacedPort[];
  height: number;
}

/** A type never changes, and thousands of assets may be of the same one. */
const shapes = new WeakMap<AssetType, Shape>();
const BARE: Shape = { ports: [], height: HEAD };

function shapeOf(type: AssetType | undefined): Shape {
  if (!type) return BARE;
  const known = shapes.get(type);
  if (known) return known;
  const next = { left: 0, right: 0 };
  const ports = Object.keys(type.ports).map((name): PlacedPort => {
    const side = isInward(name) ? "left" : "right";
    return { name, side, y: HEAD + PORT_ROW * next[side]++ + PORT_ROW / 2 };
  });
  const rows = Math.max(next.left, next.right);
  const shape = { ports, height: HEAD + rows * PORT_ROW + (rows ? GRID : 0) };
  shapes.set(type, shape);
  return shape;
}

/** The ports of a type where they are drawn: inward ones on the left, the others on the right. */
export function placedPorts(type: AssetType | undefined): readonly PlacedPort[] {
  return shapeOf(type).ports;
}

/** The height of an asset of this type; a multiple of the grid. */
export function heightOf(type: AssetType | undefined): number {
  return shapeOf(type).height;
}

/** The nearest point of the grid. */
export function snapped([x, y]: Position): Position {
  return [Math.round(x / GRID) * GRID, Math.round(y / GRID) * GRID];
}

function isFree(taken: Position[], [x, y]: Position, height: number): boolean {
  return taken.every(([left, top]) => Math.abs(left - x) >= WIDTH + GAP / 2 || Math.abs(top - y) >= height + GAP / 2);
}

/** The steps of one ring around a place, nearest first, to the right and below before to the left and above. */
function ringOf(size: number): Position[] {
  const steps = Array.from({ length: 2 * size + 1 }, (_, index) => index - size);
  return steps
    .flatMap((down) => steps.map((right): Position => [right, down]))
    .filter(([right, down]) => Math.max(Math.abs(right), Math.abs(down)) === size)
    .sort((one, other) => Math.hypot(...one) - Math.hypot(...other) || other[0] - one[0] || other[1] - one[1]);
}

/** The free place nearest to a point, searched in growing rings, so that a new asset covers no other. */
export function freePlace(document: TwinDocument, near: Position, height = HEAD): Position {
  const taken = Object.values(document.assets).map((asset) => asset.at);
  const [x, y] = snapped(near);
  const down = Math.ceil((height + GAP) / GRID) * GRID;
  for (let ring = 0; ; ring += 1) {
    const places = ringOf(ring).map((step): Position => [x + step[0] * (WIDTH + GAP), y + step[1] * down]);
    const free = places.find((place) => isFree(taken, place, height));
    if (free) return free;
  }
}
