import { describe, expect, it } from "vitest";
import type { AssetType } from "../model/catalogue.ts";
import type { Finding, TwinDocument } from "../model/document.ts";
import { fieldOf, fixAll, fixOf, successorOf } from "./fixes.ts";
import { applyFitting } from "../model/operations.ts";
import { station, types } from "../model/sample.ts";

const pump = types.get("pump@2") as AssetType;
const known = new Map([
  ...types,
  [
    "pump@2",
    {
      ...pump,
      ports: { ...pump.ports, inlet: { accepts: ["fluid"], max: 1 } },
      properties: { seal: { type: "text", required: true } },
      lineage: ["pump@2", "machine@1"],
      relationships: { feeds: { max: 1 } },
      components: { motor: { type: "motor@1" } },
    } satisfies AssetType,
  ],
  ["pump@1", { ...pump, version: 1, outdated_by: "pump@2" }],
]);
const twin: TwinDocument = {
  ...station,
  assets: {
    ...station.assets,
    d: { type: "pump@1", name: "P-101", at: [0, 0], properties: { colour: "red" }, group: "gone" },
    h: { type: "tank@1", name: "H", at: [0, 0], properties: {}, part_of: ["a", "motor"] },
    i: { type: "tank@1", name: "I", at: [0, 0], properties: {}, part_of: ["a", "motor"] },
    e: { type: "pump@9", name: "P-101", at: [0, 0], properties: {}, part_of: ["x", "motor"] },
    f: { type: "machine@1", name: "M", at: [0, 0], properties: {} },
    g: { type: "cutter@1", name: "C", at: [0, 0], properties: {} },
  },
  links: {
    ...station.links,
    again: { from: ["a", "outlet"], to: ["b", "inlet"], kind: "feeds" },
    odd: { from: ["a", "outlet"], to: ["c", "nozzle"], kind: "feeds" },
    in1: { from: ["b", "outlet"], to: ["a", "inlet"], kind: "feeds" },
    in2: { from: ["c", "outlet"], to: ["a", "inlet"], kind: "feeds" },
  },
  bindings: {
    "a/flow": { gateway: "g", key: "K", unit: "parsec", scale: "0" },
    "c/flow": { gateway: "g", key: "K" },
    "c/colour": { gateway: "g", key: "L" },
  },
};
const found = (code: string, place: string): Finding => ({ code: `twin.${code}`, place, message: "", fix: "" });

describe("a finding", () => {
  it.each([
    ["duplicate_name", "assets/d/name", [{ op: "rename", asset: "d", name: "P-101 2" }]],
    ["unknown_group", "assets/d/group", [{ op: "set_group", asset: "d", group: null }]],
    ["unknown_type", "assets/e/type", [{ op: "set_type", asset: "e", type: "pump@2" }]],
    ["abstract_type", "assets/f/type", [{ op: "set_type", asset: "f", type: "pump@2" }]],
    ["deprecated_type", "assets/d/type", [{ op: "set_type", asset: "d", type: "pump@2" }]],
    [
      "unknown_property",
      "assets/d/properties/colour",
      [{ op: "set_property", asset: "d", property: "colour", value: null }],
    ],
    ["unknown_port", "links/odd/to", [{ op: "unlink", link: "odd" }]],
    ["unknown_asset", "links/odd/to", [{ op: "unlink", link: "odd" }]],
    ["duplicate_link", "links/again", [{ op: "unlink", link: "again" }]],
    ["port_full", "links/in2/to", [{ op: "unlink", link: "in2" }]],
    ["unknown_signal", "bindings/c/colour", [{ op: "unbind", place: "c/colour" }]],
    ["unknown_asset", "bindings/c/colour", [{ op: "unbind", place: "c/colour" }]],
    ["key_bound_twice", "bindings/a/flow", [{ op: "unbind", place: "a/flow" }]],
    [
      "zero_scale",
      "bindings/a/flow/scale",
      [{ op: "bind", place: "a/flow", gateway: "g", key: "K", unit: "parsec", scale: null }],
    ],
    [
      "unknown_unit",
      "bindings/a/flow/unit",
      [{ op: "bind", place: "a/flow", gateway: "g", key: "K", unit: null, scale: "0" }],
    ],
    [
      "expression_and_scale",
      "bindings/a/flow/expression",
      [{ op: "bind", place: "a/flow", gateway: "g", key: "K", unit: "parsec", scale: null, offset: null }],
    ],
    [
      "formula_wrong",
      "bindings/a/flow/expression",
      [{ op: "bind", place: "a/flow", gateway: "g", key: "K", unit: "parsec", scale: "0", expression: null }],
    ],
    ["unfit_target", "links/odd/to", [{ op: "unlink", link: "odd" }]],
    [
      "too_many_links",
      "assets/a",
      [
        { op: "unlink", link: "again" },
        { op: "unlink", link: "odd" },
      ],
    ],
    ["too_many_components", "assets/a", [{ op: "attach", asset: "i", part_of: null }]],
    ["unknown_asset", "assets/e/part_of", [{ op: "attach", asset: "e", part_of: null }]],
  ])("%s at %s is mended", (code, place, operations) => {
    const fix = fixOf(found(code, place), twin, known);
    expect(fix?.operations).toEqual(operations);
    expect(fix?.words).toBeTruthy();
    expect(applyFitting(twin, fix?.operations ?? [])[1]).toEqual(operations);
  });

  it.each([
    ["missing_property", "assets/a/properties/seal"],
    ["unknown_type", "assets/g/type"],
    ["duplicate_name", "assets/b/name"],
    ["duplicate_name", "assets/nobody/name"],
    ["unknown_property", "assets/a/properties/none"],
    ["port_full", "links/odd/to"],
    ["unbound_signals", "assets/a"],
    ["too_many_links", "assets/b"],
    ["something_new", "assets/a"],
  ])("%s at %s needs a person, or is mended already", (code, place) => {
    expect(fixOf(found(code, place), twin, known)).toBeNull();
  });

  it("leads to the field where it is put right", () => {
    expect(fieldOf(found("missing_property", "assets/a/properties/seal"), twin)).toEqual({
      asset: "a",
      field: "properties/seal",
    });
    expect(fieldOf(found("unbound_signals", "assets/a"), twin)).toEqual({ asset: "a", field: "signals" });
    expect(fieldOf(found("unknown_signal", "bindings/c/colour"), twin)).toEqual({ asset: "c", field: "signals" });
    expect(fieldOf(found("abstract_type", "assets/f/type"), twin)).toEqual({ asset: "f", field: "type" });
    expect(fieldOf(found("duplicate_link", "links/again"), twin)).toBeNull();
    expect(fieldOf(found("unknown_type", "assets/nobody/type"), twin)).toBeNull();
  });
});

describe("all findings of a kind", () => {
  it("are mended one after the other, and none too many", () => {
    const names = ["a", "d", "e"].map((id) => found("duplicate_name", `assets/${id}/name`));
    expect(fixAll(names, twin, known)).toEqual([
      { op: "rename", asset: "a", name: "P-101 2" },
      { op: "rename", asset: "d", name: "P-101 3" },
    ]);
    const keys = ["a/flow", "c/flow"].map((place) => found("key_bound_twice", `bindings/${place}`));
    expect(fixAll(keys, twin, known)).toEqual([{ op: "unbind", place: "a/flow" }]);
    const full = ["in1", "in2"].map((link) => found("port_full", `links/${link}/to`));
    expect(fixAll(full, twin, known)).toEqual([{ op: "unlink", link: "in1" }]);
  });
});

describe("a type's successor", () => {
  it("is what it names, else its newest version, if there is one", () => {
    const named = new Map([...known, ["pump@1", { ...pump, version: 1, deprecated: { successor: "tank@1" } }]]);
    expect(successorOf(named, "pump@1")).toBe("tank@1");
    expect(successorOf(known, "pump@1")).toBe("pump@2");
    expect(successorOf(known, "pump@2")).toBeNull();
    expect(successorOf(known, "pump@9")).toBeNull();
  });
});
