import { describe, expect, it } from "vitest";
import { asTheyLie, byName, commonOf, commonProperties, renamed, renaming, setForAll } from "./bulk.ts";
import type { AssetType } from "./catalogue.ts";
import { station, types } from "./sample.ts";

const known = new Map([
  ...types,
  [
    "pump@2",
    {
      ...(types.get("pump@2") as AssetType),
      properties: {
        rated_flow: { type: "number", unit: "m3/h" },
        seal: { type: "text" },
        stages: { type: "integer" },
      },
    } satisfies AssetType,
  ],
  [
    "tank@1",
    {
      ...(types.get("tank@1") as AssetType),
      properties: { seal: { type: "text" }, rated_flow: { type: "number", unit: "l/min" } },
    } satisfies AssetType,
  ],
]);
const { a, b, c } = station.assets;

describe("several assets", () => {
  it("have in common what their types have alike", () => {
    expect(a && c && commonProperties([a, c], known).map(({ key, value }) => [key, value])).toEqual([
      ["rated_flow", undefined],
      ["seal", null],
      ["stages", null],
    ]);
    expect(a && b && commonProperties([a, b], known).map(({ key }) => key)).toEqual(["seal"]);
    expect(commonProperties([], known)).toEqual([]);
    expect([commonOf(["x", "x"]), commonOf(["x", "y"])]).toEqual(["x", undefined]);
  });

  it("are given a value, those that have it already left alone", () => {
    expect(setForAll(station, ["a", "c", "gone"], "rated_flow", "120")).toEqual([
      { op: "set_property", asset: "c", property: "rated_flow", value: "120" },
    ]);
    expect(setForAll(station, ["a", "c"], "rated_flow", null)).toEqual([
      { op: "set_property", asset: "a", property: "rated_flow", value: null },
    ]);
  });

  it("have an order", () => {
    expect(asTheyLie(station, ["c", "b", "a"])).toEqual(["a", "b", "c"]);
    const twin = { ...station, assets: { x: { ...a, name: "P-10" }, y: { ...a, name: "P-9" } } } as typeof station;
    expect(byName(twin, ["x", "y"], "en")).toEqual(["y", "x"]);
  });
});

describe("names by a pattern", () => {
  it.each([
    ["P-###", 99, ["P-099", "P-100", "P-101"]],
    ["P-#", 1, ["P-1", "P-2", "P-3"]],
    ["{name} north", 1, ["x north", "y north", "z north"]],
    ["# {name}", 7, ["7 x", "8 y", "9 z"]],
    ["Pump", 1, ["Pump", "Pump 2", "Pump 3"]],
  ])("%j from %i", (pattern, first, names) => {
    expect(renamed(["x", "y", "z"], pattern, first)).toEqual(names);
  });

  it("become operations where they are new", () => {
    expect(renaming(station, ["a", "b", "gone"], ["P-101", "T-2", "X"])).toEqual([
      { op: "rename", asset: "b", name: "T-2" },
    ]);
  });
});
