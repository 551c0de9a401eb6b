import { expect, test } from "vitest";
import type { Change } from "./diff.ts";
import { obstacle, partsOf, type Preview } from "./publication.ts";

function change(key: string, ...authors: string[]): Change {
  return {
    kind: "changed",
    subject: "asset",
    key,
    name: key,
    type: "",
    assets: [key],
    fields: [],
    authors,
    revision: 1,
  };
}

const FREE = {
  is_needed: false,
  is_approved: false,
  is_stale: false,
  review: null,
  state: null,
  by: null,
  comment: null,
};
const preview: Preview = {
  revision: 7,
  published_version: 2,
  me: "ada",
  counts: { added: 0, removed: 0, changed: 3, moved: 0 },
  changes: [change("a", "bob"), change("b", "ada"), change("c", "ada", "bob")],
  effects: [],
  findings: [],
  review: FREE,
};

test("what others did comes after one's own, and is ticked", () => {
  expect(partsOf(preview).map((part) => [part.who, part.isOthers, part.changes.length])).toEqual([
    ["ada", false, 1],
    ["bob", true, 1],
    ["ada, bob", true, 1],
  ]);
  expect(obstacle(preview, new Set())).toBe("unseen");
  expect(obstacle(preview, new Set(["bob"]))).toBe("unseen");
  expect(obstacle(preview, new Set(["bob", "ada, bob"]))).toBe(null);
});

test("errors, limits and a review that is wanted stand in the way", () => {
  const ticked = new Set(["bob", "ada, bob"]);
  const error = { code: "twin.x", place: "assets/a", message: "", fix: "" };
  expect(obstacle({ ...preview, findings: [error] }, ticked)).toBe("errors");
  expect(obstacle({ ...preview, findings: [{ ...error, severity: "hint" }] }, ticked)).toBe(null);
  const full = { area: "limits", tone: "error", message: "", names: [] } as const;
  expect(obstacle({ ...preview, effects: [{ ...full, names: [] }] }, ticked)).toBe("limits");
  expect(obstacle({ ...preview, review: { ...FREE, is_needed: true } }, ticked)).toBe("review");
  expect(obstacle({ ...preview, review: { ...FREE, is_needed: true, is_approved: true } }, ticked)).toBe(null);
});
