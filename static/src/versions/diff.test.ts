import { expect, test } from "vitest";
import { byAuthors, byOther, fieldWord, narrowed, NO_FILTER, valueWord, type Change } from "./diff.ts";

function change(values: Partial<Change>): Change {
  return {
    kind: "changed",
    subject: "asset",
    key: "a",
    name: "P-101",
    type: "pump@1",
    assets: ["a"],
    fields: [],
    authors: [],
    revision: 0,
    ...values,
  };
}

const at = { name: "at", before: [0, 0], after: [1, 1], unit: "" };
const flow = { name: "properties/rated_flow", before: "1", after: "2", unit: "m3/h" };
const moved = change({ kind: "moved", fields: [at] });
const both = change({ key: "b", name: "P-102", fields: [at, flow] });
const link = change({ kind: "added", subject: "link", key: "l", name: "P-101 outlet → P-102 inlet", type: "" });

test("filters leave what fits all of them", () => {
  const all = [moved, both, link];
  expect(narrowed(all, NO_FILTER)).toEqual(all);
  expect(narrowed(all, { ...NO_FILTER, kinds: new Set(["added"]) })).toEqual([link]);
  expect(narrowed(all, { ...NO_FILTER, subjects: new Set(["asset"]) })).toEqual([moved, both]);
  expect(narrowed(all, { ...NO_FILTER, words: "p-102 RATED" })).toEqual([both]);
});

test("what changed and lies elsewhere too is among the moved", () => {
  expect(narrowed([moved, both, link], { ...NO_FILTER, kinds: new Set(["moved"]) })).toEqual([moved, both]);
});

test("fields and values are told as people say them", () => {
  expect(fieldWord("properties/rated_flow")).toBe("rated flow");
  expect(fieldWord("part_of")).toBe("part of");
  expect(valueWord("120", "m3/h")).toBe("120 m³/h");
  expect(valueWord(null)).toBe("");
  expect(valueWord(true)).toBe("yes");
  expect(valueWord([300, 40])).toBe("300, 40");
});

test("changes are grouped by who made them", () => {
  const mine = change({ authors: ["ada"] });
  const ours = change({ authors: ["ada", "bob"] });
  expect([...byAuthors([mine, ours, mine])]).toEqual([
    ["ada", [mine, mine]],
    ["ada, bob", [ours]],
  ]);
  expect([byOther(mine, "ada"), byOther(ours, "ada"), byOther(mine, "bob")]).toEqual([false, true, true]);
});
