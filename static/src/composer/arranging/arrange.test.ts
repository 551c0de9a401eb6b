import { describe, expect, it } from "vitest";
import { aligned, around, distributed, guided, type Alignment, type Box } from "./arrange.ts";

const box = (id: string, x: number, y: number, width = 220, height = 100): Box => ({ id, x, y, width, height });
const three = [box("a", 0, 0), box("b", 300, 40, 100, 60), box("c", 700, 200)];

describe("aligning", () => {
  it.each<[Alignment, [number, number][]]>([
    [
      "left",
      [
        [0, 0],
        [0, 40],
        [0, 200],
      ],
    ],
    [
      "centre",
      [
        [350, 0],
        [410, 40],
        [350, 200],
      ],
    ],
    [
      "right",
      [
        [700, 0],
        [820, 40],
        [700, 200],
      ],
    ],
    [
      "top",
      [
        [0, 0],
        [300, 0],
        [700, 0],
      ],
    ],
    [
      "middle",
      [
        [0, 100],
        [300, 120],
        [700, 100],
      ],
    ],
    [
      "bottom",
      [
        [0, 200],
        [300, 240],
        [700, 200],
      ],
    ],
  ])("to the %s moves each thing to that line of the whole", (how, places) => {
    expect([...aligned(three, how).values()]).toEqual(places);
  });

  it("takes the box around all as its measure", () => {
    expect(around(three)).toEqual({ id: "", x: 0, y: 0, width: 920, height: 300 });
  });
});

describe("distributing", () => {
  it("makes the gaps equal and leaves the outer ones", () => {
    expect(Object.fromEntries(distributed([...three].reverse(), "x"))).toEqual({
      a: [0, 0],
      b: [410, 40],
      c: [700, 200],
    });
    expect(distributed(three, "y").get("b")).toEqual([300, 120]);
  });

  it("does nothing to two", () => {
    expect([...distributed(three.slice(0, 2), "x").values()]).toEqual([
      [0, 0],
      [300, 40],
    ]);
  });

  it("may have to overlap things when there is no room", () => {
    const tight = [box("a", 0, 0), box("b", 10, 0), box("c", 100, 0)];
    expect(Object.fromEntries(distributed(tight, "x"))).toEqual({ a: [0, 0], b: [50, 0], c: [100, 0] });
  });
});

describe("guides", () => {
  it("draw what is dragged to the nearest line of another and show it from one to the other", () => {
    const { by, guides } = guided(box("a", 306, 500), [box("b", 300, 0)], 8);
    expect(by).toEqual([-6, 0]);
    expect(guides).toEqual([{ axis: "x", at: 300, from: 0, to: 600 }]);
  });

  it("line up middles of different heights", () => {
    const { by, guides } = guided(box("a", 1000, 21, 220, 60), [box("b", 0, 0)], 8);
    expect(by).toEqual([0, -1]);
    expect(guides).toEqual([{ axis: "y", at: 50, from: 0, to: 1220 }]);
  });

  it("reach to all that share the line", () => {
    const others = [box("b", 300, 0), box("c", 300, 900)];
    expect(guided(box("a", 300, 500), others, 8).guides[0]).toEqual({ axis: "x", at: 300, from: 0, to: 1000 });
  });

  it("show nothing when nothing is near", () => {
    expect(guided(box("a", 1000, 1000), [box("b", 0, 0)], 8)).toEqual({ by: [0, 0], guides: [] });
  });
});
