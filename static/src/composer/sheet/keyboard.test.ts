import { describe, expect, it } from "vitest";
import { isTyping, led, rangeOf, rowsInSight, tabbed, type Pressed } from "./keyboard.ts";

const extent = { rows: 100, columns: 5, page: 20 };
const press = (key: string, more: Partial<Pressed> = {}): Pressed => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...more,
});

describe("the keys of the table", () => {
  it.each([
    ["ArrowDown", {}, 11, 2],
    ["ArrowUp", {}, 9, 2],
    ["ArrowLeft", {}, 10, 1],
    ["ArrowRight", {}, 10, 3],
    ["ArrowDown", { ctrlKey: true }, 99, 2],
    ["ArrowLeft", { metaKey: true }, 10, 0],
    ["Home", {}, 10, 0],
    ["End", { ctrlKey: true }, 99, 4],
    ["PageDown", {}, 30, 2],
    ["PageUp", {}, 0, 2],
  ])("%s leads on", (key, more, row, column) => {
    expect(led(press(key, more), { row: 10, column: 2 }, extent)).toEqual({ row, column });
  });

  it("lead nowhere else", () => {
    expect(led(press("a"), { row: 0, column: 0 }, extent)).toBeNull();
    expect(led(press("ArrowDown", { altKey: true }), { row: 0, column: 0 }, extent)).toBeNull();
    expect(led(press("ArrowUp"), { row: 0, column: 0 }, extent)).toEqual({ row: 0, column: 0 });
  });

  it("go through all cells by Tab, and out at either end", () => {
    expect(tabbed({ row: 0, column: 4 }, extent, 1)).toEqual({ row: 1, column: 0 });
    expect(tabbed({ row: 1, column: 0 }, extent, -1)).toEqual({ row: 0, column: 4 });
    expect([tabbed({ row: 99, column: 4 }, extent, 1), tabbed({ row: 0, column: 0 }, extent, -1)]).toEqual([
      null,
      null,
    ]);
  });

  it("type letters, not commands", () => {
    expect(["a", "Ä", "7", " ", "😀"].every((key) => isTyping(press(key)))).toBe(true);
    expect([press("F2"), press("Enter"), press("c", { ctrlKey: true })].some(isTyping)).toBe(false);
  });
});

describe("the table", () => {
  it("draws what is in sight", () => {
    expect(rowsInSight(0, 640, 32, 20_000)).toEqual([0, 28]);
    expect(rowsInSight(320_000, 640, 32, 20_000)).toEqual([9992, 10_028]);
    expect(rowsInSight(0, 640, 32, 3)).toEqual([0, 3]);
  });

  it("has ranges from corner to corner", () => {
    expect(rangeOf({ row: 5, column: 1 }, { row: 2, column: 3 })).toEqual({ top: 2, bottom: 5, left: 1, right: 3 });
  });
});
