import { describe, expect, it } from "vitest";
import type { AssetType } from "./catalogue.ts";
import type { TwinDocument } from "./document.ts";
import { station, types } from "./sample.ts";
import { possibleWholes } from "./wholes.ts";

const motor = { key: "motor", version: 1, name: "Motor", ports: {}, signals: {}, abstract: false } satisfies AssetType;
const known = new Map<string, AssetType>([
  ...types,
  [
    "pump@2",
    { ...(types.get("pump@2") as AssetType), components: { motor: { type: "motor@1", name: { en: "Drive" } } } },
  ],
  ["motor@1", motor],
]);
const twin: TwinDocument = {
  ...station,
  assets: {
    ...station.assets,
    m: { type: "motor@1", name: "M-1", at: [0, 0], properties: {} },
    n: { type: "motor@1", name: "M-2", at: [0, 0], properties: {}, part_of: ["a", "motor"] },
  },
};

describe("the wholes of a component", () => {
  it("are those that it suits and that have room", () => {
    expect(possibleWholes(twin, known, "m", "en")).toEqual([{ whole: ["c", "motor"], words: "P-102, Drive" }]);
    expect(possibleWholes(twin, known, "n", "en").map(({ words }) => words)).toEqual(["P-101, Drive", "P-102, Drive"]);
    expect(possibleWholes(twin, known, "b", "en")).toEqual([]);
  });

  it("are never within itself", () => {
    const ring = new Map(known).set("motor@1", { ...motor, components: { pump: { type: "motor@1", count: [0, 9] } } });
    expect(possibleWholes(twin, ring, "m", "en").map(({ whole }) => whole)).toEqual([
      ["n", "pump"],
      ["c", "motor"],
    ]);
  });
});
