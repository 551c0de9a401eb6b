import { describe, expect, it } from "vitest";
import { added, changed, placed, removed, settled, Steps, type Document, type Widget } from "./document.ts";

const widget = (id: string, x: number, y: number, width = 4, height = 2): Widget => ({
  id,
  kind: "value",
  x,
  y,
  width,
  height,
});
const empty: Document = { widgets: [] };
const where = ({ widgets }: Document): string[] => widgets.map(({ id, x, y, width }) => `${id} ${x},${y} ${width}`);

describe("an arrangement", () => {
  it("makes room downwards for what is moved", () => {
    const document = { widgets: [widget("a", 0, 0), widget("b", 4, 0), widget("c", 0, 2)] };
    expect(where(placed(document, "b", { x: 0 }))).toEqual(["a 0,2 4", "b 0,0 4", "c 0,4 4"]);
    expect(where(document)).toEqual(["a 0,0 4", "b 4,0 4", "c 0,2 4"]);
  });

  it("stays within the grid", () => {
    const document = { widgets: [widget("a", 0, 0)] };
    expect(where(placed(document, "a", { x: 11 }))).toEqual(["a 8,0 4"]);
    expect(where(placed(document, "a", { x: -3, y: -1 }))).toEqual(["a 0,0 4"]);
    expect(where(placed(document, "a", { width: 99 }))).toEqual(["a 0,0 12"]);
    expect(placed(document, "a", { width: 0, height: 0 }).widgets[0]).toMatchObject({ width: 1, height: 1 });
  });

  it("never has one widget over another", () => {
    const many = Array.from({ length: 20 }, (_, index) => widget(`w${index}`, (index * 5) % 9, index % 3, 3, 2));
    const found = settled(many, "w7");
    expect(found.find(({ id }) => id === "w7")).toEqual(many[7]);
    found.forEach((one, index) => {
      for (const other of found.slice(index + 1)) {
        const apart =
          one.x + one.width <= other.x ||
          other.x + other.width <= one.x ||
          one.y + one.height <= other.y ||
          other.y + other.height <= one.y;
        expect(apart).toBe(true);
      }
    });
  });

  it("takes in new widgets where there is room, changes them and lets them go", () => {
    const two = added(added(empty, "chart", "a"), "text", "b");
    expect(where(two)).toEqual(["a 0,0 6", "b 6,0 4"]);
    const full = added(added(two, "gauge", "c"), "value", "d");
    expect(where(full).slice(2)).toEqual(["c 6,2 3", "d 9,2 3"]);
    expect(where(added(full, "chart", "e")).at(-1)).toBe("e 0,4 6");
    const titled = changed(two, "a", { title: "Flow", low: 1 });
    expect(changed(titled, "a", { low: undefined }).widgets[0]).toEqual({ ...two.widgets[0], title: "Flow" });
    expect(where(removed(two, "a"))).toEqual(["b 6,0 4"]);
  });
});

describe("undoing", () => {
  it("goes back and forth, and forgets what was undone with the next change", () => {
    const steps = new Steps(empty);
    const one = added(empty, "text", "a");
    steps.go(one);
    steps.go(one);
    steps.undo();
    expect([steps.now, steps.canUndo, steps.canRedo]).toEqual([empty, false, true]);
    steps.redo();
    expect(steps.now).toEqual(one);
    steps.undo();
    steps.go(added(empty, "value", "b"));
    steps.redo();
    expect(where(steps.now)).toEqual(["b 0,0 3"]);
    expect(steps.canRedo).toBe(false);
  });
});
