import { describe, expect, it } from "vitest";
import { inFlow, inLanguage, isInward, mayLink, nextName, placeable, targets } from "./catalogue.ts";
import type { End } from "./document.ts";
import { freePlace, heightOf, placedPorts, WIDTH } from "./geometry.ts";
import { apply } from "./operations.ts";
import { station, types } from "./sample.ts";

describe("types", () => {
  it("are offered once, newest first, abstract ones never", () => {
    expect(placeable(types, "en").map((type) => [type.key, type.version])).toEqual([
      ["pump", 2],
      ["tank", 1],
    ]);
  });

  it("have their name in the language of the page", () => {
    expect(inLanguage({ en: "Pump", de: "Pumpe" }, "de-AT")).toBe("Pumpe");
    expect(inLanguage({ en: "Pump", de: "Pumpe" }, "fr")).toBe("Pump");
    expect(inLanguage({ de: "Pumpe" }, "fr")).toBe("Pumpe");
    expect(inLanguage("Pump", "fr")).toBe("Pump");
    expect(inLanguage(null, "fr")).toBe("");
  });

  it("number their assets from the first free number", () => {
    expect(nextName(station, "Tank")).toBe("Tank 1");
    expect(nextName(apply(station, { op: "rename", asset: "b", name: "Tank 1" }), "Tank")).toBe("Tank 2");
  });
});

describe("links", () => {
  it.each<[string, End, End, boolean]>([
    ["ports that take the same", ["b", "outlet"], ["c", "inlet"], true],
    ["ports that take something else", ["a", "shaft"], ["b", "inlet"], false],
    ["a port of the same asset", ["b", "outlet"], ["b", "inlet"], false],
    ["ports that are linked already", ["a", "outlet"], ["b", "inlet"], false],
    ["ports that are linked the other way round", ["b", "inlet"], ["a", "outlet"], false],
    ["a port that is not there", ["b", "outlet"], ["c", "drain"], false],
    ["an asset that is not there", ["b", "outlet"], ["x", "inlet"], false],
  ])("may join %s: %s %s %s", (_what, from, to, allowed) => {
    expect(mayLink(station, types, from, to)).toBe(allowed);
  });

  it("end at a port no more often than it may have them", () => {
    const full = apply(station, { op: "link", link: "bc", from: ["b", "outlet"], to: ["c", "inlet"], kind: "feeds" });
    expect(mayLink(full, types, ["a", "outlet"], ["c", "inlet"])).toBe(false);
    expect(targets(station, types, ["a", "outlet"])).toEqual([
      ["b", "outlet"],
      ["c", "inlet"],
      ["c", "outlet"],
    ]);
    expect(targets(full, types, ["a", "outlet"])).toEqual([
      ["b", "outlet"],
      ["c", "outlet"],
    ]);
  });

  it("run with the flow, however they were drawn", () => {
    expect(inFlow(["a", "inlet"], ["b", "outlet"])).toEqual([
      ["b", "outlet"],
      ["a", "inlet"],
    ]);
    expect(inFlow(["a", "shaft"], ["b", "outlet"])).toEqual([
      ["a", "shaft"],
      ["b", "outlet"],
    ]);
    expect(["inlet", "fuel_in", "suction_side", "outlet", "main", "shaft"].map(isInward)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("geometry", () => {
  it("puts inward ports left, each side from the top", () => {
    expect(placedPorts(types.get("pump@2"))).toEqual([
      { name: "inlet", side: "left", y: 70 },
      { name: "outlet", side: "right", y: 70 },
      { name: "shaft", side: "right", y: 90 },
    ]);
    expect([heightOf(types.get("pump@2")), heightOf(types.get("machine@1")), heightOf(undefined)]).toEqual([
      120, 60, 60,
    ]);
  });

  it("finds room beside what is there", () => {
    expect(freePlace({ ...station, assets: {} }, [33, 48])).toEqual([40, 40]);
    expect(freePlace(station, [400, 0], 100)).toEqual([660, 0]);
    const [x, y] = freePlace(station, [0, 0], 100);
    const covers = Object.values(station.assets).some(
      (asset) => Math.abs(asset.at[0] - x) < WIDTH && Math.abs(asset.at[1] - y) < 100,
    );
    expect(covers).toBe(false);
  });
});
