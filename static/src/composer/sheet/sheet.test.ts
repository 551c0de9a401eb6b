import { describe, expect, it } from "vitest";
import { apply } from "../model/operations.ts";
import { station, types } from "../model/sample.ts";
import type { AssetType } from "../model/catalogue.ts";
import { columnsOf, definitionAt, inOrder, rowsNow, textAt, titleOf } from "./columns.ts";
import { edit } from "./editing.ts";
import { planPaste, type Target } from "./pasting.ts";

const pump: AssetType = {
  ...(types.get("pump@2") as AssetType),
  properties: {
    rated_flow: { type: "number", name: { en: "Rated flow" }, unit: "m3/h", minimum: "0", maximum: "500" },
    seal: { type: "text", choices: ["packed", "mechanical"] },
  },
};
const tank: AssetType = {
  ...(types.get("tank@1") as AssetType),
  properties: { rated_flow: { type: "number", name: { en: "Rated flow" }, unit: "l/min" } },
};
const known = new Map([...types, ["pump@2", pump], ["tank@1", tank]]);
const twin = { ...station, assets: { ...station.assets } };
const columns = columnsOf(twin, known, "en");
const column = (title: string) => {
  const found = columns.find((each) => titleOf(each) === title);
  if (!found) throw new Error(title);
  return found;
};

describe("the table", () => {
  it("has a column for every property, and one for each unit that it comes in", () => {
    expect(columns.map(titleOf)).toEqual(["Name", "Type", "Group", "Rated flow (m³/h)", "seal", "Rated flow (l/min)"]);
    const a = twin.assets.a;
    expect(a && columns.map((each) => textAt(a, twin, known, each, "en"))).toEqual([
      "P-101",
      "Pump @2",
      "Duty pumps",
      "120",
      "",
      "",
    ]);
    expect(a && definitionAt(a, known, column("Rated flow (l/min)"))).toBeUndefined();
  });

  it("shows what an asset has and its type does not know", () => {
    const old = apply(twin, { op: "set_property", asset: "b", property: "colour", value: "red" });
    const last = columnsOf(old, known, "en").at(-1);
    expect(last && [titleOf(last), old.assets.b && textAt(old.assets.b, old, known, last, "en")]).toEqual([
      "colour",
      "red",
    ]);
  });

  it("is put in order, empty cells last", () => {
    const more = apply(twin, { op: "set_property", asset: "c", property: "rated_flow", value: "15" });
    const flow = column("Rated flow (m³/h)");
    expect(inOrder(["a", "b", "c"], more, known, flow, false, "en")).toEqual(["c", "a", "b"]);
    expect(inOrder(["a", "b", "c"], more, known, flow, true, "en")).toEqual(["a", "c", "b"]);
    expect(inOrder(["c", "b", "a", "gone"], more, known, column("Name"), false, "en")).toEqual(["a", "c", "b"]);
    const grown = { ...more, assets: { ...more.assets, d: more.assets.a } } as typeof more;
    expect(rowsNow({ ids: ["c", "gone", "a"], seen: new Set(["a", "b", "c", "gone"]) }, grown)).toEqual([
      "c",
      "a",
      "d",
    ]);
  });
});

describe("typing into a cell", () => {
  it.each([
    ["a", "Name", " P-1 ", [{ op: "rename", asset: "a", name: "P-1" }]],
    ["a", "Name", "P-101", []],
    ["a", "Type", "tank", [{ op: "set_type", asset: "a", type: "tank@1" }]],
    ["a", "Type", "Pump @1", [{ op: "set_type", asset: "a", type: "pump@1" }]],
    ["a", "Type", "pumpe", []],
    ["c", "Group", "duty pumps", [{ op: "set_group", asset: "c", group: "duty" }]],
    ["c", "Rated flow (m³/h)", "80,5", [{ op: "set_property", asset: "c", property: "rated_flow", value: "80.5" }]],
    ["a", "Rated flow (m³/h)", "", [{ op: "set_property", asset: "a", property: "rated_flow", value: null }]],
    ["a", "seal", "PACKED", [{ op: "set_property", asset: "a", property: "seal", value: "packed" }]],
    ["a", "Rated flow (l/min)", "", []],
  ])("of %s, %s: %j", (id, title, text, operations) => {
    expect(edit(twin, known, id, column(title), text, "en")).toEqual({ operations });
  });

  it.each([
    ["a", "Name", "", "An asset needs a name."],
    ["a", "Name", "x".repeat(201), "At most 200 letters."],
    ["a", "Type", "machine", "No type has this name. There are Pump, Tank, for example."],
    ["a", "Rated flow (m³/h)", "501", "At most 500."],
    ["a", "Rated flow (l/min)", "5", "The type pump@2 has no such property."],
    ["gone", "Name", "x", "The asset is gone."],
  ])("of %s, %s: %j does not fit", (id, title, text, wrong) => {
    expect(edit(twin, known, id, column(title), text, "en")).toEqual({ wrong });
  });

  it("makes the group that is named, and lets one go that is left empty", () => {
    const made = edit(twin, known, "a", column("Group"), "Standby", "en");
    expect("operations" in made && made.operations.map((each) => each.op)).toEqual([
      "add_group",
      "set_group",
      "remove_group",
    ]);
  });
});

describe("pasting", () => {
  let ids = 0;
  const around = () => {
    ids = 0;
    return {
      document: twin,
      types: known,
      language: "en",
      newId: () => `new${(ids += 1)}`,
      placeOf: (number: number): [number, number] => [number * 100, 900],
    };
  };
  const at = (row: number, first: number, more: Partial<Target> = {}): Target => ({
    order: ["a", "b", "c"],
    columns,
    row,
    column: first,
    height: 1,
    width: 1,
    ...more,
  });

  it("goes where it stands, as one list of operations", () => {
    const paste = planPaste([["P-1", "", "Duty pumps"], ["T-9"]], at(0, 0), around(), "pump@2");
    expect(paste.operations).toEqual([
      { op: "rename", asset: "a", name: "P-1" },
      { op: "rename", asset: "b", name: "T-9" },
    ]);
    expect(paste.misfits).toEqual([{ where: "Row 1, Type", text: "", why: "An asset needs a type." }]);
    expect(paste.changes).toEqual([
      { where: "Row 1, Name", before: "P-101", after: "P-1" },
      { where: "Row 2, Name", before: "T-1", after: "T-9" },
    ]);
  });

  it("names every cell that does not fit, and pastes the others", () => {
    const paste = planPaste(
      [
        ["80", "glue"],
        ["5", ""],
        ["abc", "packed", "", "too far"],
      ],
      at(0, 3),
      around(),
      "",
    );
    expect(paste.operations).toEqual([
      { op: "set_property", asset: "a", property: "rated_flow", value: "80" },
      { op: "set_property", asset: "c", property: "seal", value: "packed" },
    ]);
    expect(paste.misfits).toEqual([
      { where: "Row 1, seal", text: "glue", why: "Choose one of packed, mechanical." },
      { where: "Row 2, Rated flow", text: "5", why: "The type tank@1 has no such property." },
      { where: "Row 3, Rated flow", text: "abc", why: "Enter a number such as 12.5." },
      { where: "Row 3", text: "too far", why: "There is no column for it." },
    ]);
  });

  it("makes new assets of rows beyond the last, with the groups that they name", () => {
    const rows = [
      ["P-200", "pump", "Standby", "90"],
      ["", "", "standby", ""],
      ["", "", "", ""],
    ];
    const paste = planPaste(rows, at(3, 0), around(), "pump@2");
    expect(paste.operations.map((each) => each.op)).toEqual(["add_group", "add_asset", "add_asset"]);
    expect(paste.operations[1]).toMatchObject({
      asset: "new2",
      name: "P-200",
      type: "pump@2",
      at: [0, 900],
      properties: { rated_flow: "90" },
    });
    expect(paste.operations[2]).toMatchObject({ name: "Pump 1", at: [100, 900] });
    expect([paste.added, paste.groups]).toEqual([["new2", "new3"], ["Standby"]]);
    const groups = paste.operations.flatMap((each) => (each.op === "add_group" ? [each.group] : []));
    expect(paste.operations[2]).toMatchObject({ group: groups[0] });
  });

  it("finds rows by their names under headings, in whatever order they stand", () => {
    const rows = [
      ["Rated flow (m³/h)", "Name", "Maker"],
      ["95", "P-102", ""],
      ["20", "P-300", "KSB"],
    ];
    const paste = planPaste(rows, at(2, 2), around(), "pump@2");
    expect(paste.isHeaded).toBe(true);
    expect(paste.operations).toEqual([
      { op: "set_property", asset: "c", property: "rated_flow", value: "95" },
      {
        op: "add_asset",
        asset: "new1",
        type: "pump@2",
        name: "P-300",
        at: [0, 900],
        properties: { rated_flow: "20" },
      },
    ]);
    expect(paste.misfits).toEqual([{ where: "Row 3", text: "KSB", why: "There is no column for it." }]);
  });

  it("fills a selection with one cell", () => {
    const paste = planPaste([["Duty pumps"]], at(0, 2, { height: 3, width: 1 }), around(), "");
    expect(paste.operations).toEqual([
      { op: "set_group", asset: "b", group: "duty" },
      { op: "set_group", asset: "c", group: "duty" },
    ]);
  });

  it("reads a row's type before its properties", () => {
    const paste = planPaste([["Tank", "", "", "", "7"]], at(0, 1), around(), "");
    expect(paste.operations).toEqual([
      { op: "set_type", asset: "a", type: "tank@1" },
      { op: "set_group", asset: "a", group: null },
      { op: "set_property", asset: "a", property: "rated_flow", value: "7" },
    ]);
  });

  it("says so when no type is known for a new asset", () => {
    const paste = planPaste([["X", "nonsense"], ["Y"]], at(3, 0), around(), "");
    expect(paste.operations).toEqual([]);
    expect(paste.misfits.map(({ where }) => where)).toEqual(["Row 4, Type", "Row 5, Type"]);
  });
});
