import { describe, expect, it } from "vitest";
import { MANY, openingView } from "./opening.ts";
import type { CanvasNode } from "./views.ts";

const SIZE = { width: 200, height: 100 };
const at = (x: number, y: number, type = "asset"): CanvasNode =>
  ({ id: `${x},${y}`, type, position: { x, y }, data: {}, ...SIZE, measured: SIZE }) as unknown as CanvasNode;

/** Rows of 40, one after the other, each 300 wide and 200 high. */
const rows = (count: number): CanvasNode[] =>
  Array.from({ length: count }, (_, number) => at(1000 + 300 * (number % 40), -500 + 200 * Math.floor(number / 40)));

/** What a window shows of the canvas: left, top, right, bottom. */
function shown(nodes: CanvasNode[], width: number, height: number): number[] {
  const { x, y, zoom } = openingView(nodes, width, height);
  return [-x / zoom, -y / zoom, (width - x) / zoom, (height - y) / zoom].map(Math.round);
}

describe("the view that a twin opens with", () => {
  it("is the canvas as it is while nothing lies on it", () => {
    expect(openingView([], 800, 600)).toEqual({ x: 0, y: 0, zoom: 1 });
  });

  it("is the whole of one that can be read as a whole, below the tools and no larger than it is", () => {
    expect(openingView([at(1000, -500)], 800, 600)).toEqual({ x: -700, y: 750, zoom: 1 });
    const [left = 0, top = 0, right = 0, bottom = 0] = shown(rows(MANY), 1000, 800);
    expect(left).toBeLessThanOrEqual(1000);
    expect(top).toBeLessThanOrEqual(-500);
    expect(right).toBeGreaterThanOrEqual(1000 + 300 * 39 + 200);
    expect(bottom).toBeGreaterThanOrEqual(-500 + 200 * 4 + 100);
  });

  it("is the upper left corner of a large one, where its names can be read", () => {
    const many = [at(0, -9000, "frame"), ...rows(MANY + 1).reverse()];
    expect(openingView(many, 1000, 800).zoom).toBeGreaterThanOrEqual(0.6);
    const [left = 0, top = 0, right = 0, bottom = 0] = shown(many, 1000, 800);
    expect([left > 800 && left <= 1000, top > -700 && top <= -500]).toEqual([true, true]);
    expect([right >= 2000, bottom >= 300]).toEqual([true, true]);
  });
});
