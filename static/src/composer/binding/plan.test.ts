import { describe, expect, it } from "vitest";
import type { TwinDocument } from "../model/document.ts";
import type { Candidate, PatternRow, Suggestion } from "./keys.ts";
import {
  accepting,
  bestFor,
  counted,
  figure,
  goodOnes,
  isDecimal,
  linePath,
  patternOperations,
  rebound,
  transformOf,
  wrongAt,
} from "./plan.ts";

const key = (name: string, unit: string | null = null): Candidate => ({
  gateway: "g",
  key: name,
  score: 0.9,
  unit,
  in_range: null,
});
const document: TwinDocument = {
  name: "",
  assets: { a: { type: "pump@1", name: "P-1", at: [0, 0], properties: {} } },
  links: {},
  bindings: { "a/flow": { gateway: "g", key: "P1/flow" } },
  groups: {},
  notes: {},
};
const suggestion = (place: string, taken: Candidate | null, good: boolean, ...more: Candidate[]): Suggestion => ({
  place,
  taken,
  good,
  candidates: [...(taken ? [taken] : []), ...more],
});

describe("suggestions", () => {
  it("that are good are accepted as long as signal and key are free", () => {
    const found = goodOnes(document, [
      suggestion("a/speed", key("P1/speed"), true),
      suggestion("a/level", key("P1/level"), false),
      suggestion("a/flow", key("P1/other"), true),
      suggestion("a/power", key("P1/flow"), true),
      suggestion("gone/speed", key("P2/speed"), true),
      suggestion("a/head", null, false),
    ]);
    expect(found).toEqual([["a/speed", key("P1/speed")]]);
  });

  it("offer the next best key when the best is read meanwhile", () => {
    expect(bestFor(document, suggestion("a/speed", key("P1/flow"), true, key("P1/rpm")))?.key).toBe("P1/rpm");
    expect(bestFor(document, suggestion("a/flow", key("x"), true))).toBeNull();
    expect(bestFor(document, undefined)).toBeNull();
  });

  it("take a unit along only where it differs", () => {
    expect(accepting("a/t", key("k"))).toEqual({ op: "bind", place: "a/t", gateway: "g", key: "k" });
    expect(accepting("a/t", key("k", "K"))).toMatchObject({ unit: "K" });
  });
});

describe("a pattern", () => {
  const row = (place: string, state: PatternRow["state"], unit: string | null = null): PatternRow => ({
    place,
    key: place,
    state,
    unit,
  });
  const rows = [
    row("a/speed", "fits", "Hz"),
    row("a/head", "alike"),
    row("a/power", "unsent"),
    row("a/flow", "fits"),
    row("a/level", "taken"),
  ];

  it("binds what was sent, and what was not when that is wanted", () => {
    const bound = patternOperations(document, rows, "g", { unsent: false, units: true });
    expect(bound.map(({ place, unit }) => [place, unit])).toEqual([
      ["a/speed", "Hz"],
      ["a/head", undefined],
    ]);
    expect(patternOperations(document, rows, "g", { unsent: true, units: false })).toEqual([
      { op: "bind", place: "a/speed", gateway: "g", key: "a/speed" },
      { op: "bind", place: "a/head", gateway: "g", key: "a/head" },
      { op: "bind", place: "a/power", gateway: "g", key: "a/power" },
    ]);
  });

  it("counts what becomes of the signals", () => {
    expect([...counted(rows)]).toEqual([
      ["fits", 2],
      ["alike", 1],
      ["unsent", 1],
      ["taken", 1],
    ]);
  });
});

describe("a transform", () => {
  const form = { scale: "0,1", offset: "", unit: " K ", expression: "value * 2" };

  it("is either a line or an expression", () => {
    expect(transformOf(form, true)).toEqual({ scale: "0.1", offset: null, unit: "K", expression: null });
    expect(transformOf(form, false)).toEqual({ scale: null, offset: null, unit: "K", expression: "value * 2" });
    expect(rebound("a/t", { gateway: "g", key: "k", scale: "2" }, transformOf(form, false))).toEqual({
      op: "bind",
      place: "a/t",
      gateway: "g",
      key: "k",
      scale: null,
      offset: null,
      unit: "K",
      expression: "value * 2",
    });
  });

  it("takes decimals with a point or a comma", () => {
    expect(["1", "-0.5", "1,25", "1e3", "", ".5", "01", "1."].map(isDecimal)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it("is told what is wrong at the field and the place in it", () => {
    const findings = [
      { code: "formula.unknown_name", place: "binding/expression:4-8", message: "No valu.", fix: "Use value." },
      { code: "twin.unknown_unit", place: "binding/unit", message: "No unit.", fix: "Write K." },
    ];
    expect(wrongAt("expression", findings)).toEqual({ message: "No valu. Use value.", span: [4, 8] });
    expect(wrongAt("unit", findings)).toEqual({ message: "No unit. Write K.", span: null });
    expect(wrongAt("scale", findings)).toBeNull();
  });
});

describe("a small chart", () => {
  it("is a line from the lowest to the highest value", () => {
    expect(linePath([0, 5, 10], 20, 10)).toBe("M0 10L10 5L20 0");
  });

  it("has gaps where nothing is known, and is level where nothing moves", () => {
    expect(linePath([0, null, 10, 0], 30, 10)).toBe("M0 10M20 0L30 10");
    expect(linePath([7, 7], 10, 10)).toBe("M0 5L10 5");
    expect(linePath([7], 10, 10)).toBe("M0 5h10");
    expect(linePath([null], 10, 10)).toBe("");
  });
});

it("numbers have as many digits as say something", () => {
  expect([figure(641.123456, "en"), figure(0.000123456, "en"), figure(null, "en")]).toEqual([
    "641.12",
    "0.00012346",
    "–",
  ]);
});
