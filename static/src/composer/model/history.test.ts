import { describe, expect, it } from "vitest";
import type { Operation } from "./document.ts";
import { EMPTY, record, stepBack, stepForward, type History, type Step } from "./history.ts";

function move(asset: string, x: number, at: number): Step {
  return { forward: [{ op: "move", asset, at: [x, 0] }], backward: [{ op: "move", asset, at: [x - 20, 0] }], at };
}

const renamed: Step = {
  forward: [{ op: "rename_twin", name: "new" }],
  backward: [{ op: "rename_twin", name: "old" }],
  at: 5000,
};

function back(history: History): [History, Operation[]] {
  const step = stepBack(history);
  if (!step) throw new Error("nothing to undo");
  return step;
}

describe("undo and redo", () => {
  it("go back and forth step by step", () => {
    const both = record(record(EMPTY, move("a", 20, 0)), renamed);
    const [once, first] = back(both);
    expect(first).toEqual(renamed.backward);
    const [twice, second] = back(once);
    expect(second).toEqual([{ op: "move", asset: "a", at: [0, 0] }]);
    expect(stepBack(twice)).toBeNull();
    expect(stepForward(twice)?.[1]).toEqual([{ op: "move", asset: "a", at: [20, 0] }]);
    expect(stepForward(both)).toBeNull();
  });

  it("forget what was undone once something else is done", () => {
    const [undone] = back(record(EMPTY, renamed));
    expect(stepForward(record(undone, move("a", 20, 9000)))).toBeNull();
  });

  it("take a held arrow key as one step", () => {
    const held = [0, 100, 200].reduce((history, at, index) => record(history, move("a", 20 * (index + 1), at)), EMPTY);
    const [empty, operations] = back(held);
    expect(operations).toEqual([{ op: "move", asset: "a", at: [0, 0] }]);
    expect(empty.done).toEqual([]);
    expect(stepForward(empty)?.[1]).toEqual([{ op: "move", asset: "a", at: [60, 0] }]);
  });

  it("take notes that are moved with assets as the same step", () => {
    const both = (x: number, at: number): Step => {
      const step = move("a", x, at);
      return { ...step, forward: [...step.forward, { op: "move_note", note: "n", at: [x, 0] }] };
    };
    expect(record(record(EMPTY, both(20, 0)), both(40, 100)).done).toHaveLength(1);
    expect(record(record(EMPTY, both(20, 0)), move("a", 40, 100)).done).toHaveLength(2);
  });

  it.each([
    ["another asset", move("b", 20, 100)],
    ["a pause", move("a", 40, 900)],
    ["another action", { ...renamed, at: 100 }],
  ])("begin a step after %s", (_what, step) => {
    expect(record(record(EMPTY, move("a", 20, 0)), step).done).toHaveLength(2);
  });

  it("keep the last three hundred steps", () => {
    let history = EMPTY;
    for (let index = 0; index < 305; index += 1) history = record(history, move("a", index, index * 1000));
    expect(history.done).toHaveLength(300);
    expect(history.done[0]?.at).toBe(5000);
  });
});
