import { describe, expect, it } from "vitest";
import { heightOf, WIDTH } from "./geometry.ts";
import { tidy } from "./layout.ts";
import { applyFitting } from "./operations.ts";
import { station, types } from "./sample.ts";
import type { TwinDocument } from "./document.ts";

function overlaps(document: TwinDocument): number {
  const boxes = Object.values(document.assets).map((asset) => ({
    at: asset.at,
    height: heightOf(types.get(asset.type)),
  }));
  return boxes.flatMap((one, index) =>
    boxes
      .slice(index + 1)
      .filter(
        (other) =>
          Math.abs(one.at[0] - other.at[0]) < WIDTH &&
          one.at[1] < other.at[1] + other.height &&
          other.at[1] < one.at[1] + one.height,
      ),
  ).length;
}

const heap: TwinDocument = {
  ...station,
  assets: Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [
      `n${index}`,
      { type: "pump@2", name: `P-${index}`, at: [0, 0], properties: {} },
    ]),
  ),
  links: Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [
      `l${index}`,
      { from: [`n${index}`, "outlet"], to: [`n${index + 1}`, "inlet"], kind: "feeds" },
    ]),
  ),
};

describe("tidy", () => {
  it("lays assets out along their links, without one covering another", () => {
    const [after] = applyFitting(heap, tidy(heap, types, new Set()));
    expect(overlaps(after)).toBe(0);
    for (const link of Object.values(after.links)) {
      expect(after.assets[link.from[0]]?.at[0]).toBeLessThan(after.assets[link.to[0]]?.at[0] ?? 0);
    }
  });

  it("moves nothing that is to be kept, and covers none of it", () => {
    const keep = new Set(["n3", "n20"]);
    const placed: TwinDocument = {
      ...heap,
      assets: {
        ...heap.assets,
        n3: { type: "pump@2", name: "P-3", at: [1000, 500], properties: {} },
        n20: { type: "pump@2", name: "P-20", at: [1300, 500], properties: {} },
      },
    };
    const moves = tidy(placed, types, keep);
    expect(moves.filter((move) => "asset" in move && keep.has(move.asset))).toEqual([]);
    expect(overlaps(applyFitting(placed, moves)[0])).toBe(0);
  });

  it("has nothing to do when it was just done, or when all is kept", () => {
    const [after] = applyFitting(heap, tidy(heap, types, new Set()));
    expect(tidy(after, types, new Set())).toEqual([]);
    expect(tidy(heap, types, new Set(Object.keys(heap.assets)))).toEqual([]);
  });

  it("has nothing to do with an empty twin", () => {
    expect(tidy({ ...station, assets: {}, links: {} }, types, new Set())).toEqual([]);
  });
});
