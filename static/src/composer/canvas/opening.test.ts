import { describe, expect, it } from "vitest";
import { FITTED, MANY, openingView } from "./opening.ts";
import type { CanvasNode } from "./views.ts";

const at = (x: number, y: number, type = "asset"): CanvasNode =>
  ({ id: `${x},${y}`, type, position: { x, y }, data: {} }) as unknown as CanvasNode;

/** Rows of 40, one after the other, each 300 wide and 200 high. */
const rows = (count: number): CanvasNode[] =>
  Array.from({ length: count }, (_, number) => at(1000 + 300 * (number % 40), -500 + 200 * Math.floor(number / 40)));

describe("the view that a twin opens with", () => {
  it("is the whole of one that can be read as a whole", () => {
    expect(openingView([])).toBe(FITTED);
    expect(openingView(rows(MANY))).toBe(FITTED);
  });

  it("is the upper left corner of a large one, where its names can be read", () => {
    const view = openingView([at(0, -9000, "frame"), ...rows(MANY + 1).reverse()]);
    const across = [1000, 1300, 1600, 1900];
    const full = [-500, -300, -100, 100, 300].flatMap((y) => across.map((x) => `${x},${y}`));
    expect(view.minZoom).toBe(0.6);
    expect(new Set(view.nodes?.map(({ id }) => id))).toEqual(new Set(full));
  });
});
