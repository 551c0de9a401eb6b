import { describe, expect, it } from "vitest";
import { WIDTH } from "../model/geometry.ts";
import { tidy, type Box, type Plan } from "./layout.ts";

function after(plan: Plan): Box[] {
  const moved = tidy(plan);
  return plan.boxes.map((box) => ({ ...box, at: moved.get(box.id) ?? box.at }));
}

function overlaps(boxes: Box[]): number {
  return boxes.flatMap((one, index) =>
    boxes
      .slice(index + 1)
      .filter(
        (other) =>
          one.at[0] < other.at[0] + other.width &&
          other.at[0] < one.at[0] + one.width &&
          one.at[1] < other.at[1] + other.height &&
          other.at[1] < one.at[1] + one.height,
      ),
  ).length;
}

const heap: Plan = {
  boxes: Array.from({ length: 30 }, (_, index) => ({
    id: `n${index}`,
    at: [0, 0],
    width: index % 7 ? WIDTH : 2 * WIDTH,
    height: 60 + 20 * (index % 4),
    kept: false,
  })),
  lines: Array.from({ length: 12 }, (_, index) => [`n${index}`, `n${index + 1}`]),
};

function keeping(places: Record<string, Box["at"]>): Plan {
  return {
    ...heap,
    boxes: heap.boxes.map((box) => ({ ...box, at: places[box.id] ?? box.at, kept: box.id in places })),
  };
}

describe("tidy", () => {
  it("lays boxes out along their lines, without one covering another", () => {
    const boxes = after(heap);
    expect(overlaps(boxes)).toBe(0);
    const left = new Map(boxes.map((box) => [box.id, box.at[0]]));
    for (const [from, to] of heap.lines) expect(left.get(from)).toBeLessThan(left.get(to) ?? 0);
  });

  it("moves nothing that is to be kept, and covers none of it", () => {
    const plan = keeping({ n3: [1000, 500], n20: [1300, 500], n21: [1300, 1100] });
    expect([...tidy(plan).keys()].filter((id) => ["n3", "n20", "n21"].includes(id))).toEqual([]);
    expect(overlaps(after(plan))).toBe(0);
  });

  it("has nothing to do when it was just done, or when all is kept", () => {
    expect(tidy({ ...heap, boxes: after(heap) }).size).toBe(0);
    expect(tidy({ ...heap, boxes: heap.boxes.map((box) => ({ ...box, kept: true })) }).size).toBe(0);
  });

  it("takes lines to what is not there, and from a box to itself, for none", () => {
    expect(overlaps(after({ ...heap, lines: [...heap.lines, ["n1", "gone"], ["n2", "n2"]] }))).toBe(0);
  });

  it("lays a web side by side when it is not to follow the lines", () => {
    const web: Plan = {
      ...heap,
      lines: [
        ["n0", "n20"],
        ["n20", "n7"],
      ],
      rough: true,
    };
    const boxes = after(web);
    expect(overlaps(boxes)).toBe(0);
    const linked = boxes.filter((box) => ["n0", "n20", "n7"].includes(box.id));
    const read = linked.sort((one, other) => one.at[1] - other.at[1] || one.at[0] - other.at[0]);
    expect(read.map((box) => box.id)).toEqual(["n0", "n20", "n7"]);
  });

  it("has nothing to do with an empty twin", () => {
    expect(tidy({ boxes: [], lines: [] }).size).toBe(0);
  });
});
