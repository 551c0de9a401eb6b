import { describe, expect, it } from "vitest";
import type { Operation } from "./document.ts";
import { apply, applyFitting, compact, InapplicableError, inverse, share } from "./operations.ts";
import { station } from "./sample.ts";

const EDITS: Operation[] = [
  { op: "add_asset", asset: "d", type: "tank@1", name: "T-2", at: [20, 40], properties: { volume: "3" } },
  { op: "move", asset: "a", at: [60, 80] },
  { op: "rename", asset: "a", name: "P-1" },
  { op: "set_property", asset: "a", property: "rated_flow", value: "90" },
  { op: "set_property", asset: "a", property: "rated_flow", value: null },
  { op: "set_property", asset: "b", property: "volume", value: "12" },
  { op: "link", link: "bc", from: ["b", "outlet"], to: ["c", "inlet"], kind: "feeds" },
  { op: "unlink", link: "ab" },
  { op: "remove_asset", asset: "a" },
  { op: "bind", place: "b/level", gateway: "g", key: "LT1" },
  { op: "bind", place: "a/flow", gateway: "h", key: "FT" },
  { op: "unbind", place: "a/flow" },
  { op: "rename_twin", name: "Station South" },
  { op: "set_type", asset: "a", type: "pump@1" },
  { op: "set_group", asset: "b", group: "duty" },
  { op: "set_group", asset: "a", group: null },
  { op: "attach", asset: "c", part_of: ["a", "motor"] },
  { op: "set_kind", link: "ab", kind: "fills" },
  { op: "add_group", group: "spare", name: "Spare" },
  { op: "rename_group", group: "duty", name: "On duty" },
  { op: "collapse", group: "duty", collapsed: true },
  { op: "remove_group", group: "duty" },
  { op: "add_note", note: "m", at: [5, 5], image: "0".repeat(64) },
  { op: "edit_note", note: "n", text: "" },
  { op: "move_note", note: "n", at: [9, 9] },
  { op: "resize_note", note: "n", size: [90, 60] },
  { op: "remove_note", note: "n" },
];

const NOT_FITTING: Operation[] = [
  { op: "add_asset", asset: "a", type: "tank@1", name: "T-2", at: [0, 0], properties: {} },
  { op: "move", asset: "x", at: [0, 0] },
  { op: "rename", asset: "x", name: "?" },
  { op: "set_property", asset: "x", property: "volume", value: "1" },
  { op: "set_property", asset: "b", property: "volume", value: null },
  { op: "remove_asset", asset: "x" },
  { op: "link", link: "ab", from: ["a", "outlet"], to: ["b", "inlet"], kind: "feeds" },
  { op: "link", link: "n", from: ["a", "outlet"], to: ["x", "inlet"], kind: "feeds" },
  { op: "unlink", link: "x" },
  { op: "bind", place: "x/flow", gateway: "g", key: "k" },
  { op: "unbind", place: "b/level" },
  { op: "link", link: "n", from: ["a", "outlet"], to: ["a", "outlet"], kind: "feeds" },
  { op: "set_type", asset: "x", type: "pump@1" },
  { op: "set_group", asset: "a", group: "spare" },
  { op: "attach", asset: "a", part_of: ["a", "motor"] },
  { op: "attach", asset: "a", part_of: ["x", "motor"] },
  { op: "set_kind", link: "x", kind: "feeds" },
  { op: "add_group", group: "duty", name: "Duty" },
  { op: "rename_group", group: "spare", name: "Spare" },
  { op: "collapse", group: "spare", collapsed: true },
  { op: "remove_group", group: "spare" },
  { op: "add_note", note: "n", at: [0, 0] },
  { op: "edit_note", note: "x", text: "?" },
  { op: "move_note", note: "x", at: [0, 0] },
  { op: "resize_note", note: "x", size: null },
  { op: "remove_note", note: "x" },
];

describe("apply", () => {
  it("leaves the document it is given as it was", () => {
    const before = structuredClone(station);
    for (const edit of EDITS) apply(station, edit);
    expect(station).toEqual(before);
  });

  it("keeps the fields of a new asset, and nothing of the operation", () => {
    expect(apply(station, EDITS[0] as Operation).assets.d).toEqual({
      type: "tank@1",
      name: "T-2",
      at: [20, 40],
      properties: { volume: "3" },
    });
  });

  it("gives a new asset that says no properties none, as others' edits come", () => {
    const sent = { op: "add_asset", asset: "d", type: "tank@1", name: "T-2", at: [20, 40] } as unknown as Operation;
    expect(apply(station, sent).assets.d?.properties).toEqual({});
  });

  it("takes links and bindings away with their asset", () => {
    const after = apply(station, { op: "remove_asset", asset: "a" });
    expect(Object.keys(after.assets)).toEqual(["b", "c"]);
    expect(after.links).toEqual({});
    expect(after.bindings).toEqual({});
  });

  it("touches nothing but what it edits", () => {
    const after = apply(station, { op: "move", asset: "a", at: [60, 80] });
    expect(after.assets.b).toBe(station.assets.b);
    expect(after.links).toBe(station.links);
    expect(after.assets.a).toEqual({ ...station.assets.a, at: [60, 80] });
  });

  it.each(NOT_FITTING)("refuses $op where it does not fit", (operation) => {
    expect(() => apply(station, operation)).toThrow(InapplicableError);
  });
});

describe("what stands at its default", () => {
  it("is not kept, as on the server", () => {
    const edits: Operation[] = [
      { op: "set_group", asset: "a", group: null },
      { op: "collapse", group: "duty", collapsed: false },
      { op: "edit_note", note: "n", text: "" },
      { op: "bind", place: "b/level", gateway: "g", key: "LT1", scale: null, unit: null },
    ];
    const [after] = applyFitting(station, edits);
    expect(after.assets.a).not.toHaveProperty("group");
    expect([after.groups.duty, after.notes.n]).toEqual([{ name: "Duty pumps" }, { at: [0, -80] }]);
    expect(Object.keys(after.bindings["b/level"] ?? {})).toEqual(["gateway", "key"]);
  });
});

describe("applyFitting", () => {
  it("does what fits, in order, and says what that was", () => {
    const [after, fitting] = applyFitting(station, [...NOT_FITTING, { op: "rename", asset: "b", name: "Basin" }]);
    expect(fitting).toEqual([{ op: "rename", asset: "b", name: "Basin" }]);
    expect(after.assets.b?.name).toBe("Basin");
  });
});

describe("inverse", () => {
  it.each(EDITS)("undoes $op", (operation) => {
    const back = inverse(station, [operation]);
    const [restored, fitting] = applyFitting(apply(station, operation), back);
    expect(restored).toEqual(station);
    expect(fitting).toEqual(back);
  });

  it("undoes a whole action, last operation first", () => {
    const action: Operation[] = [
      { op: "link", link: "bc", from: ["b", "outlet"], to: ["c", "inlet"], kind: "feeds" },
      { op: "remove_asset", asset: "b" },
      { op: "move", asset: "c", at: [5, 5] },
      { op: "remove_asset", asset: "c" },
    ];
    const [after] = applyFitting(station, action);
    expect(applyFitting(after, inverse(station, action))[0]).toEqual(station);
  });
});

describe("compact", () => {
  it("keeps the last place and the last name of each asset, and everything else", () => {
    const operations: Operation[] = [
      { op: "move", asset: "a", at: [1, 1] },
      { op: "rename", asset: "a", name: "P" },
      { op: "move", asset: "b", at: [2, 2] },
      { op: "set_property", asset: "b", property: "volume", value: "1" },
      { op: "set_property", asset: "b", property: "volume", value: null },
      { op: "move", asset: "a", at: [3, 3] },
      { op: "rename_twin", name: "x" },
      { op: "rename_twin", name: "y" },
    ];
    const kept = compact(operations);
    expect(kept).toEqual([1, 2, 3, 4, 5, 7].map((index) => operations[index]));
    expect(applyFitting(station, kept)[0]).toEqual(applyFitting(station, operations)[0]);
  });
});

describe("share", () => {
  it("takes equal parts from before", () => {
    const next = structuredClone(station);
    expect(share(station, next)).toBe(station);
    if (next.assets.a) next.assets.a.name = "P-1";
    const shared = share(station, next);
    expect(shared).toEqual(next);
    expect(shared.assets.b).toBe(station.assets.b);
    expect(shared.links).toBe(station.links);
    expect(shared.assets.a).not.toBe(station.assets.a);
  });

  it("sees parts that came or went, and lists", () => {
    expect(share({ a: 1, b: 2 }, { a: 1 })).toEqual({ a: 1 });
    expect(share({ a: 1 }, { a: 1, b: undefined })).toEqual({ a: 1, b: undefined });
    expect(share([1, 2], [1, 2, 3])).toEqual([1, 2, 3]);
    expect(share({ 0: 1 }, [1])).toEqual([1]);
    expect(share(null, { a: 1 })).toEqual({ a: 1 });
  });
});
