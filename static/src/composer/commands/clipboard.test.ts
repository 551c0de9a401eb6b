import { describe, expect, it } from "vitest";
import { MOST_LETTERS, partsOf, pasting, readParts, stepTo, type Parts } from "./clipboard.ts";
import type { TwinDocument } from "../model/document.ts";
import { applyFitting, inverse } from "../model/operations.ts";
import { groupNode, noteNode } from "../canvas/selection.ts";

const uuid = (number: number): string => `0198c0de-0000-7000-8000-${String(number).padStart(12, "0")}`;
const [A, B, C, NOTE] = [uuid(1), uuid(2), uuid(3), uuid(4)];
const [TWIN, LINK, OUTER, GATEWAY] = [uuid(5), uuid(6), uuid(7), uuid(8)];

const twin: TwinDocument = {
  twin: TWIN,
  name: "Station",
  assets: {
    [A]: { type: "pump@1", name: "P-1", at: [0, 0], properties: { rated: "12.5" }, group: "duty" },
    [B]: { type: "motor@1", name: "P-1 motor", at: [0, 200], properties: {}, group: "duty", part_of: [A, "motor"] },
    [C]: { type: "tank@1", name: "T-1", at: [400, 0], properties: {} },
  },
  links: {
    [LINK]: { from: [B, "shaft"], to: [A, "shaft"], kind: "drives" },
    [OUTER]: { from: [A, "outlet"], to: [C, "inlet"], kind: "feeds" },
  },
  bindings: { [`${A}/flow`]: { gateway: GATEWAY, key: "FT1" } },
  groups: { duty: { name: "Duty", collapsed: true } },
  notes: { [NOTE]: { at: [0, -100], text: "<script>alert(1)</script>", size: [240, 60] } },
};

function counting(): { newId: () => string; newGroup: () => string } {
  let next = 100;
  return { newId: () => uuid((next += 1)), newGroup: () => "group_new" };
}

function parts(ids: string[], cut = false, document = twin): Parts {
  const found = partsOf(document, ids, cut);
  if (!found) throw new Error("nothing was copied");
  return JSON.parse(JSON.stringify(found)) as Parts;
}

const paste = (document: TwinDocument, copy: Parts) => pasting(document, copy, { by: [20, 40], ...counting() });

describe("copying", () => {
  it("takes a group with all it has, but no link or binding that leads out of the copy", () => {
    const copy = parts([groupNode("duty"), noteNode(NOTE)]);
    expect(Object.keys(copy.assets)).toEqual([A, B]);
    expect(Object.keys(copy.links)).toEqual([LINK]);
    expect(copy.bindings).toEqual({});
    expect(copy.groups).toEqual(twin.groups);
    expect(Object.keys(copy.notes)).toEqual([NOTE]);
    expect(copy.twin).toBe(TWIN);
  });

  it("leaves out the group and the whole of which only a part is copied", () => {
    const copy = parts([B]);
    expect(copy.assets[B]).toEqual({ type: "motor@1", name: "P-1 motor", at: [0, 200], properties: {} });
    expect(copy.groups).toEqual({});
  });

  it("copies nothing when nothing is selected", () => {
    expect(partsOf(twin, [], false)).toBeNull();
    expect(partsOf(twin, [uuid(99)], false)).toBeNull();
  });
});

describe("pasting", () => {
  it("makes everything anew, keeps what is inside, and is one step to undo", () => {
    const copy = parts([A, B, noteNode(NOTE)]);
    const { operations, assets, notes } = paste(twin, copy);
    const [after, fitting] = applyFitting(twin, operations);
    expect(fitting).toEqual(operations);
    expect(assets.concat(notes).some((id) => id in twin.assets || id in twin.notes)).toBe(false);
    const [pump = "", motor = ""] = assets;
    expect(after.assets[pump]).toMatchObject({ name: "P-2", at: [20, 40], properties: { rated: "12.5" } });
    expect(after.assets[motor]?.name).toBe("P-1 motor 2");
    expect(after.assets[motor]).toMatchObject({ at: [20, 240], part_of: [pump, "motor"], group: "group_new" });
    expect(after.groups.group_new).toEqual({ name: "Duty", collapsed: true });
    expect(Object.values(after.links).at(-1)).toEqual({ from: [motor, "shaft"], to: [pump, "shaft"], kind: "drives" });
    expect(after.notes[notes[0] ?? ""]).toMatchObject({
      text: "<script>alert(1)</script>",
      at: [20, -60],
      size: [240, 60],
    });
    expect(after.bindings).toEqual(twin.bindings);
    expect(applyFitting(after, inverse(twin, operations))[0]).toEqual(twin);
  });

  it("moves what was cut here: the same assets, with what they read", () => {
    const copy = parts([A, B], true);
    const [left] = applyFitting(twin, [
      { op: "remove_asset", asset: B },
      { op: "remove_asset", asset: A },
      { op: "remove_group", group: "duty" },
    ]);
    const [after] = applyFitting(left, paste(left, copy).operations);
    expect(Object.keys(after.assets).sort()).toEqual([A, B, C]);
    expect(after.bindings).toEqual(twin.bindings);
    expect(after.assets[A]?.at).toEqual([20, 40]);
  });

  it("brings what was cut in another twin with its bindings under new ids", () => {
    const other: TwinDocument = { ...twin, twin: uuid(50), assets: {}, links: {}, bindings: {}, groups: {}, notes: {} };
    const { operations, assets } = paste(other, parts([A], true));
    const [after] = applyFitting(other, operations);
    expect(assets).not.toContain(A);
    expect(after.bindings).toEqual({ [`${assets[0]}/flow`]: { gateway: GATEWAY, key: "FT1" } });
  });

  it("does not read a key twice when what was cut is pasted again", () => {
    const { operations, assets } = paste(twin, parts([A], true));
    expect(assets).not.toContain(A);
    expect(operations.filter(({ op }) => op === "bind")).toEqual([]);
  });

  it("counts names on as they are written", () => {
    const named = (name: string): TwinDocument => ({
      ...twin,
      assets: { ...twin.assets, [C]: { type: "tank@1", name, at: [0, 0], properties: {} } },
    });
    const pasted = (name: string): unknown => {
      const [operation] = paste(named(name), parts([C], false, named(name))).operations;
      return operation?.op === "add_asset" ? operation.name : null;
    };
    expect(["T-007", "T-99", "Tank"].map(pasted)).toEqual(["T-008", "T-100", "Tank 2"]);
  });

  it("adds a whole before its components, whatever order they are in", () => {
    const copy = parts([A, B]);
    copy.assets = Object.fromEntries(Object.entries(copy.assets).reverse());
    expect(applyFitting(twin, paste(twin, copy).operations)[1]).toHaveLength(4);
  });

  it("brings the middle of the copy to the place, on the grid", () => {
    expect(stepTo(parts([A, C]), [207, 11], 20)).toEqual([0, 20]);
  });
});

describe("what the clipboard holds", () => {
  it("is read back", () => {
    expect(readParts(JSON.stringify(parts([A, B, noteNode(NOTE)], true)))).toMatchObject({ twin: TWIN, cut: true });
  });

  it("is refused when it is too much", () => {
    expect(readParts("x".repeat(MOST_LETTERS + 1))).toContain("too much to paste");
  });

  it.each([
    ["a text", "Pump P-101"],
    ["nothing", ""],
    ["other JSON", '{"nodes": []}'],
    ["a list", "[1, 2]"],
    ["another version", JSON.stringify({ ...parts([A]), version: 2 })],
  ])("is refused when it is %s", (_what, text) => {
    expect(readParts(text)).toContain("nothing of a twin");
  });

  it.each<[string, string[], unknown]>([
    ["an id that is none", ["assets", "pump"], twin.assets[A]],
    ["a place out of this world", ["assets", A, "at"], [1e9, 0]],
    ["a place that is no number", ["assets", A, "at"], ["0", 0]],
    ["a name too long", ["assets", A, "name"], "x".repeat(201)],
    ["no name", ["assets", A, "name"], ""],
    ["a type that is none", ["assets", A, "type"], "pump"],
    ["a property with a key that is none", ["assets", A, "properties"], { "a b": "1" }],
    ["a link to nothing", ["links", LINK], { from: ["x", "a"], to: ["y", "b"], kind: "feeds" }],
    ["a note with an image that is none", ["notes", NOTE, "image"], "../../etc/passwd"],
    ["a group without a name", ["groups", "duty"], {}],
  ])("is refused with %s", (_what, path, value) => {
    const copy = parts([A, B, noteNode(NOTE)]) as unknown as Record<string, unknown>;
    const place = path.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, copy);
    place[path.at(-1) ?? ""] = value;
    expect(readParts(JSON.stringify(copy))).toContain("nothing of a twin");
  });
});
