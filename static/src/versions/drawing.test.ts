import { expect, test } from "vitest";
import type { TwinDocument } from "../composer/model/document.ts";
import type { Change } from "./diff.ts";
import { drawing } from "./drawing.ts";

function twin(assets: Record<string, [number, number]>, links: [string, string][] = []): TwinDocument {
  return {
    name: "Twin",
    assets: Object.fromEntries(
      Object.entries(assets).map(([id, at]) => [id, { type: "pump@1", name: id.toUpperCase(), at, properties: {} }]),
    ),
    links: Object.fromEntries(
      links.map(([from, to]) => [`${from}-${to}`, { from: [from, "out"], to: [to, "in"], kind: "feeds" }]),
    ),
    bindings: {},
    groups: {},
    notes: {},
  };
}

function change(values: Partial<Change>): Change {
  return {
    kind: "changed",
    subject: "asset",
    key: "a",
    name: "A",
    type: "",
    assets: [],
    fields: [],
    authors: [],
    revision: 0,
    ...values,
  };
}

test("a document by itself differs in nothing", () => {
  const drawn = drawing(null, twin({ a: [0, 0], b: [9, 9] }, [["a", "b"]]), [change({ kind: "added" })]);
  expect(drawn.parts.map((part) => [part.id, part.kind, part.ghost])).toEqual([
    ["a", null, false],
    ["b", null, false],
  ]);
  expect(drawn.links).toEqual([{ id: "a-b", from: "a", to: "b", kind: null }]);
});

test("what is gone and where things were are drawn as well", () => {
  const before = twin({ a: [0, 0], gone: [5, 5] }, [["a", "gone"]]);
  const after = twin({ a: [7, 7], fresh: [1, 1] }, [["a", "fresh"]]);
  const drawn = drawing(before, after, [
    change({ kind: "moved" }),
    change({ kind: "added", key: "fresh" }),
    change({ kind: "added", subject: "link", key: "a-fresh" }),
  ]);
  expect(drawn.parts.map((part) => [part.id, part.at, part.kind, part.ghost])).toEqual([
    ["a", [7, 7], "moved", false],
    ["was/a", [0, 0], "moved", true],
    ["fresh", [1, 1], "added", false],
    ["gone", [5, 5], "removed", false],
  ]);
  expect(drawn.links.map((link) => [link.id, link.kind])).toEqual([
    ["was/a", "moved"],
    ["a-fresh", "added"],
    ["a-gone", "removed"],
  ]);
});

test("an asset whose binding differs has changed", () => {
  const one = twin({ a: [0, 0] });
  expect(drawing(one, one, [change({ subject: "binding", key: "a/flow", assets: ["a"] })]).parts[0]?.kind).toBe(
    "changed",
  );
});
