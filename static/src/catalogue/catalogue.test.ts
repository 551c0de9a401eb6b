import { describe, expect, it } from "vitest";
import { changes, clashes, merged } from "./changes.ts";
import { edited, keyFrom, rekeyed, renamedInFormula, valueAt, type TypeDocument } from "./document.ts";
import { duration, seconds, spoken } from "./durations.ts";
import { completed, element, elements, heritage, isBare, isSaid, whole, type Resolved } from "./inheritance.ts";
import { back, forward, noSteps, recorded } from "./steps.ts";

const machine: Resolved = {
  document: {
    key: "machine",
    version: 1,
    name: { en: "Machine" },
    signals: { speed: { unit: "{rpm}", range: ["0", "36000"], quality: { stuck: "PT1H", spike: "6" } } },
    states: { running: "speed > 30 {rpm}" },
    appearance: { icon: "engine" },
  },
  origins: { "signals/speed": "thing@2", "states/running": "machine@1" },
};
const pump: TypeDocument = {
  key: "pump",
  version: 1,
  extends: ["machine@1"],
  signals: { flow: { unit: "m3/h", range: ["0", "200"] }, speed: { unit: "{rpm}", range: ["0", "4000"] } },
  derived: { volume: { unit: "m3", formula: "integral(flow, 1h)" } },
  states: { idle: "flow < 1 m3/h" },
  failure_modes: { wear: { signals: ["flow", "volume"] } },
  maintenance: { overhaul: { duration: "PT8H", restores: ["wear"] } },
  indicators: { total: "increase of volume" },
  alarms: { dry: { signal: "flow", below: "1" } },
};

describe("durations", () => {
  it.each([
    ["30 s", "PT30S"],
    ["1 h 30 min", "PT1H30M"],
    ["90min", "PT1H30M"],
    ["2 days", "P2D"],
    ["0,5 h", "PT30M"],
    ["1 week", "P7D"],
    ["250 ms", "PT0.25S"],
    ["pt6h", "PT6H"],
    ["PT90S", "PT1M30S"],
    ["0 s", null],
    ["soon", null],
    ["3 s and more", null],
    ["", null],
  ])("%j is %j", (text, iso) => {
    expect(duration(text)).toBe(iso);
  });

  it("are written as people do, and anything else as it stands", () => {
    expect(["PT1H30M", "P1D", "PT0.25S", "P1W", "whenever"].map(spoken)).toEqual([
      "1 h 30 min",
      "1 d",
      "0.25 s",
      "7 d",
      "whenever",
    ]);
    expect(seconds("P1DT1S")).toBe(86_401);
    expect(seconds("P")).toBeNull();
  });
});

describe("edits", () => {
  it("put in and take out, with what is left empty above them", () => {
    const document = edited(
      { semantics: { brick: "Pump" }, signals: { a: { unit: "1" } } },
      ["semantics", "brick"],
      undefined,
    );
    expect(document).toEqual({ signals: { a: { unit: "1" } } });
    expect(edited(document, ["signals", "a"], undefined)).toEqual({});
    expect(edited(document, ["signals", "a", "unit"], undefined)).toEqual({ signals: { a: {} } });
    expect(edited(document, ["signals", "b", "range"], ["0", "1"])).toEqual({
      signals: { a: { unit: "1" }, b: { range: ["0", "1"] } },
    });
  });

  it("leave the document that they were made from alone", () => {
    const before = structuredClone(pump);
    edited(pump, ["signals", "flow", "unit"], "l/s");
    expect(pump).toEqual(before);
  });

  it("take a key along wherever it is spoken of, in its place", () => {
    const renamed = rekeyed(pump, "signals", "flow", "discharge");
    expect(Object.keys(renamed["signals"] as object)).toEqual(["discharge", "speed"]);
    expect(valueAt(renamed, ["derived", "volume", "formula"])).toBe("integral(discharge, 1h)");
    expect(valueAt(renamed, ["states", "idle"])).toBe("discharge < 1 m3/h");
    expect(valueAt(renamed, ["failure_modes", "wear", "signals"])).toEqual(["discharge", "volume"]);
    expect(valueAt(renamed, ["alarms", "dry", "signal"])).toBe("discharge");
    const counted = rekeyed(pump, "derived", "volume", "pumped");
    expect(valueAt(counted, ["indicators", "total"])).toBe("increase of pumped");
    const kept: TypeDocument = {
      ...pump,
      indicators: {
        dry: "share of time flow < 1 m3/h and not idle",
        idle: "time idle",
        total: "increase of flow",
        odd: 'time of = "time" or share > 0',
        broken: 7,
      },
    };
    expect(rekeyed(kept, "signals", "flow", "time")["indicators"]).toEqual({
      ...(kept["indicators"] as object),
      dry: "share of time time < 1 m3/h and not idle",
      total: "increase of time",
    });
    expect(valueAt(rekeyed(kept, "states", "idle", "running"), ["indicators", "idle"])).toBe("time running");
    const worn = rekeyed(pump, "failure_modes", "wear", "seal_wear");
    expect(valueAt(worn, ["maintenance", "overhaul", "restores"])).toEqual(["seal_wear"]);
    expect(rekeyed(pump, "signals", "flow", "speed")).toBe(pump);
  });

  it("leave units and texts alone that are called the same", () => {
    expect(renamedInFormula('h + 3 h > 2.5 m/h and mode = "h"', "h", "head")).toBe(
      'head + 3 h > 2.5 m/h and mode = "h"',
    );
    expect(renamedInFormula("5 {h} + h2 - h", "h", "head")).toBe("5 {h} + h2 - head");
  });

  it.each([
    ["Oil temperature", "oil_temperature"],
    ["Füllstand (größter)", "fullstand_grosster"],
    ["2nd stage", "nd_stage"],
    ["<script>alert(1)</script>", "script_alert_1_script"],
    ["温度", ""],
  ])("the key from %j is %j", (name, key) => {
    expect(keyFrom(name)).toBe(key);
  });
});

describe("inheritance", () => {
  const from = heritage([machine]);

  it("names where each element comes from", () => {
    expect(
      elements(pump, "signals", from).map(({ key, standing, inherited }) => [key, standing, inherited?.origin]),
    ).toEqual([
      ["speed", "overridden", "thing@2"],
      ["flow", "own", undefined],
    ]);
  });

  it("lays an override over what it inherits, field by field", () => {
    const speed = elements(pump, "signals", from)[0]?.value;
    expect(speed).toEqual({ unit: "{rpm}", range: ["0", "4000"], quality: { stuck: "PT1H", spike: "6" } });
    const all = whole(pump, from);
    expect(Object.keys(all["states"] as object)).toEqual(["running", "idle"]);
    expect(all["appearance"]).toEqual({ icon: "engine" });
  });

  it("takes the first parent's where two hand down the same", () => {
    const other: Resolved = {
      document: { key: "other", version: 3, signals: { speed: { unit: "1/s" } } },
      origins: {},
    };
    expect(heritage([other, machine])["signals"]?.["speed"]).toEqual({ value: { unit: "1/s" }, origin: "other@3" });
  });

  it("repeats what an override has to say, and does not count it as said", () => {
    const handed = from["signals"]?.["speed"]?.value;
    const own = completed("signals", { range: ["0", "10"] }, handed);
    expect(own).toEqual({ range: ["0", "10"], unit: "{rpm}" });
    expect(isSaid("signals", own, handed, ["unit"])).toBe(false);
    expect(isSaid("signals", own, handed, ["range"])).toBe(true);
    expect(isSaid("signals", { unit: "Hz" }, handed, ["unit"])).toBe(true);
    expect(isBare("signals", { unit: "{rpm}" }, handed)).toBe(true);
    expect(isBare("signals", own, handed)).toBe(false);
    expect(element("a", { value: "b", origin: "x@1" }, "running").value).toBe("a");
  });
});

describe("changes", () => {
  const theirs = edited(edited(pump, ["signals", "flow", "range"], ["0", "250"]), ["name"], { en: "Pump" });

  it("are told field by field within an element, and as one where it is new or gone", () => {
    const now = edited(edited(theirs, ["states"], undefined), ["signals", "head"], { unit: "m" });
    expect(changes(pump, now).map(({ path }) => path.join("/"))).toEqual([
      "signals/flow/range",
      "signals/head",
      "states/idle",
      "name",
    ]);
    expect(changes(pump, structuredClone(pump))).toEqual([]);
  });

  it("of two people on different places come together", () => {
    const mine = edited(pump, ["signals", "flow", "unit"], "l/s");
    expect(clashes(pump, theirs, mine)).toEqual([]);
    const together = merged(pump, theirs, mine);
    expect(valueAt(together, ["signals", "flow"])).toEqual({ unit: "l/s", range: ["0", "250"] });
    expect(together["name"]).toEqual({ en: "Pump" });
  });

  it("of two people on one place clash, and either can count", () => {
    const mine = edited(edited(pump, ["signals", "flow", "range"], ["0", "300"]), ["abstract"], true);
    expect(clashes(pump, theirs, mine)).toEqual([
      { path: ["signals", "flow", "range"], base: ["0", "200"], theirs: ["0", "250"], mine: ["0", "300"] },
    ]);
    expect(valueAt(merged(pump, theirs, mine), ["signals", "flow", "range"])).toEqual(["0", "300"]);
    const kept = merged(pump, theirs, mine, new Set(["signals/flow/range"]));
    expect([valueAt(kept, ["signals", "flow", "range"]), kept["abstract"]]).toEqual([["0", "250"], true]);
  });

  it("clash when one removes what the other changed", () => {
    const mine = edited(pump, ["signals", "flow"], undefined);
    expect(clashes(pump, theirs, mine).map(({ path }) => path)).toEqual([["signals", "flow"]]);
    expect(clashes(pump, mine, theirs).map(({ path }) => path)).toEqual([["signals", "flow"]]);
  });

  it("that are the same on both sides are none to decide", () => {
    expect(clashes(pump, theirs, structuredClone(theirs))).toEqual([]);
  });
});

describe("steps", () => {
  it("make one of what is typed into a field in one go", () => {
    let steps = noSteps<string>();
    steps = recorded(steps, "", "name", 0);
    steps = recorded(steps, "P", "name", 300);
    steps = recorded(steps, "Pu", "name", 5000);
    steps = recorded(steps, "Pum", "unit", 5100);
    expect(steps.done).toEqual(["", "Pu", "Pum"]);
  });

  it("lead back and forward again", () => {
    const steps = recorded(recorded(noSteps<string>(), "a", "", 0), "b", "", 0);
    const [once, before] = back(steps, "c") ?? [];
    expect(before).toBe("b");
    const [again, after] = (once && forward(once, "b")) ?? [];
    expect([after, again?.done]).toEqual(["c", ["a", "b"]]);
    expect(back(noSteps<string>(), "x")).toBeNull();
    expect(forward(steps, "x")).toBeNull();
  });
});
