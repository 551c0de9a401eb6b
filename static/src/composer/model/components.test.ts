import { describe, expect, it } from "vitest";
import type { AssetType } from "./catalogue.ts";
import { adding, attaching, componentFor, detaching, openComponents } from "./components.ts";
import { applyFitting } from "./operations.ts";
import { additions, offers } from "../commands/quick.ts";
import { station, types as sample } from "./sample.ts";

const plain = { version: 1, ports: {}, signals: {}, abstract: false };
const bearing: AssetType = { ...plain, key: "bearing", name: "Bearing" };
const motor: AssetType = {
  ...plain,
  key: "motor",
  name: "Motor",
  lineage: ["machine"],
  components: { bearings: { type: "bearing@1", count: [2, 4] } },
};
const unit: AssetType = {
  ...plain,
  key: "unit",
  name: "Pump unit",
  components: { drive: { type: "motor@1", name: { en: "Drive" } }, spare: { type: "motor@1", count: [0, 1] } },
};
const types = new Map([...sample, ["bearing@1", bearing], ["motor@1", motor], ["unit@1", unit]]);

function making() {
  let next = 0;
  return { language: "en", newId: () => `id${(next += 1)}` };
}

const added = () => adding(station, types, { id: "u", type: unit, at: [0, 600] }, making());

describe("adding an asset", () => {
  it("adds the components that its type needs, and theirs, in one group", () => {
    const operations = added();
    expect(
      operations.map((operation) =>
        operation.op === "add_asset" ? [operation.name, operation.part_of] : operation.op,
      ),
    ).toEqual([
      "add_group",
      ["Pump unit 1", undefined],
      ["Pump unit 1 drive", ["u", "drive"]],
      ["Pump unit 1 drive bearing 1", ["id1", "bearings"]],
      ["Pump unit 1 drive bearing 2", ["id1", "bearings"]],
    ]);
    const [after, fitting] = applyFitting(station, operations);
    expect(fitting).toHaveLength(5);
    expect(new Set(Object.values(after.assets).map(({ group }) => group)).size).toBe(3);
  });

  it("makes no group for one that needs nothing", () => {
    expect(adding(station, types, { id: "x", type: bearing, at: [0, 0] }, making()).map(({ op }) => op)).toEqual([
      "add_asset",
    ]);
  });

  it("does not go on for ever with a type that contains itself", () => {
    const loop: AssetType = { ...plain, key: "loop", name: "Loop", components: { again: { type: "loop@1" } } };
    const round = new Map([...types, ["loop@1", loop]]);
    expect(adding(station, round, { id: "l", type: loop, at: [0, 0] }, making()).map(({ op }) => op)).toEqual([
      "add_asset",
    ]);
  });
});

describe("components", () => {
  const [document] = applyFitting(station, added());
  const [loose] = applyFitting(document, [
    { op: "add_asset", asset: "m", type: "motor@1", name: "Spare", at: [0, 0], properties: {} },
    { op: "add_asset", asset: "b1", type: "bearing@1", name: "B", at: [0, 0], properties: {} },
  ]);

  it("are offered where there is room", () => {
    expect(openComponents(document, types, "u").map(([key]) => key)).toEqual(["spare"]);
    expect(componentFor(document, types, "u", motor)).toEqual(["u", "spare"]);
    expect(componentFor(document, types, "u", bearing)).toBeNull();
    expect(offers(document, types, "en", { owner: "u" }).map(({ type }) => type.key)).toEqual(["motor"]);
  });

  it("are attached to the one that has room, and detached", () => {
    expect(attaching(loose, types, ["u", "m"])).toEqual([{ op: "attach", asset: "m", part_of: ["u", "spare"] }]);
    const [whole] = applyFitting(loose, attaching(loose, types, ["u", "m"]));
    expect(detaching(whole, ["m", "u"])).toEqual([{ op: "attach", asset: "m", part_of: null }]);
  });

  it("are not attached when there is no room, no fit, or one of them is part of another", () => {
    expect(attaching(loose, types, ["u", "b1"])).toEqual([]);
    expect(attaching(loose, types, ["u", "id1"])).toEqual([]);
    expect(attaching(loose, types, ["a", "b"])).toEqual([]);
  });

  it("are added from their whole in one step, within its group", () => {
    const operations = additions(document, types, { id: "s", type: motor, at: [0, 0], owner: "u" }, making());
    expect(operations.find((operation) => operation.op === "add_asset")).toMatchObject({ part_of: ["u", "spare"] });
  });
});

describe("adding from a port", () => {
  it("offers what can be linked, and links it in the direction of the flow", () => {
    expect(offers(station, types, "en", { from: ["b", "outlet"] }).map(({ type }) => type.key)).toEqual([
      "pump",
      "tank",
    ]);
    const pump = offers(station, types, "en", {})[2]?.type ?? unit;
    expect(
      additions(station, types, { id: "n", type: pump, at: [0, 0], from: ["b", "inlet"] }, making()).at(-1),
    ).toMatchObject({
      op: "link",
      from: ["n", "outlet"],
      to: ["b", "inlet"],
    });
  });

  it("offers nothing for a port that is full", () => {
    const full = applyFitting(station, [
      { op: "link", link: "x", from: ["b", "outlet"], to: ["c", "inlet"], kind: "feeds" },
    ])[0];
    expect(offers(full, types, "en", { from: ["c", "inlet"] })).toEqual([]);
  });
});
