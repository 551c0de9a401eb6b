import { beforeEach, expect, test, vi } from "vitest";
import type { JsonObject } from "../catalogue/document.ts";
import { blankClause, blankFee, blankIndicator, commonNames } from "./blanks.ts";
import {
  categories,
  difference,
  freeName,
  majorText,
  minorOf,
  telling,
  written,
  type KnownAsset,
  type TextSection,
} from "./model.ts";
import { isChanged, useContract } from "./store.ts";

const DIGGER: KnownAsset = {
  id: "d1",
  name: "E-01",
  type: "excavator@1",
  measures: { engine_hours_run: "h", volume: "t" },
  conditions: ["operating_hours"],
};
const TRUCK: KnownAsset = { ...DIGGER, id: "t1", name: "T-01", measures: { volume: "t" }, conditions: [] };

function aDraft(): JsonObject {
  const clause = { ...blankClause("uptime", [DIGGER]), exclusions: [{ category: "planned", allowance: "P2D" }] };
  return {
    title: "Uptime",
    terms: { currency: "EUR", fee: { kind: "flat", minor: 120_050 }, clauses: [clause] },
    preapproved: [{ category: "planned", notice: "P7D" }],
  };
}

const store = () => useContract.getState();
const clauses = (): JsonObject[] => (store().draft["terms"] as { clauses: JsonObject[] }).clauses;

beforeEach(() => {
  vi.stubGlobal("document", { getElementById: () => null });
  const draft = aDraft();
  useContract.setState({ ...useContract.getInitialState(), draft, saved: draft });
});

test("only what people write is edited", () => {
  const stored = { ...aDraft(), agreement: 1, contract: "c1", version: 3, parties: {}, assets: {}, twin_name: "Pit" };
  expect(written(stored)).toEqual(aDraft());
});

test("a draft is changed until it says what is saved again", () => {
  expect(isChanged(store())).toBe(false);
  store().change(["terms", "fee", "minor"], 99);
  expect(isChanged(store())).toBe(true);
  expect(store().isCurrent).toBe(false);
  store().change(["terms", "fee", "minor"], 120_050);
  expect(isChanged(store())).toBe(false);
});

test("what is typed into one field in one go is undone at once, and done again", () => {
  store().change(["title"], "Uptime o");
  store().change(["title"], "Uptime of");
  store().undo();
  expect(store().draft["title"]).toBe("Uptime");
  store().redo();
  expect(store().draft["title"]).toBe("Uptime of");
});

test("clauses are added, moved and removed", () => {
  const path = ["terms", "clauses"];
  store().insert(path, blankClause("second", []), 1);
  store().move(path, 1, -1);
  expect(clauses().map((each) => each["id"])).toEqual(["second", "uptime"]);
  store().move(path, 0, -1);
  expect(clauses().map((each) => each["id"])).toEqual(["second", "uptime"]);
  store().remove(path, 0);
  expect(clauses().map((each) => each["id"])).toEqual(["uptime"]);
});

test("what is approved in advance goes with the last clause that excludes it", () => {
  expect(categories(store().draft)).toEqual(["planned"]);
  store().remove(["terms", "clauses", "0", "exclusions"], 0);
  expect(store().draft["preapproved"]).toEqual([]);
  store().undo();
  expect(store().draft["preapproved"]).toEqual([{ category: "planned", notice: "P7D" }]);
});

test("a refusal is over with the next change", () => {
  useContract.setState({ save: { kind: "refused", message: "No." } });
  store().change(["title"], "Other");
  expect(store().save).toEqual({ kind: "quiet" });
});

test("a name that is free is found", () => {
  expect(freeName("clause", store().draft)).toBe("clause");
  expect(freeName("uptime", store().draft)).toBe("uptime_2");
  store().insert(["terms", "clauses"], blankClause("uptime_2", []));
  expect(freeName("uptime_2", store().draft)).toBe("uptime_3");
});

test.each([
  [120_050, 2, "1200.50"],
  [5, 2, "0.05"],
  [3_200_000, 0, "3200000"],
  [1005, 3, "1.005"],
  ["12,,", 2, "12,,"],
])("%s minor units with %s digits read %s", (minor, digits, text) => {
  expect(majorText(minor, digits)).toBe(text);
});

test.each([
  ["1200.50", 2, 120_050],
  ["1200,5", 2, 120_050],
  ["1.500", 2, 150],
  ["0.1", 2, 10],
  ["1.005", 2, "1.005"],
  ["1.5", 0, "1.5"],
  ["9007199254740993", 0, "9007199254740993"],
  ["-1", 2, "-1"],
  ["a lot", 2, "a lot"],
])("%s with %s digits is %s", (text, digits, minor) => {
  expect(minorOf(text, digits)).toBe(minor);
});

const SECTIONS: TextSection[] = [
  { title: "Fee", place: "terms/fee", lines: [{ text: "The fee.", places: ["terms/fee"] }] },
  {
    title: "Clause uptime",
    place: "terms/clauses/0",
    lines: [
      { text: "Indicator.", places: ["terms/clauses/0/indicator", "terms/clauses/0/assets"] },
      { text: "Second tier.", places: ["terms/clauses/0/remedies/0/tiers/1"] },
      { text: "First tier.", places: ["terms/clauses/0/remedies/0/tiers/0"] },
    ],
  },
];

test.each([
  ["terms/fee/minor", ["The fee."]],
  ["terms/clauses/0/remedies/0/tiers/1/below", ["Second tier."]],
  ["terms/clauses/0/remedies/0", ["Second tier.", "First tier."]],
  ["terms/clauses/0/assets", ["Indicator."]],
  ["terms/rounding", []],
  ["", []],
])("the sentences that tell of %s are %j", (place, texts) => {
  expect([...telling(SECTIONS, place)].map((line) => line.text)).toEqual(texts);
});

test("how one text became another keeps the lines in common", () => {
  expect(difference(["a", "b", "c"], ["a", "x", "c", "d"])).toEqual([
    { kind: "same", text: "a" },
    { kind: "gone", text: "b" },
    { kind: "new", text: "x" },
    { kind: "same", text: "c" },
    { kind: "new", text: "d" },
  ]);
  expect(difference([], ["a"])).toEqual([{ kind: "new", text: "a" }]);
});

test("names are those that all assets tell, with their units", () => {
  expect(commonNames([DIGGER, TRUCK])).toEqual({ measures: { volume: "t" }, conditions: [] });
  expect(blankIndicator("throughput", commonNames([TRUCK]))).toEqual({
    kind: "throughput",
    of: "volume",
    unit: "t",
    target: "1",
    per: "h",
    hours: "committed",
  });
  expect(blankIndicator("ratio", commonNames([DIGGER]))).toMatchObject({
    of: "engine_hours_run",
    per: "volume",
    unit: "h/t",
  });
  expect(blankFee("metered", commonNames([]))).toEqual({
    kind: "metered",
    unit: "h",
    mode: "graduated",
    tiers: [{ to: null, price: "0" }],
  });
});
