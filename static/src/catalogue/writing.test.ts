import { describe, expect, it } from "vitest";
import { calledAt, completed, completion, type Option } from "./completion.ts";
import { counted, indicator, stateIn } from "./indicators.ts";
import { lineAndColumn, readJson, spanOf } from "./json.ts";
import { behind, marksIn, pieces, placeOf, unitsBefore } from "./marks.ts";
import { namesOf, type Vocabulary } from "./vocabulary.ts";

const finding = (place: string, span?: [number, number]) => ({
  code: "formula.wrong",
  place,
  message: "It is wrong.",
  fix: "Mend it.",
  start: span?.[0] ?? null,
  end: span?.[1] ?? null,
});

const vocabulary: Vocabulary = {
  names: [
    { name: "flow", role: "signal", sort: "number", unit: "m3/h", label: "Flow" },
    { name: "discharge_pressure", role: "signal", sort: "number", unit: "bar", label: "Pressure behind the pump" },
    { name: "rated_flow", role: "property", sort: "number", unit: "m3/h", label: "" },
    { name: "running", role: "state", sort: "truth", unit: "1", label: "" },
  ],
  functions: [
    { name: "avg", usage: "avg(x, 5min)", meaning: "The mean of the readings in a window." },
    { name: "min", usage: "min(a, b, ...)", meaning: "The smallest of its arguments." },
    { name: "min", usage: "min(x, 1h)", meaning: "The smallest reading in a window." },
  ],
  units: [
    { code: "bar", name: "bar", quantity: "pressure" },
    { code: "m3/h", name: "cubic metre per hour", quantity: "flow" },
    { code: "Cel", name: "degree Celsius", quantity: "temperature" },
  ],
};

/** The text with a bar where the cursor is, and what is offered there. */
function offered(text: string): string[] {
  const cursor = text.indexOf("|");
  return completion(text.replace("|", ""), cursor, vocabulary)?.options.map(({ text: option }) => option) ?? [];
}

function taken(text: string, index = 0): string {
  const cursor = text.indexOf("|");
  const plain = text.replace("|", "");
  const found = completion(plain, cursor, vocabulary);
  const option = found?.options[index] as Option;
  const [next, at] = completed(plain, found as NonNullable<typeof found>, option);
  return `${next.slice(0, at)}|${next.slice(at)}`;
}

describe("completion", () => {
  it("offers names by their beginning, by a part of them, and by what people call them", () => {
    expect(offered("flow + dis|")).toEqual(["discharge_pressure"]);
    expect(offered("fl|")).toEqual(["flow", "rated_flow"]);
    expect(offered("behi|")).toEqual(["discharge_pressure"]);
    expect(offered("an|")).toEqual(["and"]);
  });

  it("writes a function with its brackets and the cursor between them", () => {
    expect(taken("1 + av|")).toBe("1 + avg(|)");
    expect(taken("av|(flow, 1h)")).toBe("avg|(flow, 1h)");
    expect(taken("flow - rat| + 1")).toBe("flow - rated_flow| + 1");
  });

  it("offers units behind a number, that of the name beside it first", () => {
    expect(offered("flow > 3 |").slice(0, 2)).toEqual(["m3/h", "bar"]);
    expect(offered("discharge_pressure < 3 b|")[0]).toBe("bar");
    expect(taken("flow > 3 cub|")).toBe("flow > 3 m3/h|");
    expect(offered("flow > 3 an|")).toContain("and");
    expect(offered("flow > 3|")).toEqual([]);
  });

  it("offers nothing within a text, and nothing where the word is whole", () => {
    expect(offered('mode = "fl|"')).toEqual([]);
    expect(offered("runn| and flow")).toEqual(["running"]);
    expect(offered("running|")).toEqual([]);
    expect(offered("|").length).toBeGreaterThan(3);
  });

  it("knows which function the cursor is in", () => {
    const text = "max(min(flow, 1h), 2)";
    expect(calledAt(text, 9, vocabulary.functions).map(({ usage }) => usage)).toEqual(["min(a, b, ...)", "min(x, 1h)"]);
    expect(calledAt(text, 19, vocabulary.functions)).toEqual([]);
    expect(calledAt("avg((flow + 1), ", 16, vocabulary.functions)).toHaveLength(1);
  });
});

describe("names of a type", () => {
  it("are its signals, plain properties and states", () => {
    const names = namesOf(
      {
        signals: { flow: { unit: "m3/h", name: { en: "Flow", de: "Durchfluss" } } },
        properties: { mode: { type: "text" }, size: { type: "object" }, on: { type: "boolean" } },
        states: { running: "flow > 1" },
      },
      "de-CH",
    );
    expect(names.map(({ name, sort, label }) => [name, sort, label])).toEqual([
      ["flow", "number", "Durchfluss"],
      ["mode", "text", ""],
      ["on", "truth", ""],
      ["running", "truth", ""],
    ]);
  });

  it("bear a document in which nothing is as it should be", () => {
    expect(namesOf({ signals: 3, properties: { a: null }, states: [] }, "en")).toHaveLength(1);
  });
});

describe("marks", () => {
  it("stand where the server counts code points, also behind pairs of surrogates", () => {
    const text = 'mode = "🏭🏭" and spede';
    const [mark] = marksIn(text, [finding("derived/a/formula", [16, 21])], "derived/a/formula");
    expect(mark && text.slice(mark.start, mark.end)).toBe("spede");
    expect(unitsBefore("🏭a", 9)).toBe(3);
  });

  it("are read from the place too, and mean the whole where no part is named", () => {
    expect(placeOf(finding("states/idle:3-7"))).toEqual({ place: "states/idle", span: [3, 7] });
    expect(marksIn("abc", [finding("states/idle")], "states/idle")[0]).toMatchObject({ start: 0, end: 3 });
    expect(marksIn("abc", [finding("states/idle")], "states/down")).toEqual([]);
  });

  it("mark a condition that stands behind other words", () => {
    const text = "share of time speed > 5 bar";
    const said = [finding("indicators/i", [22, 27]), finding("indicators/j:14-19"), finding("indicators/i")];
    const shown = behind("share of time ".length, said);
    expect(marksIn("speed > 5 bar", shown, "indicators/i")).toEqual([
      { start: 8, end: 13, finding: shown[0] },
      { start: 0, end: 13, finding: shown[2] },
    ]);
    expect(placeOf(shown[1] as (typeof shown)[number])).toEqual({ place: "indicators/j", span: [0, 5] });
    expect(marksIn(text, behind(0, said), "indicators/i")[0]).toMatchObject({ start: 22, end: 27 });
  });

  it("cut the text into pieces that put it together again", () => {
    const cut = pieces("flow + spede", [
      { start: 7, end: 12 },
      { start: 12, end: 12 },
    ]);
    expect(cut.map(({ text }) => text).join("")).toBe("flow + spede");
    expect(cut.filter(({ isMarked }) => isMarked).map(({ text }) => text)).toEqual(["sped", "e"]);
    expect(pieces("", [{ start: 0, end: 0 }])).toEqual([]);
  });
});

describe("JSON with places", () => {
  const text = '{"key": "pump",\n "signals": {"flow": {"range": ["0", "1"]}}}';

  it("knows where each value stands, with its key", () => {
    const { value, fault, places } = readJson(text);
    expect(fault).toBeNull();
    expect(value).toEqual(JSON.parse(text));
    const at = (place: string): string | undefined => {
      const span = spanOf(places, place);
      return span ? text.slice(...span) : undefined;
    };
    expect(at("signals/flow/range")).toBe('"range": ["0", "1"]');
    expect(at("signals/flow/range/1")).toBe('"1"');
    expect(at("signals/flow/unit")).toBe('"flow": {"range": ["0", "1"]}');
    expect(at("name")).toBe("{");
  });

  it.each([
    ['{"a": 1,}', 8],
    ['{"a" 1}', 5],
    ["[1, 2", 5],
    ['{"a": tru}', 6],
    ['{"a": 1, "a": 2}', 9],
    ['{"a": "x\ny"}', 6],
    ["", 0],
    ["{} x", 3],
    ["01", 1],
  ])("says where %j is wrong", (wrong, at) => {
    expect(readJson(wrong).fault?.at).toBe(at);
  });

  it("takes a key of the language for a key, and no depth for endless", () => {
    expect(Object.keys(readJson('{"__proto__": 1}').value as object)).toEqual(["__proto__"]);
    expect(readJson("[".repeat(5000)).fault).not.toBeNull();
  });

  it("tells lines and columns from 1", () => {
    expect(lineAndColumn(text, text.indexOf('"signals"'))).toEqual([2, 2]);
  });
});

describe("indicators", () => {
  it.each([
    ["share of time not down", "share", "not down"],
    ["time running", "time", "running"],
    ["share of time flow > 1 m3/h and not down", "share", "flow > 1 m3/h and not down"],
    ["time share of time", "time", "share of time"],
    ["share of time ", "share", ""],
  ])("%j counts %s of %j", (text, kind, condition) => {
    expect(counted(text, "flow")).toEqual({ kind, condition, signal: "flow" });
    expect(indicator(counted(text))).toBe(text);
  });

  it("count up a signal", () => {
    expect(counted("increase of volume", "flow")).toMatchObject({ kind: "increase", signal: "volume" });
    expect(indicator({ ...counted("increase of volume"), kind: "share" })).toBe("share of time not down");
    expect(indicator({ ...counted("time idle", "flow"), kind: "increase" })).toBe("increase of flow");
  });

  it("are shown as states where they are no more than that", () => {
    expect(stateIn("not down")).toEqual({ not: "not ", state: "down" });
    expect(stateIn("planned")).toEqual({ not: "", state: "planned" });
    expect(["not  down", "down and running", "downs", ""].map(stateIn)).toEqual([null, null, null, null]);
  });

  it("that say nothing of the kind are the usual one", () => {
    expect(counted("whatever", "flow")).toEqual({ kind: "share", condition: "not down", signal: "flow" });
  });
});
