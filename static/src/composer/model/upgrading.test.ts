import { describe, expect, it } from "vitest";
import type { AssetType } from "./catalogue.ts";
import { applyFitting } from "./operations.ts";
import { station, types } from "./sample.ts";
import { effectsOf, summary, upgradesOf, upgrading } from "./upgrading.ts";

const pump = types.get("pump@2") as AssetType;
const known = new Map([
  ...types,
  ["pump@2", { ...pump, properties: { rated_flow: { type: "number" } }, outdated_by: "pump@3" } satisfies AssetType],
  [
    "pump@3",
    {
      ...pump,
      version: 3,
      ports: { suction: { accepts: ["fluid"] }, inlet: { accepts: ["fluid"] } },
      signals: { head: { unit: "m" }, speed: { unit: "{rpm}", name: { en: "Speed" } } },
      properties: {
        rated_flow: { type: "number", maximum: "100", name: { en: "Rated flow" } },
        seal: { type: "text", required: true },
      },
    } satisfies AssetType,
  ],
]);

describe("an upgrade", () => {
  it("is there where a type has a successor", () => {
    expect([...upgradesOf(station, known, ["a", "b", "c", "gone"])]).toEqual([
      ["a", "pump@3"],
      ["c", "pump@3"],
    ]);
  });

  it("tells what breaks, what asks for a value and what is new", () => {
    expect(effectsOf(station, known, "a", "pump@3", "en").map(({ kind, words }) => [kind, words])).toEqual([
      ["breaks", "The value of Rated flow does not fit any more"],
      ["asks", "seal needs a value"],
      ["breaks", "flow is no signal any more and is not read"],
      ["breaks", "outlet is no port any more and its links end"],
      ["safe", "seal is a new property"],
      ["safe", "Speed is a new signal"],
    ]);
    expect(effectsOf(station, known, "a", "pump@7", "en")).toEqual([]);
    const all = summary(station, known, upgradesOf(station, known, ["a", "c"]), "en");
    expect(all[0]).toEqual({ kind: "breaks", words: "The value of Rated flow does not fit any more", count: 1 });
    expect(all.find(({ kind }) => kind === "asks")?.count).toBe(2);
    expect(all.at(-1)?.kind).toBe("safe");
  });

  it("may take away what no longer fits, in one step", () => {
    const upgrade = new Map([["a", "pump@3"]]);
    expect(upgrading(station, known, upgrade, false, "en")).toEqual([{ op: "set_type", asset: "a", type: "pump@3" }]);
    const operations = upgrading(station, known, upgrade, true, "en");
    expect(operations.map(({ op }) => op)).toEqual(["set_type", "set_property", "unbind", "unlink"]);
    const [after, fitting] = applyFitting(station, operations);
    expect([fitting.length, after.links, after.bindings, after.assets.a?.properties]).toEqual([4, {}, {}, {}]);
  });

  it("ends a link between two of the assets once", () => {
    const twin = {
      ...station,
      links: { ac: { from: ["a", "outlet"], to: ["c", "outlet"], kind: "feeds" } },
    } as typeof station;
    const upgrade = new Map([
      ["a", "pump@3"],
      ["c", "pump@3"],
    ]);
    const unlinks = upgrading(twin, known, upgrade, true, "en").filter(({ op }) => op === "unlink");
    expect(unlinks).toHaveLength(1);
  });
});
